//! The journal: a database file of all runs of a workspace. A write's intent is on disk before the request is on the wire, its
//! answer after; secrets never get here (see `redact`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Result, params};
use serde_json::Value;

use super::event::{Counts, Event, Outcome};

/// Version of the schema below, kept in the database's `user_version`.
const VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE runs (
    id TEXT PRIMARY KEY, runbook TEXT NOT NULL, digest TEXT NOT NULL, operator TEXT NOT NULL, parameters TEXT NOT NULL, orgs TEXT NOT NULL,
    started TEXT NOT NULL, ended TEXT, outcome TEXT, message TEXT, counts TEXT
) STRICT;
CREATE TABLE entries (
    run TEXT NOT NULL REFERENCES runs(id), seq INTEGER NOT NULL, lane TEXT, time TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('told', 'sent', 'answered', 'refused', 'unknown')),
    event TEXT NOT NULL, request TEXT, before TEXT, answer TEXT,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
";

/// The journal of one workspace.
pub struct Journal {
    connection: Mutex<Connection>,
    path: PathBuf,
}

/// A run as the journal knows it.
#[derive(Clone, Debug)]
pub struct Record {
    pub run: String,
    pub runbook: String,
    /// Digest of the runbook's text as it ran.
    pub digest: String,
    /// Who ran it.
    pub operator: String,
    /// Parameters as JSON, secrets redacted.
    pub parameters: Value,
    /// Org names with their URLs.
    pub orgs: Value,
    pub started: jiff::Timestamp,
    pub ended: Option<jiff::Timestamp>,
    /// `None` while it runs, or when it was killed.
    pub outcome: Option<Outcome>,
    pub message: Option<String>,
    pub counts: Counts,
}

/// State of a journalled call. A write that was sent and has no answer is *unknown*: it may have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Something told that changes nothing: a step, a check, an answered read.
    Told,
    /// The intent is on disk; the request is on the wire or was.
    Sent,
    Answered,
    Refused,
    Unknown,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Sent => "sent",
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// A write about to be sent, without secrets.
pub struct Intent<'a> {
    pub event: &'a Event,
    pub request: &'a Value,
    pub before: &'a Value,
}

impl Journal {
    /// Opens or creates `journal.sqlite` in `folder`.
    ///
    /// # Errors
    /// When the folder cannot be written: found out here, before anything is sent.
    pub fn open(folder: &Path) -> Result<Self> {
        make_folder(folder).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        let path = folder.join("journal.sqlite");
        let connection = Connection::open(&path)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version == 0 {
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;"
            ))?;
        }
        Ok(Self {
            connection: Mutex::new(connection),
            path,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, record: &Record) -> Result<()> {
        self.lock().execute(
            "INSERT INTO runs (id, runbook, digest, operator, parameters, orgs, started) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                record.run,
                record.runbook,
                record.digest,
                record.operator,
                record.parameters.to_string(),
                record.orgs.to_string(),
                record.started.to_string()
            ],
        )?;
        Ok(())
    }

    /// Records something that changes nothing.
    pub(super) fn tell(&self, run: &str, seq: u64, event: &Event) -> Result<()> {
        self.insert(run, seq, State::Told, event, None)
    }

    /// Records a write's intent; when this returns it is on disk.
    pub(super) fn intend(&self, run: &str, seq: u64, intent: &Intent<'_>) -> Result<()> {
        self.insert(
            run,
            seq,
            State::Sent,
            intent.event,
            Some((intent.request, intent.before)),
        )
    }

    fn insert(
        &self,
        run: &str,
        seq: u64,
        state: State,
        event: &Event,
        write: Option<(&Value, &Value)>,
    ) -> Result<()> {
        let (request, before) = write
            .map(|(request, before)| (request.to_string(), before.to_string()))
            .unzip();
        self.lock()
            .prepare_cached("INSERT INTO entries (run, seq, lane, time, state, event, request, before) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![run, seq_number(seq), event.item, event.time.to_string(), state.as_str(), json(event), request, before])?;
        Ok(())
    }

    /// Records how a write ended.
    pub(super) fn settle(
        &self,
        run: &str,
        seq: u64,
        state: State,
        event: &Event,
        answer: &Value,
    ) -> Result<()> {
        let changed = self
            .lock()
            .prepare_cached("UPDATE entries SET state = ?3, event = ?4, answer = ?5 WHERE run = ?1 AND seq = ?2 AND state = 'sent'")?
            .execute(params![run, seq_number(seq), state.as_str(), json(event), answer.to_string()])?;
        if changed == 1 {
            Ok(())
        } else {
            Err(rusqlite::Error::StatementChangedRows(changed))
        }
    }

    pub(super) fn end(
        &self,
        run: &str,
        ended: jiff::Timestamp,
        outcome: Outcome,
        message: Option<&str>,
        counts: Counts,
    ) -> Result<()> {
        self.lock().execute(
            "UPDATE runs SET ended = ?2, outcome = ?3, message = ?4, counts = ?5 WHERE id = ?1",
            params![
                run,
                ended.to_string(),
                text_of(&outcome),
                message,
                text_of(&counts)
            ],
        )?;
        Ok(())
    }

    /// All runs, newest first.
    pub fn runs(&self) -> Result<Vec<Record>> {
        self.lock()
            .prepare("SELECT * FROM runs ORDER BY started DESC, rowid DESC")?
            .query_map([], record)?
            .collect()
    }

    /// Runs whose id begins with `prefix`, newest first.
    pub fn find(&self, prefix: &str) -> Result<Vec<Record>> {
        let sql = "SELECT * FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY started DESC, rowid DESC";
        self.lock()
            .prepare(sql)?
            .query_map([prefix], record)?
            .collect()
    }

    /// Everything a run told, in order, with the state of each entry.
    pub fn events(&self, run: &str) -> Result<Vec<(State, Event)>> {
        self.lock()
            .prepare("SELECT state, event FROM entries WHERE run = ?1 ORDER BY seq")?
            .query_map([run], entry)?
            .collect()
    }

    /// Number of entries of a run whose intent was recorded and whose answer was not.
    pub fn unanswered(&self, run: &str) -> Result<u64> {
        let count: Option<i64> = self
            .lock()
            .query_row(
                "SELECT count(*) FROM entries WHERE run = ?1 AND state IN ('sent', 'unknown')",
                [run],
                |row| row.get(0),
            )
            .optional()?;
        Ok(count.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }
}

/// Only its owner may read what a run did to an org.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn seq_number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn json(event: &Event) -> String {
    serde_json::to_string(event).unwrap_or_default()
}

fn text_of<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn record(row: &rusqlite::Row<'_>) -> Result<Record> {
    Ok(Record {
        run: row.get("id")?,
        runbook: row.get("runbook")?,
        digest: row.get("digest")?,
        operator: row.get("operator")?,
        parameters: parsed(row, "parameters")?.unwrap_or_default(),
        orgs: parsed(row, "orgs")?.unwrap_or_default(),
        started: parsed_time(row, "started")?.unwrap_or_default(),
        ended: parsed_time(row, "ended")?,
        outcome: parsed(row, "outcome")?,
        message: row.get("message")?,
        counts: parsed(row, "counts")?.unwrap_or_default(),
    })
}

fn entry(row: &rusqlite::Row<'_>) -> Result<(State, Event)> {
    let state = match row.get::<_, String>("state")?.as_str() {
        "told" => State::Told,
        "answered" => State::Answered,
        "refused" => State::Refused,
        "sent" => State::Sent,
        _ => State::Unknown,
    };
    let event = parsed(row, "event")?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok((state, event))
}

fn parsed<T: serde::de::DeserializeOwned>(
    row: &rusqlite::Row<'_>,
    column: &str,
) -> Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|e| unreadable(Box::new(e)))
}

fn parsed_time(row: &rusqlite::Row<'_>, column: &str) -> Result<Option<jiff::Timestamp>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse())
        .transpose()
        .map_err(|e: jiff::Error| unreadable(Box::new(e)))
}

fn unreadable(error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error)
}
