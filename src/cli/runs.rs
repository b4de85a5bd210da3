//! `runs`: what was run here, and `runs show RUN`: all that a run told.

use crate::error::{Error, Exit};
use crate::report::json;
use crate::report::runs::{RunLine, text};
use crate::report::text::{Narrator, Verbosity};
use crate::run::journal::{Journal, Record};

use super::{Context, Output};

/// List past runs, newest first.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example: okta-runbook runs show 2026"
)]
pub(super) struct Arguments {
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show everything that a run told.
    Show(Show),
}

#[derive(Debug, clap::Args)]
struct Show {
    /// Id of the run, or the beginning of it.
    run: String,
    /// `json` prints one event a line.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let folder = context.config.workspace();
    let journal = folder
        .join("journal.sqlite")
        .is_file()
        .then(|| Journal::open(&folder));
    let journal = journal.transpose().map_err(|error| unreadable(&error))?;
    match &arguments.command {
        Some(Command::Show(show)) => show_run(context, journal.as_ref(), show),
        None => list(context, journal.as_ref(), arguments.output),
    }
}

fn unreadable(error: &rusqlite::Error) -> Error {
    Error::failed(format!("the journal cannot be read: {error}"))
}

fn list(context: &Context, journal: Option<&Journal>, output: Output) -> Result<Exit, Error> {
    let records = journal
        .map(Journal::runs)
        .transpose()
        .map_err(|error| unreadable(&error))?;
    let lines: Vec<RunLine> = records.unwrap_or_default().iter().map(line).collect();
    let text = match output {
        Output::Json => serde_json::json!(lines).to_string(),
        Output::Text if lines.is_empty() => {
            format!("no runs in {}", context.config.workspace().display())
        }
        Output::Text => text(&lines, context.terminal.width()),
    };
    context.terminal.line(text.trim_end());
    Ok(Exit::Succeeded)
}

/// The list as text, for a session.
pub(super) fn listed(context: &Context) -> Result<String, Error> {
    let journal = super::run::journal(context)?;
    let records = journal.runs().map_err(|error| unreadable(&error))?;
    let lines: Vec<RunLine> = records.iter().map(line).collect();
    Ok(text(&lines, context.terminal.width()).trim_end().to_owned())
}

fn line(record: &Record) -> RunLine {
    RunLine {
        run: record.run.clone(),
        runbook: record.runbook.clone(),
        outcome: record.outcome,
        started: record.started,
        ended: record.ended,
        reads: record.counts.reads,
        writes: record.counts.writes,
        unchanged: record.counts.unchanged,
        items: record.counts.items,
        failed_items: record.counts.failed_items,
    }
}

fn show_run(context: &Context, journal: Option<&Journal>, show: &Show) -> Result<Exit, Error> {
    let (journal, record) = found(journal, &show.run)?;
    let events = journal
        .events(&record.run)
        .map_err(|error| unreadable(&error))?;
    let mut narrator = Narrator::new(Verbosity::Verbose, context.terminal.width());
    for (_, event) in &events {
        match show.output {
            Output::Json => context.terminal.line(&json::line(event)),
            Output::Text => narrator
                .tell(event)
                .iter()
                .for_each(|line| context.terminal.line(line)),
        }
    }
    let unanswered = journal
        .unanswered(&record.run)
        .map_err(|error| unreadable(&error))?;
    if unanswered > 0 {
        context.terminal.warn(&format!(
            "{unanswered} writes have no answer: they may have happened"
        ));
    }
    if record.outcome.is_none() {
        context
            .terminal
            .warn("this run has not ended, or was killed");
    }
    Ok(Exit::Succeeded)
}

/// The one run whose id begins so.
fn found<'a>(journal: Option<&'a Journal>, prefix: &str) -> Result<(&'a Journal, Record), Error> {
    let unknown =
        || Error::usage(format!("there is no run `{prefix}`")).help("see `okta-runbook runs`");
    let journal = journal.ok_or_else(unknown)?;
    let mut records = journal.find(prefix).map_err(|error| unreadable(&error))?;
    match records.len() {
        0 => Err(unknown()),
        1 => Ok((journal, records.remove(0))),
        count => Err(Error::usage(format!("{count} runs begin with `{prefix}`"))
            .help("write more of the id")),
    }
}
