//! What may be tried again, and when.

use std::time::Duration;

use super::call::ApiCall;
use super::operation_semantics::{self, PreRead};
use crate::okta::{self, HttpMethod, RequestReach};

/// How often a call is sent, the first time included.
pub(super) const ATTEMPTS: u32 = 5;

/// Refusals that pass by themselves, and were not carried out: an activation, a group rule or the org's own set-up is going on (Okta's
/// error codes).
const PASSING: &[&str] = &["E0000112", "E0000239", "E0000249"];

/// How often a read is asked whose answer of success cannot be used: it may be one that was cut or a page between, and it may stay so.
const UNUSABLE: u32 = 3;

/// Whether a read that failed so at this attempt is asked again.
pub(super) fn is_asked_again(error: &okta::OktaError, attempt: u32) -> bool {
    if error.is_unusable_success() {
        return attempt < UNUSABLE;
    }
    attempt < ATTEMPTS && may_pass(error)
}

fn may_pass(error: &okta::OktaError) -> bool {
    match error.status() {
        Some(status) => status >= 500 && !is_answer(error),
        None => error.sent() != RequestReach::Yes && is_transport(error),
    }
}

/// 501 says that the server does not have it, and will not have it the next time either.
fn is_answer(error: &okta::OktaError) -> bool {
    error.status() == Some(501)
}

/// A certificate that is not trusted, or a server that speaks no TLS, is the same at the next try.
fn is_transport(error: &okta::OktaError) -> bool {
    match error {
        okta::OktaError::Timeout { .. } => true,
        okta::OktaError::Transport { failure, .. } => *failure != okta::TransportFailure::Tls,
        _ => false,
    }
}

/// Whether a refused write was not carried out and may be sent again.
pub(super) fn is_passing_refusal(error: &okta::OktaError) -> bool {
    let code = error.api().and_then(|api| api.code.as_deref());
    code.is_some_and(|code| PASSING.contains(&code)) || (error.sent() == RequestReach::No && is_transport(error))
}

/// Whether a write that left unknown what became of it, and turned out not to have happened, is worth sending again: what a gateway refuses
/// by a page or a redirect it refuses again.
pub(super) fn is_sent_again(error: &okta::OktaError) -> bool {
    match error.status() {
        Some(status) => !(300..=499).contains(&status),
        None => true,
    }
}

/// Whether a refusal says that it is so already, which a write that was thought void may have brought about: Okta has several codes and
/// more words for it (E0000001 with a cause, E0000016, E0000062, E0000090), and answers 404 to who deletes what is gone.
pub(super) fn says_it_is_so(error: &okta::OktaError) -> bool {
    let Some(api) = error.api() else {
        return false;
    };
    let words = api.causes.iter().chain([&api.summary]);
    api.status == 409
        || api.status == 404
        || words.into_iter().any(|words| {
            let words = words.to_lowercase();
            words.contains("already") || words.contains("duplicate")
        })
}

/// Codes of refusals that name no reason but that the thing is not in the state for it (Okta's error codes).
const OF_STATE: &[&str] = &["E0000001", "E0000016", "E0000038"];

/// Whether a refusal of what was sent once may be the answer to a repeat of it, which something between made: it says that it is so, or,
/// where a status is set, that this status does not allow it. What is not there is so only for who deletes.
pub(super) fn may_answer_a_repeat(call: &ApiCall, error: &okta::OktaError) -> bool {
    let code = error.api().and_then(|api| api.code.as_deref());
    let is_of_state = || code.is_some_and(|code| OF_STATE.contains(&code));
    let sets_status = || matches!(operation_semantics::look(call), PreRead::Status(..));
    (says_it_is_so(error) && (error.status() != Some(404) || call.method() == HttpMethod::Delete))
        || (sets_status() && is_of_state())
}

/// Half a second, doubled with each attempt, give or take half of it; passing states take minutes rather than seconds.
pub(super) fn pause(error: &okta::OktaError, attempt: u32) -> Duration {
    let first = if is_passing_refusal(error) && error.api().is_some() { 2000 } else { 500 };
    let doubled = Duration::from_millis(first) * 2_u32.pow(attempt.saturating_sub(1).min(5));
    doubled.mul_f64(0.5 + fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::TransportFailure;

    #[test]
    fn what_no_repeat_mends_is_not_sent_again() {
        let failed = |failure| okta::OktaError::Transport {
            failure,
            sent: RequestReach::No,
            host: "acme.okta.com".to_owned(),
            detail: String::new(),
        };
        let tries = |failure| {
            let error = failed(failure);
            (may_pass(&error), is_passing_refusal(&error))
        };
        assert_eq!(tries(TransportFailure::Tls), (false, false));
        assert_eq!(tries(TransportFailure::NoConnection), (true, true));
    }

    #[test]
    fn what_is_not_there_is_so_only_for_who_deletes() {
        let refused = |status: u16, code: &str, summary: &str| {
            okta::OktaError::Api(Box::new(okta::ApiError {
                status,
                code: Some(code.to_owned()),
                summary: summary.to_owned(),
                causes: Vec::new(),
                error_id: None,
                request_id: None,
                challenge: None,
                required_scopes: Vec::new(),
            }))
        };
        let gone = refused(404, "E0000007", "Not found: Resource not found: 00g1 (UserGroup)");
        let active = refused(403, "E0000016", "Activation failed because the user is already active");
        let forbidden = refused(403, "E0000006", "You do not have permission");
        let unfit = refused(400, "E0000001", "Api validation failed: status");
        let may = |name: &str, arguments: &[&str], error| {
            let call = ApiCall::operation("okta", name, arguments).expect(name);
            may_answer_a_repeat(&call, error)
        };
        assert!(may("delete_group", &["00g1"], &gone));
        assert!(!may("assign_user_to_group", &["00g1", "00u1"], &gone));
        assert!(may("activate_user", &["00u1"], &active));
        assert!(!may("activate_user", &["00u1"], &forbidden));
        assert!(may("suspend_user", &["00u1"], &unfit));
        assert!(!may("update_user", &["00u1"], &unfit));
    }
}
