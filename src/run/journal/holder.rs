//! One writer at a time per run: a lock file that the system frees when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use super::error::Error;

/// A run that this process holds, until the value is dropped.
#[derive(Debug)]
pub struct Held {
    file: File,
}

impl Held {
    pub(super) fn take(folder: &Path, run: &str, holder: &str) -> Result<Self, Error> {
        let path = folder.join(format!("{run}.lock"));
        let failed = |error| Error::Lock {
            path: path.clone(),
            error,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held_by(&mut file, run)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        writeln!(file, "{holder}, process {}", std::process::id()).map_err(failed)?;
        Ok(Self { file })
    }
}

impl Drop for Held {
    /// The file stays: who removed it could remove that of a holder who came in between.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

fn held_by(file: &mut File, run: &str) -> Error {
    let mut holder = String::new();
    // Who holds it may be writing its name just now.
    let _ = file.read_to_string(&mut holder);
    let holder = match holder.trim() {
        "" => "another process".to_owned(),
        name => name.to_owned(),
    };
    Error::Held {
        run: run.to_owned(),
        holder,
    }
}
