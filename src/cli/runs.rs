//! `runs`: what was run here, and `runs show RUN`: all that a run told.

use crate::error::{Error, Exit};
use crate::report::json;
use crate::report::runs::{RunLine, text};
use crate::report::text::{Narrator, Verbosity, counted};
use crate::run::event::Counts;
use crate::run::journal::{self, Journal, Record, Verdict};

use super::conduct::read_journal;
use super::journal_check;
use super::report;
use super::{Context, Output};

/// List past runs, newest first.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = "Example: okta-runbook runs show 2026")]
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
    /// Write a run as evidence: HTML, JSON, `JUnit` or Markdown.
    Report(report::Arguments),
    /// Tell whether a run's journal is as it was written.
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// Id of the run, or the beginning of it.
    run: String,
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
    if !folder.join("journal.sqlite").is_file() {
        return no_journal(context, arguments);
    }
    let journal = read_journal(&folder)?;
    match &arguments.command {
        Some(Command::Show(show)) => show_run(context, &journal, show),
        Some(Command::Report(report)) => report::execute(context, &journal, &the_run(&journal, &report.run)?, report),
        Some(Command::Verify(verify)) => verify_run(context, &journal, &verify.run),
        None => list(context, &journal, arguments.output),
    }
}

/// Reading makes no folder.
fn no_journal(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    match (&arguments.command, arguments.output) {
        (
            Some(
                Command::Show(Show { run, .. })
                | Command::Report(report::Arguments { run, .. })
                | Command::Verify(Verify { run }),
            ),
            _,
        ) => {
            return Err(unknown(run));
        }
        (None, Output::Json) => context.terminal.line("[]"),
        (None, Output::Text) => context.terminal.line(&format!("no runs in {}", context.config.workspace().display())),
    }
    Ok(Exit::Succeeded)
}

fn unreadable(error: &journal::Error) -> Error {
    let text = Error::failed(format!("the journal cannot be read: {error}"));
    error.help().into_iter().fold(text, Error::help)
}

fn verify_run(context: &Context, journal: &Journal, prefix: &str) -> Result<Exit, Error> {
    let record = the_run(journal, prefix)?;
    let (keys, missing) = journal_check::keys_of(context, &record);
    let found = journal.verify_by(&record.run, &keys).map_err(|error| unreadable(&error))?;
    match found.verdict {
        Verdict::Whole(_) => {
            let words = journal_check::summary(&found, &missing);
            let line = format!("run {}: {words}", record.run);
            context.terminal.line(&line);
            Ok(Exit::Succeeded)
        }
        Verdict::Broken { entry, why } => Err(Error::failed(format!("run {}: entry {entry}: {why}", record.run))
            .help("what follows it cannot be trusted; take the journal from a backup")),
        Verdict::Record { why } => Err(Error::failed(format!("the record of run {}: {why}", record.run))
            .help("it cannot be trusted; take the journal from a backup")),
    }
}

fn list(context: &Context, journal: &Journal, output: Output) -> Result<Exit, Error> {
    let records = journal.runs().map_err(|error| unreadable(&error))?;
    let lines = lines(journal, &records)?;
    let text = match output {
        Output::Json => serde_json::json!(lines).to_string(),
        Output::Text if lines.is_empty() => format!("no runs in {}", journal.folder().display()),
        Output::Text => text(&lines, context.terminal.width()),
    };
    context.terminal.line(text.trim_end());
    Ok(Exit::Succeeded)
}

/// The list as text, for a session.
pub(super) fn listed(context: &Context, journal: &Journal) -> Result<String, Error> {
    let records = journal.runs().map_err(|error| unreadable(&error))?;
    let lines = lines(journal, &records)?;
    Ok(text(&lines, context.terminal.width()).trim_end().to_owned())
}

fn lines(journal: &Journal, records: &[Record]) -> Result<Vec<RunLine>, Error> {
    let lines = records.iter().map(|record| line(journal, record));
    let lines: Result<_, _> = lines.collect();
    lines.map_err(|error| unreadable(&error))
}

/// What a run that has not ended did so far is counted from its entries.
fn line(journal: &Journal, record: &Record) -> Result<RunLine, journal::Error> {
    let (running, counts) = match record.outcome {
        Some(_) => (None, record.counts),
        None => (journal.holder(&record.run), journal.counts(&record.run)?),
    };
    Ok(RunLine {
        running,
        run: record.run.clone(),
        runbook: record.runbook.clone(),
        outcome: record.outcome,
        started: record.started,
        ended: record.ended,
        reads: counts.reads,
        writes: counts.writes,
        unknown: unknown_now(journal, record, counts)?,
        unchanged: counts.unchanged,
        items: counts.items,
        failed_items: counts.failed_items,
    })
}

/// What was unknown when the run ended an undo may have found out since.
fn unknown_now(journal: &Journal, record: &Record, counts: Counts) -> Result<u64, journal::Error> {
    match counts.unknown {
        0 => Ok(0),
        _ => journal.unanswered(&record.run),
    }
}

fn show_run(context: &Context, journal: &Journal, show: &Show) -> Result<Exit, Error> {
    let record = the_run(journal, &show.run)?;
    let mut narrator = Narrator::new(Verbosity::Verbose, context.terminal.width());
    let shown = journal.each_event(&record.run, |event| match show.output {
        Output::Json => context.terminal.line(&json::line(&event)),
        Output::Text => narrator.tell(&event).iter().for_each(|line| context.terminal.line(line)),
    });
    shown.map_err(|error| unreadable(&error))?;
    let unanswered = journal.unanswered(&record.run).map_err(|error| unreadable(&error))?;
    // A write of a run that goes on may be on its way.
    if unanswered > 0 && journal.holder(&record.run).is_none() {
        context.terminal.warn(&format!("no answer is known of {}: it may have happened", counted(unanswered, "write")));
    }
    if record.outcome.is_none() {
        let words = match journal.holder(&record.run) {
            Some(holder) => format!("this run goes on just now, by {holder}"),
            None => format!("this run was killed; go on with it: okta-runbook resume {}", record.run),
        };
        context.terminal.warn(&words);
    }
    Ok(Exit::Succeeded)
}

/// The one run whose id begins so.
pub(super) fn the_run(journal: &Journal, prefix: &str) -> Result<Record, Error> {
    let mut records = journal.find(prefix).map_err(|error| unreadable(&error))?;
    match records.len() {
        0 => Err(unknown(prefix)),
        1 => Ok(records.remove(0)),
        count => Err(Error::usage(format!("{count} runs begin with `{prefix}`")).help("write more of the id")),
    }
}

fn unknown(prefix: &str) -> Error {
    Error::usage(format!("there is no run `{prefix}`")).help("see `okta-runbook runs`")
}
