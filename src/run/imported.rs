//! Modules that were not read before a run began, since what a script imports was computed: in the journal before they run.

use std::sync::PoisonError;

use serde_json::Value;

use super::error::CallError;
use super::event::EventKind;
use super::execution::Run;
use super::journal::{EntryDurability, EntryKind, JournalEntry};
use super::lane::{RunLane, stamp_event};
use super::run_options::EditPolicy;

impl Run {
    /// Records the text of a module that is about to run, once: without secrets, which `digest` counts in.
    ///
    /// # Errors
    /// The journal cannot be written, or the run was executed before with another text.
    pub fn record_module(&self, lane: &RunLane, path: &str, digest: &str, text: &str) -> Result<(), CallError> {
        let mut modules = self.imported().lock().unwrap_or_else(PoisonError::into_inner);
        match modules.get(path) {
            Some(known) if known == digest => return Ok(()),
            Some(known) if self.settings().edits == EditPolicy::Refused => {
                let module = |digest: &str| format!("the module {path}, digest {digest}");
                return Err(CallError::Diverged {
                    lane: lane.item().map(str::to_owned),
                    recorded: module(known),
                    asked: module(digest),
                });
            }
            _ => {}
        }
        let kind = EventKind::Module { path: path.to_owned(), digest: digest.to_owned() };
        let event = stamp_event(lane, kind);
        let text = Value::from(text);
        let entry =
            JournalEntry { event: Some(&event), answer: Some(&text), ..JournalEntry::new(EntryKind::Told, lane.id()) };
        self.journal().append(self.id(), &entry, EntryDurability::Now)?;
        modules.insert(path.to_owned(), digest.to_owned());
        self.show(&event);
        Ok(())
    }
}
