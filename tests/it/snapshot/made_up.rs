//! With pseudonyms nothing of the org's own is in the file, and it is an org of the same shape.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{GROWN, grown, scenario, snapshot, text};
use crate::stage::Stage;

/// Words that are the scenario's or Okta's, not the org's.
const COMMON: &[&str] = &["everyone", "okta", "login", "source", "https", "directory", "sync", "admin", "example"];

/// Every word of the values of a scenario: not of its keys, nor of what is an enumeration or of an expression's grammar.
fn words(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let text = text.replace("All users in your organization", "");
            for word in text.split(|one: char| !one.is_alphanumeric()) {
                into.insert(word.to_lowercase());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| words(item, into)),
        Value::Object(fields) => {
            for (name, value) in fields {
                let grammar = [
                    "expression",
                    "direction",
                    "pushStatus",
                    "app",
                    "type",
                    "capabilities",
                    "features",
                    "roles",
                    "scopes",
                    "status",
                    "syncState",
                    "provider",
                    "scope",
                ];
                if !grammar.contains(&name.as_str()) {
                    words(value, into);
                }
            }
        }
        Value::Number(number) => drop(into.insert(number.to_string())),
        _ => {}
    }
}

#[test]
fn nothing_of_the_org_remains() {
    let stage = grown();
    snapshot(&stage, &["-o", "made_up.json", "--pseudonyms"]).exits(0).says(&["quote words that no value has"]);
    let saved = text(&stage, "made_up.json").to_lowercase();
    let mut planted = BTreeSet::new();
    words(&serde_json::from_str(GROWN).unwrap(), &mut planted);
    let planted: Vec<&String> =
        planted.iter().filter(|word| word.len() > 3 && !COMMON.contains(&word.as_str())).collect();
    assert!(planted.len() > 60, "{planted:?}");
    let remaining: Vec<&&String> = planted.iter().filter(|word| saved.contains(word.as_str())).collect();
    assert!(remaining.is_empty(), "{remaining:?}\n{saved}");
    // Also where they are quoted or part of a form.
    for word in ["moonfennel", "thistleby", "zanforth", "gloam", "quimbly", "moonfen"] {
        assert!(!saved.contains(word), "{word}\n{saved}");
    }
}

#[test]
fn the_same_org_has_the_same_pseudonyms() {
    let stage = grown();
    for file in ["one.json", "two.json"] {
        snapshot(&stage, &["-o", file, "--pseudonyms"]).exits(0);
    }
    assert_eq!(text(&stage, "one.json"), text(&stage, "two.json"));
}

/// Numbers of things, and how they hang together.
fn outline(state: &Value) -> Value {
    let count = |value: &Value| value.as_object().map_or(0, Map::len);
    let length = |value: &Value| value.as_array().map_or(0, Vec::len);
    let of = |kind: &str, show: &dyn Fn(&Value) -> Value| {
        let things = state[kind].as_object().unwrap().values();
        things.map(show).collect::<Value>()
    };
    let mut directories = state["directories"].as_object().unwrap().values();
    let accounts = directories.next().unwrap()["accounts"].as_array().unwrap();
    let disabled = accounts.iter().filter(|one| one["enabled"] == false);
    let linked = |app: &Value| {
        let known = |user: &&Value| accounts.iter().any(|one| one["guidBase64"] == user["externalId"]);
        app["users"].as_object().unwrap().values().filter(known).count()
    };
    json!({
        "users": of("users", &|user| json!([user["status"], user["provider"], count(&user["profile"]), length(&user["groups"])])),
        "groups": of("groups", &|group| json!([group["type"], group["source"].is_null(), length(&group["members"])])),
        "rules": of("rules", &|rule| json!([rule["status"], length(&rule["conditions"]["people"]["users"]["exclude"])])),
        "apps": of("apps", &|app| json!([app["status"], app["features"], count(&app["users"]), count(&app["groups"]), count(&app["pushes"]), linked(app)])),
        "accounts": [accounts.len(), disabled.count()],
    })
}

#[test]
fn the_shape_is_that_of_the_org() {
    let stage = grown();
    for file in ["real.json", "made_up.json"] {
        let more = if file == "real.json" { &[][..] } else { &["--pseudonyms"] };
        snapshot(&stage, &[&["-o", file], more].concat()).exits(0);
    }
    let [real, made_up] =
        ["real.json", "made_up.json"].map(|file| outline(&Stage::of(&scenario(&stage, file)).state()));
    assert_eq!(real, made_up);
}

#[test]
fn no_number_of_a_person_and_no_secret_of_a_group_is_left() {
    let personal = json!({
        "mobilePhone": "+33 6 12 34 56 78", "primaryPhone": "06 12 34 56 78", "employeeNumber": "12-34-56", "birthDay": "03.02.80",
        "hired": "2019-05-17", "ssn": "1 80 02 75 11 22 33 44", "machine": "10.20.30.41", "room": "B2 04", "seen": "2024-05-06T07:08:09.000Z",
    });
    let secrets =
        json!({"clientSecret": "SECcs111", "hook": {"authScheme": {"value": "SEChk777"}}, "api_token": "SECat999"});
    let stage = Stage::of(&json!({"directories": [{"domain": "acme.test"}], "orgs": [{
        "name": "okta", "settled": true,
        "users": [{"login": "ida.quill@acme.test", "firstName": "Ida", "lastName": "Quill", "attributes": personal}],
        "groups": [{"name": "Lab", "description": "desk of 12-34-56", "members": ["ida.quill@acme.test"], "attributes": secrets}],
    }]}));
    for more in [&["-o", "real.json"][..], &["-o", "made_up.json", "--pseudonyms"]] {
        snapshot(&stage, more).exits(0);
        let saved = text(&stage, more[1]);
        for secret in ["SECcs111", "SEChk777", "SECat999"] {
            assert!(!saved.contains(secret), "{saved}");
        }
    }
    let saved = text(&stage, "made_up.json");
    for (name, value) in personal.as_object().unwrap() {
        assert!(!saved.contains(value.as_str().unwrap()), "{name}: {saved}");
    }
    let attributes = &scenario(&stage, "made_up.json")["orgs"][0]["users"][0]["attributes"];
    assert!(attributes["hired"].as_str().unwrap().parse::<jiff::civil::Date>().is_ok(), "{attributes}");
    assert!(attributes["seen"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{attributes}");
    Stage::of(&scenario(&stage, "made_up.json"));
}
