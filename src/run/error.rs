//! Why a call through the door did not do what was asked.

use std::fmt;

use super::consent::LockedOrg;
use super::expectation_ledger::UnmetExpectations;
use crate::{ldap, okta};

/// A refusal by the org or the directory, with the call it answers.
#[derive(Debug)]
pub struct CallRefusal {
    /// Name of the org in the runbook.
    pub org: String,
    /// The operation's name in scripts.
    pub operation: String,
    pub method: &'static str,
    pub path: String,
    pub source: okta::OktaError,
    /// It is a write, and it is not known whether it was carried out.
    pub is_unknown: bool,
}

impl fmt::Display for CallRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.source)?;
        if self.is_unknown {
            f.write_str("; it is not known whether the change was made")?;
        }
        Ok(())
    }
}

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{0}")]
    Okta(Box<CallRefusal>),
    #[error("{directory}: {source}")]
    Directory { directory: String, source: ldap::DirectoryError },
    /// The call itself was wrong; nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// The journal cannot be written, hence nothing may be sent.
    #[error("the journal: {0}")]
    Journal(#[from] super::journal::JournalError),
    /// The same when the run was executed before.
    #[error("{directory}: {message}")]
    DirectoryBefore { directory: String, message: String },
    /// A run that was taken up again asked something else than before.
    #[error("{} asks something else than when the run was executed before\n  recorded: {recorded}\n  asked:    {asked}", .lane.as_deref().unwrap_or("the script"))]
    Diverged { lane: Option<String>, recorded: String, asked: String },
    /// What is recorded of a run holds no longer: another one took it back.
    #[error("what run {run} did is taken back, at least in part, by run {by}")]
    TakenBack { run: String, by: String },
    /// A write of which nobody knows whether it happened.
    #[error("entry {entry}, {operation} {path}, was sent and has no answer, and no look can tell whether it happened")]
    Unsettled { entry: u64, operation: String, path: String },
    /// A person said no to these words, which are told by themselves.
    #[error("not confirmed")]
    Declined(String),
    /// A write needs consent and nobody is there to ask.
    #[error("nobody is there to confirm: {0}")]
    Unconfirmed(String),
    /// The org is marked as production, and its name was not typed.
    #[error("{}", .0.message)]
    Locked(LockedOrg),
    /// A manual step waits for a person.
    #[error("a manual step waits: {title}")]
    Waiting { title: String, name: String },
    #[error("interrupted")]
    Interrupted,
    /// What the script expects before it writes does not hold; the write was not sent.
    #[error("{0}")]
    Unmet(UnmetExpectations),
    /// A guard refuses the write, and says why; nothing was sent. `--allow` with the guard's name overrides.
    #[error("{operation} {path} in {org} is refused: {why}")]
    GuardRefused { guard: &'static str, org: String, operation: String, path: String, why: String },
    /// The plan that the run is held to has no such write.
    #[error("not in the plan: {operation} {path} in {org}{}", .item.as_ref().map_or_else(String::new, |item| format!(", for {item}")))]
    Unplanned { org: String, operation: String, path: String, item: Option<String> },
}

impl CallError {
    /// HTTP status of the answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Okta(refusal) => refusal.source.status(),
            _ => None,
        }
    }

    /// What to do about it, one thing a line.
    pub fn help_lines(&self) -> Vec<String> {
        match self {
            Self::Unmet(unmet) => unmet.help(),
            _ => self.help().into_iter().collect(),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Okta(refusal) if refusal.is_unknown => Some(
                "look in the org whether it was made; resume looks again and goes on, undo looks again and takes it back".to_owned(),
            ),
            Self::Okta(refusal) => refusal.source.help(),
            Self::Directory { source, .. } => source.help(),
            Self::Unconfirmed(_) => {
                Some("run it in a terminal and answer, or pass --yes".to_owned())
            }
            Self::Locked(locked) => Some(locked.help.join("; ")).filter(|help| !help.is_empty()),
            Self::Waiting { name, .. } => Some(format!("do it, then resume with --attest {name}")),
            Self::Journal(error) => error.help(),
            Self::Diverged { .. } => Some(
                "the runbook, its parameters or the org changed what is asked: resume with --accept-edits to go on from here without the record, or run anew"
                    .to_owned(),
            ),
            Self::TakenBack { .. } => {
                Some("run it anew: what is as it shall be stays so".to_owned())
            }
            Self::Unsettled { .. } => Some(
                "look in the org whether it happened; then start a new run, which skips what is done".to_owned(),
            ),
            Self::Unplanned { .. } => Some(
                "it was not sent, and neither is what would follow; see what is otherwise with a new plan"
                    .to_owned(),
            ),
            Self::GuardRefused { guard, .. } => Some(format!(
                "leave it out of the run; where it is meant, pass --allow {guard}, which is recorded"
            )),
            // It may be several things: see `help_lines`.
            Self::Unmet(_)
            | Self::DirectoryBefore { .. }
            | Self::Usage(_)
            | Self::Declined(_)
            | Self::Interrupted => None,
        }
    }
}
