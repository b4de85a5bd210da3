//! What a lane asked and was answered: what is replayed when a run is taken up again.

use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::bodies::AlteredBodies;
use super::error::JournalError;
use super::state::EntryState;
use super::writes::{self, RecordedWrite};
use crate::run::event::RunCounts;

/// A question of a lane and its answer.
#[derive(Clone, Debug)]
pub(in crate::run) struct RecordedQuestion {
    /// Number of the entry; of a write, of its intent.
    pub(in crate::run) entry: u64,
    pub(in crate::run) is_write: bool,
    pub(in crate::run) time: jiff::Timestamp,
    pub(in crate::run) request: Value,
    pub(in crate::run) state: EntryState,
    /// Digest of what was there before a write.
    pub(in crate::run) before: Option<String>,
    /// Digest of the answer's body, or of the refusal.
    pub(in crate::run) answer: Option<String>,
}

/// How a lane ended; as [`EntryState::Unknown`], that it failed and what it did is being taken back.
#[derive(Clone, Debug)]
pub(in crate::run) struct LaneEnd {
    /// Number of the entry.
    pub(in crate::run) entry: u64,
    pub(in crate::run) state: EntryState,
    /// `{value, writes}`, with `undone` when what it did was taken back; `{failure, bulk}` while it is.
    pub(in crate::run) result: Value,
}

pub(super) const RECORDED: &str = "
SELECT e.seq, e.position, e.what, e.request, coalesce(a.state, e.state), coalesce(a.answer, e.answer), e.before, e.time, a.seq FROM entries e INDEXED BY entries_by_lane
LEFT JOIN entries a ON a.run = e.run AND a.seq = (SELECT max(seq) FROM entries l WHERE l.run = e.run AND l.intent = e.seq AND l.what = 'answer')
WHERE e.run = ?1 AND e.lane = ?2 AND e.position IS NOT NULL ORDER BY e.seq";

/// In the order of asking. Where a lane was executed again, the later questions take the place of the earlier ones; but a write that was
/// thought void, sent again, and re-opened by the refusal of that stands for both.
pub(super) fn recorded_questions(
    connection: &Connection,
    run: &str,
    lane: &str,
) -> Result<Vec<RecordedQuestion>, JournalError> {
    let mut statement = connection.prepare_cached(RECORDED)?;
    let mut rows = statement.query(params![run, lane])?;
    let mut found: Vec<RecordedQuestion> = Vec::new();
    let mut told_last: Option<i64> = None;
    while let Some(row) = rows.next()? {
        let position = usize::try_from(row.get::<_, i64>(1)?).unwrap_or(usize::MAX);
        let entry: i64 = row.get(0)?;
        let is_again = found.len() == position + 1 && found[position].state.may_have_happened();
        if is_again && told_last > Some(entry) {
            continue;
        }
        told_last = row.get(8)?;
        let request: Option<String> = row.get(3)?;
        let mut request: Value = serde_json::from_str(&request.unwrap_or_default())
            .map_err(|e| JournalError::unreadable("a request", &e))?;
        // Where it was asked is for reports, and what was elsewhere for an undo.
        if let Some(request) = request.as_object_mut() {
            request.retain(|name, _| !matches!(name.as_str(), "item" | "step" | "elsewhere"));
        }
        let state: Option<String> = row.get(4)?;
        found.truncate(position);
        found.push(RecordedQuestion {
            entry: u64::try_from(entry).unwrap_or_default(),
            time: writes::time(&row.get::<_, String>(7)?)?,
            is_write: row.get::<_, String>(2)? == "intent",
            request,
            state: state.map_or(EntryState::Unknown, |state| EntryState::parse(&state)),
            answer: row.get(5)?,
            before: row.get(6)?,
        });
    }
    Ok(found)
}

pub(super) const END: &str = "
SELECT e.seq, e.state, e.answer, b.body FROM entries e INDEXED BY entries_by_lane LEFT JOIN bodies b ON b.digest = e.answer
WHERE e.run = ?1 AND e.lane = ?2 AND e.what = 'lane' ORDER BY e.seq DESC LIMIT 1";

pub(super) fn end(
    connection: &Connection,
    run: &str,
    lane: &str,
    altered: AlteredBodies,
) -> Result<Option<LaneEnd>, JournalError> {
    let mut statement = connection.prepare_cached(END)?;
    let mut rows = statement.query(params![run, lane])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(LaneEnd {
        entry: u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
        state: EntryState::parse(&row.get::<_, String>(1)?),
        result: value(row, 2, altered)?,
    }))
}

/// The text whose name stands in this column, and that stands itself in the next one.
fn value(row: &Row<'_>, column: usize, altered: AlteredBodies) -> Result<Value, JournalError> {
    let name: Option<String> = row.get(column)?;
    let text: Option<String> = row.get(column + 1)?;
    altered.value(name.as_deref(), text.as_deref())
}

/// Where a run takes back itself what a failed lane did. A lane that begins anew afterwards counts its bulk steps from the first again.
pub(in crate::run) struct LaneUndo {
    /// Beginning of the names of its lanes.
    prefix: String,
    from: u64,
    until: u64,
}

impl LaneUndo {
    pub(in crate::run) fn has(&self, write: &RecordedWrite) -> bool {
        write.lane.starts_with(&self.prefix) && (self.from..self.until).contains(&write.entry)
    }
}

pub(super) fn undoing(
    connection: &Connection,
    run: &str,
    altered: AlteredBodies,
) -> Result<Vec<LaneUndo>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT e.lane, e.seq,
             (SELECT min(l.seq) FROM entries l WHERE l.run = e.run AND l.lane = e.lane AND l.what = 'lane' AND l.seq > e.seq), e.answer, b.body
         FROM entries e LEFT JOIN bodies b ON b.digest = e.answer WHERE e.run = ?1 AND e.what = 'lane' AND e.state = 'unknown'",
    )?;
    let mut rows = statement.query([run])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let lane: String = row.get(0)?;
        let until: Option<i64> = row.get(2)?;
        let bulk = value(row, 3, altered)?["bulk"].as_i64().unwrap_or_default();
        found.push(LaneUndo {
            prefix: format!("{lane}/{bulk}:"),
            from: u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default(),
            until: until.and_then(|seq| u64::try_from(seq).ok()).unwrap_or(u64::MAX),
        });
    }
    Ok(found)
}

pub(super) fn counts(connection: &Connection, run: &str) -> Result<RunCounts, JournalError> {
    let count = |condition: &str| -> Result<u64, JournalError> {
        let sql = format!("SELECT count(*) FROM entries WHERE run = ?1 AND {condition}");
        let count: i64 = connection.query_row(&sql, [run], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    };
    // The last end of each lane counts.
    let ended = "SELECT count(DISTINCT substr(lane, instr(lane, ':') + 1)) FROM
        (SELECT lane, state, max(seq) FROM entries WHERE run = ?1 AND what = 'lane' AND instr(lane, '/') = 0 GROUP BY lane)";
    let items = |states: &str| -> Result<u64, JournalError> {
        let sql = format!("{ended} WHERE state IN ({states})");
        let count: i64 = connection.query_row(&sql, [run], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    };
    Ok(RunCounts {
        items: items("'answered', 'refused'")?,
        done_items: None,
        failed_items: items("'refused'")?,
        reads: count("what = 'read'")?,
        writes: count("what = 'answer' AND state IN ('answered', 'settled')")?,
        unknown: writes::count_unanswered(connection, run)?,
        unchanged: count("what = 'told' AND event ->> 'event' = 'unchanged'")?,
    })
}

pub(super) fn agreement(
    connection: &Connection,
    run: &str,
    altered: AlteredBodies,
) -> Result<Option<(String, Value)>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT e.event ->> 'plan', e.answer, b.body FROM entries e LEFT JOIN bodies b ON b.digest = e.answer
             WHERE e.run = ?1 AND e.what = 'told' AND e.event ->> 'event' = 'planned' ORDER BY e.seq LIMIT 1",
    )?;
    let mut rows = statement.query([run])?;
    match rows.next()? {
        Some(row) => Ok(Some((row.get(0)?, value(row, 1, altered)?))),
        None => Ok(None),
    }
}

/// What undos of `run` other than `undo` recorded of the effects that they wait for.
pub(super) fn awaited_effects(
    connection: &Connection,
    run: &str,
    undo: &str,
) -> Result<Vec<(Value, Value)>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT e.request, b.body FROM entries e JOIN runs r ON r.id = e.run JOIN bodies b ON b.digest = e.answer
         WHERE r.undoes = ?1 AND e.run <> ?2 AND e.what = 'value' AND e.request ->> 'awaited' IS NOT NULL ORDER BY r.started, e.run, e.seq",
    )?;
    let mut rows = statement.query([run, undo])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let parse =
            |text: String| serde_json::from_str(&text).map_err(|e| JournalError::unreadable("an awaited effect", &e));
        found.push((parse(row.get(0)?)?, parse(row.get(1)?)?));
    }
    Ok(found)
}

/// A bulk step.
#[derive(Clone, Debug)]
pub struct BulkStep {
    /// Number of the entry that began it.
    pub entry: u64,
    /// The lane it is a step of.
    pub lane: String,
    /// Its number within the lane.
    pub number: u64,
    /// Keys of its items in their order.
    pub keys: Vec<String>,
}

pub(super) fn bulk_steps(connection: &Connection, run: &str) -> Result<Vec<BulkStep>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, lane, request FROM entries WHERE run = ?1 AND what = 'value' AND request ->> 'bulk' IS NOT NULL ORDER BY seq",
    )?;
    let mut rows = statement.query([run])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let request: String = row.get(2)?;
        let request: Value = serde_json::from_str(&request).map_err(|e| JournalError::unreadable("a request", &e))?;
        let keys = request["keys"].as_array().into_iter().flatten();
        found.push(BulkStep {
            entry: u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
            lane: row.get(1)?,
            number: request["bulk"].as_u64().unwrap_or_default(),
            keys: keys.filter_map(|key| key.as_str().map(str::to_owned)).collect(),
        });
    }
    Ok(found)
}
