//! An entry as the file has it, and what a run's first one says of the run's record.

use rusqlite::{Connection, Row as SqlRow};

use super::chain::{EntryColumns, EntryDigest, tail};
use super::error::JournalError;
use super::seal::{EntrySeal, SealKey};

/// What the first entry of a run says of the run's record, whose digest it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordProof {
    /// A key that is here sealed the entry, and with it the record.
    Genuine,
    /// There is no entry yet, no seal, or the key of it is not here.
    NotKnown,
    Altered,
}

/// What the first entry of a run says of a record of this digest.
pub(super) fn record_proof(
    connection: &Connection,
    run: &str,
    record: &EntryDigest,
    keys: &[SealKey],
) -> Result<RecordProof, JournalError> {
    let mut statement = connection.prepare_cached(&[ENTRIES, " AND e.seq = 0"].concat())?;
    let mut rows = statement.query([run])?;
    let Some(row) = rows.next()? else {
        let (entries, _) = tail(connection, run)?;
        return Ok(if entries == 0 { RecordProof::NotKnown } else { RecordProof::Altered });
    };
    let entry = StoredEntry::read(run, row)?;
    let digest = entry.columns().digest(record);
    if entry.digest != digest || entry.has_unreadable_seal {
        return Ok(RecordProof::Altered);
    }
    let key = entry.seal.and_then(|seal| keys.iter().find(|key| key.id() == seal.key));
    Ok(match key {
        None => RecordProof::NotKnown,
        Some(key) if entry.seal == Some(key.entry(run, 0, &digest)) => RecordProof::Genuine,
        Some(_) => RecordProof::Altered,
    })
}

/// All entries of a run.
pub(super) const ENTRIES: &str = "SELECT e.seq, e.lane, e.position, e.time, e.what, e.state, e.intent, e.event, e.request, e.before, e.answer, e.digest,
    e.seal, b.body, a.body FROM entries e LEFT JOIN bodies b ON b.digest = e.before LEFT JOIN bodies a ON a.digest = e.answer WHERE e.run = ?1";

/// An entry as the file has it.
pub(super) struct StoredEntry {
    pub(super) run: String,
    pub(super) seq: i64,
    pub(super) lane: String,
    pub(super) position: Option<i64>,
    pub(super) time: String,
    pub(super) what: String,
    pub(super) state: Option<String>,
    pub(super) intent: Option<i64>,
    pub(super) event: Option<String>,
    pub(super) request: Option<String>,
    pub(super) before: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) digest: Vec<u8>,
    pub(super) seal: Option<EntrySeal>,
    pub(super) has_unreadable_seal: bool,
    pub(super) before_text: Option<String>,
    pub(super) answer_text: Option<String>,
}

impl StoredEntry {
    pub(super) fn read(run: &str, row: &SqlRow<'_>) -> Result<Self, JournalError> {
        let seal: Option<Vec<u8>> = row.get(12)?;
        let parsed = seal.as_deref().and_then(EntrySeal::parse);
        Ok(Self {
            run: run.to_owned(),
            seq: row.get(0)?,
            lane: row.get(1)?,
            position: row.get(2)?,
            time: row.get(3)?,
            what: row.get(4)?,
            state: row.get(5)?,
            intent: row.get(6)?,
            event: row.get(7)?,
            request: row.get(8)?,
            before: row.get(9)?,
            answer: row.get(10)?,
            digest: row.get(11)?,
            seal: parsed,
            has_unreadable_seal: seal.is_some() && parsed.is_none(),
            before_text: row.get(13)?,
            answer_text: row.get(14)?,
        })
    }

    pub(super) fn columns(&self) -> EntryColumns<'_> {
        EntryColumns {
            run: &self.run,
            seq: self.seq,
            lane: &self.lane,
            position: self.position,
            time: &self.time,
            what: &self.what,
            state: self.state.as_deref(),
            intent: self.intent,
            event: self.event.as_deref(),
            request: self.request.as_deref(),
            before: self.before.as_deref(),
            answer: self.answer.as_deref(),
            key: self.seal.map(|seal| seal.key),
        }
    }
}
