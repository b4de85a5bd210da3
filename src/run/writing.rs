//! Writes: looked at first, journalled before and after, settled by a look when the answer is lost.

use jiff::Timestamp;
use serde_json::Value;

use super::answer_shape;
use super::call::ApiCall;
use super::cancellation::CallWatch;
use super::error::CallError;
use super::event::{EventKind, RunEvent};
use super::execution::{Run, WriteResult};
use super::journal::{EntryDurability, EntryKind, EntryState, JournalEntry, RecordedQuestion};
use super::lane::{RunLane, stamp_event};
use super::operation_semantics::{self, PreRead};
use super::pre_read::{self, ReadFreshness, WriteComparison};
use super::replay::{kept_refusal, refusal, unknown};
use super::retry;
use super::sendable;
use super::unanswered_write::{SettledWrite, UnansweredWrite, UnseenPolicy};
use crate::okta;

/// Whether a write has to be in the plan, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanCheck {
    ToPlan,
    /// It takes back what the plan has.
    ToNothing,
}

/// How one sending of a write ended.
enum SendOutcome {
    Done(WriteResult),
    /// It was not carried out.
    Refused(okta::OktaError),
    /// It was refused as being so already, and what made it so is not known.
    Reopened(okta::OktaError),
    /// It may have been carried out.
    Unknown(okta::OktaError, FormerWrite),
}

/// A write that was sent.
#[derive(Clone, Copy)]
struct FormerWrite {
    intent: u64,
    sent: Timestamp,
}

/// How a write stands that was sent before.
#[derive(Clone, Copy)]
enum RepeatState {
    /// No look can tell whether it happened: what becomes of it now counts for both.
    Repeats(u64),
    /// It is thought not to have happened.
    AfterVoid(FormerWrite),
}

/// A write about to be sent.
struct IntendedWrite<'a> {
    /// Number of the question in its lane.
    position: u64,
    before: &'a Value,
    /// What is in other orgs before it, where it has consequences there.
    elsewhere: &'a Value,
    again: Option<RepeatState>,
}

impl Run {
    /// Looks, and sends the write unless nothing would change.
    pub async fn perform(&self, lane: &RunLane, call: &ApiCall) -> Result<WriteResult, CallError> {
        self.perform_held(lane, call, PlanCheck::ToPlan).await
    }

    pub(super) async fn perform_held(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        held: PlanCheck,
    ) -> Result<WriteResult, CallError> {
        let question = self.asked(call, None);
        let Some(recorded) = self.replayed(lane, &question)? else {
            let position = lane.past().next();
            return self.perform_live(lane, call, position, held, None).await;
        };
        match recorded.state {
            EntryState::Unknown if recorded.is_write => self.taken_up(lane, call, &recorded, held).await,
            // The last thing that this lane did: it goes on with it.
            EntryState::Void if recorded.is_write && !lane.is_replaying() => {
                self.taken_up(lane, call, &recorded, held).await
            }
            EntryState::Answered | EntryState::Settled | EntryState::Redone | EntryState::Unknown => {
                if recorded.is_write {
                    self.check_agreed(lane, call, held)?;
                    lane.count_write();
                }
                Ok(WriteResult { changed: recorded.is_write, value: self.answer_again(lane, call, &recorded).await? })
            }
            EntryState::Refused | EntryState::Void | EntryState::Repeated | EntryState::Undone => {
                Err(self.refusal_of(call, &recorded)?)
            }
        }
    }

    /// A write that was sent when the run was executed before, and has no answer, or none that says that it happened.
    async fn taken_up(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        sent: &RecordedQuestion,
        held: PlanCheck,
    ) -> Result<WriteResult, CallError> {
        let position = lane.past().position - 1;
        let before = self.before_of(sent)?;
        let former = FormerWrite { intent: sent.entry, sent: sent.time };
        let write = UnansweredWrite { state: sent.state, ..former.unanswered(&before) };
        let again = match self.settled(lane, call, &write).await? {
            SettledWrite::Done(done) => return self.check_agreed(lane, call, held).map(|()| done),
            SettledWrite::Void => RepeatState::AfterVoid(former),
            SettledWrite::Repeatable => RepeatState::Repeats(sent.entry),
            SettledWrite::Unknowable => return Err(unsettled_error(call, sent.entry)),
        };
        self.perform_live(lane, call, position, held, Some(again)).await
    }

    /// Refuses a write that the plan has not.
    fn check_agreed(&self, lane: &RunLane, call: &ApiCall, held: PlanCheck) -> Result<(), CallError> {
        let Some(agreement) = self.settings().agreement.as_ref() else {
            return Ok(());
        };
        let asked = self.asked(call, None);
        if held == PlanCheck::ToNothing || agreement.take(lane.id(), &asked["write"]) {
            return Ok(());
        }
        Err(CallError::Unplanned {
            org: call.org.clone(),
            operation: call.name(),
            path: call.path.clone(),
            item: lane.item().map(str::to_owned),
        })
    }

    /// `again`: how it stands with the write where it was sent before.
    async fn perform_live(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        position: u64,
        held: PlanCheck,
        mut again: Option<RepeatState>,
    ) -> Result<WriteResult, CallError> {
        sendable::check(call)?;
        if self.guests().contains_key(&call.org) {
            return Err(CallError::Usage(format!("{} only reads", call.org)));
        }
        let mut seen = pre_read::look(self, lane, call, ReadFreshness::Cached).await?;
        // That nothing is to be done is said by what is there now: somebody may have changed it since it was read.
        if seen.verdict == WriteComparison::Unchanged && seen.is_recalled {
            seen = pre_read::look(self, lane, call, ReadFreshness::Recent).await?;
        }
        if seen.verdict == WriteComparison::Unchanged {
            return self.unchanged(lane, call, position, seen.before);
        }
        self.check_granted_scopes(call).await?;
        let _turn = self.keep_a_group(lane, call, position).await?;
        self.check_agreed(lane, call, held)?;
        self.guard_own_access(lane, call).await?;
        self.hold_expectations(lane)?;
        self.ask_before_first_write(lane, call)?;
        let elsewhere = self.elsewhere(lane, call).await?;
        let mut attempt = 1;
        loop {
            let intended = IntendedWrite { position, before: &seen.before, elsewhere: &elsewhere, again: again.take() };
            match self.sent_once(lane, call, &intended).await? {
                SendOutcome::Done(done) => return Ok(done),
                SendOutcome::Refused(error) if retry::is_passing_refusal(&error) && attempt < retry::ATTEMPTS => {
                    self.wait_to_retry(lane, call, &error, attempt).await?;
                }
                SendOutcome::Refused(error) => return Err(refusal(call, error)),
                SendOutcome::Reopened(error) => return Err(unknown(call, error)),
                SendOutcome::Unknown(error, former) => {
                    let is_sent_again = retry::is_sent_again(&error) || retry::is_passing_refusal(&error);
                    let is_last = attempt >= retry::ATTEMPTS || !is_sent_again;
                    if !is_last {
                        self.wait_to_retry(lane, call, &error, attempt).await?;
                    }
                    match self.settled_live(lane, call, &seen.before, former, &error, is_last).await? {
                        SettledWrite::Done(done) => return Ok(done),
                        SettledWrite::Void if is_last => return Err(refusal(call, error)),
                        SettledWrite::Void => again = Some(RepeatState::AfterVoid(former)),
                        SettledWrite::Repeatable if !is_last => {
                            again = Some(RepeatState::Repeats(former.intent));
                        }
                        _ => return Err(unknown(call, error)),
                    }
                    // What was looked for by its name was not there.
                    if !matches!(operation_semantics::look(call), PreRead::Natural(_)) {
                        seen = pre_read::look(self, lane, call, ReadFreshness::Live).await?;
                    }
                }
            }
            attempt += 1;
        }
    }

    /// Looks what became of a write that was just sent. What the org refuses to show leaves it unknown.
    async fn settled_live(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        before: &Value,
        former: FormerWrite,
        error: &okta::OktaError,
        is_last: bool,
    ) -> Result<SettledWrite, CallError> {
        let write = UnansweredWrite {
            refused: Some(error),
            otherwise: if is_last { UnseenPolicy::NotDone } else { UnseenPolicy::SentAgain },
            ..former.unanswered(before)
        };
        match self.settled(lane, call, &write).await {
            Err(CallError::Okta(_)) => Ok(SettledWrite::Unknowable),
            settled => settled,
        }
    }

    fn unchanged(&self, lane: &RunLane, call: &ApiCall, position: u64, value: Value) -> Result<WriteResult, CallError> {
        self.count(|counts| counts.unchanged += 1);
        let answer = self.redact(&value);
        let kind = EventKind::Unchanged(self.call_line(call));
        self.tell_unsent(lane, call, position, EntryState::Answered, kind, &answer)?;
        Ok(WriteResult { changed: false, value })
    }

    /// Journals a write that is not sent, with what its sender is answered: a run that is taken up again is answered the same.
    pub(super) fn tell_unsent(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        position: u64,
        state: EntryState,
        kind: EventKind,
        answer: &Value,
    ) -> Result<(), CallError> {
        let event = stamp_event(lane, kind);
        let request = self.asked(call, None);
        let entry = JournalEntry {
            position: Some(position),
            state: Some(state),
            event: Some(&event),
            request: Some(&request),
            answer: Some(answer),
            ..JournalEntry::new(EntryKind::Told, lane.id())
        };
        self.journal().append(self.id(), &entry, EntryDurability::Soon)?;
        self.show(&event);
        Ok(())
    }

    async fn sent_once(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        intended: &IntendedWrite<'_>,
    ) -> Result<SendOutcome, CallError> {
        if self.cancelled().is_cancelled() {
            return Err(CallError::Interrupted);
        }
        let client = self.client(call)?;
        let (mut request, before) = (self.described(lane, call), self.redact(intended.before));
        if !intended.elsewhere.is_null() {
            request["elsewhere"] = self.redact(intended.elsewhere);
        }
        let entry = JournalEntry {
            position: Some(intended.position),
            request: Some(&request),
            before: Some(&before),
            ..JournalEntry::new(EntryKind::Intent, lane.id())
        };
        let intent = match intended.again {
            Some(RepeatState::Repeats(former)) => {
                let repeated = JournalEntry {
                    state: Some(EntryState::Repeated),
                    intent: Some(former),
                    answer: Some(&Value::Null),
                    ..JournalEntry::new(EntryKind::Answer, lane.id())
                };
                let journal = self.journal();
                journal.append_repeat(self.id(), &entry, &repeated)?
            }
            _ => self.journal().append(self.id(), &entry, EntryDurability::Now)?,
        };
        let sent = Timestamp::now();
        let watch = CallWatch::new(|wait: &okta::LimitWait| self.told_wait(lane, call, wait));
        let answer = watch.sent(client.send(&call.request(), &watch), &self.cancelled()).await;
        let host = client.base_url().host();
        match answer.map(|answer| answer.and_then(|it| answer_shape::check_answer(call, host, it))) {
            Some(Ok(response)) => self.answered_with(lane, call, intent, response),
            Some(Err(error)) if error.leaves_unknown() => {
                self.journal_refusal(lane, call, intent, EntryState::Unknown, &error)?;
                self.read_cache().invalidate(call);
                Ok(SendOutcome::Unknown(error, FormerWrite { intent, sent }))
            }
            Some(Err(error)) => {
                let intent = FormerWrite { intent, sent };
                self.was_refused(lane, call, intent, error, intended).await
            }
            None => self.broken_off(lane, call, intent),
        }
    }

    fn answered_with(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        intent: u64,
        response: okta::ApiResponse,
    ) -> Result<SendOutcome, CallError> {
        let event = stamp_event(lane, EventKind::Performed(self.answered_line(call, &response)));
        self.settle(lane, intent, EntryState::Answered, Some(&event), &self.redact(&response.body))?;
        self.has_changed(lane, call, &response.body);
        Ok(SendOutcome::Done(WriteResult { changed: true, value: response.body }))
    }

    /// Where it is sent again because it was thought void, the refusal may be of what that did. What was sent first is settled first: a run
    /// that dies between the two looks again for what was sent last.
    async fn was_refused(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        intent: FormerWrite,
        error: okta::OktaError,
        intended: &IntendedWrite<'_>,
    ) -> Result<SendOutcome, CallError> {
        // What was sent before may have been carried out, and this is what is known of both.
        if let Some(RepeatState::Repeats(_)) = intended.again {
            self.journal_refusal(lane, call, intent.intent, EntryState::Unknown, &error)?;
            return Ok(SendOutcome::Unknown(error, intent));
        }
        let reopened = match intended.again {
            Some(RepeatState::AfterVoid(former)) => {
                let void = UnansweredWrite { state: EntryState::Void, ..former.unanswered(intended.before) };
                self.reopened(lane, call, &void, &error).await?
            }
            _ => None,
        };
        if reopened.is_none() && retry::may_answer_a_repeat(call, &error) {
            return self.sent_twice(lane, call, intent, error, intended).await;
        }
        self.journal_refusal(lane, call, intent.intent, EntryState::Refused, &error)?;
        Ok(match reopened {
            Some(SettledWrite::Done(done)) => {
                self.emit(lane, EventKind::Performed(self.call_line(call)))?;
                SendOutcome::Done(done)
            }
            Some(_) => SendOutcome::Reopened(error),
            None => SendOutcome::Refused(error),
        })
    }

    /// The look before it found that it was not so, the org says that it is: what lies between may have sent it twice, and the answer is
    /// that to the second. It is refused only if nothing of it is seen.
    async fn sent_twice(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        intent: FormerWrite,
        error: okta::OktaError,
        intended: &IntendedWrite<'_>,
    ) -> Result<SendOutcome, CallError> {
        self.journal_refusal(lane, call, intent.intent, EntryState::Unknown, &error)?;
        let write = UnansweredWrite {
            // What is read by its own name shows its status at once.
            otherwise: if retry::says_it_is_so(&error) { UnseenPolicy::NotDone } else { UnseenPolicy::SentAgain },
            ..intent.unanswered(intended.before)
        };
        Ok(match self.settled_though_refused(lane, call, &write).await? {
            Some(SettledWrite::Done(done)) => SendOutcome::Done(done),
            Some(_) => SendOutcome::Reopened(error),
            None => {
                let answer = self.without_secrets(kept_refusal(&error));
                self.settle(lane, intent.intent, EntryState::Refused, None, &answer)?;
                SendOutcome::Refused(error)
            }
        })
    }

    fn journal_refusal(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        intent: u64,
        state: EntryState,
        error: &okta::OktaError,
    ) -> Result<(), CallError> {
        let event = stamp_event(lane, self.refused(call, error));
        let answer = self.without_secrets(kept_refusal(error));
        self.settle(lane, intent, state, Some(&event), &answer)
    }

    /// It was broken off while it waited, hence never executed.
    fn broken_off(&self, lane: &RunLane, call: &ApiCall, intent: u64) -> Result<SendOutcome, CallError> {
        let event = stamp_event(
            lane,
            EventKind::Refused { call: self.call_line(call), message: "interrupted before it was sent".to_owned() },
        );
        self.settle(lane, intent, EntryState::Refused, Some(&event), &Value::Null)?;
        Err(CallError::Interrupted)
    }

    pub(super) fn has_changed(&self, lane: &RunLane, call: &ApiCall, answer: &Value) {
        self.count(|counts| counts.writes += 1);
        lane.count_write();
        self.read_cache().apply_write(call, answer);
    }

    pub(super) fn settle(
        &self,
        lane: &RunLane,
        intent: u64,
        state: EntryState,
        event: Option<&RunEvent>,
        answer: &Value,
    ) -> Result<(), CallError> {
        let entry = JournalEntry {
            state: Some(state),
            intent: Some(intent),
            event,
            answer: Some(answer),
            ..JournalEntry::new(EntryKind::Answer, lane.id())
        };
        self.journal().append(self.id(), &entry, EntryDurability::Soon)?;
        if let Some(event) = event {
            self.show(event);
        }
        Ok(())
    }

    /// What is asked, and where in the procedure, for reports.
    fn described(&self, lane: &RunLane, call: &ApiCall) -> Value {
        let mut described = self.asked(call, None);
        described["item"] = lane.item().into();
        described["step"] = lane.step().into();
        described
    }
}

impl FormerWrite {
    /// What is known of it while it has no answer.
    fn unanswered(self, before: &Value) -> UnansweredWrite<'_> {
        UnansweredWrite {
            intent: self.intent,
            sent: self.sent,
            before,
            state: EntryState::Unknown,
            refused: None,
            otherwise: UnseenPolicy::SentAgain,
        }
    }
}

fn unsettled_error(call: &ApiCall, entry: u64) -> CallError {
    CallError::Unsettled { entry, operation: call.name(), path: call.path.clone() }
}
