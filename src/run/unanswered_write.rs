//! What became of a write that has no answer to use, as far as looks can tell.
//!
//! What is seen has happened. What is not seen is not known yet: a list may lag, and what was sent may still be worked on. It counts as not
//! done only when it was looked for as long as that may take, from when it was sent.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::call::{ApiCall, CallAction};
use super::creator::ThingCreator;
use super::error::CallError;
use super::event::{EventKind, RunEvent};
use super::execution::{Run, WriteResult};
use super::journal::EntryState;
use super::lane::{RunLane, stamp_event};
use super::operation_semantics::{self, NaturalKey, PreRead};
use super::polling::BackoffPoller;
use super::pre_read::{self, CurrentState, FormerState, WriteComparison};
use super::replay::kept_refusal;
use super::retry;
use crate::okta::operations::ResultKind;
use crate::okta::{self, HttpMethod};

/// How long a thing that is read by its own id may take to be as it was written.
const DIRECT: Duration = Duration::from_secs(15);

/// By so much what an org says of its time may differ from its things' own times.
const CLOCK: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

/// What became of a write without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnansweredOutcome {
    Happened,
    DidNotHappen,
    /// No look can tell, or not yet, and to send it again sets the same.
    Repeatable,
    /// No look can tell, and to send it again may do it twice.
    Unknowable,
}

/// A write without an answer.
#[derive(Clone, Copy)]
pub(super) struct UnansweredWrite<'a> {
    pub(super) intent: u64,
    /// When that was written, by this machine's clock.
    pub(super) sent: Timestamp,
    /// What was there before.
    pub(super) before: &'a Value,
    /// As what it is known so far.
    pub(super) state: EntryState,
    /// What its sender was told.
    pub(super) refused: Option<&'a okta::OktaError>,
    pub(super) otherwise: UnseenPolicy,
}

/// What follows where nothing of a write is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnseenPolicy {
    /// It is sent again. Where that sets the same, one look is enough.
    SentAgain,
    /// It counts as not done.
    NotDone,
}

/// A write without an answer after its looks.
pub(super) enum SettledWrite {
    Done(WriteResult),
    /// It did not happen.
    Void,
    Repeatable,
    Unknowable,
}

impl Run {
    /// Looks whether a write without an answer happened, for as long as it may take to be seen, and journals what that shows.
    pub(super) async fn settled(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        write: &UnansweredWrite<'_>,
    ) -> Result<SettledWrite, CallError> {
        let (fate, seen) = self.fate_by_looks(lane, call, write).await?;
        Ok(match fate {
            UnansweredOutcome::Happened => {
                let event = stamp_event(lane, EventKind::Performed(self.call_line(call)));
                let done = self.settled_as_done(lane, call, write, seen, Some(&event))?;
                SettledWrite::Done(done)
            }
            UnansweredOutcome::DidNotHappen => {
                self.tell_void(lane, call, write)?;
                SettledWrite::Void
            }
            UnansweredOutcome::Repeatable => SettledWrite::Repeatable,
            UnansweredOutcome::Unknowable => SettledWrite::Unknowable,
        })
    }

    /// A write that was refused because it is so already: what it is when it is seen to have been done, or cannot be seen; `None` when it
    /// was not its work, or nothing of it is there.
    pub(super) async fn settled_though_refused(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        write: &UnansweredWrite<'_>,
    ) -> Result<Option<SettledWrite>, CallError> {
        match self.fate_by_looks(lane, call, write).await {
            Ok((UnansweredOutcome::Happened, seen)) => {
                let event = stamp_event(lane, EventKind::Performed(self.call_line(call)));
                let done = self.settled_as_done(lane, call, write, seen, Some(&event))?;
                Ok(Some(SettledWrite::Done(done)))
            }
            Err(CallError::Okta(error)) if error.source.status() != Some(404) => Ok(Some(SettledWrite::Unknowable)),
            Ok(_) | Err(CallError::Okta(_)) => Ok(None),
            Err(fatal) => Err(fatal),
        }
    }

    fn settled_as_done(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        write: &UnansweredWrite<'_>,
        seen: CurrentState,
        event: Option<&RunEvent>,
    ) -> Result<WriteResult, CallError> {
        let value = value_of(call, seen);
        let kept = self.redact(&value);
        self.settle(lane, write.intent, EntryState::Settled, event, &kept)?;
        self.has_changed(lane, call, &value);
        Ok(WriteResult { changed: true, value })
    }

    fn tell_void(&self, lane: &RunLane, call: &ApiCall, write: &UnansweredWrite<'_>) -> Result<(), CallError> {
        if write.state == EntryState::Void {
            return Ok(());
        }
        let words = format!("{} of {} had not happened", call.name(), call.org);
        let event = stamp_event(lane, EventKind::Note { words });
        let answer = write.refused.map_or(Value::Null, |error| self.without_secrets(kept_refusal(error)));
        self.settle(lane, write.intent, EntryState::Void, Some(&event), &answer)
    }

    /// A write that was thought void was sent again as `again`, and that was refused: it may have happened after all. `None` when it did
    /// not. When what is there cannot be told to be its work it is unknown again.
    pub(super) async fn reopened(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        void: &UnansweredWrite<'_>,
        error: &okta::OktaError,
    ) -> Result<Option<SettledWrite>, CallError> {
        let is_so = retry::says_it_is_so(error);
        let write = UnansweredWrite {
            sent: if is_so { Timestamp::now() } else { void.sent },
            otherwise: if is_so { UnseenPolicy::NotDone } else { UnseenPolicy::SentAgain },
            ..*void
        };
        let (fate, seen) = match self.fate_by_looks(lane, call, &write).await {
            Ok(found) => found,
            Err(CallError::Okta(_)) if is_so => (UnansweredOutcome::Unknowable, pre_read::UNSEEN),
            Err(CallError::Okta(_)) => return Ok(None),
            Err(fatal) => return Err(fatal),
        };
        // No events: the refusal is told first.
        if fate == UnansweredOutcome::Happened {
            let done = self.settled_as_done(lane, call, void, seen, None)?;
            return Ok(Some(SettledWrite::Done(done)));
        }
        if !is_so {
            return Ok(None);
        }
        let answer = self.without_secrets(kept_refusal(error));
        self.settle(lane, void.intent, EntryState::Unknown, None, &answer)?;
        Ok(Some(SettledWrite::Unknowable))
    }

    /// What became of a write, by what is there now and what was there before, and what was seen last.
    pub(super) async fn fate_by_looks(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        write: &UnansweredWrite<'_>,
    ) -> Result<(UnansweredOutcome, CurrentState), CallError> {
        let former = FormerState { id: write.before["id"].as_str(), since: self.org_time(call, write.sent)? };
        let mut glances = BackoffPoller::sparse(self.patience_left(call, write)?);
        loop {
            let seen = pre_read::look_back(self, lane, call, &former).await?;
            match judge_outcome(call, write.before, &seen, &former, |thing| pre_read::is_wished(self, call, thing)) {
                UnansweredOutcome::DidNotHappen if !glances.are_over() => {
                    let reason = format!(
                        "to see whether {} of {} happened, before it counts as not done",
                        call.name(),
                        call.org
                    );
                    self.glance(lane, &mut glances, &reason).await?;
                }
                // It may be there, and not be shown yet.
                UnansweredOutcome::DidNotHappen if self.may_be_hidden(call, write)? => {
                    return Ok((UnansweredOutcome::Repeatable, seen));
                }
                UnansweredOutcome::Happened if is_created(call, write.before) => {
                    return Ok((self.fate_by_creator(lane, call, &seen.before).await?, seen));
                }
                fate => return Ok((fate, seen)),
            }
        }
    }

    /// A thing that looks like what was to be created is the run's own when the org says so. Where it does not say, what has attributes that
    /// were not asked for is not taken for it.
    async fn fate_by_creator(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        thing: &Value,
    ) -> Result<UnansweredOutcome, CallError> {
        let doubt = match self.creator_of(lane, call, thing).await? {
            ThingCreator::Another(creator) => format!("was created by {creator}, not by this run"),
            ThingCreator::NotKnown if has_more(call, thing) => {
                "has attributes that this run did not ask for: whose it is cannot be known".to_owned()
            }
            ThingCreator::Ours | ThingCreator::NotKnown => return Ok(UnansweredOutcome::Happened),
        };
        let name = thing["profile"]["login"].as_str().or(thing["id"].as_str()).unwrap_or("it");
        self.remark(&format!("{} of {}: {name} {doubt}", call.name(), call.org));
        Ok(UnansweredOutcome::Unknowable)
    }

    /// Whether a membership that is sent again may be so already: lists of members lag, and to send it again sets the same.
    fn may_be_hidden(&self, call: &ApiCall, write: &UnansweredWrite<'_>) -> Result<bool, CallError> {
        if write.otherwise == UnseenPolicy::NotDone
            || !matches!(operation_semantics::look(call), PreRead::Member | PreRead::NotMember)
        {
            return Ok(false);
        }
        let lag = self.org_client(&call.org)?.settings().list_lag;
        let since = Timestamp::now().duration_since(write.sent);
        Ok(since.max(jiff::SignedDuration::ZERO).unsigned_abs() < lag)
    }

    /// How long a write is looked for from now on, until what is not seen of it did not happen.
    fn patience_left(&self, call: &ApiCall, write: &UnansweredWrite<'_>) -> Result<Duration, CallError> {
        let lag = self.org_client(&call.org)?.settings().list_lag;
        let whole = match (operation_semantics::look(call), write.otherwise) {
            (PreRead::Natural(NaturalKey::GroupName | NaturalKey::Listed(..)), _) => lag,
            (PreRead::Natural(_), _) => lag.min(DIRECT),
            (_, UnseenPolicy::SentAgain) => Duration::ZERO,
            (PreRead::Member | PreRead::NotMember, _) => lag,
            _ => lag.min(DIRECT),
        };
        let since = Timestamp::now().duration_since(write.sent);
        Ok(whole.saturating_sub(since.max(jiff::SignedDuration::ZERO).unsigned_abs()))
    }

    /// The org's time at a time of this machine, a little before; `None` where that is not known.
    fn org_time(&self, call: &ApiCall, time: Timestamp) -> Result<Option<Timestamp>, CallError> {
        let ahead = self.org_client(&call.org)?.clock_ahead();
        let ahead = ahead.map(jiff::SignedDuration::from_millis);
        Ok(ahead.and_then(|ahead| time.checked_add(ahead - CLOCK).ok()))
    }
}

/// Judges by what `seen` shows now and by what was there `before` the write was sent.
fn judge_outcome(
    call: &ApiCall,
    before: &Value,
    seen: &CurrentState,
    former: &FormerState<'_>,
    is_wished: impl Fn(&Value) -> bool,
) -> UnansweredOutcome {
    let is_create = matches!(operation_semantics::look(call), PreRead::Natural(_));
    match seen.verdict {
        WriteComparison::Unseen if matches!(call.method(), HttpMethod::Put | HttpMethod::Delete) => {
            UnansweredOutcome::Repeatable
        }
        WriteComparison::Unseen => UnansweredOutcome::Unknowable,
        // What has the name of that which was to be created, was not there before, and is as it was to be, is it.
        WriteComparison::Unchanged | WriteComparison::Unreadable if is_create && before.is_null() => {
            if former.is_new(&seen.before) { UnansweredOutcome::Happened } else { UnansweredOutcome::Unknowable }
        }
        // Something of the same name, which is not as it was to be, came about meanwhile.
        WriteComparison::WouldChange
            if is_create && !seen.before.is_null() && (before.is_null() || seen.before["id"] != before["id"]) =>
        {
            UnansweredOutcome::Unknowable
        }
        WriteComparison::WouldChange => UnansweredOutcome::DidNotHappen,
        // All of it that can be read was so before: the secret may be the old one or the new one.
        WriteComparison::Unreadable if is_wished(before) => UnansweredOutcome::Repeatable,
        WriteComparison::Unchanged | WriteComparison::Unreadable => UnansweredOutcome::Happened,
    }
}

/// Whether what is seen of a call is a thing that was not there before it.
fn is_created(call: &ApiCall, before: &Value) -> bool {
    matches!(operation_semantics::look(call), PreRead::Natural(_)) && before.is_null()
}

/// Whether a thing's profile has what the call that was to create it does not name. Those of other things are filled by mappings.
fn has_more(call: &ApiCall, thing: &Value) -> bool {
    if !matches!(call.name().as_str(), "add_group" | "create_user") {
        return false;
    }
    let Some(asked) = call.body.as_ref().and_then(|body| body["profile"].as_object()) else {
        return false;
    };
    let there = thing["profile"].as_object().into_iter().flatten();
    there.filter(|(_, value)| !value.is_null()).any(|(name, _)| !asked.contains_key(name))
}

/// What a script is given for the answer that is lost: the thing as it was read back, or nothing where nothing is answered.
fn value_of(call: &ApiCall, seen: CurrentState) -> Value {
    let answers = match call.action {
        CallAction::Operation(operation) => operation.result != ResultKind::Nothing,
        CallAction::Direct(_) => true,
    };
    if answers { seen.before } else { Value::Null }
}
