//! A run that is held to a plan: it does just that, or it says what has drifted.

use serde_json::{Value, json};

use super::usual;
use crate::stage::{ADA, BEN, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP, at_terminal};

const FILE: &str = "move.plan.json";

/// A stage whose groups are there already, and a saved plan to move Ada and Ben.
fn saved() -> Stage {
    let stage = Stage::contractors(&json!({}));
    stage.provisioning_group(TO_GROUP, TO, 0);
    stage.provisioning_group(FROM_GROUP, FROM, 1);
    save(&stage);
    stage
}

fn save(stage: &Stage) -> Ran {
    let mut command = stage.command();
    command.args(["plan", "ad/move_user_to_ou", "--out", FILE, "--force"]);
    for parameter in usual(&format!("{ADA},{BEN}")) {
        command.args(["--param", &parameter]);
    }
    let ran = Ran::command(&mut command);
    ran.exits(0);
    ran
}

fn run(stage: &Stage, more: &[&str]) -> Ran {
    let mut command = stage.command();
    command.args(["run", "--plan", FILE, "--yes", "--attest", "all"]);
    Ran::command(command.args(more))
}

/// What was done makes the plan unfit, says so by name, and nothing is written.
#[track_caller]
fn is_refused(stage: &Stage, more: &[&str], words: &[&str]) {
    stage.forget_calls();
    let ran = run(stage, more);
    ran.exits(2).says(words);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
}

#[test]
fn a_run_does_what_its_plan_says_and_its_evidence_names_it() {
    let stage = saved();
    let ran = run(&stage, &["--output", "json"]);
    ran.exits(0);
    for login in [ADA, BEN] {
        stage.assert_moved(login, &ran);
    }
    let plan = ran.events_of("planned");
    assert_eq!((plan.len(), &plan[0]["writes"]), (1, &json!(8)), "{ran}");
    let id = ran.outcome()["run"].as_str().unwrap().to_owned();
    for format in ["html", "json", "markdown"] {
        let words = ["runs", "report", &id, "--format", format];
        let report = Ran::command(stage.command().args(words));
        report.exits(0).says(&[plan[0]["plan"].as_str().unwrap()]);
    }
    // It is done: the same plan again is another one now.
    is_refused(&stage, &[], &["no longer planned so"]);
}

#[test]
fn a_plan_with_new_things_is_done_with_their_real_ids() {
    let stage = Stage::contractors(&json!({}));
    save(&stage);
    let ran = run(&stage, &[]);
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
}

#[test]
fn every_drift_is_named() {
    let stage = saved();
    let app = stage.app();
    let group = |name: &str| {
        let org = stage.state();
        let groups = org["groups"].as_object().unwrap().clone();
        let found = groups.into_iter().find(|(_, group)| group["name"] == name);
        found.unwrap().0
    };
    let to = group(TO_GROUP);
    // The order of groups.
    let path = format!("/api/v1/apps/{app}/groups/{to}");
    let body = json!({"priority": 7, "profile": {"organizationalUnit": TO}});
    stage.done("PUT", &path, &body);
    is_refused(&stage, &[], &[&format!("group {TO_GROUP}"), "priority changed"]);
    save(&stage);
    // A user.
    let user = stage.user(ADA);
    let profile = json!({"profile": {"title": "Lead"}});
    stage.done("POST", &format!("/api/v1/users/{user}"), &profile);
    is_refused(&stage, &[], &[&format!("user {ADA}"), "profile changed"]);
    save(&stage);
    // A membership.
    stage.join(&to, ADA);
    is_refused(&stage, &[], &["new: AD Users"]);
    save(&stage);
    // The directory: somebody takes the name in the destination.
    stage.deed(&json!({"do": "create_account", "organizationalUnit": TO, "firstName": "Ben", "lastName": "Okafor",
        "userPrincipalName": "other@corp.example", "samAccountName": "other"}));
    is_refused(&stage, &[], &["has another account named Ben Okafor"]);
}

#[test]
fn another_runbook_parameter_or_org_is_refused() {
    let stage = saved();
    is_refused(&stage, &["org2org/setup"], &["the plan is one of ad/move_user_to_ou, not of org2org/setup"]);
    is_refused(
        &stage,
        &["--param", &format!("users={ADA}")],
        &["what runs was changed since the plan was made", "-    \"ben.okafor@corp.example\""],
    );
    let text = Ran::command(stage.command().args(["copy", "ad/move_user_to_ou"]));
    text.exits(0);
    let path = stage.folder().join("runbooks/ad/move_user_to_ou.rhai");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("step(\"Check the OUs and the groups that provision to them\")", "step(\"Look\")"),
    )
    .unwrap();
    is_refused(&stage, &[], &["what runs was changed", "+step(\"Look\");"]);
    std::fs::remove_file(&path).unwrap();
    let other = Stage::contractors(&json!({}));
    let mut command = stage.command();
    command.env("OKTA_CLIENT_ORGURL", other.url());
    command.args(["run", "--plan", FILE, "--yes", "--attest", "all"]);
    let ran = Ran::command(&mut command);
    ran.exits(2).says(&["the plan is of", "name the profile of that org"]);
}

#[test]
fn what_is_no_plan_is_told() {
    let stage = Stage::contractors(&json!({}));
    stage.write(FILE, "{\"format\": 1}");
    is_refused(&stage, &[], &["is no plan of okta-runbook"]);
    let missing = ["run", "--plan", "none.json", "--yes"];
    let ran = Ran::command(stage.command().args(missing));
    ran.exits(2).says(&["cannot read the plan none.json"]);
}

/// A script whose next write depends on what nobody has planned for.
const SWAYED: &str = r#"
//! Make groups.
const ORGS = #{ okta: "the org" };
step("Look");
let group = okta.list_groups(#{ search: "profile.name eq \"Swayed\"" }).first();
check(group != (), "there is the group");
step("Write");
okta.add_group(#{ profile: #{ name: "One" } });
let now = okta.list_group_users(group).len();
if now > 0 { okta.add_group(#{ profile: #{ name: "Two" } }); }
"#;

#[test]
fn the_first_write_that_is_not_in_the_plan_ends_the_run() {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/swayed.rhai", SWAYED);
    let group = stage.group("Swayed");
    let words = ["plan", "swayed", "--out", FILE];
    Ran::command(stage.command().args(words)).exits(0);
    // Between the look at the drift and the write that it sways.
    let joined = std::cell::Cell::new(false);
    let mut command = stage.command();
    command.args(["run", "--plan", FILE, "--yes", "--output", "json"]);
    let ran = crate::stage::watched(&mut command, |event| {
        if event["event"] == "planned" && !joined.replace(true) {
            stage.join(&group, ADA);
        }
    });
    ran.exits(1).says(&["not in the plan: add_group /api/v1/groups in okta"]);
    let names: Vec<Value> =
        stage.state()["groups"].as_object().unwrap().values().map(|group| group["name"].clone()).collect();
    assert!(names.contains(&json!("One")) && !names.contains(&json!("Two")), "{names:?}");
    // Taken up again it is held to the same plan.
    let id = ran.outcome()["run"].as_str().unwrap().to_owned();
    let again = Ran::command(stage.command().args(["resume", &id, "--yes"]));
    again.exits(1).says(&["not in the plan"]);
}

#[test]
fn a_person_sees_the_plan_before_the_run() {
    let stage = Stage::contractors(&json!({}));
    let mut command = stage.moving(&["--attest", "all"]);
    let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
    let arguments = arguments.iter().filter(|word| *word != "--output" && *word != "json");
    let mut told = stage.command();
    told.args(arguments);
    command = told;
    let mut terminal = at_terminal(&command);
    terminal.exp_string("What follows in the background").unwrap();
    terminal.exp_string("Do this?").unwrap();
    terminal.send_line("n").unwrap();
    terminal.exp_eof().unwrap();
    assert_eq!(stage.calls_that_write(), 0);
    let mut terminal = at_terminal(&command);
    terminal.exp_string("Do this?").unwrap();
    terminal.send_line("y").unwrap();
    terminal.exp_string("held to the plan").unwrap();
    let said = terminal.exp_eof().unwrap();
    assert!(said.contains("Succeeded"), "{said}");
}
