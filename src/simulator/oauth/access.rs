//! Calls of the API with an access token: `Authorization: Bearer …` or `DPoP …`.

use std::sync::Arc;

use super::super::http::ApiRefusal;
use super::super::model::authorization_server::AccessToken;
use super::super::store::SimulatedOrg;
use super::proof::{self, ProofBinding};
use super::scopes;

/// A call as far as its token is concerned.
pub(in crate::simulator) struct TokenCall<'a> {
    pub(in crate::simulator) method: &'a str,
    /// Scheme, host and port.
    pub(in crate::simulator) base: &'a str,
    /// Percent-encoded as it came.
    pub(in crate::simulator) path: &'a str,
    pub(in crate::simulator) authorization: &'a str,
    /// Header `DPoP`.
    pub(in crate::simulator) proof: Option<&'a str>,
}

/// The access token of a call; `None` when the header is of another scheme.
pub(in crate::simulator) fn caller(
    org: &SimulatedOrg,
    call: &TokenCall,
) -> Option<Result<Arc<AccessToken>, ApiRefusal>> {
    let (scheme, token) = call.authorization.trim().split_once(' ')?;
    let dpop = scheme.eq_ignore_ascii_case("DPoP");
    if !dpop && !scheme.eq_ignore_ascii_case("Bearer") {
        return None;
    }
    let access = verify_token(org, call, token.trim(), dpop.then_some(()).and(call.proof));
    Some(access.and_then(|access| {
        if dpop && access.bound_to.is_none() {
            return Err(invalid(call, "The token is not bound to a key."));
        }
        Ok(access)
    }))
}

fn verify_token(
    org: &SimulatedOrg,
    call: &TokenCall,
    token: &str,
    proof: Option<&str>,
) -> Result<Arc<AccessToken>, ApiRefusal> {
    let Some(access) = org.oauth.access.get(token) else {
        // As for an API token that is not known; the documentation shows the header for one that ended.
        return Err(ApiRefusal::new(401, "E0000011", "Invalid token provided"));
    };
    if access.expires <= org.now() {
        return Err(invalid(call, "The token has expired."));
    }
    if let Some(key) = &access.bound_to {
        let proof = proof.ok_or_else(|| {
            challenge_refusal(
                400,
                call,
                access,
                "dpop_proof_required_for_token",
                "The resource request requires a DPoP proof.",
            )
        })?;
        let url = format!("{}{}", call.base, call.path);
        let bound = ProofBinding { method: call.method, url: &url, token: Some(token) };
        let proved = proof::verify(org, proof, &bound);
        if proved.is_ok_and(|(thumbprint, _)| thumbprint == *key) {
            return Ok(Arc::clone(access));
        }
        let text = "The DPoP proof JWT is invalid.";
        return Err(challenge_refusal(400, call, access, "invalid_dpop_proof", text));
    }
    Ok(Arc::clone(access))
}

/// 403 unless the token has the scopes of the endpoint: an empty body and all in the header (recorded by users of Okta's Go SDK);
/// E0000005 where the endpoint takes no access token.
pub(in crate::simulator) fn check_scope(
    access: &AccessToken,
    base: &str,
    path: &str,
    method: &'static str,
    pattern: &str,
) -> Result<(), ApiRefusal> {
    let Some(needed) = scopes::needed_scopes(method, pattern) else {
        return Err(ApiRefusal::new(403, "E0000005", "Invalid session"));
    };
    if needed.iter().all(|scope| scopes::holds_scope(&access.scopes, scope)) {
        return Ok(());
    }
    let challenge = format!(
        "{}, scope=\"{}\", error=\"insufficient_scope\", error_description=\"The access token provided does not contain the \
         required scopes.\", resource=\"{path}\"",
        beginning(base, access.bound_to.is_some()),
        needed.join(" "),
    );
    Err(ApiRefusal::challenge(403, challenge))
}

fn invalid(call: &TokenCall, description: &str) -> ApiRefusal {
    let beginning = beginning(call.base, false);
    let challenge = format!("{beginning}, error=\"invalid_token\", error_description=\"{description}\"");
    ApiRefusal::challenge(401, challenge)
}

fn challenge_refusal(
    status: u16,
    call: &TokenCall,
    access: &AccessToken,
    error: &str,
    description: &str,
) -> ApiRefusal {
    let beginning = beginning(call.base, access.bound_to.is_some());
    let challenge = format!("{beginning}, error=\"{error}\", error_description=\"{description}\"");
    ApiRefusal::challenge(status, challenge)
}

/// The scheme is `http` also where the org is reached by https (recorded).
fn beginning(base: &str, bound: bool) -> String {
    let host = base.split_once("://").map_or(base, |(_, host)| host);
    let scheme = if bound { "DPoP algs=\"RS256 RS384 RS512 ES256 ES384 ES512\"," } else { "Bearer" };
    format!("{scheme} authorization_uri=\"http://{host}/oauth2/v1/authorize\", realm=\"http://{host}\"")
}
