//! What a plan finds out: a wrong world, what cannot be taken back, what is not modelled; and how little it reads for it.

use serde_json::{Value, json};

use super::{moving, plan_of, planned, usual};
use crate::pair::{Org, Pair};
use crate::report::stands_alone;
use crate::stage::{ADA, BEN, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP};

/// The plan stops with these words, and nothing was written.
#[track_caller]
fn stops(stage: &Stage, parameters: &[String], words: &[&str]) {
    stage.forget_calls();
    let plan = planned(stage, parameters);
    plan.exits(1).says(words);
    assert_eq!(stage.calls_that_write(), 0, "{plan}");
}

#[test]
fn a_group_that_outranks_the_destination_is_found() {
    let stage = Stage::contractors(&json!({}));
    let lead = stage.provisioning_group("Lead", FROM, 0);
    stage.provisioning_group(TO_GROUP, TO, 1);
    stage.join(&lead, ADA);
    stops(&stage, &usual(ADA), &["ada.novak@corp.example has a group that outranks AD Users"]);
}

#[test]
fn a_rule_that_would_exclude_who_leaves_is_found() {
    let stage = Stage::contractors(&json!({}));
    let from = stage.provisioning_group(FROM_GROUP, FROM, 0);
    let rule = json!({"type": "group_rule", "name": "Contractors", "conditions": {"expression": {"value": "user.lastName==\"Novak\"",
        "type": "urn:okta:expression:1.0"}}, "actions": {"assignUserToGroups": {"groupIds": [from]}}});
    let rule = stage.done("POST", "/api/v1/groups/rules", &rule);
    let path = format!("/api/v1/groups/rules/{}/lifecycle/activate", rule["id"].as_str().unwrap());
    stage.done("POST", &path, &Value::Null);
    stops(&stage, &usual(ADA), &["active rules put users into AD User-Contractor"]);
    // Agreed to, the plan tells what leaving does to the rule.
    let mut agreed = usual(ADA);
    agreed.push("accept_rule_exclusions=true".to_owned());
    let plan = planned(&stage, &agreed);
    plan.exits(0).says(&["group rule", "conditions.people.users.exclude"]);
}

/// Ids in a body are of the org, whether or not the script has read them.
#[test]
fn a_rule_for_a_group_that_was_not_read_is_planned() {
    let stage = Stage::contractors(&json!({}));
    let (group, user) = (stage.group("Romans"), stage.user(BEN));
    let text = format!(
        "//! Make a rule.\nconst ORGS = #{{ okta: \"the org\" }};\nstep(\"Make\");\n\
         okta.create_group_rule(#{{ type: \"group_rule\", name: \"Romans\", conditions: #{{ \
         people: #{{ users: #{{ exclude: [\"{user}\"] }} }}, \
         expression: #{{ type: \"urn:okta:expression:1.0\", value: `user.city == \"Rome\"` }} }}, \
         actions: #{{ assignUserToGroups: #{{ groupIds: [\"{group}\"] }} }} }});\n"
    );
    stage.write("runbooks/rule.rhai", &text);
    stage.forget_calls();
    for command in ["plan", "run"] {
        assert_eq!(stage.calls_that_write(), 0);
        let ran = Ran::command(stage.command().args([command, "rule", "--yes"]).args(["--output", "json"]));
        ran.exits(0);
    }
    assert_eq!(stage.calls_that_write(), 1);
}

/// A script that takes a user out of his last provisioning group.
const TRAP: &str = r#"
//! Leave the only group.
const ORGS = #{ okta: "the org" };
step("Look");
let group = okta.list_groups(#{ search: "profile.name eq \"AD User-Contractor\"" }).first();
check(group != (), "there is the group");
step("Leave");
okta.unassign_user_from_group(group, "USER"OPTIONS);
step("Verify");
let app = okta.list_applications(#{ filter: "name eq \"active_directory\"" }).first();
check(okta.list_application_users(app).some(|user| user.id == "USER"), "he has his account still");
"#;

#[test]
fn the_trap_of_the_last_group_is_found() {
    let stage = Stage::contractors(&json!({}));
    let group = stage.provisioning_group(FROM_GROUP, FROM, 0);
    stage.join(&group, ADA);
    let user = stage.user(ADA);
    let path = format!("/api/v1/apps/{}/users/{user}", stage.app());
    stage.done("POST", &path, &json!({"scope": "GROUP"}));
    let planned_with = |options: &str| {
        let text = TRAP.replace("USER", &user).replace("OPTIONS", options);
        stage.write("runbooks/trap.rhai", &text);
        stage.forget_calls();
        Ran::command(stage.command().args(["plan", "trap"]))
    };
    planned_with("").exits(1).says(&["is the last group"]);
    let plan = planned_with(", #{ allow_without_group: true }");
    plan.exits(1).says(&[
        "app corp.example, user ada.novak@corp.example  is gone",
        "account Ada Novak",
        "enabled: true → false",
        "he has his account still",
    ]);
    assert_eq!(stage.calls_that_write(), 0, "{plan}");
}

#[test]
fn a_name_that_the_hub_has_is_found() {
    let pair = Pair::new();
    let group = json!({"profile": {"name": "Hub Research"}});
    pair.done(Org::Hub, "POST", "/api/v1/groups", &group);
    pair.forget_calls();
    let plan = pair.ran(&[
        "plan",
        "org2org/setup",
        "--org",
        "spoke=spoke",
        "--org",
        "hub=hub",
        "--param",
        "hub_token=env:TOKEN_OF_HUB",
        "--param",
        crate::pair::USERS,
        "--param",
        "groups=Hub Research",
    ]);
    plan.exits(1).says(&["hub already has a group Hub Research"]);
    assert_eq!(pair.writes(), 0, "{plan}");
}

#[test]
fn a_token_that_will_not_do_is_found() {
    let pair = Pair::new();
    pair.0.write("dead", "00dead-token-of-nobody");
    pair.forget_calls();
    let plan = pair.ran(&[
        "plan",
        "org2org/configure_provisioning",
        "--org",
        "spoke=spoke",
        "--org",
        "hub=hub",
        "--param",
        "hub_token=file:dead",
    ]);
    plan.exits(1).says(&["the given token is none of hub"]);
    assert_eq!(pair.writes(), 0, "{plan}");
}

#[test]
fn five_hundred_users_are_read_by_pages() {
    let stage = Stage::of(&json!({"contractors": 500}));
    stage.options(&json!({"limits": {"enabled": false}, "jobDelayMs": 0}));
    stage.provisioning_group(TO_GROUP, TO, 0);
    stage.provisioning_group(FROM_GROUP, FROM, 1);
    let org = stage.state();
    let users = org["users"].as_object().unwrap().values();
    let logins: Vec<&str> =
        users.map(|user| user["login"].as_str().unwrap()).filter(|login| !login.starts_with("sam.admin")).collect();
    stage.write("users.csv", &format!("login\n{}\n", logins.join("\n")));
    stage.forget_calls();
    let plan = plan_of(&stage, "@users.csv");
    assert_eq!((&plan["counts"]["will"], &plan["counts"]["may"]), (&json!(1000), &json!(1000)));
    assert_eq!(stage.calls_that_write(), 0);
    // Pages of 500 app users and 1000 members, and what is read once; not a call for each user.
    let calls = stage.calls(|_| true);
    assert!(calls < 40, "{calls} calls: {}", stage.get("/simulator/requests"));
    // One call for each user in the scarce bucket, and one for a page now and then.
    let costs = plan["costs"].as_array().unwrap();
    let apps = costs.iter().find(|cost| cost["bucket"] == "/api/v1/apps*").unwrap();
    let calls = apps["calls"].as_u64().unwrap();
    assert!((500..540).contains(&calls), "{apps}");
}

/// Policies are not modelled, nor is a Slack app.
const UNMODELLED: &str = r#"
//! Change what the simulator does not know.
const ORGS = #{ okta: "the org" };
step("Look");
check(true, "nothing to check");
step("Write");
let made = okta.create_network_zone(#{ type: "IP", name: "Office" });
okta.replace_network_zone(made.id, #{ type: "IP", name: "Branch" });
check(okta.get_network_zone(made.id).name == "Branch", "the zone was renamed");
let app = okta.create_application(#{ name: "slack", label: "Slack", signOnMode: "SAML_2_0", settings: #{ app: #{ domain: "x" } } });
okta.assign_group_to_application(app, okta.list_groups().first(), #{});
okta.deactivate_network_zone(made.id);
okta.delete_network_zone(made.id);
let gone = false;
try { okta.get_network_zone(made.id); } catch (err) { gone = err.status == 404; }
check(gone, "the zone is gone");
step("Know");
okta.add_group(#{ profile: #{ name: "After a guess" } });
"#;

#[test]
fn what_is_not_modelled_is_foretold_and_may_be_otherwise() {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/zones.rhai", UNMODELLED);
    stage.forget_calls();
    let plan = Ran::command(stage.command().args(["plan", "zones", "--output", "json"]));
    plan.exits(0);
    let told: Value = serde_json::from_str(&plan.stdout).unwrap();
    let steps = told["steps"].as_array().unwrap().iter();
    let deeds = steps.flat_map(|step| step["deeds"].as_array().unwrap());
    let certainties: Vec<&str> = deeds.map(|deed| deed["certainty"].as_str().unwrap()).collect();
    assert_eq!(certainties, ["may"; 7], "{plan}");
    assert_eq!(stage.calls_that_write(), 0, "{plan}");
}

/// Gives a user an attribute of the app that only the org's own schema defines.
const CUSTOM: &str = r#"
//! Write down a badge.
const ORGS = #{ okta: "the org" };
const PARAMS = #{ app: #{ type: "string", help: "id of the app" }, values: #{ type: "string", help: "as JSON" } };
step("Look");
let user = okta.list_application_users(params.app).first();
check(true, "nothing to check");
step("Write");
okta.update_application_user(params.app, user.id, #{ profile: parse_json(params.values) });
"#;

#[test]
fn attributes_that_the_org_has_defined_itself_are_known() {
    let stage = Stage::contractors(&json!({}));
    let badge = json!({"title": "Badge", "type": "string"});
    let schema = json!({"definitions": {"custom": {"properties": {"badge": badge}}}});
    let path = format!("/api/v1/meta/schemas/apps/{}/default", stage.app());
    stage.done("POST", &path, &schema);
    stage.write("runbooks/badge.rhai", CUSTOM);
    let plan = |attribute: &str| {
        let values = format!("values={}", json!({attribute: "7"}));
        let given = ["plan", "badge", "-p", &format!("app={}", stage.app()), "-p", &values];
        Ran::command(stage.command().args(given))
    };
    plan("badge").exits(0).says(&["update_application_user", "badge"]);
    plan("bagde").exits(1).says(&["'bagde' is not defined in profile"]);
}

#[test]
fn what_cannot_be_taken_back_and_what_is_asked_is_told_first() {
    let stage = Stage::contractors(&json!({}));
    let script = format!(
        "//! Deactivate.\nconst ORGS = #{{ okta: \"the org\" }};\nstep(\"Look\");\ncheck(true, \"all is well\");\n\
         step(\"Write\");\nokta.deactivate_user(\"{BEN}\");\n"
    );
    stage.write("runbooks/deactivate.rhai", &script);
    let plan = Ran::command(stage.command().args(["plan", "deactivate"]));
    plan.exits(0).says(&[
        "okta  deactivate_user  ben.okafor@corp.example",
        "cannot be taken back",
        "app corp.example, user ben.okafor@corp.example  is gone",
    ]);
    let page = Ran::command(stage.command().args(["plan", "deactivate", "--output", "html"]));
    page.exits(0).says(&["<!doctype html>", "Cannot be taken back", "deactivate_user"]);
    stage.write("plan.html", &page.stdout);
    stands_alone(&stage, &stage.folder().join("plan.html"), BEN);
    let asked = moving(&stage, &["plan", "ad/move_user_to_ou"], &usual(ADA));
    asked.exits(0).says(&["\"name\":\"update-ou\""]);
}

/// The words that the run asks with, which must come before its first write.
#[track_caller]
fn asked_before_writing(ran: &Ran) -> String {
    let events = ran.events();
    let first = |kind: &str| events.iter().position(|event| event["event"] == kind);
    let (asked, written) = (first("confirm").unwrap(), first("performed").unwrap());
    assert!(asked < written, "{ran}");
    events[asked]["words"].as_str().unwrap().to_owned()
}

#[test]
fn an_admin_role_of_the_former_group_is_told_with_who_loses_it() {
    let stage = Stage::contractors(&json!({}));
    let from = stage.provisioning_group(FROM_GROUP, FROM, 0);
    stage.provisioning_group(TO_GROUP, TO, 1);
    stage.join(&from, ADA);
    let roles = format!("/api/v1/groups/{from}/roles");
    stage.done("POST", &roles, &json!({"type": "HELP_DESK_ADMIN"}));
    let users = format!("{ADA},{BEN}");
    let loses = format!("Leaving {FROM_GROUP} also takes the admin role Help Desk Administrator from {ADA}");
    let gains = format!("{BEN} will have the admin role Help Desk Administrator");
    stage.forget_calls();
    planned(&stage, &usual(&users)).exits(0).says(&[&loses, &gains]);
    assert_eq!(stage.calls_that_write(), 0);
    let ran = stage.move_users(&[&format!("users={users}")]);
    ran.exits(0);
    let words = asked_before_writing(&ran);
    assert!(words.contains(&loses) && words.contains(&gains), "{words}");
}

#[test]
fn roles_that_the_token_may_not_see_are_told_as_not_known() {
    let stage = Stage::contractors(&json!({}));
    stage.provisioning_group(FROM_GROUP, FROM, 0);
    stage.fault(&json!({"action": "status", "status": 403, "errorCode": "E0000006", "times": 0,
        "path": "/api/v1/groups/{groupId}/roles"}));
    let unknown = format!("whether {FROM_GROUP} gives admin roles is not known");
    planned(&stage, &usual(ADA)).exits(0).says(&[&unknown]);
    let ran = stage.move_users(&[]);
    ran.exits(0);
    let words = asked_before_writing(&ran);
    assert!(words.contains(&unknown), "{words}");
    stage.assert_moved(ADA, &ran);
}
