//! From a scenario's keys to orgs and directories.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};

use serde_json::{Map, Value, json};

use super::super::error::Error;
use super::super::memberships;
use super::super::rule_expression;
use super::super::rule_membership;
use super::super::store::{Group, Id, Org, Role, Rule, Token, User};
use super::plan::{AdminPlan, GroupPlan, OrgPlan, RulePlan, Scenario, UserPlan};
use super::{World, ad_instance, clients, connected, contractors, directories};

const MONTH: i64 = 30 * 86_400_000;
/// What users may be at the start.
const STATUSES: &[&str] = &[
    "STAGED",
    "PROVISIONED",
    "ACTIVE",
    "SUSPENDED",
    "LOCKED_OUT",
    "PASSWORD_EXPIRED",
    "RECOVERY",
    "DEPROVISIONED",
];

/// What is wrong with a scenario, all of it.
#[derive(Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    pub(super) fn add(&mut self, problem: String) {
        self.0.push(problem);
    }

    /// Keeps why something could not be made.
    pub(super) fn note<T, E: std::fmt::Display>(
        &mut self,
        outcome: Result<T, E>,
        what: impl FnOnce() -> String,
    ) -> Option<T> {
        outcome
            .map_err(|error| self.add(format!("{}: {error}", what())))
            .ok()
    }
}

pub(super) fn build(scenario: Scenario) -> Result<World, Error> {
    let mut problems = Problems::default();
    let mut world = World {
        orgs: Vec::new(),
        directories: build_directories(&scenario, &mut problems),
    };
    let plans = scenario.orgs.unwrap_or_default();
    for (plan, seed) in plans.iter().zip(1..) {
        let mut org = begin(plan, seed, &world, &mut problems);
        org.options = plan
            .options
            .clone()
            .or_else(|| scenario.options.clone())
            .unwrap_or_default();
        world.orgs.push(org);
    }
    if let Some(plan) = scenario.contractors.filter(|plan| plan.count > 0) {
        contractors::add(&mut world, &plan, &mut problems);
    }
    // Groups and apps come after all people, so that they may name contractors.
    for (plan, org) in plans.iter().zip(&mut world.orgs) {
        finish(org, plan, &mut problems);
    }
    connected::connect(&mut world, &plans, &mut problems);
    if problems.0.is_empty() {
        Ok(world)
    } else {
        Err(Error::Scenario(problems.0.join("\n")))
    }
}

fn build_directories(
    scenario: &Scenario,
    problems: &mut Problems,
) -> BTreeMap<String, Arc<RwLock<super::Directory>>> {
    let mut built = BTreeMap::new();
    for (plan, seed) in scenario.directories.iter().flatten().zip(100..) {
        let directory = directories::build(plan, seed, problems);
        if built
            .insert(plan.domain.to_lowercase(), Arc::new(RwLock::new(directory)))
            .is_some()
        {
            problems.add(format!("there are two directories {:?}", plan.domain));
        }
    }
    built
}

fn begin(plan: &OrgPlan, seed: u64, world: &World, problems: &mut Problems) -> Org {
    let mut org = Org::new(&plan.name, seed);
    if world.orgs.iter().any(|other| other.name == plan.name) {
        problems.add(format!("there are two orgs {:?}", plan.name));
    }
    if let Some(subdomain) = &plan.subdomain {
        org.subdomain.clone_from(subdomain);
    }
    org.custom_domain.clone_from(&plan.custom_domain);
    org.custom_attributes.clone_from(&plan.custom_attributes);
    org.directories = world.directories.clone();
    for admin in std::iter::once(&plan.admin).chain(&plan.admins) {
        add_admin(&mut org, admin, problems);
    }
    for user in &plan.users {
        add_user(&mut org, user, problems);
    }
    org
}

fn finish(org: &mut Org, plan: &OrgPlan, problems: &mut Problems) {
    for group in &plan.groups {
        add_group(org, group, problems);
    }
    for rule in &plan.rules {
        add_rule(org, rule, problems);
    }
    for app in &plan.apps {
        ad_instance::add(org, app, problems);
    }
    for client in &plan.clients {
        clients::add(org, client, problems);
    }
}

fn add_admin(org: &mut Org, plan: &AdminPlan, problems: &mut Problems) {
    let user = UserPlan {
        login: plan.login.clone(),
        first_name: plan.first_name.clone(),
        last_name: plan.last_name.clone(),
        email: None,
        status: None,
        attributes: Map::new(),
    };
    let Some(owner) = add_user(org, &user, problems) else {
        return;
    };
    let now = org.now();
    let roles = plan.roles.iter().map(|kind| Role {
        id: org.ids.next("ra1"),
        kind: kind.clone(),
        created: now,
    });
    let roles = roles.collect();
    org.roles.insert(owner.clone(), roles);
    let id = org.ids.next("00T");
    let token = Token {
        id: id.clone(),
        name: "okta-runbook".to_owned(),
        owner,
        // Not from the org's own generator: a token must not be foreseeable.
        secret: plan
            .token
            .clone()
            .unwrap_or_else(|| format!("00{}", characters(40))),
        created: now,
        expires: now + MONTH,
        network: "ANYWHERE".to_owned(),
        revoked: false,
    };
    org.tokens.insert(id, token);
}

fn characters(count: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(count)
        .collect()
}

/// Adds a user; `None` when the login is taken.
pub(super) fn add_user(org: &mut Org, plan: &UserPlan, problems: &mut Problems) -> Option<Id> {
    if org.logins.contains_key(&plan.login.to_lowercase()) {
        problems.add(format!(
            "org {:?}: the login {:?} is there twice",
            org.name, plan.login
        ));
        return None;
    }
    let status = plan.status.as_deref().unwrap_or("ACTIVE");
    if !STATUSES.contains(&status) {
        problems.add(format!(
            "org {:?}: user {:?} has the unknown status {status:?}",
            org.name, plan.login
        ));
    }
    let now = org.now();
    let began = (status != "STAGED").then_some(now);
    let has_password = !matches!(status, "STAGED" | "PROVISIONED");
    let id = org.ids.next("00u");
    org.insert_user(User {
        id: id.clone(),
        status: status.to_owned(),
        created: now,
        activated: began,
        status_changed: began,
        last_updated: now,
        password_changed: began.filter(|_| has_password),
        profile: profile(plan),
        provider: "OKTA".to_owned(),
        has_password,
        recovery_question: None,
        groups: BTreeSet::from([org.everyone.clone()]),
    });
    Some(id)
}

fn profile(plan: &UserPlan) -> Map<String, Value> {
    let mut profile = Map::new();
    for (name, value) in [
        ("firstName", json!(plan.first_name)),
        ("lastName", json!(plan.last_name)),
        ("mobilePhone", Value::Null),
        ("secondEmail", Value::Null),
        ("login", json!(plan.login)),
        ("email", json!(plan.email.as_ref().unwrap_or(&plan.login))),
    ] {
        profile.insert(name.to_owned(), value);
    }
    profile.extend(plan.attributes.clone());
    profile
}

fn add_group(org: &mut Org, plan: &GroupPlan, problems: &mut Problems) {
    if org.groups.values().any(|group| group.name() == plan.name) {
        problems.add(format!(
            "org {:?}: there are two groups {:?}",
            org.name, plan.name
        ));
        return;
    }
    if !matches!(plan.kind.as_str(), "OKTA_GROUP" | "APP_GROUP") {
        problems.add(format!(
            "org {:?}: group {:?} has the unknown type {:?}",
            org.name, plan.name, plan.kind
        ));
    }
    let (id, now) = (org.ids.next("00g"), org.now());
    let class = if plan.kind == "APP_GROUP" {
        "okta:windows_security_principal"
    } else {
        "okta:user_group"
    };
    let profile = json!({"name": plan.name, "description": plan.description});
    let group = Group {
        id: id.clone(),
        kind: plan.kind.clone(),
        object_class: class.to_owned(),
        profile: profile.as_object().cloned().unwrap_or_default(),
        created: now,
        last_updated: now,
        last_membership_updated: now,
        members: BTreeSet::new(),
        source: None,
    };
    org.groups.insert(id.clone(), group);
    for login in &plan.members {
        match org.logins.get(&login.to_lowercase()).cloned() {
            Some(user) => {
                memberships::add(org, &id, &user, None);
            }
            None => problems.add(format!(
                "org {:?}: group {:?} names the unknown user {login:?}",
                org.name, plan.name
            )),
        }
    }
    org.recent = super::super::store::Recent::default();
}

fn add_rule(org: &mut Org, plan: &RulePlan, problems: &mut Problems) {
    if let Err(refusal) = rule_expression::parse(&plan.expression) {
        problems.add(format!(
            "org {:?}: rule {:?}: {} {}",
            org.name,
            plan.name,
            refusal.summary,
            refusal.causes.join("; ")
        ));
        return;
    }
    let mut ids = Vec::new();
    for name in &plan.groups {
        match org.groups.values().find(|group| group.name() == name) {
            Some(group) => ids.push(group.id.clone()),
            None => problems.add(format!(
                "org {:?}: rule {:?} names the unknown group {name:?}",
                org.name, plan.name
            )),
        }
    }
    let (id, now) = (org.ids.next("0pr"), org.now());
    let rule = Rule {
        id: id.clone(),
        name: plan.name.clone(),
        status: if plan.active { "ACTIVE" } else { "INACTIVE" }.to_owned(),
        created: now,
        last_updated: now,
        conditions: json!({
            "people": {"users": {"exclude": []}, "groups": {"exclude": []}},
            "expression": {"value": plan.expression, "type": "urn:okta:expression:1.0"},
        }),
        actions: json!({"assignUserToGroups": {"groupIds": ids}}),
    };
    org.rules.insert(id.clone(), rule);
    if plan.active {
        rule_membership::evaluate_rule(org, &id);
    }
    org.recent = super::super::store::Recent::default();
}
