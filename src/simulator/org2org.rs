//! Org2Org: the `okta_org2org` app of a spoke, which provisions users and groups into a hub.
//!
//! ```text
//! connection, features, group_push: what the API of the spoke says and takes
//! worker ─► users, groups, import ─► hub: what Okta's provisioning service then does, over HTTP, with the connection's own credentials
//! ```
//!
//! The hub is an org behind a URL like any other: a token that was revoked or belongs to too small a role fails there as in life.

mod app_features;
pub(super) mod connection;
pub(super) mod credentials;
pub(super) mod defaults;
pub(super) mod features;
pub(super) mod group_push;
mod group_updates;
mod groups;
pub(super) mod hub;
mod hub_refusals;
mod import;
mod password_jobs;
pub(super) mod passwords;
pub(super) mod preflight;
mod push_targets;
mod users;
pub(super) mod worker;

pub(super) use super::model::org2org_app::{GroupPush, Org2OrgApp};
pub(super) use password_jobs::password_changed;
pub(super) use push_targets::target_of_push;

use super::http::ApiRefusal;
use super::store::{JobKind, OktaId, SimulatedOrg, StoredApp};

/// Okta's name of the app.
pub(super) const NAME: &str = "okta_org2org";

/// Whether the app's jobs are for a hub.
pub(super) fn is_one(org: &SimulatedOrg, app: &str) -> bool {
    org.apps.get(app).is_some_and(|app| app.org2org.is_some())
}

/// Whether the API integration is on.
pub(super) fn is_connected(app: &StoredApp) -> bool {
    let part = app.org2org.as_ref();
    app.status == "ACTIVE" && part.is_some_and(|part| part.connection.enabled)
}

/// The user came into a group, or left it: pushes of the group are told.
pub(super) fn membership_changed(org: &mut SimulatedOrg, group: &str, user: &str) {
    for (app, push) in pushes_of(org, group) {
        queue(org, &app, user, JobKind::PushMember, push);
    }
}

/// The name or description of a group has changed: its pushes follow. A target that had another name than its source keeps it.
pub(super) fn group_changed(org: &mut SimulatedOrg, group: &str, former: &str) {
    let name = org.groups.get(group).map(|group| group.name().to_owned());
    let name = name.unwrap_or_default();
    for (app, push) in pushes_of(org, group) {
        if let Some(push) = push_targets::push_mut(org, &app, &push)
            && push.name == former
        {
            push.name.clone_from(&name);
        }
        queue(org, &app, "", JobKind::UpdateGroup, push);
    }
}

/// "Enable profile sourcing" of the Admin Console.
pub(super) fn switch_sourcing(app: &mut StoredApp, on: Option<bool>) {
    if let (Some(part), Some(on)) = (app.org2org.as_mut(), on) {
        part.profile_sourcing = on;
        app_features::show_features(app);
    }
}

/// "Import Now" of the Admin Console, or the confirmation of what an import found.
pub(super) fn start_import(org: &mut SimulatedOrg, app: &str, confirm: bool) -> Result<(), ApiRefusal> {
    if !org.apps.get(app).is_some_and(is_connected) {
        return Err(ApiRefusal::validation("app", &["its API integration is off: there is nothing to import from"]));
    }
    let kind = if confirm { JobKind::Confirm } else { JobKind::Import };
    queue(org, app, "", kind, String::new());
    Ok(())
}

/// Whether the public key of a connection is this org's own to tell: it was configured here.
pub(super) fn signs_here(org: &SimulatedOrg, pattern: &str, parameters: &[String]) -> bool {
    let app = parameters.first().and_then(|id| org.apps.get(id));
    let part = app.and_then(|app| app.org2org.as_ref());
    pattern.ends_with("/connections/default/jwks") && part.is_some_and(|part| part.connection.is_configured_here())
}

/// Active pushes of a group, with their apps.
fn pushes_of(org: &SimulatedOrg, group: &str) -> Vec<(OktaId, OktaId)> {
    let apps = org.apps.values().filter(|app| is_connected(app));
    let pushes = apps.flat_map(|app| {
        let pushes = app.org2org.iter().flat_map(|part| part.pushes.values());
        pushes.map(|push| (app.id.clone(), push))
    });
    pushes
        .filter(|(_, push)| push.source == group && push.status == "ACTIVE")
        .map(|(app, push)| (app, push.id.clone()))
        .collect()
}

/// Queues a job about a push (its id), or about a group of the hub (its id).
fn queue(org: &mut SimulatedOrg, app: &str, user: &str, kind: JobKind, about: OktaId) {
    let now = org.now();
    super::jobs::queue(org, now, app, user, kind, Some(about));
}
