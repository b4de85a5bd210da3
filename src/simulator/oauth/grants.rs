//! `/apps/{a}/grants`: the scopes of Okta's API that an app may have.

use serde_json::{Value, json};

use super::super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::super::model::authorization_server::{ClientApp, ScopeGrant};
use super::super::options::AnswerStatus;
use super::super::org::own_url;
use super::super::store::SimulatedOrg;
use super::super::wire::{date, link};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/grants", handler: RouteHandler::Read(list) },
    ApiRoute { method: "POST", pattern: "/api/v1/apps/{appId}/grants", handler: RouteHandler::Write(create) },
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/grants/{grantId}", handler: RouteHandler::Read(get) },
    ApiRoute {
        method: "DELETE",
        pattern: "/api/v1/apps/{appId}/grants/{grantId}",
        handler: RouteHandler::Write(delete),
    },
];

fn client<'a>(org: &'a SimulatedOrg, request: &SignedInRequest) -> Result<&'a ClientApp, ApiRefusal> {
    let id = request.parameter(0);
    let client = org.oauth.clients.get(id);
    client.ok_or_else(|| ApiRefusal::not_found(id, "AppInstance"))
}

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let client = client(org, request)?;
    let shown = client.grants.iter().map(|grant| show(client, grant, request));
    ApiAnswer::ok(Value::Array(shown.collect()))
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let client = client(org, request)?;
    let id = request.parameter(1);
    let grant = client.grants.iter().find(|grant| grant.id == id);
    let grant = grant.ok_or_else(|| ApiRefusal::not_found(id, "OAuth2ScopeConsentGrant"))?;
    ApiAnswer::ok(show(client, grant, request))
}

fn create(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let body = request.object()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (issuer, scope) = (text("issuer"), text("scopeId"));
    // Assumed: the issuer is the org's own URL, under whatever address it is called.
    if issuer != own_url(org, request) {
        return Err(invalid("issuer: must be the URL of the org"));
    }
    if !scope.starts_with("okta.") {
        return Err(invalid("scopeId: is no scope of the org authorization server"));
    }
    client(org, request)?;
    let (id, now) = (org.ids.next("oag"), org.now());
    let status = match org.options.assumptions.answer_status {
        AnswerStatus::Recorded => 200,
        AnswerStatus::Described => 201,
    };
    let Some(client) = org.oauth.clients.get_mut(request.parameter(0)) else {
        return Err(ApiRefusal::not_found(request.parameter(0), "AppInstance"));
    };
    // Assumed: what is granted already stays as it is.
    let present = client.grants.iter().position(|grant| grant.scope == scope);
    let place = present.unwrap_or_else(|| {
        client.grants.push(ScopeGrant { id, scope: scope.to_owned(), created: now });
        client.grants.len() - 1
    });
    let shown = show(client, &client.grants[place], request);
    ApiAnswer::with_status(status, shown)
}

fn delete(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    get(org, request)?;
    if let Some(client) = org.oauth.clients.get_mut(request.parameter(0)) {
        client.grants.retain(|grant| grant.id != request.parameter(1));
    }
    ApiAnswer::no_content()
}

fn show(client: &ClientApp, grant: &ScopeGrant, request: &SignedInRequest) -> Value {
    let base = &request.base;
    let own = format!("/api/v1/apps/{}", client.id);
    json!({
        "id": grant.id, "status": "ACTIVE", "created": date(grant.created), "lastUpdated": date(grant.created),
        "issuer": base, "clientId": client.id, "scopeId": grant.scope, "source": "ADMIN",
        "_links": {"app": link(base, &own), "self": link(base, &format!("{own}/grants/{}", grant.id))},
    })
}

fn invalid(cause: &str) -> ApiRefusal {
    ApiRefusal::validation("grant", &[cause])
}
