//! Group rules and what they do to memberships.

use serde_json::{Value, json};

use super::{AD_GROUP, JO, STAFF, ServedOrg, person};

fn rule(expression: &str, group: &str) -> Value {
    json!({"type": "group_rule", "name": "r", "conditions": {"expression": {"value": expression, "type": "urn:okta:expression:1.0"}},
        "actions": {"assignUserToGroups": {"groupIds": [group]}}})
}

async fn members(lab: &ServedOrg) -> Vec<String> {
    let body = lab.get(&format!("/api/v1/groups/{STAFF}/users")).await.body;
    let logins = body.as_array().into_iter().flatten().filter_map(|user| user["profile"]["login"].as_str());
    logins.map(str::to_owned).collect()
}

#[tokio::test]
async fn rules_are_checked() {
    let lab = ServedOrg::new().await;
    let at = "/api/v1/groups/rules";
    let mut long = rule("user.title==\"x\"", STAFF);
    long["name"] = json!("n".repeat(51));
    let expression = "Api validation failed: expression";
    lab.answers(&[
        ("POST", at, long, 400, "E0000001", "Api validation failed: name", "errors in the field: name"),
        ("POST", at, rule("user.title=", STAFF), 400, "E0000001", expression, "errors in the field: expression"),
        (
            "POST",
            at,
            rule("user.title==\"x\"", AD_GROUP),
            400,
            "E0000001",
            "Api validation failed: groupIds",
            "errors in the field: groupIds",
        ),
        (
            "POST",
            at,
            rule("Arrays.contains(user.x, \"y\")", STAFF),
            501,
            "E0000060",
            "Unsupported operation.",
            "the function Arrays.contains in a group rule is not modelled by the simulator",
        ),
        (
            "GET",
            "/api/v1/groups/rules/0prNone",
            Value::Null,
            404,
            "E0000007",
            "Not found: Resource not found: 0prNone (GroupRule)",
            "",
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_active_rule_fills_its_group_and_follows_profiles() {
    let lab = ServedOrg::new().await;
    let made = lab
        .post("/api/v1/groups/rules", rule("user.title == \"Boss\" or String.startsWith(user.login, \"auto\")", STAFF))
        .await;
    assert_eq!((made.status, &made.body["status"]), (200, &json!("INACTIVE")));
    let at = format!("/api/v1/groups/rules/{}", made.body["id"].as_str().expect("an id"));
    lab.post("/api/v1/users", person("auto1@x.com")).await;
    assert!(members(&lab).await.is_empty());
    assert_eq!(lab.post(&format!("{at}/lifecycle/activate"), Value::Null).await.status, 204);
    assert_eq!(members(&lab).await, ["auto1@x.com"]);
    lab.post(&format!("/api/v1/users/{JO}"), json!({"profile": {"title": "Boss"}})).await;
    assert_eq!(members(&lab).await.len(), 2);
    lab.post(&format!("/api/v1/users/{JO}"), json!({"profile": {"title": null}})).await;
    assert_eq!(members(&lab).await, ["auto1@x.com"]);
    let active = "The entity is not in the expected state for the requested transition.";
    lab.answers(&[("PUT", &at, rule("user.title==\"x\"", STAFF), 403, "E0000107", active, "")]).await;
    assert_eq!(lab.post(&format!("{at}/lifecycle/deactivate"), Value::Null).await.status, 204);
    let got = lab.send("DELETE", &format!("{at}?removeUsers=true"), Value::Null).await;
    assert_eq!((got.status, got.body), (202, json!({})));
    assert!(members(&lab).await.is_empty());
}

#[tokio::test]
async fn removing_whom_a_rule_keeps_excludes_him_for_good() {
    let lab = ServedOrg::new().await;
    let made = lab.post("/api/v1/groups/rules", rule("user.firstName == \"Jo\"", STAFF)).await.body;
    let at = format!("/api/v1/groups/rules/{}", made["id"].as_str().expect("an id"));
    lab.post(&format!("{at}/lifecycle/activate"), Value::Null).await;
    assert_eq!(members(&lab).await, ["jo@x.com"]);
    let gone = lab.send("DELETE", &format!("/api/v1/groups/{STAFF}/users/{JO}"), Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(lab.get(&at).await.body["conditions"]["people"]["users"]["exclude"], json!([JO]));
    lab.post(&format!("/api/v1/users/{JO}"), json!({"profile": {"title": "x"}})).await;
    assert!(members(&lab).await.is_empty());
    let log = lab.get("/api/v1/logs?filter=eventType%20eq%20%22group.user_membership.rule.add_exclusion%22").await.body;
    assert_eq!(log[0]["actor"]["type"], "SystemPrincipal");
    let found = lab.get(&format!("/api/v1/groups/rules?search={STAFF}&expand=groupIdToGroupNameMap")).await.body;
    assert_eq!(found[0]["_embedded"]["groupIdToGroupNameMap"][STAFF], "Staff");
}

#[tokio::test]
async fn a_rule_without_its_group_is_invalid() {
    let lab = ServedOrg::new().await;
    let made = lab.post("/api/v1/groups/rules", rule("user.firstName == \"Jo\"", STAFF)).await.body;
    lab.send("DELETE", &format!("/api/v1/groups/{STAFF}"), Value::Null).await;
    let at = format!("/api/v1/groups/rules/{}", made["id"].as_str().expect("an id"));
    assert_eq!(lab.get(&at).await.body["status"], "INVALID");
}
