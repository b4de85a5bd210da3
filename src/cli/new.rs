//! `new NAME`: a commented skeleton.

use super::copy;
use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};

/// Write the skeleton of a runbook to ./runbooks.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook new groups/tidy_up")]
pub(super) struct NewArguments {
    /// Name such as `groups/tidy_up`.
    name: String,
}

const SKELETON: &str = include_str!("skeleton.rhai");

pub(super) fn execute(context: &CommandContext, arguments: &NewArguments) -> Result<CommandExit, CommandError> {
    let file = context.library().workspace_file(&arguments.name)?;
    if file.exists() {
        return Err(CommandError::usage(format!("{} exists already", file.display())).help("choose another name"));
    }
    copy::write(&file, SKELETON)?;
    let name = arguments.name.strip_suffix(".rhai").unwrap_or(&arguments.name);
    context.terminal.line(&format!("wrote {}\ntry it: okta-runbook run {name} --simulator --yes", file.display()));
    Ok(CommandExit::Succeeded)
}
