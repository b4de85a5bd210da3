//! Name and description of a pushed group in the hub: they follow those of the source (help page "About Group Push").

use serde_json::json;

use super::super::log::{self, LogEvent};
use super::super::service::OrgService;
use super::super::store::{OktaId, ProvisioningJob, SimulatedOrg};
use super::groups::{pushed_group, settle};
use super::hub::{HubConnection, HubFailure, HubHttp, HubSession};

/// What the hub's group shall be called.
struct DesiredGroupName {
    hub: HubConnection,
    source: OktaId,
    hub_group: OktaId,
    name: String,
    description: String,
}

impl DesiredGroupName {
    /// `None` while the group is not there: the push itself, still to come, brings the new name.
    fn of(org: &SimulatedOrg, job: &ProvisioningJob) -> Option<Self> {
        let (app, push, source) = pushed_group(org, job)?;
        Some(Self {
            hub: HubConnection::of(app)?,
            source: push.source.clone(),
            hub_group: push.hub_group.clone()?,
            name: push.name.clone(),
            description: source.description().to_owned(),
        })
    }
}

/// Whether the group of the hub gets another name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GroupRename {
    Changes,
    Stays,
}

impl GroupRename {
    /// The event of the change, done or failed.
    fn kind(self, failed: bool) -> &'static str {
        match (self == Self::Changes, failed) {
            (true, false) => "application.provision.group_push.mapping.app.group.renamed",
            (true, true) => "application.provision.group_push.mapping.app.group.renamed.failed",
            (false, false) => "application.provision.group_push.updated",
            (false, true) => "application.provision.group_push.mapping.update.or.delete.failed",
        }
    }
}

/// Renames the group of the hub, or describes it anew.
pub(super) async fn update(service: &OrgService, line: &HubHttp, job: &ProvisioningJob) {
    let Some(wanted) = DesiredGroupName::of(&service.read(), job) else {
        return;
    };
    let mut name = GroupRename::Stays;
    let outcome = async {
        let hub = wanted.hub.sign_in(line).await?;
        let path = format!("/api/v1/groups/{}", wanted.hub_group);
        if hub.get(&path).await?["profile"]["name"] != json!(wanted.name) {
            name = GroupRename::Changes;
        }
        describe(&hub, &wanted.hub_group, &wanted.name, &wanted.description).await
    };
    let outcome = outcome.await;
    let mut org = service.write();
    let failure = outcome.as_ref().err().map(|failure| failure.reason.clone());
    settle(&mut org, job, outcome, Some(wanted.hub_group.clone()));
    let kind = name.kind(failure.is_some());
    record_event(&mut org, job, &wanted, kind, failure.as_deref());
}

/// Gives a group of the hub this name and description.
pub(super) async fn describe(
    hub: &HubSession<'_>,
    group: &str,
    name: &str,
    description: &str,
) -> Result<(), HubFailure> {
    let body = json!({"profile": {"name": name, "description": description}});
    let path = format!("/api/v1/groups/{group}");
    hub.put(&path, Some(&body)).await.map(drop)
}

fn record_event(
    org: &mut SimulatedOrg,
    job: &ProvisioningJob,
    wanted: &DesiredGroupName,
    kind: &'static str,
    failure: Option<&str>,
) {
    for kind in [kind, "application.provision.group.update"] {
        let event = LogEvent::new(kind, "Update group in external application")
            .on_app(org, &job.app)
            .on_group(org, &wanted.source);
        let event = match failure {
            Some(reason) => event.failed(reason),
            None => event,
        };
        log::record(org, event);
    }
}
