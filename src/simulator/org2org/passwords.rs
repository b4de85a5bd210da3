//! "Sync Password": the Okta password in the hub, at the creation of an account and with each change.

use secrecy::ExposeSecret;
use serde_json::json;

use super::super::provisioning::note;
use super::super::service::OrgService;
use super::super::store::ProvisioningJob;
use super::hub::{HubConnection, HubHttp};
use super::hub_refusals::note_refusal;
use super::users::user_path;

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
