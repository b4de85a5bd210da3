//! "Import Now" of an Org2Org app: users and groups of the hub, taken into the spoke. No API of Okta triggers it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::log::{self, Event};
use super::super::mappings;
use super::super::provisioning::{has, new_app_user, note};
use super::super::service::Service;
use super::super::store::{Group, Id, Job, Org, User};
use super::super::user_profile;
use super::hub::{Failure, Hub, Line};
use super::worker::note_refusal;

/// Reads the hub and takes in what the rules of matching confirm by themselves.
pub(super) async fn import(service: &Service, line: &Line, job: &Job) {
    let Some(hub) = service.read().apps.get(&job.app).and_then(Hub::of) else {
        return;
    };
    tell(
        &mut service.write(),
        &job.app,
        "system.import.start",
        "Start import",
        None,
    );
    let outcome = async {
        let hub = hub.sign_in(line).await?;
        let users = hub.list("/api/v1/users?limit=200").await?;
        let groups = hub.list("/api/v1/groups?limit=200").await?;
        Ok::<_, Failure>((users, groups))
    };
    let outcome = outcome.await;
    let mut org = service.write();
    match outcome {
        Ok((users, groups)) => {
            for group in &groups {
                take_group(&mut org, &job.app, group);
            }
            for user in users {
                take_user(&mut org, &job.app, user);
            }
            tell(
                &mut org,
                &job.app,
                "system.import.complete",
                "Complete import",
                None,
            );
        }
        Err(failure) => {
            note_refusal(&mut org, &job.app, &failure);
            let reason = Some(failure.reason.as_str());
            tell(
                &mut org,
                &job.app,
                "system.import.complete",
                "Complete import",
                reason,
            );
        }
    }
    service.settle(&mut org);
}

/// Confirms what an import has left for review.
pub(super) fn confirm(org: &mut Org, app: &str) {
    let part = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut());
    for user in part
        .map(|part| std::mem::take(&mut part.review))
        .unwrap_or_default()
    {
        match matched(org, app, &user) {
            Some(id) => link(org, app, &id, &user),
            None => create(org, app, &user),
        }
    }
}

fn tell(org: &mut Org, app: &str, kind: &'static str, words: &str, failure: Option<&str>) {
    let event = Event::new(kind, words).on_app(org, app);
    let event = match failure {
        Some(reason) => event.failed(reason),
        None => event,
    };
    log::record(org, event);
}

/// A group of the hub is an `APP_GROUP` here, unless it is the target of a push, which hides it (help page "Group Push operations").
fn take_group(org: &mut Org, app: &str, hub_group: &Value) {
    let hub_id = hub_group["id"].as_str().unwrap_or_default();
    let Some(part) = org.apps.get(app).and_then(|app| app.org2org.as_ref()) else {
        return;
    };
    let pushed = part
        .pushes
        .values()
        .any(|push| push.hub_group.as_deref() == Some(hub_id));
    let known = part
        .imported
        .values()
        .any(|id| id.as_deref() == Some(hub_id));
    if pushed || known || hub_group["type"] != "OKTA_GROUP" {
        return;
    }
    let (id, now) = (org.ids.next("00g"), org.now());
    let group = Group {
        id: id.clone(),
        kind: "APP_GROUP".to_owned(),
        object_class: "okta:user_group".to_owned(),
        profile: hub_group["profile"]
            .as_object()
            .cloned()
            .unwrap_or_default(),
        created: now,
        last_updated: now,
        last_membership_updated: now,
        members: std::collections::BTreeSet::new(),
        source: Some(app.to_owned()),
    };
    org.groups.insert(id.clone(), group);
    if let Some(part) = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut()) {
        part.imported.insert(id, Some(hub_id.to_owned()));
    }
}

fn take_user(org: &mut Org, app: &str, user: Value) {
    if user["status"] == "DEPROVISIONED" {
        return;
    }
    if let Some(id) = linked(org, app, &user) {
        refresh(org, app, &id, &user);
        return;
    }
    let confirms = |org: &Org, name: &str| {
        let part = org.apps.get(app).and_then(|app| app.org2org.as_ref());
        part.is_some_and(|part| {
            part.inbound["importRules"]["userCreateAndMatch"][name] == json!(true)
        })
    };
    match matched(org, app, &user) {
        Some(id) if confirms(org, "autoConfirmExactMatch") => link(org, app, &id, &user),
        None if confirms(org, "autoConfirmNewUsers") => create(org, app, &user),
        _ => {
            if let Some(part) = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut()) {
                part.review.retain(|held| held["id"] != user["id"]);
                part.review.push(user);
            }
        }
    }
}

fn linked(org: &Org, app: &str, user: &Value) -> Option<Id> {
    let users = org.apps.get(app)?.users.values();
    let mut same = users.filter(|held| held.external_id.as_deref() == user["id"].as_str());
    same.next().map(|held| held.user.clone())
}

/// The exact match of the import's rule: by user name or by e-mail.
fn matched(org: &Org, app: &str, user: &Value) -> Option<Id> {
    let part = org.apps.get(app)?.org2org.as_ref()?;
    let criterion = &part.inbound["importRules"]["userCreateAndMatch"]["exactMatchCriteria"];
    let name = if criterion == "EMAIL" {
        "email"
    } else {
        "login"
    };
    let wanted = user["profile"][name].as_str()?.to_lowercase();
    let mut users = org.users.values();
    let found = users.find(|held| held.attribute(name).to_lowercase() == wanted)?;
    (found.status != "DEPROVISIONED").then(|| found.id.clone())
}

fn link(org: &mut Org, app: &str, id: &str, user: &Value) {
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
    note(
        org,
        "system.import.user.match",
        "Match user by import",
        app,
        id,
        None,
    );
    refresh(org, app, id, user);
}

/// A user whom the spoke has not. Assumed: staged, unless the rules activate new users.
fn create(org: &mut Org, app: &str, user: &Value) {
    let profile = profile_of(user);
    if user_profile::check(org, &profile, None).is_err() {
        return;
    }
    let part = org.apps.get(app).and_then(|app| app.org2org.as_ref());
    let activates = part.is_some_and(|part| {
        part.inbound["importRules"]["userCreateAndMatch"]["autoActivateNewUsers"] == json!(true)
    });
    let (id, now) = (org.ids.next("00u"), org.now());
    org.insert_user(User {
        id: id.clone(),
        status: if activates { "PROVISIONED" } else { "STAGED" }.to_owned(),
        created: now,
        activated: activates.then_some(now),
        status_changed: activates.then_some(now),
        last_updated: now,
        password_changed: None,
        profile,
        // Assumed: imported users without a directory sign in with Okta.
        provider: "OKTA".to_owned(),
        has_password: false,
        recovery_question: None,
        groups: std::collections::BTreeSet::new(),
    });
    link(org, app, &id, user);
    note(
        org,
        "system.import.user.create",
        "Create user by import",
        app,
        &id,
        None,
    );
}

fn profile_of(user: &Value) -> Map<String, Value> {
    let known = user["profile"].as_object().cloned().unwrap_or_default();
    let entries = known
        .into_iter()
        .filter(|(name, _)| user_profile::is_base(name));
    entries.collect()
}

/// The app user has what the hub has; the spoke's user follows where the hub is his profile source.
fn refresh(org: &mut Org, app: &str, id: &str, user: &Value) {
    let Some(instance) = org.apps.get(app) else {
        return;
    };
    let sourced = has(instance, "PROFILE_MASTERING");
    let values: BTreeMap<String, Value> = mappings::attributes()
        .map(|name| (name.to_owned(), user["profile"][name].clone()))
        .collect();
    let now = org.now();
    if let Some(held) = org.apps.get_mut(app).and_then(|app| app.users.get_mut(id)) {
        held.profile.extend(values.clone());
        held.last_sync = Some(now);
    }
    let Some(held) = org.users.get_mut(id).filter(|_| sourced) else {
        return;
    };
    let differs = values
        .iter()
        .any(|(name, value)| held.profile.get(name).unwrap_or(&Value::Null) != value);
    if differs {
        held.profile.extend(values);
        held.last_updated = now.max(held.last_updated + 1);
        note(
            org,
            "system.import.user.update",
            "Update user by import",
            app,
            id,
            None,
        );
    }
}
