//! Org2Org apps that a scenario connects with another of its orgs.

use super::super::org2org::defaults::{self, InitialSwitches};
use super::super::store::{OktaId, SimulatedOrg};
use super::built::BuiltScenario;
use super::problems::ScenarioProblems;
use super::spec::{AppSpec, AppUserSpec, OrgSpec};

/// Connects them, and links users of theirs whom the hub has by the same login.
pub(super) fn connect(world: &mut BuiltScenario, plans: &[OrgSpec], problems: &mut ScenarioProblems) {
    for (at, plan) in plans.iter().enumerate() {
        let apps = plan.apps.iter().filter(|app| app.hub.is_some());
        for app in apps {
            connect_one(world, at, app, problems);
        }
    }
}

fn connect_one(world: &mut BuiltScenario, spoke: usize, plan: &AppSpec, problems: &mut ScenarioProblems) {
    let name = plan.hub.as_deref().unwrap_or_default();
    let Some(hub) = world.orgs.iter().find(|org| org.name == name) else {
        problems.add(format!("an app names the unknown hub {name:?}"));
        return;
    };
    let token = hub.tokens.values().next();
    let token = token.map(|token| token.secret.clone()).unwrap_or_default();
    let accounts = hub.logins.clone();
    let switches = InitialSwitches {
        create: plan.create_users,
        update: plan.update_user_attributes,
        deactivate: plan.deactivate_users,
        password: plan.sync_password,
        sourcing: plan.profile_sourcing,
    };
    let org = &mut world.orgs[spoke];
    let users: Vec<(OktaId, OktaId)> = plan
        .users
        .iter()
        .filter_map(|user| match user {
            AppUserSpec::Assigned(login) => pair(org, &accounts, login),
            AppUserSpec::Held(_) => None,
        })
        .collect();
    let label = plan.label.as_deref().unwrap_or("Org2Org Hub");
    let Some(app) = org.apps.values_mut().find(|app| app.label == label) else {
        return;
    };
    defaults::connect(app, name, &token, switches);
    for (user, account) in users {
        defaults::link(app, &user, account);
    }
}

/// A user of the spoke and his account in the hub.
fn pair(
    org: &SimulatedOrg,
    accounts: &std::collections::HashMap<String, OktaId>,
    login: &str,
) -> Option<(OktaId, OktaId)> {
    let login = login.to_lowercase();
    Some((org.logins.get(&login)?.clone(), accounts.get(&login)?.clone()))
}
