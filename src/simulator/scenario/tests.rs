use super::*;

fn refusal(text: &str) -> String {
    let built = Scenario::parse("s.json", text).and_then(Scenario::build);
    built
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn the_built_in_scenario_is_the_story_of_the_examples() {
    Scenario::parse("built-in", BUILT_IN).expect("the built-in file is valid");
    let world = Scenario::built_in().build().expect("a world");
    let org = &world.orgs[0];
    let app = org.apps.values().next().expect("the AD instance");
    assert_eq!(
        (
            org.name.as_str(),
            org.users.len(),
            app.users.len(),
            app.groups.len()
        ),
        ("okta", 25, 24, 0)
    );
    assert!(org.tasks.is_empty() && org.jobs.is_empty() && org.log.len() < 10);
    for (login, name) in [
        ("ada.novak@corp.example", "Ada Novak"),
        ("ben.okafor@corp.example", "Ben Okafor"),
        ("chloe.dubois@corp.example", "Chloé Dubois"),
    ] {
        let held = &app.users[&org.logins[login]];
        assert_eq!(
            held.profile["dn"],
            format!("CN={name},OU=User-Contractor,DC=corp,DC=example")
        );
        assert!(held.individual && held.status == "ACTIVE" && held.sync_state == "SYNCHRONIZED");
        assert!(held.external_id.is_some());
    }
}

#[test]
fn a_tiny_scenario_takes_the_rest_from_the_built_in_one() {
    let text = r#"{"contractors": 200, "options": {"limits": {"enabled": false}}}"#;
    let world = Scenario::parse("tiny", text)
        .and_then(Scenario::build)
        .expect("a world");
    assert_eq!(world.orgs[0].users.len(), 201);
    assert!(!world.orgs[0].options.limits.enabled);
    assert_eq!(
        Scenario::built_in()
            .with_users(3)
            .build()
            .expect("a world")
            .orgs[0]
            .users
            .len(),
        4
    );
}

#[test]
fn the_same_scenario_has_the_same_ids() {
    let ids = || {
        let world = Scenario::built_in().build().expect("a world");
        world.orgs[0].users.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(ids(), ids());
}

#[test]
fn tokens_are_not_foreseeable() {
    let secret = || {
        let world = Scenario::built_in().build().expect("a world");
        world.orgs[0]
            .tokens
            .values()
            .next()
            .map(|token| token.secret.clone())
    };
    assert_ne!(secret(), secret());
}

#[test]
fn a_wrong_key_is_told_with_its_place() {
    let told = refusal("{\n  \"contractors\": {\"cuont\": 3}\n}");
    assert!(
        told.contains("s.json:2:") && told.contains("cuont") && told.contains("count"),
        "{told}"
    );
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
    for part in [
        "Nowhere",
        "jo@x.com",
        "nobody@x.com",
        "no group",
        "\"none\"",
        "OU=Lost",
        "b.example",
        "a@a.example",
    ] {
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
        let world = Scenario::read(&path).and_then(Scenario::build);
        assert!(
            world.is_ok(),
            "{}: {:?}",
            path.display(),
            world.err().map(|error| error.to_string())
        );
        count += 1;
    }
    assert!(count >= 8);
}
