//! How a run is conducted, whatever it executes: consent, Ctrl-C, what is shown, how it ends.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::approval::PlanApproval;
use super::command_context::{CommandContext, OutputFormat};
use super::failures::{journal_failure, run_failure};
use super::notification;
use super::org_identity::local_actor;
use super::safeguards::WriteGuard;
use super::stop_signals::StopSignals;
use super::targets::RunTargets;
use super::terminal_reporter::TerminalReporter;
use crate::error::{CommandError, CommandExit};
use crate::report::json;
use crate::report::text::{OutputVerbosity, told_above};
use crate::run::actor::RunActor;
use crate::run::consent::{ConsentOptions, WriteConsent};
use crate::run::event::{RunEvent, RunOutcome};
use crate::run::journal::{self, Journal, RunRecord};
use crate::run::{EventListener, OWN_ACCESS, ProgressWatcher, Run};
use crate::script::EndedRun;
use crate::script::check::CheckReport;
use crate::terminal::{self, TerminalHandle, YesNoAnswer};

/// Options of every command that may write.
#[derive(Debug, clap::Args)]
pub(crate) struct WriteOptions {
    /// Agree to all writes beforehand; with --simulator, attest the manual steps too.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Let the run change this production org without typing its name.
    #[arg(long, value_name = "PROFILE")]
    production: Vec<String>,
    /// Attest that the manual step of this name is done; `all` for every one.
    #[arg(long, value_name = "NAME")]
    attest: Vec<String>,
    /// Let this guard pass everything, which is recorded: `own-access`.
    #[arg(long, value_name = "GUARD", value_parser = [OWN_ACCESS])]
    pub(crate) allow: Vec<String>,
    /// `json` prints one event a line.
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
    /// Only failures, manual steps, tables and the outcome.
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Reads too.
    #[arg(long, short)]
    verbose: bool,
}

/// Whether the org is one that was started for this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetOrigin {
    Org,
    Simulator,
}

impl WriteOptions {
    pub(crate) fn terminal(&self) -> TerminalHandle {
        TerminalHandle::new(
            match self.output {
                OutputFormat::Text => terminal::OutputMode::Text,
                OutputFormat::Json => terminal::OutputMode::Json,
            },
            crate::report::visible_text,
        )
    }

    /// Whether what is told is for people.
    pub(crate) fn tells_people(&self) -> bool {
        self.output == OutputFormat::Text
    }

    /// What stands before the first write to each of the orgs.
    ///
    /// # Errors
    /// A profile cannot be read.
    pub(crate) fn guard(
        &self,
        context: &CommandContext,
        world: &RunTargets,
        approval: &PlanApproval,
    ) -> Result<WriteGuard, CommandError> {
        let terminal = self.terminal();
        WriteGuard::new(context, world, &self.production, &terminal, approval)
    }

    pub(crate) fn consent(
        &self,
        actor: RunActor,
        place: TargetOrigin,
        guard: &WriteGuard,
        terminal: &TerminalHandle,
        cancelled: &CancellationToken,
    ) -> ConsentOptions {
        let mut attest = self.attest.clone();
        if self.yes && place == TargetOrigin::Simulator {
            attest.push("all".to_owned());
        }
        let (terminal, cancelled) = (terminal.clone(), cancelled.clone());
        ConsentOptions {
            writes: if self.yes { WriteConsent::Agreed } else { WriteConsent::Ask },
            attest,
            allow: self.allow.clone(),
            actor,
            ask: Arc::new(move |question| ask_operator(&terminal, question, || cancelled.cancel())),
            unlock: guard.unlock(),
        }
    }

    /// Refuses to attest what no manual step of the runbook asks.
    ///
    /// # Errors
    /// A name that none of its steps has, where all of them are known.
    pub(crate) fn check_attest(&self, report: &CheckReport) -> Result<(), CommandError> {
        check_attested(&self.attest, report)
    }

    /// Refuses to attest anything in an undo, which has no manual steps.
    ///
    /// # Errors
    /// A name is given.
    pub(crate) fn check_nothing_attested(&self) -> Result<(), CommandError> {
        refuse_unknown(&self.attest, &BTreeSet::new(), "an undo")
    }

    /// Where events and progress go: lines, and a bar while a bulk step goes on.
    ///
    /// # Errors
    /// The address of a webhook, where people elsewhere are told, cannot be read.
    pub(crate) fn audience(
        &self,
        context: &CommandContext,
        terminal: &TerminalHandle,
        resumed: Option<&RunRecord>,
    ) -> Result<(EventListener, ProgressWatcher), CommandError> {
        let (listener, watcher) = self.at_terminal(terminal);
        Ok((notification::listener(context, terminal, listener, resumed)?, watcher))
    }

    fn at_terminal(&self, terminal: &TerminalHandle) -> (EventListener, ProgressWatcher) {
        if self.output == OutputFormat::Json {
            let terminal = terminal.clone();
            return (Arc::new(move |event: &RunEvent| terminal.line(&json::line(event))), Arc::new(|_| {}));
        }
        let verbosity = match (self.quiet, self.verbose) {
            (true, _) => OutputVerbosity::Quiet,
            (_, true) => OutputVerbosity::Verbose,
            _ => OutputVerbosity::Normal,
        };
        TerminalReporter::new(verbosity, terminal).parts()
    }
}

/// Refuses names by which no manual step of a runbook is attested.
///
/// # Errors
/// A name that none of its steps has, where all of them are known.
pub(crate) fn check_attested(given: &[String], report: &CheckReport) -> Result<(), CommandError> {
    let manual = &report.manual;
    if manual.may_have_more || !report.unseen.is_empty() {
        return Ok(());
    }
    refuse_unknown(given, &manual.known, "the runbook")
}

fn refuse_unknown(given: &[String], known: &BTreeSet<String>, of: &str) -> Result<(), CommandError> {
    let is_unknown = |name: &&String| *name != "all" && !known.contains(*name);
    let Some(name) = given.iter().find(is_unknown) else {
        return Ok(());
    };
    let error = CommandError::usage(format!("no manual step is attested by `{name}`"));
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(match known.as_slice() {
        [] => error.help(format!("{of} has no manual step: leave --attest out")),
        known => error.help(format!("it has: {}", known.join(", "))),
    })
}

/// A person's answer; `None` when nobody is there. Ctrl-C at the question is an interruption.
pub(crate) fn ask_operator(terminal: &TerminalHandle, question: &str, interrupt: impl FnOnce()) -> Option<bool> {
    match terminal.ask(question) {
        Ok(YesNoAnswer::Yes) => Some(true),
        Ok(YesNoAnswer::No) => Some(false),
        Ok(YesNoAnswer::Interrupted) => {
            interrupt();
            None
        }
        Ok(YesNoAnswer::NotATerminal) | Err(_) => None,
    }
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CommandError> {
    tokio::runtime::Runtime::new().map_err(|e| CommandError::failed(format!("the runtime does not start: {e}")))
}

/// The journal of this workspace. That others can read it is told.
pub(crate) fn open_journal(context: &CommandContext) -> Result<Arc<Journal>, CommandError> {
    let folder = context.config.workspace();
    let journal = Journal::open(&folder).map_err(|error| journal_failure(&folder, &error))?;
    for warning in journal.warnings() {
        context.terminal.warn(warning);
    }
    Ok(Arc::new(journal))
}

/// To look only: nobody is held up, and the folder may be a copy that takes no writing.
pub(crate) fn read_journal(folder: &Path) -> Result<Journal, CommandError> {
    Journal::read(folder).map_err(|error| journal_failure(folder, &error))
}

/// Listens for what asks the process to end.
pub(crate) fn stop_signals(runtime: &tokio::runtime::Runtime) -> Result<StopSignals, CommandError> {
    StopSignals::listen(runtime).map_err(|error| CommandError::failed(format!("signals cannot be awaited: {error}")))
}

/// The first signal stops the run between calls; a second one leaves at once.
pub(crate) async fn stop_on_signals(
    mut signals: StopSignals,
    cancelled: CancellationToken,
    terminal: TerminalHandle,
    run: String,
) {
    let first = signals.next().await;
    terminal.warn(&match first.name() {
        None => "stopping after the call on the wire; Ctrl-C again leaves at once".to_owned(),
        Some(name) => {
            format!("{name}: stopping after the call on the wire; a second signal leaves at once")
        }
    });
    cancelled.cancel();
    terminal.break_off_questions();
    second(&mut signals).await;
    terminal.warn(&format!("left run {run}; see `okta-runbook runs show {run}`"));
    std::process::exit(CommandExit::Interrupted as i32);
}

/// The next signal that leaves at once.
async fn second(signals: &mut StopSignals) {
    while !signals.next().await.is_urgent() {}
}

/// What a signal breaks off where nothing has to be brought to an end; a second one leaves at once.
///
/// # Errors
/// The system does not let the process listen.
pub(crate) fn cancelled_by_hand(
    runtime: &tokio::runtime::Runtime,
    terminal: &TerminalHandle,
) -> Result<CancellationToken, CommandError> {
    let mut signals = stop_signals(runtime)?;
    let (cancelled, terminal) = (CancellationToken::new(), terminal.clone());
    let token = cancelled.clone();
    runtime.spawn(async move {
        signals.next().await;
        token.cancel();
        terminal.break_off_questions();
        second(&mut signals).await;
        std::process::exit(CommandExit::Interrupted as i32);
    });
    Ok(cancelled)
}

/// Tells the error, then the outcome, and gives the exit code.
pub(crate) fn conclude(
    terminal: &TerminalHandle,
    run: &Run,
    ended: &EndedRun,
    runtime: &tokio::runtime::Runtime,
) -> Result<CommandExit, CommandError> {
    look_last(run, ended.outcome, runtime);
    if let Some(error) = &ended.error {
        match terminal.mode() {
            // The lines above name each failed check.
            terminal::OutputMode::Text => terminal.error(&CommandError {
                message: told_above(&error.message),
                help: error.help.clone(),
                exit: error.exit,
            }),
            terminal::OutputMode::Json => terminal.error(error),
        }
    }
    let message = ended.error.as_ref().map(|error| error.message.as_str());
    match run.end(ended.outcome, message) {
        Ok(outcome) => Ok(ended.exit(outcome)),
        // It was told, when the run stopped at it.
        Err(_) if ended.error.is_some() => Ok(CommandExit::Interrupted),
        Err(error) => Err(CommandError { exit: CommandExit::Interrupted, ..run_failure(&error) }),
    }
}

/// Looks once more at writes without a known outcome, before the run's outcome is told. A run that was broken off is not held up.
pub(crate) fn look_last(run: &Run, outcome: RunOutcome, runtime: &tokio::runtime::Runtime) {
    if outcome == RunOutcome::Interrupted {
        return;
    }
    // They stay unknown then, as the outcome says; a journal that cannot be written fails the end of the run itself.
    if let Err(error) = runtime.block_on(run.settle_unknown_writes()) {
        run.remark(&format!("writes without a known outcome were not looked at again: {error}"));
    }
}

/// Takes hold of a run that is taken back, and of those that it takes back itself.
pub(crate) fn hold_undone(
    context: &CommandContext,
    journal: &Journal,
    run: &str,
) -> Result<Vec<journal::RunLock>, CommandError> {
    let operator = local_actor(context).words();
    let journal_failure = |error: journal::JournalError| run_failure(&error.into());
    let mut held = Vec::new();
    let mut next = Some(run.to_owned());
    while let Some(run) = next {
        let holder = format!("an undo by {operator}");
        held.push(journal.hold(&run, &holder).map_err(journal_failure)?);
        next = journal.undoes(&run).map_err(journal_failure)?;
    }
    Ok(held)
}
