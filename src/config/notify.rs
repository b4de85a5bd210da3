//! Who is told, outside of the terminal, of what becomes of runs.

use super::secret::SecretSource;

/// `[notify]` of a profile file.
#[derive(Clone, Debug)]
pub struct NotifyProfile {
    /// A program and its arguments; `{text}` in one of them is the message. It is given the message as JSON.
    pub command: Vec<String>,
    /// An address that takes the message as JSON.
    pub webhook: Option<SecretSource>,
    /// When somebody is told; always, when there are none.
    pub occasions: Vec<NotifyOccasion>,
}

/// When somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyOccasion {
    /// The run waits for a person.
    Waiting,
    /// It ended otherwise than it should.
    Failed,
    /// It succeeded.
    Ended,
    /// The runbook says something: `notify("…")`.
    Note,
}

impl NotifyOccasion {
    /// All of them by their words.
    pub const ALL: [(&'static str, Self); 4] =
        [("waiting", Self::Waiting), ("failed", Self::Failed), ("ended", Self::Ended), ("note", Self::Note)];

    /// As it stands in a profile file.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == word).map(|(_, occasion)| occasion)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, occasion)| *occasion == self).map_or("", |(word, _)| word)
    }
}

impl NotifyProfile {
    /// Whether somebody is told then.
    pub fn tells(&self, occasion: NotifyOccasion) -> bool {
        self.occasions.is_empty() || self.occasions.contains(&occasion)
    }
}
