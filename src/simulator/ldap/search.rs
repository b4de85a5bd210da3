//! One search: where it looks, which entries it takes, how many it gives, and which of their attributes.

use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapFilter, LdapPartialAttribute, LdapResult, LdapResultCode, LdapSearchRequest, LdapSearchResultEntry,
    LdapSearchScope,
};

use super::super::directory::{PlacedEntry, SearchReach, ShownAttributes, SimulatedDirectory};
use super::super::dn::DirectoryName;
use super::{filter, root, words};

/// AD's policy `MaxPageSize`: no answer has more entries, paged or not.
const MAX_PAGE_SIZE: usize = 1000;

/// What a search gives.
pub(super) struct SearchResult {
    pub(super) entries: Vec<LdapSearchResultEntry>,
    pub(super) result: LdapResult,
    pub(super) controls: Vec<LdapControl>,
}

/// The page that a client asks for.
struct SearchPage {
    size: usize,
    /// Key of the last entry of the page before; `None` for the first page.
    after: Option<String>,
}

/// Searches the directory; the root DSE is [`root_dse`].
pub(super) fn search(
    directory: &SimulatedDirectory,
    request: &LdapSearchRequest,
    controls: &[LdapControl],
) -> SearchResult {
    look(directory, request, controls).unwrap_or_else(SearchResult::nothing)
}

/// The root DSE, which is there for a search of scope base alone.
pub(super) fn root_dse(directory: &SimulatedDirectory, request: &LdapSearchRequest) -> SearchResult {
    if request.scope != LdapSearchScope::Base {
        return SearchResult::nothing(words::no_such_object(""));
    }
    // It has no class, and yet this is the filter by which every client reads it.
    let any = matches!(&request.filter, LdapFilter::Present(name) if name.eq_ignore_ascii_case("objectClass"));
    let entries = any.then(|| select_attributes("", root::attributes(directory), request));
    SearchResult { entries: entries.into_iter().collect(), ..SearchResult::nothing(words::success()) }
}

impl SearchResult {
    pub(super) fn nothing(result: LdapResult) -> Self {
        Self { entries: Vec::new(), result, controls: Vec::new() }
    }
}

fn look(
    directory: &SimulatedDirectory,
    request: &LdapSearchRequest,
    controls: &[LdapControl],
) -> Result<SearchResult, LdapResult> {
    let base = DirectoryName::parse(&request.base).map_err(|_| words::bad_name(&request.base))?;
    if directory.entry(&base).is_none() {
        let exists = |dn: &DirectoryName| directory.entry(dn).is_some();
        return Err(words::no_such_object(&words::best_match(&base, exists)));
    }
    let page = page(controls, &base)?;
    let limit = limit(request, page.as_ref());
    let after = page.as_ref().and_then(|page| page.after.as_deref());
    // One more than is given tells whether there is more.
    let mut placed = take(directory, request, &base, after, limit + 1);
    let more = placed.len() > limit;
    placed.truncate(limit);
    let paged = page.filter(|page| page.size == limit);
    Ok(SearchResult {
        entries: placed
            .iter()
            .map(|(_, entry)| select_attributes(entry.dn(), directory.attributes(*entry), request))
            .collect(),
        result: if more && paged.is_none() { size_limit_exceeded() } else { words::success() },
        controls: paged.map(|_| next_page(&placed, more)).into_iter().collect(),
    })
}

fn take<'a>(
    directory: &'a SimulatedDirectory,
    request: &LdapSearchRequest,
    base: &DirectoryName,
    after: Option<&str>,
    count: usize,
) -> Vec<PlacedEntry<'a>> {
    let reach = reach(&request.scope);
    let wanted = |placed: &PlacedEntry<'_>| filter::matches(&request.filter, directory, placed.1);
    let indexed = filter::required_equalities(&request.filter)
        .into_iter()
        .find_map(|(name, value)| directory.indexed(base, reach, name, &value));
    match indexed {
        Some(entries) => {
            let fresh = |placed: &PlacedEntry<'_>| after.is_none_or(|after| placed.0 > after);
            entries.into_iter().filter(fresh).filter(wanted).take(count).collect()
        }
        None => directory.entries(base, reach, after).filter(wanted).take(count).collect(),
    }
}

pub(super) fn reach(scope: &LdapSearchScope) -> SearchReach {
    match scope {
        LdapSearchScope::Base => SearchReach::Object,
        LdapSearchScope::OneLevel => SearchReach::Children,
        LdapSearchScope::Subtree => SearchReach::Subtree,
        LdapSearchScope::Children => SearchReach::Below,
    }
}

/// The page asked for, if any. A cookie is the key of an entry below the base: it stays good whatever changes in between.
fn page(controls: &[LdapControl], base: &DirectoryName) -> Result<Option<SearchPage>, LdapResult> {
    let asked = controls.iter().find_map(|control| match control {
        LdapControl::SimplePagedResults { size, cookie } => Some((*size, cookie)),
        _ => None,
    });
    let Some((size, cookie)) = asked else {
        return Ok(None);
    };
    let refused = || words::result(LdapResultCode::UnwillingToPerform, "the cookie is not of this search");
    let after = String::from_utf8(cookie.clone()).map_err(|_| refused())?;
    if !after.is_empty() && !after.starts_with(&base.key()) {
        return Err(refused());
    }
    Ok(Some(SearchPage {
        size: usize::try_from(size).unwrap_or_default().min(MAX_PAGE_SIZE),
        after: (!after.is_empty()).then_some(after),
    }))
}

/// The least of what the client takes, its page, and the server's policy.
fn limit(request: &LdapSearchRequest, page: Option<&SearchPage>) -> usize {
    let asked = usize::try_from(request.sizelimit).ok().filter(|limit| *limit > 0);
    let page = page.map_or(MAX_PAGE_SIZE, |page| page.size);
    asked.unwrap_or(MAX_PAGE_SIZE).min(page)
}

fn next_page(placed: &[PlacedEntry<'_>], more: bool) -> LdapControl {
    let last = placed.last().filter(|_| more);
    LdapControl::SimplePagedResults {
        size: 0,
        cookie: last.map(|(key, _)| key.as_bytes().to_vec()).unwrap_or_default(),
    }
}

fn size_limit_exceeded() -> LdapResult {
    words::result(LdapResultCode::SizeLimitExceeded, "")
}

/// The attributes asked for: all of them for none or `*`, none for `1.1` alone.
fn select_attributes(dn: &str, shown: ShownAttributes, request: &LdapSearchRequest) -> LdapSearchResultEntry {
    let names = &request.attrs;
    let all = names.is_empty() || names.iter().any(|name| name == "*");
    let asked = |own: &str| all || names.iter().any(|name| name.eq_ignore_ascii_case(own));
    let attributes = shown.into_iter().filter(|(name, _)| asked(name));
    LdapSearchResultEntry {
        dn: dn.to_owned(),
        attributes: attributes
            .map(|(atype, vals)| LdapPartialAttribute {
                atype,
                vals: if request.typesonly { Vec::new() } else { vals },
            })
            .collect(),
    }
}
