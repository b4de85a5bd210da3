//! `man [DIR]`: the manual pages.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::CommandLine;
use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};

/// Print the manual page, or write one for every command to DIR.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook man ~/.local/share/man/man1")]
pub(super) struct ManArguments {
    /// Folder for the pages; it is made when it is not there.
    folder: Option<PathBuf>,
}

pub(super) fn execute(context: &CommandContext, arguments: &ManArguments) -> Result<CommandExit, CommandError> {
    match &arguments.folder {
        Some(folder) => write(folder)?,
        None => context.terminal.line(page()?.trim_end()),
    }
    Ok(CommandExit::Succeeded)
}

fn page() -> Result<String, CommandError> {
    let page = render_page(&Man::new(CommandLine::command()))
        .map_err(|error| CommandError::failed(format!("the manual page cannot be made: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn write(folder: &Path) -> Result<(), CommandError> {
    let mut command = CommandLine::command().disable_help_subcommand(true);
    command.build();
    std::fs::create_dir_all(folder)
        .and_then(|()| write_pages(&command, folder))
        .map_err(|error| CommandError::usage(format!("cannot write manual pages to {}: {error}", folder.display())))
}

/// The pages of a command and of those below it.
fn write_pages(command: &Command, folder: &Path) -> io::Result<()> {
    let below = command.get_subcommands().filter(|it| !it.is_hide_set());
    for command in below {
        write_pages(command, folder)?;
    }
    let man = Man::new(command.clone());
    std::fs::write(folder.join(man.get_filename()), render_page(&man)?)
}

/// A page, with the exit codes at its end: they mean the same for every command.
fn render_page(man: &Man) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    let mut codes = Roff::new();
    codes.control("SH", ["EXIT STATUS"]);
    for exit in CommandExit::ALL {
        codes.control("TP", []);
        codes.text([bold((exit as u8).to_string())]);
        codes.text([roman(exit.meaning())]);
    }
    codes.to_writer(&mut page)?;
    Ok(page)
}
