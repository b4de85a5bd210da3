//! Taking a run up again: what a lane asked before is answered from the journal, in order, as long as it asks the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{ApiCall, CallAction};
use super::error::{CallError, CallRefusal};
use super::execution::Run;
use super::journal::{EntryState, RecordedQuestion};
use super::lane::RunLane;
use super::operation_semantics;
use super::redact::{self, is_same_question, lacks_something, restore_secrets};
use super::run_options::EditPolicy;
use crate::okta::{self, NextPage};

impl Run {
    /// What the journal has of a lane, up to the last thing that had an effect, or was thought to have had none: what was only read after
    /// it is read again.
    /// What was recorded before the entry `void_before` does not count.
    pub(super) fn recorded(&self, lane: &str, void_before: u64) -> Result<Vec<RecordedQuestion>, CallError> {
        let mut recorded = self.journal().recorded(self.id(), lane)?;
        recorded.retain(|recorded| recorded.entry >= void_before);
        let effective = recorded.iter().rposition(has_effect).map_or(0, |last| last + 1);
        recorded.truncate(effective);
        Ok(recorded)
    }

    /// The recorded answer to the lane's next question; `None` when it is to be asked.
    ///
    /// # Errors
    /// When the lane asks something else than what is recorded.
    pub(super) fn replayed(&self, lane: &RunLane, asked: &Value) -> Result<Option<RecordedQuestion>, CallError> {
        let mut past = lane.past();
        let Some(next) = past.recorded.front() else {
            return Ok(None);
        };
        // One that an earlier version wrote may have secrets left out, or left in, where this one has not.
        let is_same = next.request == *asked || is_same_question(&self.redact(&next.request), asked);
        if !is_same {
            if self.settings().edits == EditPolicy::Accepted {
                past.recorded.clear();
                return Ok(None);
            }
            return Err(CallError::Diverged {
                lane: lane.item().map(str::to_owned),
                recorded: next.request.to_string(),
                asked: asked.to_string(),
            });
        }
        past.position += 1;
        Ok(past.recorded.pop_front())
    }

    pub(super) fn answer_of(&self, recorded: &RecordedQuestion) -> Result<Value, CallError> {
        self.body_of(recorded.answer.as_deref())
    }

    /// The recorded answer to a write. What the record leaves out is read again where the same thing can be read; what cannot stays the mark
    /// that no call takes.
    pub(super) async fn answer_again(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        recorded: &RecordedQuestion,
    ) -> Result<Value, CallError> {
        let answer = self.answer_of(recorded)?;
        if !lacks_something(&answer) {
            return Ok(answer);
        }
        match reading_of(call, &answer) {
            Some(read) => self.restored(lane, &read, None, answer).await,
            None => Ok(answer),
        }
    }

    /// Calls that set what was recorded, with the secrets that the record lacks as they are now. What is not there now stays the mark, which
    /// no call takes.
    pub(super) fn with_present_secrets(&self, calls: Vec<ApiCall>, now: &Value) -> Vec<ApiCall> {
        let written = self.redact(now);
        let whole = |mut call: ApiCall| {
            call.body = call.body.map(|body| restore_secrets(&body, now, &written));
            call
        };
        calls.into_iter().map(whole).collect()
    }

    /// Keeps out of all that is written down what stands now where `call`, as it was journalled, holds the mark of a secret: an undo does not
    /// know the secrets of the run.
    pub(super) fn hold_written_secrets(&self, call: &ApiCall, now: &Value) {
        let mut names = BTreeSet::new();
        marked_fields("", call.body.as_ref().unwrap_or(&Value::Null), &mut names);
        if !names.is_empty() {
            texts_of("", now, &names, &mut |secret| self.hold_secret(secret));
        }
    }

    /// What was there before a write.
    pub(super) fn before_of(&self, recorded: &RecordedQuestion) -> Result<Value, CallError> {
        self.body_of(recorded.before.as_deref())
    }

    fn body_of(&self, digest: Option<&str>) -> Result<Value, CallError> {
        match digest {
            Some(digest) => Ok(self.journal().body(digest)?),
            None => Ok(Value::Null),
        }
    }

    /// The refusal that was recorded as an answer.
    pub(super) fn refusal_of(&self, call: &ApiCall, recorded: &RecordedQuestion) -> Result<CallError, CallError> {
        let mut kept = self.answer_of(recorded)?;
        match serde_json::from_value(kept["api"].take()) {
            Ok(api) => Ok(refusal(call, okta::OktaError::Api(Box::new(api)))),
            Err(_) => Ok(CallError::Usage(kept["message"].as_str().unwrap_or_default().to_owned())),
        }
    }

    /// A call as it is kept and compared, without secrets.
    pub(super) fn asked(&self, call: &ApiCall, next: Option<&NextPage>) -> Value {
        let kind = if call.is_write() { "write" } else { "read" };
        self.without_secrets(json!({ kind: {
            "org": call.org,
            "operation": call.name(),
            "method": call.method().as_str(),
            "path": call.path,
            "arguments": call.arguments,
            "query": call.query,
            "body": call.body.as_ref().map(|body| self.redact(body)),
            "next": next.map(NextPage::as_str),
        } }))
    }
}

/// The call that reads what a write was answered with.
fn reading_of(call: &ApiCall, answer: &Value) -> Option<ApiCall> {
    let CallAction::Operation(operation) = call.action else {
        return None;
    };
    let mut arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
    let read = operation_semantics::reader_of(operation.path).or_else(|| {
        arguments.push(answer["id"].as_str()?);
        operation_semantics::reader_below(operation.path)
    });
    ApiCall::operation(&call.org, read?, &arguments).ok()
}

/// A write that may have changed something, an answer of a person, and a bulk step, whose lanes have records of their own.
fn has_effect(recorded: &RecordedQuestion) -> bool {
    let asked = |name: &str| recorded.request.get(name).is_some();
    let may_have_had = recorded.state.may_have_happened() || recorded.state == EntryState::Void;
    (recorded.is_write && may_have_had) || asked("confirm") || asked("manual") || asked("bulk")
}

/// A refusal as it is kept.
pub(super) fn kept_refusal(error: &okta::OktaError) -> Value {
    match error.api() {
        Some(api) => json!({ "api": api }),
        None => json!({ "message": error.to_string() }),
    }
}

pub(super) fn refusal(call: &ApiCall, source: okta::OktaError) -> CallError {
    CallError::Okta(Box::new(CallRefusal {
        org: call.org.clone(),
        operation: call.name(),
        method: call.method().as_str(),
        path: call.path.clone(),
        source,
        is_unknown: false,
    }))
}

/// The same of a write that may have been carried out.
pub(super) fn unknown(call: &ApiCall, source: okta::OktaError) -> CallError {
    match refusal(call, source) {
        CallError::Okta(mut refusal) => {
            refusal.is_unknown = true;
            CallError::Okta(refusal)
        }
        other => other,
    }
}
/// Names of the fields whose texts hold the mark of a secret; `name` is that of the field around.
fn marked_fields<'a>(name: &'a str, value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) if redact::holds_mark(text) => drop(found.insert(name)),
        Value::Array(items) => items.iter().for_each(|item| marked_fields(name, item, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| marked_fields(name, field, found)),
        _ => {}
    }
}

/// Tells each text in the fields of these names.
fn texts_of(name: &str, value: &Value, names: &BTreeSet<&str>, tell: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) if names.contains(name) => tell(text),
        Value::Array(items) => items.iter().for_each(|item| texts_of(name, item, names, tell)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| texts_of(name, field, names, tell)),
        _ => {}
    }
}
