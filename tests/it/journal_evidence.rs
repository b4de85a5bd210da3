//! The journal is evidence: what somebody altered is refused by resume, undo and report, a chain that was computed again too.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256, digest};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::stage::{Ran, Stage, system_actor};

/// Makes a group and stops, so that the run can be taken up and taken back.
const SCRIPT: &str = "//! T.
const ORGS = #{ okta: \"the org\" };
const PARAMS = #{};
step(\"Make\");
let group = okta.add_group(#{ profile: #{ name: \"Harmless\" } });
let found = okta.list_groups(#{ q: \"Later\" });
if found.len() == 0 { throw \"not yet\"; }
okta.add_group(#{ profile: #{ name: `After ${group.profile.name}` } });
";

struct Forger<'a> {
    stage: &'a Stage,
    run: String,
}

/// What a forger does about seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forgery {
    KeepsSeals,
    TakesSealsAway,
    SaysItIsOld,
    NamesAnotherKey,
}

fn command(stage: &Stage, arguments: &[&str]) -> Ran {
    Ran::command(stage.command().args(arguments))
}

/// A run that stopped, and how to get at its journal.
fn stopped(stage: &Stage) -> Forger<'_> {
    stage.write("small.rhai", SCRIPT);
    let run = run(stage);
    Forger { stage, run }
}

fn run(stage: &Stage) -> String {
    let ran = command(stage, &["run", "small.rhai", "--yes", "--output", "json"]);
    ran.exits(1).outcome()["run"].as_str().unwrap().to_owned()
}

fn groups(stage: &Stage) -> Vec<String> {
    let simulated = stage.state();
    let groups = simulated["groups"].as_object().unwrap().values();
    let name = |group: &Value| group["name"].as_str().map(str::to_owned);
    groups.filter_map(name).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn json_of(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => number.into(),
        Cell::Text(text) => text.into(),
        other => panic!("{other:?}"),
    }
}

impl Forger<'_> {
    fn database(&self) -> Connection {
        let path = self.stage.folder().join(".okta-runbook/journal.sqlite");
        let database = Connection::open(path).unwrap();
        database.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        database
    }

    fn alter(&self, sql: &str) {
        let changed = self.database().execute(sql, []).unwrap();
        assert!(changed > 0, "{sql}");
    }

    /// Puts another group's name everywhere, and computes all digests again.
    fn forges(&self, how: Forgery) {
        let database = self.database();
        let other = "replace(%, 'Harmless', 'Powerful')";
        for (table, columns) in [("entries", vec!["event", "request"]), ("bodies", vec!["body"])] {
            for column in columns {
                let value = other.replace('%', column);
                let sql = format!("UPDATE {table} SET {column} = {value}");
                database.execute(&sql, []).unwrap();
            }
        }
        Self::names_bodies_again(&database);
        if how == Forgery::NamesAnotherKey {
            let sql = "UPDATE entries SET seal = CAST(x'0102030405060708' || substr(seal, 9) AS BLOB)";
            database.execute(sql, []).unwrap();
            for table in ["runs", "ends"] {
                let sql = format!("UPDATE {table} SET seal = CAST(x'0102030405060708' || substr(seal, 9) AS BLOB)");
                database.execute(&sql, []).unwrap();
            }
        } else if how != Forgery::KeepsSeals {
            database.execute("UPDATE entries SET seal = NULL WHERE run = ?1", [&self.run]).unwrap();
            database.execute("UPDATE runs SET seal = NULL WHERE id = ?1", [&self.run]).unwrap();
            database.execute("UPDATE ends SET seal = NULL WHERE run = ?1", [&self.run]).unwrap();
        }
        if how == Forgery::SaysItIsOld {
            let sql = "UPDATE runs SET unsealed = ends.length FROM ends WHERE id = ?1 AND ends.run = id";
            database.execute(sql, [&self.run]).unwrap();
        }
        self.chains_again(&database);
    }

    /// Computes the digest of the run's record again.
    fn begins_again(&self) {
        const COLUMNS: &str = "SELECT id, kind, undoes, runbook, digest, sources, operator, parameters, orgs, started FROM runs WHERE id = ?1";
        let names =
            ["run", "kind", "undoes", "runbook", "digest", "sources", "operator", "parameters", "orgs", "started"];
        let database = self.database();
        let record = database.query_row(COLUMNS, [&self.run], |row| {
            let value = |(at, name): (usize, &&str)| Ok(format!("{}:{}", json!(name), json_of(row.get(at)?)));
            names.iter().enumerate().map(value).collect::<rusqlite::Result<Vec<_>>>()
        });
        let text = format!("{{{}}}", record.unwrap().join(","));
        let now = digest(&SHA256, text.as_bytes());
        let sql = "UPDATE runs SET record = ?2 WHERE id = ?1";
        assert_eq!(database.execute(sql, params![self.run, now.as_ref()]).unwrap(), 1);
    }

    fn names_bodies_again(database: &Connection) {
        let mut statement = database.prepare("SELECT digest, body FROM bodies").unwrap();
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let bodies: Vec<(String, String)> = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
        for (name, body) in bodies {
            let now = hex(digest(&SHA256, body.as_bytes()).as_ref());
            for sql in [
                "UPDATE bodies SET digest = ?2 WHERE digest = ?1",
                "UPDATE entries SET before = ?2 WHERE before = ?1",
                "UPDATE entries SET answer = ?2 WHERE answer = ?1",
            ] {
                database.execute(sql, [&name, &now]).unwrap();
            }
        }
    }

    fn chains_again(&self, database: &Connection) {
        let mut last: Vec<u8> =
            database.query_row("SELECT record FROM runs WHERE id = ?1", [&self.run], |row| row.get(0)).unwrap();
        let mut statement = database
            .prepare("SELECT run, seq, lane, position, time, what, state, intent, event, request, before, answer, seal FROM entries WHERE run = ?1 ORDER BY seq")
            .unwrap();
        let mut rows = statement.query([&self.run]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let mut columns: Vec<Value> = (0..12).map(|at| json_of(row.get(at).unwrap())).collect();
            if let Cell::Blob(seal) = row.get(12).unwrap() {
                columns.push(hex(&seal[..8]).into());
            }
            let mut context = Context::new(&SHA256);
            context.update(&last);
            context.update(json!(columns).to_string().as_bytes());
            last = context.finish().as_ref().to_vec();
            let sql = "UPDATE entries SET digest = ?3 WHERE run = ?1 AND seq = ?2";
            let seq: i64 = row.get(1).unwrap();
            database.execute(sql, params![self.run, seq, last]).unwrap();
        }
        database.execute("UPDATE ends SET head = ?2 WHERE run = ?1", params![self.run, last]).unwrap();
        let sql = "UPDATE runs SET head = ends.head, length = ends.length FROM ends WHERE id = ?1 AND ends.run = id";
        database.execute(sql, params![self.run]).unwrap();
    }

    /// Nothing goes on with it, and nothing is sent.
    #[track_caller]
    fn is_refused(&self, words: &str) {
        let before = groups(self.stage);
        self.stage.forget_calls();
        command(self.stage, &["runs", "verify", &self.run]).exits(1);
        for arguments in
            [vec!["resume", &self.run, "--yes"], vec!["undo", &self.run, "--yes"], vec!["runs", "report", &self.run]]
        {
            let ran = command(self.stage, &arguments);
            ran.exits(2).says(&[words, "--accept-altered"]);
        }
        assert_eq!((groups(self.stage), self.stage.calls_that_write()), (before, 0));
    }
}

#[test]
fn what_is_as_it_was_written_is_known_to_be_genuine() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    let verified = command(&stage, &["runs", "verify", &forger.run]);
    verified.exits(0).says(&["entries are as they were written, sealed by key "]);
    let report = command(&stage, &["runs", "report", &forger.run]);
    report.exits(0).says(&["sealed by key "]);
    command(&stage, &["undo", &forger.run, "--yes"]).exits(0);
    assert!(!groups(&stage).contains(&"Harmless".to_owned()));
}

#[test]
fn an_altered_answer_a_missing_end_and_another_record_are_refused() {
    for (sql, words) in [
        ("UPDATE bodies SET body = replace(body, 'Harmless', 'Powerful')", "its answer was altered"),
        ("UPDATE runs SET operator = 'mallory'", "what it says of the run's beginning was altered"),
        ("UPDATE runs SET ended = '2026-01-02T03:04:05Z'", "it says otherwise of the run's end"),
        ("DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)", "it is missing"),
        ("UPDATE entries SET run = 'elsewhere' WHERE seq = (SELECT max(seq) FROM entries)", "it is missing"),
    ] {
        let stage = Stage::contractors(&json!({}));
        let forger = stopped(&stage);
        forger.alter(sql);
        forger.is_refused(words);
    }
}

#[test]
fn a_run_without_its_last_entries_is_told_by_the_seal_of_its_end() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    let cut = "DELETE FROM entries WHERE seq > (SELECT min(seq) FROM entries WHERE what = 'answer')";
    forger.alter(cut);
    for table in ["runs", "ends"] {
        let whole = "SET length = (SELECT count(*) FROM entries), head = (SELECT digest FROM entries ORDER BY seq DESC LIMIT 1)";
        forger.alter(&format!("UPDATE {table} {whole}"));
    }
    forger.alter("UPDATE runs SET outcome = NULL, ended = NULL, message = NULL, counts = NULL");
    forger.is_refused("the end of the journal that it names was altered");
}

#[test]
fn a_chain_that_was_computed_again_is_refused() {
    for (how, words) in [
        (Forgery::KeepsSeals, "its seal does not hold"),
        (Forgery::TakesSealsAway, "it has no seal"),
        (Forgery::SaysItIsOld, "the seals of another run say otherwise"),
    ] {
        let stage = Stage::contractors(&json!({}));
        let forger = stopped(&stage);
        command(&stage, &["eval", "1 + 1"]).exits(0);
        forger.forges(how);
        forger.is_refused(words);
    }
}

#[test]
fn what_nobody_can_tell_is_refused_and_recorded_where_it_is_accepted() {
    for how in [Forgery::NamesAnotherKey, Forgery::SaysItIsOld] {
        let stage = Stage::contractors(&json!({}));
        let profile = format!("[orgs.acme]\nurl = \"{}\"\ntoken = {{ env = \"OKTA_CLIENT_TOKEN\" }}\n", stage.url());
        stage.write("okta-runbook.toml", &profile);
        let forger = stopped(&stage);
        forger.forges(how);
        forger.is_refused("so a forgery cannot be excluded");
        let undone = command(&stage, &["undo", &forger.run, "--yes", "--accept-altered", "--output", "json"]);
        let told = undone.events_of("unverified_journal");
        assert_eq!(told[0]["of"], forger.run, "{undone}");
        assert!(told[0]["accepted_by"].as_str().unwrap().contains("sam.admin@corp.example"), "{undone}");
    }
}

#[test]
fn a_run_that_is_said_to_have_no_org_is_refused_where_it_wrote() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    forger.alter("UPDATE runs SET orgs = '[]'");
    forger.begins_again();
    forger.forges(Forgery::TakesSealsAway);
    let words = "have no seal, since the run works on no org";
    command(&stage, &["runs", "verify", &forger.run]).exits(1).says(&[words]);
    for go_on in ["resume", "undo"] {
        command(&stage, &[go_on, &forger.run, "--yes"]).exits(2).says(&[words, "--accept-altered"]);
    }
}

#[test]
fn a_run_that_is_altered_is_shown_with_a_warning() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    forger.alter("UPDATE bodies SET body = replace(body, 'Harmless', 'Powerful')");
    let shown = command(&stage, &["runs", "show", &forger.run]);
    shown.exits(0).says(&["add_group", "was altered: entry ", "its answer was altered"]);
}

#[test]
fn the_report_of_a_simulator_that_is_gone_says_that_nobody_can_tell() {
    let stage = Stage::contractors(&json!({}));
    stage.write("small.rhai", SCRIPT);
    let ran = command(&stage, &["run", "small.rhai", "--simulator", "--yes", "--output", "json"]);
    let run = ran.exits(1).outcome()["run"].as_str().unwrap().to_owned();
    command(&stage, &["runs", "report", &run]).exits(0).says(&["so a forgery cannot be excluded"]);
    command(&stage, &["runs", "verify", &run]).exits(1).says(&["so a forgery cannot be excluded"]);
}

#[test]
fn who_shares_the_journal_key_verifies_takes_up_and_undoes_what_another_ran() {
    let stage = Stage::contractors(&json!({}));
    let (client, key) = stage.service_app();
    let one = format!("url = \"{}\"\ntoken = {{ env = \"OKTA_CLIENT_TOKEN\" }}\n", stage.url());
    stage.write("key.pem", key);
    let other =
        format!("url = \"{}\"\nclient_id = \"{client}\"\nprivate_key = {{ file = \"key.pem\" }}\n", stage.url());
    let shared = "journal_key = { file = \"journal.key\" }\n";
    let profile = |of: &str, more: &str| stage.write("okta-runbook.toml", &format!("[orgs.acme]\n{of}{more}"));
    stage.write("journal.key", "short");
    profile(&one, shared);
    stage.write("small.rhai", SCRIPT);
    let short = command(&stage, &["run", "small.rhai", "--yes"]);
    short.exits(2).says(&["the journal key is shorter than 32 bytes", "openssl rand -hex 32"]);
    let secret = "c0ffee00c0ffee00c0ffee00c0ffee00";
    stage.write("journal.key", secret);
    let forger = stopped(&stage);
    profile(&other, shared);
    command(&stage, &["runs", "verify", &forger.run]).exits(0).says(&["sealed by key "]);
    stage.group("Later");
    command(&stage, &["resume", &forger.run, "--yes"]).exits(0);
    profile(&one, "");
    command(&stage, &["undo", &forger.run, "--yes"]).exits(2).says(&["which is not here", "journal_key"]);
    profile(&one, shared);
    let undone = command(&stage, &["undo", &forger.run, "--yes", "--output", "json"]);
    assert!(undone.exits(0).events_of("unverified_journal").is_empty(), "{undone}");
    let journal = std::fs::read(stage.folder().join(".okta-runbook/journal.sqlite")).unwrap();
    assert!(!journal.windows(secret.len()).any(|window| window == secret.as_bytes()));
}

#[test]
fn an_altered_journal_that_is_accepted_stands_in_both_runs() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    forger.alter("UPDATE bodies SET body = replace(body, 'Harmless', 'Powerful')");
    let arguments = ["undo", &forger.run, "--yes", "--accept-altered", "--output", "json"];
    let undone = command(&stage, &arguments);
    let told = undone.events_of("unverified_journal");
    let admin = format!("sam.admin@corp.example at okta, as {}", system_actor());
    assert_eq!(told[0]["accepted_by"], *admin, "{undone}");
    let reason = told[0]["reason"].as_str().unwrap();
    assert!(reason.contains("its answer was altered"), "{undone}");
    let shown = command(&stage, &["runs", "show", &forger.run]);
    let goes_on = format!("{admin} goes on with it");
    shown.says(&["was altered: entry ", &goes_on]);
    let report = command(&stage, &["runs", "report", &forger.run, "--accept-altered"]);
    report.exits(0).says(&["ALTERED: entry "]);
}

#[test]
fn another_credential_goes_on_only_where_it_is_accepted_and_says_that_it_cannot_verify() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    stage.group("Later");
    let (client, key) = stage.service_app();
    let as_another = |arguments: &[&str]| {
        let mut command = stage.command();
        command
            .args(arguments)
            .env_remove("OKTA_CLIENT_TOKEN")
            .env("OKTA_CLIENT_AUTHORIZATIONMODE", "PrivateKey")
            .env("OKTA_CLIENT_CLIENTID", client)
            .env("OKTA_CLIENT_PRIVATEKEY", key);
        Ran::command(&mut command)
    };
    let refused = as_another(&["resume", &forger.run, "--yes"]);
    refused.exits(2).says(&["which is not here", "--accept-altered"]);
    let resumed = as_another(&["resume", &forger.run, "--yes", "--accept-altered", "--output", "json"]);
    let told = resumed.exits(0).events_of("unverified_journal");
    let reason = told[0]["reason"].as_str().unwrap();
    assert!(reason.contains("which is not here"), "{resumed}");
    let verified = command(&stage, &["runs", "verify", &forger.run]);
    verified.exits(1).says(&["the chain of its", "is unbroken, but", "so a forgery cannot be excluded"]);
}

/// The tables that hold a run, each with the column that names it.
const TABLES: [(&str, &str); 3] = [("entries", "run"), ("ends", "run"), ("runs", "id")];

impl Forger<'_> {
    fn copies_the_journal(&self) {
        let copy = self.stage.folder().join("copy.sqlite");
        self.database().execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    }

    fn takes_out(&self, run: &str) {
        let database = self.database();
        for (table, column) in TABLES {
            let taken = database.execute(&format!("DELETE FROM {table} WHERE {column} = ?1"), [run]).unwrap();
            assert!(taken > 0, "{table} has nothing of {run}");
        }
    }

    /// Puts the rows of the run in the copy in the place of those in the journal: all were written by the product.
    fn puts_the_run_back(&self) {
        self.takes_out(&self.run);
        let database = self.database();
        let copy = self.stage.folder().join("copy.sqlite");
        database.execute("ATTACH ?1 AS copy", [copy.to_str().unwrap()]).unwrap();
        for (table, column) in TABLES {
            let sql = format!("INSERT INTO {table} SELECT * FROM copy.{table} WHERE {column} = ?1");
            assert!(database.execute(&sql, [&self.run]).unwrap() > 0, "{table}");
        }
    }

    /// Takes the run up to its end and takes it back; returns the undo.
    fn resumes_and_undoes(&self) -> String {
        self.stage.group("Later");
        command(self.stage, &["resume", &self.run, "--yes"]).exits(0);
        let undone = command(self.stage, &["undo", &self.run, "--yes", "--output", "json"]);
        undone.exits(0).outcome()["run"].as_str().unwrap().to_owned()
    }
}

fn evaluated(stage: &Stage) -> String {
    let ran = command(stage, &["eval", "1 + 1"]);
    ran.exits(0);
    newest(stage)
}

fn newest(stage: &Stage) -> String {
    let runs = command(stage, &["runs", "--output", "json"]);
    let runs: Value = serde_json::from_str(&runs.exits(0).stdout).unwrap();
    runs[0]["run"].as_str().unwrap().to_owned()
}

#[test]
fn a_run_that_is_put_back_to_a_time_before_it_was_undone_is_refused() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    forger.copies_the_journal();
    let undo = forger.resumes_and_undoes();
    forger.puts_the_run_back();
    forger.is_refused(&format!("a later run, {undo}, says that it had more entries, or others"));
    // Who accepts that still builds on nothing that is taken back.
    let accepted = command(&stage, &["resume", &forger.run, "--yes", "--accept-altered"]);
    accepted.exits(2).says(&["is taken back, at least in part, by run", &undo]);
}

#[test]
fn a_run_that_is_taken_out_is_told_by_those_that_name_it() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    let undo = forger.resumes_and_undoes();
    forger.takes_out(&undo);
    forger.is_refused(&format!("run {undo} took back writes of it, and is missing from the journal"));

    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    let [between, last] = [(); 2].map(|()| evaluated(&stage));
    forger.takes_out(&between);
    let missing = format!("the run before it, {between}, is missing from the journal");
    command(&stage, &["runs", "verify", &last]).exits(1).says(&[&missing]);
    forger.is_refused(&format!("another run, {last}, names run {between}, which is missing from the journal"));
}

#[test]
fn runs_that_are_taken_up_taken_back_and_executed_side_by_side_verify() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    let undo = forger.resumes_and_undoes();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| evaluated(&stage));
        }
    });
    // What the undo deleted cannot be brought back, which is in a run, too.
    command(&stage, &["undo", &undo, "--yes"]).exits(6);
    let runs = command(&stage, &["runs", "--output", "json"]);
    let runs: Value = serde_json::from_str(&runs.exits(0).stdout).unwrap();
    let runs = runs.as_array().unwrap();
    assert_eq!(runs.len(), 7, "{runs:#?}");
    for run in runs {
        command(&stage, &["runs", "verify", run["run"].as_str().unwrap()]).exits(0);
    }
}

#[test]
fn a_journal_of_the_version_before_is_brought_up_and_goes_on() {
    let stage = Stage::contractors(&json!({}));
    let forger = stopped(&stage);
    let sql = "ALTER TABLE runs DROP COLUMN earlier; PRAGMA user_version = 6";
    forger.database().execute_batch(sql).unwrap();
    command(&stage, &["runs", "verify", &forger.run]).exits(0);
    let undo = forger.resumes_and_undoes();
    for run in [&forger.run, &undo] {
        command(&stage, &["runs", "verify", run]).exits(0);
        command(&stage, &["runs", "report", run]).exits(0);
    }
    forger.takes_out(&undo);
    forger.is_refused(&format!("run {undo} took back writes of it, and is missing from the journal"));
}
