//! Groups of the spoke in the hub: made or linked, their members added and taken away.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::super::log::{self, LogEvent};
use super::super::model::org2org_app::GroupPush;
use super::super::options::PushedNameTaken;
use super::super::service::OrgService;
use super::super::store::{OktaId, ProvisioningJob, SimulatedOrg, StoredApp, StoredGroup};
use super::group_updates;
use super::hub::{HubConnection, HubFailure, HubHttp, HubSession};
use super::hub_refusals::note_refusal;
use super::push_targets::push_mut;

/// What is wanted of the hub's group.
struct DesiredGroup {
    hub: HubConnection,
    source: OktaId,
    hub_group: Option<OktaId>,
    name: String,
    description: String,
    /// Ids in the hub of the members who are provisioned.
    members: BTreeSet<OktaId>,
    /// Number of members who are not.
    ignored: usize,
    may_link: bool,
    /// The group is there, and its id is not known here.
    unseen: bool,
}

/// The app, the mapping and the source of a job about a push.
pub(super) fn pushed_group<'a>(
    org: &'a SimulatedOrg,
    job: &ProvisioningJob,
) -> Option<(&'a StoredApp, &'a GroupPush, &'a StoredGroup)> {
    let app = org.apps.get(&job.app)?;
    let push = app.org2org.as_ref()?.pushes.get(job.account.as_ref()?)?;
    Some((app, push, org.groups.get(&push.source)?))
}

impl DesiredGroup {
    fn of(org: &SimulatedOrg, job: &ProvisioningJob) -> Option<Self> {
        let (app, push, source) = pushed_group(org, job)?;
        let provisioned = |user: &OktaId| app.users.get(user)?.external_id.clone();
        let members: BTreeSet<OktaId> = source.members.iter().filter_map(provisioned).collect();
        (push.status == "ACTIVE").then_some(())?;
        Some(Self {
            hub: HubConnection::of(app)?,
            source: push.source.clone(),
            hub_group: push.hub_group.clone(),
            name: push.name.clone(),
            description: source.description().to_owned(),
            ignored: source.members.len() - members.len(),
            members,
            may_link: push.unseen || org.options.assumptions.pushed_name_taken == PushedNameTaken::Link,
            unseen: push.unseen && push.hub_group.is_none(),
        })
    }

    async fn carry_out(&self, hub: &HubSession<'_>) -> Result<PushedGroup, HubFailure> {
        let (id, group_event) = match &self.hub_group {
            Some(id) => (id.clone(), self.describe(hub, id).await?),
            None => self.find_or_create(hub).await?,
        };
        let mut events = vec![group_event];
        events.extend(self.reconcile(hub, &id).await?);
        Ok(PushedGroup { group: id, events })
    }

    /// A group that is there gets the description of its source, and keeps its name.
    async fn describe(&self, hub: &HubSession<'_>, id: &str) -> Result<&'static str, HubFailure> {
        let now = hub.get(&format!("/api/v1/groups/{id}")).await?;
        let description = now["profile"]["description"].as_str().unwrap_or_default();
        if description == self.description {
            return Ok("application.provision.group.verify_exists");
        }
        let name = now["profile"]["name"].as_str().unwrap_or(&self.name);
        group_updates::describe(hub, id, name, &self.description).await?;
        Ok("application.provision.group.update")
    }

    /// Of a name that the hub has already, the API description says both that it is linked and that a group is created, which the hub
    /// itself refuses.
    async fn find_or_create(&self, hub: &HubSession<'_>) -> Result<(OktaId, &'static str), HubFailure> {
        let search = format!("type eq \"OKTA_GROUP\" and profile.name eq {}", json!(self.name));
        let search = utf8_percent_encode(&search, NON_ALPHANUMERIC);
        let found = hub.list(&format!("/api/v1/groups?search={search}")).await?;
        let same = found.iter().find(|group| group["profile"]["name"] == json!(self.name));
        if let Some(id) = same.filter(|_| self.may_link).and_then(|group| group["id"].as_str()) {
            return Ok((id.to_owned(), self.describe(hub, id).await?));
        }
        let body = json!({"profile": {"name": self.name, "description": self.description}});
        let made = hub.post("/api/v1/groups", &body).await?;
        let id = made["id"].as_str().unwrap_or_default().to_owned();
        Ok((id, "application.provision.group.add"))
    }

    /// Members that the source has not are taken out, only when the push is configured (help page "About Group Push").
    async fn reconcile(&self, hub: &HubSession<'_>, group: &str) -> Result<Vec<&'static str>, HubFailure> {
        let path = format!("/api/v1/groups/{group}/users");
        let present = hub.list(&format!("{path}?limit=200")).await?;
        let present: BTreeSet<OktaId> =
            present.iter().filter_map(|user| user["id"].as_str().map(str::to_owned)).collect();
        for id in self.members.difference(&present) {
            hub.put(&format!("{path}/{id}"), None).await?;
        }
        for id in present.difference(&self.members) {
            hub.delete(&format!("{path}/{id}")).await?;
        }
        let mut events = Vec::new();
        if self.members.difference(&present).next().is_some() {
            events.push(ADDED);
        }
        if present.difference(&self.members).next().is_some() {
            events.push(REMOVED);
        }
        Ok(events)
    }
}

const ADDED: &str = "application.provision.group_membership.add";
const REMOVED: &str = "application.provision.group_membership.remove";

/// A group that was pushed, and the events of what that took.
struct PushedGroup {
    group: OktaId,
    events: Vec<&'static str>,
}

/// Makes or links the group in the hub and brings its members in line.
pub(super) async fn push(service: &OrgService, line: &HubHttp, job: &ProvisioningJob) {
    let Some(wanted) = DesiredGroup::of(&service.read(), job) else {
        return;
    };
    let outcome = async { wanted.carry_out(&wanted.hub.sign_in(line).await?).await };
    let outcome = outcome.await;
    let mut org = service.write();
    let pushed = outcome.as_ref().ok();
    let group = pushed.map(|pushed| pushed.group.clone());
    let events = pushed.map(|pushed| pushed.events.clone());
    settle(&mut org, job, outcome.map(drop), group);
    for kind in events.unwrap_or_default() {
        record_event(&mut org, job, &wanted, kind, "Bring group of external application in line");
    }
    record_event(
        &mut org,
        job,
        &wanted,
        "application.provision.group_push.pushed",
        "Push group to external application",
    );
    if wanted.ignored > 0 {
        record_event(
            &mut org,
            job,
            &wanted,
            "app.user_management.grouppush.mapping.okta.users.ignored",
            "Users ignored by group push",
        );
    }
}

/// Adds or removes one member, as the source has it now.
pub(super) async fn push_member(service: &OrgService, line: &HubHttp, job: &ProvisioningJob) {
    let (wanted, user, present) = {
        let org = service.read();
        let Some(wanted) = DesiredGroup::of(&org, job) else {
            return;
        };
        let held = org.apps[&job.app].users.get(&job.user);
        let Some(user) = held.and_then(|held| held.external_id.clone()) else {
            return;
        };
        let present = wanted.members.contains(&user);
        (wanted, user, present)
    };
    if wanted.unseen {
        return push(service, line, job).await;
    }
    // The push itself is still to come, and will see the change.
    let Some(group) = wanted.hub_group.clone() else {
        return;
    };
    let path = format!("/api/v1/groups/{group}/users/{user}");
    let outcome = async {
        let hub = wanted.hub.sign_in(line).await?;
        if present { hub.put(&path, None).await.map(drop) } else { hub.delete(&path).await }
    };
    let outcome = outcome.await;
    let mut org = service.write();
    settle(&mut org, job, outcome, Some(group));
    let membership = if present { ADDED } else { REMOVED };
    let words = "Change membership in external application";
    record_event(&mut org, job, &wanted, membership, words);
    record_event(
        &mut org,
        job,
        &wanted,
        "application.provision.group_push.push_memberships",
        "Push group memberships to external application",
    );
}

/// Deletes a group of the hub whose mapping was removed with it.
pub(super) async fn delete(service: &OrgService, line: &HubHttp, job: &ProvisioningJob) {
    let hub = service.read().apps.get(&job.app).and_then(HubConnection::of);
    let (Some(hub), Some(group)) = (hub, &job.account) else {
        return;
    };
    let outcome = async {
        let path = format!("/api/v1/groups/{group}");
        hub.sign_in(line).await?.delete(&path).await
    };
    let outcome = outcome.await;
    let mut org = service.write();
    let failure = outcome.err().map(|failure| failure.reason);
    let kinds: &[&str] = match &failure {
        None => &["application.provision.group_push.delete_appgroup", "application.provision.group.remove"],
        Some(_) => &["application.provision.group_push.mapping.update.or.delete.failed"],
    };
    for kind in kinds {
        let event = LogEvent::new(kind, "Delete group in external application").on_app(&org, &job.app);
        let event = match &failure {
            Some(reason) => event.failed(reason.clone()),
            None => event,
        };
        log::record(&mut org, event);
    }
}

/// A failure stops all pushes of memberships until the mapping is activated anew.
pub(super) fn settle(
    org: &mut SimulatedOrg,
    job: &ProvisioningJob,
    outcome: Result<(), HubFailure>,
    group: Option<OktaId>,
) {
    let now = org.now();
    if let Err(failure) = &outcome {
        note_refusal(org, &job.app, failure);
    }
    let Some(push) = push_mut(org, &job.app, job.account.as_deref().unwrap_or_default()) else {
        return;
    };
    match outcome {
        Ok(()) => {
            push.hub_group = group;
            push.last_push = Some(now);
        }
        Err(failure) => {
            "ERROR".clone_into(&mut push.status);
            push.error = Some(failure.reason);
        }
    }
    push.last_updated = now;
}

fn record_event(org: &mut SimulatedOrg, job: &ProvisioningJob, wanted: &DesiredGroup, kind: &'static str, words: &str) {
    let push = push_mut(org, &job.app, job.account.as_deref().unwrap_or_default());
    let failure = push.and_then(|push| push.error.clone());
    let event = LogEvent::new(kind, words).on_app(org, &job.app).on_group(org, &wanted.source);
    let event = match failure {
        Some(reason) => event.failed(reason),
        None => event,
    };
    log::record(org, event);
}
