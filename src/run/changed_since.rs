//! Whether somebody changed what an undo is about to take back. Reads of memberships may lag behind writes, those of the undo itself
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
use crate::okta::HttpMethod;

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
            let now = pre_read::look(self, lane, &step.call, ReadFreshness::Live).await?;
            if now.verdict != WriteComparison::WouldChange {
                return Ok(false);
            }
        }
    }

    /// A membership that the run wrote a moment ago, and that no read shows, may be there all the same: it is taken back again rather than
    /// taken for gone, which changes nothing where it is gone.
    fn trust_recent_membership(&self, step: &UndoStep, seen: &CurrentState) {
        if is_membership(&step.call) && !self.lag_of(step, seen).is_zero() {
            self.read_cache().apply_write(&step.call, &Value::Null);
        }
    }

    /// Whether all of `calls` would change nothing.
    async fn is_undone(&self, lane: &RunLane, calls: &[ApiCall]) -> Result<bool, CallError> {
        for call in calls {
            let now = pre_read::look(self, lane, call, ReadFreshness::Live).await?;
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
        if self.read_cache().written_member(&step.call, READ_LAG).is_some() {
            return PATIENCE;
        }
        let written = step.write.answered.unwrap_or(step.write.time);
        let age = jiff::Timestamp::now().duration_since(written);
        // A clock that was set back makes it younger than it is.
        let age = Duration::try_from(age).unwrap_or_default();
        READ_LAG.saturating_sub(age).min(PATIENCE)
    }

    /// What of a thing that the run created, and that `calls` delete, somebody changed since: its fields, none where it is as it was made.
    pub(super) async fn changed_fields(
        &self,
        lane: &RunLane,
        step: &UndoStep,
        calls: &[ApiCall],
    ) -> Result<Vec<String>, CallError> {
        let Some(delete) = calls.last().filter(|call| call.method() == HttpMethod::Delete) else {
            return Ok(Vec::new());
        };
        let is_create = !can_drift(&step.call) && step.call.method() == HttpMethod::Post;
        if !is_create {
            return Ok(Vec::new());
        }
        let now = pre_read::look(self, lane, delete, ReadFreshness::Live).await?.before;
        let made = &step.write.answer;
        if now["id"].as_str().is_none() || now["id"] != made["id"] {
            return Ok(Vec::new());
        }
        Ok(fields_otherwise(&step.call, made, &self.redact(&now)))
    }
}

fn is_membership(call: &ApiCall) -> bool {
    matches!(operation_semantics::look(call), PreRead::Member | PreRead::NotMember)
}

/// Whether a look at the write's own wish tells if somebody changed it since. What was created is known by its id instead.
fn can_drift(call: &ApiCall) -> bool {
    !matches!(operation_semantics::look(call), PreRead::Natural(_) | PreRead::Never)
}

/// Parts of a thing that a create names and that the org fills or changes by itself.
const FILLED: &[&str] = &["accessibility", "credentials", "features", "licensing", "visibility"];

/// Names of what a create asked for, and of attributes, that are otherwise now than its answer had them. What else the org keeps with a
/// thing may change by itself.
fn fields_otherwise(create: &ApiCall, made: &Value, now: &Value) -> Vec<String> {
    let asked = create.body.as_ref().and_then(Value::as_object).into_iter().flatten();
    let is_own = |name: &str| !FILLED.contains(&name) && !operation_semantics::is_kept_by_server(name);
    let mut found = Vec::new();
    for (name, asked) in asked.filter(|(name, _)| is_own(name) && made.get(name.as_str()).is_some()) {
        let asked = if name == "profile" { &Value::Null } else { asked };
        otherwise(name, asked, &made[name], &now[name], &mut found);
    }
    found
}

/// A field that is null is as good as absent. Of objects the fields count that are asked for, all of them where `asked` names none.
fn otherwise(path: &str, asked: &Value, made: &Value, now: &Value, found: &mut Vec<String>) {
    if let (Value::Object(made), Value::Object(now)) = (made, now) {
        let names: BTreeSet<&String> = match asked {
            Value::Object(asked) => asked.keys().filter(|name| made.contains_key(*name)).collect(),
            _ => made.keys().chain(now.keys()).collect(),
        };
        for name in names {
            let at = |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
            otherwise(&format!("{path}.{name}"), &asked[name], &at(made), &at(now), found);
        }
    } else if made != now {
        found.push(path.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_created_and_changed_since_is_named_by_its_fields() {
        let body = json!({"profile": {"login": "a"}, "credentials": {}, "groupIds": []});
        let create = ApiCall::operation("okta", "create_user", &[]).expect("a call").body(Some(body));
        let made =
            json!({"id": "1", "status": "ACTIVE", "profile": {"login": "a", "title": null}, "credentials": {"x": 1}});
        let mut now = made.clone();
        now["status"] = "DEPROVISIONED".into();
        now["credentials"]["x"] = 2.into();
        assert!(fields_otherwise(&create, &made, &now).is_empty());
        now["profile"] = json!({"login": "a", "title": "Lead", "city": "Oslo"});
        assert_eq!(fields_otherwise(&create, &made, &now), ["profile.city", "profile.title"]);

        let body = json!({"label": "L", "settings": {"app": {"baseUrl": "a"}}});
        let create = ApiCall::operation("okta", "create_application", &[]).expect("a call").body(Some(body));
        let made = json!({"label": "L", "settings": {"app": {"baseUrl": "a", "filled": 1}, "notifications": {}}});
        let mut now = made.clone();
        now["settings"]["app"]["filled"] = 2.into();
        assert!(fields_otherwise(&create, &made, &now).is_empty());
        now["settings"]["app"]["baseUrl"] = "b".into();
        assert_eq!(fields_otherwise(&create, &made, &now), ["settings.app.baseUrl"]);
    }
}
