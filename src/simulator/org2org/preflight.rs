//! What has to be asked of another org before a request can be answered, and is asked while nothing of this org is held.

use std::sync::Arc;

use serde_json::Value;

use super::super::http::CredentialProbe;
use super::super::oauth::{self, GeneratedKey};
use super::super::service::{IncomingRequest, OrgService};
use super::super::store::SimulatedOrg;
use super::connection::{read, setting};
use super::hub::HubConnection;

const CONNECTION: &str = "/connections/default";

/// Tries the credentials of a connection that is to be activated, and fetches the public keys of a service app that signs in. Gives what
/// the hub said to the credentials.
pub(in crate::simulator) async fn ahead(
    service: &OrgService,
    incoming: &IncomingRequest<'_>,
) -> Option<CredentialProbe> {
    if incoming.method != "POST" {
        return None;
    }
    if incoming.path.ends_with("/oauth2/v1/token") {
        fetch_keys(service, incoming).await;
        return None;
    }
    let hub = hub_to_try(&service.read(), incoming)?;
    let line = service.line();
    let tried = async { hub.sign_in(line).await?.get("/api/v1/users?limit=1").await };
    Some(tried.await.map(drop).map_err(|failure| failure.reason))
}

/// The hub of `POST …/connections/default?activate=true` or `…/lifecycle/activate`.
fn hub_to_try(org: &SimulatedOrg, incoming: &IncomingRequest<'_>) -> Option<HubConnection> {
    let path = incoming.path.strip_prefix("/api/v1/apps/")?;
    let (id, rest) = path.split_once('/')?;
    let app = org.apps.get(id)?;
    let connection = &app.org2org.as_ref()?.connection;
    let own = CONNECTION.trim_start_matches('/');
    if rest == format!("{own}/lifecycle/activate") {
        return HubConnection::behind(connection);
    }
    if rest != own || !incoming.query.contains("activate=true") {
        return None;
    }
    let body: Value = serde_json::from_slice(incoming.body).ok()?;
    let (base_url, scheme) = read(body.as_object()?).ok()?;
    let base = base_url.or_else(|| connection.base_url.clone()).or_else(|| setting(app))?;
    let key: &Arc<GeneratedKey> = &connection.key;
    HubConnection::with(base, &scheme, key)
}

/// Keys that a service app names by their address are read when it signs in, as Okta does.
async fn fetch_keys(service: &OrgService, incoming: &IncomingRequest<'_>) {
    let Some((client_id, url)) = oauth::keys_to_fetch(&service.read(), &incoming.form()) else {
        return;
    };
    let Ok(request) = service.line().request(reqwest::Method::GET, &url) else {
        return;
    };
    let Ok(answer) = request.send().await else {
        return;
    };
    let Ok(text) = answer.text().await else {
        return;
    };
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    let keys = body["jwks"]["keys"].as_array().or_else(|| body["keys"].as_array());
    if let Some(keys) = keys {
        oauth::keep_keys(&mut service.write(), &client_id, keys.clone());
    }
}
