//! The journal: a database file of all runs of a workspace, only ever added to.
//!
//! A write is two entries: its intent, on disk before the request is on the wire, and its answer. An intent without an answer is
//! *unknown*: it may have happened. What a lane asked and was answered is kept too, so that a run can be taken up again. Each entry
//! holds a digest over itself and the one before. Secrets never get here (see `redact`).

mod chain;
mod entry;
mod error;
mod holder;
mod lanes;
mod record;
mod schema;
mod state;
mod writes;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use serde_json::Value;

use super::event::{Counts, Event, Outcome};
use chain::Digest;
pub use chain::Verdict;
pub(super) use entry::{Durability, Entry, What};
pub use error::Error;
pub use holder::Held;
pub use lanes::Bulk;
pub(super) use lanes::{LaneEnd, Recorded};
pub use record::{Kind, Record};
pub use state::State;
pub use writes::{Unchanged, Write};

type Result<T> = std::result::Result<T, Error>;

/// The journal of one workspace.
pub struct Journal {
    inner: Mutex<Inner>,
    folder: PathBuf,
}

struct Inner {
    connection: Connection,
    /// Number and digest of the last entry of each run that this process adds to.
    tails: HashMap<String, Tail>,
    /// Run and number of the intents of this process that have no answer yet.
    unanswered: HashSet<(String, u64)>,
    committed: Instant,
}

#[derive(Clone, Copy, Default)]
struct Tail {
    next: u64,
    digest: Digest,
}

/// What changes nothing in an org may be lost for so long when the machine stops: it is asked again.
const COMMIT_EVERY: Duration = Duration::from_millis(250);

impl Journal {
    /// Opens or creates `journal.sqlite` in `folder`, and brings it to this version's schema.
    ///
    /// # Errors
    /// When the folder cannot be written, found out here, before anything is sent; when a newer version wrote it.
    pub fn open(folder: &Path) -> Result<Self> {
        make_folder(folder)?;
        let connection = Connection::open(folder.join("journal.sqlite"))?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        schema::bring_up(&connection)?;
        let inner = Inner {
            connection,
            tails: HashMap::new(),
            unanswered: HashSet::new(),
            committed: Instant::now(),
        };
        Ok(Self {
            inner: Mutex::new(inner),
            folder: folder.to_owned(),
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A poisoned lock means that a lane panicked between two statements: what is committed is whole.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes hold of a run: no other process may add to it while the value lives.
    pub fn hold(&self, run: &str, holder: &str) -> Result<Held> {
        Held::take(&self.folder, run, holder)
    }

    pub(super) fn begin(&self, record: &Record) -> Result<()> {
        let inner = self.lock();
        inner.flush()?;
        record.insert(&inner.connection)
    }

    /// Adds an entry and returns its number.
    ///
    /// # Errors
    /// When the file cannot be written; when it tells of a write what cannot follow what is known of it.
    pub(super) fn append(
        &self,
        run: &str,
        entry: &Entry<'_>,
        durability: Durability,
    ) -> Result<u64> {
        let mut inner = self.lock();
        inner.check_order(run, entry)?;
        let tail = inner.tail(run)?;
        if inner.connection.is_autocommit() {
            inner.connection.execute_batch("BEGIN IMMEDIATE")?;
        }
        let digest = entry.insert(&inner.connection, run, tail.next, &tail.digest)?;
        let next = Tail {
            next: tail.next + 1,
            digest,
        };
        inner.tails.insert(run.to_owned(), next);
        if entry.what == What::Intent {
            inner.unanswered.insert((run.to_owned(), tail.next));
        }
        if durability == Durability::Now || inner.committed.elapsed() > COMMIT_EVERY {
            inner.flush()?;
            inner.committed = Instant::now();
        }
        Ok(tail.next)
    }

    pub(super) fn end(
        &self,
        run: &str,
        ended: jiff::Timestamp,
        outcome: Outcome,
        message: Option<&str>,
        counts: Counts,
    ) -> Result<()> {
        let inner = self.lock();
        inner.flush()?;
        inner.connection.execute(
            "UPDATE runs SET ended = ?2, outcome = ?3, message = ?4, counts = ?5 WHERE id = ?1",
            params![
                run,
                ended.to_string(),
                entry::text_of(&outcome),
                message,
                entry::text_of(&counts)
            ],
        )?;
        Ok(())
    }

    /// Marks an ended run as going on again.
    pub(super) fn reopen(&self, run: &str) -> Result<()> {
        let inner = self.lock();
        inner.flush()?;
        let sql = "UPDATE runs SET ended = NULL, outcome = NULL, message = NULL WHERE id = ?1";
        inner.connection.execute(sql, [run])?;
        Ok(())
    }

    /// All runs, newest first.
    pub fn runs(&self) -> Result<Vec<Record>> {
        record::select(&self.lock().connection, "1 = 1", [])
    }

    /// Runs whose id begins with `prefix`, newest first.
    pub fn find(&self, prefix: &str) -> Result<Vec<Record>> {
        record::select(
            &self.lock().connection,
            "substr(id, 1, length(?1)) = ?1",
            [prefix],
        )
    }

    /// Everything a run told, in order.
    pub fn events(&self, run: &str) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        self.each_event(run, |event| events.push(event))?;
        Ok(events)
    }

    /// The same, one by one.
    pub fn each_event(&self, run: &str, mut tell: impl FnMut(Event)) -> Result<()> {
        let inner = self.lock();
        let sql = "SELECT event FROM entries WHERE run = ?1 AND event IS NOT NULL ORDER BY seq";
        let mut statement = inner.connection.prepare_cached(sql)?;
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            tell(serde_json::from_str(&text).map_err(|e| Error::unreadable("an event", &e))?);
        }
        Ok(())
    }

    /// Every write of a run in the order in which they were sent: what came of a write was sent after it.
    pub fn writes(&self, run: &str) -> Result<Vec<Write>> {
        writes::of_run(&self.lock().connection, run)
    }

    /// Writes that were not sent, because nothing would have changed, in order.
    pub fn unchanged(&self, run: &str) -> Result<Vec<Unchanged>> {
        writes::unchanged(&self.lock().connection, run)
    }

    /// Bulk steps of a run: the number of the entry that began each, by lane and number, with the keys of its items.
    pub fn bulks(&self, run: &str) -> Result<Vec<Bulk>> {
        lanes::bulks(&self.lock().connection, run)
    }

    /// The plan that a run is held to: its digest and writes.
    pub fn agreement(&self, run: &str) -> Result<Option<(String, Value)>> {
        lanes::agreement(&self.lock().connection, run)
    }

    /// The writes of one lane and of the lanes within it.
    pub(super) fn writes_of_lane(&self, run: &str, lane: &str) -> Result<Vec<Write>> {
        writes::of_lane(&self.lock().connection, run, lane)
    }

    /// What a lane asked and was answered, as far as it still holds.
    pub(super) fn recorded(&self, run: &str, lane: &str) -> Result<Vec<Recorded>> {
        lanes::recorded(&self.lock().connection, run, lane)
    }

    pub(super) fn lane_end(&self, run: &str, lane: &str) -> Result<Option<LaneEnd>> {
        lanes::end(&self.lock().connection, run, lane)
    }

    /// The text of an answer or a before image.
    pub(super) fn body(&self, digest: &str) -> Result<Value> {
        entry::body(&self.lock().connection, digest)
    }

    /// What a run has done so far.
    pub fn counts(&self, run: &str) -> Result<Counts> {
        lanes::counts(&self.lock().connection, run)
    }

    /// Number of writes of a run whose answer is not known.
    pub fn unanswered(&self, run: &str) -> Result<u64> {
        writes::unanswered(&self.lock().connection, run)
    }

    /// Whether the entries of a run are as they were written.
    pub fn verify(&self, run: &str) -> Result<Verdict> {
        chain::verify(&self.lock().connection, run)
    }
}

impl Drop for Journal {
    /// What was only told since the last commit is worth a try; there is nobody left to tell of a failure.
    fn drop(&mut self) {
        let _ = self.lock().flush();
    }
}

impl Inner {
    fn flush(&self) -> Result<()> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    /// Only what is not known of a write may still become known.
    fn check_order(&mut self, run: &str, entry: &Entry<'_>) -> Result<()> {
        let (Some(intent), Some(told)) = (entry.intent, entry.state) else {
            return Ok(());
        };
        if self.unanswered.remove(&(run.to_owned(), intent)) {
            return Ok(());
        }
        let now = writes::state(&self.connection, run, intent)?;
        match now.then(told) {
            Some(_) => Ok(()),
            None => Err(Error::Settled {
                run: run.to_owned(),
                intent,
                state: now.as_str(),
                told: told.as_str(),
            }),
        }
    }

    fn tail(&self, run: &str) -> Result<Tail> {
        match self.tails.get(run) {
            Some(tail) => Ok(*tail),
            None => chain::tail(&self.connection, run).map(|(next, digest)| Tail { next, digest }),
        }
    }
}

/// Only its owner may read what a run did to an org.
fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Error::Folder {
        folder: folder.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests;
