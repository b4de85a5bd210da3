//! Changes of accounts: making, moving, enabling, updating, deleting.

use jiff::Timestamp;

use super::super::dn::{DirectoryName, fold};
use super::account::{DirectoryAccount, NewAccount, RESERVED, spelling};
use super::containers::ContainerKind;
use super::entry::SearchReach;
use super::identity::{ObjectGuid, ObjectSid};
use super::live::AccountSwitch;
use super::refusal::ChangeRefusal;
use super::simulated_directory::{DirectoryNode, SimulatedDirectory};
use super::units::{parse, taken_dn};

/// Microsoft's page "SAM-Account-Name" keeps 20 characters for clients of old; these are not allowed at all.
const NOT_IN_SAM: &[char] = &['"', '/', '\\', '[', ']', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@'];

/// What is told of an account by who is not its directory.
pub(in crate::simulator) struct ReportedAccount<'a> {
    pub(in crate::simulator) guid: ObjectGuid,
    pub(in crate::simulator) dn: &'a str,
    pub(in crate::simulator) user_principal_name: &'a str,
    pub(in crate::simulator) sam_account_name: &'a str,
    pub(in crate::simulator) sid: &'a str,
    pub(in crate::simulator) attributes: Vec<(&'static str, String)>,
}

impl SimulatedDirectory {
    /// Makes an enabled account in an OU or container.
    pub(in crate::simulator) fn create_account(&mut self, new: &NewAccount) -> Result<ObjectGuid, ChangeRefusal> {
        if self.outside.is_some() {
            return self.create_outside(new);
        }
        let guid = ObjectGuid::random(&mut self.random);
        self.create_known_account(new, guid)
    }

    /// The same, with a GUID that it has already.
    pub(in crate::simulator) fn create_known_account(
        &mut self,
        new: &NewAccount,
        guid: ObjectGuid,
    ) -> Result<ObjectGuid, ChangeRefusal> {
        self.recall(&new.ou, SearchReach::Object, None)?;
        let parent = self.open_container(&new.ou)?;
        check_names(new)?;
        self.recall(&parent.child("CN", &new.cn).to_string(), SearchReach::Object, None)?;
        self.recall_holder("sAMAccountName", &new.sam_account_name)?;
        self.recall_holder("userPrincipalName", &new.user_principal_name)?;
        self.check_free_dn(&parent.child("CN", &new.cn))?;
        self.check_free_sam(&new.sam_account_name, None)?;
        self.check_free_upn(&new.user_principal_name, None)?;
        Ok(self.insert_account(new, &parent, guid))
    }

    /// Moves an account into another OU as LDAP's modify-DN does; GUID and SID stay. Gives the new DN.
    ///
    /// Moving it to where it is already changes nothing and is not refused.
    pub(in crate::simulator) fn move_account(&mut self, guid: ObjectGuid, ou: &str) -> Result<String, ChangeRefusal> {
        if self.outside.is_some() {
            return self.move_outside(guid, ou);
        }
        let account = self.find(guid)?;
        let (old, target) = (parse(&account.dn)?, parse(ou)?);
        let source = old.parent().unwrap_or_default();
        if source.key() == target.key() {
            return Ok(account.dn.clone());
        }
        let cn = account.cn.clone();
        self.recall(ou, SearchReach::Object, None)?;
        self.recall(&target.child("CN", &cn).to_string(), SearchReach::Object, None)?;
        if self.imagined && self.container(&target).is_err() {
            self.insert_container(&target, ContainerKind::OrganizationalUnit);
        }
        let target = self.open_container(ou)?;
        self.check_removable(guid)?;
        self.check_free_dn(&target.child("CN", &cn))?;
        Ok(self.relocate(guid, &target.child("CN", &cn), &target))
    }

    /// Gives an account another CN where it is; GUID and SID stay.
    pub(in crate::simulator) fn rename_account(&mut self, guid: ObjectGuid, cn: &str) -> Result<(), ChangeRefusal> {
        self.must_be_simulated()?;
        let parent = parse(&self.find(guid)?.parent)?;
        let dn = parent.child("CN", cn);
        self.check_free_dn(&dn)?;
        self.relocate(guid, &dn, &parent);
        self.change(guid, |account| cn.clone_into(&mut account.cn))
    }

    pub(in crate::simulator) fn enable(&mut self, guid: ObjectGuid) -> Result<(), ChangeRefusal> {
        if self.outside.is_some() {
            return self.switch_outside(guid, AccountSwitch::On);
        }
        self.change(guid, |account| account.enabled = true)
    }

    pub(in crate::simulator) fn disable(&mut self, guid: ObjectGuid) -> Result<(), ChangeRefusal> {
        if self.outside.is_some() {
            return self.switch_outside(guid, AccountSwitch::Off);
        }
        self.change(guid, |account| account.enabled = false)
    }

    /// Sets "Protect object from accidental deletion".
    pub(in crate::simulator) fn protect(&mut self, guid: ObjectGuid) -> Result<(), ChangeRefusal> {
        self.must_be_simulated()?;
        self.change(guid, |account| account.protected_from_deletion = true)
    }

    pub(in crate::simulator) fn unprotect(&mut self, guid: ObjectGuid) -> Result<(), ChangeRefusal> {
        self.must_be_simulated()?;
        self.change(guid, |account| account.protected_from_deletion = false)
    }

    /// Sets attributes, or removes those given as `None` or empty. All or none are changed.
    ///
    /// `sAMAccountName` and `userPrincipalName` must stay unique; what has a call of its own (`cn`, `userAccountControl`) or never
    /// changes (`objectGUID`) is refused.
    pub(in crate::simulator) fn update_attributes(
        &mut self,
        guid: ObjectGuid,
        changes: &[(&str, Option<&str>)],
    ) -> Result<(), ChangeRefusal> {
        if self.outside.is_some() {
            return self.update_outside(guid, changes);
        }
        self.find(guid)?;
        for (name, value) in changes.iter().filter(|(name, _)| is_indexed(name)) {
            self.recall_holder(name, value.unwrap_or_default())?;
        }
        for (name, value) in changes {
            self.check_attribute(guid, name, value.unwrap_or_default())?;
        }
        for (name, value) in changes {
            self.set_attribute(guid, name, value.unwrap_or_default());
        }
        self.change(guid, |_| {})
    }

    pub(in crate::simulator) fn delete_account(&mut self, guid: ObjectGuid) -> Result<(), ChangeRefusal> {
        if self.outside.is_some() {
            return self.delete_outside(guid);
        }
        self.check_removable(guid)?;
        self.forget(guid);
        self.next_usn();
        self.note_change();
        Ok(())
    }

    /// Takes the account out of all indexes.
    pub(super) fn forget(&mut self, guid: ObjectGuid) {
        let Some(account) = self.accounts.remove(&guid) else {
            return;
        };
        if let Ok(dn) = DirectoryName::parse(&account.dn) {
            self.tree.remove(&dn.key());
        }
        self.sams.remove(&fold(&account.sam_account_name));
        self.upns.remove(&fold(&account.user_principal_name));
    }

    /// Makes the account without asking; names are known to be free.
    pub(super) fn insert_account(&mut self, new: &NewAccount, parent: &DirectoryName, guid: ObjectGuid) -> ObjectGuid {
        let (now, usn) = (Timestamp::now(), self.next_usn());
        let dn = parent.child("CN", &new.cn);
        let account = DirectoryAccount {
            guid,
            sid: ObjectSid::new(self.sid_authority, self.next_rid),
            cn: new.cn.clone(),
            dn: dn.to_string(),
            parent: parent.to_string(),
            sam_account_name: new.sam_account_name.clone(),
            user_principal_name: new.user_principal_name.clone(),
            enabled: true,
            protected_from_deletion: false,
            created: now,
            changed: now,
            usn_created: usn,
            usn_changed: usn,
            attributes: new.attributes(),
        };
        self.next_rid += 1;
        self.note_change();
        self.index(account, dn.key())
    }

    /// An account as someone else tells of it, with the container it is in.
    pub(in crate::simulator) fn imagine(&mut self, told: &ReportedAccount<'_>) {
        let Ok(dn) = DirectoryName::parse(told.dn) else { return };
        let Some(parent) = dn.parent() else { return };
        self.imagined = true;
        if self.accounts.contains_key(&told.guid) {
            return;
        }
        if self.container(&parent).is_err() {
            self.insert_container(&parent, ContainerKind::OrganizationalUnit);
        }
        let attributes = told.attributes.iter();
        self.insert_account(
            &NewAccount {
                cn: dn.leaf_value().unwrap_or_default().to_owned(),
                sam_account_name: told.sam_account_name.to_owned(),
                user_principal_name: told.user_principal_name.to_owned(),
                extra: attributes.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
                ..NewAccount::default()
            },
            &parent,
            told.guid,
        );
        if let Some(account) = self.accounts.get_mut(&told.guid) {
            account.sid = ObjectSid::parse(told.sid).unwrap_or(account.sid);
        }
        self.keep_first(told.guid);
    }

    pub(super) fn index(&mut self, account: DirectoryAccount, key: String) -> ObjectGuid {
        let guid = account.guid;
        self.tree.insert(key, DirectoryNode::Account(guid));
        self.sams.insert(fold(&account.sam_account_name), guid);
        if !account.user_principal_name.is_empty() {
            self.upns.insert(fold(&account.user_principal_name), guid);
        }
        self.accounts.insert(guid, account);
        guid
    }

    fn relocate(&mut self, guid: ObjectGuid, dn: &DirectoryName, parent: &DirectoryName) -> String {
        let text = dn.to_string();
        let usn = self.next_usn();
        self.note_change();
        if let Some(account) = self.accounts.get_mut(&guid) {
            let old = DirectoryName::parse(&account.dn).map(|old| old.key());
            old.ok().and_then(|key| self.tree.remove(&key));
            account.dn.clone_from(&text);
            account.parent = parent.to_string();
            account.changed = Timestamp::now();
            account.usn_changed = usn;
            self.tree.insert(dn.key(), DirectoryNode::Account(guid));
        }
        text
    }

    fn change(&mut self, guid: ObjectGuid, change: impl FnOnce(&mut DirectoryAccount)) -> Result<(), ChangeRefusal> {
        let usn = self.usn + 1;
        let account = self.accounts.get_mut(&guid).ok_or(ChangeRefusal::AccountNotFound)?;
        change(account);
        account.changed = Timestamp::now();
        account.usn_changed = usn;
        self.usn = usn;
        self.note_change();
        Ok(())
    }

    fn set_attribute(&mut self, guid: ObjectGuid, name: &str, value: &str) {
        let Some(account) = self.accounts.get_mut(&guid) else {
            return;
        };
        if name.eq_ignore_ascii_case("sAMAccountName") {
            self.sams.remove(&fold(&account.sam_account_name));
            self.sams.insert(fold(value), guid);
            value.clone_into(&mut account.sam_account_name);
        } else if name.eq_ignore_ascii_case("userPrincipalName") {
            self.upns.remove(&fold(&account.user_principal_name));
            if !value.is_empty() {
                self.upns.insert(fold(value), guid);
            }
            value.clone_into(&mut account.user_principal_name);
        } else if value.is_empty() {
            account.attributes.remove(&spelling(name));
        } else {
            account.attributes.insert(spelling(name), vec![value.to_owned()]);
        }
    }

    fn find(&self, guid: ObjectGuid) -> Result<&DirectoryAccount, ChangeRefusal> {
        self.account(guid).ok_or(ChangeRefusal::AccountNotFound)
    }

    /// The container of this DN as the directory spells it, when the service account may create in it.
    fn open_container(&self, dn: &str) -> Result<DirectoryName, ChangeRefusal> {
        let container = parse(dn)?;
        let spelled = parse(&self.container(&container)?.dn)?;
        self.check_rights(&spelled)?;
        Ok(spelled)
    }

    /// Refuses when the service account may not take the account away from where it is.
    fn check_removable(&self, guid: ObjectGuid) -> Result<(), ChangeRefusal> {
        let account = self.find(guid)?;
        if account.protected_from_deletion {
            let dn = account.dn.clone();
            return Err(ChangeRefusal::AccessDenied { dn });
        }
        self.check_rights(&parse(&account.parent)?)
    }

    fn check_attribute(&self, guid: ObjectGuid, name: &str, value: &str) -> Result<(), ChangeRefusal> {
        if name.eq_ignore_ascii_case("sAMAccountName") {
            check_sam(value)?;
            self.check_free_sam(value, Some(guid))
        } else if name.eq_ignore_ascii_case("userPrincipalName") {
            self.check_free_upn(value, Some(guid))
        } else if is_reserved(name) {
            Err(invalid_attribute(name))
        } else {
            Ok(())
        }
    }

    fn check_free_dn(&self, dn: &DirectoryName) -> Result<(), ChangeRefusal> {
        if self.tree.contains_key(&dn.key()) {
            return Err(taken_dn(&dn.to_string()));
        }
        Ok(())
    }

    fn check_free_sam(&self, name: &str, own: Option<ObjectGuid>) -> Result<(), ChangeRefusal> {
        let holder = self.sams.get(&fold(name)).copied();
        check_free("sAMAccountName", name, holder, own)
    }

    fn check_free_upn(&self, name: &str, own: Option<ObjectGuid>) -> Result<(), ChangeRefusal> {
        let holder = self.upns.get(&fold(name)).copied();
        check_free("userPrincipalName", name, holder, own)
    }
}

fn check_free(
    attribute: &'static str,
    value: &str,
    holder: Option<ObjectGuid>,
    own: Option<ObjectGuid>,
) -> Result<(), ChangeRefusal> {
    if holder.is_some() && holder != own {
        let value = value.to_owned();
        return Err(ChangeRefusal::AlreadyExists { attribute, value });
    }
    Ok(())
}

fn check_names(new: &NewAccount) -> Result<(), ChangeRefusal> {
    check_text("cn", &new.cn)?;
    check_sam(&new.sam_account_name)?;
    match new.extra.iter().find(|(name, _)| is_reserved(name) || is_indexed(name)) {
        Some((name, _)) => Err(invalid_attribute(name)),
        None => Ok(()),
    }
}

fn check_sam(name: &str) -> Result<(), ChangeRefusal> {
    check_text("sAMAccountName", name)?;
    if name.contains(NOT_IN_SAM) {
        return Err(invalid_attribute("sAMAccountName"));
    }
    Ok(())
}

fn check_text(attribute: &str, value: &str) -> Result<(), ChangeRefusal> {
    if value.trim().is_empty() {
        return Err(invalid_attribute(attribute));
    }
    Ok(())
}

fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name))
}

fn is_indexed(name: &str) -> bool {
    ["sAMAccountName", "userPrincipalName"].iter().any(|indexed| indexed.eq_ignore_ascii_case(name))
}

fn invalid_attribute(name: &str) -> ChangeRefusal {
    ChangeRefusal::InvalidAttribute { attribute: name.to_owned() }
}
