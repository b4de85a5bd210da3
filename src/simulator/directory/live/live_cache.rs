//! What is known of a directory outside: read when it is connected, looked at again before and after each change.

use std::fmt::Write as _;

use jiff::Timestamp;
use ldap3::{Scope, SearchEntry};

use super::super::account::{DirectoryAccount, FreeAttributes, NewAccount, RESERVED, spelling};
use super::super::containers::ContainerKind;
use super::super::identity::{ObjectGuid, ObjectSid};
use super::super::refusal::ChangeRefusal;
use super::super::shadow::of_guid;
use super::super::simulated_directory::SimulatedDirectory;
use super::super::units::parse;
use super::wire::WireRequest;
use super::{AccountKey, AccountSwitch, LiveDirectory, LiveDirectorySettings};
use crate::simulator::dn::DirectoryName;

const ACCOUNTS: &str = "(&(objectCategory=person)(objectClass=user))";
const CONTAINERS: &str = "(|(objectClass=domainDNS)(objectClass=organizationalUnit)(objectClass=container))";
/// `userAccountControl`: the account is disabled.
const DISABLED: u32 = 2;
const NORMAL: u32 = 512;
/// An account without a password cannot be enabled without it.
const NO_PASSWORD_NEEDED: u32 = 32;

impl SimulatedDirectory {
    /// The settings of a directory that is not simulated.
    pub(in crate::simulator) fn outside(&self) -> Option<&LiveDirectorySettings> {
        self.outside.as_ref().map(|outside| &*outside.settings)
    }

    /// Refuses what only a simulated directory can be told.
    pub(in super::super) fn must_be_simulated(&self) -> Result<(), ChangeRefusal> {
        if self.outside.is_some() {
            return Err(ChangeRefusal::NotSimulated);
        }
        Ok(())
    }

    /// A directory outside, read whole.
    pub(in crate::simulator) fn connect(domain: &str, settings: LiveDirectorySettings) -> Result<Self, ChangeRefusal> {
        let mut directory = Self::new(domain, 0);
        directory.outside = Some(LiveDirectory::new(settings));
        directory.synchronize()?;
        Ok(directory)
    }

    /// Reads a directory outside anew; of a simulated one there is nothing to read.
    pub(in crate::simulator) fn synchronize(&mut self) -> Result<(), ChangeRefusal> {
        let Some(outside) = self.outside.clone() else {
            return Ok(());
        };
        let base = self.searched();
        let search =
            |filter: &str| WireRequest::Search { base: base.clone(), scope: Scope::Subtree, filter: filter.to_owned() };
        let containers = outside.ask(search(CONTAINERS))?;
        let accounts = outside.ask(search(ACCOUNTS))?;
        self.clear();
        for container in containers {
            self.mirror_container(&container);
        }
        for account in accounts {
            self.mirror(&account);
        }
        Ok(())
    }

    /// Where the agent looks.
    fn searched(&self) -> String {
        let base = self.outside().and_then(|settings| settings.base.clone());
        base.unwrap_or_else(|| self.base())
    }

    /// Looks at one account of a directory outside again; at that of a shadow once.
    pub(in crate::simulator) fn look_again(&mut self, who: AccountKey<'_>) -> Result<(), ChangeRefusal> {
        if self.is_shadow() {
            return self.recall_account(who);
        }
        let Some(outside) = self.outside.clone() else {
            return Ok(());
        };
        let condition = match who {
            AccountKey::Guid(guid) => of_guid(guid),
            AccountKey::UserPrincipalName(name) => {
                format!("(userPrincipalName={})", ldap3::ldap_escape(name))
            }
        };
        let found = outside.ask(WireRequest::Search {
            base: self.searched(),
            scope: Scope::Subtree,
            filter: format!("(&{ACCOUNTS}{condition})"),
        })?;
        let known = match who {
            AccountKey::Guid(guid) => Some(guid),
            AccountKey::UserPrincipalName(name) => self.by_user_principal_name(name).map(|known| known.guid),
        };
        if let Some(guid) = known {
            self.forget(guid);
        }
        for entry in found {
            self.mirror(&entry);
        }
        Ok(())
    }

    pub(in super::super) fn move_outside(&mut self, guid: ObjectGuid, ou: &str) -> Result<String, ChangeRefusal> {
        let account = self.seen(guid)?;
        let target = parse(ou)?;
        if parse(&account.parent)?.key() == target.key() {
            return Ok(account.dn);
        }
        self.ask(WireRequest::Move {
            rdn: DirectoryName::default().child("CN", &account.cn).to_string(),
            dn: account.dn,
            parent: ou.to_owned(),
        })?;
        Ok(self.seen(guid)?.dn)
    }

    pub(in super::super) fn create_outside(&mut self, new: &NewAccount) -> Result<ObjectGuid, ChangeRefusal> {
        let dn = parse(&new.ou)?.child("CN", &new.cn).to_string();
        self.ask(WireRequest::Add { dn: dn.clone(), attributes: self.attributes_of(new) })?;
        self.look_again(AccountKey::UserPrincipalName(&new.user_principal_name))?;
        let made = self.by_dn(&dn).map(|account| account.guid);
        made.ok_or(ChangeRefusal::AccountNotFound)
    }

    pub(in super::super) fn switch_outside(
        &mut self,
        guid: ObjectGuid,
        to: AccountSwitch,
    ) -> Result<(), ChangeRefusal> {
        let account = self.seen(guid)?;
        let control = account.attribute(CONTROL).and_then(|text| text.parse().ok());
        let control: u32 = control.unwrap_or(NORMAL | NO_PASSWORD_NEEDED);
        let wanted = if to == AccountSwitch::On { control & !DISABLED } else { control | DISABLED };
        if wanted != control {
            self.ask(WireRequest::Modify {
                dn: account.dn,
                changes: vec![("userAccountControl".to_owned(), wanted.to_string())],
            })?;
        }
        self.seen(guid).map(|_| ())
    }

    pub(in super::super) fn update_outside(
        &mut self,
        guid: ObjectGuid,
        changes: &[(&str, Option<&str>)],
    ) -> Result<(), ChangeRefusal> {
        let account = self.seen(guid)?;
        let one = |(name, value): &(&str, Option<&str>)| ((*name).to_owned(), value.unwrap_or_default().to_owned());
        self.ask(WireRequest::Modify { dn: account.dn, changes: changes.iter().map(one).collect() })?;
        self.seen(guid).map(|_| ())
    }

    pub(in super::super) fn delete_outside(&mut self, guid: ObjectGuid) -> Result<(), ChangeRefusal> {
        let dn = self.seen(guid)?.dn;
        self.ask(WireRequest::Delete { dn })?;
        self.forget(guid);
        Ok(())
    }

    /// The account as it is there now.
    fn seen(&mut self, guid: ObjectGuid) -> Result<DirectoryAccount, ChangeRefusal> {
        self.look_again(AccountKey::Guid(guid))?;
        self.account(guid).cloned().ok_or(ChangeRefusal::AccountNotFound)
    }

    fn ask(&self, deed: WireRequest) -> Result<(), ChangeRefusal> {
        match &self.outside {
            Some(outside) => outside.ask(deed).map(|_| ()),
            None => Ok(()),
        }
    }

    /// A password can be set over TLS only; nobody shall know it.
    fn attributes_of(&self, new: &NewAccount) -> Vec<(String, Vec<u8>)> {
        let classes = ["top", "person", "organizationalPerson", "user"].map(|class| ("objectClass", class));
        let names = [
            ("cn", new.cn.as_str()),
            ("sAMAccountName", &new.sam_account_name),
            ("userPrincipalName", &new.user_principal_name),
        ];
        let given = classes.into_iter().chain(names).filter(|(_, value)| !value.is_empty());
        let mut attributes: Vec<(String, Vec<u8>)> =
            given.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect();
        for (name, values) in new.attributes() {
            attributes.extend(values.into_iter().map(|value| (name.clone(), value.into_bytes())));
        }
        let secure = self.outside().is_some_and(|outside| outside.url.starts_with("ldaps:"));
        let control = if secure {
            attributes.push(("unicodePwd".to_owned(), random_password()));
            NORMAL
        } else {
            NORMAL | NO_PASSWORD_NEEDED
        };
        attributes.push((CONTROL.to_owned(), control.to_string().into_bytes()));
        attributes
    }

    /// Reads what is not known yet of what a search finds: containers and accounts.
    pub(in super::super) fn take_in(
        &mut self,
        outside: &LiveDirectory,
        base: &str,
        scope: Scope,
        condition: &str,
    ) -> Result<(), ChangeRefusal> {
        let found = outside.ask(WireRequest::Search {
            base: base.to_owned(),
            scope,
            filter: format!("(&(|{ACCOUNTS}{CONTAINERS}){condition})"),
        });
        let found = match found {
            Err(ChangeRefusal::NoSuchObject { .. }) => return Ok(()),
            found => found?,
        };
        for entry in found {
            match account(&entry) {
                Some(known) if self.accounts.contains_key(&known.guid) => {}
                Some(known) => {
                    self.mirror(&entry);
                    self.keep_first(known.guid);
                }
                None => self.mirror_container(&entry),
            }
        }
        Ok(())
    }

    fn mirror_container(&mut self, entry: &SearchEntry) {
        let Ok(dn) = DirectoryName::parse(&entry.dn) else {
            return;
        };
        let kind = match dn.leaf_kind().as_deref() {
            Some("OU") => ContainerKind::OrganizationalUnit,
            Some("DC") => ContainerKind::Domain,
            _ => ContainerKind::Container,
        };
        if self.container(&dn).is_err() {
            self.insert_container(&dn, kind);
        }
    }

    /// What has no name or identity that we know is none of our accounts.
    fn mirror(&mut self, entry: &SearchEntry) {
        let Some(account) = account(entry) else {
            return;
        };
        let Ok(dn) = DirectoryName::parse(&account.dn) else {
            return;
        };
        self.forget(account.guid);
        self.index(account, dn.key());
    }
}

const CONTROL: &str = "userAccountControl";

/// `unicodePwd`: in quotes, UTF-16 little-endian (Microsoft's page of the attribute). Long enough for any policy.
fn random_password() -> Vec<u8> {
    let mut text = "\"Aa1!".to_owned();
    for _ in 0..24 {
        let _ = write!(text, "{}", fastrand::alphanumeric());
    }
    text.push('"');
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn account(entry: &SearchEntry) -> Option<DirectoryAccount> {
    let text = |name: &str| values(entry, name).into_iter().next().and_then(|value| String::from_utf8(value).ok());
    let bytes = |name: &str| values(entry, name).into_iter().next();
    let dn = DirectoryName::parse(&entry.dn).ok()?;
    let control = text(CONTROL)?;
    let disabled = control.parse::<u32>().ok()? & DISABLED != 0;
    let number = |name: &str| text(name).and_then(|text| text.parse().ok()).unwrap_or_default();
    let now = Timestamp::now();
    let mut attributes = free(entry);
    attributes.insert(spelling(CONTROL), vec![control]);
    Some(DirectoryAccount {
        guid: ObjectGuid::from_bytes(&bytes("objectGUID")?)?,
        sid: ObjectSid::from_bytes(&bytes("objectSid")?)?,
        cn: text("cn")?,
        parent: dn.parent()?.to_string(),
        dn: entry.dn.clone(),
        sam_account_name: text("sAMAccountName")?,
        user_principal_name: text("userPrincipalName").unwrap_or_default(),
        enabled: !disabled,
        protected_from_deletion: false,
        created: now,
        changed: now,
        usn_created: number("uSNCreated"),
        usn_changed: number("uSNChanged"),
        attributes,
    })
}

/// Attributes that are texts and are not kept apart.
fn free(entry: &SearchEntry) -> FreeAttributes {
    let apart = |name: &str| {
        let names = RESERVED.iter().chain(&["sAMAccountName", "userPrincipalName"]);
        names.into_iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let texts = entry.attrs.iter().filter(|(name, _)| !apart(name));
    texts.map(|(name, values)| (spelling(name), values.clone())).collect()
}

/// Values of an attribute as bytes: the library tells texts and others apart by what they hold, not by what they are.
fn values(entry: &SearchEntry, name: &str) -> Vec<Vec<u8>> {
    let texts = entry.attrs.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    let others = entry.bin_attrs.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
    texts
        .flat_map(|(_, values)| values.iter().map(|value| value.clone().into_bytes()))
        .chain(others.flat_map(|(_, values)| values.clone()))
        .collect()
}
