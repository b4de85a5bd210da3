//! API tokens: listed, narrowed to networks, revoked. Okta has no call that makes one.

use serde_json::{Value, json};

use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::log::{self, LogEvent, LogTarget};
use super::pages;
use super::store::{ApiToken, SimulatedOrg};
use super::wire::date;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/api-tokens", handler: RouteHandler::Read(list) },
    ApiRoute { method: "GET", pattern: "/api/v1/api-tokens/{apiTokenId}", handler: RouteHandler::Read(get) },
    ApiRoute { method: "PUT", pattern: "/api/v1/api-tokens/{apiTokenId}", handler: RouteHandler::Write(upsert) },
    ApiRoute { method: "DELETE", pattern: "/api/v1/api-tokens/current", handler: RouteHandler::Write(revoke_current) },
    ApiRoute { method: "DELETE", pattern: "/api/v1/api-tokens/{apiTokenId}", handler: RouteHandler::Write(revoke) },
];

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let tokens = org.tokens.values().filter(|token| !token.revoked);
    pages::whole_list(request, tokens.map(|token| show(token, request)).collect())
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let token = find(org, request.parameter(0))?;
    ApiAnswer::ok(show(token, request))
}

/// Changes the name and the network; whether zones hold the caller is not modelled, so `ZONE` shuts everyone out.
fn upsert(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = find(org, request.parameter(0))?.id.clone();
    let body = request.object()?;
    let connection = body.get("network").and_then(|network| network["connection"].as_str()).unwrap_or("ANYWHERE");
    if !matches!(connection, "ANYWHERE" | "ZONE") {
        return Err(ApiRefusal::malformed());
    }
    let name = body.get("name").and_then(Value::as_str);
    if let Some(token) = org.tokens.get_mut(&id) {
        connection.clone_into(&mut token.network);
        if let Some(name) = name {
            name.clone_into(&mut token.name);
        }
    }
    let event = event(find(org, &id)?, "system.api_token.update", "Update API token");
    log::record(org, event.by(&request.principal));
    ApiAnswer::ok(show(find(org, &id)?, request))
}

fn revoke(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = find(org, request.parameter(0))?.id.clone();
    revoke_token(org, request, &id)
}

fn revoke_current(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    revoke_token(org, request, &request.token)
}

fn revoke_token(org: &mut SimulatedOrg, request: &SignedInRequest, id: &str) -> ApiReply {
    let event = event(find(org, id)?, "system.api_token.revoke", "Revoke API token");
    if let Some(token) = org.tokens.get_mut(id) {
        token.revoked = true;
    }
    log::record(org, event.by(&request.principal));
    ApiAnswer::no_content()
}

fn find<'a>(org: &'a SimulatedOrg, id: &str) -> Result<&'a ApiToken, ApiRefusal> {
    org.tokens.get(id).filter(|token| !token.revoked).ok_or_else(|| ApiRefusal::not_found(id, "Token"))
}

fn event(token: &ApiToken, kind: &'static str, message: &str) -> LogEvent {
    LogEvent::new(kind, message).target(LogTarget {
        id: token.id.clone(),
        kind: "Token",
        alternate_id: "unknown".to_owned(),
        display_name: token.name.clone(),
    })
}

fn show(token: &ApiToken, request: &SignedInRequest) -> Value {
    let base = &request.base;
    json!({
        "id": token.id,
        "name": token.name,
        "userId": token.owner,
        "clientName": "Okta API",
        "tokenWindow": "P30D",
        "network": {"connection": token.network},
        "expiresAt": date(token.expires),
        "created": date(token.created),
        "lastUpdated": date(token.created),
        "_links": {
            "self": {"href": format!("{base}/api/v1/api-tokens/{}", token.id), "hints": {"allow": ["GET", "DELETE"]}},
            "user": {"href": format!("{base}/api/v1/users/{}", token.owner), "hints": {"allow": ["GET"]}},
        },
    })
}
