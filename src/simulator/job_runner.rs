//! Provisioning jobs whose time has come: what Okta's agents do then, and what waits for a hub.

use super::agent;
use super::org2org;
use super::store::{EpochMillis, JobKind, SimulatedOrg};

/// Time for which a job waits for an agent (support articles: 30 seconds), in milliseconds.
const AGENT_TIMEOUT: u64 = 30_000;

/// Runs every job whose time has come at `now`. Gives the time of the next one.
pub(super) fn run_due(org: &mut SimulatedOrg, now: EpochMillis) -> Option<EpochMillis> {
    let timeout = agent_timeout(org);
    let mut waiting = Vec::new();
    while org.jobs.front().is_some_and(|job| job.due <= now) {
        let Some(job) = org.jobs.pop_front() else {
            break;
        };
        if job.kind != JobKind::Reconcile && org2org::is_one(org, &job.app) {
            org.outbox.push_back(job);
        } else if job.kind != JobKind::Reconcile && agent::is_down(org, &job.app) && now < job.due + timeout {
            waiting.push(job);
        } else {
            agent::perform(org, &job, now);
            org.guess(format!("/api/v1/apps/{}/users/{}", job.app, job.user));
        }
    }
    let given_up = waiting.first().map(|job| job.due + timeout);
    let next = org.jobs.front().map(|job| job.due);
    for job in waiting.into_iter().rev() {
        org.jobs.push_front(job);
    }
    given_up.into_iter().chain(next).min()
}

fn agent_timeout(org: &SimulatedOrg) -> EpochMillis {
    EpochMillis::try_from(org.options.agent_timeout_ms.unwrap_or(AGENT_TIMEOUT)).unwrap_or(EpochMillis::MAX / 4)
}
