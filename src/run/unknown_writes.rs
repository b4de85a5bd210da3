//! The last look at writes without a known outcome, before a run tells how it ended.
//!
//! A script that was edited since, or that went on after a failed call, no longer asks what became of them.

use futures::future::join_all;

use super::error::CallError;
use super::execution::Run;
use super::journal::{self, EntryState, RecordedWrite};
use super::lane::RunLane;
use super::retry;
use super::unanswered_write::{UnansweredWrite, UnseenPolicy};
use super::undo_plan::call_of;
use crate::okta;

/// So many are looked at side by side.
const WIDTH: usize = 8;

/// How a last look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastLook {
    /// It told, or nothing can be told by looking.
    Over,
    /// The org gave no answer of its own: it would give none to the next look either.
    Unreachable,
}

impl Run {
    /// Looks once more whether writes without a known outcome happened, and journals what that shows. What no look can tell stays unknown.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub async fn settle_unknown_writes(&self) -> Result<(), CallError> {
        if self.cancelled().is_cancelled() || self.unanswered()? == 0 {
            return Ok(());
        }
        let mut writes = self.journal().unknown_writes(self.id())?;
        // Where the org said that it is so already, nobody can tell this write's work from another's.
        writes.retain(|write| !was_refused_as_done(write));
        for together in writes.chunks(WIDTH) {
            let looks = join_all(together.iter().map(|write| self.look_last(write))).await;
            for look in looks {
                if look? == LastLook::Unreachable {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn look_last(&self, write: &RecordedWrite) -> Result<LastLook, CallError> {
        let Some(call) = call_of(&write.request["write"]) else {
            return Ok(LastLook::Over);
        };
        let unanswered = UnansweredWrite {
            intent: write.entry,
            sent: write.time,
            before: &write.before,
            state: EntryState::Unknown,
            refused: None,
            otherwise: UnseenPolicy::NotDone,
        };
        match self.settled(&RunLane::of_write(write), &call, &unanswered).await {
            Ok(_) | Err(CallError::Usage(_) | CallError::Journal(journal::JournalError::Settled { .. })) => {
                Ok(LastLook::Over)
            }
            Err(CallError::Okta(refusal)) if refusal.source.api().is_some() => Ok(LastLook::Over),
            Err(CallError::Okta(_) | CallError::Interrupted) => Ok(LastLook::Unreachable),
            Err(error) => Err(error),
        }
    }
}

fn was_refused_as_done(write: &RecordedWrite) -> bool {
    let api = serde_json::from_value(write.answer["api"].clone());
    api.is_ok_and(|api| retry::says_it_is_so(&okta::OktaError::Api(Box::new(api))))
}
