//! A directory that is read from the real one when it is first asked for something, and whose changes stay here.
//!
//! What is known already is never read again: it may have been changed here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

use super::dump::row;
use super::entry::SearchReach;
use super::identity::ObjectGuid;
use super::live::{AccountKey, LiveDirectory, LiveDirectorySettings};
use super::refusal::ChangeRefusal;
use super::shadow_original::{SearchDepth, ShadowOriginal};
use super::simulated_directory::SimulatedDirectory;
use super::units::parse;

impl SimulatedDirectory {
    /// A shadow of the directory that `settings` lead to.
    ///
    /// # Errors
    /// When it does not answer, or does not take the password.
    pub(in crate::simulator) fn shadow(domain: &str, settings: LiveDirectorySettings) -> Result<Self, ChangeRefusal> {
        let mut directory = Self::new(domain, 0);
        directory.clear();
        directory.original =
            Some(ShadowOriginal { outside: LiveDirectory::new(settings), done: BTreeSet::new(), changed: None });
        let base = directory.base();
        directory.recall(&base, SearchReach::Object, None)?;
        Ok(directory)
    }

    pub(in crate::simulator) fn is_shadow(&self) -> bool {
        self.original.is_some()
    }

    /// When a shadow was first changed; never, for another directory.
    pub(in crate::simulator) fn first_changed(&self) -> Option<Timestamp> {
        self.original.as_ref()?.changed
    }

    pub(super) fn note_change(&mut self) {
        if let Some(original) = &mut self.original {
            original.changed.get_or_insert_with(Timestamp::now);
        }
    }

    /// Keeps an account as it was read.
    pub(super) fn keep_first(&mut self, guid: ObjectGuid) {
        if let Some(first) = self.account(guid).map(row) {
            self.firsts.entry(guid).or_insert(first);
        }
    }

    /// Accounts of a shadow that are otherwise than in the real directory: GUID, then before and after.
    pub(in crate::simulator) fn changes(&self) -> Vec<(String, Option<Value>, Option<Value>)> {
        if !self.is_shadow() && !self.imagined {
            return Vec::new();
        }
        let all: BTreeSet<&ObjectGuid> = self.firsts.keys().chain(self.accounts.keys()).collect();
        let changed = all.into_iter().filter_map(|guid| {
            let before = self.firsts.get(guid).cloned();
            let after = self.account(*guid).map(row);
            (before != after).then(|| (guid.to_string(), before, after))
        });
        changed.collect()
    }

    /// Has a shadow read what is within `reach` of `base` and, if one is given, has this value.
    ///
    /// # Errors
    /// When the real directory does not answer. That it has no such base is no error here.
    pub(in crate::simulator) fn recall(
        &mut self,
        base: &str,
        reach: SearchReach,
        condition: Option<(&str, &[u8])>,
    ) -> Result<(), ChangeRefusal> {
        let Some(original) = &mut self.original else {
            return Ok(());
        };
        let Ok(key) = parse(base).map(|dn| dn.key()) else {
            return Ok(());
        };
        let depth = SearchDepth::of(reach);
        let condition = condition.map_or_else(String::new, |(name, value)| equality(name, value));
        if original.knows(&key, depth, &condition) {
            return Ok(());
        }
        let outside = original.outside.clone();
        self.take_in(&outside, base, depth.scope(), &condition)?;
        if let Some(original) = &mut self.original {
            original.done.insert((key, depth, condition));
        }
        Ok(())
    }

    /// The same for one account.
    pub(in crate::simulator) fn recall_account(&mut self, who: AccountKey<'_>) -> Result<(), ChangeRefusal> {
        let base = self.base();
        match who {
            AccountKey::Guid(guid) if self.account(guid).is_some() => Ok(()),
            AccountKey::Guid(guid) => self.recall_equal(&base, "objectGUID", &guid.bytes()),
            AccountKey::UserPrincipalName(name) => self.recall_equal(&base, "userPrincipalName", name.as_bytes()),
        }
    }

    /// Whether `name` is free in the domain can only be told when its holder is known.
    pub(super) fn recall_holder(&mut self, attribute: &str, name: &str) -> Result<(), ChangeRefusal> {
        let base = self.base();
        self.recall_equal(&base, attribute, name.as_bytes())
    }

    fn recall_equal(&mut self, base: &str, attribute: &str, value: &[u8]) -> Result<(), ChangeRefusal> {
        self.recall(base, SearchReach::Subtree, Some((attribute, value)))
    }
}

impl ShadowOriginal {
    /// Whether this search, or one that covers it, was done.
    fn knows(&self, key: &str, depth: SearchDepth, condition: &str) -> bool {
        let covers = |(base, reach, of): &(String, SearchDepth, String)| {
            let whole = of.is_empty() && *reach == SearchDepth::Subtree && key.starts_with(base.as_str());
            let same = base == key && *reach == depth && (of == condition || of.is_empty());
            whole || same
        };
        // Whole subtrees are few; the searches for one account are looked up.
        self.done.contains(&(key.to_owned(), depth, condition.to_owned()))
            || self.done.iter().filter(|it| it.2.is_empty()).any(covers)
    }
}

/// `(name=value)`, every byte as a filter takes it.
fn equality(name: &str, value: &[u8]) -> String {
    let mut text = format!("({name}=");
    for byte in value {
        // Writing to a String cannot fail.
        let _ = write!(text, "\\{byte:02x}");
    }
    text.push(')');
    text
}

/// Bytes of a GUID as a filter takes them.
pub(super) fn of_guid(guid: ObjectGuid) -> String {
    equality("objectGUID", &guid.bytes())
}
