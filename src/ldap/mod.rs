//! A read-only client of a directory, and distinguished names.
//!
//! [`DirectoryClient`] binds, searches and reads, to verify in Active Directory what Okta says it did there. [`Dn`] reads and
//! compares distinguished names as a directory does.
//!
//! What is absent: this module imports nothing else of the crate but what catches the library's panics, and no call of it changes a directory.

mod client;
mod connection;
pub mod dn;
mod entry;
mod error;
mod filter;
mod search_guard;
mod settings;

pub use client::{DirectoryClient, SearchScope};
pub use dn::{Dn, DnError};
pub use entry::DirectoryEntry;
pub use error::{DirectoryError, ResultCode};
pub use filter::escape;
pub use search_guard::EndlessSearch;
pub use settings::{LdapSecurity, LdapSettings, LdapSettingsError};
