//! What a report is made from: all that is known of one run. Whoever calls fills it; nothing here knows of a journal.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::run::actor::RunActor;
use crate::run::event::{CallLine, OrgLine, RunCounts, RunEvent, RunOutcome};

/// One run as evidence. Secrets were redacted when it was journalled; a report adds nothing of its own to it.
#[derive(Clone, Debug)]
pub struct RunEvidence {
    pub run: String,
    pub runbook: String,
    /// Digest of the runbook's text as it ran.
    pub digest: String,
    /// Who started it, in words.
    pub operator: String,
    /// Whether the journal is as it was written, in words.
    pub journal: String,
    /// Parameters as JSON.
    pub parameters: Value,
    pub orgs: Vec<OrgLine>,
    pub started: Timestamp,
    /// `None` when the run died, or goes on.
    pub ended: Option<Timestamp>,
    /// `None` when the run died, or goes on.
    pub outcome: Option<RunOutcome>,
    pub message: Option<String>,
    /// As told at the end; all zero when there was no end, then they are counted from the rest.
    pub counts: RunCounts,
    /// Titles of the steps that the runbook's text has, in its order; empty when that text is not at hand any more. What is
    /// computed in a title is written `…`.
    pub planned_steps: Vec<String>,
    /// Everything told, in order. Writes that nothing is known of beyond their intent are in `writes` alone.
    pub events: Vec<RunEvent>,
    /// Every write whose intent was recorded, in order.
    pub writes: Vec<WriteEvidence>,
    /// Runs that reverted something of it, oldest first.
    pub undos: Vec<UndoEvidence>,
}

/// A run that reverted something of another one.
#[derive(Clone, Debug)]
pub struct UndoEvidence {
    pub run: String,
    pub started: Timestamp,
    /// Who started it; `None` where its journal is not here.
    pub actor: Option<RunActor>,
    /// Writes that it reverted.
    pub writes: u64,
}

impl RunEvidence {
    /// The parameters as one would type them, by name. Where the items of a list came from is not one of them.
    pub(super) fn given(&self) -> impl Iterator<Item = (&str, String)> {
        let all = self.parameters.as_object().into_iter().flatten();
        all.filter(|(name, value)| *name != "origins" && !value.is_null())
            .map(|(name, value)| (name.as_str(), parameter(value)))
    }
}

/// A write that was sent, or may have been.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WriteEvidence {
    pub time: Timestamp,
    /// Key of the item it was for; absent for the main script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    #[serde(flatten)]
    pub call: CallLine,
    pub state: WriteState,
    /// Why it was refused, or why its answer is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What was there when it was looked at: an object, `true` or `false` (there or not), or nothing.
    pub before: Value,
    /// Query and body.
    pub request: Value,
    /// The answer's body; nothing when Okta answers without one.
    pub after: Value,
    /// Ids of the System Log events it caused, where they were found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_event_ids: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteState {
    /// Answered with success.
    Done,
    /// Answered with an error, never sent, or not found done by a look: the org did not do it.
    Refused,
    /// Sent, or about to be, and no answer is known: it may have happened.
    Unknown,
    /// Sent without a known answer, and then sent again: the later one counts.
    Repeated,
    /// Done, and taken back since.
    Undone,
}

impl WriteState {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Repeated => "repeated",
            Self::Undone => "taken back",
        }
    }
}

/// A run without an outcome did not end in order.
pub(super) fn outcome_words(outcome: Option<RunOutcome>) -> &'static str {
    match outcome {
        Some(RunOutcome::Succeeded) => "succeeded",
        Some(RunOutcome::Partly) => "partly done",
        Some(RunOutcome::Failed) => "failed",
        Some(RunOutcome::Waiting) => "waiting for a manual step",
        Some(RunOutcome::Interrupted) => "interrupted",
        Some(RunOutcome::Stuck) => "stuck",
        None => "died",
    }
}

/// Said of a run without an outcome.
pub(super) const DIED: &str = "no outcome is recorded: the run died, or was still going on when this was written";

/// A parameter as one would type it; of a long list the beginning.
fn parameter(value: &Value) -> String {
    const SHOWN: usize = 10;
    let one = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let Some(list) = value.as_array() else {
        return one(value);
    };
    let begin: Vec<_> = list.iter().take(SHOWN).map(one).collect();
    match list.len().saturating_sub(SHOWN) {
        0 => begin.join(", "),
        more => format!("{} and {more} more", begin.join(", ")),
    }
}
