//! A run takes away neither its operator's access nor the last super admin, whatever it executes, unless it is let.

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, Ran, Stage};

const ADMIN: &str = "sam.admin@corp.example";
const GUARD: &str = "--allow own-access";
const ALLOW: &[&str] = &["--allow", "own-access"];

const SUSPEND_ALL: &str = r#"//! Suspend everybody.
const ORGS = #{ okta: "the org" };
step("Suspend");
for user in okta.list_users() { okta.suspend_user(user.id); }
"#;

fn stage() -> Stage {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/suspend_all.rhai", SUSPEND_ALL);
    stage
}

fn eval(stage: &Stage, script: &str, more: &[&str]) -> Ran {
    let mut command = stage.command();
    Ran::command(command.args(["eval", script, "--yes"]).args(more))
}

fn by_app(stage: &Stage, script: &str) -> Ran {
    let mut command = stage.by_key(stage.command());
    Ran::command(command.args(["eval", script, "--yes"]))
}

fn newest_run(stage: &Stage) -> String {
    let runs = Ran::command(stage.command().args(["runs", "--output", "json"]));
    let runs: Value = serde_json::from_str(&runs.stdout).unwrap();
    runs[0]["run"].as_str().unwrap().to_owned()
}

fn status(stage: &Stage, login: &str) -> Value {
    let user = stage.user(login);
    stage.state()["users"][user]["status"].clone()
}

#[test]
fn a_runbook_that_suspends_everybody_stops_before_its_operator() {
    let stage = stage();
    let ran = Ran::command(stage.command().args(["run", "suspend_all", "--yes"]));
    ran.exits(1).says(&["whose sign-in this run uses", GUARD]);
    assert_eq!(status(&stage, ADMIN), "ACTIVE", "{ran}");
}

#[test]
fn a_plan_stops_where_its_run_would() {
    let stage = stage();
    let plan = |words: &[&str]| Ran::command(stage.command().arg("plan").args(words));
    plan(&["suspend_all"]).exits(1).says(&["whose sign-in this run uses"]);
    // Where it is allowed, the shadow ends the sign-in as the org would.
    plan(&["suspend_all", "--allow", "own-access"]).exits(1).says(&["E0000011"]);
}

#[test]
fn a_plan_shows_a_suspension_in_one_line() {
    let stage = stage();
    let text = SUSPEND_ALL.replace("okta.list_users()", &format!("[#{{ id: \"{ADA}\" }}]"));
    stage.write("runbooks/suspend_one.rhai", &text);
    let mut command = stage.command();
    let ran = Ran::command(command.args(["plan", "suspend_one", "--output", "json"]));
    ran.exits(0);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        plan["steps"][0]["deeds"][0]["changes"],
        json!([{"field": "status", "before": "ACTIVE", "after": "SUSPENDED"}]),
        "{ran}"
    );
    assert_eq!(status(&stage, ADA), "ACTIVE");
}

#[test]
fn what_is_allowed_is_done_and_stands_in_the_evidence() {
    let stage = stage();
    let ran = eval(&stage, r#"okta.suspend_user("me")"#, ALLOW);
    ran.exits(0).says(&[GUARD]);
    assert_eq!(status(&stage, ADMIN), "SUSPENDED", "{ran}");
    let run = newest_run(&stage);
    let report = Ran::command(stage.command().args(["runs", "report", &run, "--format", "markdown"]));
    report.exits(0).says(&[GUARD]);
}

/// Each is refused, however the user is named and the call is written.
#[test]
fn the_operator_is_known_by_every_name() {
    let stage = stage();
    let admin = stage.user(ADMIN);
    let role = stage.get(&format!("/api/v1/users/{admin}/roles"))[0]["id"].clone();
    let role = role.as_str().unwrap();
    let scripts = [
        format!("okta.deactivate_user(\"{ADMIN}\")"),
        format!("okta.delete_user(\"{admin}\")"),
        "okta.suspend_user(\"sam.admin\")".to_owned(),
        format!("let p = \"/api/v1/users/{admin}/lifecycle/deactivate\"; okta.post(p, ())"),
        format!("okta.unassign_role_from_user(\"{admin}\", \"{role}\")"),
        "okta.reset_factors(\"me\")".to_owned(),
        "okta.revoke_current_api_token()".to_owned(),
        "for token in okta.list_api_tokens() { okta.revoke_api_token(token.id); }".to_owned(),
    ];
    for script in scripts {
        stage.forget_calls();
        let ran = eval(&stage, &script, &[]);
        ran.says(&[GUARD]);
        assert_ne!(ran.code, Some(0), "{script}: {ran}");
        assert_eq!(stage.calls_that_write(), 0, "{script}: {ran}");
    }
    assert_eq!(status(&stage, ADMIN), "ACTIVE");
}

#[test]
fn what_concerns_others_passes() {
    let stage = stage();
    let ran = eval(&stage, &format!("okta.suspend_user(\"{ADA}\")"), &[]);
    ran.exits(0);
    assert_eq!(status(&stage, ADA), "SUSPENDED", "{ran}");
}

#[test]
fn a_service_app_leaves_the_last_super_admin_and_itself() {
    let stage = Stage::with_client(&json!({"label": "Runbooks", "roles": ["SUPER_ADMIN"]}));
    let admin = stage.user(ADMIN);
    let app = stage.service_app().0.to_owned();
    let suspend = format!("okta.suspend_user(\"{admin}\")");
    let ran = by_app(&stage, &suspend);
    ran.says(&["is the last active super admin of okta", GUARD]);
    assert_ne!(ran.code, Some(0), "{ran}");
    let ran = by_app(&stage, &format!("okta.deactivate_application(\"{app}\")"));
    ran.says(&["the app that this run signs in as", GUARD]);
    assert_eq!(status(&stage, ADMIN), "ACTIVE");
    // With another one it may; a suspended one is none.
    let ada = stage.user(ADA);
    stage.done("POST", &format!("/api/v1/users/{ada}/roles"), &json!({"type": "SUPER_ADMIN"}));
    stage.done("POST", &format!("/api/v1/users/{ada}/lifecycle/suspend"), &Value::Null);
    by_app(&stage, &suspend).says(&["is the last active super admin of okta"]);
    stage.done("POST", &format!("/api/v1/users/{ada}/lifecycle/unsuspend"), &Value::Null);
    by_app(&stage, &suspend).exits(0);
    assert_eq!(status(&stage, ADMIN), "SUSPENDED");
}

/// Makes a group whose members have this role.
fn group_with_role(stage: &Stage, name: &str, role: &str, members: &[&str]) -> (String, String) {
    let group = stage.group(name);
    for member in members {
        let path = format!("/api/v1/groups/{group}/users/{member}");
        stage.done("PUT", &path, &Value::Null);
    }
    let roles = format!("/api/v1/groups/{group}/roles");
    stage.done("POST", &roles, &json!({ "type": role }));
    let given = stage.get(&roles)[0]["id"].as_str().unwrap().to_owned();
    (group, given)
}

/// A user has the roles of the groups that the user is in.
#[test]
fn roles_that_the_operator_has_through_a_group_are_the_operators() {
    let stage = stage();
    let admin = stage.user(ADMIN);
    let ada = stage.user(ADA);
    let (group, role) = group_with_role(&stage, "App admins", "APP_ADMIN", &[&admin, &ada]);
    let through = "who has Application Administrator through the group";
    let scripts = [
        format!("okta.unassign_user_from_group(\"{group}\", \"{admin}\")"),
        format!("okta.unassign_user_from_group(\"{group}\", \"{ADMIN}\")"),
        format!("okta.delete_group(\"{group}\")"),
        format!("okta.unassign_role_from_group(\"{group}\", \"{role}\")"),
    ];
    for script in &scripts {
        stage.forget_calls();
        let ran = eval(&stage, script, &[]);
        ran.says(&[GUARD, through]);
        assert_ne!(ran.code, Some(0), "{script}: {ran}");
        assert_eq!(stage.calls_that_write(), 0, "{script}: {ran}");
    }
    // Others leave it; and one whom it gives nothing deletes it.
    let leave = |user: &str| format!("okta.unassign_user_from_group(\"{group}\", \"{user}\")");
    eval(&stage, &leave(&ada), &[]).exits(0);
    eval(&stage, &leave(&admin), ALLOW).exits(0);
    eval(&stage, &scripts[2], &[]).exits(0);
}

#[test]
fn a_service_app_leaves_the_group_that_makes_the_last_super_admin() {
    let stage = Stage::with_client(&json!({"label": "Runbooks", "roles": ["SUPER_ADMIN"]}));
    let (admin, ada, ben) = (stage.user(ADMIN), stage.user(ADA), stage.user(BEN));
    let members = [ada.as_str(), ben.as_str()];
    let (group, role) = group_with_role(&stage, "Super admins", "SUPER_ADMIN", &members);
    let own = stage.get(&format!("/api/v1/users/{admin}/roles"))[0]["id"].clone();
    let own = own.as_str().unwrap();
    let suspend = |user: &str| format!("okta.suspend_user(\"{user}\")");
    by_app(&stage, &suspend(&admin)).says(&["is the last active super admin of okta"]);
    by_app(&stage, &suspend(&ada)).exits(0);
    let leave = |user: &str| format!("okta.unassign_user_from_group(\"{group}\", \"{user}\")");
    by_app(&stage, &leave(&ada)).exits(0);
    let path = format!("/api/v1/users/{admin}/roles/{own}");
    stage.done("DELETE", &path, &Value::Null);
    let scripts = [
        (leave(&ben), "is the last active super admin of okta"),
        (leave(BEN), "is the last active super admin of okta"),
        (suspend(&ben), "is the last active super admin of okta"),
        (format!("okta.delete_group(\"{group}\")"), "no active super admin of okta is left without the group's role"),
        (
            format!("okta.unassign_role_from_group(\"{group}\", \"{role}\")"),
            "no active super admin of okta is left without the group's role",
        ),
    ];
    let before = stage.state();
    for (script, why) in scripts {
        by_app(&stage, &script).says(&[GUARD, why]);
    }
    let after = stage.state();
    for part in ["users", "groups", "roles"] {
        assert_eq!(after[part], before[part], "{part}");
    }
}

/// Both are looked at before either is gone, where lanes work side by side.
#[test]
fn lanes_do_not_count_on_each_others_admins() {
    let stage = Stage::with_client(&json!({"label": "Runbooks", "roles": ["SUPER_ADMIN"]}));
    let (admin, ada) = (stage.user(ADMIN), stage.user(ADA));
    stage.done("POST", &format!("/api/v1/users/{ada}/roles"), &json!({"type": "SUPER_ADMIN"}));
    stage.options(&json!({"latencyMs": 50}));
    let script = format!("each([\"{admin}\", \"{ada}\"], |user| okta.suspend_user(user))");
    by_app(&stage, &script).says(&["is the last active super admin of okta"]);
    let statuses = [status(&stage, ADMIN), status(&stage, ADA)];
    assert!(statuses.contains(&json!("ACTIVE")), "{statuses:?}");
}

/// A run that gave its own operator a role is not taken back in that.
#[test]
fn an_undo_leaves_the_operators_role() {
    let stage = stage();
    let admin = stage.user(ADMIN);
    let given = format!("okta.assign_role_to_user(\"{admin}\", #{{ type: \"ORG_ADMIN\" }})");
    eval(&stage, &given, &[]).exits(0);
    let run = newest_run(&stage);
    let mut command = stage.command();
    let ran = Ran::command(command.args(["undo", &run, "--yes"]));
    ran.exits(6).says(&["whose sign-in this run uses"]);
    let roles = stage.get(&format!("/api/v1/users/{admin}/roles"));
    assert_eq!(roles.as_array().map(Vec::len), Some(2), "{ran}");
}
