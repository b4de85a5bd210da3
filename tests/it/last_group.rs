//! Nobody is left without a group by which an app provisions them, unless a script says so.

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP};

const CHLOE: &str = "chloe.dubois@corp.example";
const HEADER: &str = "//! Leave.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\nstep(\"Leave\");\nlet group = okta.list_groups(#{ search: `profile.name eq \"AD Users\"` }).first();\nlet ada = okta.get_user(\"ada.novak@corp.example\");\nlet app = okta.list_applications(#{ filter: \"name eq \\\"active_directory\\\"\" }).first();\n";
const LEAVE: &str = "okta.unassign_user_from_group(group, ada);";

fn write(stage: &Stage, script: &str) {
    stage.write("runbooks/leave.rhai", &[HEADER, script].concat());
}

fn play(stage: &Stage, script: &str) -> Ran {
    write(stage, script);
    Ran::command(stage.command().args(["run", "leave", "--yes"]))
}

fn undo(stage: &Stage, ran: &Ran) -> Ran {
    let run = crate::org2org::run_id(ran);
    Ran::command(stage.command().args(["undo", &run, "--yes"]))
}

/// Ada has the AD instance through the one group that she is in.
fn by_one_group() -> Stage {
    let stage = Stage::contractors(&json!({}));
    let group = stage.provisioning_group(TO_GROUP, TO, 0);
    stage.join(&group, ADA);
    by_group(&stage, ADA);
    stage
}

/// Turns the individual assignment of a user into one by groups.
fn by_group(stage: &Stage, login: &str) {
    let path = format!("/api/v1/apps/{}/users/{}", stage.app(), stage.user(login));
    stage.done("POST", &path, &json!({"scope": "GROUP"}));
}

fn stranded(stage: &Stage) -> Value {
    stage.get("/simulator/stranded")
}

#[track_caller]
fn is_refused(stage: &Stage, ran: &Ran) {
    assert_ne!(ran.code, Some(0), "{ran}");
    ran.says(&[ADA, "is the last group", "allow_without_group: true"]);
    assert_eq!(stage.provisioning_groups(ADA), [TO_GROUP], "{ran}");
    assert_eq!(stranded(stage), json!([]), "{ran}");
}

#[test]
fn a_removal_from_the_last_group_is_refused_whatever_the_way_to_it() {
    let ways = [
        LEAVE,
        "okta.delete(`/api/v1/groups/${group.id}/users/${ada.id}`);",
        "okta.delete(`/api/v1/groups/${group.id}/users/ada.novak%40corp.example`);",
        "let path = `/API/v1/%67roups/${group.id}/Users/`; okta.delete(path + ada.id);",
        "each([ada], #{ key: \"id\" }, |user| okta.unassign_user_from_group(group, user));",
        "okta.unassign_user_from_group(group, ada, #{ allow_without_group: false });",
        "okta.unassign_user_from_group(group, \"ada.novak@corp.example\");",
        "okta.unassign_application_from_group(app, group);",
        "okta.delete_group(group);",
        "okta.delete(`/api/v1/groups/${group.id}`);",
    ];
    let stage = by_one_group();
    for way in ways {
        is_refused(&stage, &play(&stage, way));
    }
    // A path that is none goes nowhere.
    let ran = play(&stage, "let path = `/api/v1/groups/${group.id}/users/`; okta.delete(path + ada.id + \"/\");");
    ran.exits(1).says(&["has an empty part"]);
    assert!(!stage.provisioning_groups(ADA).is_empty(), "{ran}");
}

#[test]
fn a_rule_does_not_take_its_members_along_from_their_last_group() {
    let stage = by_one_group();
    let groups = stage.get("/api/v1/groups?q=AD%20Users");
    let group = groups[0]["id"].as_str().unwrap();
    let expression = json!({"type": "urn:okta:expression:1.0", "value": format!("user.login == \"{ADA}\"")});
    let rule = json!({"type": "group_rule", "name": "Ours", "conditions": {"expression": expression},
        "actions": {"assignUserToGroups": {"groupIds": [group]}}});
    let rule = stage.done("POST", "/api/v1/groups/rules", &rule)["id"].as_str().unwrap().to_owned();
    for way in [
        format!("okta.delete_group_rule(\"{rule}\", #{{ removeUsers: true }});"),
        format!("okta.delete(\"/api/v1/groups/rules/{rule}\", #{{ removeUsers: true }});"),
    ] {
        is_refused(&stage, &play(&stage, &way));
        assert_eq!(stage.get(&format!("/api/v1/groups/rules/{rule}"))["id"], rule.as_str());
    }
    let way = format!("okta.delete_group_rule(\"{rule}\", #{{ removeUsers: true, allow_without_group: true }});");
    play(&stage, &way).exits(0);
}

#[test]
fn a_rule_of_several_groups_takes_nobody_out_of_all_of_them() {
    let stage = by_one_group();
    let other = stage.provisioning_group(FROM_GROUP, FROM, 1);
    stage.join(&other, ADA);
    let groups = stage.get("/api/v1/groups?q=AD%20Users");
    let expression = json!({"type": "urn:okta:expression:1.0", "value": format!("user.login == \"{ADA}\"")});
    let rule = json!({"type": "group_rule", "name": "Both", "conditions": {"expression": expression},
        "actions": {"assignUserToGroups": {"groupIds": [groups[0]["id"], other]}}});
    let rule = stage.done("POST", "/api/v1/groups/rules", &rule)["id"].as_str().unwrap().to_owned();
    let ran = play(&stage, &format!("okta.delete_group_rule(\"{rule}\", #{{ removeUsers: true }});"));
    assert_ne!(ran.code, Some(0), "{ran}");
    ran.says(&[ADA, "are the last groups", "allow_without_group: true"]);
    assert_eq!(stage.provisioning_groups(ADA).len(), 2, "{ran}");
    assert_eq!(stage.get(&format!("/api/v1/groups/rules/{rule}"))["id"], rule.as_str());
}

#[test]
fn a_session_is_refused_alike_and_a_plan_says_so() {
    let stage = by_one_group();
    let group = stage.state()["groups"].clone();
    let groups = group.as_object().unwrap().iter();
    let mut named = groups.filter(|(_, group)| group["name"] == TO_GROUP);
    let line = format!("okta.unassign_user_from_group(\"{}\", \"{}\")", named.next().unwrap().0, stage.user(ADA));
    let ran = Ran::command(stage.command().args(["eval", "--yes", &line]));
    is_refused(&stage, &ran);
    write(&stage, LEAVE);
    let planned = Ran::command(stage.command().args(["plan", "leave"]));
    is_refused(&stage, &planned);
}

#[test]
fn a_script_that_says_so_takes_a_user_out_of_the_last_group() {
    for way in [
        "okta.unassign_user_from_group(group, ada, #{ allow_without_group: true });",
        "okta.delete(`/api/v1/groups/${group.id}/users/${ada.id}`, #{ allow_without_group: true });",
        "okta.unassign_application_from_group(app, group, #{ allow_without_group: true });",
        "okta.delete_group(group, #{ allow_without_group: true });",
    ] {
        let stage = by_one_group();
        play(&stage, way).exits(0);
        assert!(stage.provisioning_groups(ADA).is_empty(), "{way}");
        assert_eq!(stage.app_user(ADA), Value::Null, "{way}");
    }
}

#[test]
fn who_is_in_another_group_or_assigned_individually_leaves() {
    let stage = by_one_group();
    let other = stage.provisioning_group(FROM_GROUP, FROM, 1);
    stage.join(&other, ADA);
    play(&stage, LEAVE).exits(0);
    assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP]);
    assert_ne!(stage.app_user(ADA), Value::Null);

    let stage = Stage::contractors(&json!({}));
    let group = stage.provisioning_group(TO_GROUP, TO, 0);
    stage.join(&group, ADA);
    play(&stage, LEAVE).exits(0);
    assert_ne!(stage.app_user(ADA), Value::Null);
}

#[test]
fn a_user_who_is_to_stay_in_a_group_leaves_no_other_without_being_in_it() {
    let stage = by_one_group();
    let other = stage.provisioning_group(FROM_GROUP, FROM, 1);
    stage.join(&other, ADA);
    let third = stage.provisioning_group("AD Others", "OU=Others,DC=corp,DC=example", 2);
    let leave = format!("okta.unassign_user_from_group(group, ada, #{{ stays_in: \"{third}\" }});");
    let ran = play(&stage, &leave);
    assert_ne!(ran.code, Some(0), "{ran}");
    ran.says(&["no longer in AD Others"]);
    assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP, TO_GROUP]);
    stage.join(&third, ADA);
    play(&stage, &leave).exits(0);
}

#[test]
fn an_undo_takes_away_what_the_run_brought_and_nothing_else() {
    let join = "okta.assign_user_to_group(group, ada);";
    // The run brings her assignment: she had none.
    let stage = Stage::contractors(&json!({}));
    stage.provisioning_group(TO_GROUP, TO, 0);
    let path = format!("/api/v1/apps/{}/users/{}", stage.app(), stage.user(ADA));
    stage.done("DELETE", &path, &Value::Null);
    let ran = play(&stage, join);
    ran.exits(0);
    assert_ne!(stage.app_user(ADA), Value::Null);
    undo(&stage, &ran).exits(0);
    assert_eq!(stage.app_user(ADA), Value::Null);

    // She had it by another group, which somebody has taken her out of since.
    let stage = by_one_group();
    let other = stage.provisioning_group(FROM_GROUP, FROM, 1);
    let joins = format!("okta.assign_user_to_group(\"{other}\", ada);");
    std::thread::sleep(std::time::Duration::from_secs(3));
    let ran = play(&stage, &joins);
    ran.exits(0);
    let org = stage.state();
    let mut groups = org["groups"].as_object().unwrap().iter();
    let to = groups.find(|(_, group)| group["name"] == TO_GROUP).unwrap().0;
    let path = format!("/api/v1/groups/{to}/users/{}", stage.user(ADA));
    stage.done("DELETE", &path, &Value::Null);
    let undone = undo(&stage, &ran);
    undone.exits(6).says(&["is the last group"]);
    assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP]);
    assert_eq!(stranded(&stage), json!([]));
}

/// Has the org refuse these reads to the token's owner.
fn forbid(stage: &Stage, path: &str) {
    stage.fault(&json!({"method": "GET", "path": path, "exact": true, "action": "status", "status": 403, "errorCode": "E0000006",
        "errorSummary": "You do not have permission", "times": 0}));
}

fn allow_all(stage: &Stage) {
    stage.done("DELETE", "/simulator/faults", &Value::Null);
}

#[test]
fn a_removal_that_cannot_be_looked_at_is_refused_with_what_to_do() {
    let stage = by_one_group();
    let other = stage.provisioning_group(FROM_GROUP, FROM, 1);
    stage.join(&other, ADA);
    for (path, way) in [
        ("/api/v1/apps/*/groups", LEAVE),
        ("/api/v1/apps/*/groups", "okta.delete_group(group);"),
        ("/api/v1/apps/*/users", "okta.delete_group(group);"),
        ("/api/v1/groups/*/users", "okta.delete_group(group);"),
        ("/api/v1/apps/*", "okta.unassign_application_from_group(app, group);"),
    ] {
        forbid(&stage, path);
        let ran = play(&stage, way);
        assert_ne!(ran.code, Some(0), "{way}: {ran}");
        ran.says(&["was not sent", "cannot be seen", "a role that may view the apps", "allow_without_group: true"]);
        allow_all(&stage);
        assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP, TO_GROUP]);
    }
    forbid(&stage, "/api/v1/apps/*/groups");
    let allowed = "okta.unassign_user_from_group(group, ada, #{ allow_without_group: true });";
    play(&stage, allowed).exits(0);
    assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP]);
}

#[test]
fn who_may_not_see_the_apps_of_groups_takes_users_out_but_of_those_that_a_script_says_to_provision() {
    let stage = by_one_group();
    let other = stage.provisioning_group(FROM_GROUP, FROM, 1);
    stage.join(&other, ADA);
    forbid(&stage, "/api/v1/groups/*/apps");
    let stays = format!("okta.unassign_user_from_group(group, ada, #{{ stays_in: \"{other}\" }});");
    let ran = play(&stage, &stays);
    assert_ne!(ran.code, Some(0), "{ran}");
    ran.says(&["cannot be seen", "list_assigned_applications_for_group"]);
    assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP, TO_GROUP]);
    let ran = play(&stage, LEAVE);
    ran.exits(0).says(&["may not list the apps of a group"]);
    assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP]);
}

#[test]
fn a_missing_scope_refuses_a_removal_and_is_named() {
    let client = json!({"label": "Runbooks", "roles": ["SUPER_ADMIN"],
        "scopes": ["okta.groups.manage", "okta.users.read"]});
    let stage = Stage::with_client(&client);
    let group = stage.provisioning_group(TO_GROUP, TO, 0);
    stage.join(&group, ADA);
    by_group(&stage, ADA);
    let ada = stage.user(ADA);
    // By a path that a check of the text cannot see.
    let script = format!(
        "//! Leave.\nconst ORGS = #{{ okta: \"the org\" }};\nstep(\"Leave\");\nlet path = [\"/api/v1/groups/{group}/users/{ada}\"];\nokta.delete(path[0]);\n"
    );
    stage.write("runbooks/leave.rhai", &script);
    let mut command = stage.by_key(stage.command());
    let ran = Ran::command(command.args(["run", "leave", "--yes"]));
    ran.exits(1).says(&["was not sent", "grant the app okta.apps.read"]);
    assert_eq!(stage.provisioning_groups(ADA), [TO_GROUP], "{ran}");
}

#[test]
fn a_user_does_not_leave_for_a_group_that_is_gone() {
    let stage = by_one_group();
    let third = stage.provisioning_group("AD Others", "OU=Others,DC=corp,DC=example", 2);
    stage.done("DELETE", &format!("/api/v1/groups/{third}"), &Value::Null);
    for option in ["", ", allow_without_group: true"] {
        let leave = format!("okta.unassign_user_from_group(group, ada, #{{ stays_in: \"{third}\"{option} }});");
        let ran = play(&stage, &leave);
        assert_ne!(ran.code, Some(0), "{ran}");
        ran.says(&[&format!("the group {third} no longer exists in okta")]);
        assert_eq!(stage.provisioning_groups(ADA), [TO_GROUP], "{ran}");
    }
}

/// Takes a user out of the destination while others leave the former group.
fn move_while_one_is_taken_out(directory: crate::stage::Directory) {
    let stage = Stage::contractors(&json!({}));
    stage.set_directory(directory);
    let users = format!("users={ADA},{BEN},{CHLOE}");
    let ran = stage.move_while(&[&users], |event| {
        let leaves = event["event"] == "step" && event["title"] == "Leave the group of the former OU";
        if leaves {
            let org = stage.state();
            let mut groups = org["groups"].as_object().unwrap().iter();
            let to = groups.find(|(_, group)| group["name"] == TO_GROUP).unwrap().0;
            let path = format!("/api/v1/groups/{to}/users/{}", stage.user(CHLOE));
            stage.done("DELETE", &path, &Value::Null);
            stage.options(&json!({"latencyMs": 0}));
        } else if event["event"] == "performed" && event["operation"] == "assign_user_to_group" {
            // What comes after is slow enough for somebody to act in between.
            stage.options(&json!({"latencyMs": 150}));
        }
    });
    assert_eq!(stranded(&stage), json!([]), "{ran}");
    assert_eq!(ran.code, Some(3), "{ran}");
    ran.says(&["the user is no longer in AD Users"]);
    assert_eq!(stage.provisioning_groups(CHLOE), [FROM_GROUP], "{ran}");
    for login in [ADA, BEN] {
        assert_eq!(stage.provisioning_groups(login), [TO_GROUP], "{ran}");
    }
}

#[test]
fn a_move_looks_at_the_destination_again_before_a_user_leaves() {
    move_while_one_is_taken_out(crate::stage::Directory::Configured);
}

#[test]
fn it_looks_again_without_a_directory_too() {
    move_while_one_is_taken_out(crate::stage::Directory::Absent);
}

/// Lists are read for many removals, not one by one for each.
#[test]
fn many_removals_are_looked_at_by_pages() {
    let users = 60;
    let stage = Stage::of(&json!({ "contractors": users }));
    stage.options(&json!({"limits": {"enabled": false}, "jobDelayMs": 0}));
    let to = stage.provisioning_group(TO_GROUP, TO, 0);
    let from = stage.provisioning_group(FROM_GROUP, FROM, 1);
    let script = format!(
        "let all = okta.list_application_users(app, #{{ limit: 500 }}).all();
each(all, #{{ key: \"id\" }}, |user| {{ okta.assign_user_to_group(\"{to}\", user); okta.assign_user_to_group(\"{from}\", user); okta.update_application_user(app, user, #{{ scope: \"GROUP\" }}) }});
step(\"Out\");
okta.list_group_users(\"{to}\", #{{ limit: 1000 }}).all(); okta.list_group_users(\"{from}\", #{{ limit: 1000 }}).all();
each(all, #{{ key: \"id\" }}, |user| okta.unassign_user_from_group(\"{from}\", user));"
    );
    write(&stage, &script);
    let mut before = 0;
    let mut command = stage.command();
    command.args(["run", "leave", "--yes", "--output", "json"]);
    let ran = crate::stage::watched(&mut command, |event| {
        if event["event"] == "step" && event["title"] == "Out" {
            before = stage.calls(|method| method == "GET");
        }
    });
    ran.exits(0);
    let reads = stage.calls(|method| method == "GET") - before;
    assert!(reads < 20, "{reads} reads for {users} removals");
    assert_eq!(stranded(&stage), json!([]));
}
