//! Reads: single things, pages, directories.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::answer_shape;
use super::call::{ApiCall, ListPage};
use super::cancellation::CallWatch;
use super::error::CallError;
use super::event::{CallLine, EventKind, RunEvent};
use super::execution::Run;
use super::journal::{EntryDurability, EntryKind, EntryState, JournalEntry};
use super::lane::{RunLane, stamp_event};
use super::page_walk::PageWalk;
use super::redact::{self, lacks_something};
use super::replay::{kept_refusal, refusal};
use super::retry;
use super::sendable;
use crate::{ldap, okta};

/// Whether a read is a question of the script, which is answered the same when the run is taken up again, or of the run itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadAsker {
    Script,
    Run,
}

impl Run {
    /// Sends a read and returns the answer's body.
    pub async fn read(&self, lane: &RunLane, call: &ApiCall) -> Result<Value, CallError> {
        Ok(self.page(lane, call, None).await?.body)
    }

    /// Reads one page of a list: the first, or the one that the page before named.
    pub async fn page(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        next: Option<&okta::NextPage>,
    ) -> Result<ListPage, CallError> {
        let question = self.asked(call, next);
        if let Some(recorded) = self.replayed(lane, &question)? {
            if recorded.state == EntryState::Refused {
                return Err(self.refusal_of(call, &recorded)?);
            }
            let mut answer = self.answer_of(&recorded)?;
            let page = ListPage {
                next: answer["next"].as_str().map(okta::NextPage::new),
                body: self.restored(lane, call, next, answer["body"].take()).await?,
            };
            self.named_addresses().learn(call, &page.body);
            self.read_cache().insert_stale(call, &page, next);
            return Ok(page);
        }
        self.page_asked_by(ReadAsker::Script, lane, call, next).await
    }

    /// A recorded answer with what the record leaves out read again. Where the org no longer gives it, it stays left out.
    pub(super) async fn restored(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        next: Option<&okta::NextPage>,
        recorded: Value,
    ) -> Result<Value, CallError> {
        if !lacks_something(&recorded) {
            return Ok(recorded);
        }
        let Ok(response) = self.answered(lane, call, next).await? else {
            return Ok(recorded);
        };
        self.count(|counts| counts.reads += 1);
        let event = stamp_event(lane, EventKind::Read(self.answered_line(call, &response)));
        let question = self.asked(call, next);
        self.keep_read(lane, None, EntryState::Answered, &event, &question, None)?;
        let written = self.redact(&response.body);
        Ok(redact::restore_secrets(&recorded, &response.body, &written))
    }

    /// Reads a whole list for the run itself, page by page.
    pub(super) async fn list(&self, lane: &RunLane, call: &ApiCall) -> Result<Vec<Value>, CallError> {
        let mut items = Vec::new();
        let (mut next, mut walk) = (None, PageWalk::default());
        loop {
            let page = self.page_asked_by(ReadAsker::Run, lane, call, next.as_ref()).await?;
            walk.take(call, &page)?;
            let Value::Array(found) = page.body else {
                return Err(CallError::Usage(format!("{} answers with no list", call.name())));
            };
            items.extend(found);
            next = page.next;
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    /// Sends a read and journals its answer.
    pub(super) async fn page_asked_by(
        &self,
        asker: ReadAsker,
        lane: &RunLane,
        call: &ApiCall,
        next: Option<&okta::NextPage>,
    ) -> Result<ListPage, CallError> {
        let answer = self.answered(lane, call, next).await?;
        self.count(|counts| counts.reads += 1);
        let question = self.asked(call, next);
        let position = (asker == ReadAsker::Script).then(|| lane.past().next());
        match answer {
            Ok(response) => {
                let event = stamp_event(lane, EventKind::Read(self.answered_line(call, &response)));
                let page = ListPage { body: response.body, next: response.next };
                // The run's own reads are not asked again in order: their answers are not kept.
                let body = position.map(|_| json!({ "body": self.redact(&page.body), "next": page.next.as_ref().map(okta::NextPage::as_str) }));
                self.keep_read(lane, position, EntryState::Answered, &event, &question, body.as_ref())?;
                self.named_addresses().learn(call, &page.body);
                self.read_cache().insert(call, &page, next);
                Ok(page)
            }
            Err(error) => {
                let event = stamp_event(lane, self.refused(call, &error));
                let body = position.map(|_| self.without_secrets(kept_refusal(&error)));
                self.keep_read(lane, position, EntryState::Refused, &event, &question, body.as_ref())?;
                Err(refusal(call, error))
            }
        }
    }

    fn keep_read(
        &self,
        lane: &RunLane,
        position: Option<u64>,
        state: EntryState,
        event: &RunEvent,
        request: &Value,
        answer: Option<&Value>,
    ) -> Result<(), CallError> {
        let entry = JournalEntry {
            position,
            state: Some(state),
            event: Some(event),
            request: position.map(|_| request),
            answer,
            ..JournalEntry::new(EntryKind::Read, lane.id())
        };
        self.journal().append(self.id(), &entry, EntryDurability::Soon)?;
        self.show(event);
        Ok(())
    }

    /// Asks until there is an answer or a refusal that stays.
    async fn answered(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        next: Option<&okta::NextPage>,
    ) -> Result<Result<okta::ApiResponse, okta::OktaError>, CallError> {
        let client = self.client(call)?;
        let watch = CallWatch::new(|wait: &okta::LimitWait| self.told_wait(lane, call, wait));
        let mut attempt = 1;
        loop {
            let answer = tokio::select! {
                answer = async { match next {
                    Some(next) => client.next(next, &watch).await,
                    None => client.send(&call.request(), &watch).await,
                } } => answer,
                () = self.cancelled().cancelled_owned() => return Err(CallError::Interrupted),
            };
            let answer = answer.and_then(|answer| answer_shape::check_answer(call, client.base_url().host(), answer));
            match &answer {
                Err(error) if retry::is_asked_again(error, attempt) => {
                    self.wait_to_retry(lane, call, error, attempt).await?;
                    attempt += 1;
                }
                _ => return Ok(answer),
            }
        }
    }

    /// Tells why, and waits.
    pub(super) async fn wait_to_retry(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        error: &okta::OktaError,
        attempt: u32,
    ) -> Result<(), CallError> {
        let pause = retry::pause(error, attempt);
        let kind = EventKind::Wait {
            reason: format!("{} is tried again after: {error}", call.name()),
            seconds: pause.as_secs_f64(),
        };
        self.emit(lane, kind)?;
        self.pause(pause).await
    }

    /// The client that sends a call: every call asks here.
    pub(super) fn client(&self, call: &ApiCall) -> Result<Arc<okta::OktaClient>, CallError> {
        sendable::check(call)?;
        self.org_client(&call.org)
    }

    /// The client of an org, for what is asked of itself.
    pub(super) fn org_client(&self, org: &str) -> Result<Arc<okta::OktaClient>, CallError> {
        let client = self.settings().orgs.get(org).cloned();
        client
            .or_else(|| self.guests().get(org).cloned())
            .ok_or_else(|| CallError::Usage(format!("this run has no org named {org}")))
    }

    /// Waits, unless interrupted.
    pub async fn pause(&self, duration: Duration) -> Result<(), CallError> {
        tokio::select! {
            () = tokio::time::sleep(duration) => Ok(()),
            () = self.cancelled().cancelled_owned() => Err(CallError::Interrupted),
        }
    }

    /// Asks a directory something and tells that it was asked. `kept` is the answer's JSON form, `again` the way back.
    pub async fn look_up<T>(
        &self,
        lane: &RunLane,
        domain: &str,
        what: &str,
        question: impl Future<Output = Result<T, ldap::DirectoryError>>,
        kept: impl FnOnce(&T) -> Value,
    ) -> Result<Value, CallError> {
        let request = json!({ "directory": { "domain": domain, "what": what } });
        if let Some(recorded) = self.replayed(lane, &request)? {
            let answer = self.answer_of(&recorded)?;
            return match recorded.state {
                EntryState::Refused => Err(CallError::DirectoryBefore {
                    directory: domain.to_owned(),
                    message: answer["message"].as_str().unwrap_or_default().to_owned(),
                }),
                _ => Ok(answer),
            };
        }
        let answer = tokio::select! {
            answer = question => answer,
            () = self.cancelled().cancelled_owned() => return Err(CallError::Interrupted),
        };
        self.count(|counts| counts.reads += 1);
        let call = CallLine {
            org: domain.to_owned(),
            operation: "ldap".to_owned(),
            method: "SEARCH".to_owned(),
            path: self.concealed(what),
            status: None,
            request_id: None,
        };
        let position = Some(lane.past().next());
        match answer {
            Ok(found) => {
                let value = self.redact(&kept(&found));
                self.keep_read(
                    lane,
                    position,
                    EntryState::Answered,
                    &stamp_event(lane, EventKind::Read(call)),
                    &request,
                    Some(&value),
                )?;
                Ok(value)
            }
            Err(source) => {
                let message = source.to_string();
                let event = stamp_event(lane, EventKind::Refused { call, message: message.clone() });
                self.keep_read(
                    lane,
                    position,
                    EntryState::Refused,
                    &event,
                    &request,
                    Some(&json!({ "message": message })),
                )?;
                Err(CallError::Directory { directory: domain.to_owned(), source })
            }
        }
    }
}
