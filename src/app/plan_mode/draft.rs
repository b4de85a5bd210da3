//! From the journal of a rehearsal to the plan: steps and items in their order, names instead of ids, costs under the real limits.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::super::preparation::PreparedRunbook;
use super::super::targets::RunTargets;
use super::names::ThingNames;
use super::uncertainty::uncertain_writes;
use crate::error::CommandError;
use crate::okta;
use crate::report::plan::{
    CallCertainty, EffectKind, FailedItem, ManualStep, PlanCost, PlanCounts, PlanEffect, PlanStep, PlannedCall,
    RunPlan, changes,
};
use crate::run::event::{EventKind, ItemOutcome, OrgLine, RunEvent, count_checks};
use crate::run::journal::{BulkStep, EntryState, JournalError, RecordedWrite, UnchangedWrite};
use crate::run::undo::{self, WriteInverse};
use crate::run::{Run, renumber_placeholders};

/// What a plan is made from.
pub(super) struct PlanBuilder<'a> {
    pub(super) subject: &'a PlanHeader,
    pub(super) real: &'a RunTargets,
    pub(super) world: &'a RunTargets,
    pub(super) run: &'a Run,
    /// Why it stopped before its end.
    pub(super) stopped: Option<String>,
    pub(super) names: &'a ThingNames,
    pub(super) effects: Vec<PlanEffect>,
}

/// What a plan is one of.
pub(crate) struct PlanHeader {
    pub(crate) name: String,
    /// Digest of the texts that run.
    pub(crate) digest: String,
    pub(crate) parameters: Value,
    pub(crate) scopes: Vec<String>,
}

impl PlanHeader {
    pub(super) fn of(prepared: &PreparedRunbook) -> Self {
        let scopes = prepared.report.scopes.iter();
        Self {
            name: prepared.runbook.name.clone(),
            digest: prepared.digest_of_texts(),
            parameters: prepared.journalled().parameters,
            scopes: scopes.map(ToString::to_string).collect(),
        }
    }
}

/// A place in the order of a plan: that of the bulk steps and items that lead to it, then its own in its line of work.
type PlanPosition = Vec<(u64, usize)>;

impl PlanBuilder<'_> {
    pub(super) fn plan(&self) -> Result<RunPlan, JournalError> {
        let (journal, id) = (self.run.journal(), self.run.id());
        let events = journal.events(id)?;
        let steps = self.steps(&events)?;
        let plan = RunPlan {
            runbook: self.subject.name.clone(),
            digest: self.subject.digest.clone(),
            parameters: self.run.redacted(&self.subject.parameters),
            orgs: self.orgs(),
            counts: counts(&steps, &events),
            steps,
            effects: self.effects.clone(),
            manual: manual(&events),
            checks: events.iter().map(passed_checks).sum(),
            costs: self.costs(),
            scopes: self.subject.scopes.clone(),
            remarks: remarks(&events),
            failed_items: failed_items(&events),
            stopped: self.stopped.clone(),
        };
        Ok(rename_placeholders(plan))
    }

    fn steps(&self, events: &[RunEvent]) -> Result<Vec<PlanStep>, JournalError> {
        let (journal, id) = (self.run.journal(), self.run.id());
        let bulks = journal.bulks(id)?;
        let order = ItemOrder::of(&bulks);
        let known = CallKnowledge {
            names: self.names,
            uncertain: self.world.ledger().map(|ledger| uncertain_writes(events, ledger)).unwrap_or_default(),
            refusals: refusals(events),
            inverses: undo::plan(journal, id, None)?.into_iter().map(|step| (step.write.entry, step.inverse)).collect(),
        };
        let mut deeds: Vec<(PlanPosition, String, PlannedCall)> = Vec::new();
        for write in journal.writes(id)? {
            let place = order.place(&write.lane, write.entry);
            deeds.push((place, step_of(&write), known.deed(&write)));
        }
        for unchanged in journal.unchanged(id)? {
            let place = order.place(&unchanged.lane, unchanged.entry);
            let title = unchanged.event.step.clone().unwrap_or_default();
            deeds.extend(known.unchanged(&unchanged).map(|deed| (place, title, deed)));
        }
        deeds.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        Ok(gather_steps(deeds))
    }

    fn orgs(&self) -> Vec<OrgLine> {
        let line = |(name, client): (&String, &std::sync::Arc<okta::OktaClient>)| OrgLine {
            name: name.clone(),
            url: client.base_url().to_string(),
            profile: self.real.profiles.get(name).cloned(),
        };
        self.real.orgs.iter().map(line).collect()
    }

    /// The calls of the rehearsal, which are those of the run, under the real orgs' limits.
    fn costs(&self) -> Vec<PlanCost> {
        let mut costs = Vec::new();
        for (name, client) in &self.world.orgs {
            let real = self.real.orgs.get(name).map(|client| client.rates()).unwrap_or_default();
            for rate in client.rates().iter().filter(|rate| rate.total > 0) {
                let known = real.iter().find(|known| known.bucket == rate.bucket);
                let share = known.map(|known| known.share.max(1));
                costs.push(PlanCost {
                    org: name.clone(),
                    bucket: rate.bucket.to_owned(),
                    calls: rate.total,
                    per_minute: share,
                    seconds: share.map(|share| (rate.total * 60).div_ceil(share)),
                });
            }
        }
        costs
    }
}

/// What is known of calls beside the journal's entries.
struct CallKnowledge<'a> {
    names: &'a ThingNames,
    uncertain: HashSet<String>,
    refusals: HashMap<String, String>,
    inverses: HashMap<u64, WriteInverse>,
}

impl CallKnowledge<'_> {
    fn deed(&self, write: &RecordedWrite) -> PlannedCall {
        let call = &write.request["write"];
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        let id = write.request_id.as_deref().unwrap_or_default();
        let refused = write.state == EntryState::Refused;
        let certainty = match (refused, self.uncertain.contains(id)) {
            (true, _) => CallCertainty::Refused,
            (false, true) => CallCertainty::May,
            (false, false) => CallCertainty::Will,
        };
        let arguments = call["arguments"].as_array().into_iter().flatten();
        let org = text("org");
        let (operation, method) = (text("operation"), text("method"));
        PlannedCall {
            certainty,
            lane: write.lane.clone(),
            item: write.request["item"].as_str().map(str::to_owned),
            path: text("path"),
            query: call["query"].clone(),
            about: arguments.filter_map(Value::as_str).map(|id| self.names.of_id(&org, id)).collect(),
            changes: changes((&operation, &method), &write.before, &call["body"], &write.answer),
            body: call["body"].clone(),
            irreversible: match self.inverses.get(&write.entry) {
                Some(WriteInverse::None(why)) if !refused => Some((*why).to_owned()),
                _ => None,
            },
            refusal: refused.then(|| self.refusals.get(id).cloned()).flatten(),
            org,
            operation,
            method,
        }
    }

    fn unchanged(&self, unchanged: &UnchangedWrite) -> Option<PlannedCall> {
        let EventKind::Unchanged(call) = &unchanged.event.kind else {
            return None;
        };
        Some(PlannedCall {
            certainty: CallCertainty::Unchanged,
            lane: unchanged.lane.clone(),
            item: unchanged.event.item.clone(),
            org: call.org.clone(),
            operation: call.operation.clone(),
            method: call.method.clone(),
            path: call.path.clone(),
            query: Value::Null,
            body: Value::Null,
            about: self.names.in_path(&call.org, &call.path),
            changes: Vec::new(),
            irreversible: None,
            refusal: None,
        })
    }
}

/// Where the items of bulk steps stand.
struct ItemOrder<'a> {
    /// By lane and number of the bulk step.
    bulks: HashMap<(&'a str, u64), BegunBulk>,
}

/// The entry that began a bulk step, and the places of its items.
type BegunBulk = (u64, HashMap<String, usize>);

impl<'a> ItemOrder<'a> {
    fn of(bulks: &'a [BulkStep]) -> Self {
        let of_bulk = |bulk: &'a BulkStep| {
            let keys = bulk.keys.iter().enumerate();
            let keys = keys.map(|(index, key)| (escape_key(key), index)).collect();
            ((bulk.lane.as_str(), bulk.number), (bulk.entry, keys))
        };
        Self { bulks: bulks.iter().map(of_bulk).collect() }
    }

    /// The place of an entry of a lane such as `1:ada/2:group`.
    fn place(&self, lane: &str, entry: u64) -> PlanPosition {
        let mut place = Vec::new();
        let mut end = 0;
        for part in lane.split('/').filter(|part| !part.is_empty()) {
            let parent = lane[..end].trim_end_matches('/');
            end += part.len() + 1;
            let found = part.split_once(':').and_then(|(number, key)| {
                let (begun, keys) = self.bulks.get(&(parent, number.parse().ok()?))?;
                Some((*begun, keys.get(key).copied()?))
            });
            place.push(found.unwrap_or_default());
            end = end.min(lane.len());
        }
        place.push((entry, 0));
        place
    }
}

/// A key as it stands in a lane's id.
fn escape_key(key: &str) -> String {
    key.replace('%', "%25").replace('/', "%2F")
}

fn step_of(write: &RecordedWrite) -> String {
    write.request["step"].as_str().unwrap_or_default().to_owned()
}

/// Neighbours of one title are one step.
fn gather_steps(deeds: Vec<(PlanPosition, String, PlannedCall)>) -> Vec<PlanStep> {
    let mut steps: Vec<PlanStep> = Vec::new();
    for (_, title, deed) in deeds {
        match steps.last_mut() {
            Some(step) if step.title == title => step.deeds.push(deed),
            _ => steps.push(PlanStep { title, deeds: vec![deed] }),
        }
    }
    steps
}

fn counts(steps: &[PlanStep], events: &[RunEvent]) -> PlanCounts {
    let of = |certainty| {
        let deeds = steps.iter().flat_map(|step| &step.deeds);
        deeds.filter(|deed| deed.certainty == certainty).count() as u64
    };
    let items: HashSet<&String> = events.iter().filter_map(|event| event.item.as_ref()).collect();
    PlanCounts {
        will: of(CallCertainty::Will),
        may: of(CallCertainty::May),
        unchanged: of(CallCertainty::Unchanged),
        refused: of(CallCertainty::Refused),
        items: items.len() as u64,
    }
}

/// Facts that an event tells to hold.
fn passed_checks(event: &RunEvent) -> u64 {
    match &event.kind {
        EventKind::Check { passed: true, items, .. } => count_checks(items) as u64,
        _ => 0,
    }
}

/// Questions to a person, each once.
fn manual(events: &[RunEvent]) -> Vec<ManualStep> {
    let mut found: Vec<ManualStep> = Vec::new();
    for event in events {
        if let EventKind::Manual { title, name, how, .. } = &event.kind {
            let one = ManualStep { title: title.clone(), name: name.clone(), how: how.clone() };
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found
}

fn remarks(events: &[RunEvent]) -> Vec<String> {
    let last = events.iter().rev().find_map(|event| match &event.kind {
        EventKind::Outcome { remarks, .. } => Some(remarks.clone()),
        _ => None,
    });
    last.unwrap_or_default()
}

fn failed_items(events: &[RunEvent]) -> Vec<FailedItem> {
    let mut failed: Vec<FailedItem> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Item { key, outcome: ItemOutcome::Failed, message } => {
                Some(FailedItem { key: key.clone(), message: message.clone().unwrap_or_default() })
            }
            _ => None,
        })
        .collect();
    // They end in no order that could be foreseen.
    failed.sort_by(|one, other| one.key.cmp(&other.key));
    failed
}

/// Why calls were refused, by request.
fn refusals(events: &[RunEvent]) -> HashMap<String, String> {
    let refused = events.iter().filter_map(|event| match &event.kind {
        EventKind::Refused { call, message } => Some((call.request_id.clone()?, message.clone())),
        _ => None,
    });
    refused.collect()
}

/// Placeholders numbered in the order of the plan.
fn rename_placeholders(plan: RunPlan) -> RunPlan {
    let text = serde_json::to_string(&plan).unwrap_or_default();
    serde_json::from_str(&renumber_placeholders(&text)).unwrap_or(plan)
}

/// How the shadows end, without the secrets of the run that was tried in them.
pub(super) async fn effects(
    world: &RunTargets,
    names: &ThingNames,
    run: &Run,
) -> Result<Vec<PlanEffect>, CommandError> {
    let mut effects: Vec<PlanEffect> = Vec::new();
    for (org, client) in &world.orgs {
        let ends = client.look("/simulator/shadow").await;
        let ends = ends.map_err(|error| CommandError::failed(error.to_string()))?.body;
        let found = ends.as_array().into_iter().flatten();
        for effect in found.map(|end| without_secrets(run, effect(org, names, end))) {
            let says_nothing = effect.how == EffectKind::Changed && effect.changes.is_empty();
            // All orgs tell of the directories that they share.
            if !says_nothing && !effects.contains(&effect) {
                effects.push(effect);
            }
        }
    }
    // Ids of what is made come in no order that could be foreseen.
    effects.sort_by(|one, other| (&one.place, &one.what).cmp(&(&other.place, &other.what)));
    Ok(effects)
}

/// Fields that tell when something happens, which a plan cannot.
const TIMES: &[&str] = &[
    "created",
    "lastUpdated",
    "lastMembershipUpdated",
    "lastSync",
    "lastPush",
    "activated",
    "statusChanged",
    "passwordChanged",
];

fn without_times(thing: &Value) -> Value {
    let mut thing = thing.clone();
    if let Some(fields) = thing.as_object_mut() {
        fields.retain(|name, _| !TIMES.contains(&name.as_str()));
    }
    thing
}

fn effect(org: &str, names: &ThingNames, end: &Value) -> PlanEffect {
    let (before, after) = (&end["before"], &end["after"]);
    let path = end["path"].as_str().unwrap_or_default();
    let how = match (before, after) {
        (Value::Null, _) => EffectKind::Made,
        (_, Value::Null) => EffectKind::Gone,
        _ => EffectKind::Changed,
    };
    let made = how == EffectKind::Made;
    let (place, what) = match path.strip_prefix('/') {
        Some(_) => (org.to_owned(), names.of_path(org, path)),
        None => of_directory(path, before, after),
    };
    PlanEffect {
        place,
        path: path.to_owned(),
        what,
        how,
        changes: if made || after.is_null() {
            Vec::new()
        } else {
            let mut changes = changes(("", "PUT"), before, &Value::Null, after);
            changes.retain(|change| !TIMES.contains(&change.field.as_str()));
            changes
        },
        made: if made { without_times(after) } else { Value::Null },
        may: end["guess"] == true,
    }
}

/// What changed is told although both values of it are secrets: hence the changes are looked for first.
fn without_secrets(run: &Run, mut effect: PlanEffect) -> PlanEffect {
    let text = |field: &str, text: &str| {
        let name = field.rsplit('.').next().unwrap_or(field);
        let redacted = run.redacted(&json!({ name: text }));
        redacted[name].as_str().map_or_else(|| redacted[name].to_string(), str::to_owned)
    };
    for change in &mut effect.changes {
        change.before = text(&change.field, &change.before);
        change.after = text(&change.field, &change.after);
    }
    effect.what = text("", &effect.what);
    effect.made = run.redacted(&effect.made);
    effect
}

fn of_directory(path: &str, before: &Value, after: &Value) -> (String, String) {
    let (domain, guid) = path.split_once('/').unwrap_or((path, ""));
    let cn = [after, before].into_iter().find_map(|row| row["cn"].as_str()).unwrap_or(guid);
    (domain.to_owned(), format!("account {cn}"))
}
