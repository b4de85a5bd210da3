//! Whether somebody changed or uses what an undo is about to take back. Reads of memberships may lag behind writes, those of the undo itself
//! included: what is not as expected is looked at again before it counts as somebody's change.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::call::ApiCall;
use super::error::CallError;
use super::execution::Run;
use super::lane::RunLane;
use super::operation_semantics::{self, PreRead};
use super::polling::{BackoffPoller, PATIENCE};
use super::pre_read::{self, CurrentState, ReadFreshness, WriteComparison};
use super::read_cache::READ_LAG;
use super::undo_plan::UndoStep;

/// Users who are named.
const NAMED: usize = 10;

impl Run {
    /// Whether what is there is not what the run left there, nor what was there before it.
    pub(super) async fn has_drifted(
        &self,
        lane: &RunLane,
        step: &UndoStep,
        seen: &CurrentState,
        calls: &[ApiCall],
    ) -> Result<bool, CallError> {
        if !can_drift(&step.call) || seen.verdict != WriteComparison::WouldChange {
            return Ok(false);
        }
        // What takes it back was sent when the undo was executed before: the change is its own.
        if lane.is_replaying() {
            return Ok(false);
        }
        let mut glances = BackoffPoller::new(self.lag_of(step, seen));
        loop {
            if self.is_undone(lane, calls).await? {
                self.trust_recent_membership(step, seen);
                return Ok(false);
            }
            if glances.are_over() {
                return Ok(true);
            }
            let reason = "the org to show what was written last";
            self.glance(lane, &mut glances, reason).await?;
            let now = pre_read::look(self, lane, &step.call, ReadFreshness::Org).await?;
            if now.verdict != WriteComparison::WouldChange {
                return Ok(false);
            }
        }
    }

    /// A membership that the run wrote a moment ago, and that no read shows, may be there all the same: it is taken back again rather than
    /// taken for gone, which changes nothing where it is gone.
    fn trust_recent_membership(&self, step: &UndoStep, seen: &CurrentState) {
        if is_membership(&step.call) && !self.lag_of(step, seen).is_zero() {
            self.picture().wrote(&step.call, &Value::Null);
        }
    }

    /// Whether all of `calls` would change nothing.
    async fn is_undone(&self, lane: &RunLane, calls: &[ApiCall]) -> Result<bool, CallError> {
        for call in calls {
            let now = pre_read::look(self, lane, call, ReadFreshness::Org).await?;
            if now.verdict != WriteComparison::Unchanged {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How long it may take until a read shows what was written last: memberships, and what is new, lag.
    fn lag_of(&self, step: &UndoStep, seen: &CurrentState) -> Duration {
        if !is_membership(&step.call) && !seen.before.is_null() {
            return Duration::ZERO;
        }
        if self.picture().written_member(&step.call, READ_LAG).is_some() {
            return PATIENCE;
        }
        let written = step.write.answered.unwrap_or(step.write.time);
        let age = jiff::Timestamp::now().duration_since(written);
        // A clock that was set back makes it younger than it is.
        let age = Duration::try_from(age).unwrap_or_default();
        READ_LAG.saturating_sub(age).min(PATIENCE)
    }

    /// Who uses what `calls` delete: members of a group that the run did not bring, users of an app that it did not assign.
    pub(super) async fn is_in_use(
        &self,
        lane: &RunLane,
        calls: &[ApiCall],
        steps: &[UndoStep],
    ) -> Result<Option<String>, CallError> {
        for call in calls {
            let why = match call.name().as_str() {
                "delete_group" => self.has_members(lane, call, steps).await?,
                "delete_application" => self.has_users(lane, call, steps).await?,
                _ => None,
            };
            if why.is_some() {
                return Ok(why);
            }
        }
        Ok(None)
    }

    /// Those whom this undo took out are waited for; who else is a member uses the group.
    async fn has_members(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        steps: &[UndoStep],
    ) -> Result<Option<String>, CallError> {
        let members = ApiCall::operation(&call.org, "list_group_users", &[&call.arguments[0]])
            .map_err(CallError::Usage)?
            .query("limit", "200");
        let brought = brought_by(steps, call);
        let mut glances = BackoffPoller::new(PATIENCE);
        loop {
            let now = self.list_if_any(lane, &members).await?;
            let others = names_of(now.iter().filter(|user| !is_among(&brought, user)));
            if !others.is_empty() {
                let words = "the group has members that the run did not bring";
                return Ok(Some(format!("{words}: {}", name_some(&others))));
            }
            if now.is_empty() {
                return Ok(None);
            }
            if glances.are_over() {
                let words = "the group still has members whom the undo took out, or who came back";
                return Ok(Some(format!("{words}: {}", name_some(&names_of(now.iter())))));
            }
            let reason = "the group to be seen without the members that were taken out";
            self.glance(lane, &mut glances, reason).await?;
        }
    }

    /// Without the app nobody would deactivate the accounts of its users.
    async fn has_users(&self, lane: &RunLane, call: &ApiCall, steps: &[UndoStep]) -> Result<Option<String>, CallError> {
        let users = ApiCall::operation(&call.org, "list_application_users", &[&call.arguments[0]])
            .map_err(CallError::Usage)?
            .query("limit", "200");
        let brought = brought_by(steps, call);
        let now = self.list_if_any(lane, &users).await?;
        let strangers = now.iter().filter(|user| user["externalId"].is_string() && !is_among(&brought, user));
        let strangers = names_of(strangers);
        Ok((!strangers.is_empty())
            .then(|| format!("the app has provisioned users that the run did not assign: {}", name_some(&strangers))))
    }

    /// A list, empty where what it is of is not there.
    async fn list_if_any(&self, lane: &RunLane, list: &ApiCall) -> Result<Vec<Value>, CallError> {
        match self.list(lane, list).await {
            Err(error) if error.status() == Some(404) => Ok(Vec::new()),
            listed => listed,
        }
    }
}

fn is_membership(call: &ApiCall) -> bool {
    matches!(operation_semantics::look(call), PreRead::Member | PreRead::NotMember)
}

/// Ids of the users whom `steps` brought into what `call` deletes.
fn brought_by(steps: &[UndoStep], call: &ApiCall) -> BTreeSet<String> {
    let deleted = call.arguments.first();
    let of_steps = steps.iter().filter(|step| step.call.org == call.org);
    let brought = of_steps.filter_map(|step| {
        let arguments = &step.call.arguments;
        match step.call.name().as_str() {
            "assign_user_to_group" if arguments.first() == deleted => arguments.get(1).cloned(),
            "assign_user_to_application" if arguments.first() == deleted => {
                step.write.answer["id"].as_str().map(str::to_owned)
            }
            _ => None,
        }
    });
    brought.collect()
}

/// A script may name a user by login.
fn is_among(brought: &BTreeSet<String>, user: &Value) -> bool {
    [&user["id"], &user["profile"]["login"]].iter().any(|name| name.as_str().is_some_and(|name| brought.contains(name)))
}

fn names_of<'a>(users: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let name = |user: &Value| {
        let login = user["profile"]["login"].as_str();
        let name = login.or_else(|| user["credentials"]["userName"].as_str());
        name.or_else(|| user["id"].as_str()).map(str::to_owned)
    };
    users.filter_map(name).collect()
}

/// The first of some names, and how many more there are.
pub(super) fn name_some(names: &[String]) -> String {
    let first = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Whether a look at the write's own wish tells if somebody changed it since. What was created is known by its id instead.
fn can_drift(call: &ApiCall) -> bool {
    !matches!(operation_semantics::look(call), PreRead::Natural(_) | PreRead::Never)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ten_are_named_and_the_others_counted() {
        let names: Vec<String> = (0..12).map(|number| format!("u{number}")).collect();
        assert_eq!(name_some(&names[..2]), "u0, u1");
        assert!(name_some(&names).ends_with("u9 and 2 more"), "{}", name_some(&names));
    }
}
