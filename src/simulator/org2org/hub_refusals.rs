//! What is told of a hub that does not take the connection's credentials.

use super::super::log::{self, LogEvent};
use super::super::store::SimulatedOrg;
use super::hub::HubFailure;

/// Credentials that the hub refuses are told of the app itself.
pub(super) fn note_refusal(org: &mut SimulatedOrg, app: &str, failure: &HubFailure) {
    if matches!(failure.status, 401 | 403) {
        let event = LogEvent::new(
            "application.integration.authentication_failure",
            "Authentication failure for application integration",
        )
        .on_app(org, app)
        .failed(failure.reason.clone());
        log::record(org, event);
    }
}
