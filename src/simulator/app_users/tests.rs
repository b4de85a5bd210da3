use serde_json::{Value, json};

use super::super::rule_fixture::RuleFixture;

#[test]
fn writes_are_refused_where_okta_refuses_them() {
    let profile = |name: &str, value: &str| json!({"profile": {name: value}});
    // Body of an update of Ada's assignment, status, code.
    let rows = [
        (json!({"scope": "EVERYONE"}), 400, "E0000003"),
        (json!({"profile": "dn"}), 400, "E0000003"),
        (json!({"credentials": {"password": {"value": "x"}}}), 400, "E0000041"),
        (profile("firstName", "Eva"), 403, "E0000075"),
        (profile("firstName", "Ada"), 200, ""),
        (profile("dn", "CN=x"), 403, "E0000077"),
        (profile("objectSid", "S-1"), 403, "E0000078"),
        (profile("shoeSize", "9"), 400, "E0000001"),
        (profile("managerUpn", "b@corp.example"), 200, ""),
        (json!({"credentials": {"userName": "ada@corp.example"}}), 200, ""),
    ];
    for (body, status, code) in rows {
        let (have, answer) = RuleFixture::bare().call("POST", "/api/v1/apps/{app}/users/{ada}", &body);
        assert_eq!((have, answer["code"].as_str().unwrap_or("")), (status, code), "{body}: {answer}");
    }
}

#[test]
fn the_users_state_and_source_decide() {
    let update = |mut stage: RuleFixture, body: Value| {
        let (status, answer) = stage.call("POST", "/api/v1/apps/{app}/users/{ada}", &body);
        (status, answer["code"].as_str().unwrap_or("").to_owned())
    };
    let manager = json!({"profile": {"managerUpn": "b@corp.example"}});
    let sourced = RuleFixture::bare().console(&json!({"profileSourcing": true}));
    assert_eq!(update(sourced, manager), (405, "E0000076".to_owned()));
    let mut gone = RuleFixture::bare().does("POST", "/api/v1/users/{ada}/lifecycle/deactivate", &Value::Null);
    let body = json!({"id": gone.id("ada")});
    let (status, answer) = gone.call("POST", "/api/v1/apps/{app}/users", &body);
    assert_eq!((status, answer["code"].as_str()), (403, Some("E0000117")));
}

#[test]
fn assignments_by_hand_and_by_group_are_taken_away_differently() {
    let grouped = || RuleFixture::new().join("dana", "to").settled();
    let (status, answer) = grouped().call("DELETE", "/api/v1/apps/{app}/users/{dana}", &Value::Null);
    assert_eq!((status, answer["code"].as_str()), (403, Some("E0000046")));
    let mut freed = grouped().scope("dana", "USER").does("DELETE", "/api/v1/apps/{app}/users/{dana}", &Value::Null);
    let (status, answer) = freed.call("GET", "/api/v1/apps/{app}/users/{dana}", &Value::Null);
    assert_eq!((status, answer["code"].as_str()), (404, Some("E0000007")));
    assert!(answer["summary"].as_str().is_some_and(|text| text.ends_with("(AppUser)")), "{answer}");
    let mut other = RuleFixture::assuming(&json!({"missingAppUserType": "user"}));
    let (_, answer) = other.call("GET", "/api/v1/apps/{app}/users/{dana}", &Value::Null);
    assert!(answer["summary"].as_str().is_some_and(|text| text.ends_with("(User)")), "{answer}");
}

#[test]
fn a_user_is_assigned_one_by_one() {
    let mut stage = RuleFixture::new();
    let assign = |stage: &RuleFixture, scope: &str| json!({"id": stage.id("dana"), "scope": scope});
    let body = assign(&stage, "GROUP");
    assert_eq!(stage.call("POST", "/api/v1/apps/{app}/users", &body).0, 400);
    let body = assign(&stage, "USER");
    let stage = stage.does("POST", "/api/v1/apps/{app}/users", &body).settled();
    assert_eq!(stage.tells("dana"), "USER ACTIVE SYNCHRONIZED CN=Users | CN=Users enabled");
}

#[test]
fn lists_are_paged_and_searched() {
    let mut stage = RuleFixture::bare();
    let mut count = |query: &str| {
        let (_, list) = stage.call("GET", &format!("/api/v1/apps/{{app}}/users{query}"), &Value::Null);
        list.as_array().map(Vec::len)
    };
    assert_eq!(count(""), Some(3));
    assert_eq!(count("?limit=2"), Some(2));
    assert_eq!(count("?q=chlo"), Some(1));
    assert_eq!(count("?q=OKAF"), Some(1));
    let (_, list) = stage.call("GET", "/api/v1/apps/{app}/users?expand=user&q=ada", &Value::Null);
    assert_eq!(list[0]["_embedded"]["user"]["profile"]["login"], "ada.novak@corp.example");
}
