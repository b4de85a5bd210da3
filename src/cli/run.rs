//! `run RUNBOOK`: a procedure from its parameters to its outcome, held to a plan where there is one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::app::approval::PlanApproval;
use crate::app::approval::{self, ApprovalDemand, PlanVerification};
use crate::app::command_context::CommandContext;
use crate::app::failures::run_failure;
use crate::app::org_identity::{local_actor, run_actor};
use crate::app::parameter_arguments::ParameterArguments;
use crate::app::plan_drift::drift;
use crate::app::plan_mode::{RehearsalResult, RehearsalSubject};
use crate::app::preparation::PreparedRunbook;
use crate::app::safeguards::{self, WriteGuard};
use crate::app::saved_plan::SavedPlan;
use crate::app::scopes;
use crate::app::targets::{RunTargets, TargetArguments, of_lines};
use crate::app::write_options::{
    TargetOrigin, WriteOptions, cancelled_by_hand, conclude, open_journal, runtime, stop_on_signals, stop_signals,
};
use crate::error::{CommandError, CommandExit};
use crate::report::plan::{lines, summary};
use crate::run::consent::WriteConsent;
use crate::run::{PlannedWrites, Run, RunOptions};
use crate::terminal::{TerminalHandle, YesNoAnswer};

/// Run a runbook.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook run ad/move_user_to_ou --simulator --yes")]
pub(super) struct RunArguments {
    /// Name such as `ad/move_user_to_ou`, or a path.
    #[arg(required_unless_present = "plan")]
    runbook: Option<String>,
    #[command(flatten)]
    given: ParameterArguments,
    /// Do exactly what this plan says: refused when anything has changed since, ended at the first write that is not in it.
    #[arg(long, value_name = "FILE", conflicts_with = "simulator")]
    plan: Option<PathBuf>,
    /// Do it only when another person approved the plan.
    #[arg(long, requires = "plan")]
    require_approval: bool,
    #[command(flatten)]
    place: TargetArguments,
    #[command(flatten)]
    conduct: WriteOptions,
}

impl RunArguments {
    fn demand(&self) -> ApprovalDemand {
        if self.require_approval { ApprovalDemand::Always } else { ApprovalDemand::AsProfilesSay }
    }
}

pub(super) fn execute(context: &CommandContext, arguments: &RunArguments) -> Result<CommandExit, CommandError> {
    match &arguments.plan {
        Some(file) => run_plan(context, arguments, file),
        None => run_anew(context, arguments),
    }
}

fn run_anew(context: &CommandContext, arguments: &RunArguments) -> Result<CommandExit, CommandError> {
    let terminal = arguments.conduct.terminal();
    let prepared = PreparedRunbook::new(
        context,
        &terminal,
        arguments.runbook.as_deref().unwrap_or_default(),
        &arguments.given,
        arguments.place.mode(),
    )?;
    arguments.conduct.check_attest(&prepared.report)?;
    let runtime = runtime()?;
    let world = runtime.block_on(arguments.place.find(context, &prepared.runbook))?;
    let guard = arguments.conduct.guard(context, &world, &PlanApproval::Absent)?;
    safeguards::before_run(context, &world, &prepared.report, &guard, &terminal, &runtime)?;
    let attempt = RunAttempt { context, arguments, terminal, prepared, world, guard, runtime };
    match attempt.show_first()? {
        PlanDisplay::Nothing => attempt.run(None, PriorConsent::No),
        PlanDisplay::Agreed(plan) => attempt.run(Some(plan.agreement()), PriorConsent::Yes),
        PlanDisplay::Declined => Ok(CommandExit::Interrupted),
    }
}

/// Does what a plan says, when the orgs are as they were.
fn run_plan(context: &CommandContext, arguments: &RunArguments, file: &Path) -> Result<CommandExit, CommandError> {
    let saved = SavedPlan::read(file)?;
    let terminal = arguments.conduct.terminal();
    check_is_same(arguments, &saved)?;
    let recorded = saved.recorded();
    let prepared = PreparedRunbook::again(context, &terminal, &recorded, &arguments.given)?;
    let edits = prepared.edits(&recorded);
    if !edits.is_empty() {
        return Err(refuse_run(&format!("what runs was changed since the plan was made:\n{edits}")));
    }
    arguments.conduct.check_attest(&prepared.report)?;
    let (orgs, reserve) = (&arguments.place.orgs, arguments.place.reserve);
    let world = of_lines(context, "the plan", &saved.plan.orgs, orgs, reserve)?;
    let runtime = runtime()?;
    let journal = open_journal(context)?;
    let verification = PlanVerification { context, world: &world, saved: &saved, journal: &journal, runtime: &runtime };
    let approvals = verification.approvals(arguments.demand())?;
    let given = PlanApproval::GivenFor(approvals.iter().map(|it| it.org.clone()).collect());
    let guard = arguments.conduct.guard(context, &world, &given)?;
    safeguards::before_run(context, &world, &prepared.report, &guard, &terminal, &runtime)?;
    let attempt = RunAttempt { context, arguments, terminal, prepared, world, guard, runtime };
    attempt.check_drift(&saved)?;
    let agreement = saved.agreement().approved(approvals);
    attempt.run(Some(agreement), PriorConsent::No)
}

/// A runbook that is named must be the plan's.
fn check_is_same(arguments: &RunArguments, saved: &SavedPlan) -> Result<(), CommandError> {
    let plan = &saved.plan;
    if let Some(why) = &plan.stopped {
        return Err(refuse_run(&format!("by the plan the procedure stops before its end: {why}")));
    }
    match &arguments.runbook {
        Some(name) if *name != plan.runbook => {
            Err(refuse_run(&format!("the plan is one of {}, not of {name}", plan.runbook)))
        }
        _ => Ok(()),
    }
}

fn refuse_run(words: &str) -> CommandError {
    CommandError::usage(words.to_owned())
        .help("nothing was changed; see what would be done now with a new plan: okta-runbook plan RUNBOOK … --out FILE")
}

/// What became of showing a plan first.
enum PlanDisplay {
    /// Nobody was there to see it, or there was nothing to show.
    Nothing,
    Agreed(Box<SavedPlan>),
    Declined,
}

/// Whether a person agreed to the writes already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PriorConsent {
    Yes,
    No,
}

/// A run of which everything is settled but consent.
struct RunAttempt<'a> {
    context: &'a CommandContext,
    arguments: &'a RunArguments,
    terminal: TerminalHandle,
    prepared: PreparedRunbook,
    world: RunTargets,
    guard: WriteGuard,
    runtime: Runtime,
}

impl RunAttempt<'_> {
    fn check_drift(&self, saved: &SavedPlan) -> Result<(), CommandError> {
        let now = self.rehearse()?;
        let drift = drift(saved, &now);
        if drift.is_empty() {
            return Ok(());
        }
        Err(refuse_run(&format!(
            "the plan was made at {}, and this is otherwise now:\n- {}",
            saved.created.strftime("%Y-%m-%d %H:%M:%SZ"),
            drift.join("\n- ")
        )))
    }

    /// A rehearsal reads by scopes of its own; the run goes on with those that it needs.
    fn rehearse(&self) -> Result<RehearsalResult, CommandError> {
        let rehearsing = RehearsalSubject {
            context: self.context,
            terminal: &self.terminal,
            prepared: &self.prepared,
            real: &self.world,
            runtime: &self.runtime,
            cancelled: &cancelled_by_hand(&self.runtime, &self.terminal)?,
            allow: &self.arguments.conduct.allow,
        };
        let rehearsed = rehearsing.rehearse()?;
        let report = &self.prepared.report;
        scopes::of_runbook(self.context, &self.world, report, &self.terminal, &self.runtime)?;
        Ok(rehearsed)
    }

    /// Shows a person the plan before anything is done, and asks whether to go on.
    fn show_first(&self) -> Result<PlanDisplay, CommandError> {
        let conduct = &self.arguments.conduct;
        if conduct.yes || !conduct.tells_people() || !self.terminal.asks() {
            return Ok(PlanDisplay::Nothing);
        }
        let rehearsed = self.rehearse()?;
        let plan = &rehearsed.plan;
        if let Some(error) = rehearsed.ended.error {
            let words = "by the plan the procedure stops before its end; --yes runs it without a plan";
            return Err(error.help(words));
        }
        if plan.is_empty() {
            return Ok(PlanDisplay::Nothing);
        }
        let told = if plan.steps.iter().map(|step| step.deeds.len()).sum::<usize>() > SHORT {
            summary(plan)
        } else {
            lines(plan)
        };
        for line in told {
            self.terminal.line(&line);
        }
        let question = "Do this? The run is held to the plan, and ends at a write that is not in it.";
        match self.terminal.ask(question)? {
            YesNoAnswer::Yes => {
                let operator = local_actor(self.context).words();
                let saved = SavedPlan::new(operator, &self.prepared, &rehearsed);
                Ok(PlanDisplay::Agreed(Box::new(saved)))
            }
            _ => Ok(PlanDisplay::Declined),
        }
    }

    fn run(&self, agreement: Option<PlannedWrites>, consented: PriorConsent) -> Result<CommandExit, CommandError> {
        let (arguments, terminal) = (self.arguments, &self.terminal);
        let actor = run_actor(self.context, &self.world, &self.runtime);
        let cancelled = CancellationToken::new();
        let place = if arguments.place.simulator.is_some() { TargetOrigin::Simulator } else { TargetOrigin::Org };
        let (listener, watcher) = arguments.conduct.audience(self.context, terminal, None)?;
        let mut consent = arguments.conduct.consent(actor, place, &self.guard, terminal, &cancelled);
        if consented == PriorConsent::Yes {
            consent.writes = WriteConsent::Agreed;
        }
        let journal = open_journal(self.context)?;
        let approvals = agreement.as_ref().map_or(&[][..], PlannedWrites::approvals);
        let claimed = approval::claim(&journal, approvals)?;
        let signals = stop_signals(&self.runtime)?;
        let run = Run::begin(RunOptions {
            listener,
            watcher,
            cancelled: cancelled.clone(),
            secrets: self.prepared.secrets(),
            agreement,
            ..self.world.run_options(journal, self.prepared.journalled(), consent)
        });
        let run = Arc::new(run.map_err(|error| run_failure(&error))?);
        drop(claimed);
        self.runtime.spawn(stop_on_signals(signals, cancelled, terminal.clone(), run.id().to_owned()));
        let prepared = &self.prepared;
        let runtime = self.runtime.handle();
        let ended = prepared.procedure.execute(&run, &prepared.parameters, runtime);
        conclude(terminal, &run, &ended, &self.runtime)
    }
}

/// A plan with no more calls than these is shown whole before a run.
const SHORT: usize = 60;
