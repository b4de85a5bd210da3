//! The directory as JSON, for the simulator's control surface.

use serde_json::{Value, json};

use super::{Account, Directory, Node};

impl Directory {
    /// OUs, then accounts, both in the order of their DNs from the root down; no password.
    pub(in crate::simulator) fn to_json(&self) -> Value {
        let accounts = self.tree.values().filter_map(|node| match node {
            Node::Account(guid) => self.account(*guid).map(row),
            Node::Container(_) => None,
        });
        json!({
            "domain": self.domain,
            "base": self.base(),
            "organizationalUnits": self.ous().collect::<Vec<_>>(),
            "accounts": accounts.collect::<Vec<_>>(),
        })
    }
}

pub(super) fn row(account: &Account) -> Value {
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
