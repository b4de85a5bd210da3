//! Whether the journal's file is still the one that was opened.
//!
//! The database does not tell: it goes on writing into a file that has no name any more. Only names are looked at here, never opened:
//! closing a file of the database would free the locks that this process has on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The file, its write-ahead log, and how they were after the last writing of this process.
pub(super) struct FileWatch {
    path: PathBuf,
    /// None where the file system lets the database have none.
    log_path: Option<PathBuf>,
    file: Option<FileStamp>,
    log: Option<FileStamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileStamp {
    identity: FileIdentity,
    length: u64,
    modified: Option<SystemTime>,
}

/// What a file keeps when it is written into, and another one at its place does not have.
#[cfg(unix)]
type FileIdentity = (u64, u64);
#[cfg(not(unix))]
type FileIdentity = Option<SystemTime>;

/// How the database keeps what it has not brought into the file yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JournalMode {
    WriteAhead,
    /// Where a file system does not let several processes share memory.
    Rollback,
}

/// How the files are compared with those after the last writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FileComparison {
    AsLeft,
    /// Somebody else wrote: another process that adds runs, or one that does harm. What is in the file tells.
    Written,
    /// It is not the file that was opened, or not all of it.
    Lost(&'static str),
}

impl FileWatch {
    /// Watches the file at `path`, which is open.
    pub(super) fn begin(path: &Path, journaling: JournalMode) -> Self {
        // The database follows a link: its log stands beside the file itself.
        let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut log = file.into_os_string();
        log.push("-wal");
        let mut watch = Self {
            path: path.to_owned(),
            log_path: (journaling == JournalMode::WriteAhead).then(|| log.into()),
            file: None,
            log: None,
        };
        watch.note();
        watch
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the files as they are for those after the last writing.
    pub(super) fn note(&mut self) {
        (self.file, self.log) = self.stamps();
    }

    fn stamps(&self) -> (Option<FileStamp>, Option<FileStamp>) {
        (stamp(&self.path), self.log_path.as_deref().and_then(stamp))
    }

    /// What became of the files since they were noted.
    pub(super) fn look(&self) -> FileComparison {
        self.compare_with(self.stamps())
    }

    fn compare_with(&self, (file, log): (Option<FileStamp>, Option<FileStamp>)) -> FileComparison {
        let Some(now) = file else {
            return FileComparison::Lost("is no longer there");
        };
        match self.file {
            Some(then) if then.identity != now.identity => {
                return FileComparison::Lost("was replaced by another file");
            }
            Some(then) if then.length > now.length => return FileComparison::Lost("was cut short"),
            _ => {}
        }
        match (self.log, log) {
            (Some(_), None) => FileComparison::Lost("has lost its write-ahead log"),
            (Some(then), Some(now)) if then.identity != now.identity => {
                FileComparison::Lost("has another write-ahead log")
            }
            _ if self.file == file && self.log == log => FileComparison::AsLeft,
            _ => FileComparison::Written,
        }
    }

    /// The same right after a writing of this process: other lengths and times are its own doing.
    pub(super) fn look_after_writing(&mut self) -> FileComparison {
        let stamps = self.stamps();
        let found = match self.compare_with(stamps) {
            FileComparison::Written => FileComparison::AsLeft,
            found => found,
        };
        if found == FileComparison::AsLeft {
            (self.file, self.log) = stamps;
        }
        if self.log_path.is_some() && self.log.is_none() {
            return FileComparison::Lost("has lost its write-ahead log");
        }
        found
    }
}

fn stamp(path: &Path) -> Option<FileStamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(FileStamp { identity: identity(&metadata), length: metadata.len(), modified: metadata.modified().ok() })
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(metadata: &fs::Metadata) -> FileIdentity {
    metadata.created().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_replaced_cut_or_gone_is_lost_and_one_that_grew_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, log) = (folder.path().join("j"), folder.path().join("j-wal"));
        fs::write(&file, "12345").expect("a file");
        fs::write(&log, "12345").expect("a log");
        let mut watch = FileWatch::begin(&file, JournalMode::WriteAhead);
        assert_eq!(watch.look(), FileComparison::AsLeft);
        fs::write(&log, "1234567").expect("written");
        assert_eq!(watch.look(), FileComparison::Written);
        assert_eq!(watch.look_after_writing(), FileComparison::AsLeft);
        fs::write(&log, "").expect("cut");
        assert_eq!(watch.look(), FileComparison::Written, "a checkpoint may cut the log");
        fs::write(&file, "123").expect("cut");
        assert_eq!(watch.look(), FileComparison::Lost("was cut short"));
        fs::rename(&file, folder.path().join("away")).expect("renamed");
        assert_eq!(watch.look(), FileComparison::Lost("is no longer there"));
        fs::write(&file, "123456789").expect("another");
        assert_eq!(watch.look(), FileComparison::Lost("was replaced by another file"));
        fs::remove_file(&file).expect("removed");
        fs::rename(folder.path().join("away"), &file).expect("back");
        fs::write(&file, "12345").expect("as long as before");
        fs::remove_file(&log).expect("removed");
        assert_eq!(watch.look(), FileComparison::Lost("has lost its write-ahead log"));
    }
}
