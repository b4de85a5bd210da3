//! Does what the queue holds for hubs, one job after the other, so that a group comes after its people.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::super::service::OrgService;
use super::super::store::{JobKind, ProvisioningJob, SimulatedOrg};
use super::hub::{HubConnection, HubHttp};
use super::{group_updates, groups, import, passwords, users};

/// How often the queue is looked at.
const EVERY: Duration = Duration::from_millis(20);

/// Works until the simulator stops. The org is never held while a hub is called: it may be in this very process.
pub(in crate::simulator) async fn work(service: Arc<OrgService>, mut stopped: watch::Receiver<bool>) {
    let mut interval = tokio::time::interval(EVERY);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        tokio::select! {
            () = drain(&service) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// Does all that the queue holds.
pub(in crate::simulator) async fn drain(service: &OrgService) {
    let _turn = service.provisioning.lock().await;
    let line = service.line();
    while let Some(job) = first(service) {
        perform(service, line, &job).await;
        note(&mut service.write(), &job);
        // It stays in the queue until it is done, so that the queue says what is still to come.
        service.write().outbox.pop_front();
    }
}

fn first(service: &OrgService) -> Option<ProvisioningJob> {
    service.read().outbox.front().cloned()
}

/// Whether the hub did it is what nobody knows beforehand.
fn note(org: &mut SimulatedOrg, job: &ProvisioningJob) {
    let app = format!("/api/v1/apps/{}", job.app);
    org.guess(format!("{app}/users/{}", job.user));
    if let Some(push) = &job.account {
        org.guess(format!("{app}/group-push/mappings/{push}"));
    }
}

async fn perform(service: &OrgService, line: &HubHttp, job: &ProvisioningJob) {
    let hub = service.read().apps.get(&job.app).and_then(HubConnection::of);
    if hub.is_some_and(|hub| !line.reaches(hub.base())) {
        return users::assume_done(&mut service.write(), job);
    }
    match job.kind {
        JobKind::Provision | JobKind::Activate | JobKind::Reconcile => {
            users::provision(service, line, job).await;
        }
        JobKind::Deactivate => users::deactivate(service, line, job).await,
        JobKind::PushGroup => groups::push(service, line, job).await,
        JobKind::PushMember => groups::push_member(service, line, job).await,
        JobKind::UpdateGroup => group_updates::update(service, line, job).await,
        JobKind::PushPassword => passwords::push(service, line, job).await,
        JobKind::DeleteGroup => groups::delete(service, line, job).await,
        JobKind::Import => import::import(service, line, job).await,
        JobKind::Confirm => import::confirm(&mut service.write(), &job.app),
    }
}
