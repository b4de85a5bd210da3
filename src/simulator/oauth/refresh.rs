//! Refresh tokens of people. Each is good once: the answer brings the next one (assumed: the app's rotation setting is on).

use serde_json::{Value, json};

use super::super::http::PostedForm;
use super::super::model::authorization_server::RefreshGrant;
use super::super::store::SimulatedOrg;
use super::form::TokenDenial;
use super::proof;
use super::token::{TokenGrantee, issue_token, random};

pub(super) fn token(org: &mut SimulatedOrg, form: &PostedForm) -> Result<Value, TokenDenial> {
    let client = form.required("client_id")?.to_owned();
    let given = form.required("refresh_token")?.to_owned();
    let dpop = org.oauth.clients.get(&client).is_some_and(|it| it.dpop);
    let bound_to = proof::of_token_request(org, form, dpop)?;
    let known = org.oauth.refresh.get(&given);
    let fits = known.is_some_and(|known| known.client == client && known.bound_to == bound_to);
    let Some(refresh) = fits.then(|| org.oauth.refresh.remove(&given)).flatten() else {
        return Err(TokenDenial::new("invalid_grant", "The refresh token is invalid or expired."));
    };
    let scopes = match form.scopes() {
        none if none.is_empty() => refresh.scopes.clone(),
        some => some,
    };
    if let Some(foreign) = scopes.iter().find(|scope| !refresh.scopes.contains(scope)) {
        let text = format!("The scope {foreign} was not granted.");
        return Err(TokenDenial::new("invalid_scope", text));
    }
    Ok(give_to_person(org, RefreshGrant { scopes, ..refresh }))
}

/// An access token, and a refresh token when `offline_access` is among the scopes.
pub(super) fn give_to_person(org: &mut SimulatedOrg, person: RefreshGrant) -> Value {
    let grantee = TokenGrantee {
        principal: person.user.clone(),
        client: person.client.clone(),
        scopes: person.scopes.clone(),
        bound_to: person.bound_to.clone(),
    };
    let mut body = issue_token(org, grantee);
    if person.scopes.iter().any(|scope| scope == "offline_access") {
        let token = random(43);
        body["refresh_token"] = json!(token);
        org.oauth.refresh.insert(token, person);
    }
    body
}
