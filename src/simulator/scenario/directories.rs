//! The directories of a scenario.

use super::super::directory::{Directory, NewAccount};
use super::super::dn::Dn;
use super::build::Problems;
use super::plan::{AccountPlan, DirectoryPlan};

/// Makes a directory with its OUs and accounts.
pub(super) fn build(plan: &DirectoryPlan, seed: u64, problems: &mut Problems) -> Directory {
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
