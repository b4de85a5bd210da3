//! `resume RUN`: a run that was interrupted, killed, or waits, from where it stopped.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::runs::the_run;
use super::undo::{taken_back, undo_guard};
use crate::app::approval;
use crate::app::command_context::CommandContext;
use crate::app::failures::run_failure;
use crate::app::journal_check::{self, AlterationConsent, JournalCheck, with_undone};
use crate::app::org_identity::run_actor;
use crate::app::parameter_arguments::ParameterArguments;
use crate::app::preparation::{PreparedRunbook, RecordedProcedure};
use crate::app::safeguards::{self, WriteGuard};
use crate::app::targets::{RunTargets, of_record};
use crate::app::write_options::{
    TargetOrigin, WriteOptions, conclude, hold_undone, open_journal, runtime, stop_on_signals, stop_signals,
};
use crate::error::{CommandError, CommandExit};
use crate::run::event::{self, RunOutcome};
use crate::run::journal::{Journal, RunKind, RunRecord};
use crate::run::{self, EditPolicy, PlannedWrites, Run, RunOptions};
use crate::script::EndedRun;

/// Take up a run that was interrupted, killed, or waits.
///
/// What it asked and was answered is not asked again, a write without an answer is settled by looking, and what is done is not repeated.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook resume 20261124 --attest update-ou")]
pub(super) struct ResumeArguments {
    /// Id of the run, or the beginning of it.
    run: String,
    /// A secret parameter: it is not in the journal, hence asked again.
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Profile of an org, as NAME=PROFILE, where it is not that of the run.
    #[arg(long = "org", value_name = "NAME=PROFILE")]
    orgs: Vec<String>,
    /// Go on although the runbook or a parameter was changed since.
    #[arg(long)]
    accept_edits: bool,
    #[command(flatten)]
    acceptance: AlterationConsent,
    #[command(flatten)]
    conduct: WriteOptions,
}

pub(super) fn execute(context: &CommandContext, arguments: &ResumeArguments) -> Result<CommandExit, CommandError> {
    let journal = open_journal(context)?;
    let record = the_run(&journal, &arguments.run)?;
    if record.outcome == Some(RunOutcome::Succeeded) {
        doubts_of_runs(context, arguments, &journal, &record, None)?;
        context.terminal.line(&format!("run {} succeeded: there is nothing to resume", record.run));
        return Ok(CommandExit::Succeeded);
    }
    let world = of_record(context, &record, &arguments.orgs)?;
    let doubts = doubts_of_runs(context, arguments, &journal, &record, Some(&world))?;
    match record.kind.clone() {
        RunKind::Run => resume_runbook(context, arguments, journal, &record, &world, doubts),
        RunKind::Undo(of) => resume_undo(context, arguments, journal, &record, &of, &world, doubts),
    }
}

/// What is doubtful in the journal of the run, and of those that it takes back.
fn doubts_of_runs(
    context: &CommandContext,
    arguments: &ResumeArguments,
    journal: &Journal,
    record: &RunRecord,
    world: Option<&RunTargets>,
) -> Result<Vec<event::EventKind>, CommandError> {
    let runs = with_undone(journal, &record.run)?;
    JournalCheck::of_world(context, journal, world, arguments.acceptance).doubts(&runs)
}

fn resume_runbook(
    context: &CommandContext,
    arguments: &ResumeArguments,
    journal: Arc<Journal>,
    record: &RunRecord,
    world: &RunTargets,
    doubts: Vec<event::EventKind>,
) -> Result<CommandExit, CommandError> {
    let terminal = arguments.conduct.terminal();
    let recorded =
        RecordedProcedure { runbook: &record.runbook, sources: &record.sources, parameters: &record.parameters };
    let prepared =
        PreparedRunbook::again(context, &terminal, &recorded, &ParameterArguments::each(&arguments.parameters))?;
    arguments.conduct.check_attest(&prepared.report)?;
    let edits = prepared.edits(&recorded);
    if !edits.is_empty() && !arguments.accept_edits {
        return Err(CommandError::usage(format!("what runs was changed since run {}:\n{edits}", record.run))
            .help("undo the change, run anew, or go on with it: --accept-edits"));
    }
    let procedure = run::RunProcedure { runbook: record.runbook.clone(), ..prepared.journalled() };
    let approval = approval::given_to(&journal, record)?;
    let guard = arguments.conduct.guard(context, world, &approval)?;
    safeguards::before_run(context, world, &prepared.report, &guard, &terminal, &runtime()?)?;
    let resumed = ResumedRun::begin(
        context,
        arguments,
        journal,
        record,
        world,
        &guard,
        ResumedProcedure { procedure, secrets: prepared.secrets() },
    )?;
    journal_check::record(&resumed.run, doubts)?;
    let ended = prepared.procedure.execute(&resumed.run, &prepared.parameters, resumed.runtime.handle());
    conclude(&resumed.terminal, &resumed.run, &ended, &resumed.runtime)
}

fn resume_undo(
    context: &CommandContext,
    arguments: &ResumeArguments,
    journal: Arc<Journal>,
    record: &RunRecord,
    of: &str,
    world: &RunTargets,
    doubts: Vec<event::EventKind>,
) -> Result<CommandExit, CommandError> {
    arguments.conduct.check_nothing_attested()?;
    let only = record.parameters["only"].as_str();
    let _held = hold_undone(context, &journal, of)?;
    let steps = run::plan_again(&journal, &record.run, of, only);
    let steps = steps.map_err(|error| run_failure(&error.into()))?;
    let guard = undo_guard(context, &journal, world, of, &arguments.conduct)?;
    let procedure = run::RunProcedure {
        runbook: record.runbook.clone(),
        digest: record.digest.clone(),
        sources: record.sources.clone(),
        parameters: record.parameters.clone(),
        kind: record.kind.clone(),
    };
    let resumed = ResumedRun::begin(
        context,
        arguments,
        journal,
        record,
        world,
        &guard,
        ResumedProcedure { procedure, secrets: Vec::new() },
    )?;
    journal_check::record(&resumed.run, doubts)?;
    let ended: EndedRun = taken_back(&resumed.run, &steps, &resumed.runtime, &resumed.terminal);
    conclude(&resumed.terminal, &resumed.run, &ended, &resumed.runtime)
}

/// What goes on, with the values that are kept out of the journal.
struct ResumedProcedure {
    procedure: run::RunProcedure,
    secrets: Vec<secrecy::SecretString>,
}

/// A run that goes on.
struct ResumedRun {
    run: Arc<Run>,
    runtime: tokio::runtime::Runtime,
    terminal: crate::terminal::TerminalHandle,
}

impl ResumedRun {
    fn begin(
        context: &CommandContext,
        arguments: &ResumeArguments,
        journal: Arc<Journal>,
        record: &RunRecord,
        world: &RunTargets,
        guard: &WriteGuard,
        resumed: ResumedProcedure,
    ) -> Result<Self, CommandError> {
        let runtime = runtime()?;
        let cancelled = CancellationToken::new();
        let terminal = arguments.conduct.terminal();
        let agreement = agreement(&journal, &record.run)?;
        let (listener, watcher) = arguments.conduct.audience(context, &terminal, Some(record))?;
        let signals = stop_signals(&runtime)?;
        let actor = run_actor(context, world, &runtime);
        let consent = arguments.conduct.consent(actor, TargetOrigin::Org, guard, &terminal, &cancelled);
        let options = RunOptions {
            listener,
            watcher,
            cancelled: cancelled.clone(),
            edits: if arguments.accept_edits { EditPolicy::Accepted } else { EditPolicy::Refused },
            secrets: resumed.secrets,
            agreement,
            ..world.run_options(journal, resumed.procedure, consent)
        };
        let run = Run::resume(&record.run, options);
        let run = Arc::new(run.map_err(|error| run_failure(&error))?);
        runtime.spawn(stop_on_signals(signals, cancelled, terminal.clone(), run.id().to_owned()));
        Ok(Self { run, runtime, terminal })
    }
}

/// The plan that the run is held to.
fn agreement(journal: &Journal, run: &str) -> Result<Option<PlannedWrites>, CommandError> {
    let kept = journal.agreement(run).map_err(|error| run_failure(&error.into()))?;
    let Some((plan, writes)) = kept else {
        return Ok(None);
    };
    let writes = serde_json::from_value(writes)
        .map_err(|error| CommandError::failed(format!("the plan of run {run} cannot be read: {error}")))?;
    Ok(Some(PlannedWrites::new(&plan, writes)))
}
