//! Users of a scenario, and those of them who administer the org.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::store::{AdminRole, ApiToken, OktaId, SimulatedOrg, StoredUser};
use super::super::wire::parse_date;
use super::problems::ScenarioProblems;
use super::spec::{AdminSpec, OrgSpec, UserSpec};

const MONTH: i64 = 30 * 86_400_000;
/// What users may be at the start.
const STATUSES: &[&str] =
    &["STAGED", "PROVISIONED", "ACTIVE", "SUSPENDED", "LOCKED_OUT", "PASSWORD_EXPIRED", "RECOVERY", "DEPROVISIONED"];

/// Adds the admins and the other users. An admin may be one of the users.
pub(super) fn add(org: &mut SimulatedOrg, plan: &OrgSpec, problems: &mut ScenarioProblems) {
    let admins = || std::iter::once(&plan.admin).chain(&plan.admins);
    let is_user = |admin: &&AdminSpec| {
        let mut users = plan.users.iter();
        users.any(|user| user.login.eq_ignore_ascii_case(&admin.login))
    };
    for admin in admins().filter(|admin| !is_user(admin)) {
        if let Some(owner) = add_user(org, &user_of(admin), problems) {
            make_admin(org, owner, admin);
        }
    }
    for user in &plan.users {
        add_user(org, user, problems);
    }
    for admin in admins().filter(is_user) {
        if let Some(owner) = org.logins.get(&admin.login.to_lowercase()).cloned() {
            make_admin(org, owner, admin);
        }
    }
}

fn user_of(admin: &AdminSpec) -> UserSpec {
    UserSpec {
        login: admin.login.clone(),
        first_name: admin.first_name.clone(),
        last_name: admin.last_name.clone(),
        ..UserSpec::default()
    }
}

/// Gives the roles and a token.
fn make_admin(org: &mut SimulatedOrg, owner: OktaId, plan: &AdminSpec) {
    let now = org.now();
    give_roles(org, &owner, "ra1", &plan.roles);
    let id = org.ids.next("00T");
    let token = ApiToken {
        id: id.clone(),
        name: "okta-runbook".to_owned(),
        owner,
        // Not from the org's own generator: a token must not be foreseeable.
        secret: plan.token.clone().unwrap_or_else(|| format!("00{}", characters(40))),
        created: now,
        expires: now + MONTH,
        network: "ANYWHERE".to_owned(),
        revoked: false,
    };
    org.tokens.insert(id, token);
}

/// Gives a user or a client roles, with ids of this prefix.
pub(super) fn give_roles(org: &mut SimulatedOrg, holder: &OktaId, prefix: &'static str, kinds: &[String]) {
    let now = org.now();
    let role = |kind: &String| AdminRole { id: org.ids.next(prefix), kind: kind.clone(), created: now };
    let roles = kinds.iter().map(role).collect();
    org.roles.insert(holder.clone(), roles);
}

fn characters(count: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(count).collect()
}

/// Adds a user; `None` when the login is taken.
pub(super) fn add_user(org: &mut SimulatedOrg, plan: &UserSpec, problems: &mut ScenarioProblems) -> Option<OktaId> {
    if org.logins.contains_key(&plan.login.to_lowercase()) {
        problems.add(format!("org {:?}: the login {:?} is there twice", org.name, plan.login));
        return None;
    }
    let status = plan.status.as_deref().unwrap_or("ACTIVE");
    if !STATUSES.contains(&status) {
        problems.add(format!("org {:?}: user {:?} has the unknown status {status:?}", org.name, plan.login));
    }
    let last_login = plan.last_login.as_deref().and_then(parse_date);
    if let (Some(text), None) = (&plan.last_login, last_login) {
        problems.add(format!("org {:?}: user {:?} last signed in at {text:?}, which is no time", org.name, plan.login));
    }
    let now = org.now();
    let began = (status != "STAGED").then_some(now);
    let usual = !matches!(status, "STAGED" | "PROVISIONED");
    let has_password = plan.has_password.unwrap_or(usual);
    let id = plan.id.clone().unwrap_or_else(|| org.ids.next("00u"));
    problems.note(is_new(org.users.contains_key(&id), &id), || format!("org {:?}: user {:?}", org.name, plan.login));
    org.insert_user(StoredUser {
        id: id.clone(),
        status: status.to_owned(),
        created: now,
        activated: began,
        status_changed: began,
        last_updated: now,
        password_changed: Some(now).filter(|_| has_password),
        last_login,
        profile: profile(plan),
        provider: plan.provider.clone().unwrap_or_else(|| "OKTA".to_owned()),
        has_password,
        recovery_question: plan.recovery_question.clone(),
        groups: BTreeSet::from([org.everyone.clone()]),
    });
    Some(id)
}

/// Two things of one id cannot be.
pub(super) fn is_new(known: bool, id: &str) -> Result<(), String> {
    if known {
        return Err(format!("the id {id:?} is there twice"));
    }
    Ok(())
}

fn profile(plan: &UserSpec) -> Map<String, Value> {
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
