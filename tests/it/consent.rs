//! Who must have said yes: manual steps, consent to writes, and what the records say of it.

use serde_json::{Value, json};

use crate::stage::{ADA, Ran, Stage, system_actor};

/// Who runs the commands of these tests.
fn admin() -> String {
    format!("sam.admin@corp.example at okta, as {}", system_actor())
}

fn plain() -> Stage {
    Stage::contractors(&json!({}))
}

#[test]
fn a_manual_step_that_nobody_attests_waits_and_nothing_is_written() {
    let stage = plain();
    stage.forget_calls();
    let ran = Ran::command(&mut stage.moving(&["--yes"]));
    ran.exits(4).says(&["--attest update-ou", "Provisioning > To App"]);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
    assert_eq!(ran.outcome()["outcome"], "waiting");
    let manual = &ran.events_of("manual")[0];
    assert!(manual.get("attested_by").is_none(), "{manual}");
    assert!(manual["how"].as_str().unwrap().contains("User OUs connected to Okta"), "{manual}");
}

#[test]
fn an_attested_step_is_recorded_with_who_and_when() {
    let stage = plain();
    let ran = Ran::command(&mut stage.moving(&["--yes", "--attest", "update-ou"]));
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    let run = ran.outcome()["run"].as_str().unwrap().to_owned();
    let shown = Ran::command(stage.command().args(["runs", "show", &run, "--output", "json"]));
    let manual = &shown.exits(0).events_of("manual")[0];
    assert_eq!(manual["attested_by"], admin());
    assert!(manual["time"].as_str().unwrap().starts_with("20"), "{manual}");
}

#[test]
fn a_name_that_no_manual_step_has_is_refused() {
    let stage = plain();
    stage.forget_calls();
    let ran = Ran::command(&mut stage.moving(&["--yes", "--attest", "something-else"]));
    ran.exits(2).says(&["no manual step is attested by `something-else`", "update-ou"]);
    assert_eq!(stage.calls(|_| true), 0, "{ran}");
}

#[test]
fn an_undo_has_nothing_to_attest() {
    let stage = plain();
    let ran = Ran::command(&mut stage.moving(&["--yes", "--attest", "all"]));
    ran.exits(0);
    let run = ran.outcome()["run"].as_str().unwrap().to_owned();
    stage.forget_calls();
    let undo = |more: &[&str]| {
        let mut command = stage.command();
        Ran::command(command.args(["undo", &run, "--yes"]).args(more))
    };
    undo(&["--attest", "update-ou"])
        .exits(2)
        .says(&["no manual step is attested by `update-ou`", "an undo has no manual step: leave --attest out"]);
    assert_eq!(stage.calls(|_| true), 0);
    undo(&["--attest", "all"]).exits(0);
}

#[test]
fn yes_attests_only_with_the_embedded_simulator() {
    let stage = plain();
    let ran =
        Ran::command(stage.command().args(["run", "ad/move_user_to_ou", "--simulator", "--yes", "--output", "json"]));
    ran.exits(0);
    assert_eq!(ran.events_of("manual")[0]["attested_by"], admin());
}

#[test]
fn writes_need_consent_and_without_a_terminal_nobody_can_give_it() {
    let stage = plain();
    stage.forget_calls();
    let ran = Ran::command(&mut stage.moving(&["--attest", "all"]));
    ran.exits(2).says(&["--yes"]);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
    stage.write("runbooks/group.rhai", "//! Make a group.\nconst ORGS = #{ okta: \"org\" };\nconst PARAMS = #{};\nokta.add_group(#{ profile: #{ name: \"New\" } });\n");
    let ran = Ran::command(stage.command().args(["run", "group"]));
    ran.exits(2).says(&["--yes", "POST /api/v1/groups"]);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
}

#[test]
fn a_token_on_the_command_line_is_refused_with_the_reason() {
    let stage = plain();
    stage.forget_calls();
    for given in [["--token", "00abcSecret"], ["--api-token", "00abcSecret"]] {
        let mut command = stage.moving(&["--yes"]);
        let ran = Ran::command(command.args(given));
        ran.exits(2).says(&["a token on the command line is refused", "OKTA_CLIENT_TOKEN"]);
        assert!(!ran.said().contains("00abcSecret"), "{ran}");
    }
    assert_eq!(stage.calls(|_| true), 0);
}

#[test]
fn runs_are_listed_newest_first_and_shown_as_they_were_told() {
    let stage = plain();
    let none = Ran::command(stage.command().args(["runs", "--output", "json"]));
    assert_eq!(none.exits(0).stdout.trim(), "[]");

    let failed = stage.move_users(&["directory=emea.example"]);
    let moved = stage.move_users(&[]);
    let list = Ran::command(stage.command().args(["runs", "--output", "json"]));
    let rows: Value = serde_json::from_str(&list.exits(0).stdout).unwrap();
    let row = |ran: &Ran| ran.outcome()["run"].clone();
    assert_eq!((&rows[0]["run"], &rows[1]["run"]), (&row(&moved), &row(&failed)), "{rows}");
    assert_eq!((&rows[0]["outcome"], &rows[1]["outcome"]), (&json!("succeeded"), &json!("failed")));
    assert_eq!(rows[0]["runbook"], "ad/move_user_to_ou");
    assert_eq!(rows[0]["writes"], moved.outcome()["counts"]["writes"]);
    assert_eq!((&rows[0]["items"], &rows[0]["failed_items"]), (&json!(1), &json!(0)));
    assert!(rows[0]["started"].is_string() && rows[0]["ended"].is_string(), "{rows}");

    let text = Ran::command(stage.command().arg("runs"));
    text.exits(0).says(&[row(&moved).as_str().unwrap(), "ad/move_user_to_ou", "succeeded", "failed"]);
    // A unique beginning of the id is enough.
    let id = row(&moved);
    let id = id.as_str().unwrap();
    let told = Ran::command(stage.command().args(["runs", "show", id, "--output", "json"]));
    assert_eq!(told.exits(0).events(), moved.events(), "told again as it was told");
    let prefix = &id[..id.len() - 1];
    Ran::command(stage.command().args(["runs", "show", prefix])).exits(0).says(&[
        "Join the group of the destination OU",
        "assign_user_to_group",
        "Succeeded",
    ]);
    Ran::command(stage.command().args(["runs", "show", "1999"])).exits(2).says(&["1999"]);
    Ran::command(stage.command().args(["runs", "show", "20"])).exits(2).says(&["2 runs begin with `20`"]);
}

#[test]
fn json_output_is_one_event_a_line_and_the_outcome_is_last() {
    let stage = plain();
    let ran = stage.move_users(&[]);
    let known = [
        "run",
        "step",
        "read",
        "performed",
        "unchanged",
        "refused",
        "check",
        "note",
        "wait",
        "manual",
        "confirm",
        "item",
        "moved",
        "table",
        "outcome",
    ];
    for event in ran.events() {
        let kind = event["event"].as_str().unwrap();
        assert!(known.contains(&kind), "{event}");
    }
    let outcome = ran.outcome();
    assert_eq!(outcome["outcome"], "succeeded");
    assert!(outcome["run"].as_str().is_some_and(|run| !run.is_empty()));
    assert_eq!(ran.events_of("outcome").len(), 1);
    let performed = ran.events_of("performed");
    assert_eq!(performed.len() as u64, outcome["counts"]["writes"].as_u64().unwrap());
    for write in performed {
        assert!(write["request_id"].is_string() && write["status"].is_number() && write["step"].is_string(), "{write}");
    }
    assert!(ran.stderr.is_empty(), "{ran}");
}
