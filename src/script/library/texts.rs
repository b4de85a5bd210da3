//! The texts of files: what an editor has open goes before what is on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// Texts that are open, by their paths; links in them are followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    open: Arc<BTreeMap<PathBuf, Arc<str>>>,
}

impl Texts {
    pub(super) fn with_open(open: impl IntoIterator<Item = (PathBuf, Arc<str>)>) -> Self {
        let open = open.into_iter();
        let open = open.map(|(path, text)| (followed(&path), text)).collect();
        Self {
            open: Arc::new(open),
        }
    }

    /// Whether there is such a file, on disk or open.
    pub(super) fn has(&self, path: &Path) -> bool {
        path.is_file() || self.opened(path).is_some()
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<String> {
        match self.opened(path) {
            Some(text) => Ok(text.to_owned()),
            None => fs::read_to_string(path),
        }
    }

    fn opened(&self, path: &Path) -> Option<&str> {
        if self.open.is_empty() {
            return None;
        }
        self.open.get(&followed(path)).map(|text| &**text)
    }
}

/// A file that is not on disk yet stands in a folder that is.
fn followed(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    path.canonicalize()
        .ok()
        .or_else(|| Some(folder?.join(path.file_name()?)))
        .unwrap_or_else(|| path.to_owned())
}
