//! Waits for what was started in another org, and says when it does not come.

use std::collections::BTreeSet;

use super::super::error::CallError;
use super::super::execution::Run;
use super::super::lane::RunLane;
use super::super::polling::{BackoffPoller, PATIENCE};
use super::{AwaitedEffect, ProvisioningEffects, PushEffect};

/// How far an awaited effect is.
enum EffectProgress {
    Seen,
    /// It is still to come: what is there instead.
    Pending(String),
    /// It will not come, and why.
    Failed(String),
}

impl Run {
    /// Waits for all of it; why not, when something does not come: what was not seen has not happened.
    pub(in crate::run) async fn await_aftermath(
        &self,
        lane: &RunLane,
        aftermath: &ProvisioningEffects,
    ) -> Result<Option<String>, CallError> {
        for effect in &aftermath.awaited {
            if let Some(why) = self.await_effect(lane, effect).await? {
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    async fn await_effect(&self, lane: &RunLane, effect: &AwaitedEffect) -> Result<Option<String>, CallError> {
        let mut glances = BackoffPoller::new(PATIENCE);
        loop {
            let what = match self.progress_of(lane, effect).await? {
                EffectProgress::Seen => return Ok(None),
                EffectProgress::Failed(why) => return Ok(Some(why)),
                EffectProgress::Pending(what) => what,
            };
            if glances.are_over() {
                return Ok(Some(format!(
                    "provisioning has not done it: {what}; see the tasks of the app, then undo again, which waits for it, or do it by hand"
                )));
            }
            let reason = format!("provisioning to follow: {what}");
            self.glance(lane, &mut glances, &reason).await?;
        }
    }

    async fn progress_of(&self, lane: &RunLane, effect: &AwaitedEffect) -> Result<EffectProgress, CallError> {
        Ok(match effect {
            AwaitedEffect::Deactivation { org, user } => {
                let now = self.seen(lane, org, "get_user", &[user]).await?;
                let login = now["profile"]["login"].as_str().unwrap_or(user);
                let status = now["status"].as_str().unwrap_or("there");
                seen_or(now.is_null() || status == "DEPROVISIONED", format!("{login} is still {status} in {org}"))
            }
            AwaitedEffect::Deletion { org, group } => {
                let now = self.seen(lane, org, "get_group", &[group]).await?;
                let name = now["profile"]["name"].as_str().unwrap_or(group);
                seen_or(now.is_null(), format!("the group {name} is still in {org}"))
            }
            AwaitedEffect::Push(push) => self.progress_of_push(lane, push).await?,
        })
    }

    /// It tells when it was last done, in whole seconds; and its targets tell.
    async fn progress_of_push(&self, lane: &RunLane, push: &PushEffect) -> Result<EffectProgress, CallError> {
        let arguments: Vec<&str> = push.arguments.iter().map(String::as_str).collect();
        let now = self.seen(lane, &push.org, "get_group_push_mapping", &arguments).await?;
        if let Some(why) = push_failure(&now, push) {
            return Ok(EffectProgress::Failed(why));
        }
        if now["lastPush"] != push.last {
            return Ok(EffectProgress::Seen);
        }
        let mut are_alike = !push.targets.is_empty();
        for (org, group) in &push.targets {
            let members = self.members_if_any(lane, org, group).await?;
            are_alike &= members.is_some_and(|members| members == push.members);
        }
        Ok(seen_or(are_alike, format!("the group is not yet pushed again from {}", push.org)))
    }

    /// Ids of a group's members; `None` where there is no such group.
    async fn members_if_any(
        &self,
        lane: &RunLane,
        org: &str,
        group: &str,
    ) -> Result<Option<BTreeSet<String>>, CallError> {
        match self.members(lane, org, group).await {
            Ok(members) => Ok(Some(members.into_iter().collect())),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn seen_or(is_seen: bool, what: String) -> EffectProgress {
    if is_seen { EffectProgress::Seen } else { EffectProgress::Pending(what) }
}

/// Why a push will not come: it was deleted, switched off, or has failed.
fn push_failure(mapping: &serde_json::Value, push: &PushEffect) -> Option<String> {
    let of = &push.org;
    if mapping.is_null() {
        return Some(format!("the group push of {of} was deleted meanwhile"));
    }
    if let Some(failure) = mapping["errorSummary"].as_str() {
        return Some(format!("the group push of {of} failed: {failure}"));
    }
    let status = mapping["status"].as_str().unwrap_or("without a status");
    (status != "ACTIVE").then(|| format!("the group push of {of} is {status}, no longer ACTIVE"))
}
