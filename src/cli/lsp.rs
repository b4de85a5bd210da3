//! `lsp`: the language server.

use std::fs;
use std::path::{Path, PathBuf};

use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};
use crate::lsp::{self, LspEnvironment};
use crate::script::RunbookLibrary;

/// Serve editors over standard input and output, in the language server protocol.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook lsp
An editor starts it; the README says how for VS Code, Neovim and Helix.")]
pub(super) struct LspArguments {
    /// Taken and not needed: standard input and output are all there is.
    #[arg(long, hide = true)]
    stdio: bool,
    /// Write an extension for VS Code, which starts the server, into this folder, and serve nothing.
    #[arg(long, value_name = "DIR")]
    vscode: Option<PathBuf>,
}

/// Files of the extension: it holds no more than how the server is started, and needs `npm install` for VS Code's client library.
const VSCODE: [(&str, &str); 3] = [
    ("package.json", include_str!("../lsp/vscode/package.json")),
    ("extension.js", include_str!("../lsp/vscode/extension.js")),
    ("language.json", include_str!("../lsp/vscode/language.json")),
];

pub(super) fn execute(context: &CommandContext, arguments: &LspArguments) -> Result<CommandExit, CommandError> {
    if let Some(folder) = &arguments.vscode {
        return write_extension(context, folder);
    }
    let user = context.config.user_runbooks();
    lsp::serve(LspEnvironment {
        library: Box::new(move |root: &Path| RunbookLibrary::new(root.join("runbooks"), user.clone())),
        shipped: context.config.workspace().join("shipped"),
    })?;
    Ok(CommandExit::Succeeded)
}

fn write_extension(context: &CommandContext, folder: &Path) -> Result<CommandExit, CommandError> {
    let cannot =
        |path: &Path, error: &std::io::Error| CommandError::usage(format!("cannot write {}: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    for (file, text) in VSCODE {
        let path = folder.join(file);
        fs::write(&path, text).map_err(|error| cannot(&path, &error))?;
        context.terminal.line(&format!("wrote {}", path.display()));
    }
    Ok(CommandExit::Succeeded)
}
