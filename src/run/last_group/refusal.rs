//! Why a removal is not sent, and what to do.

use serde_json::{Value, json};

use super::removal::MembershipRemoval;
use crate::okta;
use crate::run::call::{ALLOW_WITHOUT_GROUP, ApiCall};
use crate::run::error::CallError;
use crate::run::event::EventKind;
use crate::run::execution::Run;
use crate::run::in_use::name_some;
use crate::run::journal::EntryState;
use crate::run::lane::RunLane;

impl Run {
    /// Journals the refusal as the answer.
    pub(super) fn refuse_removal(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        position: u64,
        message: String,
    ) -> Result<CallError, CallError> {
        let kind = EventKind::Refused { call: self.call_line(call), message: message.clone() };
        let answer = json!({ "message": message });
        self.tell_unsent(lane, call, position, EntryState::Refused, kind, &answer)?;
        Ok(CallError::Usage(message))
    }

    /// A group's name for a person; its id where the name cannot be read.
    pub(super) async fn name_of_group(&self, lane: &RunLane, org: &str, group: &str) -> Result<String, CallError> {
        let found = match self.seen(lane, org, "get_group", &[group]).await {
            Err(error) if error.status() == Some(403) => Value::Null,
            found => found?,
        };
        let name = found["profile"]["name"].as_str();
        Ok(name.unwrap_or(group).to_owned())
    }

    /// The same of several, joined by `and`.
    pub(super) async fn names_of_groups(
        &self,
        lane: &RunLane,
        org: &str,
        groups: &[String],
    ) -> Result<String, CallError> {
        let mut names = Vec::new();
        for group in groups {
            names.push(self.name_of_group(lane, org, group).await?);
        }
        Ok(names.join(" and "))
    }

    /// Whether the org has no group of this id.
    pub(super) async fn is_group_gone(&self, lane: &RunLane, org: &str, group: &str) -> Result<bool, CallError> {
        match self.seen(lane, org, "get_group", &[group]).await {
            Err(error) if error.status() == Some(403) => Ok(false),
            found => Ok(found?.is_null()),
        }
    }
}

/// Whether the role of the token's owner does not show which apps a group has. Of an assignment to an app it is known that it has one.
pub(super) fn is_hidden_by_role(removal: &MembershipRemoval, error: &CallError) -> bool {
    let is_of_app = matches!(removal, MembershipRemoval::Assignment { .. });
    !is_of_app && error.status() == Some(403) && !api_of(error).is_some_and(okta::ApiError::lacks_scope)
}

/// Words for users who would lose an app with the last of its groups.
pub(super) fn words_of(
    call: &ApiCall,
    removal: &MembershipRemoval,
    groups: &str,
    app: &Value,
    without: &[Value],
) -> String {
    let are_last = if removal.groups().len() == 1 { "is the last group" } else { "are the last groups" };
    let label = app["label"].as_str().unwrap_or("an app");
    let names: Vec<String> = without.iter().map(name_of).collect();
    format!(
        "{} would lose {label} of {}: {groups} {are_last} by which it provisions them; add them to another of its groups first, or pass #{{ {ALLOW_WITHOUT_GROUP}: true }}",
        name_some(&names),
        call.org
    )
}

/// Words for a removal of which the org does not show whom it would leave without an app.
pub(super) fn words_of_unreadable(call: &ApiCall, error: &CallError) -> String {
    format!(
        "{} of {} was not sent, because it cannot be seen whether users would lose an app with the last group that provisions them ({error}); {}, or pass #{{ {ALLOW_WITHOUT_GROUP}: true }}",
        call.name(),
        call.org,
        remedy_for(error)
    )
}

fn remedy_for(error: &CallError) -> String {
    let lacking = api_of(error).filter(|api| api.lacks_scope());
    let Some(api) = lacking else {
        return "give the owner of the token a role that may view the apps of the org, their groups and the members of those".to_owned();
    };
    match api.required_scopes.as_slice() {
        [] => "grant the app the scopes okta.apps.read, okta.groups.read and okta.users.read".to_owned(),
        scopes => format!("grant the app {}", scopes.join(", ")),
    }
}

fn api_of(error: &CallError) -> Option<&okta::ApiError> {
    match error {
        CallError::Okta(refusal) => refusal.source.api(),
        _ => None,
    }
}

fn name_of(held: &Value) -> String {
    let name = held["credentials"]["userName"].as_str();
    name.or_else(|| held["id"].as_str()).unwrap_or_default().to_owned()
}
