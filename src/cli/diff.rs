//! `diff RUNBOOK`: a copy against the shipped runbook.

use anstyle::{AnsiColor, Style};
use diffy::create_patch;

use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};
use crate::script::{CopyOrigin, RunbookShelf};

/// Show what a copied runbook has other than the shipped one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook diff ad/move_user_to_ou
Lines with - are the shipped runbook's, lines with + the copy's.")]
pub(super) struct DiffArguments {
    /// Name such as `ad/move_user_to_ou`, or the path of a copy.
    runbook: String,
}

pub(super) fn execute(context: &CommandContext, arguments: &DiffArguments) -> Result<CommandExit, CommandError> {
    let library = context.library();
    let copy = library.find(&arguments.runbook)?;
    let (origin, text) = CopyOrigin::split(&copy.text);
    let name = origin.map_or_else(|| copy.name.clone(), |origin| origin.runbook);
    let shipped = library.shipped(&name).ok_or_else(|| {
        CommandError::usage(format!("{} does not come from a shipped runbook", copy.path))
            .help("see `okta-runbook list` for what is shipped")
    })?;
    if copy.shelf == RunbookShelf::Shipped {
        context.terminal.line(&format!("nothing shadows the shipped {name}"));
        return Ok(CommandExit::Succeeded);
    }
    if text == shipped.text {
        context.terminal.line(&format!("{} is as the shipped one", copy.path));
        return Ok(CommandExit::Succeeded);
    }
    let patch = create_patch(&shipped.text, &text).to_string();
    context.terminal.line(&format!("--- {}\n+++ {}", shipped.path, copy.path));
    // The patch's own first two lines name no files.
    for line in patch.lines().skip(2) {
        context.terminal.line(&paint_line(line));
    }
    Ok(CommandExit::Succeeded)
}

fn paint_line(line: &str) -> String {
    let style = match line.chars().next() {
        Some('+') => AnsiColor::Green.on_default(),
        Some('-') => AnsiColor::Red.on_default(),
        Some('@') => AnsiColor::Cyan.on_default(),
        _ => Style::new(),
    };
    format!("{style}{line}{style:#}")
}
