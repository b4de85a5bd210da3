//! What an undo of a run would do: its writes, last first, with what takes each back.

use std::collections::BTreeSet;

use serde_json::Value;

use super::call::{ApiCall, CallAction};
use super::inverse::{WriteInverse, inverse};
use super::journal::{self, Journal, RecordedWrite};
use super::linked_org_before_image::{self, LinkedOrgImage};
use crate::okta::{HttpMethod, operations};

/// A write to take back, and what does it.
#[derive(Clone, Debug)]
pub struct UndoStep {
    pub write: RecordedWrite,
    pub call: ApiCall,
    pub inverse: WriteInverse,
}

/// What could not be taken back.
#[derive(Clone, Debug)]
pub struct NotUndone {
    /// Number of the write's intent in the journal of the run that did it.
    pub entry: u64,
    pub item: Option<String>,
    pub org: String,
    pub operation: String,
    pub path: String,
    pub why: String,
    /// Apps of the org through which something is still to come that was started: without them it would not come.
    pub apps: BTreeSet<String>,
}

/// The writes of `run` to take back, last first: those that hold, and by which it did not take back itself what a failed lane did.
/// `only`: those of the step of this title, or of the item of this key.
pub fn plan(journal: &Journal, run: &str, only: Option<&str>) -> Result<Vec<UndoStep>, journal::JournalError> {
    let writes = journal.writes(run)?;
    let undoing = journal.undoing(run)?;
    let is_undoing = |write: &RecordedWrite| undoing.iter().any(|one| one.has(write));
    let chosen = writes.into_iter().filter(|write| only.is_none_or(|only| belongs(write, only)) && !is_undoing(write));
    Ok(steps(chosen.collect()))
}

/// The run that took back the last of what `plan` would name.
pub fn undone_by(journal: &Journal, run: &str, only: Option<&str>) -> Result<Option<String>, journal::JournalError> {
    let mut writes = journal.writes(run)?;
    writes.retain(|write| only.is_none_or(|only| belongs(write, only)));
    Ok(writes.into_iter().rev().find_map(|write| write.undone_by))
}

fn belongs(write: &RecordedWrite, only: &str) -> bool {
    ["item", "step"].iter().any(|name| write.request[*name] == only)
}

pub(super) fn steps(writes: Vec<RecordedWrite>) -> Vec<UndoStep> {
    let happened = writes.into_iter().rev().filter(|write| write.state.may_have_happened());
    let mut steps: Vec<UndoStep> = happened
        .filter_map(|write| {
            let call = call_of(&write.request["write"])?;
            let inverse = WriteInverse::None("");
            let mut step = UndoStep { write, call, inverse };
            step.inverse = step.taking_back(&step.write.answer);
            Some(step)
        })
        .collect();
    let made: BTreeSet<(String, String)> = steps.iter().filter_map(made_app).collect();
    for step in &mut steps {
        if is_setting_of(step, &made) {
            step.inverse = WriteInverse::Deletion;
        }
    }
    steps
}

/// The app that a step made.
fn made_app(step: &UndoStep) -> Option<(String, String)> {
    let id = step.write.answer["id"].as_str()?;
    (step.call.name() == "create_application").then(|| (step.call.org.clone(), id.to_owned()))
}

/// What is set of an app itself, and what is beside it stays.
const SETTINGS: &[&str] = &[
    "replace_application",
    "update_feature_for_application",
    "update_default_provisioning_connection_for_application",
    "activate_default_provisioning_connection_for_application",
    "deactivate_default_provisioning_connection_for_application",
];

/// Whether a step set something of an app that is deleted with all its settings, once the people in it are taken back.
fn is_setting_of(step: &UndoStep, made: &BTreeSet<(String, String)>) -> bool {
    let Some(app) = step.call.arguments.first() else {
        return false;
    };
    SETTINGS.contains(&step.call.name().as_str()) && made.contains(&(step.call.org.clone(), app.clone()))
}

/// Whether what is left stands on what a call takes away: the thing that it is in, or the provisioning that would take it back.
pub(super) fn stands_on(left: &NotUndone, call: &ApiCall) -> bool {
    if left.org != call.org {
        return false;
    }
    let (name, path) = (call.name(), call.path.as_str());
    let thing = path.split("/lifecycle/").next().unwrap_or(path);
    let takes_away = call.method() == HttpMethod::Delete || name.starts_with("deactivate_");
    let app = |path: &str| path.split('/').take(5).collect::<Vec<_>>().join("/");
    let comes_through = |id: &String| app(path) == format!("/api/v1/apps/{id}");
    let cuts_off = SETTINGS.contains(&name.as_str()) || (takes_away && thing == app(path));
    if cuts_off && left.apps.iter().any(comes_through) {
        return true;
    }
    (takes_away && left.path.starts_with(&format!("{thing}/")))
        || (SETTINGS.contains(&name.as_str()) && app(&left.path) == app(path))
}

/// The call as it was journalled. A secret in it is not known any more: its inverse says so.
pub(super) fn call_of(kept: &Value) -> Option<ApiCall> {
    let text = |name: &str| kept[name].as_str().map(str::to_owned);
    let operation = text("operation")?;
    let action = match operations::find(&operation) {
        Some(operation) => CallAction::Operation(operation),
        None => CallAction::Direct(HttpMethod::parse(&text("method")?)?),
    };
    let texts = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let query = kept["query"].as_array().into_iter().flatten();
    Some(ApiCall {
        org: text("org")?,
        action,
        arguments: kept["arguments"].as_array().into_iter().flatten().map(texts).collect(),
        path: text("path")?,
        query: query.map(|pair| (texts(&pair[0]), texts(&pair[1]))).collect(),
        body: Some(kept["body"].clone()).filter(|body| !body.is_null()),
    })
}

impl UndoStep {
    /// Key of the item that wrote, if it was one of a bulk step.
    pub fn item(&self) -> Option<&str> {
        self.write.request["item"].as_str()
    }

    /// Names it in the undo's own journal: the number alone says nothing to a person.
    pub(super) fn key(&self) -> String {
        let of = self.item().map_or_else(|| self.call.name(), str::to_owned);
        format!("{of} #{}", self.write.entry)
    }

    /// What takes it back when it was answered with `answer`. A target that was, or may have been, there before the push stays.
    pub(super) fn taking_back(&self, answer: &Value) -> WriteInverse {
        let mut taken = inverse(&self.call, &self.write.before, answer);
        let may_have_been = |there: LinkedOrgImage<'_>| there.is_unread() || there.group().is_some();
        let is_unknown = linked_org_before_image::images_of(&self.write).next().is_none();
        if let WriteInverse::Calls(calls) = &mut taken
            && (is_unknown || linked_org_before_image::images_of(&self.write).any(may_have_been))
        {
            let queries = calls.iter_mut().flat_map(|call| &mut call.query);
            for (_, value) in queries.filter(|(name, _)| name == "deleteTargetGroup") {
                "false".clone_into(value);
            }
        }
        taken
    }

    pub(super) fn left(&self, why: impl Into<String>) -> NotUndone {
        NotUndone {
            entry: self.write.entry,
            item: self.item().map(str::to_owned),
            org: self.call.org.clone(),
            operation: self.call.name(),
            path: self.call.path.clone(),
            why: why.into(),
            apps: BTreeSet::new(),
        }
    }
}
