//! Who did it: each form of the evidence names the account and the system's user of the moment, or says that they are unknown.

use std::process::Command;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::stage::{ADA, Ran, Stage, system_actor};

const JOURNAL_KEY: &str = "0123456789abcdef0123456789abcdef";
const OPAL: &str = "opal@corp.example";
const MARIA: &str = "maria@corp.example";
const LIN: &str = "lin@corp.example";

const RUNBOOK: &str = r#"
//! Make a group.
const ORGS = #{ okta: "the org" };
step("Make a group");
confirm("Make the group?");
okta.add_group(#{ profile: #{ name: "Made" } });
manual("Tell the team", #{ name: "tell", how: "Write a message." });
"#;

/// An org with three admins.
fn stage() -> Stage {
    let admin = |login: &str| json!({"login": login, "firstName": "An", "lastName": "Admin", "token": token(login)});
    let stage = Stage::of(&json!({
        "directories": [{"domain": "corp.example", "organizationalUnits": ["User-Contractor", "Users"]}],
        "orgs": [{
            "name": "okta",
            "apps": [{"activeDirectory": "corp.example"}],
            "admins": [admin(OPAL), admin(MARIA), admin(LIN)],
        }],
        "contractors": 3,
        "options": {"limits": {"enabled": false}},
    }));
    stage.write("runbooks/make.rhai", RUNBOOK);
    shares_a_journal_key(&stage);
    stage
}

/// Each of them verifies by it what another ran.
fn shares_a_journal_key(stage: &Stage) {
    let profile = format!(
        "[orgs.shared]\nurl = \"{}\"\ntoken = {{ env = \"OKTA_CLIENT_TOKEN\" }}\njournal_key = {{ env = \"JOURNAL_KEY\" }}\n",
        stage.url()
    );
    stage.write("okta-runbook.toml", &profile);
}

fn token(login: &str) -> String {
    let name = login.split('@').next().unwrap();
    format!("00{name:x<40}")
}

fn command(stage: &Stage, login: &str, words: &[&str]) -> Command {
    let mut command = stage.command();
    command.env("OKTA_CLIENT_TOKEN", token(login)).env("JOURNAL_KEY", JOURNAL_KEY).args(words);
    command
}

fn by(stage: &Stage, login: &str, words: &[&str]) -> Ran {
    Ran::command(&mut command(stage, login, words))
}

fn run_of(ran: &Ran) -> String {
    ran.outcome()["run"].as_str().unwrap().to_owned()
}

fn words(login: &str) -> String {
    format!("{login} at okta, as {}", system_actor())
}

fn login_of(event: &Value) -> &Value {
    &event["actor"]["accounts"]["okta"]["user"]["login"]
}

/// A run that opal starts, maria confirms, attests and resumes, and lin undoes; and the undo.
fn shared(stage: &Stage) -> (String, String) {
    let started = by(stage, OPAL, &["run", "make", "--output", "json"]);
    let run = run_of(started.exits(2));
    let resumed = ["resume", &run, "--yes", "--attest", "tell"];
    by(stage, MARIA, &resumed).exits(0);
    let undone = ["undo", &run, "--yes", "--output", "json"];
    let undo = run_of(by(stage, LIN, &undone).exits(0));
    (run, undo)
}

#[test]
fn each_form_of_the_evidence_names_who_started_agreed_attested_resumed_and_undid() {
    let stage = stage();
    let (run, undo) = shared(&stage);
    let (opal, maria, lin) = (words(OPAL), words(MARIA), words(LIN));
    let shown = by(&stage, OPAL, &["runs", "show", &run]);
    shown.exits(0).says(&[
        &format!("started by {opal}"),
        &format!("resumed by {maria}"),
        &format!("Make the group? yes, by {maria}"),
        &format!("Tell the team (attested by {maria})"),
    ]);
    let shown = by(&stage, OPAL, &["runs", "show", &undo]);
    shown.says(&[&format!("started by {lin}"), &format!("Take back 1 write? yes, by {lin}")]);
    for form in ["html", "markdown", "junit"] {
        let report = by(&stage, OPAL, &["runs", "report", &run, "--format", form]);
        let report = report.exits(0).stdout.replace("\\_", "_");
        for who in [&opal, &maria, &lin] {
            assert!(report.contains(who.as_str()), "{form}: {who}\n{report}");
        }
    }
    let report = by(&stage, OPAL, &["runs", "report", &run, "--format", "json"]);
    let report: Value = serde_json::from_str(&report.exits(0).stdout).unwrap();
    assert_eq!(report["operator"], *opal);
    let said: Vec<(&str, &str, &Value)> = report["attestations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["by"].is_string())
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap();
            (text("kind"), text("by"), login_of(one))
        })
        .collect();
    let said: Vec<_> = said.iter().map(|(kind, by, login)| (*kind, *by, login.as_str().unwrap())).collect();
    assert_eq!(
        said,
        [
            ("start", opal.as_str(), OPAL),
            ("resume", &maria, MARIA),
            ("question", &maria, MARIA),
            ("manual", &maria, MARIA),
            ("undo", &lin, LIN),
        ]
    );
}

/// One line is enough to tell who was at work.
#[test]
fn every_json_event_carries_the_actor_of_that_moment() {
    let stage = stage();
    let (run, _) = shared(&stage);
    let shown = by(&stage, LIN, &["runs", "show", &run, "--output", "json"]);
    let events = shown.exits(0).events();
    let resumed = events.iter().position(|event| event["event"] == "resumed").unwrap();
    assert!(resumed > 1 && resumed + 3 < events.len(), "{shown}");
    let ended = events.iter().rposition(|event| event["event"] == "outcome").unwrap();
    assert_eq!(events.len(), ended + 1, "they share the key by which the journal is verified: {shown}");
    for (at, event) in events.iter().enumerate() {
        let expected = if at < resumed { OPAL } else { MARIA };
        assert_eq!(login_of(event), expected, "{event}");
        let actor = &event["actor"];
        let system = format!("{} on {}", actor["system_user"].as_str().unwrap(), actor["host"].as_str().unwrap());
        assert_eq!(system, system_actor(), "{event}");
    }
}

#[test]
fn a_service_app_is_named_by_its_client_id() {
    let stage = Stage::with_client(&json!({"label": "Runbooks", "roles": ["SUPER_ADMIN"]}));
    stage.write("runbooks/make.rhai", RUNBOOK);
    let run = ["run", "make", "--yes", "--attest", "all", "--output", "json"];
    let mut command = stage.by_key(stage.command());
    let ran = Ran::command(command.args(run));
    let app = &ran.exits(0).events()[0]["actor"]["accounts"]["okta"]["app"]["client_id"];
    assert_eq!(app, stage.service_app().0);
}

/// Asking costs a run nothing that may not ask.
#[test]
fn an_account_that_the_org_does_not_tell_is_unknown_and_the_run_goes_on() {
    let stage = Stage::contractors(&json!({}));
    stage.fault(&json!({"method": "GET", "path": "/api/v1/users/me", "action": "status", "status": 403}));
    let ran = stage.move_users(&[]);
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    let manual = &ran.events_of("manual")[0];
    let words = format!("unknown at okta, as {}", system_actor());
    assert_eq!(manual["attested_by"], *words, "{manual}");
    assert_eq!(manual["actor"]["accounts"]["okta"], "unknown", "{manual}");
}

#[test]
fn a_journal_that_is_older_than_actors_says_unknown_and_goes_on() {
    let stage = stage();
    let started = by(&stage, OPAL, &["run", "make", "--output", "json"]);
    let run = run_of(started.exits(2));
    let path = stage.folder().join(".okta-runbook/journal.sqlite");
    let database = Connection::open(path).unwrap();
    let with_actor = "SELECT count(*) FROM entries WHERE event ->> 'actor' IS NOT NULL";
    let stored: i64 = database.query_row(with_actor, [], |row| row.get(0)).unwrap();
    assert_eq!(stored, 1, "once for each execution");
    database
        .execute_batch("UPDATE entries SET event = json_remove(event, '$.actor'); UPDATE runs SET operator = 'pat'")
        .unwrap();
    drop(database);
    let unknown = "unknown (an environment variable named pat)";
    let shown = by(&stage, OPAL, &["runs", "show", &run]);
    shown.says(&[&format!("started by {unknown}")]);
    let resumed = ["resume", &run, "--yes", "--attest", "all", "--accept-altered"];
    by(&stage, MARIA, &resumed).exits(0);
    let report = ["runs", "report", &run, "--accept-altered", "--format", "html"];
    by(&stage, OPAL, &report).exits(0).says(&[unknown, &words(MARIA)]);
    let undo = ["undo", &run, "--yes", "--accept-altered"];
    by(&stage, LIN, &undo).exits(0);
}
