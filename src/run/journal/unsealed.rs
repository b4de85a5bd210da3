//! Entries that are older than seals.
//!
//! They are counted when a journal is brought up to the version that seals, and each run that begins afterwards has a digest of them in
//! its sealed record. Hence nobody can take the seals of a run away and call it old, in a journal that has another run whose seals hold.

use rusqlite::Connection;

use super::chain::{self, hex};
use super::error::JournalError;
use super::record::RecordColumns;
use super::seal::SealKey;
use super::stored_entry::{RecordProof, record_proof};

/// What tells how old a run's entries without seals are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum UnsealedAge {
    /// They were there when this run began, whose seals hold.
    OlderThan(String),
    /// A run whose seals hold says otherwise.
    Contradicted,
    NotKnown,
}

/// A digest of the beginnings of runs that have no seals; none where there is no such run.
pub(super) fn anchor(connection: &Connection) -> Result<Option<String>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT r.id, r.unsealed, e.digest FROM runs r LEFT JOIN entries e ON e.run = r.id AND e.seq = r.unsealed - 1
         WHERE r.unsealed > 0 ORDER BY r.id",
    )?;
    let mut rows = statement.query([])?;
    let mut beginnings = Vec::new();
    while let Some(row) = rows.next()? {
        let (run, count): (String, i64) = (row.get(0)?, row.get(1)?);
        let digest: Option<Vec<u8>> = row.get(2)?;
        beginnings.push((run, count, digest.map(|digest| hex(&digest))));
    }
    if beginnings.is_empty() {
        return Ok(None);
    }
    let text = serde_json::json!(beginnings).to_string();
    Ok(Some(hex(&chain::digest_of(&text))))
}

/// How old the entries without seals are, by the runs that these keys sealed.
pub(super) fn age(connection: &Connection, keys: &[SealKey]) -> Result<UnsealedAge, JournalError> {
    let now = anchor(connection)?;
    let mut statement = connection.prepare("SELECT * FROM runs WHERE unsealed = 0 ORDER BY rowid")?;
    let mut rows = statement.query([])?;
    let mut age = UnsealedAge::NotKnown;
    while let Some(row) = rows.next()? {
        let run: String = row.get("id")?;
        let columns = RecordColumns::read(row)?;
        if record_proof(connection, &run, &columns.digest(), keys)? != RecordProof::Genuine {
            continue;
        }
        if columns.anchor != now {
            return Ok(UnsealedAge::Contradicted);
        }
        age = UnsealedAge::OlderThan(run);
    }
    Ok(age)
}
