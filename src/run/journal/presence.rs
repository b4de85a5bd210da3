//! Whether what this process wrote is still in the journal that others see: looked at before and after each writing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::chain::EntryDigest;
use super::entry::number;
use super::error::JournalError;
use super::file_watch::{FileComparison, FileWatch};
use super::gone::LostJournal;

/// The file, and by heart what a person must know when it is gone.
pub(super) struct FilePresence {
    watch: FileWatch,
    /// Number of entries of each run and digest of the last, as they were last written.
    written: HashMap<String, (u64, EntryDigest)>,
    known: HashMap<String, KnownWrites>,
    /// Once it is gone nothing is written any more: a file that comes back lacks what was written meanwhile.
    gone: Option<LostJournal>,
}

#[derive(Default)]
struct KnownWrites {
    writes: u64,
    last: Option<String>,
}

impl FilePresence {
    pub(super) fn of(watch: FileWatch) -> Self {
        Self { watch, written: HashMap::new(), known: HashMap::new(), gone: None }
    }

    /// Why nothing is written any more.
    pub(super) fn gone(&self) -> Option<JournalError> {
        let gone = self.gone.clone()?;
        Some(JournalError::Gone(Box::new(gone)))
    }

    /// What is wrong with the file, if anything is.
    pub(super) fn look(&self) -> Option<String> {
        match self.watch.look() {
            FileComparison::AsLeft => None,
            FileComparison::Written => self.read_again().err(),
            FileComparison::Lost(why) => Some(why.to_owned()),
        }
    }

    /// The same right after a writing of this process: `ends` are the runs that were written, as they end now.
    pub(super) fn look_after_writing(
        &mut self,
        ends: impl Iterator<Item = (String, (u64, EntryDigest))>,
    ) -> Option<String> {
        self.written.extend(ends);
        match self.watch.look_after_writing() {
            FileComparison::Lost(why) => Some(why.to_owned()),
            FileComparison::AsLeft | FileComparison::Written => None,
        }
    }

    /// Reads by the file's name what this process wrote: what its own connection keeps in memory says nothing of the file.
    fn read_again(&self) -> Result<(), String> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let read =
            Connection::open_with_flags(self.watch.path(), flags).and_then(|connection| self.has_all(&connection));
        match read {
            Ok(true) => Ok(()),
            Ok(false) => Err("lacks what this run wrote into it".to_owned()),
            Err(error) => Err(format!("cannot be read any more ({error})")),
        }
    }

    fn has_all(&self, connection: &Connection) -> rusqlite::Result<bool> {
        const ENTRY: &str = "SELECT digest FROM entries WHERE run = ?1 AND seq = ?2";
        const COUNT: &str = "SELECT count(*) FROM entries WHERE run = ?1 AND seq < ?2";
        connection.busy_timeout(super::open::PATIENCE)?;
        for (run, (length, head)) in &self.written {
            let is_known: Option<i64> =
                connection.query_row("SELECT 1 FROM runs WHERE id = ?1", [run], |row| row.get(0)).optional()?;
            let last: Option<Vec<u8>> =
                connection.query_row(ENTRY, (run, number(*length) - 1), |row| row.get(0)).optional()?;
            let count: i64 = connection.query_row(COUNT, (run, number(*length)), |row| row.get(0))?;
            let is_last = last.is_some_and(|digest| digest == *head) || *length == 0;
            if is_known.is_none() || !is_last || count != number(*length) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn forget(&mut self, run: &str) {
        self.written.remove(run);
    }

    /// Keeps in mind what is sent next.
    pub(super) fn name_call(&mut self, run: &str, call: String) {
        self.known(run).last = Some(call);
    }

    /// Keeps in mind that a write happened.
    pub(super) fn count_write(&mut self, run: &str) {
        self.known(run).writes += 1;
    }

    fn known(&mut self, run: &str) -> &mut KnownWrites {
        self.known.entry(run.to_owned()).or_default()
    }

    /// Saves what can be saved, once, and gives the error that ends the run.
    pub(super) fn lose(&mut self, connection: &Connection, run: &str, why: String) -> JournalError {
        let known = self.known.remove(run).unwrap_or_default();
        let gone = LostJournal {
            run: run.to_owned(),
            path: self.watch.path().to_owned(),
            why,
            writes: known.writes,
            last: known.last,
            saved: save_copy(connection),
        };
        self.gone = Some(gone.clone());
        JournalError::Gone(Box::new(gone))
    }
}

/// A copy of all that the connection can still read, which is all of it where the file only has no name any more.
fn save_copy(connection: &Connection) -> Option<PathBuf> {
    let file = tempfile::Builder::new().prefix("okta-runbook-journal-").suffix(".sqlite").tempfile().ok()?;
    let path = path_text(file.path())?;
    connection.execute("VACUUM INTO ?1", [path]).ok()?;
    let (_, path) = file.keep().ok()?;
    Some(path)
}

fn path_text(path: &Path) -> Option<String> {
    path.to_str().map(str::to_owned)
}
