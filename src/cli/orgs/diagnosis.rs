//! What a test of an org found: facts in rows, each good, doubtful or bad, with what to do.

use serde_json::{Value, json};

use crate::okta;

/// All rows of one test.
#[derive(Default)]
pub(super) struct OrgDiagnosis {
    rows: Vec<DiagnosisRow>,
}

struct DiagnosisRow {
    subject: &'static str,
    state: DiagnosisState,
    found: String,
    advice: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DiagnosisState {
    Good,
    Doubtful,
    Bad,
}

impl OrgDiagnosis {
    pub(super) fn good(&mut self, subject: &'static str, found: impl Into<String>) {
        self.add(subject, DiagnosisState::Good, found.into(), String::new());
    }

    /// Good as it is, with more to know.
    pub(super) fn noted(&mut self, subject: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(subject, DiagnosisState::Good, found.into(), advice.into());
    }

    pub(super) fn doubtful(&mut self, subject: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(subject, DiagnosisState::Doubtful, found.into(), advice.into());
    }

    pub(super) fn bad(&mut self, subject: &'static str, found: impl Into<String>, advice: impl Into<String>) {
        self.add(subject, DiagnosisState::Bad, found.into(), advice.into());
    }

    pub(super) fn failed(&mut self, subject: &'static str, error: &okta::OktaError) {
        self.bad(subject, error.to_string(), error.help().unwrap_or_default());
    }

    /// Something that cannot be looked at by these rights, and need not be.
    pub(super) fn unseen(&mut self, subject: &'static str, error: &okta::OktaError) {
        self.doubtful(subject, error.to_string(), error.help().unwrap_or_default());
    }

    pub(super) fn is_bad(&self) -> bool {
        self.rows.iter().any(|row| row.state == DiagnosisState::Bad)
    }

    pub(super) fn cells(&self) -> Vec<Vec<String>> {
        let cells = |row: &DiagnosisRow| {
            vec![row.subject.to_owned(), row.state.word().to_owned(), row.found.clone(), row.advice.clone()]
        };
        self.rows.iter().map(cells).collect()
    }

    pub(super) fn as_json(&self) -> Value {
        let shown = |row: &DiagnosisRow| json!({"subject": row.subject, "state": row.state.word(), "found": row.found, "advice": row.advice});
        self.rows.iter().map(shown).collect()
    }

    fn add(&mut self, subject: &'static str, state: DiagnosisState, found: String, advice: String) {
        self.rows.push(DiagnosisRow { subject, state, found, advice });
    }
}

impl DiagnosisState {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Doubtful => "?",
            Self::Bad => "WRONG",
        }
    }
}
