//! The directory as JSON, for the simulator's control surface.

use serde_json::{Value, json};

use super::account::DirectoryAccount;
use super::simulated_directory::{DirectoryNode, SimulatedDirectory};

impl SimulatedDirectory {
    /// OUs, then accounts, both in the order of their DNs from the root down; no password.
    pub(in crate::simulator) fn to_json(&self) -> Value {
        let accounts = self.tree.values().filter_map(|node| match node {
            DirectoryNode::Account(guid) => self.account(*guid).map(row),
            DirectoryNode::Container(_) => None,
        });
        json!({
            "domain": self.domain,
            "base": self.base(),
            "organizationalUnits": self.ous().collect::<Vec<_>>(),
            "accounts": accounts.collect::<Vec<_>>(),
        })
    }
}

pub(super) fn row(account: &DirectoryAccount) -> Value {
    json!({
        "dn": account.dn,
        "cn": account.cn,
        "guid": account.guid.to_string(),
        "guidBase64": account.guid.base64(),
        "sid": account.sid.to_string(),
        "sAMAccountName": account.sam_account_name,
        "userPrincipalName": account.user_principal_name,
        "enabled": account.enabled,
        "protectedFromDeletion": account.protected_from_deletion,
        "attributes": account.attributes,
    })
}
