//! The OAuth scopes that Okta's API description names.

use std::collections::BTreeSet;

use crate::okta::operations;

/// Families of scopes that a session or an undo asks for, of which nobody knows beforehand what it calls. Okta grants those of
/// them that the app has.
const FAMILIES: &[&str] =
    &["users", "groups", "apps", "profileMappings", "schemas", "roles", "appGrants", "agentPools", "logs", "orgs"];

/// What service apps ask for in sessions and undos.
pub(crate) fn usual_scopes() -> Vec<String> {
    let known: BTreeSet<&str> = every_scope();
    FAMILIES
        .iter()
        .flat_map(|family| ["read", "manage"].map(|verb| format!("okta.{family}.{verb}")))
        .filter(|scope| known.contains(scope.as_str()))
        .collect()
}

/// Every scope that Okta's API description names: one that it does not know is refused.
pub(crate) fn every_scope() -> BTreeSet<&'static str> {
    operations::all().iter().flat_map(|operation| operation.scopes.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_asks_for_scopes_that_there_are() {
        assert!(usual_scopes().contains(&"okta.users.manage".to_owned()));
        assert!(!usual_scopes().contains(&"okta.logs.manage".to_owned()));
    }
}
