//! The modules that a run imported when it was executed before, whose paths were computed.

use std::collections::BTreeMap;

use super::event::EventKind;
use super::journal::{Journal, JournalError};

/// Digests of such modules by their paths.
pub(super) type ImportedModules = BTreeMap<String, String>;

/// Those that the journal names.
pub(super) fn recorded_imports(journal: &Journal, run: &str) -> Result<ImportedModules, JournalError> {
    let mut modules = ImportedModules::new();
    journal.each_event(run, |event| {
        if let EventKind::Module { path, digest } = event.kind {
            modules.insert(path, digest);
        }
    })?;
    Ok(modules)
}
