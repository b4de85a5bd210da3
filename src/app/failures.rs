//! Errors of the layers below as a command ends with them: the message, what to do, and the exit code.

use std::path::Path;

use crate::error::{CommandError, CommandExit};
use crate::okta;
use crate::run::{self, journal};

/// A call to an org that failed.
pub(crate) fn okta_failure(org: &str, error: &okta::OktaError) -> CommandError {
    let text = CommandError::failed(format!("{org}: {error}"));
    error.help().into_iter().fold(text, CommandError::help)
}

/// A journal that cannot be opened, read or written.
pub(crate) fn journal_failure(folder: &Path, error: &journal::JournalError) -> CommandError {
    let text = CommandError::usage(format!("the journal in {}: {error}", folder.display()));
    error.help().into_iter().fold(text, CommandError::help)
}

/// A run that ended before its outcome.
pub(crate) fn run_failure(error: &run::CallError) -> CommandError {
    let text = match error {
        run::CallError::TakenBack { .. } => CommandError::usage(error.to_string()),
        run::CallError::Journal(journal::JournalError::Gone(_)) => {
            CommandError { exit: CommandExit::Interrupted, ..CommandError::failed(error.to_string()) }
        }
        _ => CommandError::failed(error.to_string()),
    };
    error.help().into_iter().fold(text, CommandError::help)
}
