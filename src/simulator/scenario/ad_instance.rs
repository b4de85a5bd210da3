//! Apps of a scenario: AD instances with their switches, and others.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use serde_json::{Map, Value, json};

use super::super::app_form::{self, IMPORT_FEATURES, PUSH_FEATURES};
use super::super::dn::DirectoryName;
use super::super::effective_group;
use super::super::import::{self, ImportExtent};
use super::super::job_runner;
use super::super::mappings;
use super::super::org2org;
use super::super::provisioning;
use super::super::store::{ActiveDirectory, AdAgent, AppGroup, EpochMillis, OktaId, SimulatedOrg, StoredApp};
use super::directories::qualify;
use super::groups::find_group;
use super::problems::ScenarioProblems;
use super::settled_state;
use super::spec::{AppGroupSpec, AppSpec, AppUserSpec, OrgSpec};

/// Makes an app with its groups and users, imports the accounts of its directory, and lets what follows from it happen. In a settled
/// org nothing does.
pub(super) fn add(org: &mut SimulatedOrg, plan: &AppSpec, of: &OrgSpec, problems: &mut ScenarioProblems) {
    let Some(mut app) = app(org, plan, of, problems) else {
        return;
    };
    settled_state::complete(org, &mut app, plan, problems);
    let (id, connected) = (app.id.clone(), app.active_directory.is_some());
    org.apps.insert(id.clone(), app);
    let follows = !of.settled;
    if connected && plan.import && follows {
        import::run(org, &id, ImportExtent::Before);
    }
    for group in &plan.groups {
        let Some(assigned) = group_of(org, group, of, problems) else {
            continue;
        };
        assign(org, &id, plan, group, assigned.clone(), problems);
        if follows {
            provisioning::group_assigned(org, &id, &assigned);
        }
    }
    for user in &plan.users {
        match user {
            AppUserSpec::Assigned(login) => assign_user(org, &id, login, problems),
            AppUserSpec::Held(held) => settled_state::put_app_user(org, &id, held),
        }
    }
    settled_state::join_parts(org, &id, plan, of, problems);
    if follows {
        // The scenario begins when all this is long done.
        job_runner::run_due(org, EpochMillis::MAX / 2);
        job_runner::run_due(org, EpochMillis::MAX / 2);
    }
}

fn app(org: &mut SimulatedOrg, plan: &AppSpec, of: &OrgSpec, problems: &mut ScenarioProblems) -> Option<StoredApp> {
    match (&plan.active_directory, &plan.app) {
        (None, None) if plan.hub.is_some() => {
            let mut app = blank_app(org, org2org::NAME, plan.label.as_deref().unwrap_or("Org2Org Hub"));
            app.org2org = Some(org2org::Org2OrgApp::default());
            Some(app)
        }
        (Some(domain), None) => {
            let directory = connection(org, plan, domain, problems)?;
            let mut app = blank_app(org, "active_directory", plan.label.as_ref().unwrap_or(domain));
            app.document = app_form::active_directory(domain);
            app.features = features(plan);
            app.active_directory = Some(directory);
            Some(app)
        }
        (None, Some(body)) if of.settled => Some(settled_state::app(org, plan, body)),
        (None, Some(body)) => other_app(org, plan, body, problems),
        _ => {
            problems.add(format!("org {:?}: an app has one of `activeDirectory`, `app` and `hub`", org.name));
            None
        }
    }
}

fn other_app(
    org: &mut SimulatedOrg,
    plan: &AppSpec,
    body: &Value,
    problems: &mut ScenarioProblems,
) -> Option<StoredApp> {
    let empty = Map::new();
    let read = app_form::read(body.as_object().unwrap_or(&empty));
    let (name, document) = read
        .map_err(|refusal| {
            problems.add(format!("org {:?}: app: {} {}", org.name, refusal.summary, refusal.causes.join("; ")));
        })
        .ok()?;
    let label = plan.label.clone().or_else(|| body["label"].as_str().map(str::to_owned));
    let mut app = blank_app(org, &name, label.as_ref().unwrap_or(&name));
    app.document = document;
    app.org2org = (name == org2org::NAME).then(Default::default);
    Some(app)
}

pub(super) fn blank_app(org: &mut SimulatedOrg, name: &str, label: &str) -> StoredApp {
    let now = org.now();
    StoredApp {
        id: org.ids.next("0oa"),
        name: name.to_owned(),
        label: label.to_owned(),
        status: "ACTIVE".to_owned(),
        created: now,
        last_updated: now,
        features: Vec::new(),
        document: Map::new(),
        users: BTreeMap::new(),
        groups: BTreeMap::new(),
        active_directory: None,
        org2org: None,
        unassigned: BTreeMap::new(),
        custom_attributes: serde_json::Map::new(),
        schema_unread: false,
        mappings: mappings::defaults(&mut org.ids),
    }
}

fn features(plan: &AppSpec) -> Vec<String> {
    let switches = [plan.create_users, plan.update_user_attributes, plan.deactivate_users, plan.sync_password];
    let pushed = PUSH_FEATURES.iter().zip(switches).filter(|(_, on)| *on).map(|(feature, _)| *feature);
    let sourcing = plan.profile_sourcing.then_some("PROFILE_MASTERING");
    let all = IMPORT_FEATURES.iter().copied().chain(sourcing).chain(pushed);
    all.map(str::to_owned).collect()
}

fn connection(
    org: &mut SimulatedOrg,
    plan: &AppSpec,
    domain: &str,
    problems: &mut ScenarioProblems,
) -> Option<ActiveDirectory> {
    let Some(directory) = org.directories.get(&domain.to_lowercase()).cloned() else {
        problems.add(format!("org {:?}: there is no directory {domain:?}", org.name));
        return None;
    };
    let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
    let users = format!("CN=Users,{}", DirectoryName::of_domain(domain));
    let connected_ous = match &plan.connected_ous {
        None => directory.ous().map(str::to_owned).chain([users]).collect(),
        Some(units) => units.iter().map(|unit| qualify(unit, domain)).collect::<Vec<_>>(),
    };
    for unit in plan.connected_ous.iter().flatten().map(|unit| qualify(unit, domain)) {
        if !directory.ou_exists(&unit) {
            problems.add(format!("org {:?}: connected OU {unit:?} does not exist", org.name));
        }
    }
    let now = org.now();
    let agents = plan.agents.iter().map(|agent| AdAgent {
        id: org.ids.next("a53"),
        name: agent.name.clone(),
        version: "3.22.0".to_owned(),
        up: agent.up,
        last_connection: now,
    });
    Some(ActiveDirectory {
        domain: domain.to_owned(),
        agents: agents.collect(),
        update_ou_on_group_change: plan.update_ou_on_group_change,
        connected_ous,
    })
}

/// In a settled org the group may be one that was not read.
fn group_of(org: &SimulatedOrg, plan: &AppGroupSpec, of: &OrgSpec, problems: &mut ScenarioProblems) -> Option<OktaId> {
    let unread = of.settled.then(|| plan.group.clone());
    let found = find_group(org, &plan.group).or(unread);
    if found.is_none() {
        problems.add(format!("org {:?}: an app names the unknown group {:?}", org.name, plan.group));
    }
    found
}

fn assign(
    org: &mut SimulatedOrg,
    app: &OktaId,
    of: &AppSpec,
    plan: &AppGroupSpec,
    group: OktaId,
    problems: &mut ScenarioProblems,
) {
    let mut profile = plan.profile.clone();
    if let (Some(unit), Some(domain)) = (&plan.organizational_unit, &of.active_directory) {
        let unit = qualify(unit, domain);
        check_unit(org, domain, &unit, problems);
        profile.insert("organizationalUnit".to_owned(), json!(unit));
    }
    let now = org.now();
    let Some(instance) = org.apps.get_mut(app) else {
        return;
    };
    let priority = plan.priority.unwrap_or_else(|| effective_group::next_priority(instance));
    effective_group::make_room(instance, &group, priority);
    let assignment = AppGroup { group: group.clone(), priority, profile, last_updated: now };
    instance.groups.insert(group, assignment);
}

fn check_unit(org: &SimulatedOrg, domain: &str, unit: &str, problems: &mut ScenarioProblems) {
    let directory = org.directories.get(&domain.to_lowercase());
    let known =
        directory.is_some_and(|directory| directory.read().unwrap_or_else(PoisonError::into_inner).ou_exists(unit));
    if !known {
        problems.add(format!("org {:?}: a group is assigned with the unknown OU {unit:?}", org.name));
    }
}

fn assign_user(org: &mut SimulatedOrg, app: &OktaId, login: &str, problems: &mut ScenarioProblems) {
    let Some(user) = org.logins.get(&login.to_lowercase()).cloned() else {
        problems.add(format!("org {:?}: an app names the unknown user {login:?}", org.name));
        return;
    };
    let now = org.now();
    if org.apps.get(app).is_some_and(|app| app.users.contains_key(&user)) {
        return;
    }
    if let Some(held) = provisioning::new_app_user(org, app, &user, now) {
        provisioning::add(org, app, held);
    }
}
