//! What an undo tells the run that it takes back, so that each write is taken back once, and may be done again.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::error::CallError;
use super::execution::Run;
use super::journal::{
    self, BulkStep, EntryDurability, EntryKind, EntryState, Journal, JournalEntry, RecordedWrite, RunKind,
};
use super::lane::RunLane;
use super::undo_plan::{NotUndone, UndoStep, plan, steps};

/// The steps of an undo that is taken up again: those that it began with, whatever it has taken back of them.
pub fn plan_again(
    journal: &Journal,
    undo: &str,
    run: &str,
    only: Option<&str>,
) -> Result<Vec<UndoStep>, journal::JournalError> {
    let bulks = journal.bulks(undo)?;
    match bulks.iter().find(|bulk| bulk.lane.is_empty()) {
        Some(bulk) => Ok(begun_steps(bulk, journal.writes(run)?)),
        None => plan(journal, run, only),
    }
}

/// The steps with which a bulk step of an undo began. What is over with them since is marked as taken back.
fn begun_steps(bulk: &BulkStep, mut writes: Vec<RecordedWrite>) -> Vec<UndoStep> {
    let entries: BTreeSet<u64> = bulk.keys.iter().filter_map(|key| entry_of(key)).collect();
    writes.retain(|write| entries.contains(&write.entry));
    let mut over = BTreeSet::new();
    for write in writes.iter_mut().filter(|write| !write.state.may_have_happened()) {
        over.insert(write.entry);
        write.state = EntryState::Answered;
    }
    let mut steps = steps(writes);
    for step in steps.iter_mut().filter(|step| over.contains(&step.write.entry)) {
        step.write.state = EntryState::Undone;
    }
    steps
}

/// The number in the key by which an undo names a step.
fn entry_of(key: &str) -> Option<u64> {
    key.rsplit_once(" #")?.1.parse().ok()
}

impl Run {
    /// Takes back what a lane did that failed so: `failure` is there again when that is interrupted and taken up.
    pub async fn undo_lane(&self, lane: &RunLane, failure: &Value) -> Result<Vec<NotUndone>, CallError> {
        let from = match lane.undone_from() {
            Some(from) => from,
            None => self.begin_taking_back(lane, failure)?,
        };
        let mut writes = self.journal().writes_of_lane(self.id(), lane.id())?;
        writes.retain(|write| (lane.void_before()..from).contains(&write.entry));
        let steps = match self.bulk_begun(lane)? {
            Some(bulk) => begun_steps(&bulk, writes),
            None => steps(writes),
        };
        self.undo(lane, &steps).await
    }

    /// The lane's next bulk step, if it was begun when the run was executed before.
    fn bulk_begun(&self, lane: &RunLane) -> Result<Option<BulkStep>, CallError> {
        if !lane.is_replaying() {
            return Ok(None);
        }
        let bulks = self.journal().bulks(self.id())?.into_iter();
        let number = lane.coming_bulk();
        let mut same = bulks.filter(|bulk| bulk.lane == lane.id() && bulk.number == number);
        Ok(same.next_back())
    }

    fn begin_taking_back(&self, lane: &RunLane, failure: &Value) -> Result<u64, CallError> {
        let answer = json!({ "failure": failure, "bulk": lane.coming_bulk() });
        let entry = JournalEntry {
            state: Some(EntryState::Unknown),
            answer: Some(&answer),
            ..JournalEntry::new(EntryKind::Lane, lane.id())
        };
        let from = self.journal().append(self.id(), &entry, EntryDurability::Soon)?;
        lane.undo_from(from);
        Ok(from)
    }

    /// Tells the run that did it. What that one had taken back holds again, when it was an undo itself.
    pub(super) fn tell_undone(&self, step: &UndoStep) -> Result<(), CallError> {
        let state = step.write.state;
        if !state.may_have_happened() && state != EntryState::Undone {
            return Ok(());
        }
        let of = self.undoes();
        self.tell_once(of, step.write.entry, EntryState::Undone)?;
        let lane = step.write.lane.split('/').next().unwrap_or_default();
        let (Some(first), Some(entry)) = (self.journal().undoes(of)?, entry_of(lane)) else {
            return Ok(());
        };
        // An inverse may have been several writes: what they took back holds again when none of them does.
        let writes = self.journal().writes_of_lane(of, lane)?;
        if !writes.iter().any(|write| write.state.may_have_happened()) {
            self.tell_once(&first, entry, EntryState::Redone)?;
        }
        Ok(())
    }

    /// Tells the run that sent it what became of a write without an answer, by what is there now.
    pub(super) fn tell_settled(&self, step: &UndoStep, state: EntryState, now: &Value) -> Result<(), CallError> {
        let now = self.redact(now);
        let entry = JournalEntry {
            state: Some(state),
            intent: Some(step.write.entry),
            answer: Some(&now),
            ..JournalEntry::new(EntryKind::Answer, &step.write.lane)
        };
        match self.journal().append(self.undoes(), &entry, EntryDurability::Soon) {
            Ok(_) | Err(journal::JournalError::Settled { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What is known already need not be told.
    fn tell_once(&self, run: &str, write: u64, state: EntryState) -> Result<(), CallError> {
        match self.journal().tell_of(run, write, state, self.id()) {
            Ok(()) | Err(journal::JournalError::Settled { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The run whose writes it takes back: its own, of a lane that failed.
    fn undoes(&self) -> &str {
        match &self.settings().procedure.kind {
            RunKind::Undo(run) => run,
            RunKind::Run => self.id(),
        }
    }
}
