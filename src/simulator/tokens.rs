//! API tokens: listed, narrowed to networks, revoked. Okta has no call that makes one.

use serde_json::{Value, json};

use super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::log::{self, Event, Target};
use super::pages;
use super::store::{Org, Token};
use super::wire::date;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/v1/api-tokens", handler: Handler::Read(list) },
    Route { method: "GET", pattern: "/api/v1/api-tokens/{apiTokenId}", handler: Handler::Read(get) },
    Route { method: "PUT", pattern: "/api/v1/api-tokens/{apiTokenId}", handler: Handler::Write(upsert) },
    Route { method: "DELETE", pattern: "/api/v1/api-tokens/current", handler: Handler::Write(revoke_current) },
    Route { method: "DELETE", pattern: "/api/v1/api-tokens/{apiTokenId}", handler: Handler::Write(revoke) },
];

fn list(org: &Org, request: &Request) -> Reply {
    let tokens = org.tokens.values().filter(|token| !token.revoked);
    pages::whole(request, tokens.map(|token| show(token, request)).collect())
}

fn get(org: &Org, request: &Request) -> Reply {
    let token = find(org, request.parameter(0))?;
    Answer::ok(show(token, request))
}

/// Changes the name and the network; whether zones hold the caller is not modelled, so `ZONE` shuts everyone out.
fn upsert(org: &mut Org, request: &Request) -> Reply {
    let id = find(org, request.parameter(0))?.id.clone();
    let body = request.object()?;
    let connection = body.get("network").and_then(|network| network["connection"].as_str()).unwrap_or("ANYWHERE");
    if !matches!(connection, "ANYWHERE" | "ZONE") {
        return Err(Refusal::malformed());
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
    Answer::ok(show(find(org, &id)?, request))
}

fn revoke(org: &mut Org, request: &Request) -> Reply {
    let id = find(org, request.parameter(0))?.id.clone();
    revoke_token(org, request, &id)
}

fn revoke_current(org: &mut Org, request: &Request) -> Reply {
    revoke_token(org, request, &request.token)
}

fn revoke_token(org: &mut Org, request: &Request, id: &str) -> Reply {
    let event = event(find(org, id)?, "system.api_token.revoke", "Revoke API token");
    if let Some(token) = org.tokens.get_mut(id) {
        token.revoked = true;
    }
    log::record(org, event.by(&request.principal));
    Answer::no_content()
}

fn find<'a>(org: &'a Org, id: &str) -> Result<&'a Token, Refusal> {
    org.tokens.get(id).filter(|token| !token.revoked).ok_or_else(|| Refusal::not_found(id, "Token"))
}

fn event(token: &Token, kind: &'static str, message: &str) -> Event {
    Event::new(kind, message).target(Target {
        id: token.id.clone(),
        kind: "Token",
        alternate_id: "unknown".to_owned(),
        display_name: token.name.clone(),
    })
}

fn show(token: &Token, request: &Request) -> Value {
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
