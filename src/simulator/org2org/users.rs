//! Users of the spoke in the hub: linked or created, updated, deactivated.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::super::mappings;
use super::super::options::{InitialStatusOmitted, LaterMembers};
use super::super::provisioning::{has_feature, note};
use super::super::service::OrgService;
use super::super::store::{AppUser, FailedTask, JobKind, ProvisioningJob, SimulatedOrg, StoredApp};
use super::hub::{HubConnection, HubFailure, HubHttp, HubSession};
use super::hub_refusals::note_refusal;
use super::password_jobs;
use super::push_targets::push_mut;

/// Attributes of an app user that say how the user is made; the hub's profile has none of them.
const DIRECTIONS: &[&str] = &["initialStatus", "securityQuestion"];

/// What becomes of a user in the hub (support article on the attribute).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct InitialStatus {
    /// ACTIVE or PROVISIONED, otherwise STAGED.
    active: bool,
    password: bool,
}

impl InitialStatus {
    fn parse(text: &str) -> Option<Self> {
        let (active, password) = match text {
            "active_with_pass" => (true, true),
            "active_without_pass" => (true, false),
            "pending_with_pass" => (false, true),
            "pending_without_pass" => (false, false),
            _ => return None,
        };
        Some(Self { active, password })
    }

    /// What is assumed of an assignment that names none.
    fn omitted(org: &SimulatedOrg) -> &'static str {
        match org.options.assumptions.initial_status_omitted {
            InitialStatusOmitted::ActiveWithPass => "active_with_pass",
            InitialStatusOmitted::ActiveWithoutPass => "active_without_pass",
            InitialStatusOmitted::PendingWithPass => "pending_with_pass",
            InitialStatusOmitted::PendingWithoutPass => "pending_without_pass",
        }
    }
}

/// What is wanted of the hub, read off the spoke at the time of the job.
struct DesiredHubUser {
    hub: HubConnection,
    login: String,
    external_id: Option<String>,
    profile: Map<String, Value>,
    /// Those attributes that follow every change.
    pushed: Map<String, Value>,
    initial: Option<InitialStatus>,
    /// The Okta password, where it is the seed of the account's.
    password: Option<SecretString>,
    question: Option<(String, SecretString)>,
    creates: bool,
    updates: bool,
}

/// What the hub has then.
struct HubUserResult {
    hub_id: String,
    status: String,
    kind: &'static str,
    words: &'static str,
    /// The event of a password that was set, too.
    password: Option<&'static str>,
}

impl DesiredHubUser {
    fn of(org: &SimulatedOrg, job: &ProvisioningJob) -> Option<Self> {
        let app = org.apps.get(&job.app)?;
        let held = app.users.get(&job.user)?;
        let initial = direction(app, held, "initialStatus");
        let initial = initial.unwrap_or_else(|| InitialStatus::omitted(org).to_owned());
        let profile = hub_profile(held);
        let followed = |name: &str| mappings::is_pushed(app, name);
        Some(Self {
            hub: HubConnection::of(app)?,
            login: held.user_name.clone(),
            external_id: held.external_id.clone(),
            pushed: profile
                .iter()
                .filter(|(name, _)| followed(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            profile,
            initial: InitialStatus::parse(&initial),
            password: password_jobs::seed(org, app, &job.user),
            question: direction(app, held, "securityQuestion").zip(held.security_answer.clone()),
            creates: has_feature(app, "PUSH_NEW_USERS"),
            updates: has_feature(app, "PUSH_PROFILE_UPDATES"),
        })
    }

    async fn carry_out(&self, hub: &HubSession<'_>) -> Result<Option<HubUserResult>, HubFailure> {
        if let Some(id) = &self.external_id {
            return self.update(hub, id).await;
        }
        if !self.creates {
            return Ok(None);
        }
        let initial = self.initial.ok_or_else(|| HubFailure {
            status: 0,
            reason: "Invalid value for initialStatus field (code notOneOf)".to_owned(),
        })?;
        let path = user_path(&self.login);
        match hub.find(&path).await? {
            Some(user) => self.link(hub, &user, initial).await.map(Some),
            None => self.create(hub, initial).await.map(Some),
        }
    }

    async fn create(&self, hub: &HubSession<'_>, initial: InitialStatus) -> Result<HubUserResult, HubFailure> {
        let mut profile = self.profile.clone();
        profile.insert("login".to_owned(), json!(self.login));
        let mut credentials = Map::new();
        if initial.password {
            let value = self.first_password();
            credentials.insert("password".to_owned(), json!({"value": value}));
        }
        if let Some((question, answer)) = &self.question {
            let question = json!({"question": question, "answer": answer.expose_secret()});
            credentials.insert("recovery_question".to_owned(), question);
        }
        let body = json!({"profile": profile, "credentials": credentials});
        let path = format!("/api/v1/users?activate={}", initial.active);
        let user = hub.post(&path, &body).await?;
        let done =
            HubUserResult::new(&user, "application.provision.user.push", "Push new user to external application");
        Ok(HubUserResult { password: initial.password.then(|| self.password_event()), ..done })
    }

    fn first_password(&self) -> String {
        let okta = self.password.as_ref();
        okta.map_or_else(random_password, |okta| okta.expose_secret().to_owned())
    }

    /// The event of a password that was set.
    fn password_event(&self) -> &'static str {
        match self.password {
            Some(_) => "application.provision.user.push_okta_password",
            None => "application.provision.user.password",
        }
    }

    /// Who is in the hub already is linked; the initial status decides then too (support article). Who was deactivated there is
    /// reactivated in any case (documentation of Org2Org): a pending status leaves him without a password.
    async fn link(
        &self,
        hub: &HubSession<'_>,
        user: &Value,
        initial: InitialStatus,
    ) -> Result<HubUserResult, HubFailure> {
        let id = user["id"].as_str().unwrap_or_default();
        let path = user_path(id);
        let status = user["status"].as_str().unwrap_or_default();
        let is_activated = status == "DEPROVISIONED" || (status == "STAGED" && initial.active);
        if is_activated {
            if initial.active && initial.password {
                let body = json!({"credentials": {"password": {"value": self.first_password()}}});
                hub.post(&path, &body).await?;
            }
            let step = format!("{path}/lifecycle/activate?sendEmail={}", !initial.password);
            hub.post(&step, &json!({})).await?;
        } else if status == "SUSPENDED" {
            // Documentation of Org2Org: reactivation lifts a suspension in the hub.
            hub.post(&format!("{path}/lifecycle/unsuspend"), &json!({})).await?;
        }
        if self.updates {
            hub.post(&path, &json!({"profile": self.pushed})).await?;
        }
        let (kind, words) = if status == "DEPROVISIONED" || status == "SUSPENDED" {
            ("application.provision.user.reactivate", "Reactivate user in external application")
        } else {
            ("application.provision.user.sync", "Sync user in external application")
        };
        Ok(HubUserResult::new(&hub.get(&path).await?, kind, words))
    }

    async fn update(&self, hub: &HubSession<'_>, id: &str) -> Result<Option<HubUserResult>, HubFailure> {
        if !self.updates {
            return Ok(None);
        }
        let body = json!({"profile": self.pushed});
        let user = hub.post(&user_path(id), &body).await?;
        let kind = "application.provision.user.push_profile";
        Ok(Some(HubUserResult::new(&user, kind, "Push user's profile to external application")))
    }
}

impl HubUserResult {
    fn new(user: &Value, kind: &'static str, words: &'static str) -> Self {
        let text = |name: &str| user[name].as_str().unwrap_or_default().to_owned();
        Self { hub_id: text("id"), status: text("status"), kind, words, password: None }
    }
}

/// Creates, links or updates a user in the hub.
pub(super) async fn provision(service: &OrgService, line: &HubHttp, job: &ProvisioningJob) {
    let Some(wanted) = DesiredHubUser::of(&service.read(), job) else {
        return;
    };
    let outcome = async { wanted.carry_out(&wanted.hub.sign_in(line).await?).await };
    let outcome = outcome.await;
    let mut org = service.write();
    match outcome {
        Ok(done) => settle(&mut org, job, done),
        Err(failure) => {
            let kind = if wanted.external_id.is_some() {
                "application.provision.user.push_profile"
            } else {
                "application.provision.user.push"
            };
            fail(&mut org, job, kind, "provisioning", &failure);
        }
    }
    service.settle(&mut org);
}

fn settle(org: &mut SimulatedOrg, job: &ProvisioningJob, done: Option<HubUserResult>) {
    let now = org.now();
    let Some(held) = app_user_mut(org, job) else {
        return;
    };
    "SYNCHRONIZED".clone_into(&mut held.sync_state);
    held.syncing_from = None;
    held.last_sync = Some(now);
    held.last_updated = now;
    let Some(done) = done else { return };
    // Okta's API description: PROVISIONED is created in the target, ACTIVE is enabled there too.
    let status = if done.status == "ACTIVE" { "ACTIVE" } else { "PROVISIONED" };
    if held.status != status {
        status.clone_into(&mut held.status);
        held.status_changed = now;
    }
    let linked = held.external_id.replace(done.hub_id).is_none();
    org.tasks.retain(|task| task.app != job.app || task.user != job.user);
    note(org, done.kind, done.words, &job.app, &job.user, None);
    if let Some(kind) = done.password {
        let words = "Set user's password in external application";
        note(org, kind, words, &job.app, &job.user, None);
    }
    if linked && org.options.assumptions.later_members == LaterMembers::Added {
        add_to_groups(org, &job.user);
    }
}

/// Of a hub that is no part of the plan: what is wanted of it is taken as done.
pub(super) fn assume_done(org: &mut SimulatedOrg, job: &ProvisioningJob) {
    // Nothing of this org shows an account's password.
    if matches!(job.kind, JobKind::PushPassword) {
        return;
    }
    let now = org.now();
    let id = org.ids.next("00u");
    if let Some(push) = job.account.as_deref().and_then(|push| push_mut(org, &job.app, push)) {
        push.hub_group.get_or_insert(id);
        push.last_push = Some(now);
        return;
    }
    let Some(held) = app_user_mut(org, job) else {
        return;
    };
    let done = HubUserResult {
        hub_id: held.external_id.clone().unwrap_or(id),
        status: "ACTIVE".to_owned(),
        kind: "application.provision.user.push",
        words: "Push new user to external application",
        password: None,
    };
    settle(org, job, Some(done));
}

/// Whether Okta itself adds who was provisioned after his group was pushed is not documented.
fn add_to_groups(org: &mut SimulatedOrg, user: &str) {
    let groups = org.users.get(user).map(|user| user.groups.clone());
    for group in groups.unwrap_or_default() {
        super::membership_changed(org, &group, user);
    }
}

/// Deactivates a user whose assignment is gone.
pub(super) async fn deactivate(service: &OrgService, line: &HubHttp, job: &ProvisioningJob) {
    let (hub, account) = {
        let org = service.read();
        let app = org.apps.get(&job.app);
        // Assigned again in the meantime: the account is in use.
        let held = app.is_some_and(|app| app.users.contains_key(&job.user));
        let Some(hub) = app.filter(|_| !held).and_then(HubConnection::of) else {
            return;
        };
        (hub, job.account.clone().unwrap_or_default())
    };
    let outcome = async {
        let hub = hub.sign_in(line).await?;
        let path = user_path(&account);
        let user = hub.find(&path).await?.unwrap_or_default();
        if user.is_null() || user["status"] == "DEPROVISIONED" {
            return Ok(());
        }
        let step = format!("{path}/lifecycle/deactivate");
        hub.post(&step, &json!({})).await.map(drop)
    };
    let outcome = outcome.await;
    let mut org = service.write();
    let kind = "application.provision.user.deactivate";
    match outcome {
        Ok(()) => {
            let words = "Deactivate user in external application";
            note(&mut org, kind, words, &job.app, &job.user, None);
        }
        Err(failure) => fail(&mut org, job, kind, "deactivation", &failure),
    }
}

/// A failed job becomes a task on the dashboard and an event.
fn fail(org: &mut SimulatedOrg, job: &ProvisioningJob, kind: &'static str, action: &str, failure: &HubFailure) {
    let now = org.now();
    note_refusal(org, &job.app, failure);
    let login = org.users.get(&job.user).map_or("", |user| user.login());
    let label = org.apps.get(&job.app).map_or("", |app| app.label.as_str());
    let message = format!("Automatic {action} of user {login} to app {label} failed: {}", failure.reason);
    if let Some(held) = app_user_mut(org, job) {
        "ERROR".clone_into(&mut held.sync_state);
        held.syncing_from = None;
        held.last_updated = now;
    }
    org.tasks.retain(|task| task.app != job.app || task.user != job.user);
    org.tasks.push(FailedTask {
        app: job.app.clone(),
        user: job.user.clone(),
        message: message.clone(),
        at: now,
        account: job.account.clone().filter(|_| job.kind == JobKind::Deactivate),
    });
    note(org, kind, "Push user to external application", &job.app, &job.user, Some(&message));
}

/// The user's own direction, or that of the group which assigns him.
fn direction(app: &StoredApp, held: &AppUser, name: &str) -> Option<String> {
    let group = held.granting_group.as_ref();
    let of_group = group.and_then(|group| app.groups.get(group)?.profile.get(name));
    let own = held.profile.get(name).filter(|value| !value.is_null());
    own.or(of_group)?.as_str().map(str::to_owned)
}

/// What the hub's profile gets of an app user's.
fn hub_profile(held: &AppUser) -> Map<String, Value> {
    let entries = held.profile.iter().filter(|(name, value)| !value.is_null() && !DIRECTIONS.contains(&name.as_str()));
    entries.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn app_user_mut<'a>(org: &'a mut SimulatedOrg, job: &ProvisioningJob) -> Option<&'a mut AppUser> {
    org.apps.get_mut(&job.app)?.users.get_mut(&job.user)
}

pub(super) fn user_path(key: &str) -> String {
    format!("/api/v1/users/{}", utf8_percent_encode(key, NON_ALPHANUMERIC))
}

/// "Random" is one of the two seeds of a password; the other, the Okta password, no simulator knows.
fn random_password() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(24).collect()
}
