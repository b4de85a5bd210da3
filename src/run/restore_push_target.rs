//! Gives the target of a push back what it had before: its members and its description.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::ApiCall;
use super::error::CallError;
use super::execution::Run;
use super::lane::RunLane;
use super::linked_org_before_image::{self, LinkedOrgImage};
use super::undo_plan::UndoStep;
use super::writing::PlanCheck;

/// What is sent for it.
pub(super) const WRITES: &[&str] = &["assign_user_to_group", "unassign_user_from_group", "replace_group"];

impl Run {
    /// Whom the push took out is a member again, and whom it brought is none. Others, who came since by other ways, stay.
    pub(super) async fn restore_target(&self, lane: &RunLane, undone: &UndoStep) -> Result<(), CallError> {
        for there in linked_org_before_image::images_of(&undone.write) {
            let Some(group) = there.group() else {
                continue;
            };
            let named = json!({"restored": {"org": there.org, "group": group}});
            // What is sent changes what would be found.
            let found = if lane.is_replaying() {
                Value::Null
            } else {
                self.to_restore(lane, &undone.call, &there, group).await?
            };
            let calls = self.value(lane, &named, || found)?;
            for call in calls.as_array().into_iter().flatten() {
                self.perform_held(lane, &kept_call(there.org, call)?, PlanCheck::ToNothing).await?;
            }
        }
        Ok(())
    }

    /// The calls that restore a target.
    async fn to_restore(
        &self,
        lane: &RunLane,
        undone: &ApiCall,
        there: &LinkedOrgImage<'_>,
        group: &str,
    ) -> Result<Value, CallError> {
        let before: BTreeSet<&str> = there.members().collect();
        let now = self.members(lane, there.org, group).await?;
        let now: BTreeSet<&str> = now.iter().map(String::as_str).collect();
        let source = self.source_of(lane, undone).await?;
        let pushed = self.pushed(lane, undone, &source).await?;
        let call = |name: &str, user: &str| json!({"operation": name, "arguments": [group, user]});
        let lost = before.difference(&now);
        let brought = now.difference(&before).filter(|id| pushed.contains(**id));
        let back = lost.map(|user| call("assign_user_to_group", user));
        let away = brought.map(|user| call("unassign_user_from_group", user));
        let mut calls: Vec<Value> = back.chain(away).collect();
        calls.extend(self.description(lane, undone, there, group, &source).await?);
        Ok(calls.into())
    }

    /// Ids, in the other org, of the members whom the push has brought or may bring.
    pub(super) async fn pushed(
        &self,
        lane: &RunLane,
        undone: &ApiCall,
        source: &str,
    ) -> Result<BTreeSet<String>, CallError> {
        let org = undone.org.as_str();
        let app = undone.arguments.first().map_or("", String::as_str);
        let members = self.members(lane, org, source).await?;
        let members: BTreeSet<&str> = members.iter().map(String::as_str).collect();
        let users = ApiCall::operation(org, "list_application_users", &[app]);
        let users = users.map_err(CallError::Usage)?.query("limit", "500");
        let users = self.list(lane, &users).await?;
        let is_member = |user: &&Value| user["id"].as_str().is_some_and(|id| members.contains(id));
        let accounts = users.iter().filter(is_member);
        Ok(accounts.filter_map(|user| user["externalId"].as_str().map(str::to_owned)).collect())
    }

    /// A push brings the description of its source, too.
    async fn description(
        &self,
        lane: &RunLane,
        undone: &ApiCall,
        there: &LinkedOrgImage<'_>,
        group: &str,
        source: &str,
    ) -> Result<Option<Value>, CallError> {
        let now = self.seen(lane, there.org, "get_group", &[group]).await?;
        let source = self.seen(lane, &undone.org, "get_group", &[source]).await?;
        let of = |profile: &Value| profile["description"].as_str().unwrap_or("").to_owned();
        let (was, is) = (of(there.profile()), of(&now["profile"]));
        if is == was || is != of(&source["profile"]) {
            return Ok(None);
        }
        let mut profile = now["profile"].clone();
        profile["description"] = was.into();
        let body = json!({"profile": profile});
        Ok(Some(json!({"operation": "replace_group", "arguments": [group], "body": body})))
    }
}

fn kept_call(org: &str, kept: &Value) -> Result<ApiCall, CallError> {
    let arguments = kept["arguments"].as_array().into_iter().flatten();
    let arguments: Vec<&str> = arguments.filter_map(Value::as_str).collect();
    let name = kept["operation"].as_str().unwrap_or_default();
    let call = ApiCall::operation(org, name, &arguments).map_err(CallError::Usage)?;
    Ok(call.body(Some(kept["body"].clone()).filter(|body| !body.is_null())))
}
