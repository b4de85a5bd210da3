//! Digests that chain the entries of a run, so that an altered journal is told.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256, digest};
use rusqlite::{Connection, OptionalExtension as _};
use serde::ser::{Serialize, SerializeSeq as _, Serializer};

use super::error::JournalError;
use super::seal::{EntrySeal, KeyId};

/// SHA-256 over an entry and the digest of the one before; zeros before the first.
pub(super) type EntryDigest = [u8; 32];

/// The columns that the digest covers.
pub(super) struct EntryColumns<'a> {
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
    /// The key of its seal, so that nobody can name another one. Entries of versions that made no seals have none.
    pub(super) key: Option<KeyId>,
}

/// A list of the columns; of an entry without a seal, without the key of one.
impl Serialize for EntryColumns<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut columns = serializer.serialize_seq(None)?;
        columns.serialize_element(self.run)?;
        columns.serialize_element(&self.seq)?;
        columns.serialize_element(self.lane)?;
        columns.serialize_element(&self.position)?;
        columns.serialize_element(self.time)?;
        columns.serialize_element(self.what)?;
        columns.serialize_element(&self.state)?;
        columns.serialize_element(&self.intent)?;
        for text in [self.event, self.request, self.before, self.answer] {
            columns.serialize_element(&text)?;
        }
        if let Some(key) = self.key {
            columns.serialize_element(&key.to_string())?;
        }
        columns.end()
    }
}

impl EntryColumns<'_> {
    pub(super) fn digest(&self, last: &EntryDigest) -> EntryDigest {
        let mut context = Context::new(&SHA256);
        context.update(last);
        context.update(text_of(self).as_bytes());
        bytes(context.finish().as_ref())
    }
}

/// The JSON text of what is kept.
pub(super) fn text_of<T: Serialize>(value: &T) -> String {
    // Everything kept is a struct or JSON with text keys: it has a JSON form.
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn digest_of(text: &str) -> EntryDigest {
    bytes(digest(&SHA256, text.as_bytes()).as_ref())
}

fn bytes(digest: &[u8]) -> EntryDigest {
    let mut bytes = EntryDigest::default();
    bytes.copy_from_slice(digest);
    bytes
}

/// Number of the next entry of a run and digest of its last.
pub(super) fn tail(connection: &Connection, run: &str) -> Result<(u64, EntryDigest), JournalError> {
    let last: Option<(i64, Vec<u8>)> = connection
        .prepare_cached("SELECT seq, digest FROM entries WHERE run = ?1 ORDER BY seq DESC LIMIT 1")?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, digest)) = last else {
        return Ok((0, begin(connection, run)?));
    };
    let digest = EntryDigest::try_from(digest.as_slice()).map_err(|e| JournalError::unreadable("a digest", &e))?;
    Ok((u64::try_from(seq).unwrap_or(0) + 1, digest))
}

/// The digest of an entry and the seal it carries; `None` where the entry is missing.
pub(super) fn link_at(
    connection: &Connection,
    run: &str,
    seq: u64,
) -> Result<Option<(EntryDigest, Option<EntrySeal>)>, JournalError> {
    let link: Option<(Vec<u8>, Option<Vec<u8>>)> = connection
        .prepare_cached("SELECT digest, seal FROM entries WHERE run = ?1 AND seq = ?2")?
        .query_row((run, i64::try_from(seq).unwrap_or(i64::MAX)), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    link.map(|(digest, seal)| {
        let digest = EntryDigest::try_from(digest.as_slice()).map_err(|e| JournalError::unreadable("a digest", &e))?;
        Ok((digest, seal.as_deref().and_then(EntrySeal::parse)))
    })
    .transpose()
}

/// Before the first entry: the digest of the run's record; zeros for runs of versions that kept none.
pub(super) fn begin(connection: &Connection, run: &str) -> Result<EntryDigest, JournalError> {
    let record: Option<Vec<u8>> =
        connection.query_row("SELECT record FROM runs WHERE id = ?1", [run], |row| row.get(0)).optional()?.flatten();
    let digest = record.map(|record| EntryDigest::try_from(record.as_slice()));
    let digest = digest.transpose();
    Ok(digest.map_err(|e| JournalError::unreadable("a digest", &e))?.unwrap_or_default())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
