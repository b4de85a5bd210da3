//! `/apps/{a}/grants`: the scopes of Okta's API that an app may have.

use serde_json::{Value, json};

use super::super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::super::model::authorization_server::{ClientApp, Grant};
use super::super::options::AnswerStatus;
use super::super::org::own_url;
use super::super::store::Org;
use super::super::wire::{date, link};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/v1/apps/{appId}/grants", handler: Handler::Read(list) },
    Route { method: "POST", pattern: "/api/v1/apps/{appId}/grants", handler: Handler::Write(create) },
    Route { method: "GET", pattern: "/api/v1/apps/{appId}/grants/{grantId}", handler: Handler::Read(get) },
    Route { method: "DELETE", pattern: "/api/v1/apps/{appId}/grants/{grantId}", handler: Handler::Write(delete) },
];

fn client<'a>(org: &'a Org, request: &Request) -> Result<&'a ClientApp, Refusal> {
    let id = request.parameter(0);
    let client = org.oauth.clients.get(id);
    client.ok_or_else(|| Refusal::not_found(id, "AppInstance"))
}

fn list(org: &Org, request: &Request) -> Reply {
    let client = client(org, request)?;
    let shown = client.grants.iter().map(|grant| show(client, grant, request));
    Answer::ok(Value::Array(shown.collect()))
}

fn get(org: &Org, request: &Request) -> Reply {
    let client = client(org, request)?;
    let id = request.parameter(1);
    let grant = client.grants.iter().find(|grant| grant.id == id);
    let grant = grant.ok_or_else(|| Refusal::not_found(id, "OAuth2ScopeConsentGrant"))?;
    Answer::ok(show(client, grant, request))
}

fn create(org: &mut Org, request: &Request) -> Reply {
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
        return Err(Refusal::not_found(request.parameter(0), "AppInstance"));
    };
    // Assumed: what is granted already stays as it is.
    let present = client.grants.iter().position(|grant| grant.scope == scope);
    let place = present.unwrap_or_else(|| {
        client.grants.push(Grant { id, scope: scope.to_owned(), created: now });
        client.grants.len() - 1
    });
    let shown = show(client, &client.grants[place], request);
    Answer::with_status(status, shown)
}

fn delete(org: &mut Org, request: &Request) -> Reply {
    get(org, request)?;
    if let Some(client) = org.oauth.clients.get_mut(request.parameter(0)) {
        client.grants.retain(|grant| grant.id != request.parameter(1));
    }
    Answer::no_content()
}

fn show(client: &ClientApp, grant: &Grant, request: &Request) -> Value {
    let base = &request.base;
    let own = format!("/api/v1/apps/{}", client.id);
    json!({
        "id": grant.id, "status": "ACTIVE", "created": date(grant.created), "lastUpdated": date(grant.created),
        "issuer": base, "clientId": client.id, "scopeId": grant.scope, "source": "ADMIN",
        "_links": {"app": link(base, &own), "self": link(base, &format!("{own}/grants/{}", grant.id))},
    })
}

fn invalid(cause: &str) -> Refusal {
    Refusal::validation("grant", &[cause])
}
