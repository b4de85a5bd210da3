//! Whether a run is as it was written: its chain of digests, its seals, its record, and the indexes by which it is read.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow};

use super::bodies::is_named;
use super::chain::{self, EntryDigest, begin, tail};
use super::error::JournalError;
use super::indexes::IndexPlaces;
use super::record::{RecordColumns, RunRecord, record};
use super::run_order;
use super::seal::{EntrySeal, KeyId, SealKey};
use super::state::EntryState;
use super::stored_entry::{ENTRIES, StoredEntry};
use super::unsealed::{self, UnsealedAge};
use crate::run::event::{EventKind, RunCounts, RunEvent, RunOutcome};

/// Whether a run's entries are as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainVerdict {
    /// So many entries, all as written.
    Whole(u64),
    /// The first entry that is not as it was written, or that is missing, with what is wrong.
    Broken { entry: u64, why: &'static str },
    /// The record of the run itself is not as it was written, or other runs say otherwise of the run.
    Record { why: Cow<'static, str> },
}

impl ChainVerdict {
    pub(super) fn record(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Record { why: why.into() }
    }
}

/// What is known of a run's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalVerification {
    pub verdict: ChainVerdict,
    pub seals: SealCounts,
}

/// How many entries have which seals. Those of a broken run are counted up to the first that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealCounts {
    /// Sealed by a key that is here: nobody without the org's credentials wrote them.
    pub genuine: u64,
    /// Sealed by a key that is not here.
    pub unchecked: u64,
    /// Without seals, counted when the journal was brought up to the version that seals.
    pub older: u64,
    /// A run that began later and whose seals hold tells that these are so old, and as they were then.
    pub older_than: Option<String>,
    /// Without seals in a run that works on no org, hence without a key.
    pub keyless: u64,
    /// Writes among these: a run that works on no org has none.
    pub keyless_writes: u64,
    /// Keys of the genuine seals.
    pub keys: BTreeSet<KeyId>,
    /// Keys that are not here.
    pub absent: BTreeSet<KeyId>,
}

impl SealCounts {
    /// Whether a forgery is excluded.
    pub fn are_genuine(&self) -> bool {
        self.unchecked == 0 && self.keyless == 0 && (self.older == 0 || self.older_than.is_some())
    }
}

/// Computes every digest again, compares every answer with its name, checks the seals of these keys, follows the states of the writes,
/// and compares the run's record with what the entries tell of it, and the run with what other runs know of it.
pub(super) fn verify(
    connection: &Connection,
    run: &str,
    keys: &[SealKey],
) -> Result<JournalVerification, JournalError> {
    let mut statement = connection.prepare(
        "SELECT r.*, e.length AS end_length, e.head AS end_head, e.seal AS end_seal FROM runs r LEFT JOIN ends e ON e.run = r.id WHERE r.id = ?1",
    )?;
    let mut rows = statement.query([run])?;
    let Some(row) = rows.next()? else {
        return Ok(JournalVerification {
            verdict: ChainVerdict::record("it is missing"),
            seals: SealCounts::default(),
        });
    };
    let begun = SealRecord::read(row)?;
    let mut entries = EntryCheck::new(connection, run, &begun, keys)?;
    let broken = match entries.run()? {
        Some(broken) => Some(broken),
        None => entries.check_record(row)?,
    };
    let verdict = broken.unwrap_or(ChainVerdict::Whole(entries.count));
    let seals = entries.seals;
    Ok(JournalVerification { verdict, seals })
}

/// What the record says of seals.
struct SealRecord {
    /// Entries that are older than seals.
    unsealed: u64,
    has_orgs: bool,
}

impl SealRecord {
    fn read(row: &SqlRow<'_>) -> Result<Self, JournalError> {
        let (unsealed, orgs): (i64, String) = (row.get("unsealed")?, row.get("orgs")?);
        Ok(Self { unsealed: u64::try_from(unsealed).unwrap_or_default(), has_orgs: orgs.trim() != "[]" })
    }

    fn is_older(&self) -> bool {
        self.unsealed > 0
    }
}

/// The entries of one run, checked in their order.
struct EntryCheck<'a> {
    connection: &'a Connection,
    run: &'a str,
    begun: &'a SealRecord,
    keys: &'a [SealKey],
    count: u64,
    last: EntryDigest,
    last_key: Option<KeyId>,
    states: HashMap<i64, EntryState>,
    lanes: HashMap<String, EntryState>,
    places: IndexPlaces,
    seals: SealCounts,
}

type EntryFault = Option<&'static str>;

impl<'a> EntryCheck<'a> {
    fn new(
        connection: &'a Connection,
        run: &'a str,
        begun: &'a SealRecord,
        keys: &'a [SealKey],
    ) -> Result<Self, JournalError> {
        Ok(Self {
            connection,
            run,
            begun,
            keys,
            count: 0,
            last: begin(connection, run)?,
            last_key: None,
            states: HashMap::new(),
            lanes: HashMap::new(),
            places: IndexPlaces::default(),
            seals: SealCounts::default(),
        })
    }

    fn run(&mut self) -> Result<Option<ChainVerdict>, JournalError> {
        let mut statement = self.connection.prepare(&[ENTRIES, " ORDER BY e.seq"].concat())?;
        let mut rows = statement.query([self.run])?;
        while let Some(row) = rows.next()? {
            let entry = StoredEntry::read(self.run, row)?;
            if let Some(why) = self.check(&entry) {
                let entry = self.count;
                return Ok(Some(ChainVerdict::Broken { entry, why }));
            }
            self.places.add(&entry.lane, entry.intent, &entry.what);
            self.count += 1;
        }
        let astray = self.places.astray(self.connection, self.run)?;
        Ok(astray.map(|entry| ChainVerdict::Broken { entry, why: "the index by which it is found was altered" }))
    }

    /// What is wrong with the next entry.
    fn check(&mut self, entry: &StoredEntry) -> EntryFault {
        if u64::try_from(entry.seq) != Ok(self.count) {
            return Some("it is missing");
        }
        self.last = entry.columns().digest(&self.last);
        if entry.digest != self.last {
            return Some("it was altered");
        }
        wrong_body(entry)
            .or_else(|| self.wrong_seal(entry))
            .or_else(|| self.wrong_state(entry))
            .or_else(|| self.wrong_lane(entry))
    }

    fn wrong_seal(&mut self, entry: &StoredEntry) -> EntryFault {
        let Some(seal) = entry.seal else {
            return self.without_seal(entry);
        };
        if self.count < self.begun.unsealed {
            return Some("it has a seal, and the run's record says that it is older than seals");
        }
        self.last_key = Some(seal.key);
        let Some(key) = self.keys.iter().find(|key| key.id() == seal.key) else {
            self.seals.unchecked += 1;
            self.seals.absent.insert(seal.key);
            return None;
        };
        if key.entry(self.run, entry.seq, &self.last) != seal {
            return Some("its seal does not hold: it was not written by okta-runbook");
        }
        self.seals.genuine += 1;
        self.seals.keys.insert(seal.key);
        None
    }

    fn without_seal(&mut self, entry: &StoredEntry) -> EntryFault {
        self.last_key = None;
        if entry.has_unreadable_seal {
            return Some("its seal was altered");
        }
        if self.count < self.begun.unsealed {
            self.seals.older += 1;
        } else if self.begun.has_orgs {
            return Some("it has no seal");
        } else {
            self.seals.keyless += 1;
            self.seals.keyless_writes += u64::from(entry.what == "intent");
        }
        None
    }

    fn wrong_state(&mut self, entry: &StoredEntry) -> EntryFault {
        let (intent, told) = (entry.intent?, entry.state.as_deref()?);
        let now = self.states.entry(intent).or_insert(EntryState::Unknown);
        match now.then(EntryState::parse(told)) {
            Some(next) => {
                *now = next;
                None
            }
            None => Some("it tells otherwise of a write that was known"),
        }
    }

    fn wrong_lane(&mut self, entry: &StoredEntry) -> EntryFault {
        let told = entry.state.as_deref().filter(|_| entry.what == "lane")?;
        let now = self.lanes.get(&entry.lane).copied();
        match EntryState::then_of_lane(now, EntryState::parse(told)) {
            Some(next) => {
                self.lanes.insert(entry.lane.clone(), next);
                None
            }
            None => Some("it tells otherwise of a lane that is taken back"),
        }
    }

    /// What is wrong with the record of a run whose entries are whole.
    fn check_record(&mut self, row: &SqlRow<'_>) -> Result<Option<ChainVerdict>, JournalError> {
        if RecordColumns::kept_digest(row)?.is_none() {
            return Ok(Some(ChainVerdict::record("what it says of the run's beginning was altered")));
        }
        let (end, last) = (NamedEnd::read(row, "end_")?, NamedEnd::read(row, "")?);
        if end.length.is_some_and(|length| length > self.count) {
            let why = "it is missing, and so is what came after it";
            let entry = self.count;
            return Ok(Some(ChainVerdict::Broken { entry, why }));
        }
        if !self.is_end_whole(&end)? || !self.was_end(&last)? {
            return Ok(Some(ChainVerdict::record("the end of the journal that it names was altered")));
        }
        if let Some(why) = self.wrong_age()? {
            return Ok(Some(ChainVerdict::record(why)));
        }
        if let Some(why) = wrong_end(self.connection, self.begun, &record(row)?)? {
            return Ok(Some(ChainVerdict::record(why)));
        }
        let why = run_order::fault(self.connection, self.run, self.keys)?;
        Ok(why.map(ChainVerdict::record))
    }

    /// The end that is named is the end that is there, and its seal is by the key of the last entry.
    fn is_end_whole(&self, end: &NamedEnd) -> Result<bool, JournalError> {
        let (next, digest) = tail(self.connection, self.run)?;
        let named = end.seal.map(|seal| seal.key);
        Ok(end.length == Some(next) && (next == 0 || named == self.last_key) && self.is_end(end, next, &digest))
    }

    /// The end that the record names was the end once: entries that came later tell what became of the run's writes.
    fn was_end(&self, end: &NamedEnd) -> Result<bool, JournalError> {
        let Some(length) = end.length else {
            return Ok(false);
        };
        // A run that was resumed with other credentials has another key: what was named carries the key of its time.
        let link = chain::link_at(self.connection, self.run, length.saturating_sub(1))?;
        let key = link.as_ref().and_then(|(_, seal)| seal.as_ref()).map(|seal| seal.key);
        if link.is_some() && end.seal.map(|seal| seal.key) != key {
            return Ok(false);
        }
        let digest = match (length, link) {
            (0, _) => begin(self.connection, self.run)?,
            (_, Some((digest, _))) => digest,
            (_, None) => return Ok(false),
        };
        Ok(self.is_end(end, length, &digest))
    }

    /// Whether what is named is a chain of so many entries, the last of this digest, with a seal that holds.
    fn is_end(&self, end: &NamedEnd, length: u64, digest: &EntryDigest) -> bool {
        // Of a run that had no entry yet when heads came, none is named.
        let is_head = end.head.as_ref().map_or(length == 0, |head| head == digest);
        if end.has_unreadable_seal || !is_head {
            return false;
        }
        let key = self.keys.iter().find(|key| end.seal.is_some_and(|seal| seal.key == key.id()));
        let sealed = key.map(|key| key.end(self.run, super::entry::number(length), digest));
        sealed.is_none() || sealed == end.seal
    }

    fn wrong_age(&mut self) -> Result<EntryFault, JournalError> {
        if !self.begun.is_older() {
            return Ok(None);
        }
        match unsealed::age(self.connection, self.keys)? {
            UnsealedAge::OlderThan(run) => self.seals.older_than = Some(run),
            UnsealedAge::NotKnown => {}
            UnsealedAge::Contradicted => {
                return Ok(Some(
                    "it says of entries that they are older than seals, and the seals of another run say otherwise",
                ));
            }
        }
        Ok(None)
    }
}

/// Where a chain is said to end.
struct NamedEnd {
    length: Option<u64>,
    head: Option<Vec<u8>>,
    seal: Option<EntrySeal>,
    has_unreadable_seal: bool,
}

impl NamedEnd {
    /// From the columns whose names begin so.
    fn read(row: &SqlRow<'_>, prefix: &str) -> Result<Self, JournalError> {
        let column = |name: &str| [prefix, name].concat();
        let length: Option<i64> = row.get(column("length").as_str())?;
        let seal: Option<Vec<u8>> = row.get(column("seal").as_str())?;
        let parsed = seal.as_deref().and_then(EntrySeal::parse);
        Ok(Self {
            length: length.and_then(|length| u64::try_from(length).ok()),
            head: row.get(column("head").as_str())?,
            seal: parsed,
            has_unreadable_seal: seal.is_some() && parsed.is_none(),
        })
    }
}

fn wrong_body(entry: &StoredEntry) -> EntryFault {
    let is_whole = |name: Option<&String>, text: Option<&String>| match (name, text) {
        (None, _) => true,
        (Some(name), Some(text)) => is_named(name, text),
        (Some(_), None) => false,
    };
    if !is_whole(entry.answer.as_ref(), entry.answer_text.as_ref()) {
        return Some("its answer was altered");
    }
    if !is_whole(entry.before.as_ref(), entry.before_text.as_ref()) {
        return Some("its before image was altered");
    }
    None
}

/// Whether the record says of the run's end what the entries told last.
fn wrong_end(connection: &Connection, begun: &SealRecord, record: &RunRecord) -> Result<EntryFault, JournalError> {
    const WHY: &str = "it says otherwise of the run's end than its entries";
    let told = told_end(connection, &record.run)?;
    let is_same = match (&told, record.outcome) {
        (Some(event), Some(outcome)) => is_end_of(event, outcome, begun, record),
        // Versions before seals could be killed between the two.
        (Some(_), None) => begun.is_older(),
        (None, Some(_)) => false,
        (None, None) => begun.is_older() || has_no_end(record),
    };
    Ok((!is_same).then_some(WHY))
}

fn has_no_end(record: &RunRecord) -> bool {
    record.ended.is_none() && record.message.is_none() && record.counts == RunCounts::default()
}

/// The last outcome that was told; none when the run was taken up since.
fn told_end(connection: &Connection, run: &str) -> Result<Option<RunEvent>, JournalError> {
    let last: Option<String> = connection
        .query_row(
            "SELECT event FROM entries WHERE run = ?1 AND what = 'told' AND event ->> 'event' IN ('outcome', 'resumed') ORDER BY seq DESC LIMIT 1",
            [run],
            |row| row.get(0),
        )
        .optional()?;
    let event: Option<RunEvent> = last.and_then(|text| serde_json::from_str(&text).ok());
    Ok(event.filter(|event| matches!(event.kind, EventKind::Outcome { .. })))
}

fn is_end_of(event: &RunEvent, ended: RunOutcome, begun: &SealRecord, record: &RunRecord) -> bool {
    let EventKind::Outcome { outcome, message, counts, .. } = &event.kind else {
        return false;
    };
    // Versions before seals took the time a moment later.
    let is_then = match record.ended {
        Some(ended) if begun.is_older() => ended >= event.time,
        Some(ended) => ended == event.time,
        None => false,
    };
    *outcome == ended && *message == record.message && *counts == record.counts && is_then
}
