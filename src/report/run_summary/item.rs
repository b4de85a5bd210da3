//! How each item of the bulk steps fared.

use std::collections::HashMap;

use serde::Serialize;

use crate::report::evidence::{RunEvidence, WriteState};
use crate::run::event::{EventKind, ItemOutcome, RunEvent};

/// An item with what became of it.
#[derive(Debug, Serialize)]
pub(in crate::report) struct StoryItem<'a> {
    pub(in crate::report) key: &'a str,
    pub(in crate::report) end: ItemEnd,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) message: Option<&'a str>,
    /// Title of the step in which it failed, or was last heard of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) step: Option<&'a str>,
    /// Its writes, as positions in the list of all writes.
    pub(in crate::report) writes: Vec<usize>,
    /// What was told in its lane, but for reads and answered writes.
    #[serde(skip)]
    pub(in crate::report) told: Vec<&'a RunEvent>,
    /// Seconds from the first to the last that was heard of it.
    pub(in crate::report) seconds: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::report) enum ItemEnd {
    Succeeded,
    Unchanged,
    Failed,
    /// It was begun, and the run ended before it did.
    Unfinished,
}

impl ItemEnd {
    pub(in crate::report) fn words(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
        }
    }
}

impl From<ItemOutcome> for ItemEnd {
    fn from(outcome: ItemOutcome) -> Self {
        match outcome {
            ItemOutcome::Succeeded => Self::Succeeded,
            ItemOutcome::Unchanged => Self::Unchanged,
            ItemOutcome::Failed => Self::Failed,
        }
    }
}

/// All items, in the order in which they were first heard of.
pub(super) fn all(evidence: &RunEvidence) -> Vec<StoryItem<'_>> {
    let mut items = StoryItems::default();
    let mut spans = HashMap::new();
    for event in &evidence.events {
        if let Some(key) = event.item.as_deref() {
            let (first, last) = spans.entry(key).or_insert((event.time, event.time));
            (*first, *last) = ((*first).min(event.time), (*last).max(event.time));
            items.at(key).hear(event);
        }
        if let EventKind::Item { key, outcome, message } = &event.kind {
            items.at(key).settle((*outcome).into(), message.as_deref());
        }
    }
    for (index, write) in evidence.writes.iter().enumerate() {
        if let Some(key) = write.item.as_deref() {
            items.at(key).wrote(index, write.step.as_deref(), write.state);
        }
    }
    for item in &mut items.all {
        let span = spans.get(item.key);
        item.seconds = span.map_or(0.0, |(first, last)| last.duration_since(*first).as_secs_f64());
    }
    items.all
}

#[derive(Default)]
struct StoryItems<'a> {
    all: Vec<StoryItem<'a>>,
    positions: HashMap<&'a str, usize>,
}

impl<'a> StoryItems<'a> {
    fn at(&mut self, key: &'a str) -> &mut StoryItem<'a> {
        let next = self.all.len();
        let position = *self.positions.entry(key).or_insert(next);
        if position == next {
            self.all.push(StoryItem {
                key,
                end: ItemEnd::Unfinished,
                message: None,
                step: None,
                writes: Vec::new(),
                told: Vec::new(),
                seconds: 0.0,
            });
        }
        &mut self.all[position]
    }
}

impl<'a> StoryItem<'a> {
    fn hear(&mut self, event: &'a RunEvent) {
        if self.end != ItemEnd::Failed && event.step.is_some() {
            self.step = event.step.as_deref();
        }
        let elsewhere = matches!(
            event.kind,
            EventKind::Performed(_) | EventKind::Item { .. } | EventKind::Table { .. } | EventKind::Moved { .. }
        );
        // A refused write stands in the list of writes.
        let refused_write = matches!(&event.kind, EventKind::Refused { call, .. } if call.method != "GET");
        if !elsewhere && !refused_write && !super::is_silent(event) {
            self.told.push(event);
        }
    }

    fn settle(&mut self, end: ItemEnd, message: Option<&'a str>) {
        self.end = end;
        self.message = message;
    }

    fn wrote(&mut self, index: usize, step: Option<&'a str>, state: WriteState) {
        self.writes.push(index);
        if self.end == ItemEnd::Unfinished && state == WriteState::Unknown {
            self.step = step;
            self.message = Some("a write has no known answer: it may have happened");
        }
    }
}
