//! Who created a thing, as the org's System Log tells it: what was found after a create lost its answer may be somebody else's.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::actor::OrgAccount;
use super::call::ApiCall;
use super::error::CallError;
use super::execution::Run;
use super::journal::RunKind;
use super::lane::RunLane;
use super::polling::BackoffPoller;
use super::reading::ReadAsker;

/// How long the log may take to show what happened.
const LOG_LAG: Duration = Duration::from_secs(10);

/// What this product calls itself, whatever its version.
const AGENT: &str = "okta-runbook/";

/// Creates whose things have events of their own in the log. Source: Okta's catalogue of event types, `user.lifecycle.create`,
/// `group.lifecycle.create` and `application.lifecycle.create`.
const LOGGED: &[&str] = &["add_group", "create_user", "create_application"];

/// Who created a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ThingCreator {
    /// The account that the run signs in with, by this product.
    Ours,
    /// Another account, or another program.
    Another(String),
    NotKnown,
}

impl Run {
    /// Who created `thing`, which was found where `call` was to create it.
    ///
    /// # Errors
    /// What ends a run. An org that does not tell is no error.
    pub(super) async fn creator_of(
        &self,
        lane: &RunLane,
        call: &ApiCall,
        thing: &Value,
    ) -> Result<ThingCreator, CallError> {
        let (Some(id), Some(events)) = (thing["id"].as_str(), events_of(call, thing)?) else {
            return Ok(ThingCreator::NotKnown);
        };
        let accounts = self.accounts_at(&call.org)?;
        let mut glances = BackoffPoller::new(LOG_LAG);
        loop {
            let page = match self.page_asked_by(ReadAsker::Run, lane, &events, None).await {
                Ok(page) => page.body,
                Err(CallError::Okta(_)) => return Ok(ThingCreator::NotKnown),
                Err(fatal) => return Err(fatal),
            };
            if let Some(event) = page.as_array().and_then(|events| events.iter().find(|event| is_creation(event, id))) {
                return Ok(judge_event(event, &accounts));
            }
            if glances.are_over() {
                return Ok(ThingCreator::NotKnown);
            }
            self.glance(lane, &mut glances, "the System Log to tell who created what was found").await?;
        }
    }

    /// Ids of the accounts that this run, and the run that it takes back, signed in to an org with: another person may take up what one began.
    fn accounts_at(&self, org: &str) -> Result<BTreeSet<String>, CallError> {
        let mut actors = self.journal().actors(self.id())?;
        if let RunKind::Undo(undone) = &self.settings().procedure.kind {
            actors.extend(self.journal().actors(undone)?);
        }
        actors.push(self.actor().clone());
        let ids = actors.iter().filter_map(|actor| actor.account(org));
        Ok(ids.map(|account| id_of(account).to_owned()).collect())
    }
}

/// Ids by which the log names an account.
fn id_of(account: &OrgAccount) -> &str {
    match account {
        OrgAccount::User { id, .. } => id,
        OrgAccount::App { client_id } => client_id,
    }
}

/// The events of a thing from the time of its creation on; none of what the log does not tell.
fn events_of(call: &ApiCall, thing: &Value) -> Result<Option<ApiCall>, CallError> {
    let (Some(id), Some(created)) = (thing["id"].as_str(), thing["created"].as_str()) else {
        return Ok(None);
    };
    let created = created.parse::<jiff::Timestamp>().ok();
    let since = created.and_then(|created| created.checked_sub(jiff::SignedDuration::from_mins(1)).ok());
    let (Some(since), true) = (since, LOGGED.contains(&call.name().as_str())) else {
        return Ok(None);
    };
    let list = ApiCall::operation(&call.org, "list_log_events", &[]).map_err(CallError::Usage)?;
    let list = list.query("since", since.to_string()).query("filter", format!("target.id eq \"{id}\""));
    Ok(Some(list.query("limit", "20")))
}

fn is_creation(event: &Value, id: &str) -> bool {
    let kind = event["eventType"].as_str().unwrap_or_default();
    let is_target = |target: &Value| target["id"] == *id;
    kind.ends_with(".create")
        && event["outcome"]["result"] == "SUCCESS"
        && event["target"].as_array().is_some_and(|targets| targets.iter().any(is_target))
}

fn judge_event(event: &Value, accounts: &BTreeSet<String>) -> ThingCreator {
    let actor = &event["actor"];
    let name = actor["alternateId"].as_str().or_else(|| actor["id"].as_str()).unwrap_or("somebody");
    let is_known = !accounts.is_empty();
    if is_known && actor["id"].as_str().is_some_and(|id| !accounts.contains(id)) {
        return ThingCreator::Another(name.to_owned());
    }
    match event["client"]["userAgent"]["rawUserAgent"].as_str() {
        Some(agent) if !agent.starts_with(AGENT) => ThingCreator::Another(format!("{name} with another program")),
        Some(_) if is_known => ThingCreator::Ours,
        _ => ThingCreator::NotKnown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_and_a_program_make_the_creator() {
        let us = BTreeSet::from(["00u1".to_owned()]);
        let nobody = BTreeSet::new();
        let event = |actor: &str, agent: Value| json!({"actor": {"id": actor, "alternateId": "jo@acme.example"}, "client": {"userAgent": agent}});
        let ours = json!({"rawUserAgent": "okta-runbook/0.0.9"});
        let jo = ThingCreator::Another("jo@acme.example".to_owned());
        let program = ThingCreator::Another("jo@acme.example with another program".to_owned());
        for (actor, agent, account, expected) in [
            ("00u1", &ours, &us, ThingCreator::Ours),
            ("00u2", &ours, &us, jo),
            ("00u1", &json!({"rawUserAgent": "curl/8"}), &us, program.clone()),
            ("00u1", &json!({"rawUserAgent": "curl/8"}), &nobody, program),
            ("00u1", &Value::Null, &us, ThingCreator::NotKnown),
            ("00u1", &ours, &nobody, ThingCreator::NotKnown),
        ] {
            assert_eq!(judge_event(&event(actor, agent.clone()), account), expected, "{actor} {agent}");
        }
    }
}
