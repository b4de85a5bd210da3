//! The directories of a scenario.

use serde_json::{Map, Value};

use super::super::directory::{ChangeRefusal, LiveDirectorySettings, NewAccount, ObjectGuid, SimulatedDirectory};
use super::super::dn::DirectoryName;
use super::problems::ScenarioProblems;
use super::spec::{AccountSpec, DirectorySpec, LiveDirectorySpec};

/// Added to the seed where ids are given.
pub(super) const OF_OTHERS: u64 = 1 << 32;

/// Makes a directory with its OUs and accounts.
pub(super) fn build(plan: &DirectorySpec, seed: u64, problems: &mut ScenarioProblems) -> SimulatedDirectory {
    if let Some(outside) = &plan.outside {
        return connect(plan, outside, problems).unwrap_or_else(|| SimulatedDirectory::new(&plan.domain, seed));
    }
    // Given GUIDs may be those that another simulator has drawn.
    let given = plan.accounts.iter().any(|account| account.guid.is_some());
    let mut directory = SimulatedDirectory::new(&plan.domain, seed + if given { OF_OTHERS } else { 0 });
    for unit in &plan.organizational_units {
        let dn = qualify(unit, &plan.domain);
        problems.note(directory.create_container(&dn), || format!("OU {dn:?}"));
    }
    for account in &plan.accounts {
        add(&mut directory, account, plan, problems);
    }
    for unit in &plan.denied {
        let dn = qualify(unit, &plan.domain);
        problems.note(directory.deny(&dn), || format!("denied OU {dn:?}"));
    }
    if plan.imagined {
        directory.be_imagined();
    }
    directory
}

/// What is in a directory outside is made there.
fn connect(
    plan: &DirectorySpec,
    outside: &LiveDirectorySpec,
    problems: &mut ScenarioProblems,
) -> Option<SimulatedDirectory> {
    let domain = &plan.domain;
    if !(plan.organizational_units.is_empty() && plan.accounts.is_empty() && plan.denied.is_empty()) {
        problems.add(format!("directory {domain:?} is outside: what it holds is made there, not by the scenario"));
    }
    let name = &outside.password_env;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        // It may be the password itself.
        problems.add(format!("directory {domain:?}: `passwordEnv` is not the name of a variable"));
        return None;
    }
    let Ok(password) = std::env::var(name) else {
        problems.add(format!("directory {domain:?}: the variable {name} is not set"));
        return None;
    };
    let settings = LiveDirectorySettings {
        url: outside.url.clone(),
        bind_dn: outside.bind_dn.clone(),
        password: password.into(),
        base: outside.base.clone(),
        ca: outside.ca.clone(),
    };
    match SimulatedDirectory::connect(domain, settings) {
        Ok(directory) => Some(directory),
        Err(ChangeRefusal::Unavailable { detail }) => {
            problems.add(format!("directory {domain:?}: {} does not answer: {detail}", outside.url));
            None
        }
        Err(ChangeRefusal::NoSuchObject { dn }) => {
            problems.add(format!("directory {domain:?}: there is no {dn}"));
            None
        }
        Err(refusal) => {
            problems.add(format!("directory {domain:?}: {refusal}"));
            None
        }
    }
}

/// `Users` and `OU=Users` as `OU=Users,DC=corp,DC=example`; a complete DN stays.
pub(super) fn qualify(unit: &str, domain: &str) -> String {
    let base = DirectoryName::of_domain(domain);
    match DirectoryName::parse(unit) {
        Ok(dn) if dn.is_under(&base) => unit.to_owned(),
        Ok(_) => format!("{unit},{base}"),
        Err(_) => base.child("OU", unit).to_string(),
    }
}

fn add(directory: &mut SimulatedDirectory, plan: &AccountSpec, of: &DirectorySpec, problems: &mut ScenarioProblems) {
    let account = new_account(plan, of);
    let name = if plan.user_principal_name.is_empty() { account.cn.clone() } else { plan.user_principal_name.clone() };
    let what = || format!("account {name:?}");
    let given = plan.guid.as_ref();
    let given = given.and_then(|given| problems.note(new_guid(directory, given), what));
    let made = match given {
        Some(guid) => directory.create_known_account(&account, guid),
        None => directory.create_account(&account),
    };
    let Some(guid) = problems.note(made, || format!("account {name:?} in {:?}", account.ou)) else {
        return;
    };
    if !plan.enabled {
        problems.note(directory.disable(guid), what);
    }
    if plan.protected {
        problems.note(directory.protect(guid), what);
    }
}

fn new_guid(directory: &SimulatedDirectory, given: &str) -> Result<ObjectGuid, String> {
    let guid = ObjectGuid::from_base64(given).ok_or_else(|| format!("{given:?} is no GUID in base64"))?;
    match directory.account(guid) {
        Some(_) => Err(format!("the GUID {guid} is there twice")),
        None => Ok(guid),
    }
}

fn new_account(plan: &AccountSpec, of: &DirectorySpec) -> NewAccount {
    let upn = &plan.user_principal_name;
    let local = upn.split('@').next().unwrap_or_default();
    let cn = || format!("{} {}", plan.first_name, plan.last_name);
    let account = NewAccount {
        cn: plan.cn.clone().unwrap_or_else(cn),
        ou: qualify(&plan.organizational_unit, &of.domain),
        sam_account_name: plan.sam_account_name.clone().unwrap_or_else(|| local.chars().take(20).collect()),
        user_principal_name: upn.clone(),
        ..NewAccount::default()
    };
    match &plan.attributes {
        Some(attributes) => NewAccount { extra: values(attributes), ..account },
        None => NewAccount {
            given_name: plan.first_name.clone(),
            surname: plan.last_name.clone(),
            mail: upn.clone(),
            ..account
        },
    }
}

/// A text, or several of a list, of each attribute.
fn values(attributes: &Map<String, Value>) -> Vec<(String, String)> {
    let of_one = |(name, value): (&String, &Value)| {
        let several = value.as_array().into_iter().flatten();
        let texts = value.as_str().into_iter();
        let texts = texts.chain(several.filter_map(Value::as_str));
        texts.map(|text| (name.clone(), text.to_owned())).collect::<Vec<_>>()
    };
    attributes.iter().flat_map(of_one).collect()
}
