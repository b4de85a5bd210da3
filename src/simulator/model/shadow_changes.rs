//! What a shadow keeps of its changes.

use std::collections::BTreeSet;

/// What a shadow must not take from the real org, or not again.
#[derive(Default)]
pub(in crate::simulator) struct ShadowChanges {
    /// Paths of what was taken in: it may have been changed since.
    pub(in crate::simulator) seen: BTreeSet<String>,
    /// Those whose first form is still to be kept.
    pub(in crate::simulator) fresh: Vec<String>,
    /// Memberships that came or went here: group, user.
    pub(in crate::simulator) memberships: BTreeSet<(String, String)>,
    /// Paths of what nobody can know: what a provisioning job brought about.
    pub(in crate::simulator) guessed: BTreeSet<String>,
    /// Domains whose directory cannot be looked at.
    pub(in crate::simulator) imagined: BTreeSet<String>,
}
