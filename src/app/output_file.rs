//! A file that a command writes: not over one that is there, unless that was asked for.

use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::error::CommandError;
use crate::private_files;

/// Whether a file that is there may be written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OverwriteMode {
    Allowed,
    Refused,
}

impl OverwriteMode {
    /// What `--force` says.
    pub(crate) fn of(force: bool) -> Self {
        if force { Self::Allowed } else { Self::Refused }
    }
}

/// Writes a text. A new file is its owner's alone: plans, reports and snapshots say who is in an org.
///
/// # Errors
/// When the file is there already and `over` is not allowed, or cannot be written.
pub(crate) fn write(path: &Path, text: &str, over: OverwriteMode) -> Result<(), CommandError> {
    let shown = path.display();
    let mut options = private_files::options();
    match over {
        OverwriteMode::Allowed => options.create(true).truncate(true),
        OverwriteMode::Refused => options.create_new(true),
    };
    let opened = options.open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => is_there(path),
        _ => CommandError::usage(format!("cannot write {shown}: {error}")),
    });
    opened?.write_all(text.as_bytes()).map_err(|error| CommandError::failed(format!("cannot write {shown}: {error}")))
}

/// Refuses early what [`write`] would refuse at the end of long work.
///
/// # Errors
/// When the file is there already and `over` is not allowed, or there is no folder for it.
pub(crate) fn check(path: &Path, over: OverwriteMode) -> Result<(), CommandError> {
    if over == OverwriteMode::Refused && path.exists() {
        return Err(is_there(path));
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(CommandError::usage(format!(
            "cannot write {}: there is no folder {}",
            path.display(),
            folder.display()
        ))),
        _ => Ok(()),
    }
}

fn is_there(path: &Path) -> CommandError {
    CommandError::usage(format!("{} is there already", path.display()))
        .help("name another file, or write over it with --force")
}
