//! A run as the journal knows it.

use rusqlite::{Connection, Params, params};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::entry::text_of;
use super::error::Error;
use crate::run::event::{Counts, OrgLine, Outcome};

/// Whether a run executes a runbook or takes back what another run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Run,
    /// Of the run with this id.
    Undo(String),
}

/// A run.
#[derive(Clone, Debug)]
pub struct Record {
    pub run: String,
    pub kind: Kind,
    pub runbook: String,
    /// Digest of the runbook's text as it ran.
    pub digest: String,
    /// The texts of the runbook and its modules as they ran, by display path.
    pub sources: Value,
    /// Who ran it.
    pub operator: String,
    /// Parameters as JSON, secrets redacted.
    pub parameters: Value,
    pub orgs: Vec<OrgLine>,
    pub started: jiff::Timestamp,
    pub ended: Option<jiff::Timestamp>,
    /// `None` while it runs, or when it was killed.
    pub outcome: Option<Outcome>,
    pub message: Option<String>,
    pub counts: Counts,
}

impl Record {
    pub(super) fn insert(&self, connection: &Connection) -> Result<(), Error> {
        let (kind, undoes) = match &self.kind {
            Kind::Run => ("run", None),
            Kind::Undo(run) => ("undo", Some(run)),
        };
        connection.execute(
            "INSERT INTO runs (id, kind, undoes, runbook, digest, sources, operator, parameters, orgs, started) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                self.run,
                kind,
                undoes,
                self.runbook,
                self.digest,
                self.sources.to_string(),
                self.operator,
                self.parameters.to_string(),
                text_of(&self.orgs),
                self.started.to_string()
            ],
        )?;
        Ok(())
    }
}

/// The runs that fit `condition`, newest first.
pub(super) fn select(
    connection: &Connection,
    condition: &str,
    values: impl Params,
) -> Result<Vec<Record>, Error> {
    let sql = format!("SELECT * FROM runs WHERE {condition} ORDER BY started DESC, rowid DESC");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(values)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

fn record(row: &rusqlite::Row<'_>) -> Result<Record, Error> {
    let undoes: Option<String> = row.get("undoes")?;
    Ok(Record {
        run: row.get("id")?,
        kind: undoes.map_or(Kind::Run, Kind::Undo),
        runbook: row.get("runbook")?,
        digest: row.get("digest")?,
        sources: parsed(row, "sources")?.unwrap_or_default(),
        operator: row.get("operator")?,
        parameters: parsed(row, "parameters")?.unwrap_or_default(),
        orgs: parsed(row, "orgs")?.unwrap_or_default(),
        started: time(row, "started")?.unwrap_or_default(),
        ended: time(row, "ended")?,
        outcome: parsed(row, "outcome")?,
        message: row.get("message")?,
        counts: parsed(row, "counts")?.unwrap_or_default(),
    })
}

fn parsed<T: DeserializeOwned>(row: &rusqlite::Row<'_>, column: &str) -> Result<Option<T>, Error> {
    let text: Option<String> = row.get(column)?;
    let value = text.map(|text| serde_json::from_str(&text)).transpose();
    value.map_err(|e| Error::unreadable(column, &e))
}

fn time(row: &rusqlite::Row<'_>, column: &str) -> Result<Option<jiff::Timestamp>, Error> {
    let text: Option<String> = row.get(column)?;
    let time = text.map(|text| text.parse()).transpose();
    time.map_err(|e: jiff::Error| Error::unreadable(column, &e))
}
