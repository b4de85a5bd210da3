//! One writer at a time per run: a lock file that the system frees when its holder dies.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use super::error::JournalError;
use crate::private_files;

/// A run that this process holds, until the value is dropped.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

impl RunLock {
    pub(super) fn take(folder: &Path, run: &str, holder: &str) -> Result<Self, JournalError> {
        let path = folder.join(format!("{run}.lock"));
        let failed = |error| JournalError::Lock { path: path.clone(), error };
        let mut file = private_files::options().read(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::Held { run: run.to_owned(), holder: read_holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        let (process, host) = (std::process::id(), gethostname::gethostname());
        let host = host.to_string_lossy();
        writeln!(file, "{holder}, process {process} on {host}").map_err(failed)?;
        Ok(Self { file })
    }

    /// Who holds a run, if anybody does.
    pub(super) fn who(folder: &Path, run: &str) -> Option<String> {
        let mut file = File::open(folder.join(format!("{run}.lock"))).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read_holder(&mut file)),
            _ => None,
        }
    }
}

impl Drop for RunLock {
    /// The file stays: who removed it could remove that of a holder who came in between.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// Who only looks whether a run is held locks it for a moment.
fn try_lock(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOOKS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(GLANCE),
            other => return other,
        }
    }
    file.try_lock()
}

const LOOKS: u32 = 5;
const GLANCE: Duration = Duration::from_millis(10);

fn read_holder(file: &mut File) -> String {
    let mut holder = String::new();
    // Who holds it may be writing its name just now.
    let _ = file.read_to_string(&mut holder);
    match holder.trim() {
        "" => "another process".to_owned(),
        name => name.to_owned(),
    }
}
