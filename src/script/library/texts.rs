//! The texts of files: what an editor has open goes before what is on disk, and what was read once for an execution stays as it was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, io};

/// Texts that are open, by their paths; links in them are followed.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenTexts {
    open: Arc<BTreeMap<PathBuf, Arc<str>>>,
    /// What each path held when it was first asked for; clones share it. Absent where files are looked at each time.
    first_seen: Option<Arc<Mutex<BTreeMap<PathBuf, PathContent>>>>,
}

/// What a path held.
#[derive(Clone, Debug)]
enum PathContent {
    Nothing,
    /// A file, whose text was not asked for yet.
    File,
    Text(Arc<str>),
}

impl OpenTexts {
    pub(super) fn with_open(open: impl IntoIterator<Item = (PathBuf, Arc<str>)>) -> Self {
        let open = open.into_iter();
        let open = open.map(|(path, text)| (follow_links(&path), text)).collect();
        Self { open: Arc::new(open), first_seen: None }
    }

    /// The same texts, each as it is when it is first asked for: what was checked is what runs.
    pub(super) fn frozen(&self) -> Self {
        let first_seen = self.first_seen.clone().unwrap_or_default();
        Self { open: Arc::clone(&self.open), first_seen: Some(first_seen) }
    }

    /// Whether there is such a file, on disk or open.
    pub(super) fn has(&self, path: &Path) -> bool {
        let looked = || path.is_file() || self.opened(path).is_some();
        let Some(first_seen) = &self.first_seen else {
            return looked();
        };
        let mut first_seen = first_seen.lock().unwrap_or_else(PoisonError::into_inner);
        let found = first_seen
            .entry(path.to_owned())
            .or_insert_with(|| if looked() { PathContent::File } else { PathContent::Nothing });
        !matches!(found, PathContent::Nothing)
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<String> {
        let Some(first_seen) = &self.first_seen else {
            return self.read_now(path);
        };
        let mut first_seen = first_seen.lock().unwrap_or_else(PoisonError::into_inner);
        match first_seen.get(path) {
            Some(PathContent::Text(text)) => return Ok(text.to_string()),
            Some(PathContent::Nothing) => return Err(io::ErrorKind::NotFound.into()),
            Some(PathContent::File) | None => {}
        }
        let text = self.read_now(path)?;
        first_seen.insert(path.to_owned(), PathContent::Text(text.as_str().into()));
        Ok(text)
    }

    fn read_now(&self, path: &Path) -> io::Result<String> {
        match self.opened(path) {
            Some(text) => Ok(text.to_owned()),
            None => fs::read_to_string(path),
        }
    }

    fn opened(&self, path: &Path) -> Option<&str> {
        if self.open.is_empty() {
            return None;
        }
        self.open.get(&follow_links(path)).map(|text| &**text)
    }
}

/// A file that is not on disk yet stands in a folder that is.
fn follow_links(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    path.canonicalize().ok().or_else(|| Some(folder?.join(path.file_name()?))).unwrap_or_else(|| path.to_owned())
}
