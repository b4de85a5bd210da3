//! The texts of the scripts of one run, by the path that messages show.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Source texts by display path. Clones share one map: the module resolver fills it, diagnostics read it.
#[derive(Clone, Debug, Default)]
pub struct SourceTexts {
    texts: Arc<RwLock<BTreeMap<String, Arc<str>>>>,
}

impl SourceTexts {
    /// Remembers `text` under `path`; the same path again replaces it (a REPL line that is entered anew).
    pub fn insert(&self, path: impl Into<String>, text: impl Into<Arc<str>>) {
        // A poisoned lock means that another lane panicked between two map operations; the map itself is whole.
        self.texts.write().unwrap_or_else(PoisonError::into_inner).insert(path.into(), text.into());
    }

    /// All texts by path.
    pub fn all(&self) -> BTreeMap<String, Arc<str>> {
        self.texts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The text of `path`, when it was loaded.
    pub fn get(&self, path: &str) -> Option<Arc<str>> {
        self.texts.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }
}
