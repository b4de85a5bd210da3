//! Waits: what for and how long.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::run::event::{EventKind, RunEvent};

/// A wait in one lane. An event tells only how long it may last; it was over when its lane told something else than a read.
#[derive(Debug, Serialize)]
pub(in crate::report) struct StoryWait<'a> {
    pub(in crate::report) begun: Timestamp,
    pub(in crate::report) ended: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) item: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) step: Option<&'a str>,
    pub(in crate::report) reason: &'a str,
}

impl StoryWait<'_> {
    pub(in crate::report) fn seconds(&self) -> f64 {
        self.ended.duration_since(self.begun).as_secs_f64()
    }
}

pub(super) fn all(events: &[RunEvent], last: Timestamp) -> Vec<StoryWait<'_>> {
    let mut waits: Vec<StoryWait<'_>> = Vec::new();
    let mut open: HashMap<Option<&str>, usize> = HashMap::new();
    for event in events {
        if super::is_silent(event) {
            continue;
        }
        let lane = event.item.as_deref();
        if let Some(index) = open.remove(&lane) {
            let wait = &mut waits[index];
            wait.ended = wait.ended.min(event.time);
        }
        if let EventKind::Wait { reason, seconds } = &event.kind {
            open.insert(lane, waits.len());
            waits.push(StoryWait {
                begun: event.time,
                ended: time_later(event.time, *seconds).min(last).max(event.time),
                item: lane,
                step: event.step.as_deref(),
                reason,
            });
        }
    }
    waits
}

/// A wait that no time can hold ends with the run.
fn time_later(time: Timestamp, seconds: f64) -> Timestamp {
    jiff::SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|duration| time.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}
