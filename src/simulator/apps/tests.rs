use serde_json::{Value, json};

use super::super::rule_fixture::RuleFixture;

/// Method, path, body, status, error code, first cause.
type AppRow = (&'static str, &'static str, Value, u16, &'static str, &'static str);

fn answer(stage: &mut RuleFixture, rows: &[AppRow]) {
    for (method, path, body, status, code, cause) in rows {
        let (have, answer) = stage.call(method, path, body);
        let row = format!("{method} {path} {body}: {answer}");
        assert_eq!(have, *status, "{row}");
        assert_eq!(answer["code"].as_str().unwrap_or(""), *code, "{row}");
        assert_eq!(answer["causes"][0].as_str().unwrap_or(""), *cause, "{row}");
    }
}

#[test]
fn apps_answer_as_recorded() {
    let bookmark = json!({"name": "bookmark", "label": "Wiki", "signOnMode": "BOOKMARK"});
    let org2org = |base: Value| json!({"name": "okta_org2org", "label": "Hub", "settings": {"app": {"baseUrl": base}}});
    answer(
        &mut RuleFixture::bare(),
        &[
            ("GET", "/api/v1/apps", Value::Null, 200, "", ""),
            ("GET", "/api/v1/apps/0oaNone", Value::Null, 404, "E0000007", ""),
            ("GET", "/api/v1/apps?expand=group", Value::Null, 400, "E0000001", "Expand query is malformed."),
            ("GET", "/api/v1/apps?filter=label eq \"x\"", Value::Null, 400, "E0000094", ""),
            (
                "POST",
                "/api/v1/apps",
                json!({"name": "active_directory", "label": "x"}),
                400,
                "E0000001",
                "An agent's installation creates Active Directory instances.",
            ),
            ("POST", "/api/v1/apps", json!({"name": "bookmark"}), 400, "E0000001", "label: Label must be specified"),
            ("POST", "/api/v1/apps", org2org(Value::Null), 400, "E0000001", "baseUrl: The field cannot be left blank"),
            ("POST", "/api/v1/apps", org2org(json!("https://hub.okta.com")), 200, "", ""),
            ("POST", "/api/v1/apps", bookmark, 200, "", ""),
            (
                "POST",
                "/api/v1/apps",
                json!({"name": "slack", "label": "x"}),
                501,
                "E0000060",
                "the application \"slack\" is not modelled by the simulator",
            ),
            ("PUT", "/api/v1/apps/{app}", json!({"name": "active_directory", "label": "x"}), 400, "E0000024", ""),
            ("GET", "/api/v1/apps/{app}/features", Value::Null, 400, "E0000001", "Provisioning is not supported."),
            ("GET", "/api/v1/apps/{app}/connections/default", Value::Null, 200, "", ""),
            (
                "DELETE",
                "/api/v1/apps/{app}",
                Value::Null,
                403,
                "E0000056",
                "The application must be deactivated before deletion.",
            ),
            ("POST", "/api/v1/apps/{app}/lifecycle/deactivate", Value::Null, 200, "", ""),
            ("DELETE", "/api/v1/apps/{app}", Value::Null, 204, "", ""),
            ("GET", "/api/v1/apps/{app}", Value::Null, 404, "E0000007", ""),
        ],
    );
}

#[test]
fn apps_are_found_by_name_and_by_user() {
    let mut stage = RuleFixture::bare();
    let ada = stage.id("ada");
    let mut found = |query: &str| stage.call("GET", &format!("/api/v1/apps?{query}"), &Value::Null).1;
    assert_eq!(found("filter=name eq \"active_directory\"").as_array().map(Vec::len), Some(1));
    assert_eq!(found("filter=name eq \"okta_org2org\"").as_array().map(Vec::len), Some(0));
    assert_eq!(found("q=CORP").as_array().map(Vec::len), Some(1));
    assert_eq!(found("q=zzz").as_array().map(Vec::len), Some(0));
    let expanded = found(&format!("filter=user.id eq \"{ada}\"&expand=user/{ada}"));
    assert_eq!(expanded[0]["_embedded"]["user"]["id"], json!(ada));
}

#[test]
fn an_ad_instance_shows_what_its_switches_say() {
    let features = |stage: &mut RuleFixture| {
        let (_, app) = stage.call("GET", "/api/v1/apps/{app}", &Value::Null);
        app["features"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    let has = |features: &[String], name: &str| features.iter().any(|feature| feature == name);
    let mut on = RuleFixture::bare();
    let shown = features(&mut on);
    for name in
        ["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "PUSH_PASSWORD_UPDATES", "GROUP_PUSH"]
    {
        assert!(has(&shown, name), "{name}");
    }
    assert!(!has(&shown, "PROFILE_MASTERING"));
    let mut off = on.console(&json!({"createUsers": false, "profileSourcing": true}));
    let shown = features(&mut off);
    assert!(has(&shown, "PROFILE_MASTERING") && !has(&shown, "PUSH_NEW_USERS") && !has(&shown, "GROUP_PUSH"));
    assert!(!has(&features(&mut RuleFixture::assuming(&json!({"groupPushFeature": "absent"}))), "GROUP_PUSH"));
}

#[test]
fn mappings_and_schema_are_readable() {
    let mut stage = RuleFixture::bare();
    let app = stage.app.clone();
    let (_, list) = stage.call("GET", &format!("/api/v1/mappings?targetId={app}"), &Value::Null);
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert!(list[0].get("properties").is_none() && list[0]["source"]["name"] == "user");
    let path = format!("/api/v1/mappings/{}", list[0]["id"].as_str().unwrap_or(""));
    let rule = |name: &str, rule: Value| json!({"properties": {name: rule}});
    let push = json!({"expression": "user.costCenter", "pushStatus": "PUSH"});
    for (body, status, cause) in [
        (rule("organizationalUnit", push.clone()), 200, ""),
        (rule("nowhere", push), 400, "Invalid target field nowhere"),
        (rule("title", Value::Null), 200, ""),
        (
            rule("title", json!({"expression": "String.toUpperCase(user.title)", "pushStatus": "PUSH"})),
            501,
            "the mapping expression \"String.toUpperCase(user.title)\" is not modelled by the simulator",
        ),
    ] {
        let (have, answer) = stage.call("POST", &path, &body);
        assert_eq!((have, answer["causes"][0].as_str().unwrap_or("")), (status, cause), "{body}");
    }
    let (_, mapping) = stage.call("GET", &path, &Value::Null);
    assert!(mapping["properties"]["title"].is_null() && mapping["properties"]["organizationalUnit"].is_object());
    let (_, schema) = stage.call("GET", "/api/v1/meta/schemas/apps/{app}/default", &Value::Null);
    assert_eq!(schema["definitions"]["base"]["properties"]["dn"]["mutability"], "READ_ONLY");
}
