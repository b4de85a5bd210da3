//! What a run would do: every write with what it changes, and how certain that is. Pure, as all reports are.

mod page;
mod text;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::difference::{self, FieldChange};
use crate::run::event::OrgLine;

pub use page::page;
pub use text::{lines, summary};

/// A plan. The same orgs give the same plan, to the letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPlan {
    pub runbook: String,
    /// Digest of the texts that run.
    pub digest: String,
    /// Parameters as JSON, without secrets.
    pub parameters: Value,
    pub orgs: Vec<OrgLine>,
    pub steps: Vec<PlanStep>,
    /// How the orgs and directories end: everything that is otherwise then, what was asked for and what follows from it.
    pub effects: Vec<PlanEffect>,
    pub manual: Vec<ManualStep>,
    /// Facts that were checked and hold.
    pub checks: u64,
    pub counts: PlanCounts,
    pub costs: Vec<PlanCost>,
    /// The least OAuth scopes that the run needs.
    pub scopes: Vec<String>,
    /// What the procedure wants told at its end.
    pub remarks: Vec<String>,
    /// Items that would fail, each with the reason.
    pub failed_items: Vec<FailedItem>,
    /// Why the procedure would stop before its end.
    pub stopped: Option<String>,
}

/// A step of the procedure with what it does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanStep {
    pub title: String,
    pub deeds: Vec<PlannedCall>,
}

/// A call that changes something, or would if it had not been done already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedCall {
    pub certainty: CallCertainty,
    /// The line of work it belongs to; empty for the main script.
    pub lane: String,
    pub item: Option<String>,
    pub org: String,
    pub operation: String,
    pub method: String,
    pub path: String,
    pub query: Value,
    pub body: Value,
    /// Names of what the path names, in its order.
    pub about: Vec<String>,
    pub changes: Vec<FieldChange>,
    /// Why nothing takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<String>,
    /// Why the org would refuse it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// Something that is otherwise in the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanEffect {
    /// Name of the org, or domain of the directory.
    pub place: String,
    /// Path in the org; GUID of an account in a directory.
    pub path: String,
    /// Its name.
    pub what: String,
    pub how: EffectKind,
    pub changes: Vec<FieldChange>,
    /// What was made, as it is then.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub made: Value,
    /// A job in the background does it, which may fail.
    pub may: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    Made,
    Changed,
    Gone,
}

/// How certain a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallCertainty {
    /// It is sent, and changes what is told.
    Will,
    /// It depends on what nobody knows beforehand: the success of a job in the background, or the effect of a call that is not known
    /// well enough.
    May,
    /// It is not sent: what it asks for is so already.
    Unchanged,
    /// The org would refuse it.
    Refused,
}

impl CallCertainty {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Will => "will",
            Self::May => "may",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// A step that a person does, and what he is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualStep {
    pub title: String,
    /// By which it is attested on the command line.
    pub name: String,
    pub how: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCounts {
    pub will: u64,
    pub may: u64,
    pub unchanged: u64,
    pub refused: u64,
    pub items: u64,
}

/// Calls that a run takes in one of an org's rate limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCost {
    pub org: String,
    /// Pattern of the paths that are counted together.
    pub bucket: String,
    pub calls: u64,
    /// Calls in a minute that are the run's share, and the seconds that its calls take at least; unknown before the first answer.
    pub per_minute: Option<u64>,
    pub seconds: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedItem {
    pub key: String,
    pub message: String,
}

impl RunPlan {
    /// Whether a run would write nothing.
    pub fn is_empty(&self) -> bool {
        self.counts.will + self.counts.may == 0
    }

    /// Writes in the plan's order.
    pub fn writes(&self) -> impl Iterator<Item = &PlannedCall> {
        let deeds = self.steps.iter().flat_map(|step| &step.deeds);
        deeds.filter(|deed| matches!(deed.certainty, CallCertainty::Will | CallCertainty::May))
    }

    fn irreversible(&self) -> impl Iterator<Item = (&PlannedCall, &str)> {
        self.writes().filter_map(|deed| Some((deed, deed.irreversible.as_deref()?)))
    }
}

/// What a write (operation and method) changes, from the images of before and after.
pub fn changes(call: (&str, &str), before: &Value, body: &Value, after: &Value) -> Vec<FieldChange> {
    difference::changes_between(call, before, body, after)
}
