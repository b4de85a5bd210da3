//! The objects of one domain, and how they are found.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::super::dn::{DirectoryName, fold};
use super::account::DirectoryAccount;
use super::bind::BindAccount;
use super::containers::{ContainerKind, DirectoryContainer};
use super::identity::{FIRST_RID, ObjectGuid};
use super::live::LiveDirectory;
use super::shadow_original::ShadowOriginal;

/// One domain. The same seed and the same calls give the same GUIDs and SIDs; only times and the bind password differ.
pub(in crate::simulator) struct SimulatedDirectory {
    pub(super) domain: String,
    pub(super) base: DirectoryName,
    pub(super) random: fastrand::Rng,
    /// The three numbers that all SIDs of the domain share.
    pub(super) sid_authority: [u32; 3],
    pub(super) next_rid: u32,
    /// The highest update sequence number given so far.
    pub(super) usn: u64,
    /// Everything by the key of its DN: a subtree is a range.
    pub(super) tree: BTreeMap<String, DirectoryNode>,
    pub(super) accounts: BTreeMap<ObjectGuid, DirectoryAccount>,
    /// Folded `sAMAccountName` to account.
    pub(super) sams: HashMap<String, ObjectGuid>,
    /// Folded `userPrincipalName` to account.
    pub(super) upns: HashMap<String, ObjectGuid>,
    /// Keys of the OUs in which the agent's service account may neither create nor delete.
    pub(super) denied: BTreeSet<String>,
    pub(super) bind: BindAccount,
    /// Where the directory really is, when it is not simulated.
    pub(super) outside: Option<LiveDirectory>,
    /// The real directory that this one shadows.
    pub(super) original: Option<ShadowOriginal>,
    /// Accounts as they were read, where that is another directory's.
    pub(super) firsts: BTreeMap<ObjectGuid, Value>,
    /// It is known from what someone else tells of it: OUs may be there that nobody told of.
    pub(super) imagined: bool,
}

/// What stands at a DN.
pub(super) enum DirectoryNode {
    Container(DirectoryContainer),
    Account(ObjectGuid),
}

impl SimulatedDirectory {
    /// An empty domain such as `corp.example`: its root, `CN=Users`, and the account that may bind over LDAP.
    pub(in crate::simulator) fn new(domain: &str, seed: u64) -> Self {
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
            next_rid: FIRST_RID,
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
    pub(in crate::simulator) fn unknown(domain: &str) -> Self {
        let mut directory = Self::new(domain, 0);
        directory.clear();
        let base = directory.base.clone();
        directory.insert_container(&base, ContainerKind::Domain);
        directory
    }

    /// From now on it is known from what someone else tells of it.
    pub(in crate::simulator) fn be_imagined(&mut self) {
        self.imagined = true;
    }

    pub(in crate::simulator) fn is_imagined(&self) -> bool {
        self.imagined
    }

    /// DNS name of the domain in lower case.
    pub(in crate::simulator) fn domain(&self) -> &str {
        &self.domain
    }

    /// DN of the domain, such as `DC=corp,DC=example`.
    pub(in crate::simulator) fn base(&self) -> String {
        self.base.to_string()
    }

    pub(in crate::simulator) fn bind_account(&self) -> &BindAccount {
        &self.bind
    }

    pub(in crate::simulator) fn account(&self, guid: ObjectGuid) -> Option<&DirectoryAccount> {
        self.accounts.get(&guid)
    }

    pub(in crate::simulator) fn by_user_principal_name(&self, name: &str) -> Option<&DirectoryAccount> {
        self.upns.get(&fold(name)).and_then(|guid| self.account(*guid))
    }

    pub(in crate::simulator) fn by_sam_account_name(&self, name: &str) -> Option<&DirectoryAccount> {
        self.sams.get(&fold(name)).and_then(|guid| self.account(*guid))
    }

    /// The account of this DN; `None` too when `dn` is no DN, or another kind of object.
    pub(in crate::simulator) fn by_dn(&self, dn: &str) -> Option<&DirectoryAccount> {
        let dn = DirectoryName::parse(dn).ok()?;
        match self.tree.get(&dn.key())? {
            DirectoryNode::Account(guid) => self.account(*guid),
            DirectoryNode::Container(_) => None,
        }
    }

    /// Accounts below `dn` at any depth, by DN; empty when there is no such object.
    pub(in crate::simulator) fn accounts_under(&self, dn: &str) -> impl Iterator<Item = &DirectoryAccount> {
        let key = DirectoryName::parse(dn).map(|dn| dn.key()).unwrap_or_default();
        // The empty key is everything's prefix; no account is meant by it.
        let keys = (!key.is_empty()).then(|| self.keys_under(key));
        keys.into_iter().flatten().filter_map(|(_, node)| match node {
            DirectoryNode::Account(guid) => self.account(*guid),
            DirectoryNode::Container(_) => None,
        })
    }

    /// The nodes whose key begins with `key`, the object itself included.
    pub(super) fn keys_under(&self, key: String) -> impl Iterator<Item = (&String, &DirectoryNode)> {
        let prefix = key.clone();
        self.tree.range(key..).take_while(move |(key, _)| key.starts_with(&prefix))
    }

    /// Forgets every object.
    pub(super) fn clear(&mut self) {
        self.tree.clear();
        self.accounts.clear();
        self.sams.clear();
        self.upns.clear();
    }

    pub(super) fn next_usn(&mut self) -> u64 {
        self.usn += 1;
        self.usn
    }
}
