//! Writes that were taken back: told in the journal of the run that did them, beside their answers, which stay.

use std::collections::HashMap;

use rusqlite::Connection;
use serde_json::Value;

use super::error::Error;
use super::state::State;
use super::writes::Write;

/// What is known of each write of a run by the number of its intent; a write that is not among them is unknown.
pub(super) fn states(connection: &Connection, run: &str) -> Result<HashMap<u64, State>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT intent, state FROM entries WHERE run = ?1 AND intent IS NOT NULL AND state IS NOT NULL ORDER BY seq",
    )?;
    let mut rows = statement.query([run])?;
    let mut states = HashMap::new();
    while let Some(row) = rows.next()? {
        let intent = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
        states.insert(intent, State::parse(&row.get::<_, String>(1)?));
    }
    Ok(states)
}

/// Another run that took back something of this one, which holds until now.
pub(super) fn by_another(connection: &Connection, run: &str) -> Result<Option<String>, Error> {
    let found = told(connection, run)?;
    let others = found.into_values().filter_map(|(state, by)| {
        let is_undone = state == State::Undone;
        by.filter(|by| is_undone && by != run)
    });
    Ok(others.max())
}

/// Puts what was told of writes after their answers in the place of their states, and says by which run.
pub(super) fn overlay(
    connection: &Connection,
    run: &str,
    writes: &mut [Write],
) -> Result<(), Error> {
    let mut told = told(connection, run)?;
    for write in writes {
        if let Some((state, by)) = told.remove(&write.entry) {
            write.state = state;
            write.undone_by = by.filter(|_| state == State::Undone);
        }
    }
    Ok(())
}

/// What was last told of each write after its answer, and by which run.
type Told = HashMap<u64, (State, Option<String>)>;

fn told(connection: &Connection, run: &str) -> Result<Told, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT intent, state, request FROM entries WHERE run = ?1 AND what = 'told' AND intent IS NOT NULL ORDER BY seq",
    )?;
    let mut rows = statement.query([run])?;
    let mut told = Told::new();
    while let Some(row) = rows.next()? {
        let intent = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
        let request: Option<String> = row.get(2)?;
        let request: Value = serde_json::from_str(&request.unwrap_or_default())
            .map_err(|e| Error::unreadable("a request", &e))?;
        let by = request["by"].as_str().map(str::to_owned);
        told.insert(intent, (State::parse(&row.get::<_, String>(1)?), by));
    }
    Ok(told)
}
