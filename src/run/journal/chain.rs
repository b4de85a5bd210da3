//! Digests that chain the entries of a run, so that an altered journal is told.

use std::collections::HashMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256, digest};
use rusqlite::{Connection, OptionalExtension as _};

use super::error::Error;
use super::record::{Columns, Record, record};
use super::state::State;
use crate::run::event::{Event, Kind};

/// SHA-256 over an entry and the digest of the one before; zeros before the first.
pub(super) type Digest = [u8; 32];

/// Whether a run's entries are as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// So many entries, all as written.
    Whole(u64),
    /// The first entry that is not as it was written, or that is missing, with what is wrong.
    Broken { entry: u64, why: &'static str },
    /// The record of the run itself is not as it was written.
    Record { why: &'static str },
}

/// The columns that the digest covers.
pub(super) struct Row<'a> {
    pub(super) run: &'a str,
    pub(super) seq: i64,
    pub(super) lane: &'a str,
    pub(super) position: Option<i64>,
    pub(super) time: &'a str,
    pub(super) what: &'a str,
    pub(super) state: Option<&'a str>,
    pub(super) intent: Option<i64>,
    pub(super) event: Option<&'a str>,
    pub(super) request: Option<&'a str>,
    pub(super) before: Option<&'a str>,
    pub(super) answer: Option<&'a str>,
}

impl Row<'_> {
    pub(super) fn digest(&self, last: &Digest) -> Digest {
        let columns = serde_json::json!([
            self.run,
            self.seq,
            self.lane,
            self.position,
            self.time,
            self.what,
            self.state,
            self.intent,
            self.event,
            self.request,
            self.before,
            self.answer
        ]);
        let mut context = Context::new(&SHA256);
        context.update(last);
        context.update(columns.to_string().as_bytes());
        bytes(context.finish().as_ref())
    }
}

pub(super) fn digest_of(text: &str) -> Digest {
    bytes(digest(&SHA256, text.as_bytes()).as_ref())
}

fn bytes(digest: &[u8]) -> Digest {
    let mut bytes = Digest::default();
    bytes.copy_from_slice(digest);
    bytes
}

/// Number of the next entry of a run and digest of its last.
pub(super) fn tail(connection: &Connection, run: &str) -> Result<(u64, Digest), Error> {
    let last: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT seq, digest FROM entries WHERE run = ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, digest)) = last else {
        return Ok((0, begin(connection, run)?));
    };
    let digest =
        Digest::try_from(digest.as_slice()).map_err(|e| Error::unreadable("a digest", &e))?;
    Ok((u64::try_from(seq).unwrap_or(0) + 1, digest))
}

/// Before the first entry: the digest of the run's record; zeros for runs of versions that kept none.
fn begin(connection: &Connection, run: &str) -> Result<Digest, Error> {
    let record: Option<Vec<u8>> = connection
        .query_row("SELECT record FROM runs WHERE id = ?1", [run], |row| {
            row.get(0)
        })
        .optional()?
        .flatten();
    let digest = record.map(|record| Digest::try_from(record.as_slice()));
    let digest = digest.transpose();
    Ok(digest
        .map_err(|e| Error::unreadable("a digest", &e))?
        .unwrap_or_default())
}

/// Computes every digest anew, follows the states of the writes, and compares the run's record with what the entries tell of it. An
/// answer's text is covered by its name, which is its own digest.
pub(super) fn verify(connection: &Connection, run: &str) -> Result<Verdict, Error> {
    let entries = verify_entries(connection, run)?;
    let Verdict::Whole(found) = entries else {
        return Ok(entries);
    };
    Ok(match verify_record(connection, run, found)? {
        Some(broken) => broken,
        None => Verdict::Whole(found),
    })
}

/// What is wrong with the record of a run that has so many whole entries.
fn verify_record(connection: &Connection, run: &str, found: u64) -> Result<Option<Verdict>, Error> {
    let mut statement = connection.prepare("SELECT * FROM runs WHERE id = ?1")?;
    let mut rows = statement.query([run])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let kept: Option<Vec<u8>> = row.get("record")?;
    if kept
        .is_some_and(|kept| kept != Columns::read(row).map_or(vec![], |row| row.digest().to_vec()))
    {
        let why = "what it says of the run's beginning was altered";
        return Ok(Some(Verdict::Record { why }));
    }
    let length: Option<i64> = row.get("length")?;
    let length = length.and_then(|length| u64::try_from(length).ok());
    if length.is_some_and(|length| length > found) {
        let why = "it is missing, and so is what came after it";
        return Ok(Some(Verdict::Broken { entry: found, why }));
    }
    let head: Option<Vec<u8>> = row.get("head")?;
    let (next, digest) = tail(connection, run)?;
    if length.is_some_and(|length| length != next) || head.is_some_and(|head| head != digest) {
        let why = "the end of the journal that it names was altered";
        return Ok(Some(Verdict::Record { why }));
    }
    let record = record(row)?;
    if record.outcome.is_some() && !is_told(connection, &record)? {
        let why = "it says otherwise of the run's end than its entries";
        return Ok(Some(Verdict::Record { why }));
    }
    Ok(None)
}

/// Whether the last outcome that was told is the one in the record.
fn is_told(connection: &Connection, record: &Record) -> Result<bool, Error> {
    let last: Option<String> = connection
        .query_row(
            "SELECT event FROM entries WHERE run = ?1 AND what = 'told' AND event ->> 'event' = 'outcome' ORDER BY seq DESC LIMIT 1",
            [&record.run],
            |row| row.get(0),
        )
        .optional()?;
    let event: Option<Event> = last.and_then(|text| serde_json::from_str(&text).ok());
    Ok(match event.map(|event| event.kind) {
        Some(Kind::Outcome {
            outcome,
            message,
            counts,
            ..
        }) => {
            Some(outcome) == record.outcome && message == record.message && counts == record.counts
        }
        _ => false,
    })
}

fn verify_entries(connection: &Connection, run: &str) -> Result<Verdict, Error> {
    let mut statement = connection.prepare(
        "SELECT e.seq, e.lane, e.position, e.time, e.what, e.state, e.intent, e.event, e.request, e.before, e.answer, e.digest, b.body, a.body
         FROM entries e LEFT JOIN bodies b ON b.digest = e.before LEFT JOIN bodies a ON a.digest = e.answer WHERE e.run = ?1 ORDER BY e.seq",
    )?;
    let mut rows = statement.query([run])?;
    let (mut expected, mut last) = (0_u64, begin(connection, run)?);
    let mut states: HashMap<i64, State> = HashMap::new();
    let mut lanes: HashMap<String, State> = HashMap::new();
    while let Some(row) = rows.next()? {
        let text = |column: usize| row.get::<_, Option<String>>(column);
        let (lane, time, what) = (
            text(1)?.unwrap_or_default(),
            text(3)?.unwrap_or_default(),
            text(4)?.unwrap_or_default(),
        );
        let (state, event, request, before, answer) =
            (text(5)?, text(7)?, text(8)?, text(9)?, text(10)?);
        let columns = Row {
            run,
            seq: row.get(0)?,
            lane: &lane,
            position: row.get(2)?,
            time: &time,
            what: &what,
            state: state.as_deref(),
            intent: row.get(6)?,
            event: event.as_deref(),
            request: request.as_deref(),
            before: before.as_deref(),
            answer: answer.as_deref(),
        };
        let broken = |why| {
            Ok(Verdict::Broken {
                entry: expected,
                why,
            })
        };
        if u64::try_from(columns.seq) != Ok(expected) {
            return broken("it is missing");
        }
        last = columns.digest(&last);
        if row.get::<_, Vec<u8>>(11)? != last {
            return broken("it was altered");
        }
        if !(is_its_name(before.as_deref(), text(12)?) && is_its_name(answer.as_deref(), text(13)?))
        {
            return broken("its answer or before image was altered");
        }
        if let (Some(intent), Some(told)) = (columns.intent, columns.state) {
            let now = states.entry(intent).or_insert(State::Unknown);
            match now.then(State::parse(told)) {
                Some(next) => *now = next,
                None => return broken("it tells otherwise of a write that was known"),
            }
        }
        if let ("lane", Some(told)) = (columns.what, columns.state) {
            let now = lanes.get(&lane).copied();
            match State::then_of_lane(now, State::parse(told)) {
                Some(next) => {
                    lanes.insert(lane.clone(), next);
                }
                None => return broken("it tells otherwise of a lane that is taken back"),
            }
        }
        expected += 1;
    }
    Ok(Verdict::Whole(expected))
}

fn is_its_name(name: Option<&str>, body: Option<String>) -> bool {
    match (name, body) {
        (None, _) => true,
        (Some(name), Some(body)) => hex(digest(&SHA256, body.as_bytes()).as_ref()) == name,
        (Some(_), None) => false,
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
