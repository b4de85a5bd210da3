//! The directories of a scenario.

use super::super::directory::{Directory, NewAccount, Outside, Refusal};
use super::super::dn::Dn;
use super::build::Problems;
use super::plan::{AccountPlan, DirectoryPlan, OutsidePlan};

/// Makes a directory with its OUs and accounts.
pub(super) fn build(plan: &DirectoryPlan, seed: u64, problems: &mut Problems) -> Directory {
    if let Some(outside) = &plan.outside {
        return connect(plan, outside, problems)
            .unwrap_or_else(|| Directory::new(&plan.domain, seed));
    }
    let mut directory = Directory::new(&plan.domain, seed);
    for unit in &plan.organizational_units {
        let dn = qualify(unit, &plan.domain);
        problems.note(directory.create_ou(&dn), || format!("OU {dn:?}"));
    }
    for account in &plan.accounts {
        add(&mut directory, account, plan, problems);
    }
    for unit in &plan.denied {
        let dn = qualify(unit, &plan.domain);
        problems.note(directory.deny(&dn), || format!("denied OU {dn:?}"));
    }
    directory
}

/// What is in a directory outside is made there.
fn connect(
    plan: &DirectoryPlan,
    outside: &OutsidePlan,
    problems: &mut Problems,
) -> Option<Directory> {
    let domain = &plan.domain;
    if !(plan.organizational_units.is_empty() && plan.accounts.is_empty() && plan.denied.is_empty())
    {
        problems.add(format!(
            "directory {domain:?} is outside: what it holds is made there, not by the scenario"
        ));
    }
    let name = &outside.password_env;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        // It may be the password itself.
        problems.add(format!(
            "directory {domain:?}: `passwordEnv` is not the name of a variable"
        ));
        return None;
    }
    let Ok(password) = std::env::var(name) else {
        problems.add(format!(
            "directory {domain:?}: the variable {name} is not set"
        ));
        return None;
    };
    let settings = Outside {
        url: outside.url.clone(),
        bind_dn: outside.bind_dn.clone(),
        password: password.into(),
        base: outside.base.clone(),
        ca: outside.ca.clone(),
    };
    match Directory::connect(domain, settings) {
        Ok(directory) => Some(directory),
        Err(Refusal::Unavailable { detail }) => {
            problems.add(format!(
                "directory {domain:?}: {} does not answer: {detail}",
                outside.url
            ));
            None
        }
        Err(Refusal::NoSuchObject { dn }) => {
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
    let base = Dn::of_domain(domain);
    match Dn::parse(unit) {
        Ok(dn) if dn.is_under(&base) => unit.to_owned(),
        Ok(_) => format!("{unit},{base}"),
        Err(_) => base.child("OU", unit).to_string(),
    }
}

fn add(directory: &mut Directory, plan: &AccountPlan, of: &DirectoryPlan, problems: &mut Problems) {
    let upn = &plan.user_principal_name;
    let local = upn.split('@').next().unwrap_or_default();
    let account = NewAccount {
        cn: plan
            .cn
            .clone()
            .unwrap_or_else(|| format!("{} {}", plan.first_name, plan.last_name)),
        ou: qualify(&plan.organizational_unit, &of.domain),
        sam_account_name: plan
            .sam_account_name
            .clone()
            .unwrap_or_else(|| local.chars().take(20).collect()),
        user_principal_name: upn.clone(),
        given_name: plan.first_name.clone(),
        surname: plan.last_name.clone(),
        mail: upn.clone(),
        extra: Vec::new(),
    };
    let Some(guid) = problems.note(directory.create_account(&account), || {
        format!("account {upn:?} in {:?}", account.ou)
    }) else {
        return;
    };
    if !plan.enabled {
        problems.note(directory.disable(guid), || format!("account {upn:?}"));
    }
    if plan.protected {
        problems.note(directory.protect(guid), || format!("account {upn:?}"));
    }
}
