//! Groups and their members.

use serde_json::{Value, json};

use super::{AD_GROUP, JO, STAFF, ServedOrg};
use crate::simulator::options::RepeatedMemberWrite;

const FORBIDDEN: &str = "You do not have permission to perform the requested action";

#[tokio::test]
async fn groups_are_checked_and_kept() {
    let lab = ServedOrg::new().await;
    let missing = "Not found: Resource not found: 00gNone (UserGroup)";
    let name = |name: &str| json!({"profile": {"name": name, "description": "d"}});
    let staff = format!("/api/v1/groups/{STAFF}");
    let ad = format!("/api/v1/groups/{AD_GROUP}");
    let failed = "Api validation failed: name";
    let taken = "name: An object with this field already exists in the current organization";
    let none = || Value::Null;
    lab.answers(&[
        ("GET", "/api/v1/groups/00gNone", none(), 404, "E0000007", missing, ""),
        ("PUT", "/api/v1/groups/00gNone", name("x"), 404, "E0000007", missing, ""),
        ("DELETE", "/api/v1/groups/00gNone", none(), 404, "E0000007", missing, ""),
        ("POST", "/api/v1/groups", name("Staff"), 400, "E0000001", failed, taken),
        ("POST", "/api/v1/groups", name(""), 400, "E0000001", failed, "name: The field cannot be left blank"),
        ("POST", "/api/v1/groups", name(&"x".repeat(256)), 400, "E0000001", failed, "name: The field is too long"),
        ("POST", "/api/v1/groups", name("New"), 200, "", "", ""),
        ("PUT", &staff, name("New"), 400, "E0000001", failed, taken),
        ("PUT", &staff, name("Staff"), 200, "", "", ""),
        ("PUT", &ad, name("x"), 403, "E0000006", FORBIDDEN, ""),
        ("DELETE", &staff, none(), 204, "", "", ""),
        ("DELETE", &staff, none(), 404, "E0000007", &format!("Not found: Resource not found: {STAFF} (UserGroup)"), ""),
        ("DELETE", &ad, none(), 204, "", "", ""),
    ])
    .await;
    let everyone = lab.get("/api/v1/groups?q=Everyone").await.body[0].clone();
    assert_eq!(everyone["type"], "BUILT_IN");
    let path = format!("/api/v1/groups/{}", everyone["id"].as_str().expect("an id"));
    lab.answers(&[("DELETE", &path, none(), 403, "E0000006", FORBIDDEN, "")]).await;
}

#[tokio::test]
async fn members_come_and_go() {
    let lab = ServedOrg::new().await;
    let member = format!("/api/v1/groups/{STAFF}/users/{JO}");
    let imported = format!("/api/v1/groups/{AD_GROUP}/users/{JO}");
    let nobody = format!("/api/v1/groups/{STAFF}/users/00uNone");
    let everyone = lab.get("/api/v1/groups?q=Everyone").await.body[0]["id"].clone();
    let built_in = format!("/api/v1/groups/{}/users/{JO}", everyone.as_str().expect("an id"));
    let none = || Value::Null;
    let no_user = "Not found: Resource not found: 00uNone (User)";
    lab.answers(&[
        ("PUT", &member, none(), 204, "", "", ""),
        ("PUT", &member, none(), 204, "", "", ""),
        ("PUT", &imported, none(), 403, "E0000006", FORBIDDEN, ""),
        ("PUT", &built_in, none(), 403, "E0000006", FORBIDDEN, ""),
        ("DELETE", &built_in, none(), 403, "E0000006", FORBIDDEN, ""),
        ("PUT", &nobody, none(), 404, "E0000007", no_user, ""),
        ("DELETE", &nobody, none(), 404, "E0000007", no_user, ""),
    ])
    .await;
    let members = lab.get(&format!("/api/v1/groups/{STAFF}/users")).await.body;
    assert_eq!(members[0]["id"], JO);
    lab.answers(&[("DELETE", &member, none(), 204, "", "", ""), ("DELETE", &member, none(), 204, "", "", "")]).await;
    let groups = lab.get(&format!("/api/v1/users/{JO}/groups")).await;
    assert_eq!(groups.body.as_array().map(Vec::len), Some(1));
    assert!(groups.headers["link"].to_str().is_ok_and(|it| it.ends_with("?limit=200>; rel=\"self\"")));
}

#[tokio::test]
async fn repeated_writes_are_refused_when_assumed_so() {
    let lab = ServedOrg::with(|org| {
        org.options.assumptions.repeated_member_write = RepeatedMemberWrite::Refuse;
    })
    .await;
    let member = format!("/api/v1/groups/{STAFF}/users/{JO}");
    let missing = format!("Not found: Resource not found: {JO} (User)");
    lab.answers(&[
        ("DELETE", &member, Value::Null, 404, "E0000007", &missing, ""),
        ("PUT", &member, Value::Null, 204, "", "", ""),
        (
            "PUT",
            &member,
            Value::Null,
            400,
            "E0000001",
            "Api validation failed: user",
            "user: The user is already a member of the group",
        ),
    ])
    .await;
}

#[tokio::test]
async fn changes_are_seen_late_when_the_org_lags() {
    let lab = ServedOrg::with(|org| {
        org.options.membership_lag_ms = 60_000;
        org.options.new_group_lag_ms = 60_000;
    })
    .await;
    let members = format!("/api/v1/groups/{STAFF}/users");
    lab.send("PUT", &format!("{members}/{JO}"), Value::Null).await;
    let made = lab.post("/api/v1/groups", json!({"profile": {"name": "Fresh"}})).await.body;
    let fresh = format!("/api/v1/groups/{}", made["id"].as_str().expect("an id"));
    assert_eq!(lab.get(&members).await.body, json!([]));
    assert_eq!(lab.get(&fresh).await.status, 404);
    assert_eq!(lab.get("/api/v1/groups?q=Fresh").await.body, json!([]));
    lab.post("/simulator/clock", json!({"advanceMs": 60_000})).await;
    assert_eq!(lab.get(&members).await.body[0]["id"], JO);
    assert_eq!(lab.get(&fresh).await.status, 200);
    assert_eq!(lab.get("/api/v1/groups?q=Fresh").await.body[0]["profile"]["name"], "Fresh");
}

#[tokio::test]
async fn roles_of_a_group_are_given_once_and_go_with_it() {
    let lab = ServedOrg::new().await;
    let group = format!("/api/v1/groups/{STAFF}");
    let roles = format!("{group}/roles");
    let got = lab.post(&roles, json!({"type": "USER_ADMIN"})).await;
    assert_eq!(got.status, 201);
    let listed = lab.get(&roles).await.body;
    assert_eq!(listed, json!([got.body]));
    assert_eq!((&listed[0]["label"], &listed[0]["assignmentType"]), (&json!("Group Administrator"), &json!("GROUP")));
    let assignee = listed[0]["_links"]["assignee"]["href"].as_str();
    assert!(assignee.is_some_and(|href| href.ends_with(&group)));
    let id = listed[0]["id"].as_str().expect("an id");
    let one = format!("{roles}/{id}");
    let gone = format!("Not found: Resource not found: {id} (RoleAssignment)");
    let no_group = "Not found: Resource not found: 00gNone (UserGroup)";
    let admin = |kind: &str| json!({"type": kind});
    let none = || Value::Null;
    lab.answers(&[
        (
            "POST",
            &roles,
            admin("USER_ADMIN"),
            409,
            "E0000090",
            "The role specified is already assigned to the user.",
            "",
        ),
        ("POST", &roles, admin("KING"), 400, "E0000001", "Api validation failed: type", "type: Invalid role type"),
        ("GET", "/api/v1/groups/00gNone/roles", none(), 404, "E0000007", no_group, ""),
        ("POST", "/api/v1/groups/00gNone/roles", admin("APP_ADMIN"), 404, "E0000007", no_group, ""),
        ("GET", &one, none(), 200, "", "", ""),
        ("DELETE", &one, none(), 204, "", "", ""),
        ("DELETE", &one, none(), 404, "E0000007", &gone, ""),
        ("GET", &one, none(), 404, "E0000007", &gone, ""),
        ("POST", &roles, admin("APP_ADMIN"), 201, "", "", ""),
        ("DELETE", &group, none(), 204, "", "", ""),
    ])
    .await;
    let state = lab.get("/simulator/state").await.body;
    assert!(state["roles"][STAFF].is_null(), "{state}");
}

#[tokio::test]
async fn roles_of_a_group_are_a_super_admins_to_see() {
    let lab = ServedOrg::with(|org| {
        super::grant(org, JO, "GROUP_MEMBERSHIP_ADMIN");
        super::add_token(org, "00Tjo", JO, "jo-secret");
    })
    .await;
    for (method, body) in [("GET", None), ("POST", Some(json!({"type": "APP_ADMIN"})))] {
        let request =
            lab.request(method, &format!("/api/v1/groups/{STAFF}/roles")).header("authorization", "SSWS jo-secret");
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        assert_eq!(ServedOrg::receive(request).await.status, 403, "{method}");
    }
}
