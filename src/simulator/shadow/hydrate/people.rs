//! Users, groups, memberships, rules and roles.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::super::store::{AdminRole, OktaId, SimulatedOrg, StoredGroup, StoredRule, StoredUser};
use super::fields::{first, linked_id, object, text, time};

pub(in super::super) fn user(org: &mut SimulatedOrg, _: &[String], body: &Value) {
    take_user(org, body);
}

/// A user, whole or as it stands in another thing. Gives its id.
pub(super) fn take_user(org: &mut SimulatedOrg, body: &Value) -> Option<OktaId> {
    let id = body["id"].as_str()?.to_owned();
    let profile = object(&body["profile"]);
    if org.users.contains_key(&id) || !profile.contains_key("login") {
        return Some(id);
    }
    if !org.is_news(format!("/api/v1/users/{id}")) {
        return Some(id);
    }
    if let Some(kind) = body["type"]["id"].as_str() {
        kind.clone_into(&mut org.user_type);
    }
    let credentials = &body["credentials"];
    let provider = credentials["provider"]["type"].as_str().unwrap_or("OKTA");
    let question = credentials["recovery_question"]["question"].as_str();
    let created = time(body, "created").unwrap_or_default();
    org.insert_user(StoredUser {
        id: id.clone(),
        status: text(body, "status"),
        created,
        activated: time(body, "activated"),
        status_changed: time(body, "statusChanged"),
        last_updated: time(body, "lastUpdated").unwrap_or(created),
        password_changed: time(body, "passwordChanged"),
        last_login: time(body, "lastLogin"),
        has_password: !body["passwordChanged"].is_null() || credentials["password"].is_object(),
        provider: provider.to_owned(),
        recovery_question: question.map(str::to_owned),
        profile,
        groups: BTreeSet::new(),
    });
    Some(id)
}

/// A group of the user that the path names.
pub(in super::super) fn group_of_user(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    group(org, &[], body);
    let name = first(parameters);
    let known = org.logins.get(&name.to_lowercase()).cloned();
    join(org, &text(body, "id"), &known.unwrap_or_else(|| name.to_owned()));
}

/// A member of the group that the path names.
pub(in super::super) fn member(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    if let Some(id) = take_user(org, body) {
        join(org, first(parameters), &id);
    }
}

/// A membership of the real org, unless it was changed here.
fn join(org: &mut SimulatedOrg, group: &str, user: &str) {
    let pair = (group.to_owned(), user.to_owned());
    let changed = org.changed.as_ref();
    if changed.is_some_and(|changed| changed.memberships.contains(&pair)) {
        return;
    }
    if let (Some(of_group), Some(of_user)) = (org.groups.get_mut(group), org.users.get_mut(user)) {
        of_group.members.insert(user.to_owned());
        of_user.groups.insert(group.to_owned());
    }
}

pub(in super::super) fn group(org: &mut SimulatedOrg, _: &[String], body: &Value) {
    let id = text(body, "id");
    if id.is_empty() || org.groups.contains_key(&id) {
        return;
    }
    if !org.is_news(format!("/api/v1/groups/{id}")) {
        return;
    }
    let kind = text(body, "type");
    if kind == "BUILT_IN" && text(&body["profile"], "name") == "Everyone" {
        be_everyone(org, &id);
    }
    let created = time(body, "created").unwrap_or_default();
    let held = StoredGroup {
        id: id.clone(),
        object_class: body["objectClass"][0].as_str().unwrap_or("okta:user_group").to_owned(),
        profile: object(&body["profile"]),
        created,
        last_updated: time(body, "lastUpdated").unwrap_or(created),
        last_membership_updated: time(body, "lastMembershipUpdated").unwrap_or(created),
        members: if org.everyone == id { org.users.keys().cloned().collect() } else { BTreeSet::new() },
        source: linked_id(body, "source").filter(|_| kind == "APP_GROUP"),
        kind,
    };
    if let Some(part) = held.source.as_ref().and_then(|app| org.apps.get_mut(app)?.org2org.as_mut()) {
        part.imported_before(&id);
    }
    org.groups.insert(id, held);
}

/// Until now another group stood for the one that holds everyone.
fn be_everyone(org: &mut SimulatedOrg, id: &str) {
    let placeholder = std::mem::replace(&mut org.everyone, id.to_owned());
    org.groups.remove(&placeholder);
    for user in org.users.values_mut() {
        user.groups.remove(&placeholder);
        user.groups.insert(id.to_owned());
    }
}

pub(in super::super) fn rule(org: &mut SimulatedOrg, _: &[String], body: &Value) {
    let id = text(body, "id");
    if id.is_empty() || !org.is_news(format!("/api/v1/groups/rules/{id}")) {
        return;
    }
    let created = time(body, "created").unwrap_or_default();
    let held = StoredRule {
        id: id.clone(),
        name: text(body, "name"),
        status: text(body, "status"),
        created,
        last_updated: time(body, "lastUpdated").unwrap_or(created),
        conditions: body["conditions"].clone(),
        actions: body["actions"].clone(),
    };
    org.rules.insert(id, held);
}

/// A role of the user, group or service app that the path names by id.
pub(in super::super) fn role(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    let (owner, id) = (first(parameters), text(body, "id"));
    let prefix = if org.users.contains_key(owner) {
        "/api/v1/users"
    } else if org.groups.contains_key(owner) {
        "/api/v1/groups"
    } else if org.oauth.clients.contains_key(owner) {
        "/oauth2/v1/clients"
    } else {
        return;
    };
    if id.is_empty() {
        return;
    }
    if org.is_news(format!("{prefix}/{owner}/roles/{id}")) {
        let role = AdminRole { id, kind: text(body, "type"), created: time(body, "created").unwrap_or_default() };
        org.roles.entry(owner.to_owned()).or_default().push(role);
    }
}
