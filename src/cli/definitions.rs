//! `definitions DIR`: the language for editors with a Rhai plug-in.

use std::fs;
use std::path::PathBuf;

use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};
use crate::script::definitions;

/// Write the verbs and operations as `.d.rhai` files, for editors with a Rhai plug-in.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook definitions .rhai
Editors that speak to language servers need no such files: see `okta-runbook lsp`.")]
pub(super) struct DefinitionsArguments {
    /// Folder for the files; it is made when it is not there, and files of an earlier version are replaced.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn execute(context: &CommandContext, arguments: &DefinitionsArguments) -> Result<CommandExit, CommandError> {
    let folder = &arguments.folder;
    let cannot = |path: &PathBuf, error: &std::io::Error| {
        CommandError::usage(format!("cannot write {}: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    for definitions in definitions::all() {
        let path = folder.join(definitions.file);
        fs::write(&path, definitions.text).map_err(|error| cannot(&path, &error))?;
        context.terminal.line(&format!("wrote {}", path.display()));
    }
    Ok(CommandExit::Succeeded)
}
