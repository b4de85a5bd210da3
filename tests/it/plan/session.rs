//! `:plan` in a session: things are tried on shadows, then sent or dropped.

use serde_json::{Value, json};

use super::usual;
use crate::prompt::Person;
use crate::stage::{ADA, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP};

/// What a piped session on the stage's org comes to.
fn session(stage: &Stage, more: &[&str], lines: &[&str]) -> Ran {
    let mut command = stage.command();
    command.arg("repl").args(more);
    stage.write("lines", &lines.join("\n"));
    command.stdin(std::fs::File::open(stage.folder().join("lines")).unwrap());
    Ran::command(&mut command)
}

fn group_named(stage: &Stage, name: &str) -> Option<Value> {
    let org = stage.state();
    let groups = org["groups"].as_object().unwrap();
    groups.values().find(|group| group["name"] == name).cloned()
}

const MAKE: &str = "let night = okta.add_group(#{ profile: #{ name: \"Night\" } });";

fn join() -> String {
    format!("okta.assign_user_to_group(night, okta.get_user(\"{ADA}\"));")
}

#[test]
fn nothing_reaches_the_org_and_off_drops_it_all() {
    let stage = Stage::contractors(&json!({}));
    let ran = session(
        &stage,
        &[],
        &[
            "let kept = 1;",
            ":plan on",
            MAKE,
            &join(),
            "[night.id, okta.list_group_users(night).len()]",
            ":plan show",
            ":plan off",
            "okta.list_groups(#{ search: \"profile.name eq \\\"Night\\\"\" }).len() + kept",
            "night",
        ],
    );
    ran.exits(1).says(&["00gPLANNED", "add_group", "assign_user_to_group", "2 writes dropped", "\n1\n", "night"]);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
}

#[test]
fn what_was_planned_is_sent_and_has_its_real_ids() {
    let stage = Stage::contractors(&json!({}));
    let show = "`id ${night.id}`";
    let lines = [":plan on", MAKE, &join(), show, ":plan apply", show];
    let ran = session(&stage, &["--yes"], &lines);
    ran.exits(0).says(&["id 00gPLANNED", "2 writes sent as run"]);
    let shown = ran.to_string();
    let last = shown.lines().rfind(|line| line.starts_with("id 00g"));
    let id = last.unwrap().trim_start_matches("id ").to_owned();
    assert!(!id.contains("PLANNED"), "{ran}");
    let (_, members) = stage.send("GET", &format!("/api/v1/groups/{id}/users"), &Value::Null);
    assert_eq!(members[0]["profile"]["login"], ADA, "{ran}");
    let run = shown.split("okta-runbook undo ").nth(1).unwrap();
    let run = run.split_whitespace().next().unwrap();
    Ran::command(stage.command().args(["undo", run, "--yes"])).exits(0);
    assert_eq!(group_named(&stage, "Night"), None);
}

#[test]
fn a_plan_is_sent_when_a_person_agrees() {
    let stage = Stage::contractors(&json!({}));
    let ran = session(&stage, &[], &[":plan on", MAKE, ":plan apply"]);
    ran.exits(2).says(&["nobody is there to agree", "--yes", "the plan was not sent: 1 write dropped"]);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
    let mut person = at(&stage);
    person.enters(":plan on");
    person.is_asked().sees("plan: okta");
    person.enters(MAKE);
    person.is_asked().enters(":plan apply").sees("Send 1 write?");
    person.enters("n");
    person.is_asked().enters(":plan apply").sees("Send 1 write?");
    person.enters("y").sees("1 write sent as run");
    person.leaves();
    assert!(group_named(&stage, "Night").is_some());
}

fn at(stage: &Stage) -> Person {
    let environment =
        [("OKTA_CLIENT_ORGURL", stage.url()), ("OKTA_CLIENT_TOKEN", stage.token()), ("AD_PASSWORD", stage.password())];
    Person::begins(stage.folder(), &["repl"], &environment)
}

/// A runbook that was tried is sent as a run of its own, and has its switches attested first.
#[test]
fn a_runbook_of_a_plan_is_sent_as_a_run_of_its_own() {
    let stage = Stage::contractors(&json!({}));
    let run = format!(
        ":run ad/move_user_to_ou users={ADA} directory=corp.example from_group=\"{FROM_GROUP}\" from_ou={FROM} to_group=\"{TO_GROUP}\" to_ou={TO}"
    );
    let unattested = session(&stage, &["--yes"], &[":plan on", &run, ":plan apply"]);
    unattested.exits(2).says(&["it is not attested that", "--attest update-ou"]);
    assert_eq!(stage.calls_that_write(), 0, "{unattested}");
    let run = format!("{run} --attest update-ou");
    let ran = session(&stage, &["--yes"], &[":plan on", &run, ":plan apply"]);
    ran.exits(0).says(&["writes sent as run"]);
    assert!(!ran.said().contains("0 writes"), "{ran}");
    stage.assert_moved(ADA, &ran);
    let said = ran.said();
    let undo = said.split("okta-runbook undo ").nth(1).unwrap();
    let id = undo.split_whitespace().next().unwrap();
    Ran::command(stage.command().args(["undo", id, "--yes"])).exits(0);
    assert!(stage.account(ADA).unwrap().dn.ends_with(FROM));
}

#[test]
fn what_would_be_otherwise_by_now_is_not_sent() {
    let stage = Stage::contractors(&json!({}));
    let group = stage.group("Swayed");
    let sways =
        format!("let name = if okta.list_group_users(\"{group}\").is_empty() {{ \"Few\" }} else {{ \"Many\" }};");
    let mut person = at(&stage);
    person.enters(":plan on");
    person.is_asked().sees("plan: okta");
    person.enters(&sways);
    person.is_asked().enters("okta.add_group(#{ profile: #{ name: name } });");
    person.is_asked();
    stage.join(&group, ADA);
    person.enters(":plan apply").sees("Send 1 write?");
    person.enters("y").sees("not in the plan: add_group");
    person.leaves();
    assert_eq!(group_named(&stage, "Many"), None);
    assert_eq!(group_named(&stage, "Few"), None);
}

#[test]
fn a_runbook_is_tried_and_then_run() {
    let stage = Stage::contractors(&json!({}));
    stage.provisioning_group(TO_GROUP, TO, 0);
    stage.provisioning_group(FROM_GROUP, FROM, 1);
    stage.forget_calls();
    let parameters: Vec<String> = usual(ADA).iter().map(|word| format!("\"{word}\"")).collect();
    let run = format!(":run ad/move_user_to_ou {} --attest all", parameters.join(" "));
    let tried = session(&stage, &["--yes"], &[":plan on", &run, ":plan show"]);
    tried.exits(0).says(&["plan of ad/move_user_to_ou", "update_application_user", "What follows in the background"]);
    assert_eq!(stage.calls_that_write(), 0, "{tried}");
    let ran = session(&stage, &["--yes"], &[":plan on", &run, MAKE, ":plan apply"]);
    ran.exits(0).says(&["held to the plan"]);
    stage.assert_moved(ADA, &ran);
    assert!(group_named(&stage, "Night").is_some());
}

#[test]
fn a_plan_command_out_of_place_is_told() {
    let stage = Stage::contractors(&json!({}));
    for (lines, words) in [
        (&[":plan show"][..], "there is no plan"),
        (&[":plan off"], "there is no plan"),
        (&[":plan on", ":plan on"], "there is a plan already"),
        (&[":plan on", ":plan apply"], "the plan has no write to send"),
        (&[":plan on", ":undo"], "nothing was sent yet"),
        (&[":plan of"], "write :plan on|show|apply|off"),
    ] {
        session(&stage, &[], lines).exits(2).says(&[words]);
    }
}
