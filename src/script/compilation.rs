//! From a runbook's text to what can run: nothing does that did not pass its check.

use crate::error::CommandError;
use crate::script::check;
use crate::script::execution::CompiledRunbook;
use crate::script::library::{RunbookLibrary, ScriptSource};
use crate::script::runbook::RunbookHeader;

/// Checks and compiles a script, modules with literal names included. From here on the library stays as it is: what is compiled here is what
/// runs.
///
/// # Errors
/// A syntax error, an unknown variable, or what else the check calls an error.
pub fn compile_runbook(
    source: ScriptSource,
    runbook: &RunbookHeader,
    library: RunbookLibrary,
) -> Result<CompiledRunbook, CommandError> {
    let library = library.frozen();
    check::before_run(source.clone(), &library)?;
    CompiledRunbook::of_checked(source, runbook, library)
}
