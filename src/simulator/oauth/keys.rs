//! `/apps/{a}/credentials/jwks`: the public keys of a service app, which an administrator adds, activates and deactivates.

use serde_json::{Map, Value, json};

use super::super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::super::model::authorization_server::{ClientApp, ClientKeys, ClientKind};
use super::super::model::generated_key::GeneratedKey;
use super::super::store::{SimulatedOrg, StoredApp};
use super::super::wire::date;
use super::jwt;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/credentials/jwks", handler: RouteHandler::Read(list) },
    ApiRoute { method: "POST", pattern: "/api/v1/apps/{appId}/credentials/jwks", handler: RouteHandler::Write(add) },
    ApiRoute {
        method: "GET",
        pattern: "/api/v1/apps/{appId}/credentials/jwks/{keyId}",
        handler: RouteHandler::Read(get),
    },
    ApiRoute {
        method: "DELETE",
        pattern: "/api/v1/apps/{appId}/credentials/jwks/{keyId}",
        handler: RouteHandler::Write(delete),
    },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/apps/{appId}/credentials/jwks/{keyId}/lifecycle/activate",
        handler: RouteHandler::Write(|org, request| set_status(org, request, "ACTIVE")),
    },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/apps/{appId}/credentials/jwks/{keyId}/lifecycle/deactivate",
        handler: RouteHandler::Write(|org, request| set_status(org, request, "INACTIVE")),
    },
];

/// An app may have so many keys (guide to service apps).
const MOST: usize = 50;

impl ClientKeys {
    /// All public keys, active or not.
    pub(super) fn all(&self) -> &[Value] {
        match self {
            Self::Given(keys) | Self::At { fetched: keys, .. } => keys,
            Self::Generated(key) => key.public().map_or(&[], std::slice::from_ref),
        }
    }

    /// Those that sign in.
    pub(super) fn active(&self) -> impl Iterator<Item = &Value> {
        self.all().iter().filter(|key| key["status"] != "INACTIVE")
    }

    /// The keys as they can be changed.
    fn given(&mut self) -> Result<&mut Vec<Value>, ApiRefusal> {
        if matches!(self, Self::Generated(_)) {
            *self = Self::Given(self.all().to_vec());
        }
        match self {
            Self::Given(keys) => Ok(keys),
            // Assumed: keys that an address serves are changed there.
            _ => Err(invalid("jwks_uri: the keys of this app are served elsewhere")),
        }
    }
}

fn client<'a>(org: &'a SimulatedOrg, request: &SignedInRequest) -> Result<&'a ClientApp, ApiRefusal> {
    let id = request.parameter(0);
    let client = org.oauth.clients.get(id);
    client.ok_or_else(|| ApiRefusal::not_found(id, "AppInstance"))
}

fn keys<'a>(org: &'a mut SimulatedOrg, request: &SignedInRequest) -> Result<&'a mut Vec<Value>, ApiRefusal> {
    let id = request.parameter(0);
    let client = org.oauth.clients.get_mut(id);
    client.ok_or_else(|| ApiRefusal::not_found(id, "AppInstance"))?.keys.given()
}

/// Derived from the key, so that it stays the same wherever the key came from.
fn id_of(key: &Value) -> String {
    let letters = jwt::thumbprint(key);
    let letters = letters.chars().filter(char::is_ascii_alphanumeric);
    format!("pks{}", letters.take(17).collect::<String>())
}

fn place(keys: &[Value], request: &SignedInRequest) -> Result<usize, ApiRefusal> {
    let id = request.parameter(1);
    let place = keys.iter().position(|key| id_of(key) == id);
    place.ok_or_else(|| ApiRefusal::not_found(id, "OAuth2ClientJsonWebKey"))
}

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let client = client(org, request)?;
    let shown = client.keys.all().iter().map(|key| show(org, client, key));
    ApiAnswer::ok(Value::Array(shown.collect()))
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let client = client(org, request)?;
    let keys = client.keys.all();
    let key = &keys[place(keys, request)?];
    ApiAnswer::ok(show(org, client, key))
}

fn add(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let body = request.object()?;
    let key = Value::Object(body.clone());
    check(body)?;
    let keys = keys(org, request)?;
    if keys.len() >= MOST {
        return Err(invalid("jwks: too many keys"));
    }
    if keys.iter().any(|other| other["kid"] == key["kid"]) {
        return Err(invalid("kid: a key of this id exists already"));
    }
    keys.push(key.clone());
    let shown = show(org, client(org, request)?, &key);
    ApiAnswer::with_status(201, shown)
}

fn check(key: &Map<String, Value>) -> Result<(), ApiRefusal> {
    let has = |names: &[&str]| names.iter().all(|name| key.get(*name).is_some_and(Value::is_string));
    let whole = match key.get("kty").and_then(Value::as_str) {
        Some("RSA") => has(&["kid", "n", "e"]),
        Some("EC") => has(&["kid", "crv", "x", "y"]),
        _ => false,
    };
    if key.contains_key("d") {
        return Err(invalid("d: a private key is not to be sent"));
    }
    whole.then_some(()).ok_or_else(|| invalid("jwk: kty must be RSA or EC, with kid and all members of its kind"))
}

/// Assumed: also the last active key can be deactivated.
fn set_status(org: &mut SimulatedOrg, request: &SignedInRequest, status: &str) -> ApiReply {
    let keys = keys(org, request)?;
    let place = place(keys, request)?;
    keys[place]["status"] = status.into();
    let key = keys[place].clone();
    ApiAnswer::ok(show(org, client(org, request)?, &key))
}

/// Assumed: a key that signs in is not deleted.
fn delete(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let keys = keys(org, request)?;
    let place = place(keys, request)?;
    if keys[place]["status"] != "INACTIVE" {
        return Err(invalid("status: only an inactive key can be deleted"));
    }
    keys.remove(place);
    ApiAnswer::no_content()
}

fn show(org: &SimulatedOrg, client: &ClientApp, key: &Value) -> Value {
    let created = org.apps.get(&client.id).map_or(org.created, |app| app.created);
    let mut shown = key.clone();
    shown["id"] = id_of(key).into();
    shown["created"] = date(created).into();
    shown["lastUpdated"] = date(created).into();
    if key["status"].is_null() {
        shown["status"] = "ACTIVE".into();
    }
    if key["use"].is_null() {
        shown["use"] = "sig".into();
    }
    shown
}

/// The form of a client as an app, but for its keys.
pub(in crate::simulator) fn document_of(client: &ClientApp) -> Map<String, Value> {
    let (kind, method, grants) = match client.kind {
        ClientKind::Service => ("service", "private_key_jwt", json!(["client_credentials"])),
        ClientKind::Native => {
            ("native", "none", json!(["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]))
        }
    };
    let document = json!({
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"autoKeyRotation": true, "client_id": client.id, "token_endpoint_auth_method": method}},
        "settings": {"oauthClient": {
            "application_type": kind, "grant_types": grants, "response_types": ["token"],
            "dpop_bound_access_tokens": client.dpop,
        }},
    });
    document.as_object().cloned().unwrap_or_default()
}

/// Puts the public keys into a shown app. One that is not made yet is not made for a list.
pub(in crate::simulator) fn show_keys(org: &SimulatedOrg, app: &StoredApp, shown: &mut Value) {
    let Some(client) = org.oauth.clients.get(&app.id) else {
        return;
    };
    let known = match &client.keys {
        // None were told where the app is from.
        ClientKeys::Given(keys) if keys.is_empty() => false,
        ClientKeys::Given(_) => client.kind == ClientKind::Service,
        ClientKeys::Generated(key) => client.kind == ClientKind::Service && GeneratedKey::is_made(key),
        ClientKeys::At { .. } => false,
    };
    if known {
        let keys = client.keys.all().iter().map(|key| show(org, client, key));
        shown["settings"]["oauthClient"]["jwks"] = json!({"keys": keys.collect::<Vec<_>>()});
    }
}

fn invalid(cause: &str) -> ApiRefusal {
    ApiRefusal::validation("jwks", &[cause])
}
