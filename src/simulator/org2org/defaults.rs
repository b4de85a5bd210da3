//! Apps that are connected when a scenario begins: nobody has to set them up first.

use secrecy::SecretString;
use serde_json::json;

use super::super::model::org2org_app::{ApiConnection, ConnectionScheme};
use super::super::scenario::addresses::placeholder;
use super::super::store::{OktaId, StoredApp};
use super::app_features::show_features;

/// The To App switches that a scenario begins with, and profile sourcing.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "the switches of the Admin Console, one each")]
pub(in crate::simulator) struct InitialSwitches {
    pub(in crate::simulator) create: bool,
    pub(in crate::simulator) update: bool,
    pub(in crate::simulator) deactivate: bool,
    pub(in crate::simulator) password: bool,
    pub(in crate::simulator) sourcing: bool,
}

/// Connects the app with the org of this name by a token of it.
pub(in crate::simulator) fn connect(app: &mut StoredApp, hub: &str, token: &str, switches: InitialSwitches) {
    let base_url = placeholder(hub);
    app.document.insert("settings".to_owned(), json!({"app": {"baseUrl": base_url}}));
    let status = |on: bool| json!({"status": if on { "ENABLED" } else { "DISABLED" }});
    let Some(part) = &mut app.org2org else {
        return;
    };
    part.connection = ApiConnection {
        enabled: true,
        base_url: Some(base_url),
        scheme: ConnectionScheme::Token(Some(SecretString::from(token))),
        ..ApiConnection::default()
    };
    part.outbound["create"]["lifecycleCreate"] = status(switches.create);
    part.outbound["update"]["profile"] = status(switches.update);
    part.outbound["update"]["lifecycleDeactivate"] = status(switches.deactivate);
    part.outbound["update"]["password"]["status"] = status(switches.password)["status"].clone();
    part.profile_sourcing = switches.sourcing;
    show_features(app);
}

/// The app's user has this account in the hub.
pub(in crate::simulator) fn link(app: &mut StoredApp, user: &OktaId, account: OktaId) {
    if let Some(held) = app.users.get_mut(user) {
        held.external_id = Some(account);
        held.last_sync = Some(held.created);
        "ACTIVE".clone_into(&mut held.status);
        "SYNCHRONIZED".clone_into(&mut held.sync_state);
    }
}
