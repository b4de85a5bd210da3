//! What may be wrong with a journal.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use super::gone::LostJournal;

/// Why the journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    #[error("the file or its folder takes no writing")]
    ReadOnly,
    #[error("the folder {folder} cannot be used: {error}")]
    Folder { folder: PathBuf, error: std::io::Error },
    #[error("it was written by a newer version of okta-runbook (schema {found}, this one knows {known})")]
    Newer { found: i64, known: i64 },
    #[error("the run {run} is being worked on by {holder}")]
    Held { run: String, holder: String },
    #[error("the lock file {path} cannot be used: {error}")]
    Lock { path: PathBuf, error: std::io::Error },
    #[error("entry {intent} of run {run} is {state} and cannot become {told}")]
    Settled { run: String, intent: u64, state: &'static str, told: &'static str },
    #[error("run {run} has ended")]
    Ended { run: String },
    #[error("it was altered: the answer or before image {name} {how}")]
    Altered { name: String, how: &'static str },
    #[error("{0}")]
    Gone(Box<LostJournal>),
    #[error("{what} in it cannot be read: {reason}")]
    Unreadable { what: String, reason: String },
}

impl JournalError {
    /// A text that is not that of its name.
    pub(super) fn altered(name: &str, how: &'static str) -> Self {
        let name = name.get(..12).unwrap_or(name).to_owned();
        Self::Altered { name, how }
    }

    pub(super) fn unreadable(what: &str, reason: &dyn std::fmt::Display) -> Self {
        Self::Unreadable { what: what.to_owned(), reason: reason.to_string() }
    }

    /// Whether the file could not be written now, and may be later: a run that stops at it can be taken up again.
    pub fn is_of_disk(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Gone(_))
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Database(error) => return remedy(error).map(str::to_owned),
            Self::Folder { .. } | Self::Lock { .. } | Self::ReadOnly => CHOOSE,
            Self::Newer { .. } => "use that version, or another folder with OKTA_RUNBOOK_HOME",
            Self::Held { .. } => "wait until it ends, or stop it with Ctrl-C",
            Self::Ended { .. } => "see `okta-runbook runs`",
            Self::Unreadable { .. } => "the journal was damaged, or altered by hand: take it from a backup",
            Self::Altered { .. } | Self::Settled { .. } => "see `okta-runbook runs verify RUN`",
            Self::Gone(gone) => return Some(gone.help()),
        };
        Some(help.to_owned())
    }
}

const CHOOSE: &str = "see that its owner may write there, or choose another folder with OKTA_RUNBOOK_HOME";

/// By the database's own code of what is wrong.
fn remedy(error: &rusqlite::Error) -> Option<&'static str> {
    match error.sqlite_error_code()? {
        ErrorCode::DiskFull => Some("make room on the disk"),
        ErrorCode::SystemIoFailure => {
            Some("see that the disk has room and is in order; the system's log may tell more")
        }
        ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Some(CHOOSE),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Some("another process is writing into it without end: see which, and try again")
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            Some("it is damaged: take it from a backup, or choose another folder with OKTA_RUNBOOK_HOME")
        }
        _ => None,
    }
}
