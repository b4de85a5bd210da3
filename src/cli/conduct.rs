//! How a run is conducted, whatever it executes: consent, Ctrl-C, what is shown, how it ends.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::approval::PlanApproval;
use super::audience::Audience;
use super::failures::{journal_failure, run_failure};
use super::guard::WriteGuard;
use super::org_identity::local_actor;
use super::stop_signals::StopSignals;
use super::world::World;
use super::{Context, Output};
use crate::error::{Error, Exit};
use crate::report::json;
use crate::report::text::{Verbosity, told_above};
use crate::run::actor::RunActor;
use crate::run::event::{Event, Outcome};
use crate::run::gate::{Consent, Writes};
use crate::run::journal::{self, Journal};
use crate::run::{Listener, OWN_ACCESS, Run, Watcher};
use crate::script::Ended;
use crate::script::check::Report;
use crate::terminal::{self, Answer, Terminal};

/// Options of every command that may write.
#[derive(Debug, clap::Args)]
pub(super) struct Conduct {
    /// Agree to all writes beforehand; with --simulator, attest the manual steps too.
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Let the run change this production org without typing its name.
    #[arg(long, value_name = "PROFILE")]
    production: Vec<String>,
    /// Attest that the manual step of this name is done; `all` for every one.
    #[arg(long, value_name = "NAME")]
    attest: Vec<String>,
    /// Let this guard pass everything, which is recorded: `own-access`.
    #[arg(long, value_name = "GUARD", value_parser = [OWN_ACCESS])]
    pub(super) allow: Vec<String>,
    /// `json` prints one event a line.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// Only failures, manual steps, tables and the outcome.
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Reads too.
    #[arg(long, short)]
    verbose: bool,
}

/// Whether the org is one that was started for this run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Org,
    Simulator,
}

impl Conduct {
    pub(super) fn terminal(&self) -> Terminal {
        Terminal::new(
            match self.output {
                Output::Text => terminal::Mode::Text,
                Output::Json => terminal::Mode::Json,
            },
            crate::report::visible_text,
        )
    }

    /// Whether what is told is for people.
    pub(super) fn tells_people(&self) -> bool {
        self.output == Output::Text
    }

    /// What stands before the first write to each of the orgs.
    ///
    /// # Errors
    /// A profile cannot be read.
    pub(super) fn guard(&self, context: &Context, world: &World, approval: &PlanApproval) -> Result<WriteGuard, Error> {
        let terminal = self.terminal();
        WriteGuard::new(context, world, &self.production, &terminal, approval)
    }

    pub(super) fn consent(
        &self,
        actor: RunActor,
        place: Place,
        guard: &WriteGuard,
        terminal: &Terminal,
        cancelled: &CancellationToken,
    ) -> Consent {
        let mut attest = self.attest.clone();
        if self.yes && place == Place::Simulator {
            attest.push("all".to_owned());
        }
        let (terminal, cancelled) = (terminal.clone(), cancelled.clone());
        Consent {
            writes: if self.yes { Writes::Agreed } else { Writes::Ask },
            attest,
            allow: self.allow.clone(),
            actor,
            ask: Arc::new(move |question| asked(&terminal, question, || cancelled.cancel())),
            unlock: guard.unlock(),
        }
    }

    /// Refuses to attest what no manual step of the runbook asks.
    ///
    /// # Errors
    /// A name that none of its steps has, where all of them are known.
    pub(super) fn check_attest(&self, report: &Report) -> Result<(), Error> {
        check_attested(&self.attest, report)
    }

    /// Refuses to attest anything in an undo, which has no manual steps.
    ///
    /// # Errors
    /// A name is given.
    pub(super) fn check_nothing_attested(&self) -> Result<(), Error> {
        refuse_unknown(&self.attest, &BTreeSet::new(), "an undo")
    }

    /// Where events and progress go: lines, and a bar while a bulk step goes on.
    pub(super) fn audience(&self, terminal: &Terminal) -> (Listener, Watcher) {
        if self.output == Output::Json {
            let terminal = terminal.clone();
            return (Arc::new(move |event: &Event| terminal.line(&json::line(event))), Arc::new(|_| {}));
        }
        let verbosity = match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        Audience::new(verbosity, terminal).parts()
    }
}

/// Refuses names by which no manual step of a runbook is attested.
///
/// # Errors
/// A name that none of its steps has, where all of them are known.
pub(super) fn check_attested(given: &[String], report: &Report) -> Result<(), Error> {
    let manual = &report.manual;
    if manual.may_have_more || !report.unseen.is_empty() {
        return Ok(());
    }
    refuse_unknown(given, &manual.known, "the runbook")
}

fn refuse_unknown(given: &[String], known: &BTreeSet<String>, of: &str) -> Result<(), Error> {
    let is_unknown = |name: &&String| *name != "all" && !known.contains(*name);
    let Some(name) = given.iter().find(is_unknown) else {
        return Ok(());
    };
    let error = Error::usage(format!("no manual step is attested by `{name}`"));
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    Err(match known.as_slice() {
        [] => error.help(format!("{of} has no manual step: leave --attest out")),
        known => error.help(format!("it has: {}", known.join(", "))),
    })
}

/// A person's answer; `None` when nobody is there. Ctrl-C at the question is an interruption.
pub(super) fn asked(terminal: &Terminal, question: &str, interrupt: impl FnOnce()) -> Option<bool> {
    match terminal.ask(question) {
        Ok(Answer::Yes) => Some(true),
        Ok(Answer::No) => Some(false),
        Ok(Answer::Interrupted) => {
            interrupt();
            None
        }
        Ok(Answer::NotATerminal) | Err(_) => None,
    }
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Runtime::new().map_err(|e| Error::failed(format!("the runtime does not start: {e}")))
}

/// The journal of this workspace. That others can read it is told.
pub(super) fn open_journal(context: &Context) -> Result<Arc<Journal>, Error> {
    let folder = context.config.workspace();
    let journal = Journal::open(&folder).map_err(|error| journal_failure(&folder, &error))?;
    for warning in journal.warnings() {
        context.terminal.warn(warning);
    }
    Ok(Arc::new(journal))
}

/// To look only: nobody is held up, and the folder may be a copy that takes no writing.
pub(super) fn read_journal(folder: &Path) -> Result<Journal, Error> {
    Journal::read(folder).map_err(|error| journal_failure(folder, &error))
}

/// Listens for what asks the process to end.
pub(super) fn stop_signals(runtime: &tokio::runtime::Runtime) -> Result<StopSignals, Error> {
    StopSignals::listen(runtime).map_err(|error| Error::failed(format!("signals cannot be awaited: {error}")))
}

/// The first signal stops the run between calls; a second one leaves at once.
pub(super) async fn interrupted(
    mut signals: StopSignals,
    cancelled: CancellationToken,
    terminal: Terminal,
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
    std::process::exit(Exit::Interrupted as i32);
}

/// The next signal that leaves at once.
async fn second(signals: &mut StopSignals) {
    while !signals.next().await.is_urgent() {}
}

/// What a signal breaks off where nothing has to be brought to an end; a second one leaves at once.
///
/// # Errors
/// The system does not let the process listen.
pub(super) fn cancelled_by_hand(
    runtime: &tokio::runtime::Runtime,
    terminal: &Terminal,
) -> Result<CancellationToken, Error> {
    let mut signals = stop_signals(runtime)?;
    let (cancelled, terminal) = (CancellationToken::new(), terminal.clone());
    let token = cancelled.clone();
    runtime.spawn(async move {
        signals.next().await;
        token.cancel();
        terminal.break_off_questions();
        second(&mut signals).await;
        std::process::exit(Exit::Interrupted as i32);
    });
    Ok(cancelled)
}

/// Tells the error, then the outcome, and gives the exit code.
pub(super) fn conclude(
    terminal: &Terminal,
    run: &Run,
    ended: &Ended,
    runtime: &tokio::runtime::Runtime,
) -> Result<Exit, Error> {
    look_last(run, ended.outcome, runtime);
    if let Some(error) = &ended.error {
        match terminal.mode() {
            // The lines above name each failed check.
            terminal::Mode::Text => terminal.error(&Error {
                message: told_above(&error.message),
                help: error.help.clone(),
                exit: error.exit,
            }),
            terminal::Mode::Json => terminal.error(error),
        }
    }
    let message = ended.error.as_ref().map(|error| error.message.as_str());
    match run.end(ended.outcome, message) {
        Ok(outcome) => Ok(ended.exit(outcome)),
        // It was told, when the run stopped at it.
        Err(_) if ended.error.is_some() => Ok(Exit::Interrupted),
        Err(error) => Err(Error { exit: Exit::Interrupted, ..run_failure(&error) }),
    }
}

/// Looks once more at writes without a known outcome, before the run's outcome is told. A run that was broken off is not held up.
pub(super) fn look_last(run: &Run, outcome: Outcome, runtime: &tokio::runtime::Runtime) {
    if outcome == Outcome::Interrupted {
        return;
    }
    // They stay unknown then, as the outcome says; a journal that cannot be written fails the end of the run itself.
    if let Err(error) = runtime.block_on(run.settle_unknown_writes()) {
        run.remark(&format!("writes without a known outcome were not looked at again: {error}"));
    }
}

/// Takes hold of a run that is taken back, and of those that it takes back itself.
pub(super) fn hold_undone(context: &Context, journal: &Journal, run: &str) -> Result<Vec<journal::Held>, Error> {
    let operator = local_actor(context).words();
    let journal_failure = |error: journal::Error| run_failure(&error.into());
    let mut held = Vec::new();
    let mut next = Some(run.to_owned());
    while let Some(run) = next {
        let holder = format!("an undo by {operator}");
        held.push(journal.hold(&run, &holder).map_err(journal_failure)?);
        next = journal.undoes(&run).map_err(journal_failure)?;
    }
    Ok(held)
}
