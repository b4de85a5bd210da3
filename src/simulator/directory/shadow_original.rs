//! The directory that a shadow is read from, and what was read of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ldap3::Scope;

use super::entry::SearchReach;
use super::live::LiveDirectory;

/// Where a shadow is read from.
pub(super) struct ShadowOriginal {
    pub(super) outside: LiveDirectory,
    /// Searches that were done: key of the base, how far below it, and the condition.
    pub(super) done: BTreeSet<(String, SearchDepth, String)>,
    /// When something was first changed here.
    pub(super) changed: Option<Timestamp>,
}

/// How far a search looks, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SearchDepth {
    Object,
    Children,
    Subtree,
}

impl SearchDepth {
    pub(super) fn of(reach: SearchReach) -> Self {
        match reach {
            SearchReach::Object => Self::Object,
            SearchReach::Children => Self::Children,
            SearchReach::Below | SearchReach::Subtree => Self::Subtree,
        }
    }

    pub(super) fn scope(self) -> Scope {
        match self {
            Self::Object => Scope::Base,
            Self::Children => Scope::OneLevel,
            Self::Subtree => Scope::Subtree,
        }
    }
}
