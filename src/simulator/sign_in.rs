//! Who calls: `Authorization: SSWS …`, or an access token.

use std::sync::Arc;

use super::http::ApiRefusal;
use super::oauth::{self, AccessToken};
use super::store::{ApiToken, EpochMillis, OktaId, SimulatedOrg};

/// A token is valid for 30 days after its last use.
const VALIDITY: EpochMillis = 30 * 86_400_000;
/// Assumed: a use is noted at most once a minute. Keeps reads from writing.
const GRAIN: EpochMillis = 60_000;

/// The caller of a request.
pub(super) struct RequestCaller {
    pub(super) token: OktaId,
    pub(super) owner: OktaId,
    /// The token's expiry should be pushed.
    pub(super) renew: bool,
    /// The access token, unless it is an API token.
    pub(super) access: Option<Arc<AccessToken>>,
}

/// Fetched by the hub, which has no token of this org (guide to Org2Org by OAuth 2.0).
const JWKS: &str = "/api/v1/apps/{appId}/connections/default/jwks";

/// Paths that take no token.
pub(super) fn is_public(pattern: &str) -> bool {
    pattern.starts_with("/.well-known/") || matches!(pattern, "/oauth2/v1/token" | "/oauth2/v1/device/authorize" | JWKS)
}

/// Finds the token of an `Authorization` header; 401 E0000011 for whatever is wrong with it.
pub(super) fn caller(org: &SimulatedOrg, call: &oauth::TokenCall) -> Result<RequestCaller, ApiRefusal> {
    if let Some(access) = oauth::caller(org, call) {
        return access.map(of_access);
    }
    let secret = ssws(call.authorization).ok_or_else(refusal)?;
    let now = org.now();
    let found = org.tokens.values().find(|token| token.secret == secret);
    let token = found.filter(|token| is_valid(org, token, now)).ok_or_else(refusal)?;
    Ok(RequestCaller {
        token: token.id.clone(),
        owner: token.owner.clone(),
        renew: token.expires < now + VALIDITY - GRAIN,
        access: None,
    })
}

/// Rate limits count by client.
fn of_access(access: Arc<AccessToken>) -> RequestCaller {
    RequestCaller { token: access.client.clone(), owner: access.principal.clone(), renew: false, access: Some(access) }
}

/// Whether an API token is one of this org, good or not.
pub(super) fn is_known(org: &SimulatedOrg, secret: &str) -> bool {
    org.tokens.values().any(|token| token.secret == secret)
}

/// Every use of a token pushes its expiry.
pub(super) fn renew(org: &mut SimulatedOrg, token: &str) {
    let now = org.now();
    if let Some(token) = org.tokens.get_mut(token) {
        token.expires = token.expires.max(now + VALIDITY);
    }
}

/// Whether a call with this token would pass.
pub(super) fn is_valid(org: &SimulatedOrg, token: &ApiToken, now: EpochMillis) -> bool {
    // Assumed: any owner who may not sign in makes the token useless, not only a deactivated one.
    let owner = org.users.get(&token.owner);
    let owner_is_active =
        owner.is_some_and(|owner| !matches!(owner.status.as_str(), "DEPROVISIONED" | "SUSPENDED" | "STAGED"));
    owner_is_active && !token.revoked && token.expires > now && token.network == "ANYWHERE"
}

/// The token behind `SSWS`, whose space is optional.
pub(super) fn ssws(authorization: &str) -> Option<&str> {
    let scheme = authorization.get(..4)?;
    let secret = authorization.get(4..)?.trim();
    (scheme.eq_ignore_ascii_case("SSWS") && !secret.is_empty()).then_some(secret)
}

fn refusal() -> ApiRefusal {
    ApiRefusal::new(401, "E0000011", "Invalid token provided")
}
