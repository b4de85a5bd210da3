//! The writes of a run: intents with what became of them.

use rusqlite::Connection;
use serde_json::Value;

use super::bodies::AlteredBodies;
use super::error::JournalError;
use super::state::EntryState;
use crate::run::event::RunEvent;

/// A write as the journal has it. Secrets are redacted.
#[derive(Clone, Debug)]
pub struct RecordedWrite {
    /// Number of its intent.
    pub entry: u64,
    pub lane: String,
    pub state: EntryState,
    /// The run that took it back; none when it holds.
    pub undone_by: Option<String>,
    /// When its intent was written.
    pub time: jiff::Timestamp,
    /// When its answer was.
    pub answered: Option<jiff::Timestamp>,
    /// `{write: {org, operation, method, path, arguments, query, body}, item, step}`, and with consequences in other orgs `elsewhere`: what
    /// was there before.
    pub request: Value,
    /// What was there before; `Null` when nothing was, or nothing could be seen.
    pub before: Value,
    /// The answer's body; what was found there when it was settled by a look.
    pub answer: Value,
    pub status: Option<u16>,
    pub request_id: Option<String>,
}

/// An intent may have several answers: unknown first, another when it was looked at. The last one counts. They stand in the order of the
/// intents: a write that came of another was sent after that one's answer, or after a look that settled it.
macro_rules! writes_where {
    ($index:literal, $condition:literal) => {
        concat!(
            "SELECT i.seq AS seq, i.lane AS lane, i.time AS time, i.request AS request, i.before AS before_name, b.body AS before,
                 a.state AS state, a.time AS answered, a.event AS event, a.answer AS answer_name, c.body AS answer
             FROM entries i",
            $index,
            " LEFT JOIN entries a ON a.run = i.run AND a.seq = (SELECT max(seq) FROM entries l WHERE l.run = i.run AND l.intent = i.seq AND l.what = 'answer')
             LEFT JOIN bodies b ON b.digest = i.before LEFT JOIN bodies c ON c.digest = a.answer
             WHERE i.run = ?1 AND i.what = 'intent'",
            $condition,
            " ORDER BY i.seq"
        )
    };
}

pub(super) const OF_RUN: &str = writes_where!("", "");

/// A lane and those within it. What begins like its name lies between it and the name with the character after the slash.
pub(super) const OF_LANE: &str = writes_where!(
    " INDEXED BY entries_by_lane",
    " AND i.lane >= ?2 AND i.lane < ?2 || '0' AND (i.lane = ?2 OR substr(i.lane, 1, length(?2) + 1) = ?2 || '/')"
);

const UNKNOWN_OF_RUN: &str = writes_where!("", " AND coalesce(a.state, 'unknown') = 'unknown'");

const LATE_OF_RUN: &str = writes_where!("", " AND coalesce(a.time, i.time) >= ?2");

/// Those that were sent, answered, or settled by a look, since then.
pub(super) fn late_of_run(
    connection: &Connection,
    run: &str,
    since: jiff::Timestamp,
    altered: AlteredBodies,
) -> Result<Vec<RecordedWrite>, JournalError> {
    let mut statement = connection.prepare_cached(LATE_OF_RUN)?;
    collect(statement.query([run, &since.to_string()])?, altered)
}

/// Those of which it is not known what became of them.
pub(super) fn unknown_of_run(
    connection: &Connection,
    run: &str,
    altered: AlteredBodies,
) -> Result<Vec<RecordedWrite>, JournalError> {
    let mut statement = connection.prepare_cached(UNKNOWN_OF_RUN)?;
    collect(statement.query([run])?, altered)
}

pub(super) fn of_run(
    connection: &Connection,
    run: &str,
    altered: AlteredBodies,
) -> Result<Vec<RecordedWrite>, JournalError> {
    collect(connection.prepare_cached(OF_RUN)?.query([run])?, altered)
}

pub(super) fn of_lane(
    connection: &Connection,
    run: &str,
    lane: &str,
    altered: AlteredBodies,
) -> Result<Vec<RecordedWrite>, JournalError> {
    let mut statement = connection.prepare_cached(OF_LANE)?;
    collect(statement.query([run, lane])?, altered)
}

fn collect(mut rows: rusqlite::Rows<'_>, altered: AlteredBodies) -> Result<Vec<RecordedWrite>, JournalError> {
    let mut writes = Vec::new();
    while let Some(row) = rows.next()? {
        writes.push(write(row, altered)?);
    }
    Ok(writes)
}

pub(super) const UNANSWERED: &str = "
SELECT count(*) FROM entries i
LEFT JOIN entries a ON a.run = i.run AND a.seq = (SELECT max(seq) FROM entries l WHERE l.run = i.run AND l.intent = i.seq AND l.what = 'answer')
WHERE i.run = ?1 AND i.what = 'intent' AND coalesce(a.state, 'unknown') = 'unknown'
    AND NOT EXISTS (SELECT 1 FROM entries t WHERE t.run = i.run AND t.intent = i.seq AND t.what = 'told')";

/// Number of writes of which it is not known what became of them: neither an answer, nor a look, nor an undo told.
pub(super) fn count_unanswered(connection: &Connection, run: &str) -> Result<u64, JournalError> {
    let mut statement = connection.prepare_cached(UNANSWERED)?;
    let count: i64 = statement.query_row([run], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

fn write(row: &rusqlite::Row<'_>, altered: AlteredBodies) -> Result<RecordedWrite, JournalError> {
    let event = json(row, "event")?;
    let state: Option<String> = row.get("state")?;
    Ok(RecordedWrite {
        entry: u64::try_from(row.get::<_, i64>("seq")?).unwrap_or_default(),
        lane: row.get("lane")?,
        state: state.map_or(EntryState::Unknown, |state| EntryState::parse(&state)),
        undone_by: None,
        time: time(&row.get::<_, String>("time")?)?,
        answered: row.get::<_, Option<String>>("answered")?.map(|text| time(&text)).transpose()?,
        request: json(row, "request")?,
        before: body(row, "before_name", "before", altered)?,
        answer: body(row, "answer_name", "answer", altered)?,
        status: event["status"].as_u64().and_then(|status| u16::try_from(status).ok()),
        request_id: event["request_id"].as_str().map(str::to_owned),
    })
}

fn body(row: &rusqlite::Row<'_>, name: &str, text: &str, altered: AlteredBodies) -> Result<Value, JournalError> {
    let (name, text): (Option<String>, Option<String>) = (row.get(name)?, row.get(text)?);
    altered.value(name.as_deref(), text.as_deref())
}

fn json(row: &rusqlite::Row<'_>, column: &str) -> Result<Value, JournalError> {
    let text: Option<String> = row.get(column)?;
    let value = text.map(|text| serde_json::from_str(&text)).transpose();
    Ok(value.map_err(|e| JournalError::unreadable(column, &e))?.unwrap_or_default())
}

pub(super) fn time(text: &str) -> Result<jiff::Timestamp, JournalError> {
    text.parse().map_err(|e: jiff::Error| JournalError::unreadable("a time", &e))
}

/// A write that was not sent.
#[derive(Clone, Debug)]
pub struct UnchangedWrite {
    pub entry: u64,
    pub lane: String,
    pub event: RunEvent,
}

pub(super) fn unchanged_writes(connection: &Connection, run: &str) -> Result<Vec<UnchangedWrite>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, lane, event FROM entries WHERE run = ?1 AND what = 'told' AND event ->> 'event' = 'unchanged' ORDER BY seq",
    )?;
    let mut rows = statement.query([run])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let event: String = row.get("event")?;
        found.push(UnchangedWrite {
            entry: u64::try_from(row.get::<_, i64>("seq")?).unwrap_or_default(),
            lane: row.get("lane")?,
            event: serde_json::from_str(&event).map_err(|e| JournalError::unreadable("an event", &e))?,
        });
    }
    Ok(found)
}
