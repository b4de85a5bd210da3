//! Consent: what a person must say before a run writes, and who said it.

use std::sync::{Arc, Mutex, PoisonError};

/// Asks a person a yes/no question; `None` when nobody is there to answer.
pub type Asker = Arc<dyn Fn(&str) -> Option<bool> + Send + Sync>;

/// What was consented to on the command line, and how to ask for the rest.
#[derive(Clone)]
pub struct Consent {
    pub writes: Writes,
    /// Names of manual steps that the operator attests, or `all`.
    pub attest: Vec<String>,
    /// Who runs this: recorded with every attestation.
    pub operator: String,
    pub ask: Asker,
}

/// Whether writes were agreed to beforehand (`--yes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    Agreed,
    /// Before the first one.
    Ask,
    /// Before each one: a session on a production org.
    AskEach,
}

/// How a question was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    /// Nobody was there to answer.
    Nobody,
}

/// The gate before the first write. Once open it stays open for the run.
pub(super) struct Gate {
    consent: Consent,
    open: Mutex<bool>,
}

impl Gate {
    pub(super) fn new(consent: Consent) -> Self {
        let open = Mutex::new(consent.writes == Writes::Agreed);
        Self { consent, open }
    }

    /// What a yes stands for.
    pub(super) fn extent(&self) -> &'static str {
        match self.consent.writes {
            Writes::AskEach => "this",
            Writes::Agreed | Writes::Ask => "this and all further writes of the run",
        }
    }

    pub(super) fn operator(&self) -> &str {
        &self.consent.operator
    }

    /// Asks `words`; a yes opens the gate for the rest of the run.
    pub(super) fn confirm(&self, words: &str) -> Answer {
        if self.consent.writes == Writes::Agreed {
            return Answer::Yes;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.ask(words);
        *open |= answer == Answer::Yes;
        answer
    }

    /// Lets a write pass, asking once when no question has been answered yet.
    pub(super) fn pass(&self, words: &str) -> Answer {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if *open && self.consent.writes != Writes::AskEach {
            return Answer::Yes;
        }
        let answer = self.ask(words);
        *open = answer == Answer::Yes;
        answer
    }

    /// Whether the manual step `name` is attested: on the command line, or by the person asked.
    pub(super) fn attest(&self, name: &str, words: &str) -> Answer {
        if self
            .consent
            .attest
            .iter()
            .any(|given| given == name || given == "all")
        {
            return Answer::Yes;
        }
        self.ask(words)
    }

    fn ask(&self, words: &str) -> Answer {
        match (self.consent.ask)(words) {
            Some(true) => Answer::Yes,
            Some(false) => Answer::No,
            None => Answer::Nobody,
        }
    }
}
