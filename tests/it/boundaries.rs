//! A run that is killed at any write is taken up again, and ends as if nothing had happened; and what it did is taken back without a trace.
//!
//! A proxy before each simulated org knows the writes as they pass: it kills the run before a write reaches the org, after the org did it
//! and before the answer is there, or when the answer was handed over.

mod journal;
mod kills;
mod many;
mod picture;
mod prefixes;
mod procedures;
mod proxy;
mod spoil;
mod spoiled;
mod taken_back;
mod truth;
mod uninterrupted;
mod wire;
mod world;

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::system_actor;
use procedures::{MOVE, ORG2ORG, Procedure};
use proxy::Death;
use uninterrupted::Uninterrupted;
use world::World;

/// Equal, or the lines in which they differ.
#[track_caller]
fn assert_same(left: &Value, right: &Value, name: &str) {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let (left, right) = (pretty(left), pretty(right));
    assert!(left == right, "{name}: {}", diffy::create_patch(&right, &left));
}

/// One disturbance of a procedure.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    /// The run dies at a write, is taken up again, and taken back.
    Resumed(usize, Death),
    /// An answer was handed over or lost, and the run goes on.
    GoesOn(usize, Death),
    /// The run dies at a write, and what it did is taken back.
    Undone(usize, Death),
    /// The undo dies at a write, and is taken up again.
    UndoResumed(usize),
}

impl Disturbance {
    fn all(undisturbed: &Uninterrupted) -> Vec<Self> {
        let at_every_write = |deaths: [Death; 2], of: fn(usize, Death) -> Self| {
            let writes = 0..undisturbed.run.writes;
            writes.flat_map(move |number| deaths.map(|death| of(number, death)))
        };
        let around_the_write = [Death::BeforeTheOrgKnows, Death::BeforeTheAnswer];
        let resumed = at_every_write(around_the_write, Self::Resumed);
        let undone = at_every_write(around_the_write, Self::Undone);
        let around_the_answer = [Death::AfterTheAnswer, Death::OfTheConnection];
        let goes_on = at_every_write(around_the_answer, Self::GoesOn);
        let undoing = (0..undisturbed.undo.writes).map(Self::UndoResumed);
        resumed.chain(undone).chain(goes_on).chain(undoing).collect()
    }

    fn happens(self, procedure: &'static Procedure, undisturbed: &Uninterrupted) {
        let world = World::new(procedure);
        let name = format!("{}: {self:?}", procedure.name);
        match self {
            Self::Resumed(number, death) | Self::GoesOn(number, death) => {
                if !world.run(Some((number, death))) {
                    world.resumes(&name);
                }
                assert_eq!(world.carried_out(), undisturbed.run.writes, "{name}: each write once");
                assert_same(&world.state(), &undisturbed.after, &name);
                if matches!(self, Self::GoesOn(..)) {
                    return;
                }
                world.undoes(&name);
            }
            Self::Undone(number, death) => {
                assert!(!world.run(Some((number, death))), "{name}");
                world.undoes(&name);
            }
            Self::UndoResumed(number) => {
                assert!(world.run(None), "{name}");
                (procedure.by_hand)(&world, false);
                let undo = ["undo", &world.newest(), "--yes"];
                assert!(!world.runs(&undo, Some((number, Death::BeforeTheAnswer))));
                let undo = world.newest();
                world.succeeds(&["resume", &undo, "--yes"]);
                (procedure.by_hand)(&world, true);
            }
        }
        assert_same(&world.state(), &undisturbed.before, &format!("{name}, taken back"));
    }
}

/// Disturbs it in every way, several at a time: they wait more than they work.
fn withstands_everything(procedure: &'static Procedure) {
    let undisturbed = Uninterrupted::of(procedure);
    assert!(undisturbed.run.writes > 0, "{}", procedure.name);
    let all = Disturbance::all(&undisturbed);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
                    one.happens(procedure, &undisturbed);
                }
            });
        }
    });
}

fn between_two_orgs(name: &str) {
    let procedure = ORG2ORG.iter().find(|procedure| procedure.name == name);
    withstands_everything(procedure.expect(name));
}

#[test]
fn a_move_withstands_everything() {
    withstands_everything(&MOVE);
}

#[test]
fn a_setup_withstands_everything() {
    between_two_orgs("setup");
}

#[test]
fn a_connection_by_oauth_withstands_everything() {
    between_two_orgs("oauth");
}

#[test]
fn a_connection_that_is_switched_on_again_withstands_everything() {
    between_two_orgs("connect again");
}

#[test]
fn an_assignment_withstands_everything() {
    between_two_orgs("assign");
}

#[test]
fn a_push_withstands_everything() {
    between_two_orgs("push");
}

#[test]
fn a_push_done_anew_withstands_everything() {
    between_two_orgs("push again");
}

#[test]
fn a_link_withstands_everything() {
    between_two_orgs("link");
}

#[test]
fn profile_sourcing_withstands_everything() {
    between_two_orgs("sourcing");
}

#[test]
fn an_undo_can_be_undone_but_for_what_it_deleted() {
    let world = World::new(&MOVE);
    assert!(world.run(None));
    let after = world.state();
    assert!(world.runs(&["undo", &world.newest(), "--yes"], None));
    let (code, text) = world.output(&["undo", &world.newest(), "--yes"]);
    // What the run created was deleted by the undo, and a deleted group does not come back.
    assert_eq!(code, Some(6), "{text}");
    assert!(text.contains("what was deleted cannot be brought back"), "{text}");
    assert_ne!(world.state(), after);
}

#[test]
fn an_undo_leaves_alone_what_somebody_changed_since() {
    let world = World::new(&MOVE);
    assert!(world.run(None));
    let run = world.newest();
    let group = world.id(0, "groups", "\"AD Users\"");
    let user = world.id(0, "users", "ben.okafor@corp.example");
    world.put(0, &format!("/api/v1/groups/{group}/users/{user}"));
    let (code, text) = world.output(&["undo", &run, "--yes"]);
    assert_eq!(code, Some(6), "{text}");
    assert!(text.contains("the group has members that the run did not bring: ben.okafor@corp.example"), "{text}");
}

#[test]
fn a_run_that_waits_for_a_person_goes_on_when_it_is_attested() {
    let world = World::new(&MOVE);
    let without: Vec<&str> =
        MOVE.arguments.iter().copied().filter(|word| !["--attest", "all"].contains(word)).collect();
    let (code, text) = world.output(&without);
    assert_eq!(code, Some(4), "{text}");
    assert_eq!(world.carried_out(), 0);
    let run = world.newest();
    let (code, text) = world.output(&["resume", &run, "--yes", "--attest", "update-ou"]);
    assert_eq!(code, Some(0), "{text}");
    let expected = Uninterrupted::of(&MOVE);
    assert_same(&world.state(), &expected.after, "after the resume");
    assert_eq!(world.carried_out(), expected.run.writes);
}

#[test]
fn a_changed_runbook_is_refused_with_what_was_changed() {
    let world = World::new(&MOVE);
    let script = world.folder.path().join("small.rhai");
    let text = "//! Small.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\nstep(\"Make\");\nokta.add_group(#{ profile: #{ name: \"A\" } });\nokta.add_group(#{ profile: #{ name: \"B\" } });\n";
    std::fs::write(&script, text).unwrap();
    let small = ["run", "small.rhai", "--yes"];
    assert!(!world.runs(&small, Some((1, Death::BeforeTheOrgKnows))));
    std::fs::write(&script, text.replace("\"B\"", "\"C\"")).unwrap();
    let run = world.newest();
    let (code, text) = world.output(&["resume", &run, "--yes"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("-okta.add_group(#{ profile: #{ name: \"B\" } });")
            && text.contains("+okta.add_group(#{ profile: #{ name: \"C\" } });"),
        "{text}"
    );
    // The edited script does not ask for B any more: the end of the run looks whether it was made.
    let (code, text) = world.output(&["resume", &run, "--yes", "--accept-edits"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("add_group of okta had not happened"), "{text}");
    assert!(!text.contains("unknown outcome"), "{text}");
    assert_eq!(world.carried_out(), 2);
}

/// A run of two groups that died at the second, and goes on with a script that asks for the first alone.
fn died_at_a_write_that_is_edited_away(death: Death) -> (World, String) {
    let world = World::new(&MOVE);
    let script = world.folder.path().join("small.rhai");
    let first = "//! Small.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\nstep(\"Make\");\nokta.add_group(#{ profile: #{ name: \"A\" } });\n";
    let second = "okta.add_group(#{ profile: #{ name: \"B\" } });\n";
    std::fs::write(&script, [first, second].concat()).unwrap();
    assert!(!world.runs(&["run", "small.rhai", "--yes"], Some((1, death))));
    std::fs::write(&script, first).unwrap();
    let run = world.newest();
    (world, run)
}

#[test]
fn a_write_that_is_edited_away_and_happened_is_known_and_undone() {
    let (world, run) = died_at_a_write_that_is_edited_away(Death::BeforeTheAnswer);
    let (code, text) = world.output(&["resume", &run, "--yes", "--accept-edits"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 writes"), "{text}");
    assert!(!text.contains("unknown outcome"), "{text}");
    let (code, text) = world.output(&["undo", &run, "--yes"]);
    assert_eq!(code, Some(0), "{text}");
    let state = world.state().to_string();
    assert!(!state.contains("\"name\":\"B\""), "{state}");
}

#[test]
fn a_write_that_is_edited_away_and_that_no_look_shows_stays_unknown() {
    let (world, run) = died_at_a_write_that_is_edited_away(Death::BeforeTheAnswer);
    let refused = json!({"method": "GET", "path": "/api/v1/groups", "action": "status", "status": 403, "errorCode": "E0000006", "times": 0});
    world.control(0, "POST", "faults", &refused);
    let (code, text) = world.output(&["resume", &run, "--yes", "--accept-edits"]);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("1 of unknown outcome"), "{text}");
}

#[test]
fn a_run_that_goes_on_elsewhere_is_refused_with_its_holder() {
    let world = World::new(&MOVE);
    world.control(0, "PATCH", "options", &json!({ "latencyMs": 300 }));
    let mut first = world
        .command(MOVE.arguments)
        // Proves nothing, and is read nowhere.
        .env("USER", "pat")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let run = loop {
        let (_, runs) = world.output(&["runs", "--output", "json"]);
        if let Some(run) = serde_json::from_str::<Value>(&runs).unwrap()[0]["run"].as_str() {
            break run.to_owned();
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let (_, runs) = world.output(&["runs"]);
    let (_, shown) = world.output(&["runs", "show", &run]);
    let (code, text) = world.output(&["resume", &run, "--yes"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(code, Some(1), "{text}");
    let holder = format!("as {}, process", system_actor());
    let by = text.split("is being worked on by ").nth(1);
    assert!(by.is_some_and(|by| by.contains(&holder)), "{text}");
    assert!(runs.contains("| running"), "{runs}");
    let by = shown.split("this run goes on just now, by ").nth(1);
    assert!(by.is_some_and(|by| by.contains(&holder)), "{shown}");
    let (_, runs) = world.output(&["runs"]);
    assert!(runs.contains("| unfinished"), "{runs}");
}
