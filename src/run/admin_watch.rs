//! What a run knows of those who administer its orgs.

use std::collections::{BTreeMap, BTreeSet};

/// What a run keeps of the super admins of its orgs. Keys are an org's name and an id.
#[derive(Debug, Default)]
pub(super) struct AdminWatch {
    /// Users whose access this run has been let take away.
    pub(super) leaving: BTreeSet<(String, String)>,
    /// Whether a group makes its members super admins, read once; false where the org does not say.
    pub(super) groups: BTreeMap<(String, String), bool>,
}
