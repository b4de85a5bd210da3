//! "Import Now" of an Org2Org app: users and groups of the hub, taken into the spoke. No API of Okta triggers it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::log::{self, LogEvent};
use super::super::mappings;
use super::super::provisioning::{has_feature, new_app_user, note};
use super::super::service::OrgService;
use super::super::store::{OktaId, ProvisioningJob, SimulatedOrg, StoredGroup, StoredUser};
use super::super::user_profile;
use super::hub::{HubConnection, HubFailure, HubHttp};
use super::hub_refusals::note_refusal;

/// Events of an import, with their words.
const START: (&str, &str) = ("system.import.start", "Start import");
const COMPLETE: (&str, &str) = ("system.import.complete", "Complete import");

/// Reads the hub and takes in what the rules of matching confirm by themselves.
pub(super) async fn import(service: &OrgService, line: &HubHttp, job: &ProvisioningJob) {
    let app = &job.app;
    let Some(hub) = service.read().apps.get(app).and_then(HubConnection::of) else {
        return;
    };
    record_event(&mut service.write(), app, START, None);
    let outcome = async {
        let hub = hub.sign_in(line).await?;
        let users = hub.list("/api/v1/users?limit=200").await?;
        let groups = hub.list("/api/v1/groups?limit=200").await?;
        Ok::<_, HubFailure>((users, groups))
    };
    let outcome = outcome.await;
    let mut org = service.write();
    match outcome {
        Ok((users, groups)) => {
            take_groups(&mut org, app, &groups);
            take_users(&mut org, app, users);
            record_event(&mut org, app, COMPLETE, None);
        }
        Err(failure) => {
            note_refusal(&mut org, app, &failure);
            record_event(&mut org, app, COMPLETE, Some(&failure.reason));
        }
    }
    service.settle(&mut org);
}

fn take_groups(org: &mut SimulatedOrg, app: &str, groups: &[Value]) {
    let start = ("system.import.group.start", "Start import of groups");
    let complete = ("system.import.group.complete", "Complete import of groups");
    record_event(org, app, start, None);
    for group in groups {
        take_group(org, app, group);
    }
    drop_groups(org, app, groups);
    record_event(org, app, complete, None);
}

fn take_users(org: &mut SimulatedOrg, app: &str, users: Vec<Value>) {
    for event in [
        ("system.import.user.start", "Start import of users"),
        ("system.import.user_matching.start", "Start matching of users"),
    ] {
        record_event(org, app, event, None);
    }
    for user in users {
        take_user(org, app, user);
    }
    for event in [
        ("system.import.user_matching.complete", "Complete matching of users"),
        ("system.import.user.complete", "Complete import of users"),
    ] {
        record_event(org, app, event, None);
    }
}

/// Confirms what an import has left for review.
pub(super) fn confirm(org: &mut SimulatedOrg, app: &str) {
    let part = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut());
    for user in part.map(|part| std::mem::take(&mut part.review)).unwrap_or_default() {
        match match_user(org, app, &user) {
            ImportMatch::Exact(id) | ImportMatch::Partial(id) => {
                note(org, "system.import.user_match.confirm", "Confirm match by import", app, &id, None);
                link(org, app, &id, &user);
            }
            ImportMatch::None => create(org, app, &user),
        }
    }
}

fn record_event(org: &mut SimulatedOrg, app: &str, event: (&'static str, &str), failure: Option<&str>) {
    let (kind, words) = event;
    let event = LogEvent::new(kind, words).on_app(org, app);
    let event = match failure {
        Some(reason) => event.failed(reason),
        None => event,
    };
    log::record(org, event);
}

/// A group of the hub is an `APP_GROUP` here, unless it is the target of a push, which hides it (help page "Group Push operations").
fn take_group(org: &mut SimulatedOrg, app: &str, hub_group: &Value) {
    let hub_id = hub_group["id"].as_str().unwrap_or_default();
    let Some(part) = org.apps.get(app).and_then(|app| app.org2org.as_ref()) else {
        return;
    };
    let pushed = part.pushes.values().any(|push| push.hub_group.as_deref() == Some(hub_id));
    let known = part.imported.iter().find(|(_, id)| id.as_deref() == Some(hub_id));
    if let Some(known) = known.map(|(known, _)| known.clone()) {
        update_group(org, app, &known, hub_group);
        return;
    }
    if pushed || hub_group["type"] != "OKTA_GROUP" {
        return;
    }
    let (id, now) = (org.ids.next("00g"), org.now());
    let profile = hub_group["profile"].as_object().cloned();
    let group = StoredGroup {
        source: Some(app.to_owned()),
        ..StoredGroup::new(id.clone(), "APP_GROUP", profile.unwrap_or_default(), now)
    };
    org.groups.insert(id.clone(), group);
    if let Some(part) = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut()) {
        part.imported.insert(id.clone(), Some(hub_id.to_owned()));
    }
    tell_of_group(org, app, &id, "system.import.group.create", "Create group by import");
}

/// A group that was imported before has the hub's name and description.
fn update_group(org: &mut SimulatedOrg, app: &str, id: &str, hub_group: &Value) {
    let now = org.now();
    let profile = hub_group["profile"].as_object().cloned().unwrap_or_default();
    let Some(group) = org.groups.get_mut(id).filter(|group| group.profile != profile) else {
        return;
    };
    group.profile = profile;
    group.last_updated = now;
    tell_of_group(org, app, id, "system.import.group.update", "Update group by import");
}

/// What the hub has no more goes here, too.
fn drop_groups(org: &mut SimulatedOrg, app: &str, hub_groups: &[Value]) {
    let part = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut());
    let Some(part) = part else { return };
    let is_there = |id: &OktaId| hub_groups.iter().any(|group| group["id"] == **id);
    let is_gone = |id: &Option<OktaId>| id.as_ref().is_some_and(|id| !is_there(id));
    let gone = part.imported.iter().filter(|(_, id)| is_gone(id));
    let gone: Vec<OktaId> = gone.map(|(known, _)| known.clone()).collect();
    for id in gone {
        tell_of_group(org, app, &id, "system.import.group.delete", "Delete group by import");
        org.groups.remove(&id);
        if let Some(part) = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut()) {
            part.imported.remove(&id);
        }
    }
}

fn tell_of_group(org: &mut SimulatedOrg, app: &str, group: &str, kind: &'static str, words: &str) {
    let event = LogEvent::new(kind, words).on_app(org, app).on_group(org, group);
    log::record(org, event);
}

fn take_user(org: &mut SimulatedOrg, app: &str, user: Value) {
    if user["status"] == "DEPROVISIONED" {
        return;
    }
    if let Some(id) = linked_user(org, app, &user) {
        refresh(org, app, &id, &user);
        return;
    }
    match match_user(org, app, &user) {
        ImportMatch::Exact(id) if rule(org, app, "autoConfirmExactMatch") => link(org, app, &id, &user),
        ImportMatch::Partial(id) if rule(org, app, "autoConfirmPartialMatch") => {
            link(org, app, &id, &user);
        }
        ImportMatch::None if rule(org, app, "autoConfirmNewUsers") => create(org, app, &user),
        _ => {
            if let Some(part) = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut()) {
                part.review.retain(|held| held["id"] != user["id"]);
                part.review.push(user);
            }
        }
    }
}

/// Whether a rule of the import is on.
fn rule(org: &SimulatedOrg, app: &str, name: &str) -> bool {
    let part = org.apps.get(app).and_then(|app| app.org2org.as_ref());
    part.is_some_and(|part| part.inbound["importRules"]["userCreateAndMatch"][name] == true)
}

fn linked_user(org: &SimulatedOrg, app: &str, user: &Value) -> Option<OktaId> {
    let users = org.apps.get(app)?.users.values();
    let mut same = users.filter(|held| held.external_id.as_deref() == user["id"].as_str());
    same.next().map(|held| held.user.clone())
}

/// Whom an imported user may be here.
enum ImportMatch {
    /// By the rule: the user name, or the e-mail.
    Exact(OktaId),
    /// First and last name are the same.
    Partial(OktaId),
    None,
}

fn match_user(org: &SimulatedOrg, app: &str, user: &Value) -> ImportMatch {
    let Some(part) = org.apps.get(app).and_then(|app| app.org2org.as_ref()) else {
        return ImportMatch::None;
    };
    let by_email = part.inbound["importRules"]["userCreateAndMatch"]["exactMatchCriteria"] == "EMAIL";
    let (name, wanted) =
        if by_email { ("email", text(&user["profile"]["email"])) } else { ("login", user_name(&part.inbound, user)) };
    let exact = find(org, |held| held.attribute(name).to_lowercase() == wanted.to_lowercase());
    if let Some(id) = exact.filter(|_| !wanted.is_empty()) {
        return ImportMatch::Exact(id);
    }
    let same = |held: &StoredUser| {
        ["firstName", "lastName"].iter().all(|name| held.attribute(name) == text(&user["profile"][*name]))
    };
    let partial = find(org, same).filter(|_| rule(org, app, "allowPartialMatch"));
    partial.map_or(ImportMatch::None, ImportMatch::Partial)
}

fn find(org: &SimulatedOrg, fits: impl Fn(&StoredUser) -> bool) -> Option<OktaId> {
    let mut users = org.users.values();
    let found = users.find(|held| held.status != "DEPROVISIONED" && fits(held))?;
    Some(found.id.clone())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The Okta user name of an imported user: his e-mail, or what the expression makes of his attributes.
fn user_name(inbound: &Value, user: &Value) -> String {
    let format = &inbound["importSettings"]["username"];
    let expression = format["userNameExpression"].as_str();
    match expression.filter(|_| format["userNameFormat"] == "CUSTOM") {
        None => text(&user["profile"]["email"]),
        Some(expression) => mappings::of_app_user(expression, &user["profile"]),
    }
}

fn link(org: &mut SimulatedOrg, app: &str, id: &str, user: &Value) {
    let now = org.now();
    let present = org.apps.get_mut(app).and_then(|app| app.users.remove(id));
    let Some(mut held) = present.or_else(|| new_app_user(org, app, id, now)) else {
        return;
    };
    held.external_id = user["id"].as_str().map(str::to_owned);
    "ACTIVE".clone_into(&mut held.status);
    "SYNCHRONIZED".clone_into(&mut held.sync_state);
    held.last_sync = Some(now);
    let login = user["profile"]["login"].as_str();
    login.unwrap_or_default().clone_into(&mut held.user_name);
    if let Some(app) = org.apps.get_mut(app) {
        app.users.insert(id.to_owned(), held);
    }
    note(org, "system.import.user.match", "Match user by import", app, id, None);
    refresh(org, app, id, user);
}

/// A user whom the spoke has not. Assumed: staged, unless the rules activate new users.
fn create(org: &mut SimulatedOrg, app: &str, user: &Value) {
    let part = org.apps.get(app).and_then(|app| app.org2org.as_ref());
    let Some(login) = part.map(|part| user_name(&part.inbound, user)) else {
        return;
    };
    let mut profile = profile_of(user);
    profile.insert("login".to_owned(), login.into());
    if user_profile::check(org, &profile, None).is_err() {
        return;
    }
    let activates = rule(org, app, "autoActivateNewUsers");
    let (id, now) = (org.ids.next("00u"), org.now());
    org.insert_user(StoredUser {
        id: id.clone(),
        status: if activates { "PROVISIONED" } else { "STAGED" }.to_owned(),
        created: now,
        activated: activates.then_some(now),
        status_changed: activates.then_some(now),
        last_updated: now,
        password_changed: None,
        last_login: None,
        profile,
        // Assumed: imported users without a directory sign in with Okta.
        provider: "OKTA".to_owned(),
        has_password: false,
        recovery_question: None,
        groups: std::collections::BTreeSet::new(),
    });
    link(org, app, &id, user);
    note(org, "system.import.user.create", "Create user by import", app, &id, None);
}

fn profile_of(user: &Value) -> Map<String, Value> {
    let known = user["profile"].as_object().cloned().unwrap_or_default();
    let entries = known.into_iter().filter(|(name, _)| user_profile::is_base(name));
    entries.collect()
}

/// The app user has what the hub has; the spoke's user follows where the hub is his profile source.
fn refresh(org: &mut SimulatedOrg, app: &str, id: &str, user: &Value) {
    let Some(instance) = org.apps.get(app) else {
        return;
    };
    let sourced = has_feature(instance, "PROFILE_MASTERING");
    let values: BTreeMap<String, Value> =
        mappings::attributes().map(|name| (name.to_owned(), user["profile"][name].clone())).collect();
    let now = org.now();
    if let Some(held) = org.apps.get_mut(app).and_then(|app| app.users.get_mut(id)) {
        held.profile.extend(values.clone());
        held.last_sync = Some(now);
    }
    let Some(held) = org.users.get_mut(id).filter(|_| sourced) else {
        return;
    };
    let differs = values.iter().any(|(name, value)| held.profile.get(name).unwrap_or(&Value::Null) != value);
    if differs {
        held.profile.extend(values);
        held.last_updated = now.max(held.last_updated + 1);
        note(org, "system.import.user.update", "Update user by import", app, id, None);
    }
}
