//! What many steps of an undo will look at, read by pages beforehand; what an undo costs, and which scopes it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::call::{ApiCall, CallAction};
use super::error::CallError;
use super::execution::Run;
use super::inverse::WriteInverse;
use super::journal::RunKind;
use super::lane::RunLane;
use super::linked_org_before_image;
use super::operation_semantics;
use super::pre_read::ReadFreshness;
use super::provisioning_effects;
use super::reading::ReadAsker;
use super::restore_push_target;
use super::undo_plan::UndoStep;
use crate::okta::{ApiOperation, operations};

/// Fewer steps than these look for themselves.
const MANY: usize = 10;

/// Calls of an undo in one bucket of an org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoCost {
    pub org: String,
    /// Pattern of the bucket's paths.
    pub bucket: &'static str,
    pub calls: u64,
    /// Calls a minute that are ours, and the time that these take; `None` before the first answer of the bucket.
    pub time: Option<(u64, Duration)>,
}

impl Run {
    /// Reads by pages what at least ten of `steps` look at in one list. No more pages than there are such steps: with more it would be
    /// dearer than to read one by one.
    ///
    /// # Errors
    /// What an org refuses is read one by one later; what ends a run ends this.
    pub async fn foresee(&self, lane: &RunLane, steps: &[UndoStep]) -> Result<(), CallError> {
        let mut lists: BTreeMap<(&str, String), (ApiCall, usize)> = BTreeMap::new();
        for step in steps {
            let Some(list) = list_of(&step.call) else {
                continue;
            };
            let key = (step.call.org.as_str(), list.path.clone());
            lists.entry(key).or_insert((list, 0)).1 += 1;
        }
        let many = lists.into_values().filter(|(_, steps)| *steps >= MANY);
        for (list, steps) in many {
            let read = self.read_pages(lane, &list, steps).await;
            if let Err(fatal @ (CallError::Interrupted | CallError::Journal(_))) = read {
                return Err(fatal);
            }
        }
        Ok(())
    }

    async fn read_pages(&self, lane: &RunLane, list: &ApiCall, most: usize) -> Result<(), CallError> {
        let mut next = None;
        for _ in 0..most {
            let page = self.page_asked_by(ReadAsker::Run, lane, list, next.as_ref());
            next = page.await?.next;
            if next.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Where an undo looks: a run of its own has read nothing yet but for the purpose; one within a run does not trust what was read before
    /// the failure.
    pub(super) fn sight(&self) -> ReadFreshness {
        match self.settings().procedure.kind {
            RunKind::Undo(_) => ReadFreshness::Cached,
            RunKind::Run => ReadFreshness::Live,
        }
    }

    /// Whether so many steps are to come that a list is read rather than one thing.
    pub(super) fn takes_back_many(&self) -> bool {
        let left = self.pace().left();
        matches!(self.settings().procedure.kind, RunKind::Undo(_)) && left >= MANY as u64
    }

    /// The writes of `steps` by buckets, the slowest first.
    pub fn undo_costs(&self, steps: &[UndoStep]) -> Vec<UndoCost> {
        let mut calls: BTreeMap<(&str, &'static str), u64> = BTreeMap::new();
        for step in steps {
            let WriteInverse::Calls(inverse) = &step.inverse else {
                continue;
            };
            for call in inverse {
                let bucket = crate::okta::bucket(call.method(), &call.path);
                *calls.entry((&call.org, bucket)).or_default() += 1;
            }
        }
        let cost = |((org, bucket), calls): ((&str, &'static str), u64)| {
            let client = self.settings().orgs.get(org);
            UndoCost {
                org: org.to_owned(),
                bucket,
                calls,
                time: client.and_then(|client| client.estimate_bucket(bucket, calls)),
            }
        };
        let mut costs: Vec<UndoCost> = calls.into_iter().map(cost).collect();
        costs.sort_by_key(|cost| std::cmp::Reverse((cost.time.map(|(_, time)| time), cost.calls)));
        costs
    }
}

/// The least scopes that `steps` need in an org: for the inverses, for what is looked at before them, and for what provisioning brings about
/// in the other orgs.
pub fn scopes(steps: &[UndoStep], org: &str) -> Vec<String> {
    let here = |call: &&ApiCall| call.org == org;
    let inverses = steps.iter().flat_map(|step| match &step.inverse {
        WriteInverse::Calls(calls) => calls.as_slice(),
        WriteInverse::Deletion | WriteInverse::None(_) => &[],
    });
    let calls = steps.iter().map(|step| &step.call).chain(inverses.clone());
    let seen = calls.filter(here).filter_map(|call| operation_semantics::reads_before(operation_of(call)?));
    let sent = inverses.filter(here).filter_map(operation_of);
    let watched = provisioning_effects::READS.iter();
    let restored = restore_push_target::WRITES.iter().filter(|_| restores_a_target(steps, org));
    let named = watched.chain(restored);
    let guarded = sent.clone().flat_map(operation_semantics::reads_of_guard);
    let all = seen.chain(guarded).chain(sent).chain(named.filter_map(|name| operations::find(name)));
    let scopes: BTreeSet<&str> = all.flat_map(|operation| operation.scopes.iter().copied()).collect();
    scopes.into_iter().map(str::to_owned).collect()
}

/// Whether a group of the org was the target of a push.
fn restores_a_target(steps: &[UndoStep], org: &str) -> bool {
    let mut targets = steps.iter().flat_map(|step| linked_org_before_image::images_of(&step.write));
    targets.any(|there| there.org == org && there.group().is_some())
}

fn operation_of(call: &ApiCall) -> Option<&'static ApiOperation> {
    match call.action {
        CallAction::Operation(operation) => Some(operation),
        CallAction::Direct(_) => None,
    }
}

/// The list that has what a call looks at.
fn list_of(call: &ApiCall) -> Option<ApiCall> {
    let (list, of, limit) = match (call.name().as_str(), call.arguments.as_slice()) {
        ("update_application_user" | "unassign_user_from_application", [app, _])
        | ("assign_user_to_application", [app]) => ("list_application_users", app, "500"),
        ("assign_user_to_group" | "unassign_user_from_group", [group, _]) => ("list_group_users", group, "1000"),
        _ => return None,
    };
    let list = ApiCall::operation(&call.org, list, &[of]).ok()?;
    Some(list.query("limit", limit))
}
