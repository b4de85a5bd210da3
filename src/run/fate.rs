//! What became of a write that has no answer to use, as far as looks can tell.
//!
//! What is seen has happened. What is not seen is not known yet: a list may lag, and what was sent may still be worked on. It counts as not
//! done only when it was looked for as long as that may take, from when it was sent.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::call::{Action, Call};
use super::door::{Done, Run};
use super::effects::{self, Key, Look};
use super::error::Error;
use super::event::{Event, Kind};
use super::glances::Glances;
use super::journal::State;
use super::lane::Lane;
use super::look::{self, Former, Seen, Verdict};
use super::replay::kept;
use super::retry;
use super::telling::stamped;
use crate::okta::operations::ResultKind;
use crate::okta::{self, Method};

/// How long a thing that is read by its own id may take to be as it was written.
const DIRECT: Duration = Duration::from_secs(15);

/// By so much what an org says of its time may differ from its things' own times.
const CLOCK: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

/// What became of a write without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Happened,
    DidNotHappen,
    /// No look can tell, or not yet, and to send it again sets the same.
    Repeatable,
    /// No look can tell, and to send it again may do it twice.
    Unknowable,
}

/// A write without an answer.
#[derive(Clone, Copy)]
pub(super) struct Unanswered<'a> {
    pub(super) intent: u64,
    /// When that was written, by this machine's clock.
    pub(super) sent: Timestamp,
    /// What was there before.
    pub(super) before: &'a Value,
    /// As what it is known so far.
    pub(super) state: State,
    /// What its sender was told.
    pub(super) refused: Option<&'a okta::Error>,
    pub(super) otherwise: Otherwise,
}

/// What follows where nothing of a write is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// It is sent again. Where that sets the same, one look is enough.
    SentAgain,
    /// It counts as not done.
    NotDone,
}

/// A write without an answer after its looks.
pub(super) enum Settled {
    Done(Done),
    /// It did not happen.
    Void,
    Repeatable,
    Unknowable,
}

impl Run {
    /// Looks whether a write without an answer happened, for as long as it may take to be seen, and journals what that shows.
    pub(super) async fn settled(&self, lane: &Lane, call: &Call, write: &Unanswered<'_>) -> Result<Settled, Error> {
        let (fate, seen) = self.fate_by_looks(lane, call, write).await?;
        Ok(match fate {
            Fate::Happened => {
                let event = stamped(lane, Kind::Performed(self.line(call)));
                let done = self.settled_as_done(lane, call, write, seen, Some(&event))?;
                Settled::Done(done)
            }
            Fate::DidNotHappen => {
                self.tell_void(lane, call, write)?;
                Settled::Void
            }
            Fate::Repeatable => Settled::Repeatable,
            Fate::Unknowable => Settled::Unknowable,
        })
    }

    /// A write that was refused because it is so already: what it is when it is seen to have been done, or cannot be seen; `None` when it
    /// was not its work, or nothing of it is there.
    pub(super) async fn settled_though_refused(
        &self,
        lane: &Lane,
        call: &Call,
        write: &Unanswered<'_>,
    ) -> Result<Option<Settled>, Error> {
        match self.fate_by_looks(lane, call, write).await {
            Ok((Fate::Happened, seen)) => {
                let event = stamped(lane, Kind::Performed(self.line(call)));
                let done = self.settled_as_done(lane, call, write, seen, Some(&event))?;
                Ok(Some(Settled::Done(done)))
            }
            Err(Error::Okta(error)) if error.source.status() != Some(404) => Ok(Some(Settled::Unknowable)),
            Ok(_) | Err(Error::Okta(_)) => Ok(None),
            Err(fatal) => Err(fatal),
        }
    }

    fn settled_as_done(
        &self,
        lane: &Lane,
        call: &Call,
        write: &Unanswered<'_>,
        seen: Seen,
        event: Option<&Event>,
    ) -> Result<Done, Error> {
        let value = value_of(call, seen);
        let kept = self.redact(&value);
        self.settle(lane, write.intent, State::Settled, event, &kept)?;
        self.has_changed(lane, call, &value);
        Ok(Done { changed: true, value })
    }

    fn tell_void(&self, lane: &Lane, call: &Call, write: &Unanswered<'_>) -> Result<(), Error> {
        if write.state == State::Void {
            return Ok(());
        }
        let words = format!("{} of {} had not happened", call.name(), call.org);
        let event = stamped(lane, Kind::Note { words });
        let answer = write.refused.map_or(Value::Null, |error| self.without_secrets(kept(error)));
        self.settle(lane, write.intent, State::Void, Some(&event), &answer)
    }

    /// A write that was thought void was sent again as `again`, and that was refused: it may have happened after all. `None` when it did
    /// not. When what is there cannot be told to be its work it is unknown again.
    pub(super) async fn reopened(
        &self,
        lane: &Lane,
        call: &Call,
        void: &Unanswered<'_>,
        error: &okta::Error,
    ) -> Result<Option<Settled>, Error> {
        let is_so = retry::says_it_is_so(error);
        let write = Unanswered {
            sent: if is_so { Timestamp::now() } else { void.sent },
            otherwise: if is_so { Otherwise::NotDone } else { Otherwise::SentAgain },
            ..*void
        };
        let (fate, seen) = match self.fate_by_looks(lane, call, &write).await {
            Ok(found) => found,
            Err(Error::Okta(_)) if is_so => (Fate::Unknowable, look::UNSEEN),
            Err(Error::Okta(_)) => return Ok(None),
            Err(fatal) => return Err(fatal),
        };
        // No events: the refusal is told first.
        if fate == Fate::Happened {
            let done = self.settled_as_done(lane, call, void, seen, None)?;
            return Ok(Some(Settled::Done(done)));
        }
        if !is_so {
            return Ok(None);
        }
        let answer = self.without_secrets(kept(error));
        self.settle(lane, void.intent, State::Unknown, None, &answer)?;
        Ok(Some(Settled::Unknowable))
    }

    /// What became of a write, by what is there now and what was there before, and what was seen last.
    pub(super) async fn fate_by_looks(
        &self,
        lane: &Lane,
        call: &Call,
        write: &Unanswered<'_>,
    ) -> Result<(Fate, Seen), Error> {
        let former = Former { id: write.before["id"].as_str(), since: self.org_time(call, write.sent)? };
        let mut glances = Glances::sparse(self.patience_left(call, write)?);
        loop {
            let seen = look::look_back(self, lane, call, &former).await?;
            match judged(call, write.before, &seen, &former, |thing| look::is_wished(self, call, thing)) {
                Fate::DidNotHappen if !glances.are_over() => {
                    let reason = format!(
                        "to see whether {} of {} happened, before it counts as not done",
                        call.name(),
                        call.org
                    );
                    self.glance(lane, &mut glances, &reason).await?;
                }
                // It may be there, and not be shown yet.
                Fate::DidNotHappen if self.may_be_hidden(call, write)? => {
                    return Ok((Fate::Repeatable, seen));
                }
                fate => return Ok((fate, seen)),
            }
        }
    }

    /// Whether a membership that is sent again may be so already: lists of members lag, and to send it again sets the same.
    fn may_be_hidden(&self, call: &Call, write: &Unanswered<'_>) -> Result<bool, Error> {
        if write.otherwise == Otherwise::NotDone || !matches!(effects::look(call), Look::Member | Look::NotMember) {
            return Ok(false);
        }
        let lag = self.org_client(&call.org)?.settings().list_lag;
        let since = Timestamp::now().duration_since(write.sent);
        Ok(since.max(jiff::SignedDuration::ZERO).unsigned_abs() < lag)
    }

    /// How long a write is looked for from now on, until what is not seen of it did not happen.
    fn patience_left(&self, call: &Call, write: &Unanswered<'_>) -> Result<Duration, Error> {
        let lag = self.org_client(&call.org)?.settings().list_lag;
        let whole = match (effects::look(call), write.otherwise) {
            (Look::Natural(Key::GroupName | Key::Listed(..)), _) => lag,
            (Look::Natural(_), _) => lag.min(DIRECT),
            (_, Otherwise::SentAgain) => Duration::ZERO,
            (Look::Member | Look::NotMember, _) => lag,
            _ => lag.min(DIRECT),
        };
        let since = Timestamp::now().duration_since(write.sent);
        Ok(whole.saturating_sub(since.max(jiff::SignedDuration::ZERO).unsigned_abs()))
    }

    /// The org's time at a time of this machine, a little before; `None` where that is not known.
    fn org_time(&self, call: &Call, time: Timestamp) -> Result<Option<Timestamp>, Error> {
        let ahead = self.org_client(&call.org)?.clock_ahead();
        let ahead = ahead.map(jiff::SignedDuration::from_millis);
        Ok(ahead.and_then(|ahead| time.checked_add(ahead - CLOCK).ok()))
    }
}

/// Judges by what `seen` shows now and by what was there `before` the write was sent.
fn judged(call: &Call, before: &Value, seen: &Seen, former: &Former<'_>, is_wished: impl Fn(&Value) -> bool) -> Fate {
    let is_create = matches!(effects::look(call), Look::Natural(_));
    match seen.verdict {
        Verdict::Unseen if matches!(call.method(), Method::Put | Method::Delete) => Fate::Repeatable,
        Verdict::Unseen => Fate::Unknowable,
        // What has the name of that which was to be created, was not there before, and is as it was to be, is it.
        Verdict::Unchanged | Verdict::Unreadable if is_create && before.is_null() => {
            if former.is_new(&seen.before) {
                Fate::Happened
            } else {
                Fate::Unknowable
            }
        }
        // Something of the same name, which is not as it was to be, came about meanwhile.
        Verdict::WouldChange
            if is_create && !seen.before.is_null() && (before.is_null() || seen.before["id"] != before["id"]) =>
        {
            Fate::Unknowable
        }
        Verdict::WouldChange => Fate::DidNotHappen,
        // All of it that can be read was so before: the secret may be the old one or the new one.
        Verdict::Unreadable if is_wished(before) => Fate::Repeatable,
        Verdict::Unchanged | Verdict::Unreadable => Fate::Happened,
    }
}

/// What a script is given for the answer that is lost: the thing as it was read back, or nothing where nothing is answered.
fn value_of(call: &Call, seen: Seen) -> Value {
    let answers = match call.action {
        Action::Operation(operation) => operation.result != ResultKind::Nothing,
        Action::Direct(_) => true,
    };
    if answers { seen.before } else { Value::Null }
}
