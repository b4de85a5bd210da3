//! Opening the file: to write, or to read without a trace.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tempfile::TempDir;

use super::error::JournalError;
use super::file_watch::{FileWatch, JournalMode};
use super::permissions;
use super::schema;
use crate::private_files;

pub(super) const FILE: &str = "journal.sqlite";

/// How long a process waits for another one that writes.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Memory for pages of the file, in KiB: those of the indexes that the entries of all lanes go into. With the database's own 2 MiB a run of
/// some hundred users reads them again at every write.
const CACHE_KIB: i64 = 8 * 1024;

/// A file that is open to write.
pub(super) struct OpenedJournal {
    pub(super) connection: Connection,
    pub(super) watch: FileWatch,
    /// That others can read it.
    pub(super) warnings: Vec<String>,
}

/// The file to add runs to, of this version's schema; made when there is none.
pub(super) fn to_write(folder: &Path) -> Result<OpenedJournal, JournalError> {
    make_folder(folder)?;
    let path = folder.join(FILE);
    // Made by the database it would be open to others. The others that the database makes get the mode of this one.
    match private_files::create_new(&path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(of_creation(folder, error));
        }
        _ => {}
    }
    let warnings = permissions::restrict(folder);
    let connection = Connection::open(&path)?;
    connection.busy_timeout(PATIENCE)?;
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(JournalError::ReadOnly);
    }
    let mode = write_ahead(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    schema::bring_up(&connection)?;
    let journaling = if mode.eq_ignore_ascii_case("wal") { JournalMode::WriteAhead } else { JournalMode::Rollback };
    Ok(OpenedJournal { watch: FileWatch::begin(&path, journaling), connection, warnings })
}

/// Asks for the log that is written ahead, and returns what the file has. The database does not wait by itself for another process that
/// asks for the same at the same time.
fn write_ahead(connection: &Connection) -> Result<String, JournalError> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            mode => return Ok(mode?),
        }
    }
}

/// What the file system says to a new file, as the database would have said it.
fn of_creation(folder: &Path, error: std::io::Error) -> JournalError {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => JournalError::ReadOnly,
        _ => JournalError::Folder { folder: folder.to_owned(), error },
    }
}

/// The file to read from, and the folder of a copy where it can only be read from a copy: on a medium that takes no writing, or when an
/// older version wrote it.
pub(super) fn to_read(folder: &Path) -> Result<(Connection, Option<TempDir>), JournalError> {
    match in_place(folder) {
        Ok(Some(connection)) => return Ok((connection, None)),
        Ok(None) => {}
        Err(JournalError::Database(error)) if cannot_be_written(&error) => {}
        Err(error) => return Err(error),
    }
    if !folder.join(FILE).is_file() {
        return Err(JournalError::Folder { folder: folder.to_owned(), error: std::io::ErrorKind::NotFound.into() });
    }
    let copy = copy_journal(folder)?;
    let connection = to_write(copy.path())?.connection;
    Ok((connection, Some(copy)))
}

/// `None` when an older version wrote it.
fn in_place(folder: &Path) -> Result<Option<Connection>, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(FILE), flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(schema::is_current(&connection)?.then_some(connection))
}

fn cannot_be_written(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied))
}

/// With what another process has not brought from the log into the file yet.
fn copy_journal(folder: &Path) -> Result<TempDir, JournalError> {
    let failed = |error| JournalError::Folder { folder: folder.to_owned(), error };
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
fn make_folder(folder: &Path) -> Result<(), JournalError> {
    if folder.is_dir() {
        return Ok(());
    }
    private_files::create_folder(folder).map_err(|error| JournalError::Folder { folder: folder.to_owned(), error })
}
