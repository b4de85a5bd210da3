//! Which writes of a rehearsal may be otherwise: those that came after an answer which nobody can be sure of.
//!
//! A line of work that has seen such an answer depends on it from then on; so does the main script when its bulk step is over.

use std::collections::HashSet;

use crate::run::event::{CallLine, EventKind, RunEvent};
use crate::simulator::AnswerProvenance;

/// Requests (by id) of writes that may be otherwise.
pub(super) fn uncertain_writes(events: &[RunEvent], ledger: &AnswerProvenance) -> HashSet<String> {
    let mut seen = CertaintyTrace { ledger, main: false, items: HashSet::new(), uncertain: HashSet::new() };
    for event in events {
        seen.hear(event);
    }
    seen.uncertain
}

struct CertaintyTrace<'a> {
    ledger: &'a AnswerProvenance,
    /// The main script depends on a guess.
    main: bool,
    /// Items of the bulk step that goes on which do.
    items: HashSet<String>,
    uncertain: HashSet<String>,
}

impl CertaintyTrace<'_> {
    fn hear(&mut self, event: &RunEvent) {
        if event.item.is_none() {
            self.main |= !self.items.is_empty();
            self.items.clear();
        }
        match &event.kind {
            EventKind::Read(call) | EventKind::Refused { call, .. } => self.read(event, call),
            EventKind::Performed(call) => {
                self.read(event, call);
                let known = event.item.as_ref();
                let depends = self.main || known.is_some_and(|item| self.items.contains(item));
                if depends && let Some(id) = &call.request_id {
                    self.uncertain.insert(id.clone());
                }
            }
            _ => {}
        }
    }

    fn read(&mut self, event: &RunEvent, call: &CallLine) {
        if !self.is_guess(event, call) {
            return;
        }
        match &event.item {
            Some(item) => drop(self.items.insert(item.clone())),
            None => self.main = true,
        }
    }

    /// Of a directory it is known only when it was first changed.
    fn is_guess(&self, event: &RunEvent, call: &CallLine) -> bool {
        let changed = self.ledger.directory_changed();
        match &call.request_id {
            Some(id) => self.ledger.is_guess(id),
            None => call.operation == "ldap" && changed.is_some_and(|at| event.time >= at),
        }
    }
}
