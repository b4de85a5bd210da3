//! `new NAME`: a commented skeleton.

use super::{Context, copy};
use crate::error::{Error, Exit};

/// Write the skeleton of a runbook to ./runbooks.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook new groups/tidy_up")]
pub(super) struct Arguments {
    /// Name such as `groups/tidy_up`.
    name: String,
}

const SKELETON: &str = include_str!("skeleton.rhai");

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let file = context.library().workspace_file(&arguments.name)?;
    if file.exists() {
        return Err(Error::usage(format!("{} exists already", file.display())).help("choose another name"));
    }
    copy::write(&file, SKELETON)?;
    let name = arguments.name.strip_suffix(".rhai").unwrap_or(&arguments.name);
    context.terminal.line(&format!("wrote {}\ntry it: okta-runbook run {name} --simulator --yes", file.display()));
    Ok(Exit::Succeeded)
}
