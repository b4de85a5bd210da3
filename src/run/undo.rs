//! Taking back what a run did: the inverses of its writes, last first.
//!
//! What is there must be what the run left there; what somebody changed since is left alone and named. An undo is a run of its own, so
//! that it can be interrupted, taken up again, and taken back.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::aftermath::{Account, Aftermath};
use super::call::Call;
use super::door::Run;
use super::error::Error;
use super::event::Kind;
use super::fate::{Fate, Otherwise, Unanswered};
pub use super::foresight::scopes;
use super::glances::{Glances, PATIENCE};
pub use super::inverse::Inverse;
use super::items::Begun;
use super::journal::State;
use super::lane::Lane;
use super::look::{self, Seen, Sight, Verdict};
use super::steps::stands_on;
pub use super::steps::{Left, Step, plan, undone_by};
use super::writing::Held;
use crate::okta::Method;

/// So many items of a bulk step are taken back side by side.
const WIDTH: usize = 8;

const UNANSWERED: &str = "it has no answer, and no look can tell whether it happened";

/// How the undo of one step ended.
enum End {
    Undone,
    /// All but accounts in another org that the app deactivates for nobody.
    AllBut(Vec<Account>),
    Left(Left),
}

/// What a step is taken back among: all steps of the undo, and what is left of those before.
#[derive(Clone, Copy)]
struct Surroundings<'a> {
    steps: &'a [Step],
    left: &'a [Left],
}

impl Run {
    /// Takes back what `steps` name, in their order, and returns what is left.
    ///
    /// # Errors
    /// What ends a run: an interruption, a journal that cannot be written. What an org refuses is left.
    pub async fn undo(&self, lane: &Lane, steps: &[Step]) -> Result<Vec<Left>, Error> {
        let keys: Vec<String> = steps.iter().map(Step::key).collect();
        let bulk = self.bulk(lane, &keys)?;
        let mut accounts = Vec::new();
        let left = self.undo_all(lane, bulk, steps, &keys, &mut accounts).await;
        self.bulk_over(lane);
        self.remark_accounts(&accounts);
        left
    }

    async fn undo_all(
        &self,
        lane: &Lane,
        bulk: u64,
        steps: &[Step],
        keys: &[String],
        accounts: &mut Vec<Account>,
    ) -> Result<Vec<Left>, Error> {
        let mut left = Vec::new();
        let mut keys = keys.iter();
        for together in side_by_side(steps) {
            let around = Surroundings { steps, left: &left };
            let works = together.iter().zip(&mut keys).map(|(step, key)| self.undo_item(lane, bulk, step, key, around));
            let ended: Vec<_> = stream::iter(works).buffered(WIDTH).collect().await;
            let mut found = Vec::new();
            for end in ended {
                match end? {
                    End::Undone => {}
                    End::AllBut(staying) => accounts.extend(staying),
                    End::Left(one) => found.push(one),
                }
            }
            left.extend(found);
        }
        Ok(left)
    }

    async fn undo_item(
        &self,
        parent: &Lane,
        bulk: u64,
        step: &Step,
        key: &str,
        around: Surroundings<'_>,
    ) -> Result<End, Error> {
        let lane = match self.begin_item(parent, bulk, key)? {
            Begun::Lane { lane, .. } => lane,
            Begun::Done(value) => {
                self.tell_undone(step)?;
                return Ok(staying(value).map_or(End::Undone, End::AllBut));
            }
            // Only a failed item of a script is taken back within its run.
            Begun::TakingBack { .. } => return Ok(End::Left(step.left(UNANSWERED))),
        };
        lane.restore_since(step.write.time);
        let end = self.undo_step(&lane, step, around).await?;
        if !matches!(end, End::Left(_)) {
            self.tell_undone(step)?;
        }
        let told = match &end {
            End::Left(found) => Err(format!("{} of {}, {}: {}", found.operation, found.org, found.path, found.why)),
            End::AllBut(accounts) => Ok(Some(json!(accounts))),
            End::Undone => Ok(Some(Value::Null)),
        };
        self.item_ended(&lane, told)?;
        Ok(end)
    }

    async fn undo_step(&self, lane: &Lane, step: &Step, around: Surroundings<'_>) -> Result<End, Error> {
        match self.try_undo(lane, step, around).await {
            Err(error @ (Error::Okta(_) | Error::Usage(_))) => Ok(End::Left(step.left(error.to_string()))),
            Err(error @ Error::GuardRefused { guard, .. }) => {
                Ok(End::Left(step.left(format!("{error}; where it is meant, pass --allow {guard}, which is recorded"))))
            }
            ended => ended,
        }
    }

    async fn try_undo(&self, lane: &Lane, step: &Step, around: Surroundings<'_>) -> Result<End, Error> {
        if matches!(step.inverse, Inverse::Deletion) || step.write.state == State::Undone {
            return Ok(End::Undone);
        }
        let (inverse, seen) = if step.write.state == State::Unknown {
            self.settled_inverse(lane, step).await?
        } else {
            let seen = look::look(self, lane, &step.call, self.sight()).await?;
            (step.inverse.clone(), seen)
        };
        let calls = match inverse {
            Inverse::Calls(calls) => calls,
            Inverse::Deletion => return Ok(End::Undone),
            Inverse::None(why) => return Ok(End::Left(step.left(why))),
        };
        self.hold_written_secrets(&step.call, &seen.before);
        let calls = self.with_present_secrets(calls, &seen.before);
        if let Some(why) = self.why_not(lane, step, &seen, &calls, around).await? {
            return Ok(End::Left(step.left(why)));
        }
        if self.is_gone(lane, &calls).await? {
            return self.end_of_gone(lane, step, &calls).await;
        }
        self.send_inverse(lane, step, &calls).await
    }

    /// What takes back a write of which no answer is known, by what is there now, once it has had the time to be seen.
    async fn settled_inverse(&self, lane: &Lane, step: &Step) -> Result<(Inverse, Seen), Error> {
        let write = Unanswered {
            intent: step.write.entry,
            sent: step.write.time,
            before: &step.write.before,
            state: State::Unknown,
            refused: None,
            otherwise: Otherwise::NotDone,
        };
        let (fate, seen) = self.fate_by_looks(lane, &step.call, &write).await?;
        let inverse = match fate {
            Fate::Happened => {
                self.tell_settled(step, State::Settled, &seen.before)?;
                step.taking_back(&seen.before)
            }
            Fate::DidNotHappen => {
                let words = format!("{} had not happened", step.call.name());
                self.tell(lane, Kind::Note { words })?;
                self.tell_settled(step, State::Void, &Value::Null)?;
                Inverse::Deletion
            }
            Fate::Repeatable | Fate::Unknowable => Inverse::None(UNANSWERED),
        };
        Ok((inverse, seen))
    }

    /// Why a step is left as it is.
    async fn why_not(
        &self,
        lane: &Lane,
        step: &Step,
        seen: &Seen,
        calls: &[Call],
        around: Surroundings<'_>,
    ) -> Result<Option<String>, Error> {
        let needed = |left: &&Left| calls.iter().any(|call| stands_on(left, call));
        if let Some(needs) = around.left.iter().find(needed) {
            return Ok(Some(format!("{} of {} is not taken back, and needs it", needs.operation, needs.path)));
        }
        if self.has_drifted(lane, step, seen, calls).await? {
            return Ok(Some("it was changed since: it is not as the run left it".to_owned()));
        }
        if let Some(why) = self.is_in_use(lane, calls, around.steps).await? {
            return Ok(Some(why));
        }
        self.wait_for_background(lane, step).await
    }

    async fn send_inverse(&self, lane: &Lane, step: &Step, calls: &[Call]) -> Result<End, Error> {
        let mut accounts = Vec::new();
        for call in calls {
            let aftermath = match self.aftermath(lane, call, step).await? {
                Ok(aftermath) => aftermath,
                Err(why) => return Ok(End::Left(step.left(why))),
            };
            self.perform_held(lane, call, Held::ToNothing).await?;
            if let Some(left) = self.unseen(lane, step, &aftermath).await? {
                return Ok(End::Left(left));
            }
            accounts.extend(aftermath.staying);
        }
        self.restore_target(lane, step).await?;
        Ok(if accounts.is_empty() { End::Undone } else { End::AllBut(accounts) })
    }

    /// Another undo took it away: what that one started may still be on its way.
    async fn end_of_gone(&self, lane: &Lane, step: &Step, calls: &[Call]) -> Result<End, Error> {
        for call in calls {
            if let Some(aftermath) = self.earlier_aftermath(call, step)?
                && let Some(left) = self.unseen(lane, step, &aftermath).await?
            {
                return Ok(End::Left(left));
            }
        }
        self.restore_target(lane, step).await?;
        Ok(End::Undone)
    }

    /// What is left of a step when something that was started is not seen to come.
    async fn unseen(&self, lane: &Lane, step: &Step, aftermath: &Aftermath) -> Result<Option<Left>, Error> {
        let why = self.await_aftermath(lane, aftermath).await?;
        Ok(why.map(|why| Left { apps: aftermath.apps.clone(), ..step.left(why) }))
    }

    /// What was made and is deleted step by step may be gone already.
    async fn is_gone(&self, lane: &Lane, calls: &[Call]) -> Result<bool, Error> {
        let [.., delete] = calls else {
            return Ok(false);
        };
        if calls.len() < 2 || delete.method() != Method::Delete {
            return Ok(false);
        }
        // What is sent changes what would be found.
        let found =
            !lane.is_replaying() && look::look(self, lane, delete, Sight::Org).await?.verdict == Verdict::Unchanged;
        let named = json!({"gone": delete.path});
        Ok(self.value(lane, &named, || found.into())? == true)
    }

    /// An app user is taken back when provisioning has taken back what came after: his profile (and with it his place in a directory) is
    /// again what the write was answered with.
    async fn wait_for_background(&self, lane: &Lane, step: &Step) -> Result<Option<String>, Error> {
        let profile = &step.write.answer["profile"];
        if step.call.name() != "update_application_user" || !profile.is_object() {
            return Ok(None);
        }
        let mut glances = Glances::new(PATIENCE);
        let mut sight = self.sight();
        loop {
            let now = look::look(self, lane, &step.call, sight).await?.before;
            sight = Sight::Org;
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
fn side_by_side(steps: &[Step]) -> Vec<&[Step]> {
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
fn bulk_of(step: &Step) -> Option<(&str, &str)> {
    let lane = step.write.lane.as_str();
    let (parent, item) = lane.rsplit_once('/').unwrap_or(("", lane));
    let (number, _) = item.split_once(':')?;
    Some((parent, number))
}

/// Accounts that an undo of a step left when it was executed before: one of them in older journals.
fn staying(value: Value) -> Option<Vec<Account>> {
    let one = |value| serde_json::from_value(value).map(|account| vec![account]);
    let all = serde_json::from_value(value.clone()).or_else(|_| one(value));
    all.ok()
}
