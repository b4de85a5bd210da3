//! Groups and rules of a scenario.

use serde_json::{Value, json};

use super::super::membership_changes;
use super::super::rule_expression;
use super::super::rule_membership;
use super::super::store::{OktaId, RecentChanges, SimulatedOrg, StoredGroup, StoredRule};
use super::people::is_new;
use super::problems::ScenarioProblems;
use super::spec::{GroupSpec, OrgSpec, RuleSpec};

const KINDS: &[&str] = &["OKTA_GROUP", "APP_GROUP", "BUILT_IN"];

/// The group of this name or id.
pub(in crate::simulator) fn find_group(org: &SimulatedOrg, name: &str) -> Option<OktaId> {
    if org.groups.contains_key(name) {
        return Some(name.to_owned());
    }
    let mut groups = org.groups.values();
    let named = groups.find(|group| group.name() == name);
    named.map(|group| group.id.clone())
}

/// The user of this login or id.
pub(super) fn find_user(org: &SimulatedOrg, name: &str) -> Option<OktaId> {
    if org.users.contains_key(name) {
        return Some(name.to_owned());
    }
    org.logins.get(&name.to_lowercase()).cloned()
}

pub(super) fn add_group(org: &mut SimulatedOrg, plan: &GroupSpec, of: &OrgSpec, problems: &mut ScenarioProblems) {
    if plan.kind == "BUILT_IN" && plan.name == "Everyone" {
        be_everyone(org, plan);
        return;
    }
    // Groups of apps may have one name; they are told apart by their ids.
    if plan.id.is_none() && org.groups.values().any(|group| group.name() == plan.name) {
        problems.add(format!("org {:?}: there are two groups {:?}", org.name, plan.name));
        return;
    }
    let known = KINDS.contains(&plan.kind.as_str());
    if !known {
        problems.add(format!("org {:?}: group {:?} has the unknown type {:?}", org.name, plan.name, plan.kind));
    }
    let id = plan.id.clone().unwrap_or_else(|| org.ids.next("00g"));
    problems.note(is_new(org.groups.contains_key(&id), &id), || format!("org {:?}: group {:?}", org.name, plan.name));
    org.groups.insert(id.clone(), group(org, plan, &id));
    for login in &plan.members {
        match find_user(org, login) {
            Some(user) if of.settled => join(org, &id, &user),
            Some(user) => {
                membership_changes::add(org, &id, &user, None);
            }
            None => problems.add(format!("org {:?}: group {:?} names the unknown user {login:?}", org.name, plan.name)),
        }
    }
    org.recent = RecentChanges::default();
}

fn group(org: &SimulatedOrg, plan: &GroupSpec, id: &str) -> StoredGroup {
    let class = if plan.kind == "APP_GROUP" { "okta:windows_security_principal" } else { "okta:user_group" };
    let profile = json!({"name": plan.name, "description": plan.description});
    let mut profile = profile.as_object().cloned().unwrap_or_default();
    profile.extend(plan.attributes.clone());
    StoredGroup {
        object_class: plan.object_class.clone().unwrap_or_else(|| class.into()),
        ..StoredGroup::new(id.to_owned(), &plan.kind, profile, org.now())
    }
}

/// The group that holds everyone is there from the start; a scenario may give it another id.
fn be_everyone(org: &mut SimulatedOrg, plan: &GroupSpec) {
    let Some(mut held) = org.groups.remove(&org.everyone) else {
        return;
    };
    let id = plan.id.clone().unwrap_or_else(|| held.id.clone());
    held.profile = group(org, plan, &id).profile;
    for user in org.users.values_mut() {
        user.groups.remove(&held.id);
        user.groups.insert(id.clone());
    }
    held.id.clone_from(&id);
    org.everyone.clone_from(&id);
    org.groups.insert(id, held);
}

/// A membership with nothing that follows from it.
fn join(org: &mut SimulatedOrg, group: &str, user: &str) {
    if let (Some(of_group), Some(of_user)) = (org.groups.get_mut(group), org.users.get_mut(user)) {
        of_group.members.insert(user.to_owned());
        of_user.groups.insert(group.to_owned());
    }
}

pub(super) fn add_rule(org: &mut SimulatedOrg, plan: &RuleSpec, of: &OrgSpec, problems: &mut ScenarioProblems) {
    let parsed = rule_expression::parse(&plan.expression);
    if let Err(refusal) = parsed.as_ref()
        && !of.settled
    {
        problems.add(format!(
            "org {:?}: rule {:?}: {} {}",
            org.name,
            plan.name,
            refusal.summary,
            refusal.causes.join("; ")
        ));
        return;
    }
    let now = org.now();
    let id = plan.id.clone().unwrap_or_else(|| org.ids.next("0pr"));
    problems.note(is_new(org.rules.contains_key(&id), &id), || format!("org {:?}: rule {:?}", org.name, plan.name));
    let rule = StoredRule {
        id: id.clone(),
        name: plan.name.clone(),
        status: plan.status().to_owned(),
        created: now,
        last_updated: now,
        conditions: conditions(org, plan),
        actions: actions(org, plan, of, problems),
    };
    org.rules.insert(id.clone(), rule);
    if plan.status() == "ACTIVE" && !of.settled {
        rule_membership::evaluate_rule(org, &id);
    }
    org.recent = RecentChanges::default();
}

/// Who is excluded may be gone, and is known by his id then.
fn conditions(org: &SimulatedOrg, plan: &RuleSpec) -> Value {
    let ids = |names: &[String], find: fn(&SimulatedOrg, &str) -> Option<OktaId>| {
        let found = names.iter().map(|name| find(org, name).unwrap_or_else(|| name.clone()));
        found.collect::<Vec<_>>()
    };
    json!({
        "people": {
            "users": {"exclude": ids(&plan.exclude, find_user)},
            "groups": {"exclude": ids(&plan.exclude_groups, find_group)},
        },
        "expression": {"value": plan.expression, "type": "urn:okta:expression:1.0"},
    })
}

fn actions(org: &SimulatedOrg, plan: &RuleSpec, of: &OrgSpec, problems: &mut ScenarioProblems) -> Value {
    let mut ids = Vec::new();
    for name in &plan.groups {
        match find_group(org, name) {
            Some(id) => ids.push(id),
            // A rule that was read may fill groups that were not.
            None if of.settled => ids.push(name.clone()),
            None => problems.add(format!("org {:?}: rule {:?} names the unknown group {name:?}", org.name, plan.name)),
        }
    }
    json!({"assignUserToGroups": {"groupIds": ids}})
}
