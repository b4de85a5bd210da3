//! An Active Directory of one domain, in memory: organizational units, containers and user accounts.
//!
//! It keeps AD's rules that a move of an account can run into: names unique below their parent, `sAMAccountName` and
//! `userPrincipalName` unique in the domain, GUID and SID fixed for life, rights of the agent's service account, protected objects.
//! It knows nothing of Okta, and nothing of LDAP but what its entries look like.

mod account;
mod bind;
mod changes;
mod containers;
mod dump;
mod entry;
mod identity;
mod import_view;
mod live;
mod refusal;
mod shadow;
mod shadow_original;
mod simulated_directory;
mod units;

pub(super) use account::{DirectoryAccount, NewAccount};
pub(super) use changes::ReportedAccount;
pub(super) use entry::{LdapEntry, PlacedEntry, SearchReach, ShownAttributes, same_value};
pub(super) use identity::ObjectGuid;
pub(super) use import_view::{AsRead, is_usual};
pub(super) use live::{AccountKey, LiveDirectorySettings};
pub(super) use refusal::ChangeRefusal;
pub(super) use simulated_directory::SimulatedDirectory;

#[cfg(test)]
mod tests;
