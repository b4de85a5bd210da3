//! Texts by their digests: answers and before images. The text is compared with its name whenever it is read.

use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;

use super::chain::{digest_of, hex};
use super::error::JournalError;

/// Whether texts that are not those of their names are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum AlteredBodies {
    #[default]
    Refused,
    /// A person said so, and that is in the journal.
    Accepted,
}

/// The name of a text: its digest.
pub(super) fn name_of(text: &str) -> String {
    hex(&digest_of(text))
}

/// Whether a text is the one of its name.
pub(super) fn is_named(name: &str, text: &str) -> bool {
    name_of(text) == name
}

impl AlteredBodies {
    /// The value of a text that was read by its name; nothing where there is no name.
    pub(super) fn value(self, name: Option<&str>, text: Option<&str>) -> Result<Value, JournalError> {
        let Some(name) = name else {
            return Ok(Value::Null);
        };
        let text = text.ok_or_else(|| JournalError::altered(name, "is missing"))?;
        if self == Self::Refused && !is_named(name, text) {
            return Err(JournalError::altered(name, "is not the one that was written"));
        }
        serde_json::from_str(text).map_err(|e| JournalError::unreadable("an answer", &e))
    }

    /// The value of the text of this name.
    pub(super) fn read(self, connection: &Connection, name: &str) -> Result<Value, JournalError> {
        let text: Option<String> = connection
            .prepare_cached("SELECT body FROM bodies WHERE digest = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        self.value(Some(name), text.as_deref())
    }
}
