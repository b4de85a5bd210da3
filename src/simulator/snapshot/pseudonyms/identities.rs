//! Ids, GUIDs and numbers: made-up ones in the order of the real ones, so that lists keep their order.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::directory::ObjectGuid;
use super::walk::TextKind;

#[derive(Debug, Default)]
pub(super) struct PersonIdentities {
    ids: BTreeSet<String>,
    /// By their bytes in base64.
    guids: BTreeSet<String>,
    numbers: BTreeSet<String>,
    made: BTreeMap<String, String>,
    made_numbers: BTreeMap<String, String>,
}

/// Length of Okta's ids; the first three characters tell the kind.
const LENGTH: usize = 20;
const PREFIX: usize = 3;

impl PersonIdentities {
    /// Keeps what is no text. False of what is one.
    pub(super) fn learn(&mut self, kind: TextKind, text: &str) -> bool {
        let set = match kind {
            TextKind::Number => &mut self.numbers,
            TextKind::Guid => &mut self.guids,
            TextKind::External if ObjectGuid::from_base64(text).is_some() => &mut self.guids,
            TextKind::Id => &mut self.ids,
            TextKind::External | TextKind::Reference | TextKind::Literal if is_id(text) => &mut self.ids,
            _ => return false,
        };
        set.insert(text.to_owned());
        true
    }

    pub(super) fn assign(&mut self) {
        for (number, id) in self.ids.iter().enumerate() {
            let prefix: String = id.chars().take(PREFIX).collect();
            let width = LENGTH - PREFIX;
            let made = format!("{prefix}{:0width$}", number + 1);
            self.made.insert(id.clone(), made);
        }
        for (number, guid) in (1_u64..).zip(&self.guids) {
            self.made.insert(guid.clone(), made_guid(number));
        }
        for (number, text) in self.numbers.iter().enumerate() {
            let made = (number + 1).to_string();
            self.made_numbers.insert(text.clone(), made);
        }
    }

    pub(super) fn number(&self, text: &str) -> String {
        let made = self.made_numbers.get(text);
        made.map_or_else(|| text.to_owned(), String::clone)
    }

    /// What stands for it, when it is one of these.
    pub(super) fn find(&self, text: &str) -> Option<String> {
        self.made.get(text).cloned()
    }
}

fn is_id(text: &str) -> bool {
    text.len() == LENGTH && text.chars().all(|one| one.is_ascii_alphanumeric())
}

/// Version and variant are those of a random one.
fn made_guid(number: u64) -> String {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    bytes[7] = 0x40;
    bytes[8] |= 0x80;
    ObjectGuid::from_bytes(&bytes).map(|guid| guid.base64()).unwrap_or_default()
}
