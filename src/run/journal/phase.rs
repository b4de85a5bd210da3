//! Where a run stands between its beginning and its end, and how that may change.

use rusqlite::Connection;

use super::error::Error;
use super::record;
use crate::run::event::Outcome;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It goes on, or was killed.
    Open,
    Ended(Outcome),
}

/// What happens to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum Turn {
    End(Outcome),
    /// It is taken up again.
    Reopen,
}

impl Phase {
    /// Where a run stands afterwards; `None` where that cannot happen. What has succeeded is over.
    fn then(self, turn: Turn) -> Option<Self> {
        match (self, turn) {
            (Self::Open, Turn::End(outcome)) => Some(Self::Ended(outcome)),
            (Self::Ended(_), Turn::End(_)) | (Self::Ended(Outcome::Succeeded), Turn::Reopen) => None,
            (Self::Open | Self::Ended(_), Turn::Reopen) => Some(Self::Open),
        }
    }
}

/// Whether that may happen to a run now.
pub(super) fn turn(connection: &Connection, run: &str, turn: Turn) -> Result<(), Error> {
    let records = record::select(connection, "id = ?1", [run])?;
    let outcome = records.first().and_then(|record| record.outcome);
    match outcome.map_or(Phase::Open, Phase::Ended).then(turn) {
        Some(_) => Ok(()),
        None => Err(Error::Ended { run: run.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_once_and_goes_on_unless_it_succeeded() {
        let open = Phase::Open;
        assert_eq!(open.then(Turn::Reopen), Some(open));
        for outcome in [
            Outcome::Succeeded,
            Outcome::Partly,
            Outcome::Failed,
            Outcome::Waiting,
            Outcome::Interrupted,
            Outcome::Stuck,
        ] {
            let ended = Phase::Ended(outcome);
            assert_eq!(open.then(Turn::End(outcome)), Some(ended));
            assert_eq!(ended.then(Turn::End(outcome)), None);
            let again = (outcome != Outcome::Succeeded).then_some(open);
            assert_eq!(ended.then(Turn::Reopen), again, "{outcome:?}");
        }
    }
}
