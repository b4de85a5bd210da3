use serde_json::{Value, json};

use super::*;

fn scenario(value: &Value) -> ScenarioSpec {
    ScenarioSpec::parse("the test", &value.to_string()).expect("a scenario")
}

fn replace_people(value: &Value) -> (Value, PseudonymTable) {
    let (made, pseudonyms) = PseudonymTable::replace(scenario(value));
    (serde_json::to_value(made).expect("JSON"), pseudonyms)
}

fn org(users: &Value, groups: &Value, rules: &Value, apps: &Value) -> Value {
    json!({
        "directories": [{"domain": "acme.com", "organizationalUnits": ["OU=Lab,DC=acme,DC=com"], "accounts": [
            {"guid": "AQIDBAUGB0iJCgsMDQ4PEA==", "cn": "Quill, Ida", "samAccountName": "iquill", "userPrincipalName": "ida.quill@acme.com",
             "organizationalUnit": "CN=Users,DC=acme,DC=com", "attributes": {"manager": "CN=Quill\\, Ida,CN=Users,DC=acme,DC=com"}}]}],
        "orgs": [{"name": "okta", "settled": true, "users": users, "groups": groups, "rules": rules, "apps": apps}]
    })
}

fn ida() -> Value {
    json!([{"id": "00uAAAAAAAAAAAAAAAA2", "login": "ida.quill@acme.com", "firstName": "Ida", "lastName": "Quill",
        "attributes": {"displayName": "QUILL, Ida", "room": 12, "size": 1.5, "on": true, "when": null, "site": "https://intra.acme.com:8443/ida?x=quill"}},
        {"id": "00uAAAAAAAAAAAAAAAA1", "login": "obi.quill@acme.com", "firstName": "Obi", "lastName": "Quill"}])
}

#[test]
fn one_word_is_exchanged_for_one_everywhere() {
    let (made, _) = replace_people(&org(&ida(), &json!([]), &json!([]), &json!([])));
    let user = &made["orgs"][0]["users"][0];
    let (given, family) = (user["firstName"].as_str().unwrap(), user["lastName"].as_str().unwrap());
    assert_eq!(made["orgs"][0]["users"][1]["lastName"], *family);
    let domain = made["directories"][0]["domain"].as_str().unwrap();
    let login = format!("{}.{}@{domain}", given.to_lowercase(), family.to_lowercase());
    assert_eq!(user["login"], login);
    assert_eq!(user["attributes"]["displayName"], format!("{}, {given}", family.to_uppercase()));
    let account = &made["directories"][0]["accounts"][0];
    assert_eq!(account["userPrincipalName"], login);
    assert_eq!(account["cn"], format!("{family}, {given}"));
    let dn = format!("CN={family}\\, {given},{}", account["organizationalUnit"].as_str().unwrap());
    assert_eq!(account["attributes"]["manager"], dn);
}

#[test]
fn a_domain_is_nobodys_and_the_one_of_its_names() {
    let (made, _) = replace_people(&org(&ida(), &json!([]), &json!([]), &json!([])));
    let domain = made["directories"][0]["domain"].as_str().unwrap();
    let (label, end) = domain.split_once('.').unwrap();
    // "example" is real here: the admin that every scenario has is of corp.example.
    assert_eq!(end, "test");
    let unit = made["directories"][0]["organizationalUnits"][0].as_str().unwrap();
    assert!(unit.ends_with(&format!(",DC={label},DC={end}")), "{unit}");
    // What every domain has is still there.
    let account = &made["directories"][0]["accounts"][0];
    assert_eq!(account["organizationalUnit"], format!("CN=Users,DC={label},DC={end}"));
    let site = made["orgs"][0]["users"][0]["attributes"]["site"].as_str().unwrap();
    assert!(site.starts_with("https://") && site.contains(&format!(".{domain}:8443/")), "{site}");
}

#[test]
fn a_reserved_end_that_is_real_is_none() {
    let (made, _) =
        replace_people(&json!({"directories": [{"domain": "corp.example"}, {"domain": "corp.test"}], "orgs": []}));
    let domains = [0, 1].map(|index| made["directories"][index]["domain"].as_str().unwrap().to_owned());
    assert!(domains[0].ends_with(".invalid"), "{domains:?}");
    assert_ne!(domains[0], domains[1]);
}

#[test]
fn values_keep_their_types() {
    let (made, _) = replace_people(&org(&ida(), &json!([]), &json!([]), &json!([])));
    let attributes = &made["orgs"][0]["users"][0]["attributes"];
    assert!(attributes["room"].is_u64() && attributes["room"] != 12);
    assert!(attributes["size"].is_number());
    assert_eq!((&attributes["on"], &attributes["when"]), (&json!(true), &Value::Null));
}

#[test]
fn ids_keep_their_kind_and_order() {
    let (made, pseudonyms) = replace_people(&org(&ida(), &json!([]), &json!([]), &json!([])));
    let ids = [0, 1].map(|index| made["orgs"][0]["users"][index]["id"].as_str().unwrap().to_owned());
    assert!(ids[0] > ids[1] && ids.iter().all(|id| id.len() == 20 && id.starts_with("00u")), "{ids:?}");
    assert_eq!(pseudonyms.identities.find("00uAAAAAAAAAAAAAAAA2"), Some(ids[0].clone()));
}

#[test]
fn rules_quote_what_their_groups_are_called_now() {
    let groups = json!([{"id": "00gAAAAAAAAAAAAAAAA1", "name": "Everyone", "type": "BUILT_IN"},
        {"id": "00gAAAAAAAAAAAAAAAA2", "name": "Lab North", "members": ["ida.quill@acme.com"]}]);
    let expression = "isMemberOfGroupName(\"Lab North\") && isMemberOfGroupName('Everyone') || isMemberOfGroup(\"00gAAAAAAAAAAAAAAAA2\") && user.lastName==\"Quill\"";
    let rules =
        json!([{"name": "r", "expression": expression, "groups": ["Lab North"], "exclude": ["00uAAAAAAAAAAAAAAAA1"]}]);
    let (made, pseudonyms) = replace_people(&org(&ida(), &groups, &rules, &json!([])));
    let org = &made["orgs"][0];
    let (name, id) = (org["groups"][1]["name"].as_str().unwrap(), org["groups"][1]["id"].as_str().unwrap());
    let family = org["users"][0]["lastName"].as_str().unwrap();
    assert_eq!(
        org["rules"][0]["expression"],
        format!(
            "isMemberOfGroupName(\"{name}\") && isMemberOfGroupName('Everyone') || isMemberOfGroup(\"{id}\") && user.lastName==\"{family}\""
        )
    );
    assert_eq!(org["rules"][0]["groups"], json!([name]));
    assert_eq!(org["rules"][0]["exclude"], json!([org["users"][1]["id"]]));
    assert_eq!(org["groups"][1]["members"], json!([org["users"][0]["login"]]));
    assert_eq!(pseudonyms.odd_expressions, 0);
}

#[test]
fn a_rule_that_quotes_a_part_of_a_word_is_counted() {
    let groups = json!([{"name": "Laboratory"}]);
    let rules =
        json!([{"name": "r", "expression": "isMemberOfGroupNameStartsWith(\"Labor\")", "groups": ["Laboratory"]}]);
    let (_, pseudonyms) = replace_people(&org(&ida(), &groups, &rules, &json!([])));
    assert_eq!(pseudonyms.odd_expressions, 1);
}

#[test]
fn parameters_are_exchanged_when_they_are_values() {
    let groups = json!([{"name": "Lab North"}]);
    let (made, mut pseudonyms) = replace_people(&org(&ida(), &groups, &json!([]), &json!([])));
    let org = &made["orgs"][0];
    let login = org["users"][0]["login"].as_str().unwrap();
    let mut parameter = |text: &str| pseudonyms.parameter(text);
    assert_eq!(parameter("IDA.quill@acme.com").to_lowercase(), login);
    assert_eq!(parameter("ida.quill@acme.com=active_with_pass"), format!("{login}=active_with_pass"));
    assert_eq!(parameter("Lab North"), org["groups"][0]["name"].as_str().unwrap());
    assert_eq!(parameter("00uAAAAAAAAAAAAAAAA2"), org["users"][0]["id"].as_str().unwrap());
    let domain = made["directories"][0]["domain"].as_str().unwrap().replace('.', ",DC=");
    let unit = parameter("OU=New,DC=acme,DC=com");
    assert!(unit.starts_with("OU=") && !unit.contains("New") && unit.ends_with(&format!(",DC={domain}")), "{unit}");
    // What is not known is not somebody's.
    for text in ["12", "North", "SUPER_ADMIN", "Lab South", "Everyone"] {
        assert_eq!(parameter(text), text);
    }
}

#[test]
fn no_two_become_one_and_none_becomes_a_real_one() {
    let names = ["aiko", "birch", "silver", "noor", "kim", "costa", "elif", "lab", "x"];
    let users: Vec<Value> = (0..400)
        .map(|number| {
            let (one, other) = (names[number % names.len()], number);
            json!({"login": format!("{one}{other}@acme.com"), "firstName": format!("{one}{other}"), "lastName": names[number % 7], "attributes": {"badge": format!("{number:04}")}})
        })
        .collect();
    let (made, _) = replace_people(&org(&json!(users), &json!([]), &json!([]), &json!([])));
    let again = replace_people(&org(&json!(users), &json!([]), &json!([]), &json!([]))).0;
    assert_eq!(made, again);
    let logins: HashSet<String> =
        made["orgs"][0]["users"].as_array().unwrap().iter().map(|user| user["login"].to_string()).collect();
    assert_eq!(logins.len(), 400);
    let text = made.to_string().to_lowercase();
    for name in names.iter().filter(|name| name.len() > 2) {
        let words = text.split(|one: char| !one.is_alphanumeric());
        assert_eq!(words.filter(|word| word == name).count(), 0, "{name}");
    }
}
