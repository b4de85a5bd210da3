//! From a scenario's keys to orgs and directories.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use super::super::error::SimulatorError;
use super::super::store::SimulatedOrg;
use super::built::BuiltScenario;
use super::problems::ScenarioProblems;
use super::spec::{OrgSpec, ScenarioSpec};
use super::{ad_instance, clients, connected, contractors, directories, groups, people, settled_state};

pub(super) fn build(scenario: ScenarioSpec) -> Result<BuiltScenario, SimulatorError> {
    let mut problems = ScenarioProblems::default();
    let mut world = BuiltScenario { orgs: Vec::new(), directories: build_directories(&scenario, &mut problems) };
    let plans = scenario.orgs.unwrap_or_default();
    for (plan, seed) in plans.iter().zip(1..) {
        let mut org = begin(plan, seed, &world, &mut problems);
        org.options = plan.options.clone().or_else(|| scenario.options.clone()).unwrap_or_default();
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
    problems.none()?;
    Ok(world)
}

fn build_directories(
    scenario: &ScenarioSpec,
    problems: &mut ScenarioProblems,
) -> BTreeMap<String, Arc<RwLock<super::super::directory::SimulatedDirectory>>> {
    let mut built = BTreeMap::new();
    for (plan, seed) in scenario.directories.iter().flatten().zip(100..) {
        let directory = directories::build(plan, seed, problems);
        if built.insert(plan.domain.to_lowercase(), Arc::new(RwLock::new(directory))).is_some() {
            problems.add(format!("there are two directories {:?}", plan.domain));
        }
    }
    built
}

fn begin(plan: &OrgSpec, seed: u64, world: &BuiltScenario, problems: &mut ScenarioProblems) -> SimulatedOrg {
    // Given ids may be those that another simulator has drawn.
    let others = if plan.settled { directories::OF_OTHERS } else { 0 };
    let mut org = SimulatedOrg::new(&plan.name, seed + others);
    if world.orgs.iter().any(|other| other.name == plan.name) {
        problems.add(format!("there are two orgs {:?}", plan.name));
    }
    if let Some(subdomain) = &plan.subdomain {
        org.subdomain.clone_from(subdomain);
    }
    org.custom_domain.clone_from(&plan.custom_domain);
    org.custom_attributes.clone_from(&plan.custom_attributes);
    org.directories = world.directories.clone();
    people::add(&mut org, plan, problems);
    org
}

fn finish(org: &mut SimulatedOrg, plan: &OrgSpec, problems: &mut ScenarioProblems) {
    for group in &plan.groups {
        groups::add_group(org, group, plan, problems);
    }
    for rule in &plan.rules {
        groups::add_rule(org, rule, plan, problems);
    }
    for app in &plan.apps {
        ad_instance::add(org, app, plan, problems);
    }
    for group in &plan.groups {
        settled_state::be_sourced(org, group, problems);
    }
    for client in &plan.clients {
        clients::add(org, client, problems);
    }
}
