//! Why a call through the door did not do what was asked.

use crate::{ldap, okta};

/// A refusal by the org or the directory, with the call it answers.
#[derive(Debug)]
pub struct Refusal {
    /// Name of the org in the runbook.
    pub org: String,
    /// The operation's name in scripts.
    pub operation: String,
    pub method: &'static str,
    pub path: String,
    pub source: okta::Error,
}

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: {}", .0.operation, .0.source)]
    Okta(Box<Refusal>),
    #[error("{directory}: {source}")]
    Directory {
        directory: String,
        source: ldap::Error,
    },
    /// The call itself was wrong; nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// The journal cannot be written, hence nothing may be sent.
    #[error("the journal cannot be written: {0}")]
    Journal(#[from] rusqlite::Error),
    /// A person said no.
    #[error("not confirmed: {0}")]
    Declined(String),
    /// A write needs consent and nobody is there to ask.
    #[error("nobody is there to confirm: {0}")]
    Unconfirmed(String),
    /// A manual step waits for a person.
    #[error("the manual step \"{title}\" waits")]
    Waiting { title: String, name: String },
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// HTTP status of the answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Okta(refusal) => refusal.source.status(),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Okta(refusal) => refusal.source.help(),
            Self::Directory { source, .. } => source.help(),
            Self::Unconfirmed(_) => {
                Some("run it in a terminal and answer, or pass --yes".to_owned())
            }
            Self::Waiting { name, .. } => {
                Some(format!("do it, then run again with --attest {name}"))
            }
            Self::Journal(_) => {
                Some("free the disk or choose another folder with OKTA_RUNBOOK_HOME".to_owned())
            }
            Self::Usage(_) | Self::Declined(_) | Self::Interrupted => None,
        }
    }
}
