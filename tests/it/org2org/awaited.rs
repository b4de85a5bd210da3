//! What an undo has started in the hub is awaited, however often it is killed.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::{ADA, BEN, run_id, statuses};
use crate::pair::Org::{Hub, Spoke};
use crate::pair::Pair;
use crate::stage::Ran;

const GONE: [&str; 4] = ["DEPROVISIONED"; 4];

/// Runs a command until a line of its output has `word`, and kills it.
fn killed_at(pair: &Pair, arguments: &[&str], word: &str) {
    let mut command = pair.command(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let found = lines.map_while(Result::ok).find(|line| line.contains(word));
    assert!(found.is_some(), "no line has {word:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

fn newest(pair: &Pair) -> String {
    let runs = pair.ran(&["runs", "--output", "json"]);
    let runs: Value = serde_json::from_str(&runs.stdout).unwrap();
    runs[0]["run"].as_str().unwrap().to_owned()
}

fn set_up() -> (Pair, String) {
    let pair = Pair::new();
    let ran = pair.set_up(&[]);
    ran.exits(0);
    pair.options(Spoke, &json!({"jobDelayMs": 2500}));
    (pair, run_id(&ran))
}

const UNASSIGNED: &str = "unassign_user_from_application  204";

#[test]
fn an_undo_that_was_killed_after_it_unassigned_waits_for_the_hub_when_it_is_resumed() {
    let (pair, run) = set_up();
    killed_at(&pair, &["undo", &run, "--yes"], UNASSIGNED);
    pair.ran(&["resume", &newest(&pair), "--yes"]).exits(0);
    assert_eq!(statuses(&pair), GONE);
    assert!(!pair.has_app());
}

#[test]
fn it_waits_again_after_a_second_kill() {
    let (pair, run) = set_up();
    killed_at(&pair, &["undo", &run, "--yes"], UNASSIGNED);
    let undo = newest(&pair);
    killed_at(&pair, &["resume", &undo, "--yes"], "provisioning to follow");
    pair.ran(&["resume", &undo, "--yes"]).exits(0);
    assert_eq!(statuses(&pair), GONE);
}

#[test]
fn another_undo_waits_for_what_the_first_one_started() {
    let (pair, run) = set_up();
    killed_at(&pair, &["undo", &run, "--yes"], UNASSIGNED);
    pair.ran(&["undo", &run, "--yes"]).exits(0);
    assert_eq!(statuses(&pair), GONE);
    assert!(!pair.has_app());
}

#[test]
fn a_pushed_group_that_is_still_there_is_awaited_by_another_undo() {
    let (pair, run) = set_up();
    killed_at(&pair, &["undo", &run, "--yes"], "delete_group_push_mapping");
    pair.ran(&["undo", &run, "--yes"]).exits(0);
    assert_eq!(pair.group(Hub, "Hub Research"), Value::Null);
    assert_eq!(statuses(&pair), GONE);
}

const HEADER: &str = "//! Groups.\nconst ORGS = #{ spoke: \"the spoke\", hub: \"the hub\" };\nconst PARAMS = #{};\nstep(\"Work\");\nlet app = spoke.list_applications(#{ filter: \"name eq \\\"okta_org2org\\\"\" }).first();\nlet group = spoke.list_groups(#{ search: `profile.name eq \"Hub Research\"` }).first();\n";

fn play(pair: &Pair, script: &str) -> Ran {
    let text = [HEADER, script].concat();
    pair.0.write("runbooks/groups.rhai", &text);
    let orgs = ["--org", "spoke=spoke", "--org", "hub=hub"];
    pair.ran(&[&["run", "groups", "--yes"], &orgs[..]].concat())
}

fn connected() -> Pair {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair
}

const ASSIGN_GROUP: &str = "spoke.assign_group_to_application(app, group, #{ profile: #{ initialStatus: \"active_without_pass\" } });\nwait_until(#{ timeout: 20, every: 1 }, || spoke.list_application_users(app).all().all(|user| user.externalId != ()));";

#[test]
fn those_who_lose_the_app_with_a_group_are_awaited() {
    let pair = connected();
    let ran = play(&pair, ASSIGN_GROUP);
    ran.exits(0);
    assert_ne!(pair.user(Hub, ADA)["status"], "DEPROVISIONED");
    pair.options(Spoke, &json!({"jobDelayMs": 1500}));
    pair.ran(&["undo", &run_id(&ran), "--yes"]).exits(0);
    for login in [ADA, BEN] {
        assert_eq!(pair.user(Hub, login)["status"], "DEPROVISIONED", "{login}");
    }
}

#[test]
fn who_was_in_the_hub_before_a_group_was_assigned_is_not_deactivated() {
    let pair = connected();
    pair.hub_user(ADA);
    let ran = play(&pair, ASSIGN_GROUP);
    ran.exits(0);
    pair.ran(&["undo", &run_id(&ran), "--yes"]).exits(6).says(&["was in hub before he was assigned"]);
    assert_eq!(pair.user(Hub, ADA)["status"], "ACTIVE");
}

/// The mapping of the pushed group is switched off by a run, whose undo switches it on again.
#[test]
fn a_push_that_does_not_come_leaves_the_undo_stuck_until_it_has_come() {
    let pair = connected();
    pair.assign(ADA, &["initial_status=active_with_pass"]).exits(0);
    pair.push("Hub Research", &[]).exits(0);
    let off = "let push = spoke.list_group_push_mappings(app).first();\nspoke.update_group_push_mapping(app, push, #{ status: \"INACTIVE\" });";
    let ran = play(&pair, off);
    ran.exits(0);
    // The hub refuses the token: the push fails.
    let group = pair.group(Hub, "Hub Research");
    let path = format!("/api/v1/groups/{}", group["id"].as_str().unwrap());
    pair.done(Hub, "DELETE", &path, &Value::Null);
    let undone = pair.ran(&["undo", &run_id(&ran), "--yes"]);
    undone.exits(6).says(&["the group push of spoke failed", "update_group_push_mapping"]);
    let again = pair.ran(&["resume", &newest(&pair), "--yes"]);
    again.exits(6).says(&["the group push of spoke"]);
}
