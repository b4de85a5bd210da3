//! What may be tried again, and when.

use std::time::Duration;

use crate::okta::{self, Sent};

/// How often a call is sent, the first time included.
pub(super) const ATTEMPTS: u32 = 5;

/// Refusals that pass by themselves, and were not carried out: an activation, a group rule or the org's own set-up is going on (Okta's
/// error codes).
const PASSING: &[&str] = &["E0000112", "E0000239", "E0000249"];

/// Whether a read that failed so may succeed when it is asked again.
pub(super) fn may_pass(error: &okta::Error) -> bool {
    match error.status() {
        Some(status) => status >= 500 && !is_answer(error),
        None => error.sent() != Sent::Yes && is_transport(error),
    }
}

/// 501 says that the server does not have it, and will not have it the next time either.
fn is_answer(error: &okta::Error) -> bool {
    error.status() == Some(501)
}

/// A certificate that is not trusted, or a server that speaks no TLS, is the same at the next try.
fn is_transport(error: &okta::Error) -> bool {
    match error {
        okta::Error::Timeout { .. } => true,
        okta::Error::Transport { failure, .. } => *failure != okta::Failure::Tls,
        _ => false,
    }
}

/// Whether a refused write was not carried out and may be sent again.
pub(super) fn is_passing_refusal(error: &okta::Error) -> bool {
    let code = error.api().and_then(|api| api.code.as_deref());
    code.is_some_and(|code| PASSING.contains(&code))
        || (error.sent() == Sent::No && is_transport(error))
}

/// Whether a write may have been carried out although no answer says so: a time-out, a cut connection, an error within Okta.
pub(super) fn may_have_happened(error: &okta::Error) -> bool {
    error.sent() == Sent::Maybe
        || (error.status().is_some_and(|status| status >= 500) && !is_answer(error))
}

/// Half a second, doubled with each attempt, give or take half of it; passing states take minutes rather than seconds.
pub(super) fn pause(error: &okta::Error, attempt: u32) -> Duration {
    let first = if is_passing_refusal(error) && error.api().is_some() {
        2000
    } else {
        500
    };
    let doubled = Duration::from_millis(first) * 2_u32.pow(attempt.saturating_sub(1).min(5));
    doubled.mul_f64(0.5 + fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::Failure;

    #[test]
    fn what_no_repeat_mends_is_not_sent_again() {
        let failed = |failure| okta::Error::Transport {
            failure,
            sent: Sent::No,
            host: "acme.okta.com".to_owned(),
            detail: String::new(),
        };
        let tries = |failure| {
            let error = failed(failure);
            (may_pass(&error), is_passing_refusal(&error))
        };
        assert_eq!(tries(Failure::Tls), (false, false));
        assert_eq!(tries(Failure::NoConnection), (true, true));
    }
}
