//! Writes that were taken back: told in the journal of the run that did them, beside their answers, which stay.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use super::entry::number;
use super::error::Error;
use super::state::State;
use super::writes::Write;

/// What was last told of a write after its answer, by the number of its intent.
pub(super) fn state(
    connection: &Connection,
    run: &str,
    intent: u64,
) -> Result<Option<State>, Error> {
    let last: Option<String> = connection
        .prepare_cached("SELECT state FROM entries WHERE run = ?1 AND what = 'told' AND intent = ?2 ORDER BY seq DESC LIMIT 1")?
        .query_row(params![run, number(intent)], |row| row.get(0))
        .optional()?;
    Ok(last.map(|state| State::parse(&state)))
}

/// Puts what was told of writes after their answers in the place of their states, and says by which run.
pub(super) fn overlay(
    connection: &Connection,
    run: &str,
    writes: &mut [Write],
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(
        "SELECT intent, state, request FROM entries WHERE run = ?1 AND what = 'told' AND intent IS NOT NULL ORDER BY seq",
    )?;
    let mut rows = statement.query([run])?;
    let mut told: HashMap<u64, (State, Option<String>)> = HashMap::new();
    while let Some(row) = rows.next()? {
        let intent = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
        let request: Option<String> = row.get(2)?;
        let request: Value = serde_json::from_str(&request.unwrap_or_default())
            .map_err(|e| Error::unreadable("a request", &e))?;
        let by = request["by"].as_str().map(str::to_owned);
        told.insert(intent, (State::parse(&row.get::<_, String>(1)?), by));
    }
    for write in writes {
        if let Some((state, by)) = told.remove(&write.entry) {
            write.state = state;
            write.undone_by = by.filter(|_| state == State::Undone);
        }
    }
    Ok(())
}
