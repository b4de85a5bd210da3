//! A lane: one line of work with a total order. The main script is one; each item of a bulk step is another.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::Value;

use super::event::{EventKind, RunEvent};
use super::journal::{RecordedQuestion, RecordedWrite};

/// One line of work, the step it is in, and what it asked when the run was executed before.
#[derive(Debug, Default)]
pub struct RunLane {
    /// Empty for the main script; `1:ada` for the item `ada` of its first bulk step.
    id: String,
    item: Option<String>,
    step: Mutex<Option<String>>,
    steps: AtomicU64,
    writes: AtomicU64,
    bulks: AtomicU64,
    past: Mutex<ReplayQueue>,
    /// Entries before this one do not count: what they tell was taken back.
    void_before: u64,
    /// It takes back something that a lane of the same run did.
    of_undo: bool,
    /// What it did is being taken back: number of the entry that says so.
    undone_from: OnceLock<u64>,
    /// It takes back a write that was sent then.
    restores_since: OnceLock<jiff::Timestamp>,
}

/// What was recorded of a lane when the run was executed before.
#[derive(Debug, Default)]
pub(super) struct RecordedLane {
    pub(super) recorded: Vec<RecordedQuestion>,
    /// Number of its next question.
    pub(super) position: u64,
    /// Bulk steps that it began, of those that are not begun again.
    pub(super) bulks: u64,
    pub(super) void_before: u64,
    pub(super) undone_from: Option<u64>,
}

/// What is left to replay, and the number of the next question.
#[derive(Debug, Default)]
pub(super) struct ReplayQueue {
    pub(super) recorded: VecDeque<RecordedQuestion>,
    pub(super) position: u64,
}

impl RunLane {
    /// The main script's.
    pub(super) fn main(recorded: Vec<RecordedQuestion>) -> Arc<Self> {
        Arc::new(Self { past: Mutex::new(ReplayQueue::of(recorded, 0)), ..Self::default() })
    }

    /// The lane of one item, in the step that `parent` is in.
    pub(super) fn of_item(parent: &Self, id: String, key: &str, before: RecordedLane) -> Arc<Self> {
        Arc::new(Self {
            id,
            item: Some(key.to_owned()),
            step: Mutex::new(parent.step()),
            past: Mutex::new(ReplayQueue::of(before.recorded, before.position)),
            bulks: AtomicU64::new(before.bulks),
            void_before: before.void_before,
            of_undo: parent.takes_back(),
            undone_from: before.undone_from.map(OnceLock::from).unwrap_or_default(),
            ..Self::default()
        })
    }

    /// The lane that a recorded write belongs to, for what is told of it later.
    pub(super) fn of_write(write: &RecordedWrite) -> Self {
        let text = |name: &str| write.request[name].as_str().map(str::to_owned);
        Self { id: write.lane.clone(), item: text("item"), step: Mutex::new(text("step")), ..Self::default() }
    }

    pub(super) fn void_before(&self) -> u64 {
        self.void_before
    }

    /// Number of the entry from which on it is taken back what it did; none where nothing is.
    pub(super) fn undone_from(&self) -> Option<u64> {
        self.undone_from.get().copied()
    }

    /// Whether what happens in it, or in lanes within it, takes something back: these are no items of the run.
    pub(super) fn takes_back(&self) -> bool {
        self.of_undo || self.undone_from().is_some()
    }

    pub(super) fn is_of_undo(&self) -> bool {
        self.of_undo
    }

    /// When the write was sent that it takes back; none where it takes nothing back.
    pub(super) fn restores_since(&self) -> Option<jiff::Timestamp> {
        self.restores_since.get().copied()
    }

    pub(super) fn restore_since(&self, sent: jiff::Timestamp) {
        // A lane takes back one write.
        let _ = self.restores_since.set(sent);
    }

    pub(super) fn undo_from(&self, entry: u64) {
        // A lane is taken back once.
        let _ = self.undone_from.set(entry);
    }

    /// Number that its next bulk step will have.
    pub(super) fn coming_bulk(&self) -> u64 {
        self.bulks.load(Ordering::Relaxed) + 1
    }

    /// Id that the lane of `key` in bulk step number `bulk` has. A slash in a key does not look like a lane within a lane.
    pub(super) fn id_of_item(&self, bulk: u64, key: &str) -> String {
        let key = key.replace('%', "%25").replace('/', "%2F");
        match self.id.as_str() {
            "" => format!("{bulk}:{key}"),
            id => format!("{id}/{bulk}:{key}"),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Key of the item, or `None` for the main script.
    pub fn item(&self) -> Option<&str> {
        self.item.as_deref()
    }

    pub fn step(&self) -> Option<String> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Enters a step, and gives its number from 1.
    pub(super) fn enter(&self, title: &str) -> u64 {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = Some(title.to_owned());
        self.steps.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn count_write(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes that took effect in this lane so far.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// Number of the next bulk step of this lane, from 1.
    pub(super) fn next_bulk(&self) -> u64 {
        self.bulks.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The lock is held between map operations only: what a panicked thread left is whole.
    pub(super) fn past(&self) -> MutexGuard<'_, ReplayQueue> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what it does now was done before.
    pub fn is_replaying(&self) -> bool {
        !self.past().recorded.is_empty()
    }
}

impl ReplayQueue {
    fn of(recorded: Vec<RecordedQuestion>, position: u64) -> Self {
        Self { recorded: recorded.into(), position }
    }

    /// Whether the next thing to replay is what was asked so.
    pub(super) fn replays(&self, asked: &Value) -> bool {
        let next = self.recorded.front();
        next.is_some_and(|next| next.request == *asked)
    }

    /// The number of a question that is asked now.
    pub(super) fn next(&mut self) -> u64 {
        self.position += 1;
        self.position - 1
    }
}

/// An event of this moment, in the item and step that the lane is in.
pub(super) fn stamp_event(lane: &RunLane, kind: EventKind) -> RunEvent {
    RunEvent {
        time: jiff::Timestamp::now(),
        item: lane.item().map(str::to_owned),
        step: lane.step(),
        kind,
        actor: None,
    }
}
