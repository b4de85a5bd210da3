//! The tables of the journal, and the way from older ones.

use rusqlite::Connection;

use super::chain::EntryDigest;
use super::entry::{EntryKind, JournalEntry};
use super::error::JournalError;
use crate::run::event::RunEvent;

/// Version of the schema below, kept in the database's `user_version`.
/// Version 3 has the same tables as 2, and states of writes that the older program would take for unknown.
/// Version 4 finds the answers of a write by an index, and keeps where each chain begins and ends: the digest of the run's record, and the
/// number of entries with the digest of the last.
/// Version 5 seals the entries and the end of each run. `runs.unsealed` is the number of entries that a run had when its journal was brought
/// up to this version: only these have no seals.
/// Version 6 keeps where each chain ends in a table of its own while entries are added: to write one row of `runs` again takes a copy of the
/// scripts and parameters in it. What `runs` says of it is as of the run's last end.
/// Version 7 keeps in `runs.earlier` what each run knows of those before it, see `run_order`. Runs of older versions know nothing of them.
const VERSION: i64 = 7;

/// `runs.earlier` of all runs is read at once: it stands before the long columns. `entries.before` and `entries.answer` are digests into
/// `bodies`: the same page read twice is kept once.
const SCHEMA: &str = "
CREATE TABLE runs (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('run', 'undo')), undoes TEXT, earlier TEXT, runbook TEXT NOT NULL, digest TEXT NOT NULL,
    sources TEXT NOT NULL, operator TEXT NOT NULL, parameters TEXT NOT NULL, orgs TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, outcome TEXT,
    message TEXT, counts TEXT, record BLOB, length INTEGER, head BLOB, seal BLOB, unsealed INTEGER NOT NULL DEFAULT 0, anchor TEXT
) STRICT;
CREATE TABLE entries (
    run TEXT NOT NULL REFERENCES runs(id), seq INTEGER NOT NULL, lane TEXT NOT NULL, position INTEGER, time TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('told', 'read', 'value', 'intent', 'answer', 'lane')), state TEXT, intent INTEGER,
    event TEXT, request TEXT, before TEXT, answer TEXT, digest BLOB NOT NULL, seal BLOB,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_by_lane ON entries (run, lane, seq);
CREATE TABLE bodies (digest TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

const ENDS: &str = "CREATE TABLE ends (run TEXT PRIMARY KEY REFERENCES runs(id), length INTEGER, head BLOB, seal BLOB) STRICT, WITHOUT ROWID;
INSERT INTO ends SELECT id, length, head, seal FROM runs;";

/// A lane may hold many thousands of writes: looking for the answers of each among all of them would take minutes.
const BY_INTENT: &str =
    "CREATE INDEX IF NOT EXISTS entries_by_intent ON entries (run, intent, what, seq) WHERE intent IS NOT NULL";

const FROM_2: &str = "ALTER TABLE runs ADD COLUMN record BLOB; ALTER TABLE runs ADD COLUMN length INTEGER; ALTER TABLE runs ADD COLUMN head BLOB;";

const FROM_4: &str = "ALTER TABLE entries ADD COLUMN seal BLOB; ALTER TABLE runs ADD COLUMN seal BLOB;
ALTER TABLE runs ADD COLUMN unsealed INTEGER NOT NULL DEFAULT 0; ALTER TABLE runs ADD COLUMN anchor TEXT;";

const FROM_6: &str = "ALTER TABLE runs ADD COLUMN earlier TEXT;";

/// What a run had when seals came is counted then: nobody can take seals away later and say that it is old.
const COUNT: &str = "UPDATE runs SET length = (SELECT count(*) FROM entries WHERE run = id) WHERE length IS NULL;
UPDATE runs SET head = (SELECT digest FROM entries WHERE run = id ORDER BY seq DESC LIMIT 1) WHERE head IS NULL;
UPDATE runs SET unsealed = length;";

/// Whether the tables are of this version; `false` when an older one made them.
pub(super) fn is_current(connection: &Connection) -> Result<bool, JournalError> {
    Ok(version(connection)? == VERSION)
}

fn version(connection: &Connection) -> Result<i64, JournalError> {
    let found = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(JournalError::Newer { found, known: VERSION });
    }
    Ok(found)
}

/// Makes the tables, or brings older ones to this version. All or nothing.
pub(super) fn bring_up(connection: &Connection) -> Result<(), JournalError> {
    if is_current(connection)? {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = match version(connection)? {
        // Another process did it while this one waited for its turn.
        VERSION => return Ok(connection.execute_batch("ROLLBACK")?),
        0 => Ok(connection.execute_batch(&[SCHEMA, ENDS].concat())?),
        1 => from_version_1(connection),
        2 | 3 => Ok(connection.execute_batch(&[FROM_2, FROM_4, COUNT, ENDS, FROM_6].concat())?),
        4 => Ok(connection.execute_batch(&[FROM_4, COUNT, ENDS, FROM_6].concat())?),
        5 => Ok(connection.execute_batch(&[ENDS, FROM_6].concat())?),
        _ => Ok(connection.execute_batch(FROM_6)?),
    };
    let done = done.and_then(|()| Ok(connection.execute_batch(BY_INTENT)?));
    match done {
        Ok(()) => Ok(connection.execute_batch(&format!("PRAGMA user_version = {VERSION}; COMMIT;"))?),
        Err(error) => {
            connection.execute_batch("ROLLBACK")?;
            Err(error)
        }
    }
}

/// Version 1 changed an entry when its answer came and kept no answers to reads: its runs can be shown, not taken up again.
fn from_version_1(connection: &Connection) -> Result<(), JournalError> {
    connection.execute_batch("ALTER TABLE runs RENAME TO runs_1; ALTER TABLE entries RENAME TO entries_1;")?;
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(
        "INSERT INTO runs (id, kind, undoes, runbook, digest, sources, operator, parameters, orgs, started, ended, outcome, message, counts) SELECT id, 'run', NULL, runbook, digest, '{}', operator, parameters, orgs, started, ended, outcome, message, counts FROM runs_1;",
    )?;
    let mut statement = connection.prepare("SELECT run, coalesce(lane, ''), event FROM entries_1 ORDER BY run, seq")?;
    let mut rows = statement.query([])?;
    let (mut last, mut seq, mut digest) = (String::new(), 0, EntryDigest::default());
    while let Some(row) = rows.next()? {
        let (run, lane, event): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if run != last {
            (last, seq, digest) = (run.clone(), 0, EntryDigest::default());
        }
        let event: RunEvent = serde_json::from_str(&event).map_err(|e| JournalError::unreadable("an event", &e))?;
        let entry = JournalEntry { event: Some(&event), ..JournalEntry::new(EntryKind::Told, &lane) };
        let mut row = entry.draft(&run);
        row.chain(seq, &digest, None);
        row.insert(connection)?;
        digest = row.digest;
        seq += 1;
    }
    drop(rows);
    drop(statement);
    connection.execute_batch("DROP TABLE entries_1; DROP TABLE runs_1;")?;
    Ok(connection.execute_batch(&[COUNT, ENDS].concat())?)
}
