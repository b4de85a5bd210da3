//! Asking people, and values that another execution could give otherwise. What was answered before is not asked again.

use serde_json::{Value, json};

use super::call::Call;
use super::door::Run;
use super::error::Error;
use super::event::{Event, Kind};
use super::gate::Answer;
use super::journal::{Durability, Entry, State, What};
use super::lane::Lane;
use super::telling::stamped;

impl Run {
    /// Asks a person; a yes also opens the way for writes.
    pub fn confirm(&self, lane: &Lane, words: &str) -> Result<(), Error> {
        let named = json!({ "confirm": words });
        if self.replayed(lane, &named)?.is_some() {
            return Ok(());
        }
        let answer = self.gate().confirm(words);
        let words = words.to_owned();
        let kind = Kind::Confirm { words: words.clone(), answer: answer == Answer::Yes };
        self.answered_by_person(lane, &named, answer, &stamped(lane, kind))?;
        self.consented(answer, &words)
    }

    /// Asks whether the manual step `name` is done; records who said so.
    pub fn attest(&self, lane: &Lane, name: &str, title: &str, how: &str) -> Result<(), Error> {
        let named = json!({ "manual": name });
        if self.replayed(lane, &named)?.is_some() {
            return Ok(());
        }
        let answer = self.gate().attest(name, &format!("{title}\n{how}\nIs it so?"));
        let kind = Kind::Manual {
            title: title.to_owned(),
            name: name.to_owned(),
            how: how.to_owned(),
            attested_by: (answer == Answer::Yes).then(|| self.actor().words()),
        };
        self.answered_by_person(lane, &named, answer, &stamped(lane, kind))?;
        match answer {
            Answer::Yes => Ok(()),
            _ if self.cancelled().is_cancelled() => Err(Error::Interrupted),
            _ => Err(Error::Waiting { title: title.to_owned(), name: name.to_owned() }),
        }
    }

    /// Only a yes is kept as an answer: any other ends the run, and is asked again when it is taken up.
    fn answered_by_person(&self, lane: &Lane, named: &Value, answer: Answer, event: &Event) -> Result<(), Error> {
        let yes = answer == Answer::Yes;
        let entry = Entry {
            position: yes.then(|| lane.past().next()),
            state: Some(if yes { State::Answered } else { State::Refused }),
            event: Some(event),
            request: Some(named),
            ..Entry::new(What::Value, lane.id())
        };
        self.journal().append(self.id(), &entry, Durability::Now)?;
        self.show(event);
        Ok(())
    }

    pub(super) fn ask_before_first_write(&self, lane: &Lane, call: &Call) -> Result<(), Error> {
        self.gate().unlock(&call.org).map_err(Error::Locked)?;
        let words = format!(
            "The next call changes {}: {}. Go on with {}?",
            call.org,
            self.worded(lane, call),
            self.gate().extent()
        );
        let Some(answer) = self.gate().pass(&words) else {
            return Ok(());
        };
        let confirm = Kind::Confirm { words: words.clone(), answer: answer == Answer::Yes };
        self.tell(lane, confirm)?;
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

    /// The value that was recorded under this name, where it is what the lane replays next.
    pub(super) fn recorded_value(&self, lane: &Lane, named: &Value) -> Result<Option<Value>, Error> {
        let is_next = lane.past().replays(named);
        if !is_next {
            return Ok(None);
        }
        let recorded = self.replayed(lane, named)?;
        recorded.map(|recorded| self.answer_of(&recorded)).transpose()
    }

    /// A value that `compute` gives now, and that is the same when the run is taken up again.
    pub fn value(&self, lane: &Lane, named: &Value, compute: impl FnOnce() -> Value) -> Result<Value, Error> {
        if let Some(recorded) = self.replayed(lane, named)? {
            return self.answer_of(&recorded);
        }
        let value = compute();
        let entry = Entry {
            position: Some(lane.past().next()),
            state: Some(State::Answered),
            request: Some(named),
            answer: Some(&value),
            ..Entry::new(What::Value, lane.id())
        };
        self.journal().append(self.id(), &entry, Durability::Soon)?;
        Ok(value)
    }
}
