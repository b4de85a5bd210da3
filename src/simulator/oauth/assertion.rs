//! Client assertions (`private_key_jwt`): the claims that Okta's page on building a self-signed JWT asks for. Wordings of refusals
//! follow the list of OAuth errors in substance.

use serde_json::Value;

use super::super::http::PostedForm;
use super::super::model::authorization_server::{ClientApp, ClientKeys, ClientKind};
use super::super::store::{EpochMillis, OktaId, SimulatedOrg};
use super::form::TokenDenial;
use super::jwt::ParsedJwt;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// An assertion may be good for an hour at most.
const LONGEST: i64 = 3600;
/// Assumed: seconds by which `iat` may be ahead of the org's clock.
const TOLERANCE: i64 = 60;

/// The service app that says it sends this request and whose keys are served at an address, with that address.
pub(in crate::simulator) fn keys_to_fetch(org: &SimulatedOrg, form: &PostedForm) -> Option<(OktaId, String)> {
    let jwt = ParsedJwt::parse(form.field("client_assertion")?)?;
    let client = org.oauth.clients.get(jwt.claims["iss"].as_str()?)?;
    match &client.keys {
        ClientKeys::At { url, .. } => Some((client.id.clone(), url.clone())),
        _ => None,
    }
}

/// Keeps what the address of a service app's keys served.
pub(in crate::simulator) fn keep_keys(org: &mut SimulatedOrg, client: &str, keys: Vec<Value>) {
    let client = org.oauth.clients.get_mut(client);
    if let Some(ClientKeys::At { fetched, .. }) = client.map(|client| &mut client.keys) {
        *fetched = keys;
    }
}

/// The service app that a request's assertion proves. The assertion's id is used up from here on, whatever the answer.
pub(super) fn client<'a>(org: &'a SimulatedOrg, form: &PostedForm) -> Result<&'a ClientApp, TokenDenial> {
    if form.field("client_assertion_type") != Some(TYPE) {
        let text = "Client authentication must be a client_assertion of type jwt-bearer.";
        return Err(TokenDenial::new("invalid_client", text));
    }
    let jwt = ParsedJwt::parse(form.required("client_assertion")?)
        .ok_or_else(|| refuse_assertion("The client_assertion token could not be parsed."))?;
    let claim = |name: &str| jwt.claims[name].as_str().unwrap_or_default();
    if claim("iss") != claim("sub") {
        return Err(refuse_assertion("The 'iss' and 'sub' claims of the client_assertion must both be the client id."));
    }
    let client = org.oauth.clients.get(claim("iss"));
    let client = client.filter(|client| client.kind == ClientKind::Service);
    let client = client.ok_or_else(|| refuse_assertion("Invalid value for 'client_id' parameter."))?;
    if !client.active {
        return Err(refuse_assertion("The client is not active."));
    }
    check_signature(client, &jwt)?;
    check_times(&jwt.claims, org.now().div_euclid(1000))?;
    check_audience(&jwt.claims["aud"], &form.url)?;
    use_up(org, client, &jwt.claims)?;
    Ok(client)
}

fn check_signature(client: &ClientApp, jwt: &ParsedJwt) -> Result<(), TokenDenial> {
    let mut keys = client.keys.active();
    // An assertion without `kid` is tried with the only key there is (assumed).
    let key = match jwt.header["kid"].as_str() {
        Some(id) => keys.find(|key| key["kid"] == id),
        None => keys.next().filter(|_| keys.next().is_none()),
    };
    let unknown =
        "The client_assertion's 'kid' is not that of an active public key of the client, or the client has no JWKS.";
    let key = key.ok_or_else(|| refuse_assertion(unknown))?;
    if jwt.is_signed_by(key) { Ok(()) } else { Err(refuse_assertion("The client_assertion signature is invalid.")) }
}

fn check_times(claims: &Value, now: i64) -> Result<(), TokenDenial> {
    let expires = claims["exp"].as_i64();
    let expires = expires.ok_or_else(|| refuse_assertion("The client_assertion token must contain an 'exp' claim."))?;
    if expires <= now {
        return Err(refuse_assertion("The client_assertion token is expired."));
    }
    if expires > now + LONGEST {
        return Err(refuse_assertion("The client_assertion token has an expiration too far into the future."));
    }
    match claims["iat"].as_i64() {
        Some(issued) if issued > now + TOLERANCE => {
            Err(refuse_assertion("The client_assertion token was issued in the future."))
        }
        _ => Ok(()),
    }
}

fn check_audience(audience: &Value, url: &str) -> Result<(), TokenDenial> {
    let fits = match audience {
        Value::Array(several) => several.iter().any(|one| one == url),
        one => one == url,
    };
    fits.then_some(()).ok_or_else(|| {
        refuse_assertion(&format!(
            "The audience claim for client_assertion must be the endpoint invoked for the request ({url})."
        ))
    })
}

/// `jti` is optional; one that is there is good once.
fn use_up(org: &SimulatedOrg, client: &ClientApp, claims: &Value) -> Result<(), TokenDenial> {
    let Some(id) = claims["jti"].as_str() else {
        return Ok(());
    };
    let until: EpochMillis = claims["exp"].as_i64().unwrap_or_default() * 1000;
    let used = org.oauth.use_up(&format!("{} {id}", client.id), until, org.now());
    used.map_err(|_| refuse_assertion("The client_assertion token has already been used."))
}

fn refuse_assertion(description: &str) -> TokenDenial {
    TokenDenial::new("invalid_client", description)
}
