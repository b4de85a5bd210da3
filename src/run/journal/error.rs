//! What may be wrong with a journal.

use std::path::PathBuf;

/// Why the journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    #[error("the folder {folder} cannot be made: {error}")]
    Folder {
        folder: PathBuf,
        error: std::io::Error,
    },
    #[error(
        "it was written by a newer version of okta-runbook (schema {found}, this one knows {known})"
    )]
    Newer { found: i64, known: i64 },
    #[error("the run {run} is being worked on by {holder}")]
    Held { run: String, holder: String },
    #[error("the lock file {path} cannot be used: {error}")]
    Lock {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("entry {intent} of run {run} is {state} and cannot become {told}")]
    Settled {
        run: String,
        intent: u64,
        state: &'static str,
        told: &'static str,
    },
    #[error("{what} in it cannot be read: {reason}")]
    Unreadable { what: String, reason: String },
}

impl Error {
    pub(super) fn unreadable(what: &str, reason: &dyn std::fmt::Display) -> Self {
        Self::Unreadable {
            what: what.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Database(_) | Self::Folder { .. } | Self::Lock { .. } => Some(
                "see that the disk has room and the folder can be written, or choose another with OKTA_RUNBOOK_HOME".to_owned(),
            ),
            Self::Newer { .. } => Some("use that version, or another folder with OKTA_RUNBOOK_HOME".to_owned()),
            Self::Held { .. } => Some("wait until it ends, or stop it with Ctrl-C".to_owned()),
            Self::Unreadable { .. } | Self::Settled { .. } => Some("see `okta-runbook runs verify RUN`".to_owned()),
        }
    }
}
