//! Who gets the Okta password in a hub: settings of "Sync Password", and the jobs that follow from a change.

use secrecy::SecretString;

use super::super::provisioning::has_feature;
use super::super::store::{JobKind, OktaId, SimulatedOrg, StoredApp};
use super::{is_connected, queue};

/// Whether a setting of password sync has this value; `seed` is RANDOM or OKTA, `change` CHANGE or `KEEP_EXISTING`.
fn has_setting(app: &StoredApp, setting: &str, value: &str) -> bool {
    let part = app.org2org.as_ref();
    has_feature(app, "PUSH_PASSWORD_UPDATES")
        && part.is_some_and(|part| part.outbound["update"]["password"][setting] == value)
}

/// The Okta password with which an account is made. One that was not set over the API, nobody here knows.
pub(super) fn seed(org: &SimulatedOrg, app: &StoredApp, user: &str) -> Option<SecretString> {
    let password = org.passwords.get(user).filter(|_| has_setting(app, "seed", "OKTA"));
    password.cloned()
}

/// The user has another password: accounts that are kept in sync get it.
pub(in crate::simulator) fn password_changed(org: &mut SimulatedOrg, user: &str) {
    let apps = org.apps.values().filter(|app| {
        let held = app.users.get(user);
        is_connected(app) && has_setting(app, "change", "CHANGE") && held.is_some_and(|held| held.external_id.is_some())
    });
    let apps: Vec<OktaId> = apps.map(|app| app.id.clone()).collect();
    for app in apps {
        queue(org, &app, user, JobKind::PushPassword, String::new());
    }
}
