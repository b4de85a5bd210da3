//! A user account and what it takes to make one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::identity::{ObjectGuid, ObjectSid};

/// Free attributes by name, each with its values in order.
pub(in crate::simulator) type FreeAttributes = BTreeMap<String, Vec<String>>;

/// A user account. Its names are kept apart from the free attributes because they are indexed and unique.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct DirectoryAccount {
    pub(in crate::simulator) guid: ObjectGuid,
    pub(in crate::simulator) sid: ObjectSid,
    pub(in crate::simulator) cn: String,
    pub(in crate::simulator) dn: String,
    /// DN of the OU or container that holds it.
    pub(in crate::simulator) parent: String,
    pub(in crate::simulator) sam_account_name: String,
    /// Not required by AD; empty when there is none.
    pub(in crate::simulator) user_principal_name: String,
    /// False is `ACCOUNTDISABLE` in `userAccountControl`.
    pub(in crate::simulator) enabled: bool,
    /// "Protect object from accidental deletion", a refusal of deletion that a move runs into as well.
    pub(in crate::simulator) protected_from_deletion: bool,
    pub(in crate::simulator) created: Timestamp,
    pub(in crate::simulator) changed: Timestamp,
    pub(in crate::simulator) usn_created: u64,
    pub(in crate::simulator) usn_changed: u64,
    /// `givenName`, `sn`, `displayName`, `mail` and free ones such as `department`, by AD's spelling where it is known.
    pub(in crate::simulator) attributes: FreeAttributes,
}

/// An account to be made. Empty texts are attributes that it will not have.
#[derive(Clone, Debug, Default)]
pub(in crate::simulator) struct NewAccount {
    pub(in crate::simulator) cn: String,
    /// DN of the OU or container.
    pub(in crate::simulator) ou: String,
    pub(in crate::simulator) sam_account_name: String,
    pub(in crate::simulator) user_principal_name: String,
    pub(in crate::simulator) given_name: String,
    pub(in crate::simulator) surname: String,
    pub(in crate::simulator) mail: String,
    /// Further attributes; a name given twice has two values.
    pub(in crate::simulator) extra: Vec<(String, String)>,
}

impl DirectoryAccount {
    /// The first value of a free attribute, such as `mail`; names are compared without case.
    pub(in crate::simulator) fn attribute(&self, name: &str) -> Option<&str> {
        let values = self.attributes.get(spelling(name).as_str())?;
        values.first().map(String::as_str)
    }

    /// `userAccountControl`: a normal account (512), disabled or not (2).
    pub(in crate::simulator) fn user_account_control(&self) -> u32 {
        if self.enabled { 512 } else { 514 }
    }
}

impl NewAccount {
    /// The free attributes of the account.
    pub(super) fn attributes(&self) -> FreeAttributes {
        let mut attributes = FreeAttributes::new();
        let display_name = format!("{} {}", self.given_name, self.surname);
        let named = [
            ("givenName", self.given_name.as_str()),
            ("sn", &self.surname),
            ("displayName", display_name.trim()),
            ("mail", &self.mail),
        ];
        let extra = self.extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // `displayName` among the extra ones wins over the composed one, as it would in AD.
        for (name, value) in named {
            add(&mut attributes, name, value);
        }
        if self.extra.iter().any(|(name, _)| spelling(name) == "displayName") {
            attributes.remove("displayName");
        }
        for (name, value) in extra {
            add(&mut attributes, name, value);
        }
        attributes
    }
}

fn add(attributes: &mut FreeAttributes, name: &str, value: &str) {
    if !value.is_empty() {
        let values = attributes.entry(spelling(name)).or_default();
        values.push(value.to_owned());
    }
}

/// AD's own spelling of the attribute in its schema; as written when it is not among these.
pub(super) fn spelling(name: &str) -> String {
    let known = SPELLINGS.iter().find(|known| known.eq_ignore_ascii_case(name));
    known.map_or_else(|| name.to_owned(), |known| (*known).to_owned())
}

/// Attributes of a user that Okta's AD integration maps, and their neighbours.
pub(super) const SPELLINGS: &[&str] = &[
    "c",
    "co",
    "company",
    "countryCode",
    "department",
    "description",
    "displayName",
    "division",
    "employeeID",
    "employeeNumber",
    "employeeType",
    "facsimileTelephoneNumber",
    "givenName",
    "homePhone",
    "initials",
    "l",
    "mail",
    "manager",
    "middleName",
    "mobile",
    "pager",
    "physicalDeliveryOfficeName",
    "postalCode",
    "preferredLanguage",
    "proxyAddresses",
    "sn",
    "st",
    "streetAddress",
    "telephoneNumber",
    "title",
];

/// Attributes that follow from the object itself, or are changed by calls of their own.
pub(super) const RESERVED: &[&str] = &[
    "cn",
    "distinguishedName",
    "name",
    "objectCategory",
    "objectClass",
    "objectGUID",
    "objectSid",
    "primaryGroupID",
    "sAMAccountType",
    "uSNChanged",
    "uSNCreated",
    "userAccountControl",
    "whenChanged",
    "whenCreated",
];
