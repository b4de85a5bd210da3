//! Consent: what a person must say before a run writes, and who said it.

use std::sync::{Arc, Mutex, PoisonError};

use super::actor::RunActor;

/// Asks a person a yes/no question; `None` when nobody is there to answer.
pub type QuestionAsker = Arc<dyn Fn(&str) -> Option<bool> + Send + Sync>;

/// Lets a run change the org of this name, asked before each write. An org that is marked as production wants a person to type its name
/// first.
pub type ProductionGuard = Arc<dyn Fn(&str) -> Result<(), LockedOrg> + Send + Sync>;

/// Why an org may not be changed; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedOrg {
    pub message: String,
    pub help: Vec<String>,
}

/// For orgs that are not locked, or whose names were typed before the run began.
pub fn no_guard() -> ProductionGuard {
    Arc::new(|_| Ok(()))
}

/// What was consented to on the command line, and how to ask for the rest.
#[derive(Clone)]
pub struct ConsentOptions {
    pub writes: WriteConsent,
    /// Names of manual steps that the operator attests, or `all`.
    pub attest: Vec<String>,
    /// Names of guards that let everything pass (`--allow`).
    pub allow: Vec<String>,
    /// Who runs this: recorded with everything that they agree to or attest.
    pub actor: RunActor,
    pub ask: QuestionAsker,
    pub unlock: ProductionGuard,
}

/// Whether writes were agreed to beforehand (`--yes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteConsent {
    Agreed,
    /// Before the first one.
    Ask,
    /// Before each one: a session on a production org.
    AskEach,
}

/// How a question was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentAnswer {
    Yes,
    No,
    /// Nobody was there to answer.
    Nobody,
}

/// The gate before the first write. Once open it stays open for the run.
pub(super) struct ConsentGate {
    consent: ConsentOptions,
    open: Mutex<bool>,
}

impl ConsentGate {
    pub(super) fn new(consent: ConsentOptions) -> Self {
        let open = Mutex::new(consent.writes == WriteConsent::Agreed);
        Self { consent, open }
    }

    /// What a yes stands for.
    pub(super) fn extent(&self) -> &'static str {
        match self.consent.writes {
            WriteConsent::AskEach => "this",
            WriteConsent::Agreed | WriteConsent::Ask => "this and all further writes of the run",
        }
    }

    pub(super) fn actor(&self) -> &RunActor {
        &self.consent.actor
    }

    /// Whether a guard of this name was told to let everything pass.
    pub(super) fn allows(&self, guard: &str) -> bool {
        self.consent.allow.iter().any(|allowed| allowed == guard)
    }

    /// Whether this org may be changed at all.
    pub(super) fn unlock(&self, org: &str) -> Result<(), LockedOrg> {
        (self.consent.unlock)(org)
    }

    /// Asks `words`; a yes opens the gate for the rest of the run.
    pub(super) fn confirm(&self, words: &str) -> ConsentAnswer {
        if self.consent.writes == WriteConsent::Agreed {
            return ConsentAnswer::Yes;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = self.ask(words);
        *open |= answer == ConsentAnswer::Yes;
        answer
    }

    /// Lets a write pass, asking once when no question has been answered yet. `None` where nothing had to be asked.
    pub(super) fn pass(&self, words: &str) -> Option<ConsentAnswer> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if *open && self.consent.writes != WriteConsent::AskEach {
            return None;
        }
        let answer = self.ask(words);
        *open = answer == ConsentAnswer::Yes;
        Some(answer)
    }

    /// Whether the manual step `name` is attested: on the command line, or by the person asked.
    pub(super) fn attest(&self, name: &str, words: &str) -> ConsentAnswer {
        if self.consent.attest.iter().any(|given| given == name || given == "all") {
            return ConsentAnswer::Yes;
        }
        self.ask(words)
    }

    fn ask(&self, words: &str) -> ConsentAnswer {
        match (self.consent.ask)(words) {
            Some(true) => ConsentAnswer::Yes,
            Some(false) => ConsentAnswer::No,
            None => ConsentAnswer::Nobody,
        }
    }
}
