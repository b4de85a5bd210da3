//! Service apps that are made over the API: an `oidc_client` app is a client too, whose id is the app's.

use serde_json::{Map, Value};

use super::super::http::ApiRefusal;
use super::super::model::authorization_server::{ClientApp, ClientKeys, ClientKind};
use super::super::store::{SimulatedOrg, StoredApp};

/// The client of a new app; none of an app of another kind.
pub(in crate::simulator) fn client_of(app: &StoredApp) -> Result<Option<ClientApp>, ApiRefusal> {
    let Some(settings) = settings_of(app) else {
        return Ok(None);
    };
    Ok(Some(client(app, settings, keys(settings)?)))
}

/// The same of an app whose keys nobody may tell: nobody signs in by it then.
pub(in crate::simulator) fn keyless_client_of(app: &StoredApp) -> Option<ClientApp> {
    let settings = settings_of(app)?;
    let keys = keys(settings).unwrap_or_else(|_| ClientKeys::Given(Vec::new()));
    Some(client(app, settings, keys))
}

fn settings_of(app: &StoredApp) -> Option<&Value> {
    let settings = app.document.get("settings")?.get("oauthClient")?;
    let is_service = app.name == "oidc_client" && settings["application_type"] == "service";
    is_service.then_some(settings)
}

fn client(app: &StoredApp, settings: &Value, keys: ClientKeys) -> ClientApp {
    ClientApp {
        id: app.id.clone(),
        label: app.label.clone(),
        kind: ClientKind::Service,
        active: app.status == "ACTIVE",
        keys,
        // Nothing is granted to a new app, and it has no role (guide to service apps).
        grants: Vec::new(),
        dpop: settings["dpop_bound_access_tokens"] == true,
    }
}

/// The keys that a form names; those of a client whose app is replaced by a form without any stay.
pub(in crate::simulator) fn keys_in(document: &Map<String, Value>) -> Result<Option<ClientKeys>, ApiRefusal> {
    let settings = &document.get("settings").unwrap_or(&Value::Null)["oauthClient"];
    let names_keys = settings.get("jwks").is_some() || settings.get("jwks_uri").is_some();
    names_keys.then(|| keys(settings)).transpose()
}

/// Has the client of an app follow what was replaced.
pub(in crate::simulator) fn follow(org: &mut SimulatedOrg, id: &str, keys: Option<ClientKeys>) {
    let (Some(app), Some(client)) = (org.apps.get(id), org.oauth.clients.get_mut(id)) else {
        return;
    };
    let settings = &app.document.get("settings").unwrap_or(&Value::Null)["oauthClient"];
    client.label.clone_from(&app.label);
    client.dpop = settings["dpop_bound_access_tokens"] == true;
    if let Some(keys) = keys {
        client.keys = keys;
    }
}

/// Either keys or their address.
fn keys(settings: &Value) -> Result<ClientKeys, ApiRefusal> {
    match (settings["jwks"]["keys"].as_array(), settings["jwks_uri"].as_str()) {
        (None, Some(url)) => Ok(ClientKeys::At { url: url.to_owned(), fetched: Vec::new() }),
        (Some(keys), None) => Ok(ClientKeys::Given(keys.clone())),
        _ => Err(ApiRefusal::validation(
            "oauthClient",
            &["jwks: either jwks or jwks_uri must be given for private_key_jwt"],
        )),
    }
}
