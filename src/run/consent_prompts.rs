//! Asking people, and values that another execution could give otherwise. What was answered before is not asked again.

use serde_json::{Value, json};

use super::call::ApiCall;
use super::consent::ConsentAnswer;
use super::error::CallError;
use super::event::{EventKind, RunEvent};
use super::execution::Run;
use super::journal::{EntryDurability, EntryKind, EntryState, JournalEntry};
use super::lane::{RunLane, stamp_event};

impl Run {
    /// Asks a person; a yes also opens the way for writes.
    pub fn confirm(&self, lane: &RunLane, words: &str) -> Result<(), CallError> {
        let named = json!({ "confirm": words });
        if self.replayed(lane, &named)?.is_some() {
            return Ok(());
        }
        let answer = self.gate().confirm(words);
        let words = words.to_owned();
        let kind = EventKind::Confirm { words: words.clone(), answer: answer == ConsentAnswer::Yes };
        self.answered_by_person(lane, &named, answer, &stamp_event(lane, kind))?;
        self.consented(answer, &words)
    }

    /// Asks whether the manual step `name` is done; records who said so.
    pub fn attest(&self, lane: &RunLane, name: &str, title: &str, how: &str) -> Result<(), CallError> {
        let named = json!({ "manual": name });
        if self.replayed(lane, &named)?.is_some() {
            return Ok(());
        }
        let answer = self.gate().attest(name, &format!("{title}\n{how}\nIs it so?"));
        let kind = EventKind::Manual {
            title: title.to_owned(),
            name: name.to_owned(),
            how: how.to_owned(),
            attested_by: (answer == ConsentAnswer::Yes).then(|| self.actor().words()),
        };
        self.answered_by_person(lane, &named, answer, &stamp_event(lane, kind))?;
        match answer {
            ConsentAnswer::Yes => Ok(()),
            _ if self.cancelled().is_cancelled() => Err(CallError::Interrupted),
            _ => Err(CallError::Waiting { title: title.to_owned(), name: name.to_owned() }),
        }
    }

    /// Only a yes is kept as an answer: any other ends the run, and is asked again when it is taken up.
    fn answered_by_person(
        &self,
        lane: &RunLane,
        named: &Value,
        answer: ConsentAnswer,
        event: &RunEvent,
    ) -> Result<(), CallError> {
        let yes = answer == ConsentAnswer::Yes;
        let entry = JournalEntry {
            position: yes.then(|| lane.past().next()),
            state: Some(if yes { EntryState::Answered } else { EntryState::Refused }),
            event: Some(event),
            request: Some(named),
            ..JournalEntry::new(EntryKind::Value, lane.id())
        };
        self.journal().append(self.id(), &entry, EntryDurability::Now)?;
        self.show(event);
        Ok(())
    }

    pub(super) fn ask_before_first_write(&self, lane: &RunLane, call: &ApiCall) -> Result<(), CallError> {
        self.gate().unlock(&call.org).map_err(CallError::Locked)?;
        let words = format!(
            "The next call changes {}: {}. Go on with {}?",
            call.org,
            self.worded(lane, call),
            self.gate().extent()
        );
        let Some(answer) = self.gate().pass(&words) else {
            return Ok(());
        };
        let confirm = EventKind::Confirm { words: words.clone(), answer: answer == ConsentAnswer::Yes };
        self.emit(lane, confirm)?;
        self.consented(answer, &words)
    }

    fn consented(&self, answer: ConsentAnswer, words: &str) -> Result<(), CallError> {
        match answer {
            ConsentAnswer::Yes => Ok(()),
            _ if self.cancelled().is_cancelled() => Err(CallError::Interrupted),
            ConsentAnswer::No => Err(CallError::Declined(words.to_owned())),
            ConsentAnswer::Nobody => Err(CallError::Unconfirmed(words.to_owned())),
        }
    }

    /// The value that was recorded under this name, where it is what the lane replays next.
    pub(super) fn recorded_value(&self, lane: &RunLane, named: &Value) -> Result<Option<Value>, CallError> {
        let is_next = lane.past().replays(named);
        if !is_next {
            return Ok(None);
        }
        let recorded = self.replayed(lane, named)?;
        recorded.map(|recorded| self.answer_of(&recorded)).transpose()
    }

    /// The same of a value that earlier versions did not record: where another question was recorded next, it is computed again.
    pub fn lasting_value(
        &self,
        lane: &RunLane,
        named: &Value,
        compute: impl FnOnce() -> Value,
    ) -> Result<Value, CallError> {
        match self.recorded_value(lane, named)? {
            Some(recorded) => Ok(recorded),
            None if lane.is_replaying() => Ok(compute()),
            None => self.value(lane, named, compute),
        }
    }

    /// A value that `compute` gives now, and that is the same when the run is taken up again.
    pub fn value(&self, lane: &RunLane, named: &Value, compute: impl FnOnce() -> Value) -> Result<Value, CallError> {
        if let Some(recorded) = self.replayed(lane, named)? {
            return self.answer_of(&recorded);
        }
        let value = compute();
        let entry = JournalEntry {
            position: Some(lane.past().next()),
            state: Some(EntryState::Answered),
            request: Some(named),
            answer: Some(&value),
            ..JournalEntry::new(EntryKind::Value, lane.id())
        };
        self.journal().append(self.id(), &entry, EntryDurability::Soon)?;
        Ok(value)
    }
}
