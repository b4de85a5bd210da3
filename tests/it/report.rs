//! A run as evidence: every form through the binary, read by what reads such files.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, Ran, Stage, okta_runbook};

/// A run of two users of whom one fails, with consent to everything.
fn partly_done() -> (Stage, Ran) {
    let stage = Stage::contractors(&json!({}));
    let ben = stage.user(BEN);
    stage.fault(
        &json!({"method": "POST", "path": format!("/api/v1/apps/*/users/{ben}"), "action": "status", "status": 403}),
    );
    let ran = stage.move_users(&[&format!("users={ADA},{BEN}")]);
    ran.exits(3);
    (stage, ran)
}

fn run_id(ran: &Ran) -> String {
    ran.outcome()["run"].as_str().unwrap().to_owned()
}

fn report(stage: &Stage, run: &str, more: &[&str]) -> Ran {
    let mut command = okta_runbook(stage.folder());
    command.args(["runs", "report", run]).args(more);
    Ran::command(&mut command)
}

fn in_form(stage: &Stage, run: &str, form: &str) -> String {
    let ran = report(stage, run, &["--format", form]);
    ran.exits(0);
    ran.stdout
}

/// Runs a tool on a text; nothing when the machine has no such tool and need not have it.
fn by_tool(command: &mut Command) -> Option<(bool, String)> {
    match command.stdin(Stdio::null()).output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            assert!(std::env::var_os("CI_REQUIRED").is_none(), "{command:?}: {error}");
            None
        }
    }
}

#[test]
fn the_document_tells_every_write_with_its_proof() {
    let (stage, ran) = partly_done();
    let document: Value = serde_json::from_str(&in_form(&stage, &run_id(&ran), "json")).unwrap();
    assert_eq!(document["outcome"], "partly");
    let told = ran.events_of("performed");
    let writes = document["writes"].as_array().unwrap();
    let done: Vec<_> = writes.iter().filter(|write| write["state"] == "done").collect();
    assert_eq!(done.len(), told.len());
    for write in &done {
        let id = &write["request_id"];
        let same = told.iter().find(|event| event["request_id"] == *id);
        let same = same.unwrap_or_else(|| panic!("{write} was not told"));
        assert_eq!(same["path"], write["path"]);
    }
    let refused: Vec<_> = writes.iter().filter(|write| write["state"] == "refused").collect();
    assert!(!refused.is_empty(), "{document}");
    assert!(refused.iter().all(|write| write["item"] == BEN && write["status"] == 403));
    let change = done.iter().find(|write| write["operation"] == "update_application_user");
    let change = change.expect("Ada's assignment was converted");
    assert_eq!(change["before"]["scope"], "USER");
    assert_eq!(change["request"]["body"]["scope"], "GROUP");
    let keys: Vec<_> =
        document["items"].as_array().unwrap().iter().map(|item| (item["key"].clone(), item["end"].clone())).collect();
    assert!(keys.contains(&(ADA.into(), "succeeded".into())), "{keys:?}");
    assert!(keys.contains(&(BEN.into(), "failed".into())), "{keys:?}");
    let attested = document["attestations"].as_array().unwrap();
    assert!(attested.iter().any(|said| said["kind"] == "manual" && said["by"].is_string()), "{attested:?}");
}

#[test]
fn the_junit_file_is_valid_and_counts_the_failed_item_and_its_step() {
    let (stage, ran) = partly_done();
    let file = stage.folder().join("run.xml");
    report(&stage, &run_id(&ran), &["-o", file.to_str().unwrap()]).exits(0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(&format!("name=\"{ADA}\"")), "{text}");
    assert_eq!(text.matches("<failure").count(), 2, "{text}");
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/junit.xsd");
    let lint = by_tool(Command::new("xmllint").args(["--noout", "--schema", schema]).arg(&file));
    if let Some((valid, said)) = lint {
        assert!(valid, "{said}\n{text}");
    }
}

#[test]
fn the_page_stands_alone_and_runs_without_console_errors() {
    let (stage, ran) = partly_done();
    let file = stage.folder().join("run.html");
    report(&stage, &run_id(&ran), &["--out", file.to_str().unwrap()]).exits(0);
    stands_alone(&stage, &file, ADA);
}

/// The page names nothing outside of itself, and a browser shows it without an error.
pub(crate) fn stands_alone(stage: &Stage, file: &std::path::Path, shown: &str) {
    let page = std::fs::read_to_string(file).unwrap();
    for foreign in ["src=\"http", "href=\"http", "@import", "url(http", "url(//"] {
        assert!(!page.contains(foreign), "{foreign} in the page");
    }
    assert!(page.contains("default-src &#x27;none&#x27;") || page.contains("default-src 'none'"));
    let mut browser = Command::new("chromium");
    browser
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--v=0",
            "--virtual-time-budget=2000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", stage.folder().join("browser").display()))
        .arg(format!("file://{}", file.display()));
    if let Some((opened, said)) = by_tool(&mut browser) {
        assert!(opened, "{said}");
        assert!(said.contains(shown), "the page was not shown: {said}");
        let console: Vec<_> = said.lines().filter(|line| line.contains(":CONSOLE")).collect();
        assert!(console.is_empty(), "{console:?}");
    }
}

#[test]
fn the_ticket_form_is_short_and_names_who_failed() {
    let (stage, ran) = partly_done();
    let text = in_form(&stage, &run_id(&ran), "markdown");
    assert!(text.lines().next().unwrap().ends_with("partly done"), "{text}");
    assert!(text.contains(BEN) && text.contains("1 failed") && text.contains("1 succeeded"), "{text}");
}

#[test]
fn a_run_that_died_has_its_report() {
    let stage = Stage::contractors(&json!({}));
    let mut child = stage.moving(&["--yes", "--attest", "all"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut run = String::new();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    for line in lines {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Some(id) = event["run"].as_str() {
            id.clone_into(&mut run);
        }
        if event["event"] == "performed" {
            child.kill().unwrap();
            break;
        }
    }
    child.wait().unwrap();
    for form in ["html", "json", "junit", "markdown"] {
        let text = in_form(&stage, &run, form);
        assert!(text.contains("died"), "{form}: {text}");
    }
}

#[test]
fn no_secret_is_in_any_form() {
    let (stage, ran) = partly_done();
    for form in ["html", "json", "junit", "markdown"] {
        let text = in_form(&stage, &run_id(&ran), form);
        for secret in [stage.token(), stage.password()] {
            assert!(!text.contains(secret), "{form}");
        }
    }
}

#[test]
fn a_report_that_is_there_is_not_written_over() {
    let (stage, ran) = partly_done();
    stage.write("proof.md", "the approval");
    let file = stage.folder().join("proof.md");
    let path = file.to_str().unwrap();
    report(&stage, &run_id(&ran), &["-o", path]).exits(2).says(&["is there already", "--force"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "the approval");
    report(&stage, &run_id(&ran), &["-o", path, "--force"]).exits(0);
    assert!(std::fs::read_to_string(&file).unwrap().contains(&run_id(&ran)));
    report(&stage, &run_id(&ran), &["-o", "proof.pdf"]).exits(2).says(&["--format"]);
    report(&stage, "1999", &[]).exits(2);
}

#[test]
fn the_events_of_the_log_are_found_by_the_requests_that_caused_them() {
    let (stage, ran) = partly_done();
    let run = run_id(&ran);
    let mut command = stage.command();
    command.args(["runs", "report", &run, "--format", "json", "--log-events"]);
    let reported = Ran::command(&mut command);
    reported.exits(0);
    let document: Value = serde_json::from_str(&reported.stdout).unwrap();
    let log = stage.get("/api/v1/logs?limit=1000");
    let kinds = |ids: &Value| -> Vec<String> {
        let ids = ids.as_array().into_iter().flatten();
        ids.map(|id| {
            let event = log.as_array().unwrap().iter().find(|event| event["uuid"] == *id);
            event.unwrap()["eventType"].as_str().unwrap().to_owned()
        })
        .collect()
    };
    let writes = document["writes"].as_array().unwrap();
    let joined: Vec<&Value> = writes.iter().filter(|write| write["operation"] == "assign_user_to_group").collect();
    assert!(!joined.is_empty());
    for write in joined {
        let kinds = kinds(&write["log_event_ids"]);
        assert!(kinds.contains(&"group.user_membership.add".to_owned()), "{kinds:?}");
    }
    let refused = writes.iter().find(|write| write["state"] == "refused").unwrap();
    assert_eq!(kinds(&refused["log_event_ids"]), Vec::<String>::new());
}

#[test]
fn a_log_that_may_not_be_read_is_told() {
    let (stage, ran) = partly_done();
    stage.fault(&json!({"method": "GET", "path": "/api/v1/logs", "action": "status", "status": 403}));
    let mut command = stage.command();
    command.args(["runs", "report", &run_id(&ran), "--log-events"]);
    Ran::command(&mut command).exits(1).says(&["the System Log of okta cannot be read", "okta.logs.read"]);
}
