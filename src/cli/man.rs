//! `man [DIR]`: the manual pages.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::{Cli, Context};
use crate::error::{Error, Exit};

/// Print the manual page, or write one for every command to DIR.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook man ~/.local/share/man/man1")]
pub(super) struct Arguments {
    /// Folder for the pages; it is made when it is not there.
    folder: Option<PathBuf>,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    match &arguments.folder {
        Some(folder) => write(folder)?,
        None => context.terminal.line(page()?.trim_end()),
    }
    Ok(Exit::Succeeded)
}

fn page() -> Result<String, Error> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Error::failed(format!("the manual page cannot be made: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn write(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|error| {
            Error::usage(format!(
                "cannot write manual pages to {}: {error}",
                folder.display()
            ))
        })
}
