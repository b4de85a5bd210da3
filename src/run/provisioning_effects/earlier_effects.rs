//! What earlier undos of a run recorded that they wait for.

use std::collections::HashMap;

use super::super::journal::{Journal, JournalError};
use super::ProvisioningEffects;

/// Of each write, what earlier undos of its run recorded that they wait for, by the path of the call that took it back.
#[derive(Debug, Default)]
pub(in crate::run) struct EarlierEffects(HashMap<u64, Vec<(String, ProvisioningEffects)>>);

impl EarlierEffects {
    /// What other runs than `undo` recorded of the writes of `run`, the latest last.
    pub(super) fn read(journal: &Journal, run: &str, undo: &str) -> Result<Self, JournalError> {
        let mut found = Self::default();
        for (request, answer) in journal.awaited(run, undo)? {
            let named = &request["awaited"];
            // What another version wrote otherwise does not say what to wait for.
            let aftermath = serde_json::from_value(answer);
            if let (Some(entry), Some(path), Ok(aftermath)) =
                (named["entry"].as_u64(), named["path"].as_str(), aftermath)
            {
                let of_write = found.0.entry(entry).or_default();
                of_write.push((path.to_owned(), aftermath));
            }
        }
        Ok(found)
    }

    /// What was awaited after the calls on `path` that took back a write.
    pub(super) fn after(&self, entry: u64, path: &str) -> Option<&ProvisioningEffects> {
        let of_write = self.0.get(&entry)?.iter();
        let mut same = of_write.filter(|(of, _)| of == path);
        same.next_back().map(|(_, aftermath)| aftermath)
    }
}
