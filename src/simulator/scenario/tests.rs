use super::*;

fn refusal(text: &str) -> String {
    let built = ScenarioSpec::parse("s.json", text).and_then(ScenarioSpec::build);
    built.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn the_built_in_scenario_is_the_story_of_the_examples() {
    ScenarioSpec::parse("built-in", BUILT_IN).expect("the built-in file is valid");
    let world = ScenarioSpec::built_in().build().expect("a world");
    let org = &world.orgs[0];
    let app = org.apps.values().next().expect("the AD instance");
    assert_eq!((org.name.as_str(), org.users.len(), app.users.len(), app.groups.len()), ("okta", 25, 24, 0));
    assert!(org.tasks.is_empty() && org.jobs.is_empty() && org.log.len() < 10);
    for (login, name) in [
        ("ada.novak@corp.example", "Ada Novak"),
        ("ben.okafor@corp.example", "Ben Okafor"),
        ("chloe.dubois@corp.example", "Chloé Dubois"),
    ] {
        let held = &app.users[&org.logins[login]];
        assert_eq!(held.profile["dn"], format!("CN={name},OU=User-Contractor,DC=corp,DC=example"));
        assert!(held.individual && held.status == "ACTIVE" && held.sync_state == "SYNCHRONIZED");
        assert!(held.external_id.is_some());
    }
}

#[test]
fn a_tiny_scenario_takes_the_rest_from_the_built_in_one() {
    let text = r#"{"contractors": 200, "options": {"limits": {"enabled": false}}}"#;
    let world = ScenarioSpec::parse("tiny", text).and_then(ScenarioSpec::build).expect("a world");
    assert_eq!(world.orgs[0].users.len(), 201);
    assert!(!world.orgs[0].options.limits.enabled);
    assert_eq!(ScenarioSpec::built_in().with_users(3).build().expect("a world").orgs[0].users.len(), 4);
}

#[test]
fn the_same_scenario_has_the_same_ids() {
    let ids = || {
        let world = ScenarioSpec::built_in().build().expect("a world");
        world.orgs[0].users.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(ids(), ids());
}

#[test]
fn tokens_are_not_foreseeable() {
    let secret = || {
        let world = ScenarioSpec::built_in().build().expect("a world");
        world.orgs[0].tokens.values().next().map(|token| token.secret.clone())
    };
    assert_ne!(secret(), secret());
}

#[test]
fn a_wrong_key_is_told_with_its_place() {
    let told = refusal("{\n  \"contractors\": {\"cuont\": 3}\n}");
    assert!(told.contains("s.json:2:") && told.contains("cuont") && told.contains("count"), "{told}");
}

#[test]
fn everything_wrong_is_told_at_once() {
    let told = refusal(
        r#"{"directories": [{"domain": "a.example", "organizationalUnits": ["X"],
              "accounts": [{"firstName": "A", "lastName": "B", "userPrincipalName": "a@a.example", "organizationalUnit": "Nowhere"}]}],
            "orgs": [{"name": "o",
              "users": [{"login": "Jo@x.com", "firstName": "J", "lastName": "O"}, {"login": "jo@x.com", "firstName": "J", "lastName": "O"}],
              "groups": [{"name": "g", "members": ["nobody@x.com"]}],
              "rules": [{"name": "r", "expression": "user.department==\"x\"", "groups": ["no group"]}],
              "apps": [{"activeDirectory": "a.example", "groups": [{"group": "none"}, {"group": "g", "organizationalUnit": "Lost"}]},
                       {"activeDirectory": "b.example"}]}]}"#,
    );
    for part in ["Nowhere", "jo@x.com", "nobody@x.com", "no group", "\"none\"", "OU=Lost", "b.example", "a@a.example"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(told.lines().count(), 7, "{told}");
}

#[test]
fn the_files_of_the_tests_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/orgs");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let world = ScenarioSpec::read(&path).and_then(ScenarioSpec::build);
        assert!(world.is_ok(), "{}: {:?}", path.display(), world.err().map(|error| error.to_string()));
        count += 1;
    }
    assert!(count >= 8);
}

const SETTLED: &str = r#"{
    "directories": [{"domain": "corp.example", "organizationalUnits": ["Users", "CN=Staff", "OU=In,CN=Staff,DC=corp,DC=example"], "accounts": [
        {"cn": "Jo Doe", "samAccountName": "jo", "organizationalUnit": "CN=Staff", "guid": "AAAAAAAAAECAAAAAAAAAAQ==",
         "attributes": {"department": "Research", "proxyAddresses": ["a", "b"]}}]}],
    "orgs": [{"name": "o", "settled": true, "admin": {"login": "jo@x.com", "firstName": "Jo", "lastName": "Doe"},
        "users": [
            {"id": "00uAAAAAAAAAAAAAAAAA", "login": "jo@x.com", "firstName": "Jo", "lastName": "Doe", "provider": "ACTIVE_DIRECTORY",
             "hasPassword": false, "recoveryQuestion": "Why?", "attributes": {"department": "Research"}},
            {"id": "00uBBBBBBBBBBBBBBBBB", "login": "al@x.com", "firstName": "Al", "lastName": "Ng", "status": "SUSPENDED"}],
        "groups": [
            {"id": "00gEEEEEEEEEEEEEEEEE", "name": "Everyone", "type": "BUILT_IN"},
            {"id": "00gAAAAAAAAAAAAAAAAA", "name": "Staff", "members": ["jo@x.com"]},
            {"id": "00gBBBBBBBBBBBBBBBBB", "name": "Staff", "type": "APP_GROUP", "source": "Directory", "attributes": {"dn": "CN=Staff"}}],
        "rules": [{"id": "0prAAAAAAAAAAAAAAAAA", "name": "r", "expression": "Arrays.contains(user.x, \"y\")", "groups": ["00gAAAAAAAAAAAAAAAAA"],
            "exclude": ["al@x.com", "00uGONEGONEGONEGONE0"], "status": "INVALID"},
            {"name": "all", "expression": "user.department==\"Research\"", "groups": ["00gAAAAAAAAAAAAAAAAA"]}],
        "apps": [{"id": "0oaAAAAAAAAAAAAAAAAA", "activeDirectory": "corp.example", "label": "Directory", "features": ["IMPORT_NEW_USERS", "PUSH_NEW_USERS"],
            "mappings": [{"id": "prmAAAAAAAAAAAAAAAAA", "direction": "toApp", "properties": {"title": {"expression": "user.x", "pushStatus": "PUSH"}}}],
            "groups": [{"group": "00gAAAAAAAAAAAAAAAAA", "priority": 7, "organizationalUnit": "Users"}],
            "users": [{"user": "al@x.com", "scope": "GROUP", "group": "00gAAAAAAAAAAAAAAAAA", "syncState": "ERROR", "externalId": "AAAAAAAAAECAAAAAAAAAAQ==",
                "userName": "al", "profile": {"dn": "CN=Jo Doe,CN=Staff,DC=corp,DC=example"}}]},
            {"id": "0oaBBBBBBBBBBBBBBBBB", "app": {"name": "slack", "signOnMode": "SAML_2_0"}, "label": "Chat", "status": "INACTIVE"}]}]}"#;

#[test]
fn a_settled_org_is_as_it_is_listed() {
    let world = ScenarioSpec::parse("settled", SETTLED).and_then(ScenarioSpec::build).expect("a world");
    let org = &world.orgs[0];
    let jo = &org.users["00uAAAAAAAAAAAAAAAAA"];
    assert_eq!((jo.provider.as_str(), jo.has_password, org.users.len()), ("ACTIVE_DIRECTORY", false, 2));
    assert_eq!(org.roles["00uAAAAAAAAAAAAAAAAA"][0].kind, "SUPER_ADMIN");
    assert_eq!(org.everyone, "00gEEEEEEEEEEEEEEEEE");
    assert_eq!(org.groups[&org.everyone].members.len(), 2);
    assert_eq!(org.users["00uBBBBBBBBBBBBBBBBB"].groups.len(), 1);
    let sourced = &org.groups["00gBBBBBBBBBBBBBBBBB"];
    assert_eq!(sourced.source.as_deref(), Some("0oaAAAAAAAAAAAAAAAAA"));
    // Neither the rule nor the app's group nor an import has done anything.
    assert_eq!(org.groups["00gAAAAAAAAAAAAAAAAA"].members.len(), 1);
    let rule = &org.rules["0prAAAAAAAAAAAAAAAAA"];
    assert!(rule.status == "INVALID" && rule.excludes("00uGONEGONEGONEGONE0"));
    assert!(rule.excludes("00uBBBBBBBBBBBBBBBBB"));
    let app = &org.apps["0oaAAAAAAAAAAAAAAAAA"];
    assert_eq!(app.features, ["IMPORT_NEW_USERS", "PUSH_NEW_USERS"]);
    assert_eq!(app.mappings[1].id, "prmAAAAAAAAAAAAAAAAA");
    assert_eq!(app.groups["00gAAAAAAAAAAAAAAAAA"].priority, 7);
    let held = &app.users["00uBBBBBBBBBBBBBBBBB"];
    assert_eq!((app.users.len(), held.individual, held.sync_state.as_str()), (1, false, "ERROR"));
    assert_eq!(held.granting_group.as_deref(), Some("00gAAAAAAAAAAAAAAAAA"));
    let chat = &org.apps["0oaBBBBBBBBBBBBBBBBB"];
    assert_eq!((chat.name.as_str(), chat.label.as_str(), chat.status.as_str()), ("slack", "Chat", "INACTIVE"));
}

#[test]
fn an_account_has_the_guid_and_the_attributes_that_are_listed() {
    let world = ScenarioSpec::parse("settled", SETTLED).and_then(ScenarioSpec::build).expect("a world");
    let directory = world.directories["corp.example"].read().expect("a directory");
    let account = directory.by_sam_account_name("jo").expect("the account");
    assert_eq!(account.guid.base64(), "AAAAAAAAAECAAAAAAAAAAQ==");
    assert_eq!(account.dn, "CN=Jo Doe,CN=Staff,DC=corp,DC=example");
    assert_eq!(account.attributes["proxyAddresses"], ["a", "b"]);
    assert_eq!(account.attribute("mail"), None);
    assert!(directory.ou_exists("OU=In,CN=Staff,DC=corp,DC=example"));
}

#[test]
fn two_things_of_one_id_are_told() {
    let told = refusal(
        r#"{"orgs": [{"name": "o", "users": [{"id": "1", "login": "a@x.com", "firstName": "A", "lastName": "B"},
            {"id": "1", "login": "b@x.com", "firstName": "A", "lastName": "B"}],
            "apps": [{"app": {"name": "bookmark"}, "users": [{"usr": "a@x.com"}]}]}]}"#,
    );
    assert!(told.contains("usr") && told.contains("`user`"), "{told}");
    let told = refusal(
        r#"{"orgs": [{"name": "o", "users": [{"id": "1", "login": "a@x.com", "firstName": "A", "lastName": "B"},
            {"id": "1", "login": "b@x.com", "firstName": "A", "lastName": "B"}],
            "groups": [{"id": "2", "name": "g"}, {"id": "2", "name": "h"}]}]}"#,
    );
    assert_eq!(told.matches("is there twice").count(), 2, "{told}");
}

#[test]
fn a_scenario_says_again_what_it_was_told() {
    let parsed: ScenarioSpec = ScenarioSpec::parse("settled", SETTLED).expect("a scenario");
    let written = serde_json::to_string(&parsed).expect("JSON");
    let again = ScenarioSpec::parse("again", &written).expect("a scenario");
    assert_eq!(serde_json::to_string(&again).expect("JSON"), written);
    let (mut told, mut said): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(SETTLED).expect("JSON"), serde_json::from_str(&written).expect("JSON"));
    for value in [&mut told, &mut said] {
        // What is usual is left out.
        value["orgs"][0]["admin"].take();
        value["orgs"][0]["rules"][0].as_object_mut().expect("a rule").remove("active");
    }
    assert_eq!(said, told);
}
