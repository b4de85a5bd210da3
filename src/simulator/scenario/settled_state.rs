//! What is put into an org just as it is listed, with nothing that follows from it.

use serde_json::{Map, Value};

use super::super::mappings;
use super::super::oauth;
use super::super::options::Shown;
use super::super::org2org;
use super::super::org2org::credentials;
use super::super::provisioning;
use super::super::store::{AppUser, OktaId, SimulatedOrg, StoredApp};
use super::ad_instance::blank_app;
use super::clients;
use super::groups::{find_group, find_user};
use super::people::{self, is_new};
use super::problems::ScenarioProblems;
use super::spec::{AppSpec, GroupSpec, HeldAppUserSpec, MappingSpec, MappingSpecDirection, OrgSpec};

/// An app of whatever kind, its form taken as it is.
pub(super) fn app(org: &mut SimulatedOrg, plan: &AppSpec, body: &Value) -> StoredApp {
    let name = body["name"].as_str().unwrap_or("unknown");
    let label = plan.label.as_deref().or(body["label"].as_str());
    let mut app = blank_app(org, name, label.unwrap_or(name));
    app.document = body.as_object().cloned().unwrap_or_default();
    for own in ["name", "label"] {
        app.document.shift_remove(own);
    }
    app.org2org = (name == org2org::NAME).then(Default::default);
    app
}

/// What a plan says of an app beyond what makes it.
pub(super) fn complete(org: &mut SimulatedOrg, app: &mut StoredApp, plan: &AppSpec, problems: &mut ScenarioProblems) {
    if let Some(id) = &plan.id {
        app.id.clone_from(id);
    }
    problems
        .note(is_new(org.apps.contains_key(&app.id), &app.id), || format!("org {:?}: app {:?}", org.name, app.label));
    if let Some(status) = &plan.status {
        app.status.clone_from(status);
    }
    for mapping in &plan.mappings {
        map(app, mapping);
    }
    if let Some(features) = &plan.features {
        show_features(org, app, features);
    }
}

fn map(app: &mut StoredApp, plan: &MappingSpec) {
    let direction = match plan.direction {
        MappingSpecDirection::ToOkta => mappings::MappingDirection::ToOkta,
        MappingSpecDirection::ToApp => mappings::MappingDirection::ToApp,
    };
    let mut held = app.mappings.iter_mut();
    if let Some(held) = held.find(|mapping| mapping.direction == direction) {
        held.properties.clone_from(&plan.properties);
        if let Some(id) = &plan.id {
            held.id.clone_from(id);
        }
    }
}

/// The feature of group push is told by the simulator itself for AD instances.
fn show_features(org: &mut SimulatedOrg, app: &mut StoredApp, features: &[String]) {
    app.features = features.to_vec();
    if app.active_directory.is_none() {
        return;
    }
    if provisioning::has_feature(app, "PUSH_NEW_USERS") {
        let pushes = provisioning::has_feature(app, "GROUP_PUSH");
        org.options.assumptions.group_push_feature = if pushes { Shown::Present } else { Shown::Absent };
    }
    app.features.retain(|one| one != "GROUP_PUSH");
}

/// Puts an app user into its app; a user that is not known is one all the same.
pub(super) fn put_app_user(org: &mut SimulatedOrg, app: &OktaId, plan: &HeldAppUserSpec) {
    let user = find_user(org, &plan.user).unwrap_or_else(|| plan.user.clone());
    let group = plan.group.as_ref();
    let group = group.map(|name| find_group(org, name).unwrap_or_else(|| name.clone()));
    let now = org.now();
    let text = |given: &Option<String>, otherwise: &str| given.clone().unwrap_or_else(|| otherwise.to_owned());
    let sync_state = text(&plan.sync_state, "DISABLED");
    let held = AppUser {
        user: user.clone(),
        external_id: plan.external_id.clone(),
        created: now,
        last_updated: now,
        status: text(&plan.status, "ACTIVE"),
        status_changed: now,
        last_sync: (sync_state == "SYNCHRONIZED").then_some(now),
        sync_state,
        individual: plan.scope.as_deref() != Some("GROUP"),
        granting_group: group,
        user_name: text(&plan.user_name, &plan.user),
        profile: plan.profile.clone(),
        security_answer: None,
        syncing_from: None,
    };
    if let Some(app) = org.apps.get_mut(app) {
        app.users.insert(user, held);
    }
}

/// What an Org2Org app or a service app has beyond an app.
pub(super) fn join_parts(
    org: &mut SimulatedOrg,
    app: &OktaId,
    plan: &AppSpec,
    of: &OrgSpec,
    problems: &mut ScenarioProblems,
) {
    credentials::connect_planned(org, app, plan);
    let Some(held) = org.apps.get(app) else {
        return;
    };
    let what = || format!("org {:?}: app {:?}", org.name, held.label);
    // An org that is as it was read may not tell the keys of its clients.
    let client = if of.settled {
        Ok(oauth::keyless_client_of(held))
    } else {
        oauth::client_of(held).map_err(|refusal| refusal.causes.join("; "))
    };
    let Some(mut client) = problems.note(client, what).flatten() else {
        return;
    };
    client.grants = clients::grants(org, &plan.scopes);
    people::give_roles(org, app, "irb", &plan.roles);
    org.oauth.clients.insert(app.clone(), client);
}

/// Names the app that a group is from, by id or label.
pub(super) fn be_sourced(org: &mut SimulatedOrg, plan: &GroupSpec, problems: &mut ScenarioProblems) {
    let Some(source) = &plan.source else { return };
    let name = plan.id.as_ref().unwrap_or(&plan.name);
    let known = org.apps.contains_key(source);
    let mut apps = org.apps.values();
    let labelled = apps.find(|app| app.label == *source);
    let app = labelled.map(|app| app.id.clone()).filter(|_| !known);
    // In a settled org the app may be one that was not read.
    let (app, Some(group)) = (app.unwrap_or_else(|| source.clone()), find_group(org, name)) else {
        problems.add(format!("org {:?}: there is no group {name:?}", org.name));
        return;
    };
    let part = org.apps.get_mut(&app).and_then(|app| app.org2org.as_mut());
    if let Some(part) = part {
        part.imported_before(&group);
    }
    if let Some(group) = org.groups.get_mut(&group) {
        group.source = Some(app);
    }
}

/// Texts of a value at any depth.
pub(in crate::simulator) fn each_text(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(fields) => each_of(fields, change),
        _ => {}
    }
}

fn each_of(fields: &mut Map<String, Value>, change: &mut dyn FnMut(&mut String)) {
    fields.values_mut().for_each(|value| each_text(value, change));
}
