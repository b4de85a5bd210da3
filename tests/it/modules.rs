//! What was checked is what runs: modules and their texts.

use std::fs;

use serde_json::{Value, json};

use crate::stage::{Ran, Stage, watched};

const HEADER: &str = "//! Work.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\nstep(\"Work\");\n";
const GOOD: &str = "fn work(okta) { okta.list_groups().all().len() }\n";

fn bad() -> String {
    "fn work(okta) { okta.add_group(#{ profile: #{ name: \"Swapped\" } }) }\n".to_owned()
}

fn stage_with(script: &str) -> Stage {
    let stage = Stage::contractors(&json!({}));
    stage.write("work.rhai", &format!("{HEADER}{script}"));
    stage.write("lib/mod.rhai", GOOD);
    stage
}

fn run(stage: &Stage) -> std::process::Command {
    let mut command = stage.command();
    command.args(["run", "work.rhai", "--yes", "--output", "json"]);
    command
}

fn is_note(event: &Value, words: &str) -> bool {
    event["event"] == "note" && event["words"] == words
}

/// Waits until the test has seen the note before it goes on: each round reads the org.
const WAITS: &str =
    "note(\"now\");\nwait_until(#{ timeout: 30, every: 1 }, || okta.list_groups(#{ q: \"Go on\" }).all().len() > 0);\n";

fn go_on(stage: &Stage) {
    stage.done("POST", "/api/v1/groups", &json!({"profile": {"name": "Go on"}}));
    stage.forget_calls();
}

#[test]
fn a_module_that_is_swapped_during_a_run_runs_as_it_was_checked() {
    let stage = stage_with(&format!("{WAITS}import \"lib/mod\" as m;\nm::work(okta);\n"));
    let ran = watched(&mut run(&stage), |event| {
        if is_note(event, "now") {
            stage.write("lib/mod.rhai", &bad());
            go_on(&stage);
        }
    });
    ran.exits(0);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
}

/// The script's own folder goes before the shelves: a file that appears there is none of what was checked.
#[test]
fn a_module_that_appears_nearer_during_a_run_is_not_taken() {
    let stage = stage_with(&format!("{WAITS}import \"lib/mod\" as m;\nm::work(okta);\n"));
    fs::remove_file(stage.folder().join("lib/mod.rhai")).unwrap();
    stage.write("runbooks/lib/mod.rhai", GOOD);
    let ran = watched(&mut run(&stage), |event| {
        if is_note(event, "now") {
            stage.write("lib/mod.rhai", &bad());
            go_on(&stage);
        }
    });
    ran.exits(0);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
}

const COMPUTED: &str = "let name = \"lib/\" + \"mod\";\nimport name as m;\nnote(`first ${m::work(okta)}`);\nmanual(\"Look\", #{ name: \"look\", how: \"there\" });\nimport name as n;\nnote(`then ${n::work(okta)}`);\n";

#[test]
fn a_module_of_a_computed_name_is_journalled_before_it_runs_and_held_to_it() {
    let stage = stage_with(COMPUTED);
    let ran = Ran::command(&mut run(&stage));
    ran.exits(4);
    let module = &ran.events_of("module")[0];
    assert_eq!(module["path"], "lib/mod.rhai");
    let digest = okta_runbook::script::digest(GOOD);
    assert_eq!(module["digest"], digest);
    let first = ran.events();
    let place = |fits: &dyn Fn(&Value) -> bool| first.iter().position(fits).unwrap();
    let (recorded, ran_at) = (
        place(&|event| event["event"] == "module"),
        place(&|event| event["words"].as_str().is_some_and(|words| words.starts_with("first"))),
    );
    assert!(recorded < ran_at);

    let id = ran.outcome()["run"].as_str().unwrap().to_owned();
    let resume = |more: &[&str]| {
        let mut command = stage.command();
        command.args(["resume", &id, "--yes", "--attest", "look", "--output", "json"]);
        Ran::command(command.args(more))
    };
    stage.write("lib/mod.rhai", &bad());
    stage.forget_calls();
    resume(&[]).exits(1).says(&["the module lib/mod.rhai", "--accept-edits"]);
    assert_eq!(stage.calls_that_write(), 0);
    stage.write("lib/mod.rhai", GOOD);
    let ran = resume(&[]);
    ran.exits(0);
    assert!(ran.events_of("module").is_empty(), "known already: {ran}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_a_folder_of_scripts_is_refused_without_a_word_of_what_is_there() {
    let stage = stage_with("import \"lib/link\" as m;\n");
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.rhai");
    fs::write(&secret, "root:x:0:0 hidden words\n").unwrap();
    std::os::unix::fs::symlink(&secret, stage.folder().join("lib/link.rhai")).unwrap();
    stage.write("runbooks/lib/own.rhai", GOOD);
    let shelf = stage.folder().join("runbooks/lib");
    std::os::unix::fs::symlink(&secret, shelf.join("far.rhai")).unwrap();
    std::os::unix::fs::symlink(outside.path(), shelf.join("folder")).unwrap();
    std::os::unix::fs::symlink(shelf.join("own.rhai"), shelf.join("near.rhai")).unwrap();
    let far = "import \"lib/far\" as m;\n";
    let folder = "import \"lib/folder/secret\" as m;\n";
    let computed = "let name = \"lib/link\";\nimport name as m;\n";
    for (script, says) in [
        ("import \"lib/link\" as m;\n", "is a link that leads out of"),
        (far, "is a link that leads out of runbooks"),
        (folder, "is a link that leads out of runbooks"),
        (computed, "is a link that leads out of"),
    ] {
        stage.write("work.rhai", &format!("{HEADER}{script}"));
        let ran = Ran::command(&mut run(&stage));
        ran.says(&[says]);
        assert!(!ran.to_string().contains("hidden words"), "{ran}");
        assert_ne!(ran.code, Some(0), "{ran}");
        let checked = Ran::command(stage.command().args(["check", "work.rhai"]));
        assert!(!checked.to_string().contains("hidden words"), "{checked}");
    }
    let listed = Ran::command(stage.command().arg("list"));
    assert!(!listed.to_string().contains("hidden words"), "{listed}");
    let near = "import \"lib/near\" as m;\nm::work(okta);\n";
    stage.write("work.rhai", &format!("{HEADER}{near}"));
    Ran::command(&mut run(&stage)).exits(0);
}
