//! Writes: looked at first, journalled before and after, settled by a look when the answer is lost.

use serde_json::Value;

use super::call::Call;
use super::door::{Done, Run};
use super::error::Error;
use super::event::{Event, Kind};
use super::fate::Settled;
use super::journal::{Durability, Entry, Recorded, State, What};
use super::lane::Lane;
use super::look::{self, Sight, Verdict};
use super::replay::{kept, refusal};
use super::retry;
use super::sendable;
use super::telling::{answered_line, line, stamped};
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
    /// It may have been carried out; the number is that of its intent.
    Unknown(okta::Error, u64),
}

/// A write about to be sent.
struct Intended<'a> {
    /// Number of the question in its lane.
    position: u64,
    before: &'a Value,
    /// What is in other orgs before it, where it has consequences there.
    elsewhere: &'a Value,
    /// An intent that this one stands for from now on.
    repeats: Option<u64>,
}

impl Run {
    /// Looks, and sends the write unless nothing would change.
    pub async fn perform(&self, lane: &Lane, call: &Call) -> Result<Done, Error> {
        self.perform_held(lane, call, Held::ToPlan).await
    }

    pub(super) async fn perform_held(
        &self,
        lane: &Lane,
        call: &Call,
        held: Held,
    ) -> Result<Done, Error> {
        let question = self.asked(call, None);
        let Some(recorded) = self.replayed(lane, &question)? else {
            let position = lane.past().next();
            return self.perform_live(lane, call, position, held, None).await;
        };
        match recorded.state {
            State::Unknown if recorded.is_write => self.taken_up(lane, call, &recorded, held).await,
            State::Answered | State::Settled | State::Redone | State::Unknown => {
                if recorded.is_write {
                    self.check_agreed(lane, call, held)?;
                    lane.count_write();
                }
                Ok(Done {
                    changed: recorded.is_write,
                    value: self.answer_again(lane, call, &recorded).await?,
                })
            }
            State::Refused | State::Void | State::Repeated | State::Undone => {
                Err(self.refusal_of(call, &recorded)?)
            }
        }
    }

    /// A write that was sent when the run was executed before, and has no answer.
    async fn taken_up(
        &self,
        lane: &Lane,
        call: &Call,
        sent: &Recorded,
        held: Held,
    ) -> Result<Done, Error> {
        let position = lane.past().position - 1;
        let before = self.before_of(sent)?;
        let repeats = match self.settled(lane, call, sent.entry, &before, None).await? {
            Settled::Done(done) => return self.check_agreed(lane, call, held).map(|()| done),
            Settled::Void => None,
            Settled::Repeatable => Some(sent.entry),
            Settled::Unknowable => return Err(unsettled(call, sent.entry)),
        };
        self.perform_live(lane, call, position, held, repeats).await
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

    /// `repeats`: the intent of which no look can tell whether it happened, and that is sent again.
    async fn perform_live(
        &self,
        lane: &Lane,
        call: &Call,
        position: u64,
        held: Held,
        mut repeats: Option<u64>,
    ) -> Result<Done, Error> {
        sendable::check(call)?;
        if self.guests().contains_key(&call.org) {
            return Err(Error::Usage(format!("{} only reads", call.org)));
        }
        let mut seen = look::look(self, lane, call, Sight::Picture).await?;
        if seen.verdict == Verdict::Unchanged {
            return self.unchanged(lane, call, position, seen.before);
        }
        self.check_agreed(lane, call, held)?;
        self.guard_own_access(lane, call, &seen.before).await?;
        self.ask_before_first_write(lane, call)?;
        let elsewhere = self.elsewhere(lane, call).await?;
        let mut attempt = 1;
        loop {
            let intended = Intended {
                position,
                before: &seen.before,
                elsewhere: &elsewhere,
                repeats: repeats.take(),
            };
            match self.sent_once(lane, call, &intended).await? {
                Sent::Done(done) => return Ok(done),
                Sent::Refused(error)
                    if retry::is_passing_refusal(&error) && attempt < retry::ATTEMPTS =>
                {
                    self.wait_to_retry(lane, call, &error, attempt).await?;
                }
                Sent::Refused(error) => return Err(refusal(call, error)),
                Sent::Unknown(error, intent) => {
                    self.wait_to_retry(lane, call, &error, attempt).await?;
                    let settled = self
                        .settled(lane, call, intent, &seen.before, Some(&error))
                        .await?;
                    match settled {
                        Settled::Done(done) => return Ok(done),
                        Settled::Void if attempt < retry::ATTEMPTS => {}
                        Settled::Repeatable if attempt < retry::ATTEMPTS => repeats = Some(intent),
                        _ => return Err(refusal(call, error)),
                    }
                    seen = look::look(self, lane, call, Sight::Org).await?;
                }
            }
            attempt += 1;
        }
    }

    fn unchanged(
        &self,
        lane: &Lane,
        call: &Call,
        position: u64,
        value: Value,
    ) -> Result<Done, Error> {
        self.count(|counts| counts.unchanged += 1);
        let event = stamped(lane, Kind::Unchanged(line(call)));
        let (request, answer) = (self.asked(call, None), self.redact(&value));
        let entry = Entry {
            position: Some(position),
            state: Some(State::Answered),
            event: Some(&event),
            request: Some(&request),
            answer: Some(&answer),
            ..Entry::new(What::Told, lane.id())
        };
        self.journal().append(self.id(), &entry, Durability::Soon)?;
        self.show(&event);
        Ok(Done {
            changed: false,
            value,
        })
    }

    async fn sent_once(
        &self,
        lane: &Lane,
        call: &Call,
        intended: &Intended<'_>,
    ) -> Result<Sent, Error> {
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
        let intent = self.journal().append(self.id(), &entry, Durability::Now)?;
        if let Some(former) = intended.repeats {
            self.settle(lane, former, State::Repeated, None, &Value::Null)?;
        }
        let watch = Watch::new(|wait: &okta::Wait| self.told_wait(lane, call, wait));
        let answer = watch
            .sent(client.send(&call.request(), &watch), &self.cancelled())
            .await;
        self.journal_answer(lane, call, intent, answer)
    }

    /// `None`: it was broken off while it waited, hence never executed.
    fn journal_answer(
        &self,
        lane: &Lane,
        call: &Call,
        intent: u64,
        answer: Option<Result<okta::Response, okta::Error>>,
    ) -> Result<Sent, Error> {
        match answer {
            Some(Ok(response)) => {
                let event = stamped(lane, Kind::Performed(answered_line(call, &response)));
                self.settle(
                    lane,
                    intent,
                    State::Answered,
                    Some(&event),
                    &self.redact(&response.body),
                )?;
                self.has_changed(lane, call, &response.body);
                Ok(Sent::Done(Done {
                    changed: true,
                    value: response.body,
                }))
            }
            Some(Err(error)) => {
                let unknown = retry::may_have_happened(&error);
                let state = if unknown {
                    State::Unknown
                } else {
                    State::Refused
                };
                let event = stamped(lane, self.refused(call, &error));
                self.settle(
                    lane,
                    intent,
                    state,
                    Some(&event),
                    &self.without_secrets(kept(&error)),
                )?;
                if unknown {
                    self.picture().forget(call);
                }
                Ok(if unknown {
                    Sent::Unknown(error, intent)
                } else {
                    Sent::Refused(error)
                })
            }
            None => {
                let event = stamped(
                    lane,
                    Kind::Refused {
                        call: line(call),
                        message: "interrupted before it was sent".to_owned(),
                    },
                );
                self.settle(lane, intent, State::Refused, Some(&event), &Value::Null)?;
                Err(Error::Interrupted)
            }
        }
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

fn unsettled(call: &Call, entry: u64) -> Error {
    Error::Unsettled {
        entry,
        operation: call.name(),
        path: call.path.clone(),
    }
}
