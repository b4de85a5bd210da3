//! Secrets occur nowhere: not in what is printed, not in the journal, not in errors.

use std::path::Path;

use serde_json::{Value, json};

use crate::stage::{ADA, Ran, Stage};

/// Every file below a folder, the journal's write-ahead log included.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

#[track_caller]
fn assert_no_secret(stage: &Stage, runs: &[Ran], secrets: &[&str]) {
    let mut found = Vec::new();
    files(&stage.folder().join(".okta-runbook"), &mut found);
    assert!(
        found.iter().any(|(name, _)| name.ends_with("journal.sqlite")),
        "{:?}",
        found.iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    for secret in secrets {
        for (name, bytes) in &found {
            assert!(!holds(bytes, secret), "{secret} is in {name}");
        }
        for ran in runs {
            assert!(!ran.said().contains(secret), "{secret} is printed\n{ran}");
        }
    }
}

#[test]
fn no_secret_is_printed_or_journalled() {
    let stage = Stage::contractors(&json!({}));
    let (token, password) = (stage.token().to_owned(), stage.password().to_owned());
    let dead = "00deadTokenOfNobody1234";
    let mut with_dead_token = stage.moving(&["--yes"]);
    with_dead_token.env("OKTA_CLIENT_TOKEN", dead);
    let wrong = "not-The-Password-9";
    let mut with_wrong_password = stage.moving(&["--yes", "--attest", "all"]);
    with_wrong_password.env("AD_PASSWORD", wrong);
    stage.fault(&json!({"method": "PUT", "path": "/api/v1/groups/*/users", "action": "status", "status": 500}));
    let failing = stage.move_users(&[]);
    let runs = [
        Ran::command(&mut with_dead_token),
        Ran::command(&mut with_wrong_password),
        failing,
        stage.move_users(&[]),
        Ran::command(stage.command().args(["runs"])),
        Ran::command(stage.command().args(["run", "ad/move_user_to_ou", "--token", &token])),
    ];
    assert_eq!(runs[3].code, Some(0), "{}", runs[3]);
    let id = runs[3].outcome()["run"].as_str().unwrap().to_owned();
    let shown = [
        Ran::command(stage.command().args(["runs", "show", &id])),
        Ran::command(stage.command().args(["runs", "show", &id, "--output", "json"])),
    ];
    let secrets = [token.as_str(), password.as_str(), dead, wrong];
    assert_no_secret(&stage, &runs, &secrets);
    assert_no_secret(&stage, &shown, &secrets);
}

/// The scan itself can fail: what is no secret is in the journal.
#[test]
fn what_is_no_secret_is_in_the_journal() {
    let stage = Stage::contractors(&json!({}));
    stage.move_users(&[]).exits(0);
    let mut found = Vec::new();
    files(&stage.folder().join(".okta-runbook"), &mut found);
    assert!(found.iter().any(|(_, bytes)| holds(bytes, ADA)));
}

#[test]
fn secrets_in_bodies_of_calls_are_not_journalled() {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/user.rhai", r#"//! Make a user.
const ORGS = #{ okta: "org" };
const PARAMS = #{ password: #{ type: "secret", help: "of the user" } };
step("Make");
let user = okta.create_user(#{ activate: false,
    profile: #{ firstName: "Neo", lastName: "Last", email: "neo@corp.example", login: "neo@corp.example" },
    credentials: #{ password: #{ value: "Sw0rdfish" + "-in-script" }, recovery_question: #{ question: "Who?", answer: "Nobody" + "-at-all" } } });
note(user.profile.login);
throw "stop here";
"#);
    let mut command = stage.command();
    command.env("NEW_PASSWORD", "Sw0rdfish-in-variable");
    let ran = Ran::command(command.args([
        "run",
        "user",
        "--yes",
        "--param",
        "password=env:NEW_PASSWORD",
        "--output",
        "json",
    ]));
    ran.exits(1).says(&["stop here"]);
    let users = stage.state()["users"].clone();
    assert!(
        users
            .as_object()
            .unwrap()
            .values()
            .any(|user| user["login"] == "neo@corp.example" && user["hasPassword"] == true),
        "the password was sent"
    );
    // The script's text is in the journal, hence the words are put together there; what was sent is not.
    assert_no_secret(&stage, &[ran], &["Sw0rdfish-in-script", "Nobody-at-all", "Sw0rdfish-in-variable"]);
}

#[test]
fn a_script_error_shows_file_line_caret_and_help() {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/wrong.rhai", "//! Wrong.\nconst ORGS = #{ okta: \"org\" };\nconst PARAMS = #{};\nstep(\"Look\");\nlet groups = okta.list_group();\n");
    let ran = Ran::command(stage.command().args(["run", "wrong"]));
    // Found before anything runs.
    ran.exits(2).says(&[
        "runbooks/wrong.rhai:5:19",
        "5 | let groups = okta.list_group();",
        "^^^^^^^^^^",
        "help:",
        "list_groups",
    ]);
    stage.write(
        "runbooks/broken.rhai",
        "//! Broken.\nconst ORGS = #{ okta: \"org\" };\nconst PARAMS = #{};\nlet a = ;\n",
    );
    stage.forget_calls();
    let ran = Ran::command(stage.command().args(["run", "broken"]));
    ran.exits(2).says(&["runbooks/broken.rhai:4:", "let a = ;", "^"]);
    assert_eq!(stage.calls(|_| true), 0);
}

/// Ctrl-C while users are moved.
#[test]
fn an_interrupted_run_says_its_id_leaves_no_write_unanswered_and_is_taken_up() {
    let stage = Stage::contractors(&json!({"latencyMs": 60}));
    stage.write("users.csv", &format!("login\n{ADA}\nben.okafor@corp.example\n"));
    let mut command = stage.moving(&["--yes", "--attest", "all", "users=@users.csv"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let mut stdout = String::new();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut signalled = false;
    for line in std::io::BufRead::lines(lines) {
        let line = line.unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        if !signalled && event["event"] == "performed" && event["operation"] == "assign_user_to_group" {
            signalled = true;
            let killed = std::process::Command::new("kill").args(["-INT", &id]).status().unwrap();
            assert!(killed.success());
        }
        stdout.push_str(&line);
        stdout.push('\n');
    }
    let mut ran = Ran::of(child.wait_with_output().unwrap());
    ran.stdout = stdout;
    ran.exits(5);
    let outcome = ran.outcome();
    assert_eq!(outcome["outcome"], "interrupted");
    let run = outcome["run"].as_str().unwrap();
    let shown = Ran::command(stage.command().args(["runs", "show", run]));
    shown.exits(0);
    assert!(!shown.said().contains("no answer"), "{shown}");
    for login in [ADA, "ben.okafor@corp.example"] {
        stage.assert_safe(login, &ran);
    }
    let resumed = Ran::command(stage.command().args(["resume", run, "--yes", "--attest", "all"]));
    resumed.exits(0);
    for login in [ADA, "ben.okafor@corp.example"] {
        stage.assert_moved(login, &resumed);
    }
}
