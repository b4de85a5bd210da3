//! Contractors: people made up, each with a user in Okta and an account in AD.

use std::sync::PoisonError;

use serde_json::json;

use super::super::directory::{NewAccount, SimulatedDirectory};
use super::super::names::InventedPerson;
use super::built::BuiltScenario;
use super::directories::qualify;
use super::people::add_user;
use super::problems::ScenarioProblems;
use super::spec::{ContractorSpec, UserSpec};

/// The OU of the product's examples.
const UNIT: &str = "User-Contractor";

/// Adds the contractors to their org and their directory.
pub(super) fn add(world: &mut BuiltScenario, plan: &ContractorSpec, problems: &mut ScenarioProblems) {
    let domain = plan.directory.as_ref().map(|domain| domain.to_lowercase());
    let domain = domain.or_else(|| world.directories.keys().next().cloned()).unwrap_or_default();
    let Some(directory) = world.directories.get(&domain).cloned() else {
        problems.add(format!("contractors: there is no directory {domain:?}"));
        return;
    };
    let named = |name: &String| world.orgs.iter().position(|org| org.name == *name);
    let Some(org) = plan.org.as_ref().map_or(Some(0), named).and_then(|index| world.orgs.get_mut(index)) else {
        problems.add("contractors: there is no such org".to_owned());
        return;
    };
    let unit = qualify(plan.organizational_unit.as_deref().unwrap_or(UNIT), &domain);
    let mut directory = directory.write().unwrap_or_else(PoisonError::into_inner);
    if !directory.ou_exists(&unit) {
        problems.add(format!("contractors: there is no OU {unit:?}"));
        return;
    }
    for person in (0..plan.count).map(InventedPerson::number) {
        let login = format!("{}@{domain}", person.login);
        add_account(&mut directory, &person, &login, &unit, problems);
        add_user(org, &user(person, login), problems);
    }
}

fn add_account(
    directory: &mut SimulatedDirectory,
    person: &InventedPerson,
    login: &str,
    unit: &str,
    problems: &mut ScenarioProblems,
) {
    let account = NewAccount {
        cn: format!("{} {}", person.given, person.family),
        ou: unit.to_owned(),
        sam_account_name: person.account.clone(),
        user_principal_name: login.to_owned(),
        given_name: person.given.clone(),
        surname: person.family.clone(),
        mail: login.to_owned(),
        extra: Vec::new(),
    };
    problems.note(directory.create_account(&account), || format!("contractor {login:?}"));
}

fn user(person: InventedPerson, login: String) -> UserSpec {
    UserSpec {
        attributes: [("displayName".to_owned(), json!(format!("{} {}", person.given, person.family)))]
            .into_iter()
            .collect(),
        login,
        first_name: person.given,
        last_name: person.family,
        ..UserSpec::default()
    }
}
