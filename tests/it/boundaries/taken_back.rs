//! What was taken back is taken back once, by one run at a time, and is not built upon afterwards.

use std::process::Stdio;

use serde_json::{Value, json};

use super::assert_same;
use super::procedures::MOVE;
use super::proxy::Death;
use super::world::World;
use crate::stage::system_actor;

const SMALL: &[&str] = &["run", "small.rhai", "--yes"];

/// Two groups for each item, and then a failure for `B`.
const FAILING: &str = "
each([\"B\", \"C\"], #{ concurrency: 1, on_failure: \"undo\" }, |name| {
    okta.add_group(#{ profile: #{ name: name + \"1\" } });
    okta.add_group(#{ profile: #{ name: name + \"2\" } });
    if name == \"B\" { throw \"no \" + name; }
});";

/// Three users join a group.
const JOINING: &str = "
let group = okta.list_groups(#{ search: `profile.name eq \"Everybody else\"` }).first();
each([\"ada.novak\", \"ben.okafor\", \"chloe.dubois\"], #{ concurrency: 1 }, |name|
    okta.assign_user_to_group(group, okta.get_user(`${name}@corp.example`)));";

fn groups(world: &World) -> Vec<String> {
    let state = world.control(0, "GET", "state", &Value::Null);
    let groups = state["groups"].as_object().unwrap().values();
    let mut names: Vec<String> = groups.map(|group| group["profile"]["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn joined() -> World {
    let world = World::new(&MOVE);
    world.post(0, "/api/v1/groups", &json!({"profile": {"name": "Everybody else"}}));
    world.script(JOINING);
    world
}

/// How many users are in the group that the script has them join.
fn members(world: &World) -> usize {
    let state = world.control(0, "GET", "state", &Value::Null);
    let mut groups = state["groups"].as_object().unwrap().values();
    let group = groups.find(|group| group["profile"]["name"] == "Everybody else");
    group.unwrap()["members"].as_array().unwrap().len()
}

#[track_caller]
fn says(world: &World, arguments: &[&str], code: i32, words: &[&str]) {
    let (found, text) = world.output(arguments);
    assert_eq!(found, Some(code), "{arguments:?}: {text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
}

#[test]
fn a_lane_goes_on_taking_back_what_it_did_when_the_run_died_at_it() {
    for number in 2..4 {
        for death in [Death::BeforeTheOrgKnows, Death::BeforeTheAnswer] {
            let world = World::new(&MOVE);
            world.script(FAILING);
            let name = format!("{number} {death:?}");
            assert!(!world.runs(SMALL, Some((number, death))), "{name}");
            let run = world.newest();
            let words = ["no B", "what was written for it is taken back"];
            says(&world, &["resume", &run, "--yes"], 3, &words);
            assert_eq!(groups(&world), ["C1", "C2", "Everyone"], "{name}");
            // Two groups made and deleted, and two made.
            assert_eq!(world.carried_out(), 6, "{name}");
            says(&world, &["runs", "verify", &run], 0, &[]);
            says(&world, &["undo", &run, "--yes"], 0, &[]);
            assert_eq!(groups(&world), ["Everyone"], "{name}");
            assert_eq!(world.carried_out(), 8, "{name}");
        }
    }
}

#[test]
fn a_lane_that_was_taken_back_begins_anew() {
    let world = World::new(&MOVE);
    world.script(
        "each([\"A\"], #{ on_failure: \"undo\" }, |name| {
            okta.add_group(#{ profile: #{ name: name } });
            check(!okta.list_groups(#{ search: `profile.name eq \"Ready\"` }).is_empty(), \"it is ready\", \"make it\");
        });",
    );
    says(&world, SMALL, 1, &["is taken back"]);
    assert_eq!(groups(&world), ["Everyone"]);
    world.post(0, "/api/v1/groups", &json!({"profile": {"name": "Ready"}}));
    says(&world, &["resume", &world.newest(), "--yes"], 0, &[]);
    assert_eq!(groups(&world), ["A", "Everyone", "Ready"]);
    says(&world, &["undo", &world.newest(), "--yes"], 0, &[]);
    assert_eq!(groups(&world), ["Everyone", "Ready"]);
}

#[test]
fn what_is_taken_back_is_neither_taken_back_again_nor_built_upon() {
    let world = World::new(&MOVE);
    let before = world.state();
    assert!(!world.run(Some((3, Death::BeforeTheAnswer))));
    let run = world.newest();
    world.succeeds(&["undo", &run, "--yes"]);
    let undo = world.newest();
    assert_same(&world.state(), &before, "after the undo");
    let carried_out = world.carried_out();
    says(&world, &["undo", &run, "--yes"], 0, &["is taken back already, by run", &undo]);
    let words = ["is taken back, at least in part, by run", &undo, "run it anew"];
    says(&world, &["resume", &run, "--yes"], 2, &words);
    assert_eq!(world.carried_out(), carried_out);
    says(&world, &["runs", "report", &run, "--format", "json"], 0, &["\"undone\"", &undo]);
    says(&world, &["runs", "verify", &run], 0, &[]);
    // Anew it does all of it.
    assert!(world.run(None));
}

#[test]
fn each_item_is_taken_back_once() {
    let world = joined();
    world.succeeds(SMALL);
    let run = world.newest();
    let undo = |only: &[&str], code, words: &[&str]| {
        says(&world, &[&["undo", &run, "--yes"], only].concat(), code, words);
    };
    let ada: &[&str] = &["--only", "ada.novak"];
    undo(ada, 0, &[]);
    assert_eq!((members(&world), world.carried_out()), (2, 4));
    undo(ada, 0, &["what it wrote for `ada.novak` is taken back already"]);
    undo(&["--only", "nobody"], 2, &["wrote nothing in a step or for an item named `nobody`"]);
    assert_eq!((members(&world), world.carried_out()), (2, 4));
    undo(&[], 0, &["to be taken back, last first: 2 writes"]);
    assert_eq!((members(&world), world.carried_out()), (0, 6));
    undo(&[], 0, &["is taken back already"]);
}

#[test]
fn an_undo_that_is_taken_back_can_be_done_again() {
    let world = joined();
    world.succeeds(SMALL);
    let run = world.newest();
    world.succeeds(&["undo", &run, "--yes"]);
    let undo = world.newest();
    assert_eq!(members(&world), 0);
    world.succeeds(&["undo", &undo, "--yes"]);
    assert_eq!(members(&world), 3);
    says(&world, &["undo", &undo, "--yes"], 0, &["is taken back already"]);
    world.succeeds(&["undo", &run, "--yes"]);
    assert_eq!((members(&world), world.carried_out()), (0, 12));
}

#[test]
fn a_run_is_taken_back_by_one_process_and_goes_on_in_none() {
    let world = joined();
    assert!(!world.runs(SMALL, Some((2, Death::BeforeTheAnswer))));
    let run = world.newest();
    world.control(0, "PATCH", "options", &json!({ "latencyMs": 2000 }));
    let mut first =
        world.command(&["undo", &run, "--yes"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while world.newest() == run {
        std::thread::yield_now();
    }
    let by = format!("is being worked on by an undo by {}, process", system_actor());
    let held = [by.as_str()];
    says(&world, &["undo", &run, "--yes"], 1, &held);
    says(&world, &["resume", &run, "--yes"], 1, &held);
    world.control(0, "PATCH", "options", &json!({ "latencyMs": 0 }));
    assert!(first.wait().unwrap().success());
    assert_eq!(members(&world), 0);
}
