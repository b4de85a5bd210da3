//! The actor of each event: stored where an execution begins, and filled in where events are read.

use rusqlite::Connection;

use super::error::JournalError;
use crate::run::actor::{RunActor, UNKNOWN};
use crate::run::event::{EventKind, RunEvent};

/// Each actor of a run once.
pub(super) fn of_run(connection: &Connection, run: &str) -> Result<Vec<RunActor>, JournalError> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT event -> 'actor' FROM entries
         WHERE run = ?1 AND what = 'told' AND event ->> 'event' IN ('run', 'resumed') AND event -> 'actor' IS NOT NULL",
    )?;
    let mut rows = statement.query([run])?;
    let mut actors = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        actors.push(serde_json::from_str(&text).map_err(|error| JournalError::unreadable("an actor", &error))?);
    }
    Ok(actors)
}

/// Fills the actor of the moment into the events of one run, which are read in order.
pub(super) struct ActorReader {
    /// Recorded for the whole run; all that versions which knew no actors have.
    operator: String,
    current: RunActor,
}

impl ActorReader {
    pub(super) fn new(operator: &str) -> Self {
        Self { operator: operator.to_owned(), current: RunActor::of_older_journal(operator) }
    }

    pub(super) fn fill(&mut self, mut event: RunEvent) -> RunEvent {
        let older = match &event.kind {
            EventKind::Run { .. } => Some(self.operator.as_str()),
            EventKind::Resumed { operator } => Some(operator.as_str()),
            // Another run may have written it here.
            EventKind::UnverifiedJournal { accepted_by, .. } => Some(accepted_by.as_deref().unwrap_or(UNKNOWN)),
            _ => None,
        };
        let begins = matches!(event.kind, EventKind::Run { .. } | EventKind::Resumed { .. });
        let actor = event
            .actor
            .take()
            .unwrap_or_else(|| older.map_or_else(|| self.current.clone(), RunActor::of_older_journal));
        if begins {
            self.current = actor.clone();
        }
        event.actor = Some(actor);
        event
    }
}
