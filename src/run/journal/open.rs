//! Opening the file: to write, or to read without a trace.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tempfile::TempDir;

use super::error::Error;
use super::schema;

const FILE: &str = "journal.sqlite";

/// How long a process waits for another one that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The file to add runs to, of this version's schema; made when there is none.
pub(super) fn to_write(folder: &Path) -> Result<Connection, Error> {
    make_folder(folder)?;
    let connection = Connection::open(folder.join(FILE))?;
    connection.busy_timeout(PATIENCE)?;
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(Error::ReadOnly);
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    schema::bring_up(&connection)?;
    Ok(connection)
}

/// The file to read from, and the folder of a copy where it can only be read from a copy: on a medium that takes no writing, or when an
/// older version wrote it.
pub(super) fn to_read(folder: &Path) -> Result<(Connection, Option<TempDir>), Error> {
    match in_place(folder) {
        Ok(Some(connection)) => return Ok((connection, None)),
        Ok(None) => {}
        Err(Error::Database(error)) if cannot_be_written(&error) => {}
        Err(error) => return Err(error),
    }
    if !folder.join(FILE).is_file() {
        return Err(Error::Folder {
            folder: folder.to_owned(),
            error: std::io::ErrorKind::NotFound.into(),
        });
    }
    let copy = copied(folder)?;
    let connection = to_write(copy.path())?;
    Ok((connection, Some(copy)))
}

/// `None` when an older version wrote it.
fn in_place(folder: &Path) -> Result<Option<Connection>, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(FILE), flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(schema::is_current(&connection)?.then_some(connection))
}

fn cannot_be_written(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
    )
}

/// With what another process has not brought from the log into the file yet.
fn copied(folder: &Path) -> Result<TempDir, Error> {
    let failed = |error| Error::Folder {
        folder: folder.to_owned(),
        error,
    };
    let copy = tempfile::tempdir().map_err(failed)?;
    for name in [FILE, "journal.sqlite-wal"] {
        let (from, to) = (folder.join(name), copy.path().join(name));
        match fs::read(&from).and_then(|bytes| fs::write(&to, bytes)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
    }
    Ok(copy)
}

/// Only its owner may read what a run did to an org.
fn make_folder(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Error::Folder {
        folder: folder.to_owned(),
        error,
    })
}
