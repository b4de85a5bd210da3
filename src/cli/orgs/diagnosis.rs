//! What a test of an org found: facts in rows, each good, doubtful or bad, with what to do.

use serde_json::{Value, json};

use crate::okta;

/// All rows of one test.
#[derive(Default)]
pub(super) struct Diagnosis {
    rows: Vec<Row>,
}

struct Row {
    subject: &'static str,
    state: State,
    found: String,
    advice: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Doubtful,
    Bad,
}

impl Diagnosis {
    pub(super) fn good(&mut self, subject: &'static str, found: impl Into<String>) {
        self.add(subject, State::Good, found.into(), String::new());
    }

    /// Good as it is, with more to know.
    pub(super) fn noted(&mut self, subject: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(subject, State::Good, found.into(), advice.into());
    }

    pub(super) fn doubtful(&mut self, subject: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(subject, State::Doubtful, found.into(), advice.into());
    }

    pub(super) fn bad(&mut self, subject: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(subject, State::Bad, found.into(), advice.into());
    }

    pub(super) fn failed(&mut self, subject: &'static str, error: &okta::Error) {
        self.bad(subject, error.to_string(), error.help().unwrap_or_default());
    }

    /// Something that cannot be looked at by these rights, and need not be.
    pub(super) fn unseen(&mut self, subject: &'static str, error: &okta::Error) {
        self.doubtful(subject, error.to_string(), error.help().unwrap_or_default());
    }

    pub(super) fn is_bad(&self) -> bool {
        self.rows.iter().any(|row| row.state == State::Bad)
    }

    pub(super) fn cells(&self) -> Vec<Vec<String>> {
        let cells = |row: &Row| {
            vec![row.subject.to_owned(), row.state.word().to_owned(), row.found.clone(), row.advice.clone()]
        };
        self.rows.iter().map(cells).collect()
    }

    pub(super) fn as_json(&self) -> Value {
        let shown = |row: &Row| json!({"subject": row.subject, "state": row.state.word(), "found": row.found, "advice": row.advice});
        self.rows.iter().map(shown).collect()
    }

    fn add(&mut self, subject: &'static str, state: State, found: String, advice: String) {
        self.rows.push(Row { subject, state, found, advice });
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "?",
            Self::Bad => "WRONG",
        }
    }
}
