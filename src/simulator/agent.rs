//! What an AD agent does with a job: look at what Okta wants, change the directory, report back.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};

use super::directory::{AccountKey, ChangeRefusal, DirectoryAccount, NewAccount, ObjectGuid, SimulatedDirectory};
use super::dn::DirectoryName;
use super::effective_group;
use super::jobs;
use super::mappings;
use super::options::{AdSourcedMoves, DnAfterMove};
use super::provisioning::{self, has_feature, note};
use super::store::{AppUser, EpochMillis, FailedTask, JobKind, ProvisioningJob, SimulatedOrg, StoredApp};

/// Shown when no agent took the job in time (Okta's error catalogue).
const NO_AGENT: &str = "Request timed out waiting for agent.";

/// Whether the app has agents, and none of them is up.
pub(super) fn is_down(org: &SimulatedOrg, app: &str) -> bool {
    let directory = org.apps.get(app).and_then(|app| app.active_directory.as_ref());
    directory.is_some_and(|directory| directory.agents.iter().all(|agent| !agent.up))
}

/// Does one job, or fails it.
pub(super) fn perform(org: &mut SimulatedOrg, job: &ProvisioningJob, now: EpochMillis) {
    match job.kind {
        JobKind::Provision => provision(org, job, now),
        JobKind::Activate => activate(org, job, now),
        JobKind::Deactivate => deactivate(org, job, now),
        JobKind::Reconcile => {
            provisioning::reevaluate(org, &job.app, &job.user, provisioning::ProfilePush::WhenChanged);
        }
        // Of hubs, which have no agent.
        JobKind::PushGroup
        | JobKind::UpdateGroup
        | JobKind::PushPassword
        | JobKind::PushMember
        | JobKind::DeleteGroup
        | JobKind::Import
        | JobKind::Confirm => {}
    }
}

/// Shows the DN that a queued push will give, where that is what Okta is assumed to do.
pub(super) fn announce(org: &mut SimulatedOrg, app: &str, user: &str) {
    if org.options.assumptions.dn_after_move != DnAfterMove::AtOnce {
        return;
    }
    let Some(wanted) = DesiredAccount::of(org, app, user) else {
        return;
    };
    let Some(dn) = wanted.expected_dn() else {
        return;
    };
    if let Some(held) = app_user_mut(org, app, user) {
        held.profile.insert("dn".to_owned(), Value::from(dn));
    }
}

/// What Okta wants of an account, read off the org at the time of the job.
struct DesiredAccount {
    directory: Arc<RwLock<SimulatedDirectory>>,
    account: AccountIdentity,
    user_name: String,
    /// Where a new account is made.
    birthplace: String,
    /// Where the account is moved to; `None` leaves it where it is.
    destination: Option<String>,
    may_create: bool,
    /// AD attributes to be pushed.
    attributes: Vec<(&'static str, String)>,
    names: (String, String, String),
}

enum AccountIdentity {
    /// Linked by its GUID; `None` when `externalId` is none.
    Linked(Option<ObjectGuid>),
    Unknown,
}

/// What became of the account.
struct ProvisionResult {
    account: DirectoryAccount,
    how: AccountChange,
    moved: bool,
    updated: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AccountChange {
    Present,
    Linked,
    Enabled,
    Created,
}

impl DesiredAccount {
    fn of(org: &SimulatedOrg, app: &str, user: &str) -> Option<Self> {
        let app = org.apps.get(app).filter(|app| app.status == "ACTIVE")?;
        let (held, user) = (app.users.get(user)?, org.users.get(user)?);
        let domain = &app.active_directory.as_ref()?.domain;
        let unit = unit_of(app, held);
        let attribute = |name| user.attribute(name).to_owned();
        Some(Self {
            directory: Arc::clone(org.directories.get(&domain.to_lowercase())?),
            account: held
                .external_id
                .as_deref()
                .map_or(AccountIdentity::Unknown, |id| AccountIdentity::Linked(ObjectGuid::from_base64(id))),
            user_name: held.user_name.clone(),
            // Assumed: without an OU the account goes where AD puts new accounts.
            birthplace: unit.clone().unwrap_or_else(|| format!("CN=Users,{}", DirectoryName::of_domain(domain))),
            destination: unit.filter(|_| moves(org, app, held)),
            may_create: has_feature(app, "PUSH_NEW_USERS"),
            attributes: if has_feature(app, "PUSH_PROFILE_UPDATES") {
                mappings::ad_attributes(&held.profile)
            } else {
                Vec::new()
            },
            names: (attribute("firstName"), attribute("lastName"), attribute("email")),
        })
    }

    fn expected_dn(&self) -> Option<String> {
        let directory = self.directory.read().unwrap_or_else(PoisonError::into_inner);
        let AccountIdentity::Linked(Some(guid)) = self.account else {
            return None;
        };
        let account = directory.account(guid)?;
        let unit = DirectoryName::parse(self.destination.as_deref()?).ok()?;
        Some(unit.child("CN", &account.cn).to_string())
    }

    fn carry_out(&self) -> Result<ProvisionResult, ChangeRefusal> {
        let mut directory = self.directory.write().unwrap_or_else(PoisonError::into_inner);
        let (guid, how) = self.find_or_create(&mut directory)?;
        let updated = how != AccountChange::Created && self.update(&mut directory, guid)?;
        let moved = self.relocate(&mut directory, guid)?;
        let account = directory.account(guid).cloned().ok_or(ChangeRefusal::AccountNotFound)?;
        Ok(ProvisionResult { account, how, moved, updated })
    }

    /// The agent looks a new user up by `userPrincipalName`; who is found is linked, and enabled when he was disabled.
    fn find_or_create(&self, directory: &mut SimulatedDirectory) -> Result<(ObjectGuid, AccountChange), ChangeRefusal> {
        if let AccountIdentity::Linked(guid) = self.account {
            guid.map_or(Ok(()), |guid| directory.look_again(AccountKey::Guid(guid)))?;
            let account = guid.and_then(|guid| directory.account(guid));
            return account.map(|account| (account.guid, AccountChange::Present)).ok_or(ChangeRefusal::AccountNotFound);
        }
        directory.look_again(AccountKey::UserPrincipalName(&self.user_name))?;
        match directory.by_user_principal_name(&self.user_name).map(|account| (account.guid, account.enabled)) {
            Some((guid, true)) => Ok((guid, AccountChange::Linked)),
            Some((guid, false)) => directory.enable(guid).map(|()| (guid, AccountChange::Enabled)),
            None if self.may_create => self.create(directory).map(|guid| (guid, AccountChange::Created)),
            None => Err(ChangeRefusal::AccountNotFound),
        }
    }

    /// A new account stays disabled until the activation that follows.
    fn create(&self, directory: &mut SimulatedDirectory) -> Result<ObjectGuid, ChangeRefusal> {
        let (given_name, surname, mail) = self.names.clone();
        let guid = directory.create_account(&NewAccount {
            cn: format!("{given_name} {surname}").trim().to_owned(),
            ou: self.birthplace.clone(),
            sam_account_name: sam_account_name(&self.user_name),
            user_principal_name: self.user_name.clone(),
            given_name,
            surname,
            mail,
            extra: Vec::new(),
        })?;
        directory.disable(guid)?;
        Ok(guid)
    }

    fn update(&self, directory: &mut SimulatedDirectory, guid: ObjectGuid) -> Result<bool, ChangeRefusal> {
        let Some(account) = directory.account(guid) else {
            return Ok(false);
        };
        let differs = |(name, value): &&(&'static str, String)| account.attribute(name) != Some(value);
        let changes: Vec<_> = self.attributes.iter().filter(differs).cloned().collect();
        let changes: Vec<_> = changes.iter().map(|(name, value)| (*name, Some(value.as_str()))).collect();
        if changes.is_empty() {
            return Ok(false);
        }
        directory.update_attributes(guid, &changes).map(|()| true)
    }

    fn relocate(&self, directory: &mut SimulatedDirectory, guid: ObjectGuid) -> Result<bool, ChangeRefusal> {
        let Some(destination) = &self.destination else {
            return Ok(false);
        };
        let before = directory.account(guid).map(|account| account.dn.clone());
        directory.move_account(guid, destination).map(|after| before != Some(after))
    }
}

/// The OU that an assignment names: the deciding group's, or the individual assignment's own.
fn unit_of(app: &StoredApp, held: &AppUser) -> Option<String> {
    if held.individual {
        let unit = held.profile.get("organizationalUnit")?.as_str()?;
        return Some(unit.to_owned());
    }
    let group = app.groups.get(held.granting_group.as_ref()?)?;
    effective_group::organizational_unit(group).map(str::to_owned)
}

/// Whether groups move this account: not an individual assignment, not without the option, and not an AD-sourced user.
fn moves(org: &SimulatedOrg, app: &StoredApp, held: &AppUser) -> bool {
    let option = app.active_directory.as_ref().is_some_and(|directory| directory.update_ou_on_group_change);
    let sourced = has_feature(app, "PROFILE_MASTERING");
    let allowed = !sourced || org.options.assumptions.ad_sourced_moves == AdSourcedMoves::Yes;
    option && allowed && !held.individual
}

/// The local part of the name, without what AD forbids, cut to its 20 characters.
fn sam_account_name(user_name: &str) -> String {
    let local = user_name.split('@').next().unwrap_or_default();
    let allowed = local.chars().filter(|c| !"\"/\\[]:;|=,+*?<>".contains(*c));
    allowed.take(20).collect()
}

fn provision(org: &mut SimulatedOrg, job: &ProvisioningJob, now: EpochMillis) {
    let Some(wanted) = DesiredAccount::of(org, &job.app, &job.user) else {
        return;
    };
    let known = matches!(wanted.account, AccountIdentity::Linked(_));
    let outcome = if is_down(org, &job.app) {
        Err(NO_AGENT.to_owned())
    } else {
        wanted.carry_out().map_err(|refusal| refusal.to_string())
    };
    match outcome {
        Ok(done) => settle(org, job, now, &done),
        Err(reason) => {
            let kind = if known { "application.provision.user.sync" } else { "application.provision.user.push" };
            fail(org, job, now, &ProvisionFailure { kind, action: "provisioning", reason: &reason });
        }
    }
}

/// Brings the app user to what the agent reported.
fn settle(org: &mut SimulatedOrg, job: &ProvisioningJob, now: EpochMillis, done: &ProvisionResult) {
    let follows = org.options.assumptions.dn_after_move != DnAfterMove::AtImport || done.how != AccountChange::Present;
    let Some(held) = app_user_mut(org, &job.app, &job.user) else {
        return;
    };
    let old = held.profile.get("dn").cloned();
    adopt(held, &done.account);
    if let Some(old) = old.filter(|_| !follows) {
        held.profile.insert("dn".to_owned(), old);
    }
    // An account whose activation has failed still waits for it.
    let activates = done.how == AccountChange::Created || held.status == "PROVISIONED";
    let status = if activates { "PROVISIONED" } else { "ACTIVE" };
    if held.status != status {
        status.clone_into(&mut held.status);
        held.status_changed = now;
    }
    mark_synchronized(held, now);
    clear_task(org, job);
    report(org, job, done);
    if activates {
        jobs::queue(org, now, &job.app, &job.user, JobKind::Activate, None);
    }
}

/// Takes over what the directory alone decides: identity, names, place.
pub(super) fn adopt(held: &mut AppUser, account: &DirectoryAccount) {
    held.external_id = Some(account.guid.base64());
    for (name, value) in [
        ("dn", json!(account.dn)),
        ("cn", json!(account.cn)),
        ("samAccountName", json!(account.sam_account_name)),
        ("objectSid", json!(account.sid.to_string())),
        ("primaryGroupID", json!("513")),
    ] {
        held.profile.insert(name.to_owned(), value);
    }
}

fn mark_synchronized(held: &mut AppUser, now: EpochMillis) {
    "SYNCHRONIZED".clone_into(&mut held.sync_state);
    held.last_sync = Some(now);
    held.last_updated = now;
    held.syncing_from = None;
}

/// The events that an admin reads to follow a push. A push that found nothing to do is not told.
fn report(org: &mut SimulatedOrg, job: &ProvisioningJob, done: &ProvisionResult) {
    let mut tell = |kind, words| note(org, kind, words, &job.app, &job.user, None);
    if done.how != AccountChange::Present || done.moved || done.updated {
        tell("system.agent.ad.write_ldap", "Perform write LDAP operation by AD agent");
    }
    match done.how {
        AccountChange::Present => {}
        AccountChange::Linked | AccountChange::Created => {
            tell("application.provision.user.push", "Push new user to external application");
        }
        AccountChange::Enabled => {
            tell("application.provision.user.reactivate", "Reactivate user in external application");
        }
    }
    if done.moved {
        tell("system.agent.ad.invoke_dir", "Perform invocation of directory by AD agent");
        tell("application.provision.user.sync", "Sync user in external application");
    }
    if done.updated {
        tell("application.provision.user.push_profile", "Push user's profile to external application");
    }
}

fn activate(org: &mut SimulatedOrg, job: &ProvisioningJob, now: EpochMillis) {
    let held = org.apps.get(&job.app).and_then(|app| app.users.get(&job.user));
    let waiting = held.filter(|held| held.status == "PROVISIONED");
    let Some(account) = waiting.and_then(|held| held.external_id.clone()) else {
        return;
    };
    let kind = "application.provision.user.activate";
    match switch(org, &job.app, &account, SimulatedDirectory::enable) {
        Ok(()) => {
            if let Some(held) = app_user_mut(org, &job.app, &job.user) {
                "ACTIVE".clone_into(&mut held.status);
                held.status_changed = now;
                held.last_updated = now;
            }
            note(org, kind, "Activate user in external application", &job.app, &job.user, None);
        }
        Err(reason) => fail(org, job, now, &ProvisionFailure { kind, action: "activation", reason: &reason }),
    }
}

fn deactivate(org: &mut SimulatedOrg, job: &ProvisioningJob, now: EpochMillis) {
    // Assigned again in the meantime: the account is in use.
    let held = org.apps.get(&job.app).is_some_and(|app| app.users.contains_key(&job.user));
    let Some(account) = job.account.as_ref().filter(|_| !held) else {
        return;
    };
    let kind = "application.provision.user.deactivate";
    match switch(org, &job.app, account, SimulatedDirectory::disable) {
        Ok(()) => note(org, kind, "Deactivate user in external application", &job.app, &job.user, None),
        Err(reason) => fail(org, job, now, &ProvisionFailure { kind, action: "deactivation", reason: &reason }),
    }
}

/// Enables or disables an account by its `externalId`.
fn switch(
    org: &SimulatedOrg,
    app: &str,
    account: &str,
    change: fn(&mut SimulatedDirectory, ObjectGuid) -> Result<(), ChangeRefusal>,
) -> Result<(), String> {
    if is_down(org, app) {
        return Err(NO_AGENT.to_owned());
    }
    let domain = org.apps.get(app).and_then(|app| app.active_directory.as_ref()).map(|it| it.domain.to_lowercase());
    let directory = domain.and_then(|domain| org.directories.get(&domain));
    let outcome = match (directory, ObjectGuid::from_base64(account)) {
        (Some(directory), Some(guid)) => {
            let mut directory = directory.write().unwrap_or_else(PoisonError::into_inner);
            directory.recall_account(AccountKey::Guid(guid)).and_then(|()| change(&mut directory, guid))
        }
        _ => Err(ChangeRefusal::AccountNotFound),
    };
    outcome.map_err(|refusal| refusal.to_string())
}

struct ProvisionFailure<'a> {
    kind: &'static str,
    /// `provisioning`, `activation` or `deactivation`.
    action: &'static str,
    reason: &'a str,
}

/// A failed job becomes a task on the dashboard and an event; the app user keeps what it had.
fn fail(org: &mut SimulatedOrg, job: &ProvisioningJob, now: EpochMillis, failure: &ProvisionFailure) {
    let login = org.users.get(&job.user).map_or(job.user.as_str(), |user| user.login());
    let message =
        format!("Automatic {} of user {login} to app Active Directory failed: {}", failure.action, failure.reason);
    if let Some(held) = app_user_mut(org, &job.app, &job.user) {
        "ERROR".clone_into(&mut held.sync_state);
        held.syncing_from = None;
        held.last_updated = now;
    }
    clear_task(org, job);
    org.tasks.push(FailedTask {
        app: job.app.clone(),
        user: job.user.clone(),
        message: message.clone(),
        at: now,
        account: job.account.clone(),
    });
    // The agent got the request, whatever the directory then said to it (support articles).
    if failure.reason != NO_AGENT {
        note(org, "system.agent.ad.write_ldap", "Perform write LDAP operation by AD agent", &job.app, &job.user, None);
    }
    note(org, failure.kind, "Sync user in external application", &job.app, &job.user, Some(&message));
}

fn clear_task(org: &mut SimulatedOrg, job: &ProvisioningJob) {
    org.tasks.retain(|task| task.app != job.app || task.user != job.user);
}

fn app_user_mut<'a>(org: &'a mut SimulatedOrg, app: &str, user: &str) -> Option<&'a mut AppUser> {
    org.apps.get_mut(app)?.users.get_mut(user)
}
