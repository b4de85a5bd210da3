//! What tests share: what they need from outside, and the runbooks that they run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::environment::SimulatorStarter;
use crate::error::CommandError;
use crate::script::execution::CompiledRunbook;
use crate::script::library::{RunbookLibrary, ScriptSource};
use crate::script::runbook::RunbookHeader;

/// What tests need from outside.
pub struct TestContext {
    pub library: RunbookLibrary,
    pub runtime: tokio::runtime::Handle,
    pub start: SimulatorStarter,
    /// Journals of the tests' runs go here.
    pub folder: PathBuf,
    /// Compiles a runbook that passes its check.
    pub compile: RunbookCompiler,
    pub compiled: CompiledRunbooks,
}

/// Compiles a runbook, unless it would fail.
pub type RunbookCompiler = fn(ScriptSource, &RunbookHeader, RunbookLibrary) -> Result<CompiledRunbook, CommandError>;

/// Runbooks that tests have run: each is compiled once, however many tests run it.
#[derive(Default)]
pub struct CompiledRunbooks(Mutex<BTreeMap<String, Arc<RunnableRunbook>>>);

/// A runbook, ready to run.
pub(super) struct RunnableRunbook {
    pub(super) runbook: RunbookHeader,
    pub(super) digest: String,
    pub(super) procedure: CompiledRunbook,
}

impl TestContext {
    /// The runbook of that name.
    ///
    /// # Errors
    /// There is none, or it does not compile.
    pub(super) fn runnable(&self, name: &str) -> Result<Arc<RunnableRunbook>, CommandError> {
        // A poisoned lock means that a test panicked between two lines of this: the map is whole.
        let known = || self.compiled.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(name) {
            return Ok(Arc::clone(found));
        }
        let source = self.library.find(name)?;
        let runbook = RunbookHeader::read(&source, &self.library)?;
        let digest = source.digest.clone();
        let procedure = (self.compile)(source, &runbook, self.library.clone())?;
        let runnable = Arc::new(RunnableRunbook { procedure: procedure.in_a_hurry(PAUSE), runbook, digest });
        known().insert(name.to_owned(), Arc::clone(&runnable));
        Ok(runnable)
    }
}

/// Between two looks at a simulator, which answers at once.
const PAUSE: Duration = Duration::from_millis(50);
