//! Users, admins, groups and rules of a snapshot.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::permissions;
use super::super::rule_expression;
use super::super::scenario::{AdminSpec, GroupSpec, RuleSpec, UserSpec};
use super::super::store::{AdminRole, OktaId, StoredGroup, StoredRule, StoredUser};
use super::super::wire::date;
use super::SnapshotWriter;
use super::remarks::SnapshotRemarks;

impl SnapshotWriter<'_> {
    pub(super) fn users(&self, remarks: &mut SnapshotRemarks) -> Vec<UserSpec> {
        let users = self.org.users.values();
        users.map(|user| user_plan(user, remarks)).collect()
    }

    /// Who reads here, and whose tokens or roles were seen.
    pub(super) fn admins(&self, remarks: &mut SnapshotRemarks) -> (AdminSpec, Vec<AdminSpec>) {
        let owners = self.noted.owners(self.stand_ins);
        let token = |id: &str| {
            let own = owners.iter().find(|(owner, _)| *owner == id);
            own.map(|(_, text)| (*text).to_owned())
        };
        let me = self.noted.me(0).and_then(|id| self.org.users.get(id));
        let admin = match me {
            Some(user) => self.admin_plan(user, token(&user.id), remarks),
            None => self.stand_in(remarks),
        };
        let seen = self.org.roles.keys().map(String::as_str);
        let mut others: Vec<&str> = seen.chain(owners.iter().map(|(id, _)| *id)).collect();
        others.sort_unstable();
        others.dedup();
        others.retain(|id| me.is_none_or(|me| me.id != **id));
        let others = others.into_iter().filter_map(|id| self.org.users.get(id));
        let others = others.map(|user| self.admin_plan(user, token(&user.id), remarks));
        let others = others.collect();
        (admin, others)
    }

    /// Roles that were not told, or whose rights are not known here, are a super admin's: as a shadow takes them.
    fn admin_plan(&self, user: &StoredUser, token: Option<String>, remarks: &mut SnapshotRemarks) -> AdminSpec {
        let roles = self.org.roles.get(&user.id);
        let roles: &[AdminRole] = roles.map_or(&[], Vec::as_slice);
        let mut kinds: Vec<String> = roles.iter().map(|role| role.kind.clone()).collect();
        // One that is held twice, by oneself and through a group, is one.
        kinds.sort_unstable();
        kinds.dedup();
        let judged = kinds.iter().all(|kind| permissions::is_known(kind));
        if !judged || !self.noted.tells_roles_of(&user.id) {
            remarks.roles += 1;
            kinds.retain(|kind| permissions::is_known(kind));
            kinds.push("SUPER_ADMIN".to_owned());
        }
        AdminSpec {
            login: user.login().to_owned(),
            first_name: user.attribute("firstName").to_owned(),
            last_name: user.attribute("lastName").to_owned(),
            roles: kinds,
            token,
        }
    }

    /// A service app is no user: somebody stands for it.
    fn stand_in(&self, remarks: &mut SnapshotRemarks) -> AdminSpec {
        remarks.stand_ins.push(self.noted.name.clone());
        AdminSpec {
            login: "stand.in@rehearsal.invalid".to_owned(),
            first_name: "Stand".to_owned(),
            last_name: "In".to_owned(),
            ..AdminSpec::default()
        }
    }

    /// `placeholder` stands for the group Everyone and was never read.
    pub(super) fn groups(&self, placeholder: &str, remarks: &mut SnapshotRemarks) -> Vec<GroupSpec> {
        let groups = self.org.groups.values();
        let read = groups.filter(|group| group.id != placeholder);
        let mut plans: Vec<GroupSpec> = read.map(|group| self.group_plan(group, remarks)).collect();
        let unread = self.unread_groups();
        remarks.unread += unread.len() as u64;
        plans.extend(unread.into_iter().map(unread_group));
        plans
    }

    /// Groups that are assigned to an app, and of which nothing else was read.
    fn unread_groups(&self) -> BTreeSet<&OktaId> {
        let apps = self.org.apps.values();
        let assigned = apps.flat_map(|app| app.groups.keys());
        assigned.filter(|id| !self.org.groups.contains_key(*id)).collect()
    }

    fn group_plan(&self, group: &StoredGroup, remarks: &mut SnapshotRemarks) -> GroupSpec {
        let mut attributes = group.profile.clone();
        let name = attributes.shift_remove("name");
        let described = attributes.get("description").is_some_and(Value::is_string);
        let description = described.then(|| attributes.shift_remove("description"));
        let text = |value: Option<Value>| {
            let text = value.as_ref().and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let everyone = group.id == self.org.everyone;
        let members = group.members.iter().filter(|_| !everyone);
        let class = if group.kind == "APP_GROUP" { "okta:windows_security_principal" } else { "okta:user_group" };
        GroupSpec {
            id: Some(group.id.clone()),
            name: text(name),
            description: text(description.flatten()),
            kind: group.kind.clone(),
            object_class: other_than(class, &group.object_class),
            source: group.source.clone(),
            attributes: without_secrets(attributes, remarks),
            members: members.map(|id| self.user(id)).collect(),
        }
    }

    pub(super) fn rules(&self, remarks: &mut SnapshotRemarks) -> Vec<RuleSpec> {
        let rules = self.org.rules.values();
        rules.map(|rule| self.rule_plan(rule, remarks)).collect()
    }

    fn rule_plan(&self, rule: &StoredRule, remarks: &mut SnapshotRemarks) -> RuleSpec {
        let expression = rule.conditions["expression"]["value"].as_str();
        let expression = expression.unwrap_or_default().to_owned();
        if rule_expression::parse(&expression).is_err() {
            remarks.rules += 1;
        }
        let excluded = |kind: &str| {
            let ids = rule.conditions["people"][kind]["exclude"].as_array();
            let ids = ids.into_iter().flatten().filter_map(Value::as_str);
            ids.map(str::to_owned).collect::<Vec<_>>()
        };
        let switched = matches!(rule.status.as_str(), "ACTIVE" | "INACTIVE");
        RuleSpec {
            id: Some(rule.id.clone()),
            name: rule.name.clone(),
            expression,
            groups: rule.groups().map(|id| self.group(id)).collect(),
            exclude: excluded("users").iter().map(|id| self.user(id)).collect(),
            exclude_groups: excluded("groups").iter().map(|id| self.group(id)).collect(),
            active: rule.status != "INACTIVE",
            status: (!switched).then(|| rule.status.clone()),
        }
    }
}

fn user_plan(user: &StoredUser, remarks: &mut SnapshotRemarks) -> UserSpec {
    let mut attributes = user.profile.clone();
    let mut take = |name: &str| match attributes.get(name) {
        Some(Value::String(text)) => {
            let text = text.clone();
            attributes.shift_remove(name);
            text
        }
        _ => String::new(),
    };
    let (login, email) = (take("login"), take("email"));
    let (first_name, last_name) = (take("firstName"), take("lastName"));
    for name in ["mobilePhone", "secondEmail"] {
        if attributes.get(name) == Some(&Value::Null) {
            attributes.shift_remove(name);
        }
    }
    let usual = !matches!(user.status.as_str(), "STAGED" | "PROVISIONED");
    UserSpec {
        id: Some(user.id.clone()),
        email: Some(email).filter(|email| *email != login),
        login,
        first_name,
        last_name,
        status: other_than("ACTIVE", &user.status),
        provider: other_than("OKTA", &user.provider),
        has_password: Some(user.has_password).filter(|has| *has != usual),
        recovery_question: user.recovery_question.clone(),
        last_login: user.last_login.map(date),
        attributes: without_secrets(attributes, remarks),
    }
}

/// Its name is not known; no procedure that did not ask for it will.
fn unread_group(id: &OktaId) -> GroupSpec {
    GroupSpec {
        id: Some(id.clone()),
        name: id.clone(),
        description: String::new(),
        kind: "OKTA_GROUP".to_owned(),
        object_class: None,
        source: None,
        attributes: Map::new(),
        members: Vec::new(),
    }
}

/// What is usual need not be said.
pub(super) fn other_than(usual: &str, held: &str) -> Option<String> {
    (held != usual).then(|| held.to_owned())
}

/// Parts of names of attributes that hold what nobody shall read, in lower case and without `_` and `-`.
const SECRET: &[&str] = &[
    "accesskey",
    "activationurl",
    "answer",
    "apikey",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "signingkey",
    "token",
    "unicodepwd",
];
/// Whole names: within others they mean something else.
const SECRET_NAMES: &[&str] = &["authscheme", "jwt", "otp", "pwd"];

/// Attributes without those that are called like a secret, or look like a key or a token, at any depth.
pub(super) fn without_secrets(mut attributes: Map<String, Value>, remarks: &mut SnapshotRemarks) -> Map<String, Value> {
    attributes.retain(|name, value| {
        let secret = is_secret(name, value);
        remarks.secrets += u64::from(secret);
        !secret
    });
    for value in attributes.values_mut() {
        if let Value::Object(inner) = value {
            *inner = without_secrets(std::mem::take(inner), remarks);
        }
    }
    attributes
}

fn is_secret(name: &str, value: &Value) -> bool {
    let name = name.to_lowercase().replace(['_', '-'], "");
    let is_named = SECRET.iter().any(|part| name.contains(part)) || SECRET_NAMES.contains(&name.as_str());
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) => is_named || looks_secret(text),
        _ => is_named,
    }
}

/// A private key, an API token of Okta's, or a JSON web token.
fn looks_secret(text: &str) -> bool {
    let is_token = text.len() == 42
        && text.starts_with("00")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let is_key = text.contains("-----BEGIN") && text.contains("PRIVATE KEY");
    is_token || is_key || (text.starts_with("eyJ") && text.matches('.').count() >= 2)
}
