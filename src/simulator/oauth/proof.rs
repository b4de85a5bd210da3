//! Proofs of possession (`DPoP`): Okta's page on it, and RFC 9449.

use serde_json::Value;

use super::super::http::PostedForm;
use super::super::store::SimulatedOrg;
use super::form::TokenDenial;
use super::jwt::{self, ParsedJwt};

/// A proof is taken for five minutes.
const LIFE: i64 = 300;
/// Assumed: seconds by which a proof's `iat` may be ahead of the org's clock.
const TOLERANCE: i64 = 60;

/// What a proof must be bound to.
pub(super) struct ProofBinding<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    /// For calls of the API.
    pub(super) token: Option<&'a str>,
}

/// The thumbprint of the key that a request for a token proves; `None` when it carries no proof and needs none.
pub(super) fn of_token_request(
    org: &mut SimulatedOrg,
    form: &PostedForm,
    required: bool,
) -> Result<Option<String>, TokenDenial> {
    let Some(proof) = &form.proof else {
        let missing = invalid_proof("The DPoP proof JWT header is missing.");
        return if required { Err(missing) } else { Ok(None) };
    };
    let bound = ProofBinding { method: "POST", url: &form.url, token: None };
    let (key, claims) = verify(org, proof, &bound)?;
    let now = org.now();
    let known = claims["nonce"].as_str().is_some_and(|nonce| org.oauth.nonces.takes(nonce, now));
    if !known {
        let text = "Authorization server requires nonce in DPoP proof.";
        return Err(TokenDenial::new("use_dpop_nonce", text).with_nonce(org.oauth.nonces.current(now)));
    }
    Ok(Some(key))
}

/// The thumbprint of the proof's key, and its claims.
pub(super) fn verify(org: &SimulatedOrg, proof: &str, bound: &ProofBinding) -> Result<(String, Value), TokenDenial> {
    let jwt = ParsedJwt::parse(proof).ok_or_else(|| invalid_proof("The DPoP proof JWT could not be parsed."))?;
    if jwt.header["typ"] != "dpop+jwt" {
        return Err(invalid_proof("The DPoP proof JWT header 'typ' must be 'dpop+jwt'."));
    }
    let key = &jwt.header["jwk"];
    if !key.is_object() || key.get("d").is_some() {
        return Err(invalid_proof("The DPoP proof JWT header 'jwk' must be a public key."));
    }
    if !jwt.is_signed_by(key) {
        return Err(invalid_proof("The DPoP proof JWT signature is invalid."));
    }
    check_claims(org, &jwt.claims, bound)?;
    Ok((jwt::thumbprint(key), jwt.claims))
}

fn check_claims(org: &SimulatedOrg, claims: &Value, bound: &ProofBinding) -> Result<(), TokenDenial> {
    if claims["htm"] != bound.method {
        return Err(invalid_proof("The DPoP proof JWT 'htm' claim does not match the request."));
    }
    if claims["htu"] != bound.url {
        return Err(invalid_proof("The DPoP proof JWT 'htu' claim does not match the request."));
    }
    let now = org.now().div_euclid(1000);
    let issued = claims["iat"].as_i64();
    let issued = issued.ok_or_else(|| invalid_proof("The DPoP proof JWT 'iat' claim is missing."))?;
    if issued > now + TOLERANCE {
        return Err(invalid_proof("The DPoP proof JWT was issued in the future."));
    }
    if issued < now - LIFE {
        return Err(invalid_proof("The DPoP proof JWT was issued more than five minutes ago."));
    }
    if let Some(token) = bound.token
        && claims["ath"] != jwt::hash(token)
    {
        return Err(invalid_proof("The DPoP proof JWT 'ath' claim does not match the access token."));
    }
    let id = claims["jti"].as_str();
    let id = id.ok_or_else(|| invalid_proof("The DPoP proof JWT 'jti' claim is missing."))?;
    let until = (issued + LIFE + TOLERANCE) * 1000;
    let used = org.oauth.use_up(&format!("dpop {id}"), until, org.now());
    used.map_err(|_| invalid_proof("The DPoP proof JWT has already been used."))
}

fn invalid_proof(description: &str) -> TokenDenial {
    TokenDenial::new("invalid_dpop_proof", description)
}
