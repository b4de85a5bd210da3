//! The order of the runs of a journal: what each run knows of those before it.
//!
//! When a run begins its record names the run that began before it and, for an undo, the run that it takes back: each with the digest of its
//! record, the number of its entries at that time, and the digest of the last of them. The first entry seals the record and, with it, what
//! the run knows. Hence nobody can put older rows of a run in the place of its rows, although their seals hold, or take a run out, without
//! contradicting a run that began later. Nothing in okta-runbook deletes a run or an entry: what is missing was taken out by somebody else.
//!
//! No later run knows the last runs of a journal, nor what was added to a run after the last one that names it began. Runs of versions
//! before 7 of the schema know nothing of those before them.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _};
use serde::{Deserialize, Serialize};

use super::chain::{self, EntryDigest, hex, text_of};
use super::error::JournalError;
use super::record::RecordColumns;
use super::seal::SealKey;
use super::stored_entry::{RecordProof, record_proof};

/// A run as it was when a later one began.
#[derive(Debug, Serialize, Deserialize)]
struct KnownRun {
    run: String,
    /// Digest of its record.
    record: String,
    /// Number of its entries.
    entries: u64,
    /// Digest of the last of them; of the record where there is none.
    last: String,
}

/// What the record of a run says of the runs before it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EarlierRuns {
    /// Digest of the other columns of the record. That of the record is over this text alone: the order of many runs is read without their
    /// scripts and parameters.
    columns: String,
    /// The run that began right before.
    before: Option<KnownRun>,
    /// The run that this one takes back.
    undoes: Option<KnownRun>,
}

impl EarlierRuns {
    /// What a run knows that begins now, as text; none in an empty journal. `columns` is the digest of the other columns of its record.
    /// Within the transaction that adds the run, no other process can begin one between the two.
    pub(super) fn text(
        connection: &Connection,
        undoes: Option<&str>,
        columns: &EntryDigest,
    ) -> Result<Option<String>, JournalError> {
        let mut last = connection.prepare_cached("SELECT id FROM runs ORDER BY rowid DESC LIMIT 1")?;
        let last: Option<String> = last.query_row([], |row| row.get(0)).optional()?;
        let Some(last) = last else {
            return Ok(None);
        };
        let before = KnownRun::read(connection, &last)?;
        let undoes = undoes.map(|run| KnownRun::read(connection, run)).transpose()?.flatten();
        Ok(Some(text_of(&Self { columns: hex(columns), before, undoes })))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether it is of a record whose other columns have this digest.
    pub(super) fn names(&self, columns: &EntryDigest) -> bool {
        self.columns == hex(columns)
    }

    fn runs(&self) -> impl Iterator<Item = &KnownRun> {
        self.before.iter().chain(&self.undoes)
    }
}

impl KnownRun {
    fn read(connection: &Connection, run: &str) -> Result<Option<Self>, JournalError> {
        let mut statement = connection.prepare_cached("SELECT 1 FROM runs WHERE id = ?1")?;
        if !statement.exists([run])? {
            return Ok(None);
        }
        let record = chain::begin(connection, run)?;
        let (entries, last) = chain::tail(connection, run)?;
        Ok(Some(Self { run: run.to_owned(), record: hex(&record), entries, last: hex(&last) }))
    }
}

/// What other runs say against a run that is whole in itself: in words, none where all agree.
pub(super) fn fault(connection: &Connection, run: &str, keys: &[SealKey]) -> Result<Option<String>, JournalError> {
    let runs = placed_runs(connection)?;
    let knowing = runs.values().filter(|placed| placed.known.is_some());
    let first = knowing.map(|placed| placed.number).min();
    let order = RunOrder { connection, keys, runs, first };
    match order.missing(run)? {
        Some(why) => Ok(Some(why)),
        None => order.contradiction(run),
    }
}

/// The runs of a journal with what each knows of those before it.
struct RunOrder<'a> {
    connection: &'a Connection,
    keys: &'a [SealKey],
    runs: BTreeMap<String, PlacedRun>,
    /// Number of the first run that knows one before it: all that know none are older.
    first: Option<i64>,
}

/// What places a run among the others.
struct PlacedRun {
    /// Later ones have greater numbers, unless somebody altered them.
    number: i64,
    /// What it knows, and the digest of its record, which is over that alone; none of a run that knows nothing.
    known: Option<(EarlierRuns, EntryDigest)>,
}

impl PlacedRun {
    fn earlier(&self) -> Option<&EarlierRuns> {
        self.known.as_ref().map(|(earlier, _)| earlier)
    }
}

/// All runs, from the table itself: an index may lack some.
fn placed_runs(connection: &Connection) -> Result<BTreeMap<String, PlacedRun>, JournalError> {
    let mut statement = connection.prepare("SELECT rowid, id, earlier FROM runs NOT INDEXED")?;
    let mut rows = statement.query([])?;
    let mut runs = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (number, run, text): (i64, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let known = text.and_then(|text| Some((EarlierRuns::parse(&text)?, chain::digest_of(&text))));
        runs.insert(run, PlacedRun { number, known });
    }
    Ok(runs)
}

impl RunOrder<'_> {
    /// A run that this one knows by its record or its entries and that is not there.
    fn missing(&self, run: &str) -> Result<Option<String>, JournalError> {
        let known = self.runs.get(run).and_then(PlacedRun::earlier);
        let is_missing = |known: &&KnownRun| !self.runs.contains_key(&known.run);
        if let Some(before) = known.and_then(|known| known.before.as_ref()).filter(is_missing) {
            return Ok(Some(format!("the run before it, {}, is missing from the journal", before.run)));
        }
        if let Some(undone) = known.and_then(|known| known.undoes.as_ref()).filter(is_missing) {
            return Ok(Some(format!("the run that it takes back, {}, is missing from the journal", undone.run)));
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT request ->> 'by' FROM entries WHERE run = ?1 AND what = 'told' AND intent IS NOT NULL",
        )?;
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            let by: Option<String> = row.get(0)?;
            if let Some(by) = by.filter(|by| !self.runs.contains_key(by)) {
                return Ok(Some(format!("run {by} took back writes of it, and is missing from the journal")));
            }
        }
        Ok(None)
    }

    /// What another run says otherwise than the journal. Of runs that began before this one nothing follows for it.
    fn contradiction(&self, run: &str) -> Result<Option<String>, JournalError> {
        let before = self.before(run);
        for (other, placed) in self.runs.iter().filter(|(other, _)| *other != run) {
            let is_before = before.contains(other.as_str());
            if !is_before && !self.is_record_whole(run, other, placed)? {
                return Ok(Some(format!("the record of another run, {other}, was altered")));
            }
            let named = placed.earlier().into_iter().flat_map(EarlierRuns::runs);
            for known in named.filter(|known| known.run == run || !is_before) {
                if let Some(why) = self.wrong_name(run, other, known)? {
                    return Ok(Some(why));
                }
            }
        }
        Ok(None)
    }

    /// What is wrong with a run that another one names.
    fn wrong_name(&self, run: &str, other: &str, known: &KnownRun) -> Result<Option<String>, JournalError> {
        let named = &known.run;
        let Some(found) = self.runs.get(named) else {
            return Ok(Some(format!("another run, {other}, names run {named}, which is missing from the journal")));
        };
        let of = if named == run { "it".to_owned() } else { format!("run {named}") };
        let record = self.record(named, found)?;
        if record.is_none_or(|record| hex(&record) != known.record) {
            return Ok(Some(format!("a later run, {other}, says that {of} began otherwise")));
        }
        let had_entries = self.had_entries(known)?;
        Ok((!had_entries).then(|| format!("a later run, {other}, says that {of} had more entries, or others")))
    }

    /// The runs that began before this one, one after the other, as far back as their records are those that the next one names.
    fn before(&self, run: &str) -> BTreeSet<&str> {
        let mut before = BTreeSet::new();
        let mut next = self.runs.get(run);
        while let Some(known) = next.and_then(|placed| placed.earlier()?.before.as_ref()) {
            // Forged records may name each other.
            if !before.insert(known.run.as_str()) {
                break;
            }
            let is_named = |found: &&PlacedRun| found.known.as_ref().is_some_and(|(_, is)| hex(is) == known.record);
            next = self.runs.get(&known.run).filter(is_named);
        }
        before
    }

    /// Digest of a run's record; none where the record was altered.
    fn record(&self, run: &str, placed: &PlacedRun) -> Result<Option<EntryDigest>, JournalError> {
        if let Some((_, record)) = &placed.known {
            return Ok(Some(*record));
        }
        let mut statement = self.connection.prepare_cached("SELECT * FROM runs WHERE id = ?1")?;
        let mut rows = statement.query([run])?;
        Ok(rows.next()?.map(RecordColumns::kept_digest).transpose()?.flatten())
    }

    /// Whether the record of another run says of the runs before it what it said when that run began.
    fn is_record_whole(&self, run: &str, other: &str, placed: &PlacedRun) -> Result<bool, JournalError> {
        if placed.known.is_none() {
            if self.first.is_some_and(|first| first < placed.number) {
                return Ok(false);
            }
            // To see that nothing was taken from a record all of it is read: only where all that came after the run could lack it.
            if self.runs.get(run).is_some_and(|own| own.known.is_some()) {
                return Ok(true);
            }
        }
        let record = self.record(other, placed)?;
        let proof = record.map(|record| record_proof(self.connection, other, &record, self.keys)).transpose()?;
        Ok(proof.is_some_and(|proof| proof != RecordProof::Altered))
    }

    /// Whether a run has these entries: the digest of one is over all before it.
    fn had_entries(&self, known: &KnownRun) -> Result<bool, JournalError> {
        let Some(last) = known.entries.checked_sub(1) else {
            return Ok(true);
        };
        let link = chain::link_at(self.connection, &known.run, last)?;
        Ok(link.is_some_and(|(digest, _)| hex(&digest) == known.last))
    }
}
