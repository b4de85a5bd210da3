//! What was decided before: by the same undo when it was executed before, or by an earlier undo of the same run.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::call::ApiCall;
use super::super::error::CallError;
use super::super::execution::Run;
use super::super::journal::{self, Journal, RunKind};
use super::super::lane::RunLane;
use super::super::undo_plan::UndoStep;
use super::ProvisioningEffects;

/// Of each write, what earlier undos of its run recorded that they wait for, by the path of the call that took it back.
#[derive(Debug, Default)]
pub(in crate::run) struct EarlierEffects(HashMap<u64, Vec<(String, ProvisioningEffects)>>);

impl EarlierEffects {
    /// What other runs than `undo` recorded of the writes of `run`, the latest last.
    fn read(journal: &Journal, run: &str, undo: &str) -> Result<Self, journal::JournalError> {
        let mut found = Self::default();
        for (request, answer) in journal.awaited(run, undo)? {
            let named = &request["awaited"];
            // What another version wrote otherwise does not say what to wait for.
            let aftermath = serde_json::from_value(answer);
            if let (Some(entry), Some(path), Ok(aftermath)) =
                (named["entry"].as_u64(), named["path"].as_str(), aftermath)
            {
                let of_write = found.0.entry(entry).or_default();
                of_write.push((path.to_owned(), aftermath));
            }
        }
        Ok(found)
    }

    /// What was awaited after the calls on `path` that took back a write.
    fn after(&self, entry: u64, path: &str) -> Option<&ProvisioningEffects> {
        let of_write = self.0.get(&entry)?.iter();
        let mut same = of_write.filter(|(of, _)| of == path);
        same.next_back().map(|(_, aftermath)| aftermath)
    }
}

impl Run {
    /// The name under which it is recorded what is awaited after a call.
    pub(super) fn awaited_after(call: &ApiCall, undone: &UndoStep) -> Value {
        json!({ "awaited": {
            "entry": undone.write.entry,
            "operation": call.name(),
            "path": call.path,
        } })
    }

    /// What was recorded of this lane when it was executed before.
    pub(super) fn recorded_aftermath(
        &self,
        lane: &RunLane,
        named: &Value,
    ) -> Result<Option<ProvisioningEffects>, CallError> {
        let Some(value) = self.recorded_value(lane, named)? else {
            return Ok(None);
        };
        serde_json::from_value(value).map(Some).map_err(|error| {
            CallError::Usage(format!(
                "what was to be awaited cannot be read ({error}): see in the other org whether it came"
            ))
        })
    }

    /// What an earlier undo recorded of the same call.
    pub(in crate::run) fn earlier_aftermath(
        &self,
        call: &ApiCall,
        undone: &UndoStep,
    ) -> Result<Option<ProvisioningEffects>, CallError> {
        let RunKind::Undo(of) = &self.settings().procedure.kind else {
            return Ok(None);
        };
        let read = || EarlierEffects::read(self.journal(), of, self.id());
        let earlier = self.earlier_effects(read)?;
        Ok(earlier.after(undone.write.entry, &call.path).cloned())
    }
}
