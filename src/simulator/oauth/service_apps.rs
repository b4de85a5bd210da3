//! Service apps that are made over the API: an `oidc_client` app is a client too, whose id is the app's.

use serde_json::Value;

use super::super::http::Refusal;
use super::super::store::App;
use super::state::{ClientApp, ClientKind, Keys};

/// The client of a new app; none of an app of another kind.
pub(in crate::simulator) fn client_of(app: &App) -> Result<Option<ClientApp>, Refusal> {
    let settings = &app.document.get("settings").unwrap_or(&Value::Null)["oauthClient"];
    if app.name != "oidc_client" || settings["application_type"] != "service" {
        return Ok(None);
    }
    Ok(Some(ClientApp {
        id: app.id.clone(),
        label: app.label.clone(),
        kind: ClientKind::Service,
        active: app.status == "ACTIVE",
        keys: keys(settings)?,
        // Nothing is granted to a new app, and it has no role (guide to service apps).
        grants: Vec::new(),
        dpop: settings["dpop_bound_access_tokens"] == true,
    }))
}

/// Either keys or their address.
fn keys(settings: &Value) -> Result<Keys, Refusal> {
    match (
        settings["jwks"]["keys"].as_array(),
        settings["jwks_uri"].as_str(),
    ) {
        (None, Some(url)) => Ok(Keys::At {
            url: url.to_owned(),
            fetched: Vec::new(),
        }),
        (Some(keys), None) => Ok(Keys::Given(keys.clone())),
        _ => Err(Refusal::validation(
            "oauthClient",
            &["jwks: either jwks or jwks_uri must be given for private_key_jwt"],
        )),
    }
}
