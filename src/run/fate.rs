//! What became of a write that has no answer, as far as a look can tell.

use serde_json::Value;

use super::call::Call;
use super::door::{Done, Run};
use super::effects::{self, Look};
use super::error::Error;
use super::event::Kind;
use super::journal::State;
use super::lane::Lane;
use super::look::{self, Seen, Sight, Verdict};
use super::replay::kept;
use super::telling::{line, stamped};
use crate::okta::{self, Method};

/// What became of a write without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Happened,
    DidNotHappen,
    /// No look can tell, and to send it again sets the same.
    Repeatable,
    /// No look can tell, and to send it again may do it twice.
    Unknowable,
}

/// A write without an answer after a look.
pub(super) enum Settled {
    Done(Done),
    /// It did not happen.
    Void,
    Repeatable,
    Unknowable,
}

impl Run {
    /// Judges by what `seen` shows now and by what was there `before` the write was sent.
    pub(super) fn fate(&self, call: &Call, before: &Value, seen: &Seen) -> Fate {
        let is_create = matches!(effects::look(call), Look::Natural(_));
        match seen.verdict {
            Verdict::Unseen if matches!(call.method(), Method::Put | Method::Delete) => {
                Fate::Repeatable
            }
            Verdict::Unseen => Fate::Unknowable,
            // What has the name of that which was to be created, and was not there before, is it.
            _ if is_create && before.is_null() && !seen.before.is_null() => Fate::Happened,
            Verdict::WouldChange => Fate::DidNotHappen,
            // All of it that can be read was so before: the secret may be the old one or the new one.
            Verdict::Unreadable if look::is_wished(self, call, before) => Fate::Repeatable,
            Verdict::Unchanged | Verdict::Unreadable => Fate::Happened,
        }
    }

    /// Looks whether a write without an answer happened, and journals what that shows. `refused`: what its sender was told.
    pub(super) async fn settled(
        &self,
        lane: &Lane,
        call: &Call,
        intent: u64,
        before: &Value,
        refused: Option<&okta::Error>,
    ) -> Result<Settled, Error> {
        let seen = look::look(self, lane, call, Sight::Org).await?;
        Ok(match self.fate(call, before, &seen) {
            Fate::Happened => {
                let event = stamped(lane, Kind::Performed(line(call)));
                let now = self.redact(&seen.before);
                self.settle(lane, intent, State::Settled, Some(&event), &now)?;
                self.has_changed(lane, call, &seen.before);
                Settled::Done(Done {
                    changed: true,
                    value: seen.before,
                })
            }
            Fate::DidNotHappen => {
                let words = format!("{} of {} had not happened", call.name(), call.org);
                let event = stamped(lane, Kind::Note { words });
                let answer = refused.map_or(Value::Null, |error| self.without_secrets(kept(error)));
                self.settle(lane, intent, State::Void, Some(&event), &answer)?;
                Settled::Void
            }
            Fate::Repeatable => Settled::Repeatable,
            Fate::Unknowable => Settled::Unknowable,
        })
    }
}
