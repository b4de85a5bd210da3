//! A write whose scope the access token lacks is not sent: a check of the text may not have seen it, and Okta's refusal is a bare 403.

use super::call::{ApiCall, CallAction};
use super::error::CallError;
use super::execution::Run;
use crate::okta;

impl Run {
    /// Refuses a write that needs a scope which the org did not grant. An API token has no scopes but its owner's rights.
    pub(super) async fn check_granted_scopes(&self, call: &ApiCall) -> Result<(), CallError> {
        let CallAction::Operation(operation) = call.action else {
            return Ok(());
        };
        let client = self.client(call)?;
        // A sign-in that fails is told by the call itself.
        let Ok(Some(granted)) = client.granted_scopes(&okta::SilentObserver).await else {
            return Ok(());
        };
        let lacking: Vec<&str> =
            operation.scopes.iter().copied().filter(|scope| !scopes_allow(&granted, scope)).collect();
        // Where the org names no scopes at all nothing is known of them.
        if granted.is_empty() || lacking.is_empty() {
            return Ok(());
        }
        Err(CallError::Usage(format!(
            "{} of {} was not sent: the access token lacks {}, which it needs; grant it to the app (Applications > the app > Okta API Scopes), \
             and name it where the profile names `scopes`",
            call.name(),
            call.org,
            lacking.join(", ")
        )))
    }
}

/// Whether scopes that an org granted allow what `scope` does: a `.manage` scope allows what its `.read` does.
pub fn scopes_allow(granted: &[String], scope: &str) -> bool {
    let manage = scope.strip_suffix(".read").map(|family| format!("{family}.manage"));
    granted.iter().any(|held| held == scope || Some(held) == manage.as_ref())
}
