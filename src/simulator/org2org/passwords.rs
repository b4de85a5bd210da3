//! "Sync Password": the Okta password in the hub, at the creation of an account and with each change.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::super::provisioning::{has_feature, note};
use super::super::service::OrgService;
use super::super::store::{JobKind, OktaId, ProvisioningJob, SimulatedOrg, StoredApp};
use super::hub::{HubConnection, HubHttp};
use super::users::user_path;
use super::worker::note_refusal;
use super::{is_connected, queue};

/// Whether a setting of password sync has this value; `seed` is RANDOM or OKTA, `change` CHANGE or `KEEP_EXISTING`.
fn says(app: &StoredApp, setting: &str, value: &str) -> bool {
    let part = app.org2org.as_ref();
    has_feature(app, "PUSH_PASSWORD_UPDATES")
        && part.is_some_and(|part| part.outbound["update"]["password"][setting] == value)
}

/// The Okta password with which an account is made. One that was not set over the API, nobody here knows.
pub(super) fn seed(org: &SimulatedOrg, app: &StoredApp, user: &str) -> Option<SecretString> {
    let password = org.passwords.get(user).filter(|_| says(app, "seed", "OKTA"));
    password.cloned()
}

/// The user has another password: accounts that are kept in sync get it.
pub(in crate::simulator) fn password_changed(org: &mut SimulatedOrg, user: &str) {
    let apps = org.apps.values().filter(|app| {
        let held = app.users.get(user);
        is_connected(app) && says(app, "change", "CHANGE") && held.is_some_and(|held| held.external_id.is_some())
    });
    let apps: Vec<OktaId> = apps.map(|app| app.id.clone()).collect();
    for app in apps {
        queue(org, &app, user, JobKind::PushPassword, String::new());
    }
}

/// Gives the account the password.
pub(super) async fn push(service: &OrgService, line: &HubHttp, job: &ProvisioningJob) {
    let (hub, account, password) = {
        let org = service.read();
        let app = org.apps.get(&job.app);
        let held = app.and_then(|app| app.users.get(&job.user));
        let account = held.and_then(|held| held.external_id.clone());
        let password = org.passwords.get(&job.user).cloned();
        match (app.and_then(HubConnection::of), account, password) {
            (Some(hub), Some(account), Some(password)) => (hub, account, password),
            _ => return,
        }
    };
    let outcome = async {
        let body = json!({"credentials": {"password": {"value": password.expose_secret()}}});
        let hub = hub.sign_in(line).await?;
        hub.post(&user_path(&account), &body).await.map(drop)
    };
    let outcome = outcome.await;
    let mut org = service.write();
    if let Err(failure) = &outcome {
        note_refusal(&mut org, &job.app, failure);
    }
    let failure = outcome.err().map(|failure| failure.reason);
    note(
        &mut org,
        "application.provision.user.push_password",
        "Push user's password to external application",
        &job.app,
        &job.user,
        failure.as_deref(),
    );
}
