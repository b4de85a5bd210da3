//! `lsp`: the language server.

use std::path::Path;

use super::Context;
use crate::error::{Error, Exit};
use crate::lsp::{self, Around};
use crate::script::Library;

/// Serve editors over standard input and output, in the language server protocol.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook lsp
An editor starts it; the README says how for VS Code, Neovim and Helix.")]
pub(super) struct Arguments {
    /// Taken and not needed: standard input and output are all there is.
    #[arg(long, hide = true)]
    stdio: bool,
}

pub(super) fn execute(context: &Context, _arguments: &Arguments) -> Result<Exit, Error> {
    let user = context.config.user_runbooks();
    lsp::serve(Around {
        library: Box::new(move |root: &Path| Library::new(root.join("runbooks"), user.clone())),
        shipped: context.config.workspace().join("shipped"),
    })?;
    Ok(Exit::Succeeded)
}
