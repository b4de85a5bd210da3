//! Writes: looked at first, journalled before and after, settled by a look when the answer is lost.

use jiff::Timestamp;
use serde_json::Value;

use super::answer_shape;
use super::call::Call;
use super::door::{Done, Run};
use super::effects::{self, Look};
use super::error::Error;
use super::event::{Event, Kind};
use super::fate::{Otherwise, Settled, Unanswered};
use super::journal::{Durability, Entry, Recorded, State, What};
use super::lane::Lane;
use super::look::{self, Sight, Verdict};
use super::replay::{kept, refusal, unknown};
use super::retry;
use super::sendable;
use super::telling::stamped;
use super::watch::Watch;
use crate::okta;

/// Whether a write has to be in the plan, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    ToPlan,
    /// It takes back what the plan has.
    ToNothing,
}

/// How one sending of a write ended.
enum Sent {
    Done(Done),
    /// It was not carried out.
    Refused(okta::Error),
    /// It was refused as being so already, and what made it so is not known.
    Reopened(okta::Error),
    /// It may have been carried out.
    Unknown(okta::Error, Former),
}

/// A write that was sent.
#[derive(Clone, Copy)]
struct Former {
    intent: u64,
    sent: Timestamp,
}

/// How a write stands that was sent before.
#[derive(Clone, Copy)]
enum Again {
    /// No look can tell whether it happened: what becomes of it now counts for both.
    Repeats(u64),
    /// It is thought not to have happened.
    AfterVoid(Former),
}

/// A write about to be sent.
struct Intended<'a> {
    /// Number of the question in its lane.
    position: u64,
    before: &'a Value,
    /// What is in other orgs before it, where it has consequences there.
    elsewhere: &'a Value,
    again: Option<Again>,
}

impl Run {
    /// Looks, and sends the write unless nothing would change.
    pub async fn perform(&self, lane: &Lane, call: &Call) -> Result<Done, Error> {
        self.perform_held(lane, call, Held::ToPlan).await
    }

    pub(super) async fn perform_held(&self, lane: &Lane, call: &Call, held: Held) -> Result<Done, Error> {
        let question = self.asked(call, None);
        let Some(recorded) = self.replayed(lane, &question)? else {
            let position = lane.past().next();
            return self.perform_live(lane, call, position, held, None).await;
        };
        match recorded.state {
            State::Unknown if recorded.is_write => self.taken_up(lane, call, &recorded, held).await,
            // The last thing that this lane did: it goes on with it.
            State::Void if recorded.is_write && !lane.is_replaying() => {
                self.taken_up(lane, call, &recorded, held).await
            }
            State::Answered | State::Settled | State::Redone | State::Unknown => {
                if recorded.is_write {
                    self.check_agreed(lane, call, held)?;
                    lane.count_write();
                }
                Ok(Done { changed: recorded.is_write, value: self.answer_again(lane, call, &recorded).await? })
            }
            State::Refused | State::Void | State::Repeated | State::Undone => Err(self.refusal_of(call, &recorded)?),
        }
    }

    /// A write that was sent when the run was executed before, and has no answer, or none that says that it happened.
    async fn taken_up(&self, lane: &Lane, call: &Call, sent: &Recorded, held: Held) -> Result<Done, Error> {
        let position = lane.past().position - 1;
        let before = self.before_of(sent)?;
        let former = Former { intent: sent.entry, sent: sent.time };
        let write = Unanswered { state: sent.state, ..former.unanswered(&before) };
        let again = match self.settled(lane, call, &write).await? {
            Settled::Done(done) => return self.check_agreed(lane, call, held).map(|()| done),
            Settled::Void => Again::AfterVoid(former),
            Settled::Repeatable => Again::Repeats(sent.entry),
            Settled::Unknowable => return Err(unsettled(call, sent.entry)),
        };
        self.perform_live(lane, call, position, held, Some(again)).await
    }

    /// Refuses a write that the plan has not.
    fn check_agreed(&self, lane: &Lane, call: &Call, held: Held) -> Result<(), Error> {
        let Some(agreement) = self.settings().agreement.as_ref() else {
            return Ok(());
        };
        let asked = self.asked(call, None);
        if held == Held::ToNothing || agreement.take(lane.id(), &asked["write"]) {
            return Ok(());
        }
        Err(Error::Unplanned {
            org: call.org.clone(),
            operation: call.name(),
            path: call.path.clone(),
            item: lane.item().map(str::to_owned),
        })
    }

    /// `again`: how it stands with the write where it was sent before.
    async fn perform_live(
        &self,
        lane: &Lane,
        call: &Call,
        position: u64,
        held: Held,
        mut again: Option<Again>,
    ) -> Result<Done, Error> {
        sendable::check(call)?;
        if self.guests().contains_key(&call.org) {
            return Err(Error::Usage(format!("{} only reads", call.org)));
        }
        let mut seen = look::look(self, lane, call, Sight::Picture).await?;
        // That nothing is to be done is said by what is there now: somebody may have changed it since it was read.
        if seen.verdict == Verdict::Unchanged && seen.is_recalled {
            seen = look::look(self, lane, call, Sight::Fresh).await?;
        }
        if seen.verdict == Verdict::Unchanged {
            return self.unchanged(lane, call, position, seen.before);
        }
        self.check_granted_scopes(call).await?;
        let _turn = self.keep_a_group(lane, call, position).await?;
        self.check_agreed(lane, call, held)?;
        self.guard_own_access(lane, call).await?;
        self.ask_before_first_write(lane, call)?;
        let elsewhere = self.elsewhere(lane, call).await?;
        let mut attempt = 1;
        loop {
            let intended = Intended { position, before: &seen.before, elsewhere: &elsewhere, again: again.take() };
            match self.sent_once(lane, call, &intended).await? {
                Sent::Done(done) => return Ok(done),
                Sent::Refused(error) if retry::is_passing_refusal(&error) && attempt < retry::ATTEMPTS => {
                    self.wait_to_retry(lane, call, &error, attempt).await?;
                }
                Sent::Refused(error) => return Err(refusal(call, error)),
                Sent::Reopened(error) => return Err(unknown(call, error)),
                Sent::Unknown(error, former) => {
                    let is_sent_again = retry::is_sent_again(&error) || retry::is_passing_refusal(&error);
                    let is_last = attempt >= retry::ATTEMPTS || !is_sent_again;
                    if !is_last {
                        self.wait_to_retry(lane, call, &error, attempt).await?;
                    }
                    match self.settled_live(lane, call, &seen.before, former, &error, is_last).await? {
                        Settled::Done(done) => return Ok(done),
                        Settled::Void if is_last => return Err(refusal(call, error)),
                        Settled::Void => again = Some(Again::AfterVoid(former)),
                        Settled::Repeatable if !is_last => {
                            again = Some(Again::Repeats(former.intent));
                        }
                        _ => return Err(unknown(call, error)),
                    }
                    // What was looked for by its name was not there.
                    if !matches!(effects::look(call), Look::Natural(_)) {
                        seen = look::look(self, lane, call, Sight::Org).await?;
                    }
                }
            }
            attempt += 1;
        }
    }

    /// Looks what became of a write that was just sent. What the org refuses to show leaves it unknown.
    async fn settled_live(
        &self,
        lane: &Lane,
        call: &Call,
        before: &Value,
        former: Former,
        error: &okta::Error,
        is_last: bool,
    ) -> Result<Settled, Error> {
        let write = Unanswered {
            refused: Some(error),
            otherwise: if is_last { Otherwise::NotDone } else { Otherwise::SentAgain },
            ..former.unanswered(before)
        };
        match self.settled(lane, call, &write).await {
            Err(Error::Okta(_)) => Ok(Settled::Unknowable),
            settled => settled,
        }
    }

    fn unchanged(&self, lane: &Lane, call: &Call, position: u64, value: Value) -> Result<Done, Error> {
        self.count(|counts| counts.unchanged += 1);
        let answer = self.redact(&value);
        let kind = Kind::Unchanged(self.line(call));
        self.tell_unsent(lane, call, position, State::Answered, kind, &answer)?;
        Ok(Done { changed: false, value })
    }

    /// Journals a write that is not sent, with what its sender is answered: a run that is taken up again is answered the same.
    pub(super) fn tell_unsent(
        &self,
        lane: &Lane,
        call: &Call,
        position: u64,
        state: State,
        kind: Kind,
        answer: &Value,
    ) -> Result<(), Error> {
        let event = stamped(lane, kind);
        let request = self.asked(call, None);
        let entry = Entry {
            position: Some(position),
            state: Some(state),
            event: Some(&event),
            request: Some(&request),
            answer: Some(answer),
            ..Entry::new(What::Told, lane.id())
        };
        self.journal().append(self.id(), &entry, Durability::Soon)?;
        self.show(&event);
        Ok(())
    }

    async fn sent_once(&self, lane: &Lane, call: &Call, intended: &Intended<'_>) -> Result<Sent, Error> {
        if self.cancelled().is_cancelled() {
            return Err(Error::Interrupted);
        }
        let client = self.client(call)?;
        let (mut request, before) = (self.described(lane, call), self.redact(intended.before));
        if !intended.elsewhere.is_null() {
            request["elsewhere"] = self.redact(intended.elsewhere);
        }
        let entry = Entry {
            position: Some(intended.position),
            request: Some(&request),
            before: Some(&before),
            ..Entry::new(What::Intent, lane.id())
        };
        let intent = match intended.again {
            Some(Again::Repeats(former)) => {
                let repeated = Entry {
                    state: Some(State::Repeated),
                    intent: Some(former),
                    answer: Some(&Value::Null),
                    ..Entry::new(What::Answer, lane.id())
                };
                let journal = self.journal();
                journal.append_repeat(self.id(), &entry, &repeated)?
            }
            _ => self.journal().append(self.id(), &entry, Durability::Now)?,
        };
        let sent = Timestamp::now();
        let watch = Watch::new(|wait: &okta::Wait| self.told_wait(lane, call, wait));
        let answer = watch.sent(client.send(&call.request(), &watch), &self.cancelled()).await;
        let host = client.base_url().host();
        match answer.map(|answer| answer.and_then(|it| answer_shape::checked(call, host, it))) {
            Some(Ok(response)) => self.answered_with(lane, call, intent, response),
            Some(Err(error)) if error.leaves_unknown() => {
                self.journal_refusal(lane, call, intent, State::Unknown, &error)?;
                self.picture().forget(call);
                Ok(Sent::Unknown(error, Former { intent, sent }))
            }
            Some(Err(error)) => {
                let intent = Former { intent, sent };
                self.was_refused(lane, call, intent, error, intended).await
            }
            None => self.broken_off(lane, call, intent),
        }
    }

    fn answered_with(&self, lane: &Lane, call: &Call, intent: u64, response: okta::Response) -> Result<Sent, Error> {
        let event = stamped(lane, Kind::Performed(self.answered_line(call, &response)));
        self.settle(lane, intent, State::Answered, Some(&event), &self.redact(&response.body))?;
        self.has_changed(lane, call, &response.body);
        Ok(Sent::Done(Done { changed: true, value: response.body }))
    }

    /// Where it is sent again because it was thought void, the refusal may be of what that did. What was sent first is settled first: a run
    /// that dies between the two looks again for what was sent last.
    async fn was_refused(
        &self,
        lane: &Lane,
        call: &Call,
        intent: Former,
        error: okta::Error,
        intended: &Intended<'_>,
    ) -> Result<Sent, Error> {
        // What was sent before may have been carried out, and this is what is known of both.
        if let Some(Again::Repeats(_)) = intended.again {
            self.journal_refusal(lane, call, intent.intent, State::Unknown, &error)?;
            return Ok(Sent::Unknown(error, intent));
        }
        let reopened = match intended.again {
            Some(Again::AfterVoid(former)) => {
                let void = Unanswered { state: State::Void, ..former.unanswered(intended.before) };
                self.reopened(lane, call, &void, &error).await?
            }
            _ => None,
        };
        if reopened.is_none() && retry::may_answer_a_repeat(call, &error) {
            return self.sent_twice(lane, call, intent, error, intended).await;
        }
        self.journal_refusal(lane, call, intent.intent, State::Refused, &error)?;
        Ok(match reopened {
            Some(Settled::Done(done)) => {
                self.tell(lane, Kind::Performed(self.line(call)))?;
                Sent::Done(done)
            }
            Some(_) => Sent::Reopened(error),
            None => Sent::Refused(error),
        })
    }

    /// The look before it found that it was not so, the org says that it is: what lies between may have sent it twice, and the answer is
    /// that to the second. It is refused only if nothing of it is seen.
    async fn sent_twice(
        &self,
        lane: &Lane,
        call: &Call,
        intent: Former,
        error: okta::Error,
        intended: &Intended<'_>,
    ) -> Result<Sent, Error> {
        self.journal_refusal(lane, call, intent.intent, State::Unknown, &error)?;
        let write = Unanswered {
            // What is read by its own name shows its status at once.
            otherwise: if retry::says_it_is_so(&error) { Otherwise::NotDone } else { Otherwise::SentAgain },
            ..intent.unanswered(intended.before)
        };
        Ok(match self.settled_though_refused(lane, call, &write).await? {
            Some(Settled::Done(done)) => Sent::Done(done),
            Some(_) => Sent::Reopened(error),
            None => {
                let answer = self.without_secrets(kept(&error));
                self.settle(lane, intent.intent, State::Refused, None, &answer)?;
                Sent::Refused(error)
            }
        })
    }

    fn journal_refusal(
        &self,
        lane: &Lane,
        call: &Call,
        intent: u64,
        state: State,
        error: &okta::Error,
    ) -> Result<(), Error> {
        let event = stamped(lane, self.refused(call, error));
        let answer = self.without_secrets(kept(error));
        self.settle(lane, intent, state, Some(&event), &answer)
    }

    /// It was broken off while it waited, hence never executed.
    fn broken_off(&self, lane: &Lane, call: &Call, intent: u64) -> Result<Sent, Error> {
        let event = stamped(
            lane,
            Kind::Refused { call: self.line(call), message: "interrupted before it was sent".to_owned() },
        );
        self.settle(lane, intent, State::Refused, Some(&event), &Value::Null)?;
        Err(Error::Interrupted)
    }

    pub(super) fn has_changed(&self, lane: &Lane, call: &Call, answer: &Value) {
        self.count(|counts| counts.writes += 1);
        lane.count_write();
        self.picture().wrote(call, answer);
    }

    pub(super) fn settle(
        &self,
        lane: &Lane,
        intent: u64,
        state: State,
        event: Option<&Event>,
        answer: &Value,
    ) -> Result<(), Error> {
        let entry = Entry {
            state: Some(state),
            intent: Some(intent),
            event,
            answer: Some(answer),
            ..Entry::new(What::Answer, lane.id())
        };
        self.journal().append(self.id(), &entry, Durability::Soon)?;
        if let Some(event) = event {
            self.show(event);
        }
        Ok(())
    }

    /// What is asked, and where in the procedure, for reports.
    fn described(&self, lane: &Lane, call: &Call) -> Value {
        let mut described = self.asked(call, None);
        described["item"] = lane.item().into();
        described["step"] = lane.step().into();
        described
    }
}

impl Former {
    /// What is known of it while it has no answer.
    fn unanswered(self, before: &Value) -> Unanswered<'_> {
        Unanswered {
            intent: self.intent,
            sent: self.sent,
            before,
            state: State::Unknown,
            refused: None,
            otherwise: Otherwise::SentAgain,
        }
    }
}

fn unsettled(call: &Call, entry: u64) -> Error {
    Error::Unsettled { entry, operation: call.name(), path: call.path.clone() }
}
