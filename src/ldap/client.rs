//! The directory: searches and reads over one bound connection.

use std::collections::BTreeMap;
use std::time::Duration;

use ldap3::controls::{Control, ControlType, PagedResults};
use ldap3::{Ldap, LdapError, ResultEntry, SearchEntry};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::connection::{self, LdapConnection};
use super::dn::Dn;
use super::entry::DirectoryEntry;
use super::error::{DirectoryError, ResultCode};
use super::filter;
use super::search_guard::{EndlessSearch, SearchGuard};
use super::settings::LdapSettings;
use crate::ldap_panics::{NotLdap, caught};

/// How deep a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchScope {
    /// The base itself.
    Base,
    /// The entries right below the base.
    OneLevel,
    /// The base and everything below it.
    Subtree,
}

/// A directory, bound. It reads and never writes. A connection that the directory closed in the meantime is opened
/// again, once a call.
#[derive(Debug)]
pub struct DirectoryClient {
    settings: LdapSettings,
    address: String,
    /// Empty after a failure: the next call opens another.
    connection: Mutex<Option<LdapConnection>>,
}

/// For one page of a search, and for any other call.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Active Directory gives no more than this many entries at once (its policy `MaxPageSize`).
const PAGE_SIZE: i32 = 1000;
/// Asks for no attribute, RFC 4511 section 4.5.1.8.
const NO_ATTRIBUTES: &[&str] = &["1.1"];
const EVERYTHING: &str = "(objectClass=*)";

impl DirectoryClient {
    /// A directory that is connected to when it is first asked something. Wrong settings are found out here.
    pub fn new(settings: LdapSettings) -> Result<Self, DirectoryError> {
        let address = settings.target()?.address();
        Ok(Self { settings, address, connection: Mutex::new(None) })
    }

    /// How it is reached.
    pub fn settings(&self) -> &LdapSettings {
        &self.settings
    }

    /// Connects and binds.
    pub async fn connect(settings: LdapSettings) -> Result<Self, DirectoryError> {
        let directory = Self::new(settings)?;
        let opened = connection::open(&directory.settings).await?;
        *directory.connection.lock().await = Some(opened);
        Ok(directory)
    }

    /// Where searches for users begin.
    pub fn base(&self) -> &Dn {
        &self.settings.base
    }

    /// All entries that match, fetched in pages of 1000. References to other directories are skipped. No attributes
    /// named means all that are not operational.
    pub async fn search(
        &self,
        base: &Dn,
        filter: &str,
        scope: SearchScope,
        attributes: &[&str],
    ) -> Result<Vec<DirectoryEntry>, DirectoryError> {
        if ldap3::parse_filter(filter).is_err() {
            return Err(DirectoryError::Filter { filter: filter.to_owned() });
        }
        let query = DirectoryQuery { base: base.to_string(), filter, scope, attributes };
        let mut kept = self.connection.lock().await;
        let found = match self.over(&mut kept, &query).await {
            Err(SearchFailure::Closed | SearchFailure::NotLdap) => self.over(&mut kept, &query).await,
            found => found,
        };
        found.map_err(|broken| match broken {
            SearchFailure::Closed => self.closed(),
            SearchFailure::NotLdap => connection::not_ldap(&self.address, &query.action()),
            SearchFailure::Failed(failure) => failure,
        })
    }

    /// The entry of that name; `None` when there is none.
    pub async fn get(&self, dn: &Dn, attributes: &[&str]) -> Result<Option<DirectoryEntry>, DirectoryError> {
        match self.search(dn, EVERYTHING, SearchScope::Base, attributes).await {
            Ok(entries) => Ok(entries.into_iter().next()),
            Err(failure) if failure.code() == Some(ResultCode::NO_SUCH_OBJECT) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Whether there is an entry of that name.
    pub async fn exists(&self, dn: &Dn) -> Result<bool, DirectoryError> {
        Ok(self.get(dn, NO_ATTRIBUTES).await?.is_some())
    }

    /// The account that has this userPrincipalName, sAMAccountName or mail, below the directory's base. An exact
    /// userPrincipalName wins over the others; else more than one is an error that names them. When nothing matches a
    /// login with a domain, its part before the `@` is looked for as sAMAccountName.
    pub async fn find_user(&self, login_or_sam: &str) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let found = self.people(&filter::person(login_or_sam)).await?;
        let short = login_or_sam.split_once('@').map(|(short, _)| short).filter(|short| !short.is_empty());
        match short {
            Some(short) if found.is_empty() => only_one(self.people(&filter::account(short)).await?, login_or_sam),
            _ => only_one(found, login_or_sam),
        }
    }

    /// The entry at or below `base` that has this `objectGUID`, in hex or in base64: the same after a move and after a new name. `None`
    /// when there is none, or the text is no such GUID.
    pub async fn find_guid(&self, base: &Dn, guid: &str) -> Result<Option<DirectoryEntry>, DirectoryError> {
        let Some(filter) = filter::object_guid(guid) else {
            return Ok(None);
        };
        match self.search(base, &filter, SearchScope::Subtree, &[]).await {
            Ok(entries) => Ok(entries.into_iter().next()),
            Err(failure) if failure.code() == Some(ResultCode::NO_SUCH_OBJECT) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn people(&self, filter: &str) -> Result<Vec<DirectoryEntry>, DirectoryError> {
        self.search(&self.settings.base, filter, SearchScope::Subtree, &[]).await
    }

    /// Searches over the connection at hand, or a new one. It is kept only if it is fit for another call: not when it was closed, fell
    /// silent, did not end, or the call was dropped half-way.
    async fn over(
        &self,
        kept: &mut Option<LdapConnection>,
        query: &DirectoryQuery<'_>,
    ) -> Result<Vec<DirectoryEntry>, SearchFailure> {
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => connection::open(&self.settings).await.map_err(SearchFailure::Failed)?,
        };
        let found = self.all_pages(&connection, query).await;
        match found {
            Err(SearchFailure::Closed) if connection.was_not_ldap().await => {
                return Err(SearchFailure::NotLdap);
            }
            Ok(_) | Err(SearchFailure::Failed(DirectoryError::Refused { .. })) => {
                *kept = Some(connection);
            }
            Err(_) => {}
        }
        found
    }

    async fn all_pages(
        &self,
        connection: &LdapConnection,
        query: &DirectoryQuery<'_>,
    ) -> Result<Vec<DirectoryEntry>, SearchFailure> {
        let (mut entries, mut guard) = (Vec::new(), SearchGuard::default());
        let mut cookie = Vec::new();
        loop {
            let call = self.page(connection.ldap(), query, cookie, &mut guard);
            let page = caught(timeout(CALL_TIMEOUT, call)).await;
            let page =
                page.map_err(|NotLdap| SearchFailure::NotLdap)?.map_err(|_| SearchFailure::Failed(self.late()))??;
            cookie = page.cookie;
            let goes_on = !cookie.is_empty();
            if goes_on {
                let taken = guard.page(&page.entries);
                taken.map_err(|endless| self.endless(query, endless))?;
            }
            entries.extend(page.entries);
            if !goes_on {
                return Ok(entries);
            }
        }
    }

    /// One page, entry by entry: a directory may give more of them than it was asked for.
    async fn page(
        &self,
        mut ldap: Ldap,
        query: &DirectoryQuery<'_>,
        cookie: Vec<u8>,
        guard: &mut SearchGuard,
    ) -> Result<DirectoryPage, SearchFailure> {
        let paging = PagedResults { size: PAGE_SIZE, cookie };
        let search = ldap.with_controls(paging).streaming_search(
            &query.base,
            query.scope.into(),
            query.filter,
            query.attributes,
        );
        let broken = |failure| self.broken(failure);
        let mut found = search.await.map_err(broken)?;
        let mut entries = Vec::new();
        while let Some(item) = found.next().await.map_err(broken)? {
            if item.is_ref() || item.is_intermediate() {
                continue;
            }
            let entry = self.entry(item)?;
            let taken = guard.entry(&entry);
            taken.map_err(|endless| self.endless(query, endless))?;
            entries.push(entry);
        }
        let result = found.finish().await;
        connection::accept(&result, &self.address, &query.action()).map_err(SearchFailure::Failed)?;
        Ok(DirectoryPage { entries, cookie: next_cookie(&result.ctrls) })
    }

    fn endless(&self, query: &DirectoryQuery<'_>, endless: EndlessSearch) -> SearchFailure {
        SearchFailure::Failed(DirectoryError::EndlessSearch {
            address: self.address.clone(),
            action: query.action(),
            endless,
        })
    }

    fn entry(&self, found: ResultEntry) -> Result<DirectoryEntry, SearchFailure> {
        if found.0.id != SEARCH_RESULT_ENTRY {
            return Err(SearchFailure::Failed(DirectoryError::Protocol { address: self.address.clone() }));
        }
        let found = SearchEntry::construct(found);
        let dn = Dn::parse(&found.dn);
        let dn = dn.map_err(|source| {
            SearchFailure::Failed(DirectoryError::ReturnedDn { address: self.address.clone(), source })
        })?;
        let texts =
            found.attrs.into_iter().map(|(name, values)| (name, values.into_iter().map(String::into_bytes).collect()));
        let attributes: BTreeMap<_, _> = texts.chain(found.bin_attrs).collect();
        Ok(DirectoryEntry { dn, attributes })
    }

    fn broken(&self, failure: LdapError) -> SearchFailure {
        if connection::is_closed(&failure) {
            SearchFailure::Closed
        } else {
            SearchFailure::Failed(connection::sort(failure, &self.address, "search"))
        }
    }

    fn closed(&self) -> DirectoryError {
        DirectoryError::Connection { address: self.address.clone(), detail: "the directory closed it twice".to_owned() }
    }

    fn late(&self) -> DirectoryError {
        DirectoryError::Timeout {
            address: self.address.clone(),
            action: "search".to_owned(),
            seconds: CALL_TIMEOUT.as_secs(),
        }
    }
}

/// The tag of a search's entry, RFC 4511 section 4.5.2.
const SEARCH_RESULT_ENTRY: u64 = 4;

struct DirectoryQuery<'a> {
    base: String,
    filter: &'a str,
    scope: SearchScope,
    attributes: &'a [&'a str],
}

impl DirectoryQuery<'_> {
    fn action(&self) -> String {
        format!("search `{}` for {}", self.base, self.filter)
    }
}

struct DirectoryPage {
    entries: Vec<DirectoryEntry>,
    cookie: Vec<u8>,
}

/// Why a search did not end: only a connection that ended is worth another.
enum SearchFailure {
    Closed,
    /// What came over it is not LDAP.
    NotLdap,
    Failed(DirectoryError),
}

impl From<SearchScope> for ldap3::Scope {
    fn from(scope: SearchScope) -> Self {
        match scope {
            SearchScope::Base => Self::Base,
            SearchScope::OneLevel => Self::OneLevel,
            SearchScope::Subtree => Self::Subtree,
        }
    }
}

/// Where the next page begins; empty after the last one, and where the directory knows no pages.
fn next_cookie(controls: &[Control]) -> Vec<u8> {
    let paging = controls.iter().find(|control| matches!(control.0, Some(ControlType::PagedResults)));
    paging.map(|control| control.1.parse::<PagedResults>().cookie).unwrap_or_default()
}

fn only_one(found: Vec<DirectoryEntry>, name: &str) -> Result<Option<DirectoryEntry>, DirectoryError> {
    if found.len() <= 1 {
        return Ok(found.into_iter().next());
    }
    let same = |entry: &&DirectoryEntry| {
        let principal = entry.text("userPrincipalName").unwrap_or_default();
        principal.to_lowercase() == name.to_lowercase()
    };
    let exact: Vec<_> = found.iter().filter(same).collect();
    match exact[..] {
        [entry] => Ok(Some(entry.clone())),
        _ => Err(DirectoryError::Ambiguous {
            name: name.to_owned(),
            dns: found.into_iter().map(|entry| entry.dn).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(dn: &str, principal: &str) -> DirectoryEntry {
        let attributes = BTreeMap::from([("userPrincipalName".to_owned(), vec![principal.as_bytes().to_vec()])]);
        DirectoryEntry { dn: Dn::parse(dn).expect(dn), attributes }
    }

    #[test]
    fn an_exact_principal_name_wins_and_a_tie_is_an_error() {
        let jo = || account("CN=Jo,DC=x", "jo@x.example");
        let other = || account("CN=Jo,OU=b,DC=x", "jo@y.example");
        assert_eq!(only_one(vec![], "jo"), Ok(None));
        assert_eq!(only_one(vec![other()], "jo"), Ok(Some(other())));
        assert_eq!(only_one(vec![other(), jo()], "JO@x.example"), Ok(Some(jo())));
        let tie = only_one(vec![jo(), other()], "jo").expect_err("two accounts");
        assert_eq!(tie.to_string(), "`jo` is 2 accounts: `CN=Jo,DC=x`, `CN=Jo,OU=b,DC=x`");
    }
}
