//! A run as the journal knows it.

use rusqlite::{Connection, OptionalExtension as _, Params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::chain::{self, EntryDigest, text_of};
use super::error::JournalError;
use super::run_order::EarlierRuns;
use super::seal::SealKey;
use crate::run::event::{OrgLine, RunCounts, RunOutcome};

/// Whether a run executes a runbook or takes back what another run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RunKind {
    #[default]
    Run,
    /// Of the run with this id.
    Undo(String),
}

/// A run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    pub run: String,
    pub kind: RunKind,
    pub runbook: String,
    /// Digest of the runbook's text as it ran.
    pub digest: String,
    /// The texts of the runbook and its modules as they ran, by display path.
    pub sources: Value,
    /// Who began it, in words; in older journals a name that an environment variable gave.
    pub operator: String,
    /// Parameters as JSON, secrets redacted.
    pub parameters: Value,
    pub orgs: Vec<OrgLine>,
    pub started: jiff::Timestamp,
    pub ended: Option<jiff::Timestamp>,
    /// `None` while it runs, or when it was killed.
    pub outcome: Option<RunOutcome>,
    pub message: Option<String>,
    pub counts: RunCounts,
}

impl RunRecord {
    /// Adds it, and returns its digest, with which the chain of its entries begins. `unsealed` stands for the entries that are older than
    /// seals: the seals of this run are over it too.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        unsealed: Option<String>,
        key: Option<&SealKey>,
    ) -> Result<EntryDigest, JournalError> {
        let (kind, undoes) = match &self.kind {
            RunKind::Run => ("run", None),
            RunKind::Undo(run) => ("undo", Some(run)),
        };
        let mut columns = RecordColumns {
            run: self.run.clone(),
            kind: kind.to_owned(),
            undoes: undoes.cloned(),
            runbook: self.runbook.clone(),
            digest: self.digest.clone(),
            sources: self.sources.to_string(),
            operator: self.operator.clone(),
            parameters: self.parameters.to_string(),
            orgs: text_of(&self.orgs),
            started: self.started.to_string(),
            anchor: unsealed,
            earlier: None,
        };
        columns.earlier = EarlierRuns::text(connection, undoes.map(String::as_str), &columns.digest())?;
        let digest = columns.digest();
        connection.execute(
            "INSERT INTO runs (id, kind, undoes, runbook, digest, sources, operator, parameters, orgs, started, anchor, earlier, record, length,
             head, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0, ?13, ?14)",
            params![
                columns.run,
                columns.kind,
                columns.undoes,
                columns.runbook,
                columns.digest,
                columns.sources,
                columns.operator,
                columns.parameters,
                columns.orgs,
                columns.started,
                columns.anchor,
                columns.earlier,
                digest.as_slice(),
                key.map(|key| key.end(&self.run, 0, &digest).to_bytes())
            ],
        )?;
        connection.execute("INSERT INTO ends SELECT id, length, head, seal FROM runs WHERE id = ?1", [&self.run])?;
        Ok(digest)
    }
}

/// What is written of a run when it begins, and never changes.
#[derive(Serialize)]
pub(super) struct RecordColumns {
    run: String,
    kind: String,
    undoes: Option<String>,
    runbook: String,
    digest: String,
    sources: String,
    operator: String,
    parameters: String,
    orgs: String,
    started: String,
    /// Digest of the beginnings of runs that are older than seals; none in journals that have no such run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) anchor: Option<String>,
    /// What the run knows of those before it, which has the digest of all other columns in it.
    #[serde(skip)]
    earlier: Option<String>,
}

impl RecordColumns {
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            run: row.get("id")?,
            kind: row.get("kind")?,
            undoes: row.get("undoes")?,
            runbook: row.get("runbook")?,
            digest: row.get("digest")?,
            sources: row.get("sources")?,
            operator: row.get("operator")?,
            parameters: row.get("parameters")?,
            orgs: row.get("orgs")?,
            started: row.get("started")?,
            anchor: row.get("anchor")?,
            earlier: row.get("earlier")?,
        })
    }

    /// Over what the run knows of those before it, which names the other columns; over those alone where it knows nothing. Where it names
    /// other columns, no record has this digest.
    pub(super) fn digest(&self) -> EntryDigest {
        let columns = chain::digest_of(&text_of(self));
        match &self.earlier {
            None => columns,
            Some(text) if EarlierRuns::parse(text).is_some_and(|earlier| earlier.names(&columns)) => {
                chain::digest_of(text)
            }
            Some(text) => chain::digest_of(&[&chain::hex(&columns), text.as_str()].concat()),
        }
    }

    /// The digest of the record that stands in the row; `None` where it is not the one that was kept. Versions before seals kept no digest
    /// of some records.
    pub(super) fn kept_digest(row: &rusqlite::Row<'_>) -> Result<Option<EntryDigest>, JournalError> {
        let (kept, unsealed): (Option<Vec<u8>>, i64) = (row.get("record")?, row.get("unsealed")?);
        let Some(kept) = kept else {
            return Ok((unsealed > 0).then(EntryDigest::default));
        };
        let digest = Self::read(row)?.digest();
        Ok((kept == digest).then_some(digest))
    }
}

/// The runs that fit `condition`, newest first.
pub(super) fn select(
    connection: &Connection,
    condition: &str,
    values: impl Params,
) -> Result<Vec<RunRecord>, JournalError> {
    let sql = format!("SELECT * FROM runs WHERE {condition} ORDER BY started DESC, rowid DESC");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(values)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

/// Who began a run, in words; nothing where there is no such run.
pub(super) fn operator(connection: &Connection, run: &str) -> Result<String, JournalError> {
    let row: Option<String> = connection
        .prepare_cached("SELECT operator FROM runs WHERE id = ?1")?
        .query_row([run], |row| row.get(0))
        .optional()?;
    Ok(row.unwrap_or_default())
}

/// The run that a run takes back.
pub(super) fn undoes(connection: &Connection, run: &str) -> Result<Option<String>, JournalError> {
    let row: Option<Option<String>> = connection
        .prepare_cached("SELECT undoes FROM runs WHERE id = ?1")?
        .query_row([run], |row| row.get(0))
        .optional()?;
    Ok(row.flatten())
}

pub(super) fn record(row: &rusqlite::Row<'_>) -> Result<RunRecord, JournalError> {
    let undoes: Option<String> = row.get("undoes")?;
    Ok(RunRecord {
        run: row.get("id")?,
        kind: undoes.map_or(RunKind::Run, RunKind::Undo),
        runbook: row.get("runbook")?,
        digest: row.get("digest")?,
        sources: parse_column(row, "sources")?.unwrap_or_default(),
        operator: row.get("operator")?,
        parameters: parse_column(row, "parameters")?.unwrap_or_default(),
        orgs: parse_column(row, "orgs")?.unwrap_or_default(),
        started: time(row, "started")?.unwrap_or_default(),
        ended: time(row, "ended")?,
        outcome: parse_column(row, "outcome")?,
        message: row.get("message")?,
        counts: parse_column(row, "counts")?.unwrap_or_default(),
    })
}

fn parse_column<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: &str) -> Result<Option<T>, JournalError> {
    let text: Option<String> = row.get(column)?;
    let value = text.map(|text| serde_json::from_str(&text)).transpose();
    value.map_err(|e| JournalError::unreadable(column, &e))
}

fn time(row: &rusqlite::Row<'_>, column: &str) -> Result<Option<jiff::Timestamp>, JournalError> {
    let text: Option<String> = row.get(column)?;
    let time = text.map(|text| text.parse()).transpose();
    time.map_err(|e: jiff::Error| JournalError::unreadable(column, &e))
}
