//! A plan says what a run does, and changes nothing.

mod approved;
mod compare;
mod equality;
mod found;
mod held;
mod pairs;
mod session;
mod shadow;
pub(crate) mod worlds;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::pair::Org;
use crate::seeds::number;
use crate::stage::{ADA, BEN, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP, okta_runbook};
use compare::{Compared, Place, plan_against_run};
use equality::Sure;

/// A command about the move with these parameters.
fn moving(stage: &Stage, command: &[&str], parameters: &[String]) -> Ran {
    let mut process = stage.command();
    process.args(command).args(["--output", "json"]);
    for parameter in parameters {
        process.args(["--param", parameter]);
    }
    Ran::command(&mut process)
}

fn usual(users: &str) -> Vec<String> {
    vec![
        format!("users={users}"),
        "directory=corp.example".to_owned(),
        format!("from_group={FROM_GROUP}"),
        format!("from_ou={FROM}"),
        format!("to_group={TO_GROUP}"),
        format!("to_ou={TO}"),
    ]
}

fn planned(stage: &Stage, parameters: &[String]) -> Ran {
    moving(stage, &["plan", "ad/move_user_to_ou"], parameters)
}

fn compared(stage: &Stage, parameters: &[String]) -> Result<Compared, String> {
    let get = |path: &str| stage.send("GET", path, &Value::Null);
    let place = Place { name: "okta", get: &get };
    plan_against_run(
        &[place],
        || {
            stage.forget_calls();
            let plan = planned(stage, parameters);
            assert_eq!(stage.calls_that_write(), 0, "{plan}");
            plan
        },
        || {
            let words = ["run", "ad/move_user_to_ou", "--yes", "--attest", "all"];
            moving(stage, &words, parameters)
        },
        |run| {
            let words = ["runs", "report", run, "--format", "json"];
            let report = Ran::command(stage.command().args(words));
            serde_json::from_str(&report.stdout).unwrap()
        },
    )
}

#[track_caller]
fn plan_of(stage: &Stage, users: &str) -> Value {
    let plan = planned(stage, &usual(users));
    plan.exits(0);
    serde_json::from_str(&plan.stdout).unwrap()
}

#[test]
fn a_plan_lists_what_the_run_does_and_writes_nothing() {
    let stage = Stage::contractors(&json!({}));
    let users = format!("{ADA},{BEN}");
    let told = compared(&stage, &usual(&users)).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!((told.sure, told.code, told.writes), (Sure::Yes, Some(0), 12));
    let again = plan_of(&stage, &users);
    assert_eq!(again["counts"]["will"], 0, "{again}");
}

/// Draws so many worlds and compares plan and run in each. `OKTA_RUNBOOK_WORLDS=300` tries that many seeds, from `OKTA_RUNBOOK_SEED` on;
/// a failure names its seed.
fn in_whatever_org(compare: impl Fn(u64) -> Result<Compared, String> + Sync) {
    let first = number("OKTA_RUNBOOK_SEED", 1);
    let count = number("OKTA_RUNBOOK_WORLDS", 12);
    let (next, wrong) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let tally = Mutex::new((0, 0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return;
            }
            match compare(seed) {
                Ok(told) => {
                    let mut tally = tally.lock().unwrap();
                    tally.0 += u64::from(told.writes > 0);
                    tally.1 += u64::from(told.sure == Sure::Yes);
                }
                Err(why) => wrong.lock().unwrap().push(format!("seed {seed}: {why}")),
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let wrong = wrong.into_inner().unwrap();
    let brief: Vec<&str> = wrong.iter().filter_map(|why| why.lines().next()).collect();
    assert!(wrong.is_empty(), "{brief:#?}\n{}", wrong[0]);
    let (writing, sure) = tally.into_inner().unwrap();
    // Chance that made nothing to do would prove nothing.
    assert!(writing * 5 >= count, "{writing} of {count} wrote");
    assert!(sure * 10 >= count * 8, "{sure} of {count} went as planned");
}

#[test]
fn a_plan_says_what_the_move_does_in_whatever_org() {
    in_whatever_org(|seed| {
        let world = worlds::draw(seed);
        compared(&world.stage, &world.parameters)
    });
}

#[test]
fn a_plan_says_what_provisioning_does_between_whatever_orgs() {
    in_whatever_org(|seed| {
        let drawn = pairs::draw(seed);
        let pair = &drawn.pair;
        let spoke = |path: &str| pair.send(Org::Spoke, "GET", path, &Value::Null);
        let hub = |path: &str| pair.send(Org::Hub, "GET", path, &Value::Null);
        // The hub first: the spoke names what is made there.
        let places = [Place { name: "hub", get: &hub }, Place { name: "spoke", get: &spoke }];
        plan_against_run(
            &places,
            || {
                pair.forget_calls();
                let plan = drawn.ran(&["plan"]);
                assert_eq!(pair.writes(), 0, "{plan}");
                plan
            },
            || drawn.ran(&["run", "--yes", "--attest", "all"]),
            |run| {
                let report = pair.ran(&["runs", "report", run, "--format", "json"]);
                serde_json::from_str(&report.stdout).unwrap()
            },
        )
        .map_err(|why| format!("{} {:?}: {why}", drawn.runbook, drawn.parameters))
    });
}

#[test]
fn two_plans_are_the_same() {
    let stage = Stage::contractors(&json!({}));
    let told = |words: &[&str]| {
        let plan = moving(&stage, words, &usual(&format!("{ADA},{BEN}")));
        plan.exits(0);
        plan.stdout
    };
    let json = ["plan", "ad/move_user_to_ou"];
    assert_eq!(told(&json), told(&json));
}

#[test]
fn a_wrong_world_is_found_in_the_plan() {
    let stage = Stage::contractors(&json!({}));
    stage.deed(&json!({"do": "create_account", "organizationalUnit": TO, "firstName": "Ada", "lastName": "Novak",
        "userPrincipalName": "other@corp.example", "samAccountName": "other"}));
    stage.forget_calls();
    let plan = planned(&stage, &usual(ADA));
    plan.exits(1).says(&["has another account named Ada Novak"]);
    let told: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert!(told["stopped"].is_string(), "{plan}");
    assert_eq!(stage.calls_that_write(), 0, "{plan}");
}

#[test]
fn a_plan_works_out_of_the_box() {
    let folder = tempfile::tempdir().unwrap();
    for (runbook, words) in [
        (
            "ad/move_user_to_ou",
            &["plan of ad/move_user_to_ou", "may", "What follows in the background", "16 writes"][..],
        ),
        ("org2org/setup", &["hub  user dana.kim@spoke.example  is made", "8 writes"]),
    ] {
        let mut command = okta_runbook(folder.path());
        let ran = Ran::command(command.args(["plan", runbook, "--simulator"]));
        ran.exits(0).says(words);
        assert!(!folder.path().join(".okta-runbook").exists(), "{ran}");
    }
}
