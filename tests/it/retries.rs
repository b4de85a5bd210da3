//! What is tried again, by operation, and what is not.

use serde_json::{Value, json};

use crate::stage::{Ran, Stage};

const HEADER: &str = "//! A script.\nconst ORGS = #{ okta: \"org\" };\nconst PARAMS = #{};\nstep(\"All\");\n";

fn play(stage: &Stage, script: &str) -> Ran {
    stage.write("runbooks/retry.rhai", &[HEADER, script].concat());
    let mut command = stage.command();
    command.args(["run", "retry", "--yes", "--output", "json"]);
    Ran::command(&mut command)
}

fn refuse(stage: &Stage, method: &str, path: &str, status: u16, code: &str) {
    stage.fault(&json!({"method": method, "path": path, "action": "status", "status": status, "errorCode": code, "errorSummary": "no"}));
}

/// Waits that a run told before it tried again.
fn tries(ran: &Ran) -> usize {
    let waits = ran.events_of("wait");
    let again = waits.iter().filter(|wait| wait["reason"].as_str().unwrap().contains("is tried again"));
    again.count()
}

fn staged_user(stage: &Stage) -> Value {
    let profile = json!({"firstName": "Jo", "lastName": "Doe", "email": "jo@corp.example", "login": "jo@corp.example"});
    stage.done(
        "POST",
        "/api/v1/users?activate=false",
        &json!({"profile": profile, "credentials": {"password": {"value": "Corr3ct-horse-battery"}}}),
    )
}

#[test]
fn an_activation_that_is_going_on_is_waited_for() {
    let stage = Stage::contractors(&json!({}));
    staged_user(&stage);
    refuse(&stage, "POST", "/api/v1/users/*/lifecycle/activate", 403, "E0000112");
    let ran = play(&stage, "okta.activate_user(okta.get_user(\"jo@corp.example\"), #{ sendEmail: false });");
    ran.exits(0);
    assert_eq!(tries(&ran), 1, "{ran}");
    assert_eq!(stage.get("/api/v1/users/jo@corp.example")["status"], "ACTIVE");
}

#[test]
fn a_group_rule_that_is_being_worked_on_is_waited_for() {
    let stage = Stage::contractors(&json!({}));
    let group = stage.group("Ruled");
    let rule = stage.done(
        "POST",
        "/api/v1/groups/rules",
        &json!({"type": "group_rule", "name": "all", "conditions": {"expression": {"value": "user.lastName==\"Nobody\"", "type": "urn:okta:expression:1.0"}},
            "actions": {"assignUserToGroups": {"groupIds": [group]}}}),
    );
    refuse(&stage, "POST", "/api/v1/groups/rules/*/lifecycle/activate", 403, "E0000239");
    let script = format!("okta.activate_group_rule({});", rule["id"]);
    let ran = play(&stage, &script);
    ran.exits(0);
    assert_eq!(tries(&ran), 1, "{ran}");
}

#[test]
fn a_deletion_that_fails_within_okta_is_looked_at_and_tried_again() {
    let stage = Stage::contractors(&json!({}));
    let group = stage.group("Gone");
    refuse(&stage, "DELETE", "/api/v1/groups/*", 500, "E0000009");
    let ran = play(&stage, &format!("okta.delete_group(\"{group}\");"));
    ran.exits(0);
    assert_eq!(tries(&ran), 1, "{ran}");
    let (status, _) = stage.send("GET", &format!("/api/v1/groups/{group}"), &Value::Null);
    assert_eq!(status, 404);
}

#[test]
fn a_create_that_failed_within_okta_and_happened_is_not_sent_again() {
    let stage = Stage::contractors(&json!({}));
    stage.fault(&json!({"method": "POST", "path": "/api/v1/groups", "action": "cut_after"}));
    let ran = play(&stage, "okta.add_group(#{ profile: #{ name: \"Once\" } });");
    ran.exits(0);
    let org = stage.state();
    let groups = org["groups"].as_object().unwrap().values();
    let once = groups.filter(|group| group["name"] == "Once").count();
    assert_eq!(once, 1, "{ran}");
}

#[test]
fn a_refusal_that_stays_is_not_tried_again() {
    let stage = Stage::contractors(&json!({}));
    refuse(&stage, "POST", "/api/v1/groups", 403, "E0000006");
    let ran = play(&stage, "okta.add_group(#{ profile: #{ name: \"No\" } });");
    ran.exits(1).says(&["E0000006"]);
    assert_eq!(tries(&ran), 0, "{ran}");
}
