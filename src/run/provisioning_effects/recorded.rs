//! What was decided before: by the same undo when it was executed before, or by an earlier undo of the same run.

use serde_json::{Value, json};

use super::super::call::ApiCall;
use super::super::error::CallError;
use super::super::execution::Run;
use super::super::journal::RunKind;
use super::super::lane::RunLane;
use super::super::undo_plan::UndoStep;
use super::ProvisioningEffects;
use super::earlier_effects::EarlierEffects;

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
