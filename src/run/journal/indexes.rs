//! Whether the indexes by which entries are found have all of them: a resume and an undo read by these, the chain does not.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use rusqlite::Connection;

use super::error::JournalError;

/// What the entries of a run say of their places in the indexes.
#[derive(Default)]
pub(super) struct IndexPlaces {
    by_lane: Vec<u64>,
    by_intent: Vec<Option<u64>>,
}

impl IndexPlaces {
    /// The next entry of the run.
    pub(super) fn add(&mut self, lane: &str, intent: Option<i64>, what: &str) {
        self.by_lane.push(hash(&lane));
        self.by_intent.push(intent.map(|intent| hash(&(intent, what))));
    }

    /// The first entry that an index has at another place, or not at all.
    pub(super) fn astray(&self, connection: &Connection, run: &str) -> Result<Option<u64>, JournalError> {
        let by_lane = self.in_lanes(connection, run)?;
        match by_lane {
            Some(entry) => Ok(Some(entry)),
            None => self.in_intents(connection, run),
        }
    }

    fn in_lanes(&self, connection: &Connection, run: &str) -> Result<Option<u64>, JournalError> {
        let mut statement = connection.prepare_cached(
            "SELECT lane, seq FROM entries INDEXED BY entries_by_lane WHERE run = ?1 ORDER BY lane, seq",
        )?;
        let mut rows = statement.query([run])?;
        let mut seen = IndexedEntries::of(self.by_lane.len());
        while let Some(row) = rows.next()? {
            let (lane, seq): (String, i64) = (row.get(0)?, row.get(1)?);
            let place = seen.take(seq);
            if place.is_none_or(|place| self.by_lane[place] != hash(&lane.as_str())) {
                return Ok(Some(u64::try_from(seq).unwrap_or_default()));
            }
        }
        Ok(seen.missing(|_| true))
    }

    fn in_intents(&self, connection: &Connection, run: &str) -> Result<Option<u64>, JournalError> {
        let mut statement = connection.prepare_cached(
            "SELECT intent, what, seq FROM entries INDEXED BY entries_by_intent
             WHERE run = ?1 AND intent IS NOT NULL ORDER BY intent, what, seq",
        )?;
        let mut rows = statement.query([run])?;
        let mut seen = IndexedEntries::of(self.by_intent.len());
        while let Some(row) = rows.next()? {
            let (intent, what, seq): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let found = Some(hash(&(intent, what.as_str())));
            let place = seen.take(seq);
            if place.is_none_or(|place| self.by_intent[place] != found) {
                return Ok(Some(u64::try_from(seq).unwrap_or_default()));
            }
        }
        Ok(seen.missing(|place| self.by_intent[place].is_some()))
    }
}

/// The entries that an index has.
struct IndexedEntries(Vec<bool>);

impl IndexedEntries {
    fn of(count: usize) -> Self {
        Self(vec![false; count])
    }

    /// The place of an entry that the index has once.
    fn take(&mut self, seq: i64) -> Option<usize> {
        let place = usize::try_from(seq).ok()?;
        let seen = self.0.get_mut(place).filter(|seen| !**seen)?;
        *seen = true;
        Some(place)
    }

    fn missing(&self, is_wanted: impl Fn(usize) -> bool) -> Option<u64> {
        let missing = |place: &usize| !self.0[*place] && is_wanted(*place);
        (0..self.0.len()).find(missing).map(|place| place as u64)
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
