//! Organizational units and containers, and the service account's rights in them.

use jiff::Timestamp;

use super::super::dn::DirectoryName;
use super::account::NewAccount;
use super::bind::BindAccount;
use super::containers::{ContainerKind, DirectoryContainer};
use super::identity::ObjectGuid;
use super::refusal::ChangeRefusal;
use super::simulated_directory::{DirectoryNode, SimulatedDirectory};

impl SimulatedDirectory {
    /// Makes an OU below an existing object of the domain.
    pub(in crate::simulator) fn create_ou(&mut self, dn: &str) -> Result<(), ChangeRefusal> {
        let is_ou = parse(dn)?.leaf_kind().as_deref() == Some("OU");
        if !is_ou {
            return Err(invalid(dn));
        }
        self.create_container(dn)
    }

    /// The same, or a container such as `CN=Staff`.
    pub(in crate::simulator) fn create_container(&mut self, dn: &str) -> Result<(), ChangeRefusal> {
        self.must_be_simulated()?;
        let parsed = parse(dn)?;
        let (kind, leaf) = match parsed.leaf_kind().as_deref() {
            Some("OU") => (ContainerKind::OrganizationalUnit, "OU"),
            Some("CN") => (ContainerKind::Container, "CN"),
            _ => return Err(invalid(dn)),
        };
        let name = parsed.leaf_value().ok_or_else(|| invalid(dn))?;
        let parent = parsed.parent().unwrap_or_default();
        let parent_dn = self.container(&parent)?.dn.clone();
        let key = parsed.key();
        if self.tree.contains_key(&key) {
            return Err(taken_dn(dn));
        }
        // The parent as it is spelled in the directory, whatever the spelling of the call.
        let dn = parse(&parent_dn)?.child(leaf, name);
        self.insert_container(&dn, kind);
        Ok(())
    }

    /// Deletes an empty OU.
    pub(in crate::simulator) fn delete_ou(&mut self, dn: &str) -> Result<(), ChangeRefusal> {
        self.must_be_simulated()?;
        let key = self.ou_key(dn)?;
        if self.keys_under(key.clone()).nth(1).is_some() {
            return Err(ChangeRefusal::NotALeaf { dn: dn.to_owned() });
        }
        self.tree.remove(&key);
        self.denied.remove(&key);
        Ok(())
    }

    pub(in crate::simulator) fn ou_exists(&self, dn: &str) -> bool {
        self.ou_key(dn).is_ok()
    }

    /// DNs of all OUs, a parent before its children.
    pub(in crate::simulator) fn ous(&self) -> impl Iterator<Item = &str> {
        self.tree.values().filter_map(|node| match node {
            DirectoryNode::Container(unit) if unit.kind == ContainerKind::OrganizationalUnit => Some(unit.dn.as_str()),
            _ => None,
        })
    }

    /// Takes from the service account the right to create and delete accounts in this OU and below it.
    pub(in crate::simulator) fn deny(&mut self, ou: &str) -> Result<(), ChangeRefusal> {
        self.must_be_simulated()?;
        let key = self.ou_key(ou)?;
        self.denied.insert(key);
        Ok(())
    }

    /// Gives back what [`SimulatedDirectory::deny`] took from this OU.
    pub(in crate::simulator) fn allow(&mut self, ou: &str) -> Result<(), ChangeRefusal> {
        let key = self.ou_key(ou)?;
        self.denied.remove(&key);
        Ok(())
    }

    /// Refuses when the service account has no rights in this container. Rights are inherited downwards.
    pub(super) fn check_rights(&self, container: &DirectoryName) -> Result<(), ChangeRefusal> {
        let key = container.key();
        if self.denied.iter().any(|denied| key.starts_with(denied)) {
            let dn = container.to_string();
            return Err(ChangeRefusal::AccessDenied { dn });
        }
        Ok(())
    }

    pub(super) fn container(&self, dn: &DirectoryName) -> Result<&DirectoryContainer, ChangeRefusal> {
        match self.tree.get(&dn.key()) {
            Some(DirectoryNode::Container(container)) => Ok(container),
            _ => Err(ChangeRefusal::NoSuchObject { dn: dn.to_string() }),
        }
    }

    /// What every domain has from the start.
    pub(super) fn furnish(&mut self) {
        let base = self.base.clone();
        let users = base.child("CN", "Users");
        self.insert_container(&base, ContainerKind::Domain);
        self.insert_container(&users, ContainerKind::Container);
        let service = NewAccount {
            cn: BindAccount::common_name().to_owned(),
            sam_account_name: BindAccount::common_name().to_owned(),
            user_principal_name: self.bind.user_principal_name().to_owned(),
            ..NewAccount::default()
        };
        let guid = ObjectGuid::random(&mut self.random);
        self.insert_account(&service, &users, guid);
    }

    pub(super) fn insert_container(&mut self, dn: &DirectoryName, kind: ContainerKind) {
        let container = DirectoryContainer {
            guid: ObjectGuid::random(&mut self.random),
            kind,
            dn: dn.to_string(),
            name: dn.leaf_value().unwrap_or_default().to_owned(),
            created: Timestamp::now(),
            usn: self.next_usn(),
        };
        self.tree.insert(dn.key(), DirectoryNode::Container(container));
    }

    fn ou_key(&self, dn: &str) -> Result<String, ChangeRefusal> {
        let parsed = parse(dn)?;
        match self.container(&parsed)?.kind {
            ContainerKind::OrganizationalUnit => Ok(parsed.key()),
            _ => Err(ChangeRefusal::NoSuchObject { dn: dn.to_owned() }),
        }
    }
}

pub(super) fn parse(dn: &str) -> Result<DirectoryName, ChangeRefusal> {
    DirectoryName::parse(dn).map_err(|_| invalid(dn))
}

pub(super) fn taken_dn(dn: &str) -> ChangeRefusal {
    ChangeRefusal::AlreadyExists { attribute: "dn", value: dn.to_owned() }
}

fn invalid(dn: &str) -> ChangeRefusal {
    ChangeRefusal::InvalidDn { dn: dn.to_owned() }
}
