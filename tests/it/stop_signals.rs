//! Signals end a command as Ctrl-C does: in order, with an outcome, and so that it can be gone on with.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::stage::{Ran, Stage, okta_runbook};

const TEN: &str = "//! T.
const ORGS = #{ okta: \"the org\" };
const PARAMS = #{};
step(\"Make\");
for number in 0..10 { okta.add_group(#{ profile: #{ name: `G${number}` } }); }
";

fn send(signal: &str, process: u32) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(sent.unwrap().success());
}

fn piped(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Sends signals when the output has a line with these words.
fn signalled(command: &mut Command, words: &str, signals: &[&str]) -> Ran {
    let mut child = piped(command);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stdout = String::new();
    let mut sent = false;
    for line in lines.by_ref() {
        let line = line.unwrap();
        stdout.push_str(&line);
        stdout.push('\n');
        if line.contains(words) && !sent {
            sent = true;
            for signal in signals {
                send(signal, child.id());
            }
        }
    }
    assert!(sent, "{words:?} is not told: {stdout}");
    let mut ran = Ran::of(child.wait_with_output().unwrap());
    ran.stdout = stdout;
    ran
}

fn slow() -> Stage {
    let stage = Stage::contractors(&json!({"latencyMs": 60}));
    stage.write("ten.rhai", TEN);
    stage
}

const RUN: &[&str] = &["run", "ten.rhai", "--yes", "--output", "json"];
const PERFORMED: &str = "\"event\":\"performed\"";

#[test]
fn a_run_that_is_asked_to_end_tells_its_outcome_and_can_be_gone_on_with() {
    for signals in [&["-TERM"][..], &["-HUP", "-HUP"], &["-INT"]] {
        let stage = slow();
        let ran = signalled(stage.command().args(RUN), PERFORMED, signals);
        let outcome = ran.exits(5).outcome();
        assert_eq!(outcome["outcome"], "interrupted", "{signals:?} {ran}");
        let run = outcome["run"].as_str().unwrap();
        let resumed = Ran::command(stage.command().args(["resume", run, "--yes", "--output", "json"]));
        assert_eq!(resumed.exits(0).outcome()["counts"]["writes"], 10, "{resumed}");
        let undone = signalled(stage.command().args(["undo", run, "--yes", "--output", "json"]), PERFORMED, signals);
        assert_eq!(undone.exits(5).outcome()["outcome"], "interrupted", "{undone}");
        let undo = undone.outcome()["run"].as_str().unwrap().to_owned();
        Ran::command(stage.command().args(["resume", &undo, "--yes"])).exits(0);
    }
}

/// Items that were not come to are no items done.
#[test]
fn a_run_that_stops_in_a_bulk_step_counts_the_items_done_of_all() {
    let stage = Stage::contractors(&json!({"latencyMs": 60}));
    let text = TEN.replace(
        "for number in 0..10 {",
        "let numbers = []; for number in 0..40 { numbers.push(`${number}`); } each(numbers, |number|",
    );
    stage.write("ten.rhai", &text.replace("); }\n", "));\n"));
    let ran = signalled(stage.command().args(RUN), PERFORMED, &["-INT"]);
    let outcome = ran.exits(5).outcome();
    let counts = &outcome["counts"];
    assert_eq!(counts["items"], 40, "{ran}");
    let done = counts["done_items"].as_u64().unwrap();
    assert!(done < 40 && done <= counts["writes"].as_u64().unwrap(), "{ran}");
    let run = outcome["run"].as_str().unwrap();
    let command = |words: &[&str]| Ran::command(stage.command().args(words));
    let told = format!("{done} of 40 items");
    command(&["runs", "show", run]).exits(0).says(&[&told, "  request "]);
    let report = ["runs", "report", run, "--format", "html"];
    command(&report).exits(0).says(&[&told]);
    let resumed = command(&["resume", run, "--yes"]);
    resumed.exits(0).says(&["40 items, 40 writes"]);
    assert!(!resumed.said().contains(" of 40 items"), "{resumed}");
}

#[test]
fn a_second_signal_leaves_at_once() {
    let stage = Stage::contractors(&json!({"latencyMs": 3000}));
    stage.write("ten.rhai", TEN);
    let ran = signalled(
        stage.command().args(RUN),
        // The look before the first write, which is on the wire for seconds then.
        "\"event\":\"read\"",
        &["-TERM", "-INT"],
    );
    ran.exits(5);
    // On a busy machine the first signal may come before the write is sent: then the run is over.
    let has_left = ran.stderr.contains("left run") && !ran.stdout.contains("\"outcome\"");
    let was_over = ran.stdout.contains("\"writes\":0");
    assert!(has_left || was_over, "{ran}");
}

/// `nohup` has it ignored.
#[cfg(target_os = "linux")]
#[test]
fn a_hang_up_that_was_ignored_before_stays_ignored() {
    let stage = slow();
    let binary = stage.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(binary.get_program()).args(RUN);
    shell.current_dir(stage.folder());
    for (name, value) in binary.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    signalled(&mut shell, PERFORMED, &["-HUP"]).exits(0);
}

#[test]
fn the_simulator_stops_in_order() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-HUP", "-INT"] {
        let ran = signalled(okta_runbook(folder.path()).args(["simulator", "--json"]), "orgs", &[signal]);
        ran.exits(0);
    }
}

#[test]
fn a_session_from_a_pipe_ends_with_an_outcome() {
    for (entry, signal) in [("note(1);", "-TERM"), ("note(1); loop { okta.list_groups(); }", "-HUP")] {
        let stage = slow();
        let mut child = piped(stage.command().args(["repl"]).stdin(Stdio::piped()));
        let mut input = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, format!("{entry}\n").as_bytes()).unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        send(signal, child.id());
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        let ran = Ran::of(child.wait_with_output().unwrap());
        ran.exits(5);
        let runs = Ran::command(stage.command().args(["runs", "--output", "json"]));
        let runs: Value = serde_json::from_str(&runs.stdout).unwrap();
        assert_eq!(runs[0]["outcome"], "interrupted", "{entry} {runs} {ran}");
    }
}

#[test]
fn a_plan_that_is_asked_to_end_ends() {
    let stage = slow();
    let head = TEN.split("for number").next().unwrap();
    stage.write("ten.rhai", &format!("{head}loop {{ okta.list_groups(); }}"));
    let mut child = piped(stage.command().args(["plan", "ten.rhai"]));
    while stage.calls(|method| method == "GET") < 1 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    send("-TERM", child.id());
    Ran::of(child.wait_with_output().unwrap()).exits(5);
}
