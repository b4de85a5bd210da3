//! What became of the items of bulk steps.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::door::{Progress, Run};
use super::error::Error;
use super::event::{ItemOutcome, Kind, Outcome};
use super::journal::{Durability, Entry, LaneEnd, State, What};
use super::lane::{Earlier, Lane};
use super::pace::Pace;
use super::telling::stamped;

/// Over all bulk steps of a run, in the order in which items were first seen.
#[derive(Debug, Default)]
pub(super) struct Items {
    order: Vec<Arc<str>>,
    by_key: HashMap<Arc<str>, Item>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Item {
    writes: u64,
    failed: bool,
    /// A bulk step began with it, and it has not come through.
    open: bool,
}

impl Items {
    fn begin(&mut self, key: &str) {
        self.item(key).open = true;
    }

    fn add(&mut self, key: &str, writes: u64, failed: bool) {
        let item = self.item(key);
        item.writes += writes;
        item.failed |= failed;
        item.open = false;
    }

    fn item(&mut self, key: &str) -> &mut Item {
        if !self.by_key.contains_key(key) {
            let key: Arc<str> = key.into();
            self.order.push(Arc::clone(&key));
            self.by_key.insert(key, Item::default());
        }
        self.by_key.entry(key.into()).or_default()
    }
}

/// What a bulk step does with an item.
pub enum Begun {
    /// It was done when the run was executed before: its value.
    Done(Value),
    /// It is to be done, in this lane. `failed_before`: when the run was executed before, it failed.
    Lane { lane: Arc<Lane>, failed_before: bool },
    /// It failed so, and what it did was being taken back when the run stopped: that goes on.
    TakingBack { lane: Arc<Lane>, failure: Value },
}

impl Run {
    /// Begins a bulk step of `keys` and returns its number within the lane.
    pub fn bulk(&self, lane: &Lane, keys: &[String]) -> Result<u64, Error> {
        let number = lane.next_bulk();
        let named = json!({ "bulk": number, "keys": keys });
        self.value(lane, &named, || Value::Null)?;
        if lane.item().is_none() {
            let mut items = self.items();
            for key in keys {
                items.begin(key);
            }
            drop(items);
            *self.pace() = Pace::begin(keys.len(), self.rates());
            (self.settings().watcher)(Progress::Began { step: lane.step().as_deref(), items: keys.len() });
        }
        Ok(number)
    }

    /// Begins to walk over `items` things, of which nothing is recorded.
    pub fn walk(&self, lane: &Lane, items: usize) {
        if lane.item().is_none() {
            (self.settings().watcher)(Progress::Began { step: lane.step().as_deref(), items });
        }
    }

    /// One of the things that are walked over was looked at.
    pub fn walked(&self, lane: &Lane) {
        if lane.item().is_none() {
            (self.settings().watcher)(Progress::Ended { outcome: ItemOutcome::Succeeded, left: Duration::ZERO });
        }
    }

    /// All items of a bulk step ended, or it was broken off.
    pub fn bulk_over(&self, lane: &Lane) {
        if lane.item().is_none() {
            (self.settings().watcher)(Progress::Over);
        }
    }

    /// The lane of an item, or its value when it was done before.
    pub fn begin_item(&self, parent: &Lane, bulk: u64, key: &str) -> Result<Begun, Error> {
        let id = parent.id_of_item(bulk, key);
        let mut before = Earlier { void_before: parent.void_before(), ..Earlier::default() };
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
                    return Ok(Begun::Done(end.result["value"]["value"].clone()));
                }
                Some(end) if end.state == State::Unknown => {
                    return self.go_on_taking_back(parent, id, key, end);
                }
                Some(end) if end.result["undone"] == true => before.void_before = end.entry,
                _ => {}
            }
            failed_before = end.is_some_and(|end| end.state == State::Refused);
            before.recorded = self.recorded(&id, before.void_before)?;
        }
        let lane = Lane::of_item(parent, id, key, before);
        Ok(Begun::Lane { lane, failed_before })
    }

    /// Of the lane counts only what it did to take itself back.
    fn go_on_taking_back(&self, parent: &Lane, id: String, key: &str, end: &LaneEnd) -> Result<Begun, Error> {
        let recorded = self.recorded(&id, parent.void_before())?;
        let forward = recorded.iter().filter(|it| it.entry < end.entry).count();
        let bulk = end.result["bulk"].as_u64().unwrap_or(1);
        let before = Earlier {
            recorded: recorded.into_iter().skip(forward).collect(),
            position: forward as u64,
            bulks: bulk.saturating_sub(1),
            void_before: parent.void_before(),
            undone_from: Some(end.entry),
        };
        Ok(Begun::TakingBack { lane: Lane::of_item(parent, id, key, before), failure: end.result["failure"].clone() })
    }

    /// Records how an item ended: with its value (`None`: one that has no JSON form), or why it failed. A failure is told at once, the
    /// rest when the run ends: an item may pass several steps.
    pub fn item_ended(&self, lane: &Lane, result: Result<Option<Value>, String>) -> Result<(), Error> {
        let Some(key) = lane.item() else {
            return Ok(());
        };
        if !lane.is_of_undo() {
            self.items().add(key, lane.writes(), result.is_err());
            self.watched(lane.writes(), result.is_err());
        }
        let (state, value) = match &result {
            Ok(Some(value)) => (State::Answered, json!({ "value": value })),
            Ok(None) => (State::Answered, json!({ "lost": true })),
            Err(_) => (State::Refused, Value::Null),
        };
        let event = result.err().map(|message| {
            let message = self.concealed(&message);
            stamped(lane, Kind::Item { key: key.to_owned(), outcome: ItemOutcome::Failed, message: Some(message) })
        });
        let mut answer = json!({ "value": value, "writes": lane.writes() });
        if lane.undone_from().is_some() {
            answer["undone"] = true.into();
        }
        let entry = Entry {
            state: Some(state),
            event: event.as_ref(),
            answer: Some(&self.redact(&answer)),
            ..Entry::new(What::Lane, lane.id())
        };
        self.journal().append(self.id(), &entry, Durability::Soon)?;
        if let Some(event) = &event {
            self.show(event);
        }
        Ok(())
    }

    fn watched(&self, writes: u64, failed: bool) {
        let left = self.pace().item_ended(self.rates());
        let outcome = outcome(writes, failed);
        (self.settings().watcher)(Progress::Ended { outcome, left });
    }

    /// What was recorded after a bulk step that now ended otherwise was asked under other circumstances.
    pub fn ended_otherwise(&self, lane: &Lane) {
        lane.past().recorded.clear();
    }

    /// A script that ran to its end with failed items did its work partly, or not at all.
    pub(super) fn tell_items(&self, outcome: Outcome) -> Result<Outcome, Error> {
        let items = std::mem::take(&mut *self.items());
        let (mut all, mut failed, mut open) = (0, 0, 0);
        for key in &items.order {
            let item = items.by_key[key];
            // A bulk step that was broken off, where the script went on all the same, says nothing of the rest.
            if item.open && outcome == Outcome::Succeeded {
                continue;
            }
            all += 1;
            failed += u64::from(item.failed);
            open += u64::from(item.open && !item.failed);
            // Where the script broke off, it is not known whether an item was done with.
            if !item.failed && outcome == Outcome::Succeeded {
                let kind =
                    Kind::Item { key: key.to_string(), outcome: self::outcome(item.writes, false), message: None };
                self.tell(&Lane::default(), kind)?;
            }
        }
        self.count(|counts| {
            (counts.items, counts.failed_items) = (all, failed);
            counts.done_items = (open > 0).then(|| all - failed - open);
        });
        Ok(match outcome {
            Outcome::Succeeded if failed > 0 && failed == all => Outcome::Failed,
            Outcome::Succeeded if failed > 0 => Outcome::Partly,
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
