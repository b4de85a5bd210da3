//! The least OAuth scopes that suffice for operations.

use std::collections::BTreeSet;

use crate::okta::ApiOperation;

/// The scopes that all of `operations` need, without those that another one implies: Okta's documentation of scopes says that a
/// `.manage` scope allows what the `.read` scope of its family allows.
pub fn least_scopes<'a>(operations: impl IntoIterator<Item = &'a ApiOperation>) -> Vec<&'static str> {
    let all: BTreeSet<&'static str> =
        operations.into_iter().flat_map(|operation| operation.scopes.iter().copied()).collect();
    let implied = |scope: &str| {
        scope.strip_suffix(".read").is_some_and(|family| all.contains(format!("{family}.manage").as_str()))
    };
    all.iter().copied().filter(|scope| !implied(scope)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okta::operations;

    #[test]
    fn a_scope_that_manages_implies_the_one_that_reads() {
        let named = ["list_groups", "add_group", "get_user"].map(|name| operations::find(name).expect(name));
        assert_eq!(least_scopes(named), ["okta.groups.manage", "okta.users.read"]);
    }
}
