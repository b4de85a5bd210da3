//! Objects of the directory as LDAP shows them: a DN and attributes with byte values, in AD's spelling.

use std::ops::Bound;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::dn::{DirectoryName, fold};
use super::account::DirectoryAccount;
use super::containers::{ContainerKind, DirectoryContainer};
use super::identity::ObjectGuid;

use super::simulated_directory::{DirectoryNode, SimulatedDirectory};

/// One object as LDAP shows it.
#[derive(Clone, Copy)]
pub(in crate::simulator) enum LdapEntry<'a> {
    Account(&'a DirectoryAccount),
    Container(&'a DirectoryContainer),
}

/// Attributes by name, in the order they are sent.
pub(in crate::simulator) type ShownAttributes = Vec<(String, Vec<Vec<u8>>)>;

/// How far below its base a search looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum SearchReach {
    /// The base itself.
    Object,
    /// What is directly below it.
    Children,
    /// Everything below it, without itself.
    Below,
    /// Itself and everything below it.
    Subtree,
}

/// An entry with the key of its DN, which is its place in the order of a search.
pub(in crate::simulator) type PlacedEntry<'a> = (&'a str, LdapEntry<'a>);

impl SimulatedDirectory {
    /// The object of this DN.
    pub(in crate::simulator) fn entry(&self, dn: &DirectoryName) -> Option<LdapEntry<'_>> {
        let node = self.tree.get(&dn.key())?;
        self.shown(node)
    }

    /// Entries within `reach` of `base`, a parent before its children; those after the key `after` when one is given.
    pub(in crate::simulator) fn entries(
        &self,
        base: &DirectoryName,
        reach: SearchReach,
        after: Option<&str>,
    ) -> impl Iterator<Item = PlacedEntry<'_>> {
        let key = base.key();
        let start = after.map_or(Bound::Included(key.as_str()), Bound::Excluded);
        self.tree
            .range::<str, _>((start, Bound::Unbounded))
            .map(|(key, node)| (key.as_str(), node))
            .take_while({
                let key = key.clone();
                move |(other, _)| other.starts_with(&key)
            })
            .filter(move |(other, _)| reach.covers(&key, other))
            .filter_map(|(key, node)| Some((key, self.shown(node)?)))
    }

    /// The one entry with this value, within `reach` of `base`; `None` when only looking at every entry can tell.
    pub(in crate::simulator) fn indexed(
        &self,
        base: &DirectoryName,
        reach: SearchReach,
        attribute: &str,
        value: &[u8],
    ) -> Option<Vec<PlacedEntry<'_>>> {
        let text = String::from_utf8_lossy(value);
        let account = match attribute.to_ascii_lowercase().as_str() {
            "samaccountname" => self.by_sam_account_name(&text),
            "userprincipalname" => self.by_user_principal_name(&text),
            // OUs have GUIDs as well, and no index: what is no account's is looked for everywhere.
            "objectguid" => Some(self.account(ObjectGuid::from_bytes(value)?)?),
            _ => return None,
        };
        let placed = account.and_then(|account| self.placed(account));
        let base = base.key();
        let within = placed.filter(|(key, _)| key.starts_with(&base) && reach.covers(&base, key));
        Some(within.into_iter().collect())
    }

    /// All attributes of an entry that have a value, in the order they are sent.
    pub(in crate::simulator) fn attributes(&self, entry: LdapEntry<'_>) -> ShownAttributes {
        let fixed = entry.fixed_names().iter().copied();
        let free = entry.free_names();
        fixed
            .chain(free)
            .map(|name| (name.to_owned(), self.values(entry, name)))
            .filter(|(_, values)| !values.is_empty())
            .collect()
    }

    /// Values of one attribute, whose name is compared without case; empty when the entry has none.
    pub(in crate::simulator) fn values(&self, entry: LdapEntry<'_>, name: &str) -> Vec<Vec<u8>> {
        let name = name.to_ascii_lowercase();
        let text = match name.as_str() {
            "objectclass" => {
                return entry.classes().iter().map(|class| class.as_bytes().to_vec()).collect();
            }
            "objectguid" => return vec![entry.guid().bytes().to_vec()],
            "distinguishedname" => entry.dn().to_owned(),
            "name" => entry.name().to_owned(),
            "objectcategory" => self.category(entry.category()),
            "whencreated" => generalized_time(entry.created()),
            _ => {
                return match entry {
                    LdapEntry::Account(account) => account_values(account, &name),
                    LdapEntry::Container(container) => container_values(container, &name),
                };
            }
        };
        vec![text.into_bytes()]
    }

    fn placed<'a>(&'a self, account: &'a DirectoryAccount) -> Option<PlacedEntry<'a>> {
        let key = DirectoryName::parse(&account.dn).ok()?.key();
        let (key, _) = self.tree.get_key_value(&key)?;
        Some((key, LdapEntry::Account(account)))
    }

    fn shown<'a>(&'a self, node: &'a DirectoryNode) -> Option<LdapEntry<'a>> {
        match node {
            DirectoryNode::Account(guid) => self.account(*guid).map(LdapEntry::Account),
            DirectoryNode::Container(container) => Some(LdapEntry::Container(container)),
        }
    }

    fn category(&self, name: &str) -> String {
        format!("CN={name},CN=Schema,CN=Configuration,{}", self.base)
    }
}

impl SearchReach {
    /// Whether the object of key `key`, which begins with `base`, is within reach.
    fn covers(self, base: &str, key: &str) -> bool {
        // Every relative name of a key is closed by one NUL.
        let depth = key[base.len()..].matches('\0').count();
        match self {
            Self::Object => depth == 0,
            Self::Children => depth == 1,
            Self::Below => depth > 0,
            Self::Subtree => true,
        }
    }
}

impl<'a> LdapEntry<'a> {
    pub(in crate::simulator) fn dn(&self) -> &'a str {
        match self {
            Self::Account(account) => &account.dn,
            Self::Container(container) => &container.dn,
        }
    }

    fn name(&self) -> &'a str {
        match self {
            Self::Account(account) => &account.cn,
            Self::Container(container) => &container.name,
        }
    }

    fn guid(&self) -> ObjectGuid {
        match self {
            Self::Account(account) => account.guid,
            Self::Container(container) => container.guid,
        }
    }

    fn created(&self) -> Timestamp {
        match self {
            Self::Account(account) => account.created,
            Self::Container(container) => container.created,
        }
    }

    fn classes(&self) -> &'static [&'static str] {
        let Self::Container(container) = self else {
            return &["top", "person", "organizationalPerson", "user"];
        };
        match container.kind {
            ContainerKind::Domain => &["top", "domain", "domainDNS"],
            ContainerKind::OrganizationalUnit => &["top", "organizationalUnit"],
            ContainerKind::Container => &["top", "container"],
        }
    }

    /// Common name of the class in the schema.
    fn category(&self) -> &'static str {
        let Self::Container(container) = self else {
            return "Person";
        };
        match container.kind {
            ContainerKind::Domain => "Domain-DNS",
            ContainerKind::OrganizationalUnit => "Organizational-Unit",
            ContainerKind::Container => "Container",
        }
    }

    fn fixed_names(&self) -> &'static [&'static str] {
        match self {
            Self::Account(_) => ACCOUNT_ATTRIBUTES,
            Self::Container(_) => CONTAINER_ATTRIBUTES,
        }
    }

    fn free_names(&self) -> impl Iterator<Item = &'a str> {
        let free = match self {
            Self::Account(account) => Some(account.attributes.keys()),
            Self::Container(_) => None,
        };
        free.into_iter().flatten().map(String::as_str)
    }
}

const ACCOUNT_ATTRIBUTES: &[&str] = &[
    "objectClass",
    "cn",
    "distinguishedName",
    "whenCreated",
    "whenChanged",
    "uSNCreated",
    "uSNChanged",
    "name",
    "objectGUID",
    "userAccountControl",
    "primaryGroupID",
    "objectSid",
    "sAMAccountName",
    "sAMAccountType",
    "userPrincipalName",
    "objectCategory",
];

const CONTAINER_ATTRIBUTES: &[&str] = &[
    "objectClass",
    "cn",
    "dc",
    "ou",
    "distinguishedName",
    "whenCreated",
    "whenChanged",
    "uSNCreated",
    "uSNChanged",
    "name",
    "objectGUID",
    "objectCategory",
];

fn account_values(account: &DirectoryAccount, name: &str) -> Vec<Vec<u8>> {
    let text = match name {
        "cn" => account.cn.clone(),
        "whenchanged" => generalized_time(account.changed),
        "usncreated" => account.usn_created.to_string(),
        "usnchanged" => account.usn_changed.to_string(),
        "useraccountcontrol" => account.user_account_control().to_string(),
        // Domain Users.
        "primarygroupid" => "513".to_owned(),
        // SAM_NORMAL_USER_ACCOUNT.
        "samaccounttype" => "805306368".to_owned(),
        "samaccountname" => account.sam_account_name.clone(),
        "userprincipalname" if !account.user_principal_name.is_empty() => account.user_principal_name.clone(),
        "objectsid" => return vec![account.sid.bytes()],
        _ => return free_values(account, name),
    };
    vec![text.into_bytes()]
}

fn free_values(account: &DirectoryAccount, name: &str) -> Vec<Vec<u8>> {
    let found = account.attributes.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    let values = found.map(|(_, values)| values.as_slice()).unwrap_or_default();
    values.iter().map(|value| value.clone().into_bytes()).collect()
}

fn container_values(container: &DirectoryContainer, name: &str) -> Vec<Vec<u8>> {
    let naming = match container.kind {
        ContainerKind::Domain => "dc",
        ContainerKind::OrganizationalUnit => "ou",
        ContainerKind::Container => "cn",
    };
    let text = match name {
        "whenchanged" => generalized_time(container.created),
        "usncreated" | "usnchanged" => container.usn.to_string(),
        _ if name == naming => container.name.clone(),
        _ => return Vec::new(),
    };
    vec![text.into_bytes()]
}

/// Generalized time as AD writes it, such as `20260314120000.0Z`.
fn generalized_time(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::UTC);
    time.strftime("%Y%m%d%H%M%S.0Z").to_string()
}

/// Whether `asserted` is the value `stored` of `attribute` to AD.
pub(in crate::simulator) fn same_value(attribute: &str, stored: &[u8], asserted: &[u8]) -> bool {
    let attribute = attribute.to_ascii_lowercase();
    if matches!(attribute.as_str(), "objectguid" | "objectsid") {
        return stored == asserted;
    }
    let (stored, asserted) = (String::from_utf8_lossy(stored), String::from_utf8_lossy(asserted));
    match attribute.as_str() {
        "distinguishedname" | "manager" => same_dn(&stored, &asserted),
        "objectcategory" => same_dn(&stored, &asserted) || is_category(&stored, &asserted),
        _ => fold(&stored) == fold(&asserted),
    }
}

fn same_dn(left: &str, right: &str) -> bool {
    let key = |text: &str| DirectoryName::parse(text).map(|dn| dn.key());
    matches!((key(left), key(right)), (Ok(left), Ok(right)) if left == right)
}

/// AD takes the name of a class for its category's DN; the category of `user` is that of `person`.
fn is_category(stored: &str, class: &str) -> bool {
    let category = match class.to_ascii_lowercase().as_str() {
        "person" | "user" | "organizationalperson" => "Person",
        "organizationalunit" => "Organizational-Unit",
        "container" => "Container",
        "domain" | "domaindns" => "Domain-DNS",
        _ => return false,
    };
    DirectoryName::parse(stored).is_ok_and(|dn| dn.leaf_value() == Some(category))
}
