//! What a change in Okta means for the users of its apps: who is assigned, by which group, and what has to be pushed.
//!
//! The resource modules call these after their change; a push itself is a job for the agent (see `jobs`).

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::effective_group;
use super::jobs;
use super::log::{self, LogEvent, LogTarget};
use super::mappings;
use super::org2org;
use super::store::{AppUser, EpochMillis, JobKind, OktaId, SimulatedOrg, StoredApp, StoredUser};

/// Whether a user whose group stays the same is pushed all the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ProfilePush {
    /// Only when another group decides now; a failed task holds it back.
    WhenChanged,
    /// Always: the assignment itself was written anew, which also gets past a failed task.
    Always,
}

/// The user's groups have changed.
pub(super) fn membership_changed(org: &mut SimulatedOrg, user: &str) {
    let apps: Vec<OktaId> = org.apps.keys().cloned().collect();
    for app in apps {
        allow_assignment(org, &app, user);
        reevaluate(org, &app, user, ProfilePush::WhenChanged);
    }
}

/// The user's profile has changed: apps with profile push get it.
pub(super) fn user_changed(org: &mut SimulatedOrg, user: &str) {
    for app in apps_of(org, user) {
        let changed = mappings::apply(org, &app, user);
        let pushes = org.apps.get(&app).is_some_and(|app| has_feature(app, "PUSH_PROFILE_UPDATES"));
        if changed && pushes && provisions(org, &app) {
            push(org, &app, user, ProfilePush::WhenChanged);
        }
    }
}

/// The user was deactivated: he loses every app.
pub(super) fn user_deactivated(org: &mut SimulatedOrg, user: &str) {
    for app in apps_of(org, user) {
        remove(org, &app, user);
    }
}

/// The user is gone for good.
pub(super) fn user_deleted(org: &mut SimulatedOrg, user: &str) {
    user_deactivated(org, user);
    for app in org.apps.values_mut() {
        app.unassigned.remove(user);
    }
    jobs::forget(org, user);
}

/// A group is gone, and with it its assignments to apps.
pub(super) fn group_deleted(org: &mut SimulatedOrg, group: &str) {
    let apps: Vec<OktaId> = org.apps.keys().cloned().collect();
    for app in apps {
        group_unassigned(org, &app, group);
    }
}

/// Takes a group off an app; its members fall to their next group, or lose the app. False when it was not assigned.
pub(super) fn group_unassigned(org: &mut SimulatedOrg, app: &str, group: &str) -> bool {
    let Some(instance) = org.apps.get_mut(app) else {
        return false;
    };
    if instance.groups.remove(group).is_none() {
        return false;
    }
    let granted = |user: &&AppUser| user.granting_group.as_deref() == Some(group);
    let users: Vec<OktaId> = instance.users.values().filter(granted).map(|user| user.user.clone()).collect();
    for user in users {
        reevaluate(org, app, &user, ProfilePush::WhenChanged);
    }
    true
}

/// An assignment of a group is new, or was written again: its members are assigned, moved or pushed.
pub(super) fn group_assigned(org: &mut SimulatedOrg, app: &str, group: &str) {
    let members = org.groups.get(group).map(|group| group.members.clone());
    for user in members.unwrap_or_default() {
        let decides = compare(org, app, &user).is_some_and(|(_, wanted)| wanted.as_deref() == Some(group));
        // Members over whom another group decides are not touched by this one.
        let repush = if decides { ProfilePush::Always } else { ProfilePush::WhenChanged };
        reevaluate(org, app, &user, repush);
    }
}

/// Brings one app user in line with the groups of the user.
pub(super) fn reevaluate(org: &mut SimulatedOrg, app: &str, user: &str, repush: ProfilePush) {
    let Some((present, wanted)) = compare(org, app, user) else {
        return;
    };
    match (present, wanted) {
        (PresentAccount::Absent, Some(group)) => assign_by_group(org, app, user, &group),
        (PresentAccount::ByGroup(_), None) => remove(org, app, user),
        (PresentAccount::ByGroup(old), Some(new)) if old.as_deref() != Some(&new) => {
            regroup(org, app, user, &new, repush);
        }
        (PresentAccount::ByGroup(_), Some(_)) if repush == ProfilePush::Always => push(org, app, user, repush),
        // An individual assignment is not driven by groups.
        _ => {}
    }
}

enum PresentAccount {
    Absent,
    Individual,
    ByGroup(Option<OktaId>),
}

/// How the user is assigned and which group should decide; `None` when the app or the user takes no part.
fn compare(org: &SimulatedOrg, app: &str, user: &str) -> Option<(PresentAccount, Option<OktaId>)> {
    let (app, user) = (org.apps.get(app)?, org.users.get(user)?);
    if user.status == "DEPROVISIONED" || app.status != "ACTIVE" {
        return None;
    }
    let present = match app.users.get(&user.id) {
        None => PresentAccount::Absent,
        Some(held) if held.individual => PresentAccount::Individual,
        Some(held) => PresentAccount::ByGroup(held.granting_group.clone()),
    };
    let wanted = effective_group::effective(app, user).map(|group| group.group.clone());
    let wanted = wanted.filter(|_| !matches!(present, PresentAccount::Absent) || may_assign(app, user));
    Some((present, wanted))
}

/// Whether some group of the user may assign him: those he had when he was unassigned one by one may not.
fn may_assign(app: &StoredApp, user: &StoredUser) -> bool {
    let Some(spent) = app.unassigned.get(&user.id) else {
        return true;
    };
    app.groups.keys().any(|group| user.groups.contains(group) && !spent.contains(group))
}

/// A group that the user has left may assign him when he joins it again.
fn allow_assignment(org: &mut SimulatedOrg, app: &str, user: &str) {
    let (Some(app), Some(member)) = (org.apps.get_mut(app), org.users.get(user)) else {
        return;
    };
    if let Some(spent) = app.unassigned.get_mut(user) {
        spent.retain(|group| member.groups.contains(group));
    }
}

fn assign_by_group(org: &mut SimulatedOrg, app: &str, user: &str, group: &str) {
    let now = org.now();
    let Some(mut app_user) = new_app_user(org, app, user, now) else {
        return;
    };
    app_user.individual = false;
    app_user.granting_group = Some(group.to_owned());
    add(org, app, app_user);
}

/// An app user as an assignment makes it: STAGED where an account has to be made, otherwise ACTIVE.
pub(super) fn new_app_user(org: &SimulatedOrg, app: &str, user: &str, now: EpochMillis) -> Option<AppUser> {
    let (app, user) = (org.apps.get(app)?, org.users.get(user)?);
    let staged = creates(app);
    Some(AppUser {
        user: user.id.clone(),
        external_id: None,
        created: now,
        last_updated: now,
        status: if staged { "STAGED" } else { "ACTIVE" }.to_owned(),
        status_changed: now,
        sync_state: "DISABLED".to_owned(),
        last_sync: None,
        individual: true,
        granting_group: None,
        user_name: mappings::user_name(app, user),
        profile: mappings::profile_for(app, user),
        security_answer: None,
        syncing_from: None,
    })
}

/// Puts an app user into its app and starts its provisioning.
pub(super) fn add(org: &mut SimulatedOrg, app: &str, app_user: AppUser) {
    let user = app_user.user.clone();
    if let Some(instance) = org.apps.get_mut(app) {
        instance.unassigned.remove(&user);
        instance.users.insert(user.clone(), app_user);
    }
    note(org, "application.user_membership.add", "Add user to application membership", app, &user, None);
    if org.apps.get(app).is_some_and(creates) {
        push(org, app, &user, ProfilePush::Always);
    }
}

fn regroup(org: &mut SimulatedOrg, app: &str, user: &str, group: &str, repush: ProfilePush) {
    let now = org.now();
    if let Some(held) = org.apps.get_mut(app).and_then(|app| app.users.get_mut(user)) {
        held.granting_group = Some(group.to_owned());
        held.last_updated = now;
    }
    note(org, "application.user_membership.update", "Update user's application membership", app, user, None);
    push(org, app, user, repush);
}

/// Makes an assignment one by groups: the effective group decides from now on. False when no group of the user is assigned.
pub(super) fn convert_to_group(org: &mut SimulatedOrg, app: &str, user: &str) -> bool {
    let wanted = org.apps.get(app).zip(org.users.get(user));
    let wanted = wanted.and_then(|(app, user)| effective_group::effective(app, user));
    let group = wanted.map(|group| group.group.clone());
    let found = group.is_some();
    if let Some(held) = org.apps.get_mut(app).and_then(|app| app.users.get_mut(user)) {
        held.individual = false;
        held.granting_group = group;
    }
    if found {
        push(org, app, user, ProfilePush::Always);
    }
    found
}

/// Starts a push of the user, unless the app has none or a failed task holds it back.
pub(super) fn push(org: &mut SimulatedOrg, app: &str, user: &str, repush: ProfilePush) {
    let held = org.apps.get(app).and_then(|app| app.users.get(user));
    let blocked = held.is_none_or(|held| held.sync_state == "ERROR" && repush == ProfilePush::WhenChanged);
    // Without "Create Users" no account is looked for, so there is nothing to push to.
    let unlinked = held.is_some_and(|held| held.external_id.is_none());
    let blocked = blocked || (unlinked && !org.apps.get(app).is_some_and(creates));
    if blocked || !provisions(org, app) {
        return;
    }
    if repush == ProfilePush::Always {
        org.tasks.retain(|task| task.app != app || task.user != user);
    }
    jobs::queue_push(org, app, user);
    super::agent::announce(org, app, user);
}

/// Takes the app from the user; his account is disabled when the app is told so, never deleted.
pub(super) fn remove(org: &mut SimulatedOrg, app: &str, user: &str) {
    note(org, "application.user_membership.remove", "Remove user's application membership", app, user, None);
    let Some(instance) = org.apps.get_mut(app) else {
        return;
    };
    let Some(held) = instance.users.remove(user) else {
        return;
    };
    let disables = has_feature(instance, "PUSH_USER_DEACTIVATION");
    org.tasks.retain(|task| task.app != app || task.user != user);
    if let Some(account) = held.external_id.filter(|_| disables) {
        let now = org.now();
        jobs::queue(org, now, app, user, JobKind::Deactivate, Some(account));
    }
}

/// Takes an individual assignment away; the groups the user is in now do not bring it back (help page "Convert user assignments").
pub(super) fn unassign(org: &mut SimulatedOrg, app: &str, user: &str) {
    remove(org, app, user);
    let groups: BTreeSet<OktaId> = org.users.get(user).map(|user| user.groups.clone()).unwrap_or_default();
    if let Some(app) = org.apps.get_mut(app) {
        app.unassigned.insert(user.to_owned(), groups);
    }
}

/// Whether a directory is the source of this user's profile, so that Okta must not change it.
pub(super) fn is_sourced(org: &SimulatedOrg, user: &str) -> bool {
    org.apps.values().any(|app| {
        let linked = app.users.get(user).is_some_and(|held| held.external_id.is_some());
        linked && is_provisioned(app) && has_feature(app, "PROFILE_MASTERING")
    })
}

/// Whether the app is one whose pushes the simulator models: an AD instance, or an Org2Org app with its API integration on.
pub(super) fn provisions(org: &SimulatedOrg, app: &str) -> bool {
    let app = org.apps.get(app);
    app.is_some_and(|app| app.status == "ACTIVE" && is_provisioned(app))
}

fn is_provisioned(app: &StoredApp) -> bool {
    app.active_directory.is_some() || org2org::is_connected(app)
}

pub(super) fn has_feature(app: &StoredApp, feature: &str) -> bool {
    app.features.iter().any(|held| held == feature)
}

fn creates(app: &StoredApp) -> bool {
    is_provisioned(app) && app.status == "ACTIVE" && has_feature(app, "PUSH_NEW_USERS")
}

fn apps_of(org: &SimulatedOrg, user: &str) -> Vec<OktaId> {
    let holding = org.apps.values().filter(|app| app.users.contains_key(user));
    holding.map(|app| app.id.clone()).collect()
}

/// Writes a log event about a user of an app, with the targets that Okta names: app user, app, user.
pub(super) fn note(
    org: &mut SimulatedOrg,
    kind: &'static str,
    words: &str,
    app: &str,
    user: &str,
    failure: Option<&str>,
) {
    let user_name = org.apps.get(app).and_then(|app| app.users.get(user));
    let alternate_id = user_name.map_or_else(|| "unknown".to_owned(), |held| held.user_name.clone());
    let display_name = org.users.get(user).map(StoredUser::display_name).unwrap_or_default();
    let mut event = LogEvent::new(kind, words).target(LogTarget {
        id: user.to_owned(),
        kind: "AppUser",
        alternate_id,
        display_name,
    });
    event = event.on_app(org, app).on_user(org, user);
    if let Some(reason) = failure {
        event = event.failed(reason);
    }
    log::record(org, event);
}
