//! Digests that chain the entries of a run, so that an altered journal is told.

use std::collections::HashMap;
use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256, digest};
use rusqlite::{Connection, OptionalExtension as _};

use super::error::Error;
use super::state::State;

/// SHA-256 over an entry and the digest of the one before; zeros before the first.
pub(super) type Digest = [u8; 32];

/// Whether a run's entries are as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// So many entries, all as written.
    Whole(u64),
    /// The first entry that is not as it was written, or that is missing, with what is wrong.
    Broken { entry: u64, why: &'static str },
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
        let mut bytes = Digest::default();
        bytes.copy_from_slice(context.finish().as_ref());
        bytes
    }
}

/// Number of the next entry of a run and digest of its last.
pub(super) fn tail(connection: &Connection, run: &str) -> Result<(u64, Digest), Error> {
    let last: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT seq, digest FROM entries WHERE run = ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, digest)) = last else {
        return Ok((0, Digest::default()));
    };
    let digest =
        Digest::try_from(digest.as_slice()).map_err(|e| Error::unreadable("a digest", &e))?;
    Ok((u64::try_from(seq).unwrap_or(0) + 1, digest))
}

/// Computes every digest anew, and follows the states of the writes. An answer's text is covered by its name, which is its own digest.
pub(super) fn verify(connection: &Connection, run: &str) -> Result<Verdict, Error> {
    let mut statement = connection.prepare(
        "SELECT e.seq, e.lane, e.position, e.time, e.what, e.state, e.intent, e.event, e.request, e.before, e.answer, e.digest, b.body, a.body
         FROM entries e LEFT JOIN bodies b ON b.digest = e.before LEFT JOIN bodies a ON a.digest = e.answer WHERE e.run = ?1 ORDER BY e.seq",
    )?;
    let mut rows = statement.query([run])?;
    let (mut expected, mut last) = (0_u64, Digest::default());
    let mut states: HashMap<i64, State> = HashMap::new();
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
