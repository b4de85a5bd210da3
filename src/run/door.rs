//! The door itself: what a run is, and how a call goes through it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::call::Call;
use super::error::{Error, Refusal};
use super::event::{CallLine, Counts, Event, ItemOutcome, Kind, OrgLine, Outcome};
use super::gate::{Answer, Consent, Gate};
use super::journal::{Intent, Journal, Record, State};
use super::lane::{Items, Lane};
use super::look::{self, Verdict};
use super::redact::redact;
use super::watch::Watch;
use crate::{ldap, okta};

/// Where events go besides the journal: the terminal.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// What a run is made of.
pub struct Settings {
    pub journal: Arc<Journal>,
    /// Name of the runbook and digest of its text.
    pub runbook: String,
    pub digest: String,
    /// Parameters as JSON, without secrets.
    pub parameters: Value,
    /// Orgs by their names in the runbook.
    pub orgs: BTreeMap<String, Arc<okta::Client>>,
    /// Directories by lower-cased domain.
    pub directories: BTreeMap<String, Arc<ldap::Directory>>,
    pub consent: Consent,
    pub listener: Listener,
    pub cancelled: CancellationToken,
}

/// One run: its orgs, its journal, its consent.
pub struct Run {
    id: String,
    settings: Settings,
    gate: Gate,
    cancelled: Mutex<CancellationToken>,
    seq: AtomicU64,
    counts: Mutex<Counts>,
    items: Mutex<Items>,
    remarks: Mutex<Vec<String>>,
}

/// What became of a write.
#[derive(Debug)]
pub struct Done {
    /// Whether it was sent; `false` when nothing would have changed.
    pub changed: bool,
    /// The answer's body; when it was not sent, what is there.
    pub value: Value,
}

/// One page of a list.
#[derive(Debug)]
pub struct Page {
    /// An array; a few operations that the table calls lists answer with one object.
    pub body: Value,
    pub next: Option<okta::NextPage>,
}

impl Run {
    /// Begins a run: it is in the journal when this returns.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn begin(settings: Settings) -> Result<Self, Error> {
        let now = jiff::Timestamp::now();
        let id = new_id(now);
        let orgs: Vec<OrgLine> = settings
            .orgs
            .iter()
            .map(|(name, client)| OrgLine {
                name: name.clone(),
                url: client.base_url().to_string(),
            })
            .collect();
        settings.journal.begin(&Record {
            run: id.clone(),
            runbook: settings.runbook.clone(),
            digest: settings.digest.clone(),
            operator: settings.consent.operator.clone(),
            parameters: redact(&settings.parameters),
            orgs: serde_json::to_value(&orgs).unwrap_or_default(),
            started: now,
            ended: None,
            outcome: None,
            message: None,
            counts: Counts::default(),
        })?;
        let gate = Gate::new(settings.consent.clone());
        let run = Self {
            id,
            cancelled: Mutex::new(settings.cancelled.clone()),
            settings,
            gate,
            seq: AtomicU64::new(0),
            counts: Mutex::default(),
            items: Mutex::default(),
            remarks: Mutex::default(),
        };
        let begun = Kind::Run {
            run: run.id.clone(),
            runbook: run.settings.runbook.clone(),
            orgs,
            parameters: redact(&run.settings.parameters),
        };
        run.tell(&Lane::default(), begun)?;
        Ok(run)
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn operator(&self) -> &str {
        self.gate.operator()
    }

    /// What breaks off the run; of a session, the line that is going on.
    pub fn cancelled(&self) -> CancellationToken {
        self.cancelled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Begins anew after an interruption, as a session does with each line: only the new token breaks off what follows.
    pub fn renew(&self, cancelled: CancellationToken) {
        *self
            .cancelled
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = cancelled;
    }

    pub fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time, for questions such as "what was logged since".
    pub fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    /// URL of an org by its name in the runbook.
    pub fn org_url(&self, org: &str) -> Option<String> {
        self.settings
            .orgs
            .get(org)
            .map(|client| client.base_url().to_string())
    }

    pub fn directory(&self, domain: &str) -> Option<Arc<ldap::Directory>> {
        self.settings
            .directories
            .get(&domain.to_lowercase())
            .cloned()
    }

    /// Journals something that happened, then shows it.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn tell(&self, lane: &Lane, kind: Kind) -> Result<(), Error> {
        let event = stamped(lane, kind);
        self.settings
            .journal
            .tell(&self.id, self.next_seq(), &event)?;
        (self.settings.listener)(&event);
        Ok(())
    }

    pub fn step(&self, lane: &Lane, title: &str) -> Result<(), Error> {
        lane.enter(title);
        self.tell(
            lane,
            Kind::Step {
                title: title.to_owned(),
            },
        )
    }

    /// A remark that belongs to the outcome, such as "Active Directory was not looked at".
    pub fn remark(&self, words: &str) {
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        if !remarks.iter().any(|known| known == words) {
            remarks.push(words.to_owned());
        }
    }

    /// Asks a person; a yes also opens the way for writes.
    pub fn confirm(&self, lane: &Lane, words: &str) -> Result<(), Error> {
        let answer = self.gate.confirm(words);
        self.tell(
            lane,
            Kind::Confirm {
                words: words.to_owned(),
                answer: answer == Answer::Yes,
            },
        )?;
        self.consented(answer, words)
    }

    /// Asks whether the manual step `name` is done; records who said so.
    pub fn attest(&self, lane: &Lane, name: &str, title: &str, how: &str) -> Result<(), Error> {
        let answer = self
            .gate
            .attest(name, &format!("{title}\n{how}\nIs it so?"));
        let attested_by = (answer == Answer::Yes).then(|| self.operator().to_owned());
        self.tell(
            lane,
            Kind::Manual {
                title: title.to_owned(),
                how: how.to_owned(),
                attested_by,
            },
        )?;
        match answer {
            Answer::Yes => Ok(()),
            _ if self.cancelled().is_cancelled() => Err(Error::Interrupted),
            _ => Err(Error::Waiting {
                title: title.to_owned(),
                name: name.to_owned(),
            }),
        }
    }

    /// Sends a read and returns the answer's body.
    pub async fn read(&self, lane: &Lane, call: &Call) -> Result<Value, Error> {
        Ok(self.answered(lane, call, None).await?.body)
    }

    /// Reads one page of a list: the first, or the one that the page before named.
    pub async fn page(
        &self,
        lane: &Lane,
        call: &Call,
        next: Option<&okta::NextPage>,
    ) -> Result<Page, Error> {
        let response = self.answered(lane, call, next).await?;
        Ok(Page {
            body: response.body,
            next: response.next,
        })
    }

    /// Reads a whole list, page by page.
    pub async fn list(&self, lane: &Lane, call: &Call) -> Result<Vec<Value>, Error> {
        let mut items = Vec::new();
        let mut next = None;
        loop {
            let page = self.page(lane, call, next.as_ref()).await?;
            match page.body {
                Value::Array(found) => items.extend(found),
                other => items.push(other),
            }
            next = page.next;
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    /// Looks, and sends the write unless nothing would change.
    pub async fn perform(&self, lane: &Lane, call: &Call) -> Result<Done, Error> {
        let seen = look::look(self, lane, call).await?;
        if seen.verdict == Verdict::Unchanged {
            self.count(|counts| counts.unchanged += 1);
            self.tell(lane, Kind::Unchanged(line(call)))?;
            return Ok(Done {
                changed: false,
                value: seen.before,
            });
        }
        self.ask_before_first_write(lane, call)?;
        self.sent(lane, call, &seen.before).await
    }

    fn ask_before_first_write(&self, lane: &Lane, call: &Call) -> Result<(), Error> {
        let words = format!(
            "The next call changes {}: {} {} ({}). Go on with {}?",
            call.org,
            call.method(),
            call.path,
            call.name(),
            self.gate.extent()
        );
        let answer = self.gate.pass(&words);
        if answer != Answer::Yes {
            self.tell(
                lane,
                Kind::Confirm {
                    words: words.clone(),
                    answer: false,
                },
            )?;
        }
        self.consented(answer, &words)
    }

    fn consented(&self, answer: Answer, words: &str) -> Result<(), Error> {
        match answer {
            Answer::Yes => Ok(()),
            _ if self.cancelled().is_cancelled() => Err(Error::Interrupted),
            Answer::No => Err(Error::Declined(words.to_owned())),
            Answer::Nobody => Err(Error::Unconfirmed(words.to_owned())),
        }
    }

    async fn sent(&self, lane: &Lane, call: &Call, before: &Value) -> Result<Done, Error> {
        if self.cancelled().is_cancelled() {
            return Err(Error::Interrupted);
        }
        let seq = self.next_seq();
        let request = json!({ "method": call.method().as_str(), "path": call.path, "query": call.query, "body": call.body.as_ref().map(redact) });
        let intent = Intent {
            event: &stamped(lane, Kind::Performed(line(call))),
            request: &request,
            before: &redact(before),
        };
        self.settings.journal.intend(&self.id, seq, &intent)?;
        let client = self.client(call)?;
        let watch = Watch::new(|wait: &okta::Wait| self.told_wait(lane, call, wait));
        let answer = watch
            .sent(client.send(&call.request(), &watch), &self.cancelled())
            .await;
        self.settle(lane, call, seq, answer)
    }

    /// Journals how a write ended. `None`: it was broken off while it waited, hence never executed.
    fn settle(
        &self,
        lane: &Lane,
        call: &Call,
        seq: u64,
        answer: Option<Result<okta::Response, okta::Error>>,
    ) -> Result<Done, Error> {
        let (state, kind, body, result) = match answer {
            Some(Ok(response)) => {
                self.count(|counts| counts.writes += 1);
                lane.count_write();
                let body = redact(&response.body);
                (
                    State::Answered,
                    Kind::Performed(answered_line(call, &response)),
                    body,
                    Ok(Done {
                        changed: true,
                        value: response.body,
                    }),
                )
            }
            Some(Err(error)) => {
                let state = if may_have_happened(&error) {
                    State::Unknown
                } else {
                    State::Refused
                };
                (
                    state,
                    refused(call, &error),
                    Value::Null,
                    Err(refusal(call, error)),
                )
            }
            None => {
                let kind = Kind::Refused {
                    call: line(call),
                    message: "interrupted before it was sent".to_owned(),
                };
                (State::Refused, kind, Value::Null, Err(Error::Interrupted))
            }
        };
        let event = stamped(lane, kind);
        self.settings
            .journal
            .settle(&self.id, seq, state, &event, &body)?;
        (self.settings.listener)(&event);
        result
    }

    async fn answered(
        &self,
        lane: &Lane,
        call: &Call,
        next: Option<&okta::NextPage>,
    ) -> Result<okta::Response, Error> {
        let client = self.client(call)?;
        let watch = Watch::new(|wait: &okta::Wait| self.told_wait(lane, call, wait));
        let answer = tokio::select! {
            answer = async { match next {
                Some(next) => client.next(next, &watch).await,
                None => client.send(&call.request(), &watch).await,
            } } => answer,
            () = self.cancelled().cancelled_owned() => return Err(Error::Interrupted),
        };
        self.count(|counts| counts.reads += 1);
        match answer {
            Ok(response) => {
                self.tell(lane, Kind::Read(answered_line(call, &response)))?;
                Ok(response)
            }
            Err(error) => {
                self.tell(lane, refused(call, &error))?;
                Err(refusal(call, error))
            }
        }
    }

    fn client(&self, call: &Call) -> Result<&okta::Client, Error> {
        self.settings
            .orgs
            .get(&call.org)
            .map(Arc::as_ref)
            .ok_or_else(|| Error::Usage(format!("this run has no org named {}", call.org)))
    }

    /// A wait is shown even when the journal fails at it: the next write finds that out before it is sent.
    fn told_wait(&self, lane: &Lane, call: &Call, wait: &okta::Wait) {
        let kind = Kind::Wait {
            reason: format!(
                "{} of {} ({})",
                limit_name(wait.reason),
                call.org,
                call.name()
            ),
            seconds: wait.duration.as_secs_f64(),
        };
        let _ = self.tell(lane, kind);
    }

    /// Waits, unless interrupted.
    pub async fn pause(&self, duration: Duration) -> Result<(), Error> {
        tokio::select! {
            () = tokio::time::sleep(duration) => Ok(()),
            () = self.cancelled().cancelled_owned() => Err(Error::Interrupted),
        }
    }

    /// Asks a directory something and tells that it was asked.
    pub async fn look_up<T>(
        &self,
        lane: &Lane,
        domain: &str,
        what: &str,
        asked: impl Future<Output = Result<T, ldap::Error>>,
    ) -> Result<T, Error> {
        let answer = tokio::select! {
            answer = asked => answer,
            () = self.cancelled().cancelled_owned() => return Err(Error::Interrupted),
        };
        self.count(|counts| counts.reads += 1);
        let call = CallLine {
            org: domain.to_owned(),
            operation: "ldap".to_owned(),
            method: "SEARCH".to_owned(),
            path: what.to_owned(),
            status: None,
            request_id: None,
        };
        match answer {
            Ok(found) => self.tell(lane, Kind::Read(call)).map(|()| found),
            Err(source) => {
                self.tell(
                    lane,
                    Kind::Refused {
                        call,
                        message: source.to_string(),
                    },
                )?;
                Err(Error::Directory {
                    directory: domain.to_owned(),
                    source,
                })
            }
        }
    }

    /// Records that an item of a bulk step ended. A failure is told at once, the rest when the run ends: an item may pass several steps.
    pub fn item_ended(&self, lane: &Lane, failure: Option<String>) -> Result<(), Error> {
        let Some(key) = lane.item() else {
            return Ok(());
        };
        self.items
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(key, lane.writes(), failure.is_some());
        match failure {
            Some(message) => self.tell(
                lane,
                Kind::Item {
                    key: key.to_owned(),
                    outcome: ItemOutcome::Failed,
                    message: Some(message),
                },
            ),
            None => Ok(()),
        }
    }

    /// Ends the run: tells the items, then the outcome.
    pub fn end(&self, outcome: Outcome, message: Option<&str>) -> Result<Outcome, Error> {
        let outcome = self.tell_items(outcome)?;
        let counts = self.counts();
        let remarks = self
            .remarks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let kind = Kind::Outcome {
            outcome,
            run: self.id.clone(),
            message: message.map(str::to_owned),
            counts,
            remarks,
        };
        self.tell(&Lane::default(), kind)?;
        self.settings
            .journal
            .end(&self.id, jiff::Timestamp::now(), outcome, message, counts)?;
        Ok(outcome)
    }

    /// A script that ran to its end with failed items did its work partly, or not at all.
    fn tell_items(&self, outcome: Outcome) -> Result<Outcome, Error> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut all, mut failed) = (0, 0);
        for (key, item) in items.iter() {
            all += 1;
            failed += u64::from(item.failed);
            if !item.failed {
                let outcome = if item.writes == 0 {
                    ItemOutcome::Unchanged
                } else {
                    ItemOutcome::Succeeded
                };
                self.tell(
                    &Lane::default(),
                    Kind::Item {
                        key: key.clone(),
                        outcome,
                        message: None,
                    },
                )?;
            }
        }
        self.count(|counts| (counts.items, counts.failed_items) = (all, failed));
        Ok(match outcome {
            Outcome::Succeeded if failed > 0 && failed == all => Outcome::Failed,
            Outcome::Succeeded if failed > 0 => Outcome::Partly,
            other => other,
        })
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn next_seq(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::Relaxed)
    }
}

fn stamped(lane: &Lane, kind: Kind) -> Event {
    Event {
        time: jiff::Timestamp::now(),
        item: lane.item().map(str::to_owned),
        step: lane.step(),
        kind,
    }
}

fn line(call: &Call) -> CallLine {
    CallLine {
        org: call.org.clone(),
        operation: call.name(),
        method: call.method().as_str().to_owned(),
        path: call.path.clone(),
        status: None,
        request_id: None,
    }
}

fn answered_line(call: &Call, response: &okta::Response) -> CallLine {
    CallLine {
        status: Some(response.status),
        request_id: response.request_id.clone(),
        ..line(call)
    }
}

fn refused(call: &Call, error: &okta::Error) -> Kind {
    Kind::Refused {
        call: CallLine {
            status: error.status(),
            request_id: error.request_id().map(str::to_owned),
            ..line(call)
        },
        message: error.to_string(),
    }
}

/// A time-out or a cut connection, and a 5xx: the org may have done it all the same.
fn may_have_happened(error: &okta::Error) -> bool {
    error.sent() == okta::Sent::Maybe || error.status().is_some_and(|status| status >= 500)
}

fn limit_name(reason: okta::WaitReason) -> &'static str {
    match reason {
        okta::WaitReason::RateLimit => "rate limit",
        okta::WaitReason::Concurrency => "limit of simultaneous calls",
    }
}

fn refusal(call: &Call, source: okta::Error) -> Error {
    Error::Okta(Box::new(Refusal {
        org: call.org.clone(),
        operation: call.name(),
        method: call.method().as_str(),
        path: call.path.clone(),
        source,
    }))
}

/// Ids sort by time and are short enough to type a prefix of: `20261124-153000-k3f9`.
fn new_id(now: jiff::Timestamp) -> String {
    let suffix: String =
        std::iter::repeat_with(|| char::from_digit(fastrand::u32(..36), 36).unwrap_or('0'))
            .take(4)
            .collect();
    format!("{}-{suffix}", now.strftime("%Y%m%d-%H%M%S"))
}
