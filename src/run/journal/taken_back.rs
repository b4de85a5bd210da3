//! Writes that were taken back: told in the journal of the run that did them, beside their answers, which stay.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::entry::number;
use super::error::JournalError;
use super::state::EntryState;
use super::writes::RecordedWrite;

/// What is known of each write of a run by the number of its intent; a write that is not among them is unknown.
pub(super) fn states(connection: &Connection, run: &str) -> Result<HashMap<u64, EntryState>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT intent, state FROM entries WHERE run = ?1 AND intent IS NOT NULL AND state IS NOT NULL ORDER BY seq",
    )?;
    let mut rows = statement.query([run])?;
    let mut states = HashMap::new();
    while let Some(row) = rows.next()? {
        let intent = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
        states.insert(intent, EntryState::parse(&row.get::<_, String>(1)?));
    }
    Ok(states)
}

/// Another run that took back something of this one, which holds until now: by what this one was told, or by what the other wrote.
pub(super) fn by_another(connection: &Connection, run: &str) -> Result<Option<String>, JournalError> {
    match told_by(connection, run)? {
        Some(by) => Ok(Some(by)),
        None => standing_undo(connection, run),
    }
}

fn told_by(connection: &Connection, run: &str) -> Result<Option<String>, JournalError> {
    let mut statement = connection.prepare_cached(OF_RUN)?;
    let mut rows = statement.query([run])?;
    // The last that was told of a write counts.
    let mut last = HashMap::new();
    while let Some(row) = rows.next()? {
        let (intent, state, by) = told_state(row)?;
        last.insert(intent, by.filter(|by| state == EntryState::Undone && by != run));
    }
    Ok(last.into_values().flatten().max())
}

/// An undo of the run that wrote what holds, or may, whatever the run's own entries say: one that died before it told, one whose words were
/// lost with the entries that hold them, or one that holds again because what took it back was taken back.
fn standing_undo(connection: &Connection, run: &str) -> Result<Option<String>, JournalError> {
    let mut undos = connection.prepare_cached("SELECT id FROM runs WHERE undoes = ?1 ORDER BY id DESC")?;
    let mut intents = connection.prepare_cached("SELECT seq FROM entries WHERE run = ?1 AND what = 'intent'")?;
    let undos = undos.query_map([run], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    for undo in undos {
        let states = states(connection, &undo)?;
        let mut rows = intents.query([&undo])?;
        while let Some(row) = rows.next()? {
            let intent = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
            if states.get(&intent).is_none_or(|state| state.may_have_happened()) {
                return Ok(Some(undo));
            }
        }
    }
    Ok(None)
}

/// Puts what was told of writes after their answers in the place of their states, and says by which run.
pub(super) fn overlay(connection: &Connection, run: &str, writes: &mut [RecordedWrite]) -> Result<(), JournalError> {
    let mut statement = connection.prepare_cached(OF_WRITE)?;
    for write in writes {
        let mut rows = statement.query(params![run, number(write.entry)])?;
        if let Some(row) = rows.next()? {
            let (_, state, by) = told_state(row)?;
            write.state = state;
            write.undone_by = by.filter(|_| state == EntryState::Undone);
        }
    }
    Ok(())
}

/// What was last told of one write after its answer. A lane has few of the writes of a run: it does not read what was told of the others.
pub(super) const OF_WRITE: &str = "SELECT intent, state, request FROM entries INDEXED BY entries_by_intent
WHERE run = ?1 AND intent = ?2 AND what = 'told' ORDER BY seq DESC LIMIT 1";

const OF_RUN: &str = "SELECT intent, state, request FROM entries
WHERE run = ?1 AND what = 'told' AND intent IS NOT NULL ORDER BY seq";

/// Of which write something was told, what, and by which run.
fn told_state(row: &Row<'_>) -> Result<(u64, EntryState, Option<String>), JournalError> {
    let intent = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
    let request: Option<String> = row.get(2)?;
    let request: Value =
        serde_json::from_str(&request.unwrap_or_default()).map_err(|e| JournalError::unreadable("a request", &e))?;
    let by = request["by"].as_str().map(str::to_owned);
    Ok((intent, EntryState::parse(&row.get::<_, String>(1)?), by))
}
