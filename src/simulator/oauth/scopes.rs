//! Scopes: which are granted of those asked for, and which an endpoint needs.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::form::TokenDenial;

/// Okta's API description as a table; its columns method, path and scopes are read here.
const OPERATIONS: &str = include_str!("../../okta/operations.tsv");

type EndpointScopes = HashMap<(&'static str, String), Vec<&'static str>>;

static NEEDS: LazyLock<EndpointScopes> = LazyLock::new(|| {
    let rows = OPERATIONS.lines().skip(1).filter_map(|line| {
        let cells: Vec<&'static str> = line.split('\t').collect();
        let (method, path, scopes) = (cells.get(1)?, cells.get(2)?, cells.get(7)?);
        let scopes = scopes.split_whitespace().collect();
        Some(((*method, without_names(path)), scopes))
    });
    rows.collect()
});

/// The scopes that an endpoint needs, all of them; `None` when it is not open to OAuth.
pub(super) fn needed_scopes(method: &'static str, pattern: &str) -> Option<&'static [&'static str]> {
    let scopes = NEEDS.get(&(method, without_names(pattern)))?;
    (!scopes.is_empty()).then_some(scopes.as_slice())
}

/// Whether `scope` is among `held`; a `.manage` scope implies the `.read` scope of its family (documentation of scopes).
pub(super) fn holds_scope(held: &[String], scope: &str) -> bool {
    let manage = scope.strip_suffix(".read").map(|family| format!("{family}.manage"));
    held.iter().any(|one| one == scope || Some(one) == manage.as_ref())
}

/// Those asked for that are granted. The rest is dropped without a word; only when nothing remains is it an error (seen by users of
/// Okta's Go SDK).
pub(super) fn granted_scopes(asked: &[String], grants: &[String]) -> Result<Vec<String>, TokenDenial> {
    if asked.is_empty() {
        return Err(TokenDenial::new("invalid_scope", "The authorization server requires a 'scope' parameter."));
    }
    let granted: Vec<String> = asked.iter().filter(|scope| grants.contains(scope)).cloned().collect();
    if granted.is_empty() {
        return Err(TokenDenial::new(
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
        ));
    }
    Ok(granted)
}

fn without_names(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_need_their_scopes() {
        for (method, pattern, expected) in [
            ("GET", "/api/v1/groups/{any}", Some(&["okta.groups.read"][..])),
            ("POST", "/api/v1/apps/{a}/users", Some(&["okta.apps.manage"])),
            ("DELETE", "/api/v1/api-tokens/current", None),
            ("GET", "/nowhere", None),
        ] {
            assert_eq!(needed_scopes(method, pattern), expected, "{method} {pattern}");
        }
    }

    #[test]
    fn manage_implies_read_and_not_the_other_way_round() {
        let held = ["okta.groups.manage".to_owned(), "okta.users.read".to_owned()];
        assert!(holds_scope(&held, "okta.groups.read") && holds_scope(&held, "okta.users.read"));
        assert!(!holds_scope(&held, "okta.users.manage") && !holds_scope(&held, "okta.apps.read"));
    }
}
