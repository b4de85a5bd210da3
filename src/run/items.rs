//! What became of the items of bulk steps.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::bulk_pace::BulkPace;
use super::error::CallError;
use super::event::{EventKind, ItemOutcome, RunOutcome};
use super::execution::Run;
use super::journal::{EntryDurability, EntryKind, EntryState, JournalEntry, LaneEnd};
use super::lane::{RecordedLane, RunLane, stamp_event};
use super::run_options::BulkProgress;

/// What a bulk step does with an item.
pub enum ItemStart {
    /// It was done when the run was executed before: its value.
    Done(Value),
    /// It is to be done, in this lane. `failed_before`: when the run was executed before, it failed.
    Lane { lane: Arc<RunLane>, failed_before: bool },
    /// It failed so, and what it did was being taken back when the run stopped: that goes on.
    TakingBack { lane: Arc<RunLane>, failure: Value },
}

impl Run {
    /// Begins a bulk step of `keys` and returns its number within the lane.
    pub fn bulk(&self, lane: &RunLane, keys: &[String]) -> Result<u64, CallError> {
        let number = lane.next_bulk();
        let named = json!({ "bulk": number, "keys": keys });
        self.value(lane, &named, || Value::Null)?;
        if lane.item().is_none() {
            let mut items = self.items();
            for key in keys {
                items.begin(key);
            }
            drop(items);
            *self.pace() = BulkPace::begin(keys.len(), self.rates());
            (self.settings().watcher)(BulkProgress::Began { step: lane.step().as_deref(), items: keys.len() });
        }
        Ok(number)
    }

    /// Counts items that go through bulk steps to come, also those that need none of them.
    pub fn know_items(&self, lane: &RunLane, keys: &[String]) {
        if lane.item().is_none() {
            let mut items = self.items();
            for key in keys {
                items.add(key, 0, false);
            }
        }
    }

    /// Begins to walk over `items` things, of which nothing is recorded.
    pub fn walk(&self, lane: &RunLane, items: usize) {
        if lane.item().is_none() {
            (self.settings().watcher)(BulkProgress::Began { step: lane.step().as_deref(), items });
        }
    }

    /// One of the things that are walked over was looked at.
    pub fn walked(&self, lane: &RunLane) {
        if lane.item().is_none() {
            (self.settings().watcher)(BulkProgress::Ended { outcome: ItemOutcome::Succeeded, left: Duration::ZERO });
        }
    }

    /// All items of a bulk step ended, or it was broken off.
    pub fn bulk_over(&self, lane: &RunLane) {
        if lane.item().is_none() {
            (self.settings().watcher)(BulkProgress::Over);
        }
    }

    /// The lane of an item, or its value when it was done before.
    pub fn begin_item(&self, parent: &RunLane, bulk: u64, key: &str) -> Result<ItemStart, CallError> {
        let id = parent.id_of_item(bulk, key);
        let mut before = RecordedLane { void_before: parent.void_before(), ..RecordedLane::default() };
        let mut failed_before = false;
        if self.is_resumed() {
            let end = self.journal().lane_end(self.id(), &id)?;
            let end = end.filter(|end| end.entry >= before.void_before);
            match &end {
                Some(end) if end.state.has_happened() && !end.result["value"]["lost"].is_boolean() => {
                    let writes = end.result["writes"].as_u64().unwrap_or_default();
                    if !parent.takes_back() {
                        self.items().add(key, writes, false);
                        self.watched(writes, false);
                    }
                    return Ok(ItemStart::Done(end.result["value"]["value"].clone()));
                }
                Some(end) if end.state == EntryState::Unknown => {
                    return self.go_on_taking_back(parent, id, key, end);
                }
                Some(end) if end.result["undone"] == true => before.void_before = end.entry,
                _ => {}
            }
            failed_before = end.is_some_and(|end| end.state == EntryState::Refused);
            before.recorded = self.recorded(&id, before.void_before)?;
        }
        let lane = RunLane::of_item(parent, id, key, before);
        Ok(ItemStart::Lane { lane, failed_before })
    }

    /// Of the lane counts only what it did to take itself back.
    fn go_on_taking_back(
        &self,
        parent: &RunLane,
        id: String,
        key: &str,
        end: &LaneEnd,
    ) -> Result<ItemStart, CallError> {
        let recorded = self.recorded(&id, parent.void_before())?;
        let forward = recorded.iter().filter(|it| it.entry < end.entry).count();
        let bulk = end.result["bulk"].as_u64().unwrap_or(1);
        let before = RecordedLane {
            recorded: recorded.into_iter().skip(forward).collect(),
            position: forward as u64,
            bulks: bulk.saturating_sub(1),
            void_before: parent.void_before(),
            undone_from: Some(end.entry),
        };
        Ok(ItemStart::TakingBack {
            lane: RunLane::of_item(parent, id, key, before),
            failure: end.result["failure"].clone(),
        })
    }

    /// Records how an item ended: with its value (`None`: one that has no JSON form), or why it failed. A failure is told at once, the
    /// rest when the run ends: an item may pass several steps.
    pub fn item_ended(&self, lane: &RunLane, result: Result<Option<Value>, String>) -> Result<(), CallError> {
        let Some(key) = lane.item() else {
            return Ok(());
        };
        if !lane.is_of_undo() {
            self.items().add(key, lane.writes(), result.is_err());
            self.watched(lane.writes(), result.is_err());
        }
        let (state, value) = match &result {
            Ok(Some(value)) => (EntryState::Answered, json!({ "value": value })),
            Ok(None) => (EntryState::Answered, json!({ "lost": true })),
            Err(_) => (EntryState::Refused, Value::Null),
        };
        let event = result.err().map(|message| {
            let message = self.concealed(&message);
            stamp_event(
                lane,
                EventKind::Item { key: key.to_owned(), outcome: ItemOutcome::Failed, message: Some(message) },
            )
        });
        let mut answer = json!({ "value": value, "writes": lane.writes() });
        if lane.undone_from().is_some() {
            answer["undone"] = true.into();
        }
        let entry = JournalEntry {
            state: Some(state),
            event: event.as_ref(),
            answer: Some(&self.redact(&answer)),
            ..JournalEntry::new(EntryKind::Lane, lane.id())
        };
        self.journal().append(self.id(), &entry, EntryDurability::Soon)?;
        if let Some(event) = &event {
            self.show(event);
        }
        Ok(())
    }

    fn watched(&self, writes: u64, failed: bool) {
        let left = self.pace().item_ended(self.rates());
        let outcome = outcome(writes, failed);
        (self.settings().watcher)(BulkProgress::Ended { outcome, left });
    }

    /// What was recorded after a bulk step that now ended otherwise was asked under other circumstances.
    pub fn ended_otherwise(&self, lane: &RunLane) {
        lane.past().recorded.clear();
    }

    /// A script that ran to its end with failed items did its work partly, or not at all.
    pub(super) fn tell_items(&self, outcome: RunOutcome) -> Result<RunOutcome, CallError> {
        let items = std::mem::take(&mut *self.items());
        let (mut all, mut failed, mut open) = (0, 0, 0);
        for key in &items.order {
            let item = items.by_key[key];
            // A bulk step that was broken off, where the script went on all the same, says nothing of the rest.
            if item.open && outcome == RunOutcome::Succeeded {
                continue;
            }
            all += 1;
            failed += u64::from(item.failed);
            open += u64::from(item.open && !item.failed);
            // Where the script broke off, it is not known whether an item was done with.
            if !item.failed && outcome == RunOutcome::Succeeded {
                let kind =
                    EventKind::Item { key: key.to_string(), outcome: self::outcome(item.writes, false), message: None };
                self.emit(&RunLane::default(), kind)?;
            }
        }
        self.count(|counts| {
            (counts.items, counts.failed_items) = (all, failed);
            counts.done_items = (open > 0).then(|| all - failed - open);
        });
        Ok(match outcome {
            RunOutcome::Succeeded if failed > 0 && failed == all => RunOutcome::Failed,
            RunOutcome::Succeeded if failed > 0 => RunOutcome::Partly,
            other => other,
        })
    }
}

fn outcome(writes: u64, failed: bool) -> ItemOutcome {
    match (failed, writes) {
        (true, _) => ItemOutcome::Failed,
        (false, 0) => ItemOutcome::Unchanged,
        (false, _) => ItemOutcome::Succeeded,
    }
}
