//! `plan RUNBOOK`: the procedure to its end against a shadow of its orgs, and what it would do there.

pub(super) mod drift;
pub(super) mod saved;

use std::path::PathBuf;

use clap::ValueEnum;

use super::Context;
use super::conduct::{cancelled_by_hand, runtime};
use super::guard;
use super::prepared::Prepared;
use super::rehearsal::{Rehearsed, rehearse};
use super::world::Where;
use crate::error::{Error, Exit};
use crate::report::plan::{lines, page};
use crate::terminal::{self, Terminal};
use saved::{Over, Saved};

/// Show what a runbook would do: it runs to its end against a shadow of the org, and nothing is changed.
///
/// What it needs of the orgs and directories is read, by the operator's own credentials and within the orgs' limits. Writes, and what
/// follows from them, happen in the shadow alone. What nobody can know beforehand, such as the success of a provisioning job, is told
/// as "may".
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook plan ad/move_user_to_ou --simulator")]
pub(super) struct Arguments {
    /// Name such as `ad/move_user_to_ou`, or a path.
    runbook: String,
    /// A parameter; lists are comma-separated, repeated, or `@file`.
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    #[command(flatten)]
    place: Where,
    /// `json` prints the plan as one object, `html` as a page.
    #[arg(long, value_enum, default_value_t)]
    output: Form,
    /// Save the plan, so that `run --plan FILE` does exactly that.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    #[default]
    Text,
    Json,
    Html,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let terminal = Terminal::new(match arguments.output {
        Form::Text => terminal::Mode::Text,
        Form::Json | Form::Html => terminal::Mode::Json,
    });
    let mode = arguments.place.mode();
    let prepared = Prepared::new(
        context,
        &terminal,
        &arguments.runbook,
        &arguments.parameters,
        mode,
    )?;
    let runtime = runtime()?;
    let real = runtime.block_on(arguments.place.find(context, &prepared.runbook))?;
    guard::distinct_orgs(&real, &runtime)?;
    let cancelled = cancelled_by_hand(&runtime);
    let rehearsed = rehearse(context, &terminal, &prepared, &real, &runtime, &cancelled)?;
    tell(&terminal, &rehearsed, arguments.output)?;
    if let Some(path) = &arguments.out {
        let operator = context.config.environment().operator();
        let over = if arguments.force {
            Over::Allowed
        } else {
            Over::Refused
        };
        Saved::new(operator, &prepared, &rehearsed).write(path, over)?;
        let words = format!("wrote {}: run it with --plan", path.display());
        context.terminal.warn(&words);
    }
    exit(rehearsed)
}

fn tell(terminal: &Terminal, rehearsed: &Rehearsed, form: Form) -> Result<(), Error> {
    let plan = &rehearsed.plan;
    let unmade = |error: String| Error::failed(format!("the plan cannot be written: {error}"));
    match form {
        Form::Text => {
            for line in lines(plan) {
                terminal.line(&line);
            }
        }
        Form::Json => {
            let text = serde_json::to_string(plan).map_err(|error| unmade(error.to_string()))?;
            terminal.line(&text);
        }
        Form::Html => {
            let page = page(plan).map_err(|error| unmade(error.to_string()))?;
            terminal.line(page.trim_end());
        }
    }
    Ok(())
}

/// A plan whose procedure stopped fails as the run would.
fn exit(rehearsed: Rehearsed) -> Result<Exit, Error> {
    let outcome = rehearsed.outcome;
    match rehearsed.ended.error {
        Some(error) => Err(error),
        None => Ok(rehearsed.ended.exit(outcome)),
    }
}
