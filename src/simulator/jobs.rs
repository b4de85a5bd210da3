//! The queue of provisioning jobs: what Okta's agents will do, and when.

use super::store::{EpochMillis, JobKind, ProvisioningJob, SimulatedOrg};

/// Time from a change to its job when the options say nothing, in milliseconds.
const DELAY: u64 = 2_000;

/// Queues a job that brings the user's account to what Okta says of it; the app user is out of sync until then.
pub(super) fn queue_push(org: &mut SimulatedOrg, app: &str, user: &str) {
    let (now, delay) = (org.now(), delay(org));
    if let Some(app_user) = org.apps.get_mut(app).and_then(|app| app.users.get_mut(user)) {
        "OUT_OF_SYNC".clone_into(&mut app_user.sync_state);
        app_user.syncing_from = Some(now + delay / 2);
    }
    queue(org, now, app, user, JobKind::Provision, None);
}

/// Queues a job, due after the org's delay from `now`.
pub(super) fn queue(
    org: &mut SimulatedOrg,
    now: EpochMillis,
    app: &str,
    user: &str,
    kind: JobKind,
    account: Option<String>,
) {
    let due = now + delay(org);
    let position = org.jobs.partition_point(|job| job.due <= due);
    let job = ProvisioningJob { due, app: app.to_owned(), user: user.to_owned(), kind, account };
    org.jobs.insert(position, job);
}

/// Queues a job about a group that does not wait for those before it, except the one in work.
pub(super) fn queue_first(org: &mut SimulatedOrg, app: &str, kind: JobKind, about: String) {
    let job = ProvisioningJob { due: org.now(), app: app.to_owned(), user: String::new(), kind, account: Some(about) };
    let place = org.outbox.len().min(1);
    org.outbox.insert(place, job);
}

/// Drops what waits for a user who is gone.
pub(super) fn forget(org: &mut SimulatedOrg, user: &str) {
    // A deactivation still has to reach the directory.
    org.jobs.retain(|job| job.user != user || job.kind == JobKind::Deactivate);
    org.tasks.retain(|task| task.user != user);
}

/// Queues failed jobs anew, as "Retry selected" on the Admin Console's dashboard does. Gives their number.
pub(super) fn retry(org: &mut SimulatedOrg, app: Option<&str>, user: Option<&str>) -> usize {
    let chosen = |task: &super::store::FailedTask| {
        app.is_none_or(|app| task.app == app) && user.is_none_or(|user| task.user == user)
    };
    let (retried, kept) = std::mem::take(&mut org.tasks).into_iter().partition(chosen);
    org.tasks = kept;
    let retried: Vec<super::store::FailedTask> = retried;
    for task in &retried {
        repeat(org, task);
    }
    retried.len()
}

fn repeat(org: &mut SimulatedOrg, task: &super::store::FailedTask) {
    let (app, user) = (&task.app, &task.user);
    let held = org.apps.get(app).is_some_and(|app| app.users.contains_key(user));
    if held {
        queue_push(org, app, user);
    } else if task.account.is_some() {
        let now = org.now();
        let account = task.account.clone();
        queue(org, now, app, user, JobKind::Deactivate, account);
    }
}

fn delay(org: &SimulatedOrg) -> EpochMillis {
    EpochMillis::try_from(org.options.job_delay_ms.unwrap_or(DELAY)).unwrap_or(EpochMillis::MAX / 4)
}
