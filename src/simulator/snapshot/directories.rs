//! Directories of a snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use serde_json::{Map, Value};

use super::super::directory::{AsRead, SimulatedDirectory, is_usual};
use super::super::dn::DirectoryName;
use super::super::scenario::{AccountSpec, DirectorySpec};
use super::super::shadow::{AnswerProvenance, ShadowDirectories};
use super::super::store::SimulatedOrg;
use super::remarks::SnapshotRemarks;

/// The directories that were shadowed, by domain.
pub(super) fn shadowed_directories(ledger: &AnswerProvenance) -> ShadowDirectories {
    let named = ledger.directories().into_iter().map(|shared| {
        let domain = {
            let directory = shared.read().unwrap_or_else(PoisonError::into_inner);
            directory.domain().to_owned()
        };
        (domain, shared)
    });
    named.collect()
}

/// All directories, those of instances that nothing was read of among them.
pub(super) fn plans<'a>(
    found: &ShadowDirectories,
    orgs: impl Iterator<Item = &'a SimulatedOrg>,
    remarks: &mut SnapshotRemarks,
) -> Vec<DirectorySpec> {
    let apps = orgs.flat_map(|org| org.apps.values());
    let domains = apps.filter_map(|app| Some(app.active_directory.as_ref()?.domain.to_lowercase()));
    let unread: BTreeSet<String> = domains.filter(|domain| !found.contains_key(domain)).collect();
    let read = found.values().map(|directory| {
        let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
        directory.as_read()
    });
    let unread = unread.iter().map(|domain| {
        let mut directory = SimulatedDirectory::unknown(domain);
        directory.be_imagined();
        directory.as_read()
    });
    let all: Vec<AsRead> = read.chain(unread).collect();
    let imagined = all.iter().filter(|it| it.imagined);
    remarks.imagined = imagined.map(|it| it.domain.clone()).collect();
    all.iter().map(plan).collect()
}

fn plan(read: &AsRead) -> DirectorySpec {
    DirectorySpec {
        domain: read.domain.clone(),
        imagined: read.imagined,
        organizational_units: read.containers.clone(),
        accounts: read.accounts.iter().map(account).collect(),
        denied: Vec::new(),
        outside: None,
    }
}

fn account(row: &Value) -> AccountSpec {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let dn = text("dn");
    let parent = DirectoryName::parse(&dn).ok().and_then(|dn| dn.parent());
    AccountSpec {
        guid: Some(text("guidBase64")),
        first_name: String::new(),
        last_name: String::new(),
        user_principal_name: text("userPrincipalName"),
        organizational_unit: parent.map(|dn| dn.to_string()).unwrap_or_default(),
        sam_account_name: Some(account_name(row)),
        cn: Some(text("cn")),
        enabled: row["enabled"] != false,
        protected: row["protectedFromDeletion"] == true,
        attributes: Some(attributes(&row["attributes"])),
    }
}

/// Okta does not tell it of every account, and AD has none without.
fn account_name(row: &Value) -> String {
    match row["sAMAccountName"].as_str() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => {
            let guid = row["guid"].as_str().unwrap_or_default();
            guid.replace('-', "").chars().take(20).collect()
        }
    }
}

/// Those that Okta's integration maps: whatever else is there may be a secret.
fn attributes(told: &Value) -> Map<String, Value> {
    let told: BTreeMap<&String, &Value> = told.as_object().into_iter().flatten().collect();
    let usual = told.into_iter().filter(|(name, _)| is_usual(name));
    let plain = |value: &Value| match value.as_array().map(Vec::as_slice) {
        Some([one]) => one.clone(),
        _ => value.clone(),
    };
    usual.map(|(name, value)| (name.clone(), plain(value))).collect()
}
