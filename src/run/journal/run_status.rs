//! Where a run stands between its beginning and its end, and how that may change.

use rusqlite::Connection;

use super::error::JournalError;
use super::record;
use crate::run::event::RunOutcome;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunPhase {
    /// It goes on, or was killed.
    Open,
    Ended(RunOutcome),
}

/// What happens to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum RunTransition {
    End(RunOutcome),
    /// It is taken up again.
    Reopen,
}

impl RunPhase {
    /// Where a run stands afterwards; `None` where that cannot happen. What has succeeded is over.
    fn then(self, turn: RunTransition) -> Option<Self> {
        match (self, turn) {
            (Self::Open, RunTransition::End(outcome)) => Some(Self::Ended(outcome)),
            (Self::Ended(_), RunTransition::End(_)) | (Self::Ended(RunOutcome::Succeeded), RunTransition::Reopen) => {
                None
            }
            (Self::Open | Self::Ended(_), RunTransition::Reopen) => Some(Self::Open),
        }
    }
}

/// Whether that may happen to a run now.
pub(super) fn check_transition(connection: &Connection, run: &str, turn: RunTransition) -> Result<(), JournalError> {
    let records = record::select(connection, "id = ?1", [run])?;
    let outcome = records.first().and_then(|record| record.outcome);
    match outcome.map_or(RunPhase::Open, RunPhase::Ended).then(turn) {
        Some(_) => Ok(()),
        None => Err(JournalError::Ended { run: run.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_once_and_goes_on_unless_it_succeeded() {
        let open = RunPhase::Open;
        assert_eq!(open.then(RunTransition::Reopen), Some(open));
        for outcome in [
            RunOutcome::Succeeded,
            RunOutcome::Partly,
            RunOutcome::Failed,
            RunOutcome::Waiting,
            RunOutcome::Interrupted,
            RunOutcome::Stuck,
        ] {
            let ended = RunPhase::Ended(outcome);
            assert_eq!(open.then(RunTransition::End(outcome)), Some(ended));
            assert_eq!(ended.then(RunTransition::End(outcome)), None);
            let again = (outcome != RunOutcome::Succeeded).then_some(open);
            assert_eq!(ended.then(RunTransition::Reopen), again, "{outcome:?}");
        }
    }
}
