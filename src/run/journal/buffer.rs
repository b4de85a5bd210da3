//! Entries on their way into the file.
//!
//! What need not be on disk at once is kept here and written together, in a transaction that lasts as long as the writing: nobody who
//! waits for a limit or a person holds the file against other processes. What cannot be written stays here, in its order, so that the
//! chain of digests is whole whenever the disk takes it again.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};

use super::bodies::AlteredBodies;
use super::chain::{self, EntryDigest};
use super::entry::{EntryDurability, EntryKind, EntryRow, JournalEntry, number};
use super::error::JournalError;
use super::file_watch::FileWatch;
use super::presence::FilePresence;
use super::seal::SealKey;
use super::state::EntryState;
use super::taken_back;

/// What changes nothing in an org may be lost for so long when the machine stops: it is asked again.
const WRITE_EVERY: Duration = Duration::from_millis(250);

/// The file and what is on its way into it.
pub(super) struct JournalBuffer {
    pub(super) connection: Connection,
    waiting: Vec<EntryRow>,
    /// Intents of lanes that wait until theirs is on disk: they are written together, by the lane that comes last.
    arrived: Vec<ArrivedIntent>,
    /// Numbers of the intents that another lane wrote, until their lanes ask.
    numbers: HashMap<u64, u64>,
    next_ticket: u64,
    /// Number and digest of the last entry of each run that this process adds to.
    tails: HashMap<String, ChainTail>,
    /// Run and number of the intents of this process that have no answer yet.
    unanswered: HashSet<(String, u64)>,
    /// What is known of the writes of a run, since it was asked for.
    states: HashMap<String, HashMap<u64, EntryState>>,
    /// What seals the entries of each run that this process works on.
    keys: HashMap<String, Arc<SealKey>>,
    /// What seals entries of other runs: that their writes are taken back.
    key: Option<Arc<SealKey>>,
    pub(super) altered: AlteredBodies,
    /// None of a file that is only read.
    presence: Option<FilePresence>,
    /// The file did not take what waits.
    failing: bool,
    closed: bool,
}

/// An intent that is not in its place in the chain yet.
struct ArrivedIntent {
    ticket: u64,
    row: EntryRow,
    /// For who must know what was sent last when the file is gone.
    call: String,
}

#[derive(Clone, Copy)]
struct ChainTail {
    next: u64,
    digest: EntryDigest,
}

impl JournalBuffer {
    pub(super) fn new(connection: Connection, watch: Option<FileWatch>) -> Self {
        Self {
            connection,
            waiting: Vec::new(),
            arrived: Vec::new(),
            numbers: HashMap::new(),
            next_ticket: 0,
            tails: HashMap::new(),
            unanswered: HashSet::new(),
            states: HashMap::new(),
            keys: HashMap::new(),
            key: None,
            altered: AlteredBodies::default(),
            presence: watch.map(FilePresence::of),
            failing: false,
            closed: false,
        }
    }

    /// From now on the entries of a run are sealed by this key.
    pub(super) fn seal_with(&mut self, run: &str, key: SealKey) {
        let key = Arc::new(key);
        self.keys.insert(run.to_owned(), Arc::clone(&key));
        self.key = Some(key);
    }

    pub(super) fn key_of(&self, run: &str) -> Option<Arc<SealKey>> {
        self.keys.get(run).or(self.key.as_ref()).map(Arc::clone)
    }

    /// Adds an entry that is no intent and returns its number.
    fn append(&mut self, row: EntryRow, durability: EntryDurability) -> Result<u64, JournalError> {
        self.check_order(&row)?;
        let has_happened = row.what == EntryKind::Answer && row.state.is_some_and(EntryState::has_happened);
        let run = has_happened.then(|| row.run.clone());
        let tail = self.push(row)?;
        if durability == EntryDurability::Now || self.failing {
            self.flush()?;
        }
        if let (Some(presence), Some(run)) = (&mut self.presence, run) {
            presence.count_write(&run);
        }
        Ok(tail.next)
    }

    /// Takes an intent that its lane waits for.
    fn arrive(&mut self, row: EntryRow, call: String) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.arrived.push(ArrivedIntent { ticket, row, call });
        ticket
    }

    /// Writes the intents that arrived with all that waits, and returns the number of one of them. An intent that cannot be written is
    /// none: nothing is sent without it. Those of other lanes stay where they are then, for their lanes to try.
    fn write_arrived(&mut self, run: &str, own: u64) -> Result<u64, JournalError> {
        let written = self.write_intents(run);
        self.arrived.retain(|intent| intent.ticket != own);
        let number = self.numbers.remove(&own);
        written?;
        number.ok_or_else(|| JournalError::unreadable("an intent", &"it was not written"))
    }

    fn write_intents(&mut self, run: &str) -> Result<(), JournalError> {
        self.check_present(run)?;
        let runs: HashSet<&str> = self.arrived.iter().map(|intent| intent.row.run.as_str()).collect();
        let before: Vec<(String, ChainTail)> =
            runs.into_iter().map(|run| Ok((run.to_owned(), self.tail(run)?))).collect::<Result<_, JournalError>>()?;
        self.tails.extend(before.iter().cloned());
        let waiting = self.waiting.len();
        let mut calls = Vec::with_capacity(self.arrived.len());
        for ArrivedIntent { ticket, row, call } in std::mem::take(&mut self.arrived) {
            let run = row.run.clone();
            calls.push((ticket, call, self.push(row)?.next, run));
        }
        if let Err(error) = self.write_present(run, |_| Ok(())) {
            let rows = self.waiting.drain(waiting.min(self.waiting.len())..);
            let rows = calls.into_iter().zip(rows).map(|((ticket, call, ..), row)| ArrivedIntent { ticket, row, call });
            self.arrived.extend(rows);
            self.tails.extend(before);
            return Err(error);
        }
        for (ticket, call, number, run) in calls {
            self.numbers.insert(ticket, number);
            if let Some(presence) = &mut self.presence {
                presence.name_call(&run, call);
            }
            self.unanswered.insert((run, number));
        }
        Ok(())
    }

    /// Adds an intent together with what is told of the one that it repeats: they are in the file both, or neither is. A process that dies
    /// between them would leave two writes of which a look takes either for done.
    pub(super) fn append_repeat(
        &mut self,
        run: &str,
        intent: &JournalEntry<'_>,
        repeated: &JournalEntry<'_>,
    ) -> Result<u64, JournalError> {
        self.check_present(run)?;
        let repeated = repeated.draft(run);
        self.check_order(&repeated)?;
        let tail = self.push(intent.draft(run))?;
        self.push(repeated)?;
        if let Err(error) = self.write_present(run, |_| Ok(())) {
            self.waiting.pop();
            self.take_back(run, tail);
            return Err(error);
        }
        self.unanswered.insert((run.to_owned(), tail.next));
        if let Some(presence) = &mut self.presence {
            presence.name_call(run, intent.call_line());
        }
        Ok(tail.next)
    }

    /// Puts an entry at the end of what waits, and returns where the chain ended before it.
    fn push(&mut self, mut row: EntryRow) -> Result<ChainTail, JournalError> {
        let tail = self.tail(&row.run)?;
        let key = self.key_of(&row.run);
        row.chain(tail.next, &tail.digest, key.as_deref());
        let next = ChainTail { next: tail.next + 1, digest: row.digest };
        self.tails.insert(row.run.clone(), next);
        self.waiting.push(row);
        Ok(tail)
    }

    /// Takes out the entry that was put there last.
    fn take_back(&mut self, run: &str, tail: ChainTail) {
        self.waiting.pop();
        self.tails.insert(run.to_owned(), tail);
    }

    /// Adds the last entry of a run together with what its record says of it: they are in the file both, or neither is.
    pub(super) fn end(
        &mut self,
        run: &str,
        entry: &JournalEntry<'_>,
        record: impl FnMut(&Connection) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let tail = self.push(entry.draft(run))?;
        let written = self.write(run, record);
        if written.is_err() {
            self.take_back(run, tail);
        }
        written
    }

    /// Writes all that waits, or nothing of it.
    pub(super) fn flush(&mut self) -> Result<(), JournalError> {
        let Some(last) = self.waiting.last() else {
            return Ok(());
        };
        let run = last.run.clone();
        self.write(&run, |_| Ok(()))
    }

    /// Writes all that waits and more in one transaction. The file must be the one that was opened, afterwards too: what only this
    /// process sees is not written.
    pub(super) fn write(
        &mut self,
        run: &str,
        more: impl FnMut(&Connection) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let present = self.check_present(run);
        self.failing = present.is_err();
        present?;
        self.write_present(run, more)
    }

    /// The same where the file was looked at right before.
    fn write_present(
        &mut self,
        run: &str,
        more: impl FnMut(&Connection) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let written = self.commit(more);
        self.failing = written.is_err();
        written?;
        let runs: HashSet<String> = self.waiting.drain(..).map(|row| row.run).collect();
        let tails = &self.tails;
        let end = |run: String| {
            let tail = tails.get(&run)?;
            Some((run, (tail.next, tail.digest)))
        };
        let Some(presence) = &mut self.presence else {
            return Ok(());
        };
        match presence.look_after_writing(runs.into_iter().filter_map(end)) {
            None => Ok(()),
            Some(why) => Err(presence.lose(&self.connection, run, why)),
        }
    }

    /// # Errors
    /// The file is no longer the one that was opened. What waits is written into that one all the same, to be saved with it.
    fn check_present(&mut self, run: &str) -> Result<(), JournalError> {
        let Some(presence) = &self.presence else {
            return Ok(());
        };
        if let Some(error) = presence.gone() {
            return Err(error);
        }
        let Some(why) = presence.look() else {
            return Ok(());
        };
        // Where that fails too, less is saved.
        let _ = self.commit(|_| Ok(()));
        self.waiting.clear();
        match &mut self.presence {
            Some(presence) => Err(presence.lose(&self.connection, run, why)),
            None => Ok(()),
        }
    }

    fn commit(&mut self, mut more: impl FnMut(&Connection) -> Result<(), JournalError>) -> Result<(), JournalError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut runs: Vec<&str> = Vec::new();
        for row in &self.waiting {
            row.insert(&transaction)?;
            if !runs.contains(&row.run.as_str()) {
                runs.push(&row.run);
            }
        }
        for run in runs {
            if let Some(tail) = self.tails.get(run) {
                let key = self.keys.get(run).or(self.key.as_ref());
                let seal = key.map(|key| key.end(run, number(tail.next), &tail.digest).to_bytes());
                transaction
                    .prepare_cached("UPDATE ends SET length = ?2, head = ?3, seal = ?4 WHERE run = ?1")?
                    .execute(params![run, number(tail.next), tail.digest.as_slice(), seal])?;
            }
        }
        more(&transaction)?;
        Ok(transaction.commit()?)
    }

    /// Writes what waits if a lane, or one within it, has part in it.
    pub(super) fn flush_lane(&mut self, run: &str, lane: &str) -> Result<(), JournalError> {
        let is_of = |row: &EntryRow| row.run == run && row.lane.starts_with(lane);
        if self.waiting.iter().any(is_of) {
            self.flush()?;
        }
        Ok(())
    }

    /// Where the chain of a new run begins.
    pub(super) fn begin(&mut self, run: &str, digest: EntryDigest) {
        self.tails.insert(run.to_owned(), ChainTail { next: 0, digest });
    }

    /// Another process may have added to the run.
    pub(super) fn forget(&mut self, run: &str) -> Result<(), JournalError> {
        self.flush()?;
        self.tails.remove(run);
        self.states.remove(run);
        self.unanswered.retain(|(of, _)| of != run);
        if let Some(presence) = &mut self.presence {
            presence.forget(run);
        }
        Ok(())
    }

    /// Only what is legal may become known of a write.
    fn check_order(&mut self, row: &EntryRow) -> Result<(), JournalError> {
        let intent = row.intent.and_then(|intent| u64::try_from(intent).ok());
        let (Some(intent), Some(told)) = (intent, row.state) else {
            return Ok(());
        };
        let run = row.run.as_str();
        let is_first = self.unanswered.remove(&(run.to_owned(), intent)) && EntryState::Unknown.then(told).is_some();
        if !is_first {
            let now = self.state(run, intent)?;
            now.then(told).ok_or_else(|| JournalError::Settled {
                run: run.to_owned(),
                intent,
                state: now.as_str(),
                told: told.as_str(),
            })?;
        }
        if let Some(states) = self.states.get_mut(run) {
            states.insert(intent, told);
        }
        Ok(())
    }

    /// What is known of a write. Who asks for one asks for many: they are read together, once.
    fn state(&mut self, run: &str, intent: u64) -> Result<EntryState, JournalError> {
        if !self.states.contains_key(run) {
            self.flush()?;
            let states = taken_back::states(&self.connection, run)?;
            self.states.insert(run.to_owned(), states);
        }
        let states = self.states.get(run).and_then(|states| states.get(&intent));
        Ok(states.copied().unwrap_or(EntryState::Unknown))
    }

    fn tail(&self, run: &str) -> Result<ChainTail, JournalError> {
        match self.tails.get(run) {
            Some(tail) => Ok(*tail),
            None => chain::tail(&self.connection, run).map(|(next, digest)| ChainTail { next, digest }),
        }
    }
}

/// A buffer that is emptied in the background.
pub(super) struct JournalWriter {
    shared: Arc<SharedBuffer>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct SharedBuffer {
    buffer: Mutex<JournalBuffer>,
    changed: Condvar,
    /// Lanes that hold an intent and do not have the buffer yet.
    arriving: AtomicUsize,
    /// The intents that arrived are written, or their writing failed.
    tried: Condvar,
}

impl JournalWriter {
    /// What writes is told when the file that it watches is gone.
    pub(super) fn new(connection: Connection, watch: Option<FileWatch>) -> Self {
        Self {
            shared: Arc::new(SharedBuffer {
                buffer: Mutex::new(JournalBuffer::new(connection, watch)),
                changed: Condvar::new(),
                arriving: AtomicUsize::new(0),
                tried: Condvar::new(),
            }),
            thread: Mutex::default(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, JournalBuffer> {
        self.shared.lock()
    }

    /// Adds an entry and returns its number. An intent is on disk then.
    pub(super) fn append(
        &self,
        run: &str,
        entry: &JournalEntry<'_>,
        durability: EntryDurability,
    ) -> Result<u64, JournalError> {
        let row = entry.draft(run);
        if entry.what == EntryKind::Intent {
            return self.append_intent(run, row, entry.call_line());
        }
        let appended = self.lock().append(row, durability);
        if durability == EntryDurability::Soon {
            self.wake();
        }
        appended
    }

    /// Lanes whose intents come while another writes find them written together: one flush of the disk for all of them. Who comes last
    /// writes; where that fails, each of the others tries, and is told by an error of its own.
    fn append_intent(&self, run: &str, row: EntryRow, call: String) -> Result<u64, JournalError> {
        let shared = &self.shared;
        shared.arriving.fetch_add(1, Ordering::SeqCst);
        let mut buffer = shared.lock();
        shared.arriving.fetch_sub(1, Ordering::SeqCst);
        let ticket = buffer.arrive(row, call);
        loop {
            if let Some(number) = buffer.numbers.remove(&ticket) {
                return Ok(number);
            }
            if shared.arriving.load(Ordering::SeqCst) == 0 {
                let written = buffer.write_arrived(run, ticket);
                drop(buffer);
                shared.tried.notify_all();
                return written;
            }
            buffer = shared.tried.wait(buffer).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The thread begins with the first entry that waits: who only reads has none. Without a thread, the next entry that may not wait
    /// takes the others along.
    fn wake(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let builder = std::thread::Builder::new().name("journal".to_owned());
            *thread = builder.spawn(move || shared.write_on()).ok();
        }
        self.shared.changed.notify_one();
    }
}

impl Drop for JournalWriter {
    /// What was only told since the last writing is worth a try; there is nobody left to tell of a failure.
    fn drop(&mut self) {
        self.lock().closed = true;
        self.shared.changed.notify_one();
        let thread = self.thread.get_mut();
        if let Some(thread) = thread.unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
        let _ = self.lock().flush();
    }
}

impl SharedBuffer {
    /// A poisoned lock means that a lane panicked between two statements: what is committed is whole.
    fn lock(&self) -> MutexGuard<'_, JournalBuffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What fails here is told at the next entry.
    fn write_on(&self) {
        let mut buffer = self.lock();
        while !buffer.closed {
            let idle = |buffer: &mut JournalBuffer| buffer.waiting.is_empty() && !buffer.closed;
            buffer = (self.changed.wait_while(buffer, idle)).unwrap_or_else(PoisonError::into_inner);
            let more = |buffer: &mut JournalBuffer| !buffer.closed;
            let waited = self.changed.wait_timeout_while(buffer, WRITE_EVERY, more);
            buffer = waited.unwrap_or_else(PoisonError::into_inner).0;
            let _ = buffer.flush();
        }
    }
}
