//! Objects of the directory as LDAP shows them: a DN and attributes with byte values, in AD's spelling.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::dn::{Dn, fold};
use super::{Account, Container, ContainerKind, Directory, Guid, Node};

/// One object as LDAP shows it.
#[derive(Clone, Copy)]
pub(in crate::simulator) enum Entry<'a> {
    Account(&'a Account),
    Container(&'a Container),
}

/// Attributes by name, in the order they are sent.
pub(in crate::simulator) type Shown = Vec<(String, Vec<Vec<u8>>)>;

impl Directory {
    /// The object of this DN.
    pub(in crate::simulator) fn entry(&self, dn: &Dn) -> Option<Entry<'_>> {
        self.tree.get(&dn.key()).and_then(|node| self.shown(node))
    }

    /// The object of this DN, then everything below it, a parent before its children.
    pub(in crate::simulator) fn subtree(&self, dn: &Dn) -> impl Iterator<Item = Entry<'_>> {
        self.keys_under(dn.key())
            .filter_map(|(_, node)| self.shown(node))
    }

    /// Entries directly below this DN.
    pub(in crate::simulator) fn children(&self, dn: &Dn) -> impl Iterator<Item = Entry<'_>> {
        let key = dn.key();
        let length = key.len();
        // Every relative name of a key is closed by one NUL.
        let direct = move |key: &str| key[length..].matches('\0').count() == 1;
        self.keys_under(key)
            .filter(move |(key, _)| direct(key))
            .filter_map(|(_, node)| self.shown(node))
    }

    /// Finds by an attribute that has an index; `None` when this one has none.
    pub(in crate::simulator) fn indexed(
        &self,
        attribute: &str,
        value: &[u8],
    ) -> Option<Option<Entry<'_>>> {
        let text = String::from_utf8_lossy(value);
        let account = match attribute.to_ascii_lowercase().as_str() {
            "samaccountname" => self.by_sam_account_name(&text),
            "userprincipalname" => self.by_user_principal_name(&text),
            _ => return None,
        };
        Some(account.map(Entry::Account))
    }

    fn shown<'a>(&'a self, node: &'a Node) -> Option<Entry<'a>> {
        match node {
            Node::Account(guid) => self.account(*guid).map(Entry::Account),
            Node::Container(container) => Some(Entry::Container(container)),
        }
    }

    /// All attributes of an entry that have a value.
    pub(in crate::simulator) fn attributes(&self, entry: Entry<'_>) -> Shown {
        match entry {
            Entry::Account(account) => self.account_attributes(account),
            Entry::Container(container) => self.container_attributes(container),
        }
    }

    fn account_attributes(&self, account: &Account) -> Shown {
        let mut shown = common(
            &["top", "person", "organizationalPerson", "user"],
            &account.dn,
            &account.cn,
            account.guid,
        );
        let mut add =
            |name: &str, value: String| shown.push((name.to_owned(), vec![value.into_bytes()]));
        add("objectCategory", self.category("Person"));
        add("cn", account.cn.clone());
        add("sAMAccountName", account.sam_account_name.clone());
        add(
            "userAccountControl",
            account.user_account_control().to_string(),
        );
        add("primaryGroupID", "513".to_owned());
        // SAM_NORMAL_USER_ACCOUNT.
        add("sAMAccountType", "805306368".to_owned());
        add("whenCreated", generalized(account.created));
        add("whenChanged", generalized(account.changed));
        add("uSNCreated", account.usn_created.to_string());
        add("uSNChanged", account.usn_changed.to_string());
        if !account.user_principal_name.is_empty() {
            add("userPrincipalName", account.user_principal_name.clone());
        }
        shown.push(("objectSid".to_owned(), vec![account.sid.bytes()]));
        for (name, values) in &account.attributes {
            let values = values.iter().map(|value| value.clone().into_bytes());
            shown.push((name.clone(), values.collect()));
        }
        shown
    }

    fn container_attributes(&self, container: &Container) -> Shown {
        let (classes, category, naming): (&[&str], _, _) = match container.kind {
            ContainerKind::Domain => (&["top", "domain", "domainDNS"], "Domain-DNS", "dc"),
            ContainerKind::OrganizationalUnit => {
                (&["top", "organizationalUnit"], "Organizational-Unit", "ou")
            }
            ContainerKind::Container => (&["top", "container"], "Container", "cn"),
        };
        let mut shown = common(classes, &container.dn, &container.name, container.guid);
        let mut add =
            |name: &str, value: String| shown.push((name.to_owned(), vec![value.into_bytes()]));
        add("objectCategory", self.category(category));
        add(naming, container.name.clone());
        add("whenCreated", generalized(container.created));
        add("whenChanged", generalized(container.created));
        add("uSNCreated", container.usn.to_string());
        add("uSNChanged", container.usn.to_string());
        shown
    }

    fn category(&self, name: &str) -> String {
        format!("CN={name},CN=Schema,CN=Configuration,{}", self.base)
    }
}

impl Entry<'_> {
    pub(in crate::simulator) fn dn(&self) -> &str {
        match self {
            Self::Account(account) => &account.dn,
            Self::Container(container) => &container.dn,
        }
    }
}

fn common(classes: &[&str], dn: &str, name: &str, guid: Guid) -> Shown {
    let classes = classes
        .iter()
        .map(|class| class.as_bytes().to_vec())
        .collect();
    vec![
        ("objectClass".to_owned(), classes),
        ("distinguishedName".to_owned(), vec![dn.as_bytes().to_vec()]),
        ("name".to_owned(), vec![name.as_bytes().to_vec()]),
        ("objectGUID".to_owned(), vec![guid.bytes().to_vec()]),
    ]
}

/// Generalized time as AD writes it, such as `20260314120000.0Z`.
fn generalized(time: Timestamp) -> String {
    let time = time.to_zoned(TimeZone::UTC);
    time.strftime("%Y%m%d%H%M%S.0Z").to_string()
}

/// Whether two values of `attribute` are the same to AD.
pub(in crate::simulator) fn same_value(attribute: &str, left: &[u8], right: &[u8]) -> bool {
    let lower = attribute.to_ascii_lowercase();
    if matches!(lower.as_str(), "objectguid" | "objectsid") {
        return left == right;
    }
    let (left, right) = (
        String::from_utf8_lossy(left),
        String::from_utf8_lossy(right),
    );
    if matches!(
        lower.as_str(),
        "distinguishedname" | "manager" | "memberof" | "objectcategory"
    ) {
        let key = |text: &str| Dn::parse(text).map(|dn| dn.key());
        return matches!((key(&left), key(&right)), (Ok(left), Ok(right)) if left == right);
    }
    fold(&left) == fold(&right)
}
