//! Errors of the layers below as a command ends with them: the message, what to do, and the exit code.

use std::path::Path;

use crate::error::{Error, Exit};
use crate::okta;
use crate::run::{self, journal};

/// A call to an org that failed.
pub(super) fn okta_failure(org: &str, error: &okta::Error) -> Error {
    let text = Error::failed(format!("{org}: {error}"));
    error.help().into_iter().fold(text, Error::help)
}

/// A journal that cannot be opened, read or written.
pub(super) fn journal_failure(folder: &Path, error: &journal::Error) -> Error {
    let text = Error::usage(format!("the journal in {}: {error}", folder.display()));
    error.help().into_iter().fold(text, Error::help)
}

/// A run that ended before its outcome.
pub(super) fn run_failure(error: &run::Error) -> Error {
    let text = match error {
        run::Error::TakenBack { .. } => Error::usage(error.to_string()),
        run::Error::Journal(journal::Error::Gone(_)) => {
            Error { exit: Exit::Interrupted, ..Error::failed(error.to_string()) }
        }
        _ => Error::failed(error.to_string()),
    };
    error.help().into_iter().fold(text, Error::help)
}
