//! Does what the queue holds for hubs, one job after the other, so that a group comes after its people.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::super::log::{self, Event};
use super::super::service::Service;
use super::super::store::{Job, JobKind, Org};
use super::hub::Failure;
use super::{groups, import, users};

/// How often the queue is looked at.
const EVERY: Duration = Duration::from_millis(20);
/// Time that the hub has for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Works until the simulator stops. The org is never held while a hub is called: it may be in this very process.
pub(in crate::simulator) async fn work(service: Arc<Service>, mut stopped: watch::Receiver<bool>) {
    let http = client();
    let mut interval = tokio::time::interval(EVERY);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        while let Some(job) = first(&service) {
            tokio::select! {
                () = perform(&service, &http, &job) => {}
                _ = stopped.wait_for(|stopped| *stopped) => return,
            }
            // It stays in the queue until it is done, so that the queue says what is still to come.
            service.write().outbox.pop_front();
        }
    }
}

/// A client without proxy: hubs are near.
pub(super) fn client() -> reqwest::Client {
    let built = reqwest::Client::builder()
        .no_proxy()
        .timeout(TIMEOUT)
        .build();
    built.unwrap_or_default()
}

fn first(service: &Service) -> Option<Job> {
    service.read().outbox.front().cloned()
}

async fn perform(service: &Service, http: &reqwest::Client, job: &Job) {
    match job.kind {
        JobKind::Provision | JobKind::Activate | JobKind::Reconcile => {
            users::provision(service, http, job).await;
        }
        JobKind::Deactivate => users::deactivate(service, http, job).await,
        JobKind::PushGroup => groups::push(service, http, job).await,
        JobKind::PushMember => groups::push_member(service, http, job).await,
        JobKind::DeleteGroup => groups::delete(service, http, job).await,
        JobKind::Import => import::import(service, http, job).await,
        JobKind::Confirm => import::confirm(&mut service.write(), &job.app),
    }
}

/// Credentials that the hub refuses are told of the app itself.
pub(super) fn note_refusal(org: &mut Org, app: &str, failure: &Failure) {
    if matches!(failure.status, 401 | 403) {
        let event = Event::new(
            "application.integration.authentication_failure",
            "Authentication failure for application integration",
        )
        .on_app(org, app)
        .failed(failure.reason.clone());
        log::record(org, event);
    }
}
