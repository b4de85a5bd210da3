//! Taking back what a run did: the inverses of its writes, last first.
//!
//! What is there must be what the run left there; what somebody changed since is left alone and named. An undo is a run of its own, so
//! that it can be interrupted, taken up again, and taken back.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::call::ApiCall;
use super::error::CallError;
use super::event::EventKind;
use super::execution::Run;
pub use super::inverse::WriteInverse;
use super::items::ItemStart;
use super::journal::EntryState;
use super::lane::RunLane;
use super::polling::{BackoffPoller, PATIENCE};
use super::pre_read::{self, CurrentState, ReadFreshness, WriteComparison};
use super::provisioning_effects::{AwaitedAccount, ProvisioningEffects};
use super::unanswered_write::{UnansweredOutcome, UnansweredWrite, UnseenPolicy};
use super::undo_plan::stands_on;
pub use super::undo_plan::{NotUndone, UndoStep, plan, undone_by};
pub use super::undo_prefetch::scopes;
use super::writing::PlanCheck;
use crate::okta::HttpMethod;

/// So many items of a bulk step are taken back side by side.
const WIDTH: usize = 8;

const UNANSWERED: &str = "it has no answer, and no look can tell whether it happened";

/// How the undo of one step ended.
enum UndoEnd {
    Undone,
    /// All but accounts in another org that the app deactivates for nobody.
    AllBut(Vec<AwaitedAccount>),
    Left(NotUndone),
}

/// What a step is taken back among: all steps of the undo, and what is left of those before.
#[derive(Clone, Copy)]
struct UndoContext<'a> {
    steps: &'a [UndoStep],
    left: &'a [NotUndone],
}

impl Run {
    /// Takes back what `steps` name, in their order, and returns what is left.
    ///
    /// # Errors
    /// What ends a run: an interruption, a journal that cannot be written. What an org refuses is left.
    pub async fn undo(&self, lane: &RunLane, steps: &[UndoStep]) -> Result<Vec<NotUndone>, CallError> {
        let keys: Vec<String> = steps.iter().map(UndoStep::key).collect();
        let bulk = self.bulk(lane, &keys)?;
        let mut accounts = Vec::new();
        let left = self.undo_all(lane, bulk, steps, &keys, &mut accounts).await;
        self.bulk_over(lane);
        self.remark_accounts(&accounts);
        left
    }

    async fn undo_all(
        &self,
        lane: &RunLane,
        bulk: u64,
        steps: &[UndoStep],
        keys: &[String],
        accounts: &mut Vec<AwaitedAccount>,
    ) -> Result<Vec<NotUndone>, CallError> {
        let mut left = Vec::new();
        let mut keys = keys.iter();
        for together in side_by_side(steps) {
            let around = UndoContext { steps, left: &left };
            let works = together.iter().zip(&mut keys).map(|(step, key)| self.undo_item(lane, bulk, step, key, around));
            let ended: Vec<_> = stream::iter(works).buffered(WIDTH).collect().await;
            let mut found = Vec::new();
            for end in ended {
                match end? {
                    UndoEnd::Undone => {}
                    UndoEnd::AllBut(staying_accounts) => accounts.extend(staying_accounts),
                    UndoEnd::Left(one) => found.push(one),
                }
            }
            left.extend(found);
        }
        Ok(left)
    }

    async fn undo_item(
        &self,
        parent: &RunLane,
        bulk: u64,
        step: &UndoStep,
        key: &str,
        around: UndoContext<'_>,
    ) -> Result<UndoEnd, CallError> {
        let lane = match self.begin_item(parent, bulk, key)? {
            ItemStart::Lane { lane, .. } => lane,
            ItemStart::Done(value) => {
                self.tell_undone(step)?;
                return Ok(staying_accounts(value).map_or(UndoEnd::Undone, UndoEnd::AllBut));
            }
            // Only a failed item of a script is taken back within its run.
            ItemStart::TakingBack { .. } => return Ok(UndoEnd::Left(step.left(UNANSWERED))),
        };
        lane.restore_since(step.write.time);
        let end = self.undo_step(&lane, step, around).await?;
        if !matches!(end, UndoEnd::Left(_)) {
            self.tell_undone(step)?;
        }
        let told = match &end {
            UndoEnd::Left(found) => Err(format!("{} of {}, {}: {}", found.operation, found.org, found.path, found.why)),
            UndoEnd::AllBut(accounts) => Ok(Some(json!(accounts))),
            UndoEnd::Undone => Ok(Some(Value::Null)),
        };
        self.item_ended(&lane, told)?;
        Ok(end)
    }

    async fn undo_step(&self, lane: &RunLane, step: &UndoStep, around: UndoContext<'_>) -> Result<UndoEnd, CallError> {
        match self.try_undo(lane, step, around).await {
            Err(error @ (CallError::Okta(_) | CallError::Usage(_))) => Ok(UndoEnd::Left(step.left(error.to_string()))),
            Err(error @ CallError::GuardRefused { guard, .. }) => Ok(UndoEnd::Left(
                step.left(format!("{error}; where it is meant, pass --allow {guard}, which is recorded")),
            )),
            ended => ended,
        }
    }

    async fn try_undo(&self, lane: &RunLane, step: &UndoStep, around: UndoContext<'_>) -> Result<UndoEnd, CallError> {
        if matches!(step.inverse, WriteInverse::Deletion) || step.write.state == EntryState::Undone {
            return Ok(UndoEnd::Undone);
        }
        let (inverse, seen) = if step.write.state == EntryState::Unknown {
            self.settled_inverse(lane, step).await?
        } else {
            let seen = pre_read::look(self, lane, &step.call, self.sight()).await?;
            (step.inverse.clone(), seen)
        };
        let calls = match inverse {
            WriteInverse::Calls(calls) => calls,
            WriteInverse::Deletion => return Ok(UndoEnd::Undone),
            WriteInverse::None(why) => return Ok(UndoEnd::Left(step.left(why))),
        };
        self.hold_written_secrets(&step.call, &seen.before);
        let calls = self.with_present_secrets(calls, &seen.before);
        if let Some(why) = self.why_not(lane, step, &seen, &calls, around).await? {
            return Ok(UndoEnd::Left(step.left(why)));
        }
        if self.is_gone(lane, &calls).await? {
            return self.end_of_gone(lane, step, &calls).await;
        }
        self.send_inverse(lane, step, &calls).await
    }

    /// What takes back a write of which no answer is known, by what is there now, once it has had the time to be seen.
    async fn settled_inverse(
        &self,
        lane: &RunLane,
        step: &UndoStep,
    ) -> Result<(WriteInverse, CurrentState), CallError> {
        let write = UnansweredWrite {
            intent: step.write.entry,
            sent: step.write.time,
            before: &step.write.before,
            state: EntryState::Unknown,
            refused: None,
            otherwise: UnseenPolicy::NotDone,
        };
        let (fate, seen) = self.fate_by_looks(lane, &step.call, &write).await?;
        let inverse = match fate {
            UnansweredOutcome::Happened => {
                self.tell_settled(step, EntryState::Settled, &seen.before)?;
                step.taking_back(&seen.before)
            }
            UnansweredOutcome::DidNotHappen => {
                let words = format!("{} had not happened", step.call.name());
                self.emit(lane, EventKind::Note { words })?;
                self.tell_settled(step, EntryState::Void, &Value::Null)?;
                WriteInverse::Deletion
            }
            UnansweredOutcome::Repeatable | UnansweredOutcome::Unknowable => WriteInverse::None(UNANSWERED),
        };
        Ok((inverse, seen))
    }

    /// Why a step is left as it is.
    async fn why_not(
        &self,
        lane: &RunLane,
        step: &UndoStep,
        seen: &CurrentState,
        calls: &[ApiCall],
        around: UndoContext<'_>,
    ) -> Result<Option<String>, CallError> {
        let needed = |left: &&NotUndone| calls.iter().any(|call| stands_on(left, call));
        if let Some(needs) = around.left.iter().find(needed) {
            return Ok(Some(format!("{} of {} is not taken back, and needs it", needs.operation, needs.path)));
        }
        if self.has_drifted(lane, step, seen, calls).await? {
            return Ok(Some("it was changed since: it is not as the run left it".to_owned()));
        }
        let changed = self.changed_fields(lane, step, calls).await?;
        if !changed.is_empty() {
            return Ok(Some(format!("somebody changed it since it was created: {}", changed.join(", "))));
        }
        if let Some(why) = self.is_in_use(lane, calls, around.steps).await? {
            return Ok(Some(why));
        }
        self.wait_for_background(lane, step).await
    }

    async fn send_inverse(&self, lane: &RunLane, step: &UndoStep, calls: &[ApiCall]) -> Result<UndoEnd, CallError> {
        let mut accounts = Vec::new();
        for call in calls {
            let aftermath = match self.aftermath(lane, call, step).await? {
                Ok(aftermath) => aftermath,
                Err(why) => return Ok(UndoEnd::Left(step.left(why))),
            };
            self.perform_held(lane, call, PlanCheck::ToNothing).await?;
            if let Some(left) = self.unseen(lane, step, &aftermath).await? {
                return Ok(UndoEnd::Left(left));
            }
            accounts.extend(aftermath.staying);
        }
        self.restore_target(lane, step).await?;
        Ok(if accounts.is_empty() { UndoEnd::Undone } else { UndoEnd::AllBut(accounts) })
    }

    /// Another undo took it away: what that one started may still be on its way.
    async fn end_of_gone(&self, lane: &RunLane, step: &UndoStep, calls: &[ApiCall]) -> Result<UndoEnd, CallError> {
        for call in calls {
            if let Some(aftermath) = self.earlier_aftermath(call, step)?
                && let Some(left) = self.unseen(lane, step, &aftermath).await?
            {
                return Ok(UndoEnd::Left(left));
            }
        }
        self.restore_target(lane, step).await?;
        Ok(UndoEnd::Undone)
    }

    /// What is left of a step when something that was started is not seen to come.
    async fn unseen(
        &self,
        lane: &RunLane,
        step: &UndoStep,
        aftermath: &ProvisioningEffects,
    ) -> Result<Option<NotUndone>, CallError> {
        let why = self.await_aftermath(lane, aftermath).await?;
        Ok(why.map(|why| NotUndone { apps: aftermath.apps.clone(), ..step.left(why) }))
    }

    /// What was made and is deleted step by step may be gone already.
    async fn is_gone(&self, lane: &RunLane, calls: &[ApiCall]) -> Result<bool, CallError> {
        let [.., delete] = calls else {
            return Ok(false);
        };
        if calls.len() < 2 || delete.method() != HttpMethod::Delete {
            return Ok(false);
        }
        // What is sent changes what would be found.
        let found = !lane.is_replaying()
            && pre_read::look(self, lane, delete, ReadFreshness::Live).await?.verdict == WriteComparison::Unchanged;
        let named = json!({"gone": delete.path});
        Ok(self.value(lane, &named, || found.into())? == true)
    }

    /// An app user is taken back when provisioning has taken back what came after: the profile (and with it the place in a directory) is
    /// again what the write was answered with.
    async fn wait_for_background(&self, lane: &RunLane, step: &UndoStep) -> Result<Option<String>, CallError> {
        let profile = &step.write.answer["profile"];
        if step.call.name() != "update_application_user" || !profile.is_object() {
            return Ok(None);
        }
        let mut glances = BackoffPoller::new(PATIENCE);
        let mut sight = self.sight();
        loop {
            let now = pre_read::look(self, lane, &step.call, sight).await?.before;
            sight = ReadFreshness::Live;
            // The record has no secrets.
            if self.redact(&now)["profile"] == *profile {
                return Ok(None);
            }
            if glances.are_over() {
                return Ok(Some(format!(
                    "provisioning has not taken back the app user's profile: it is {}, it was {profile}",
                    now["profile"]
                )));
            }
            let reason = "provisioning to take the app user's profile back";
            self.glance(lane, &mut glances, reason).await?;
        }
    }
}

/// Steps of the same kind that items of one bulk step did are taken back side by side: they were done so.
fn side_by_side(steps: &[UndoStep]) -> Vec<&[UndoStep]> {
    let mut groups = Vec::new();
    let mut lanes = BTreeSet::new();
    let mut begin = 0;
    for (at, step) in steps.iter().enumerate() {
        let first = &steps[begin];
        let belongs =
            bulk_of(step).is_some() && bulk_of(step) == bulk_of(first) && step.call.name() == first.call.name();
        if at > begin && !(belongs && lanes.insert(&step.write.lane)) {
            groups.push(&steps[begin..at]);
            lanes.clear();
            begin = at;
        }
        lanes.insert(&step.write.lane);
    }
    groups.push(&steps[begin..]);
    groups
}

/// The lane of a bulk step, and its number in it; none for the main script.
fn bulk_of(step: &UndoStep) -> Option<(&str, &str)> {
    let lane = step.write.lane.as_str();
    let (parent, item) = lane.rsplit_once('/').unwrap_or(("", lane));
    let (number, _) = item.split_once(':')?;
    Some((parent, number))
}

/// Accounts that an undo of a step left when it was executed before: one of them in older journals.
fn staying_accounts(value: Value) -> Option<Vec<AwaitedAccount>> {
    let one = |value| serde_json::from_value(value).map(|account| vec![account]);
    let all = serde_json::from_value(value.clone()).or_else(|_| one(value));
    all.ok()
}
