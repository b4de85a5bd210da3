//! A directory as it was read, to be written down: without what was changed since, and without what no read tells.

use serde_json::Value;

use super::account::spelling;
use super::dump::row;
use super::entry::SearchReach;
use super::refusal::ChangeRefusal;
use super::simulated_directory::{DirectoryNode, SimulatedDirectory};
use super::units::parse;
use crate::simulator::dn::DirectoryName;

/// What was read of a directory.
pub(in crate::simulator) struct AsRead {
    pub(in crate::simulator) domain: String,
    pub(in crate::simulator) imagined: bool,
    /// DNs of OUs and containers, parents first; those that every domain has are not among them.
    pub(in crate::simulator) containers: Vec<String>,
    /// As the control surface shows accounts.
    pub(in crate::simulator) accounts: Vec<Value>,
}

impl SimulatedDirectory {
    /// Has a shadow read all there is.
    ///
    /// # Errors
    /// When the real directory does not answer.
    pub(in crate::simulator) fn recall_all(&mut self) -> Result<(), ChangeRefusal> {
        let base = self.base();
        self.recall(&base, SearchReach::Subtree, None)
    }

    /// What was read.
    pub(in crate::simulator) fn as_read(&self) -> AsRead {
        let accounts: Vec<Value> = if self.is_shadow() || self.imagined {
            self.firsts.values().cloned().collect()
        } else {
            self.accounts.values().map(row).collect()
        };
        // The account that every simulated directory has for who looks into it.
        let own = DirectoryName::parse(self.bind.dn()).map(|dn| dn.key());
        let others = accounts.into_iter().filter(|account| {
            let dn = account["dn"].as_str().unwrap_or_default();
            parse(dn).ok().map(|dn| dn.key()) != own.clone().ok()
        });
        let mut accounts: Vec<Value> = others.collect();
        accounts.sort_by_key(|account| key(account["dn"].as_str().unwrap_or_default()));
        AsRead {
            domain: self.domain.clone(),
            imagined: self.imagined,
            containers: self.containers_of(&accounts),
            accounts,
        }
    }

    /// OUs, and what else accounts are in; with all that is above them, whether it was read or not.
    fn containers_of(&self, accounts: &[Value]) -> Vec<String> {
        let units = self.tree.values().filter_map(|node| match node {
            DirectoryNode::Container(unit) => Some(unit.dn.as_str()),
            DirectoryNode::Account(_) => None,
        });
        let is_ou = |dn: &DirectoryName| dn.leaf_kind().as_deref() == Some("OU");
        let units = units.filter_map(|dn| DirectoryName::parse(dn).ok()).filter(is_ou);
        let holding = accounts.iter().filter_map(|account| {
            let dn = DirectoryName::parse(account["dn"].as_str()?).ok()?;
            dn.parent()
        });
        let mut found: Vec<DirectoryName> = Vec::new();
        for dn in units.chain(holding) {
            let mut next = Some(dn);
            while let Some(dn) = next.filter(|dn| dn.is_under(&self.base)) {
                next = dn.parent();
                found.push(dn);
            }
        }
        let furnished = self.base.child("CN", "Users").key();
        found.sort_by_cached_key(DirectoryName::key);
        found.dedup_by_key(|dn| dn.key());
        found.retain(|dn| dn.key() != furnished);
        found.iter().map(DirectoryName::to_string).collect()
    }
}

fn key(dn: &str) -> String {
    DirectoryName::parse(dn).map(|dn| dn.key()).unwrap_or_default()
}

/// Whether it is an attribute that Okta's integration maps, or a neighbour of one: others may hold whatever.
pub(in crate::simulator) fn is_usual(attribute: &str) -> bool {
    super::account::SPELLINGS.contains(&spelling(attribute).as_str())
}
