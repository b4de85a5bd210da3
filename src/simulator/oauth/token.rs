//! `POST /oauth2/v1/token`: the three grants that lead to the Management API.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::http::{ApiAnswer, ApiReply, ApiRoute, PostedForm, RouteHandler};
use super::super::model::authorization_server::AccessToken;
use super::super::store::{EpochMillis, OktaId, SimulatedOrg};
use super::form::TokenDenial;
use super::{assertion, device, proof, refresh, scopes};

pub(super) const ROUTES: &[ApiRoute] =
    &[ApiRoute { method: "POST", pattern: "/oauth2/v1/token", handler: RouteHandler::Form(token) }];

/// To whom a token is given.
pub(super) struct TokenGrantee {
    pub(super) principal: OktaId,
    pub(super) client: OktaId,
    pub(super) scopes: Vec<String>,
    pub(super) bound_to: Option<String>,
}

fn token(org: &mut SimulatedOrg, form: &PostedForm) -> ApiReply {
    let granted = match form.field("grant_type") {
        Some("client_credentials") => client_credentials(org, form),
        Some("urn:ietf:params:oauth:grant-type:device_code") => device::token(org, form),
        Some("refresh_token") => refresh::token(org, form),
        Some(_) => Err(TokenDenial::new(
            "unsupported_grant_type",
            "The authorization grant type is not supported by the authorization server.",
        )),
        None => form.required("grant_type").map(|_| Value::Null),
    };
    match granted {
        Ok(body) => answer(org, body),
        Err(denial) => denial.reply(),
    }
}

fn answer(org: &mut SimulatedOrg, body: Value) -> ApiReply {
    let bound = body["token_type"] == "DPoP";
    let mut answer = ApiAnswer::with_status(200, body)?;
    if bound {
        let nonce = org.oauth.nonces.current(org.now());
        answer.headers.push(("dpop-nonce", nonce));
    }
    Ok(answer)
}

fn client_credentials(org: &mut SimulatedOrg, form: &PostedForm) -> Result<Value, TokenDenial> {
    let client = assertion::client(org, form)?;
    let (id, dpop, grants) = (client.id.clone(), client.dpop, client.scopes());
    let bound_to = proof::of_token_request(org, form, dpop)?;
    let scopes = scopes::granted_scopes(&form.scopes(), &grants)?;
    let grantee = TokenGrantee { principal: id.clone(), client: id, scopes, bound_to };
    Ok(issue_token(org, grantee))
}

/// Makes an access token, and the body that hands it over.
pub(super) fn issue_token(org: &mut SimulatedOrg, grantee: TokenGrantee) -> Value {
    let life = org.options.oauth.token_life_seconds;
    let token = format!("eyJ{}", random(80));
    let kind = if grantee.bound_to.is_some() { "DPoP" } else { "Bearer" };
    let body = json!({
        "token_type": kind,
        "expires_in": life,
        "access_token": token,
        "scope": grantee.scopes.join(" "),
    });
    let now = org.now();
    let access = AccessToken {
        principal: grantee.principal,
        client: grantee.client,
        scopes: grantee.scopes,
        expires: now.saturating_add(EpochMillis::try_from(life).unwrap_or(3600).saturating_mul(1000)),
        bound_to: grantee.bound_to,
    };
    // Those that ended a day ago are known no more.
    org.oauth.access.retain(|_, access| access.expires + 86_400_000 > now);
    org.oauth.access.insert(token, Arc::new(access));
    body
}

/// Not from the org's own generator: a token must not be foreseeable.
pub(in crate::simulator) fn random(count: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(count).collect()
}
