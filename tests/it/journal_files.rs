//! The journal's files: gone under a run, and whom they are open to.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::stage::{Ran, Stage, watched};

/// Twenty groups, one after the other.
const TWENTY: &str = "//! T.
const ORGS = #{ okta: \"the org\" };
const PARAMS = #{};
step(\"Make\");
for number in 0..20 { okta.add_group(#{ profile: #{ name: `G${number}` } }); }
";

fn made(stage: &Stage) -> usize {
    let simulated = stage.state();
    let groups = simulated["groups"].as_object().unwrap().values();
    let is_made = |group: &&Value| group["name"].as_str().is_some_and(|name| name.starts_with('G'));
    groups.filter(is_made).count()
}

/// Runs, and does harm to the journal's folder after the third group.
fn run_and_harm(stage: &Stage, harm: impl Fn(&Path)) -> Ran {
    stage.write("twenty.rhai", TWENTY);
    let folder = stage.folder().join(".okta-runbook");
    let mut performed = 0;
    let mut command = stage.command();
    command.args(["run", "twenty.rhai", "--yes", "--output", "json"]);
    watched(&mut command, |event| {
        performed += u32::from(event["event"] == "performed");
        if event["event"] == "performed" && performed == 3 {
            harm(&folder);
        }
    })
}

fn database(folder: &Path) -> PathBuf {
    folder.join("journal.sqlite")
}

fn replace(path: &Path) {
    let other = path.with_extension("other");
    fs::copy(path, &other).unwrap();
    fs::rename(other, path).unwrap();
}

fn cut(path: &Path) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(0).unwrap();
}

/// What is done to the journal's folder under a run.
type Harm = fn(&Path);

#[test]
fn a_journal_that_is_gone_stops_the_run_before_its_next_write() {
    let harms: [(&str, Harm); 7] = [
        ("the folder is removed", |folder| {
            fs::remove_dir_all(folder).unwrap();
        }),
        ("the file is removed", |folder| {
            fs::remove_file(database(folder)).unwrap();
        }),
        ("the file is replaced", |folder| replace(&database(folder))),
        ("the file is cut", |folder| cut(&database(folder))),
        ("the log is removed", |folder| {
            fs::remove_file(folder.join("journal.sqlite-wal")).unwrap();
        }),
        ("the log is cut", |folder| {
            cut(&folder.join("journal.sqlite-wal"));
        }),
        ("entries are taken out of its middle", |folder| {
            let forger = rusqlite::Connection::open(database(folder)).unwrap();
            let changed = forger.execute("DELETE FROM entries WHERE seq IN (1, 2)", []).unwrap();
            assert_eq!(changed, 2);
        }),
    ];
    for (name, harm) in harms {
        let stage = Stage::contractors(&json!({"latencyMs": 40}));
        let ran = run_and_harm(&stage, harm);
        // One write may have been on the wire.
        assert!((3..=5).contains(&made(&stage)), "{name}: {} {ran}", made(&stage));
        ran.exits(5).says(&["nothing more is sent", "POST /api/v1/groups (add_group of okta)"]);
        assert_eq!(ran.outcome()["outcome"], "interrupted", "{name}: {ran}");
    }
}

#[test]
fn what_was_in_a_removed_journal_is_saved_and_can_be_taken_back() {
    let stage = Stage::contractors(&json!({"latencyMs": 40}));
    let ran = run_and_harm(&stage, |folder| fs::remove_dir_all(folder).unwrap());
    let saved = ran.stderr.split("saved in ").nth(1).unwrap_or_else(|| panic!("{ran}"));
    let saved = PathBuf::from(saved.split(": ").next().unwrap());
    assert_eq!(mode(&saved), 0o600);
    let folder = stage.folder().join(".okta-runbook");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(&saved, database(&folder)).unwrap();
    fs::remove_file(saved).unwrap();
    let run = ran.outcome()["run"].as_str().unwrap().to_owned();
    let undone = Ran::command(stage.command().args(["undo", &run, "--yes"]));
    undone.exits(0);
    assert_eq!(made(&stage), 0, "{undone}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs with the journal in `folder`, while nobody else closes it: its log is there too.
fn run_in(stage: &Stage, folder: &Path) -> Ran {
    stage.write("twenty.rhai", TWENTY);
    let mut command = stage.command();
    command.args(["run", "twenty.rhai", "--yes", "--output", "json"]).env("OKTA_RUNBOOK_HOME", folder);
    watched(&mut command, |event| {
        if event["event"] == "performed" {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().is_some_and(|name| name != "mine.txt") {
                    assert_eq!(mode(&path), 0o600, "{}", path.display());
                }
            }
        }
    })
}

#[test]
fn the_journal_is_its_owners_alone_in_a_folder_that_was_there_too() {
    let stage = Stage::contractors(&json!({}));
    for name in ["elsewhere", ".okta-runbook"] {
        let folder = stage.folder().join(name);
        fs::create_dir(&folder).unwrap();
        open_to_all(&folder);
        let ran = run_in(&stage, &folder);
        assert_eq!((mode(&folder), ran.stderr.as_str()), (0o700, ""), "{ran}");
    }
}

#[test]
fn a_folder_for_other_things_keeps_its_mode_and_is_warned_of() {
    let stage = Stage::contractors(&json!({}));
    let folder = stage.folder().join("shared");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mine.txt"), "mine").unwrap();
    open_to_all(&folder);
    open_to_all(&folder.join("mine.txt"));
    let ran = run_in(&stage, &folder);
    assert_eq!((mode(&folder), mode(&folder.join("mine.txt"))), (0o755, 0o755));
    ran.says(&["others can enter", "OKTA_RUNBOOK_HOME"]);
    // What an older version left open is closed.
    fs::set_permissions(database(&folder), fs::Permissions::from_mode(0o644)).unwrap();
    run_in(&stage, &folder);
}

#[test]
fn plans_reports_and_snapshots_are_their_owners_alone() {
    let stage = Stage::contractors(&json!({}));
    stage.write("twenty.rhai", TWENTY);
    let ran = |arguments: &[&str]| Ran::command(stage.command().args(arguments));
    ran(&["plan", "twenty.rhai", "--out", "plan.json"]).exits(0);
    let run = ran(&["run", "twenty.rhai", "--yes", "--output", "json"]);
    let id = run.outcome()["run"].as_str().unwrap().to_owned();
    ran(&["runs", "report", &id, "-o", "proof.html"]).exits(0);
    ran(&["snapshot", "-o", "org.json"]).exits(0);
    for name in ["plan.json", "proof.html", "org.json"] {
        assert_eq!(mode(&stage.folder().join(name)), 0o600, "{name}");
    }
}
