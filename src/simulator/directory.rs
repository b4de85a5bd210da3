//! An Active Directory of one domain, in memory: organizational units, containers and user accounts.
//!
//! It keeps AD's rules that a move of an account can run into: names unique below their parent, `sAMAccountName` and
//! `userPrincipalName` unique in the domain, GUID and SID fixed for life, rights of the agent's service account, protected objects.
//! It knows nothing of Okta, and nothing of LDAP but what its entries look like.

mod account;
mod bind;
mod changes;
mod dump;
mod entry;
mod identity;
mod import_view;
mod live;
mod refusal;
mod shadow;
mod units;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::dn::{DirectoryName, fold};

pub(super) use account::{DirectoryAccount, NewAccount};
pub(super) use bind::BindAccount;
pub(super) use changes::ReportedAccount;
pub(super) use entry::{LdapEntry, PlacedEntry, SearchReach, ShownAttributes, same_value};
pub(super) use identity::ObjectGuid;
pub(super) use import_view::{AsRead, is_usual};
pub(super) use live::{AccountKey, LiveDirectorySettings};
pub(super) use refusal::ChangeRefusal;
pub(super) use units::{ContainerKind, DirectoryContainer};

/// One domain. The same seed and the same calls give the same GUIDs and SIDs; only times and the bind password differ.
pub(super) struct SimulatedDirectory {
    domain: String,
    base: DirectoryName,
    random: fastrand::Rng,
    /// The three numbers that all SIDs of the domain share.
    sid_authority: [u32; 3],
    next_rid: u32,
    /// The highest update sequence number given so far.
    usn: u64,
    /// Everything by the key of its DN: a subtree is a range.
    tree: BTreeMap<String, DirectoryNode>,
    accounts: BTreeMap<ObjectGuid, DirectoryAccount>,
    /// Folded `sAMAccountName` to account.
    sams: HashMap<String, ObjectGuid>,
    /// Folded `userPrincipalName` to account.
    upns: HashMap<String, ObjectGuid>,
    /// Keys of the OUs in which the agent's service account may neither create nor delete.
    denied: BTreeSet<String>,
    bind: BindAccount,
    /// Where the directory really is, when it is not simulated.
    outside: Option<live::LiveDirectory>,
    /// The real directory that this one shadows.
    original: Option<shadow::ShadowOriginal>,
    /// Accounts as they were read, where that is another directory's.
    firsts: BTreeMap<ObjectGuid, Value>,
    /// It is known from what someone else tells of it: OUs may be there that nobody told of.
    imagined: bool,
}

enum DirectoryNode {
    Container(DirectoryContainer),
    Account(ObjectGuid),
}

impl SimulatedDirectory {
    /// An empty domain such as `corp.example`: its root, `CN=Users`, and the account that may bind over LDAP.
    pub(super) fn new(domain: &str, seed: u64) -> Self {
        let base = DirectoryName::of_domain(domain);
        let mut random = fastrand::Rng::with_seed(seed);
        // Windows draws the three numbers at random when the domain is made.
        let sid_authority = [random.u32(..), random.u32(..), random.u32(..)];
        let mut directory = Self {
            domain: domain.to_lowercase(),
            bind: BindAccount::new(domain, &base),
            base,
            random,
            sid_authority,
            next_rid: identity::FIRST_RID,
            usn: 12_000,
            tree: BTreeMap::new(),
            accounts: BTreeMap::new(),
            sams: HashMap::new(),
            upns: HashMap::new(),
            denied: BTreeSet::new(),
            outside: None,
            original: None,
            firsts: BTreeMap::new(),
            imagined: false,
        };
        directory.furnish();
        directory
    }

    /// A domain of which nothing is known yet.
    pub(super) fn unknown(domain: &str) -> Self {
        let mut directory = Self::new(domain, 0);
        directory.clear();
        let base = directory.base.clone();
        directory.insert_container(&base, ContainerKind::Domain);
        directory
    }

    /// From now on it is known from what someone else tells of it.
    pub(super) fn be_imagined(&mut self) {
        self.imagined = true;
    }

    pub(super) fn is_imagined(&self) -> bool {
        self.imagined
    }

    /// DNS name of the domain in lower case.
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    /// DN of the domain, such as `DC=corp,DC=example`.
    pub(super) fn base(&self) -> String {
        self.base.to_string()
    }

    pub(super) fn bind_account(&self) -> &BindAccount {
        &self.bind
    }

    pub(super) fn account(&self, guid: ObjectGuid) -> Option<&DirectoryAccount> {
        self.accounts.get(&guid)
    }

    pub(super) fn by_user_principal_name(&self, name: &str) -> Option<&DirectoryAccount> {
        self.upns.get(&fold(name)).and_then(|guid| self.account(*guid))
    }

    pub(super) fn by_sam_account_name(&self, name: &str) -> Option<&DirectoryAccount> {
        self.sams.get(&fold(name)).and_then(|guid| self.account(*guid))
    }

    /// The account of this DN; `None` too when `dn` is no DN, or another kind of object.
    pub(super) fn by_dn(&self, dn: &str) -> Option<&DirectoryAccount> {
        let dn = DirectoryName::parse(dn).ok()?;
        match self.tree.get(&dn.key())? {
            DirectoryNode::Account(guid) => self.account(*guid),
            DirectoryNode::Container(_) => None,
        }
    }

    /// Accounts below `dn` at any depth, by DN; empty when there is no such object.
    pub(super) fn accounts_under(&self, dn: &str) -> impl Iterator<Item = &DirectoryAccount> {
        let key = DirectoryName::parse(dn).map(|dn| dn.key()).unwrap_or_default();
        // The empty key is everything's prefix; no account is meant by it.
        let keys = (!key.is_empty()).then(|| self.keys_under(key));
        keys.into_iter().flatten().filter_map(|(_, node)| match node {
            DirectoryNode::Account(guid) => self.account(*guid),
            DirectoryNode::Container(_) => None,
        })
    }

    /// The nodes whose key begins with `key`, the object itself included.
    fn keys_under(&self, key: String) -> impl Iterator<Item = (&String, &DirectoryNode)> {
        let prefix = key.clone();
        self.tree.range(key..).take_while(move |(key, _)| key.starts_with(&prefix))
    }

    /// Forgets every object.
    fn clear(&mut self) {
        self.tree.clear();
        self.accounts.clear();
        self.sams.clear();
        self.upns.clear();
    }

    fn next_usn(&mut self) -> u64 {
        self.usn += 1;
        self.usn
    }
}

#[cfg(test)]
mod tests;
