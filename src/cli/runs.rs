//! `runs`: what was run here, `runs show RUN`: all that a run told, and `runs files RUN`: what it saved.

mod files;

use crate::error::{CommandError, CommandExit};
use crate::report::json;
use crate::report::runs::{RunLine, text};
use crate::report::text::{OutputVerbosity, TextReporter, count_noun};
use crate::run::event::RunCounts;
use crate::run::journal::{self, ChainVerdict, Journal, RunRecord};

use super::report;
use crate::app::command_context::{CommandContext, OutputFormat};
use crate::app::journal_check::{self, DoubtKind, JournalDoubt};
use crate::app::write_options::read_journal;

/// List past runs, newest first.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = "Example: okta-runbook runs show 2026")]
pub(super) struct RunsArguments {
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
    #[command(subcommand)]
    command: Option<RunsCommand>,
}

#[derive(Debug, clap::Subcommand)]
enum RunsCommand {
    /// Show everything that a run told.
    Show(ShowRunArguments),
    /// Write a run as evidence: HTML, JSON, `JUnit` or Markdown.
    Report(report::ReportArguments),
    /// List the files that a run saved, or print one.
    Files(files::FilesArguments),
    /// Tell whether a run's journal is as it was written.
    Verify(VerifyArguments),
}

#[derive(Debug, clap::Args)]
struct VerifyArguments {
    /// Id of the run, or the beginning of it.
    run: String,
}

#[derive(Debug, clap::Args)]
struct ShowRunArguments {
    /// Id of the run, or the beginning of it.
    run: String,
    /// `json` prints one event a line.
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn execute(context: &CommandContext, arguments: &RunsArguments) -> Result<CommandExit, CommandError> {
    let folder = context.config.workspace();
    if !folder.join("journal.sqlite").is_file() {
        return no_journal(context, arguments);
    }
    let journal = read_journal(&folder)?;
    match &arguments.command {
        Some(RunsCommand::Show(show)) => show_run(context, &journal, show),
        Some(RunsCommand::Report(report)) => {
            report::execute(context, &journal, &the_run(&journal, &report.run)?, report)
        }
        Some(RunsCommand::Files(wanted)) => files::execute(context, &journal, &the_run(&journal, &wanted.run)?, wanted),
        Some(RunsCommand::Verify(verify)) => verify_run(context, &journal, &verify.run),
        None => list(context, &journal, arguments.output),
    }
}

/// Reading makes no folder.
fn no_journal(context: &CommandContext, arguments: &RunsArguments) -> Result<CommandExit, CommandError> {
    match (&arguments.command, arguments.output) {
        (
            Some(
                RunsCommand::Show(ShowRunArguments { run, .. })
                | RunsCommand::Report(report::ReportArguments { run, .. })
                | RunsCommand::Files(files::FilesArguments { run, .. })
                | RunsCommand::Verify(VerifyArguments { run }),
            ),
            _,
        ) => {
            return Err(unknown(run));
        }
        (None, OutputFormat::Json) => context.terminal.line("[]"),
        (None, OutputFormat::Text) => {
            context.terminal.line(&format!("no runs in {}", context.config.workspace().display()));
        }
    }
    Ok(CommandExit::Succeeded)
}

fn unreadable(error: &journal::JournalError) -> CommandError {
    let text = CommandError::failed(format!("the journal cannot be read: {error}"));
    error.help().into_iter().fold(text, CommandError::help)
}

const UNVERIFIED_HELP: &str = "verify it with the credentials that the run had, where an org's profile names them";

/// # Errors
/// The journal was altered, or it cannot be told whether it was.
fn verify_run(context: &CommandContext, journal: &Journal, prefix: &str) -> Result<CommandExit, CommandError> {
    let record = the_run(journal, prefix)?;
    let (keys, missing) = journal_check::keys_of(context, &record);
    let found = journal.verify_by(&record.run, &keys).map_err(|error| unreadable(&error))?;
    let words = match found.verdict {
        ChainVerdict::Whole(_) => format!("run {}: {}", record.run, journal_check::summary(&found, &missing)),
        ChainVerdict::Broken { entry, why } => {
            return Err(CommandError::failed(format!("run {}: entry {entry}: {why}", record.run))
                .help("what follows it cannot be trusted; take the journal from a backup"));
        }
        ChainVerdict::Record { why } => {
            return Err(CommandError::failed(format!("the record of run {}: {why}", record.run))
                .help("it cannot be trusted; take the journal from a backup"));
        }
    };
    if !found.seals.are_genuine() {
        return Err(CommandError::failed(words).help(UNVERIFIED_HELP));
    }
    context.terminal.line(&words);
    Ok(CommandExit::Succeeded)
}

fn list(context: &CommandContext, journal: &Journal, output: OutputFormat) -> Result<CommandExit, CommandError> {
    let records = journal.runs().map_err(|error| unreadable(&error))?;
    let lines = lines(journal, &records)?;
    let text = match output {
        OutputFormat::Json => serde_json::json!(lines).to_string(),
        OutputFormat::Text if lines.is_empty() => format!("no runs in {}", journal.folder().display()),
        OutputFormat::Text => text(&lines, context.terminal.width()),
    };
    context.terminal.line(text.trim_end());
    Ok(CommandExit::Succeeded)
}

/// The list as text, for a session.
pub(super) fn list_runs(context: &CommandContext, journal: &Journal) -> Result<String, CommandError> {
    let records = journal.runs().map_err(|error| unreadable(&error))?;
    let lines = lines(journal, &records)?;
    Ok(text(&lines, context.terminal.width()).trim_end().to_owned())
}

fn lines(journal: &Journal, records: &[RunRecord]) -> Result<Vec<RunLine>, CommandError> {
    let lines = records.iter().map(|record| line(journal, record));
    let lines: Result<_, _> = lines.collect();
    lines.map_err(|error| unreadable(&error))
}

/// What a run that has not ended did so far is counted from its entries.
fn line(journal: &Journal, record: &RunRecord) -> Result<RunLine, journal::JournalError> {
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
fn unknown_now(journal: &Journal, record: &RunRecord, counts: RunCounts) -> Result<u64, journal::JournalError> {
    match counts.unknown {
        0 => Ok(0),
        _ => journal.unanswered(&record.run),
    }
}

fn show_run(context: &CommandContext, journal: &Journal, show: &ShowRunArguments) -> Result<CommandExit, CommandError> {
    let record = the_run(journal, &show.run)?;
    warn_of_alteration(context, journal, &record);
    let mut narrator = TextReporter::new(OutputVerbosity::Verbose, context.terminal.width());
    let shown = journal.each_event(&record.run, |event| match show.output {
        OutputFormat::Json => context.terminal.line(&json::line(&event)),
        OutputFormat::Text => narrator.lines_of(&event).iter().for_each(|line| context.terminal.line(line)),
    });
    shown.map_err(|error| unreadable(&error))?;
    let unanswered = journal.unanswered(&record.run).map_err(|error| unreadable(&error))?;
    // A write of a run that goes on may be on its way.
    if unanswered > 0 && journal.holder(&record.run).is_none() {
        context
            .terminal
            .warn(&format!("no answer is known of {}: it may have happened", count_noun(unanswered, "write")));
    }
    if record.outcome.is_none() {
        let words = match journal.holder(&record.run) {
            Some(holder) => format!("this run goes on just now, by {holder}"),
            None => format!("this run was killed; go on with it: okta-runbook resume {}", record.run),
        };
        context.terminal.warn(&words);
    }
    Ok(CommandExit::Succeeded)
}

/// An altered journal is shown all the same: what stands in it may tell what was done to it.
fn warn_of_alteration(context: &CommandContext, journal: &Journal, record: &RunRecord) {
    let (keys, _) = journal_check::keys_of(context, record);
    let doubt = JournalDoubt::of(&journal.verify_by(&record.run, &keys));
    if let Some(doubt) = doubt.filter(|doubt| doubt.kind == DoubtKind::Altered) {
        context.terminal.warn(&doubt.words(&record.run));
    }
}

/// The one run whose id begins so.
pub(super) fn the_run(journal: &Journal, prefix: &str) -> Result<RunRecord, CommandError> {
    let mut records = journal.find(prefix).map_err(|error| unreadable(&error))?;
    match records.len() {
        0 => Err(unknown(prefix)),
        1 => Ok(records.remove(0)),
        count => Err(CommandError::usage(format!("{count} runs begin with `{prefix}`")).help("write more of the id")),
    }
}

fn unknown(prefix: &str) -> CommandError {
    CommandError::usage(format!("there is no run `{prefix}`")).help("see `okta-runbook runs`")
}
