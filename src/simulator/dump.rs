//! The whole of an org as JSON, for the control surface. Secrets are left out.

use std::sync::PoisonError;

use serde_json::{Map, Value, json};

use super::org2org::GroupPush;
use super::store::{
    AdminRole, ApiToken, AppGroup, AppUser, FailedTask, SimulatedOrg, StoredApp, StoredGroup, StoredRule, StoredUser,
};
use super::wire::{date, optional_date};

/// Everything in the org, by id; app users and app groups by user and group, directories by domain.
pub(super) fn state(org: &SimulatedOrg) -> Value {
    json!({
        "name": org.name,
        "id": org.id,
        "now": date(org.now()),
        "users": by_id(&org.users, user),
        "groups": by_id(&org.groups, group),
        "rules": by_id(&org.rules, rule),
        "apps": by_id(&org.apps, app),
        "roles": by_id(&org.roles, |roles| roles.iter().map(role).collect()),
        "tokens": by_id(&org.tokens, token),
        "tasks": tasks(org),
        "jobs": org.jobs.len() + org.outbox.len(),
        "events": org.log.len(),
        "directories": directories(org),
    })
}

/// Failed provisioning jobs, oldest first.
pub(super) fn tasks(org: &SimulatedOrg) -> Value {
    org.tasks.iter().map(task).collect()
}

fn by_id<T>(map: &std::collections::BTreeMap<String, T>, show: impl Fn(&T) -> Value) -> Value {
    let entries = map.iter().map(|(id, item)| (id.clone(), show(item)));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn directories(org: &SimulatedOrg) -> Value {
    let entries = org.directories.iter().map(|(domain, directory)| {
        let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
        (domain.clone(), directory.to_json())
    });
    Value::Object(entries.collect::<Map<_, _>>())
}

fn user(user: &StoredUser) -> Value {
    json!({
        "status": user.status, "login": user.login(), "profile": user.profile, "provider": user.provider,
        "hasPassword": user.has_password, "recoveryQuestion": user.recovery_question, "created": date(user.created), "activated": optional_date(user.activated),
        "lastUpdated": date(user.last_updated), "groups": user.groups,
    })
}

fn group(group: &StoredGroup) -> Value {
    json!({
        "type": group.kind, "name": group.name(), "profile": group.profile, "source": group.source,
        "created": date(group.created), "lastMembershipUpdated": date(group.last_membership_updated), "members": group.members,
    })
}

fn rule(rule: &StoredRule) -> Value {
    json!({"name": rule.name, "status": rule.status, "conditions": rule.conditions, "actions": rule.actions})
}

fn app(app: &StoredApp) -> Value {
    json!({
        "name": app.name, "label": app.label, "status": app.status, "features": app.features,
        "users": by_id(&app.users, app_user), "groups": by_id(&app.groups, app_group),
        "connection": app.org2org.as_ref().map(|part| json!({"enabled": part.connection.enabled, "baseUrl": part.connection.base_url})),
        "pushes": app.org2org.as_ref().map(|part| by_id(&part.pushes, push)),
        "activeDirectory": app.active_directory.as_ref().map(|ad| json!({
            "domain": ad.domain, "updateOuOnGroupChange": ad.update_ou_on_group_change, "connectedOus": ad.connected_ous,
            "agents": ad.agents.iter().map(|agent| json!({"id": agent.id, "name": agent.name, "up": agent.up})).collect::<Vec<_>>(),
        })),
    })
}

fn push(push: &GroupPush) -> Value {
    json!({"source": push.source, "status": push.status, "hubGroup": push.hub_group})
}

fn app_user(user: &AppUser) -> Value {
    json!({
        "scope": if user.individual { "USER" } else { "GROUP" }, "group": user.granting_group, "status": user.status,
        "syncState": user.sync_state, "externalId": user.external_id, "userName": user.user_name, "profile": user.profile,
    })
}

fn app_group(group: &AppGroup) -> Value {
    json!({"priority": group.priority, "profile": group.profile})
}

fn role(role: &AdminRole) -> Value {
    json!({"id": role.id, "type": role.kind})
}

fn token(token: &ApiToken) -> Value {
    json!({
        "name": token.name, "owner": token.owner, "expires": date(token.expires), "network": token.network, "revoked": token.revoked,
    })
}

fn task(task: &FailedTask) -> Value {
    json!({"app": task.app, "user": task.user, "message": task.message, "at": date(task.at)})
}
