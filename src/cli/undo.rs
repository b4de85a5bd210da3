//! `undo RUN`: takes back what a run did.

use std::sync::Arc;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::runs::the_run;
use crate::app::approval::PlanApproval;
use crate::app::command_context::CommandContext;
use crate::app::failures::run_failure;
use crate::app::journal_check::{self, AlterationConsent, JournalCheck, with_undone};
use crate::app::org_identity::run_actor;
use crate::app::safeguards::WriteGuard;
use crate::app::targets::{RunTargets, of_record};
use crate::app::write_options::{
    TargetOrigin, WriteOptions, conclude, hold_undone, open_journal, runtime, stop_on_signals, stop_signals,
};
use crate::error::{CommandError, CommandExit};
use crate::report::table::text_table;
use crate::report::text::count_noun;
use crate::run::event::{EventKind, RunOutcome};
use crate::run::journal::{self, Journal};
use crate::run::undo::{NotUndone, UndoStep, WriteInverse, plan, undone_by};
use crate::run::{self, Run, RunOptions, UndoCost};
use crate::script::EndedRun;
use crate::terminal::TerminalHandle;

/// Take back what a run did: the inverses of its writes, last first.
///
/// What somebody changed since is left alone and named. An undo is a run of its own: it can be resumed, and taken back.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook undo 20261124 --only ada.novak@corp.example")]
pub(super) struct UndoArguments {
    /// Id of the run, or the beginning of it.
    run: String,
    /// Only what was done in the step of this title, or for the item of this key.
    #[arg(long, value_name = "STEP|ITEM")]
    only: Option<String>,
    /// Profile of an org, as NAME=PROFILE, where it is not that of the run.
    #[arg(long = "org", value_name = "NAME=PROFILE")]
    orgs: Vec<String>,
    #[command(flatten)]
    acceptance: AlterationConsent,
    #[command(flatten)]
    conduct: WriteOptions,
}

pub(super) fn execute(context: &CommandContext, arguments: &UndoArguments) -> Result<CommandExit, CommandError> {
    arguments.conduct.check_nothing_attested()?;
    let journal = open_journal(context)?;
    let record = the_run(&journal, &arguments.run)?;
    let _held = hold_undone(context, &journal, &record.run)?;
    let terminal = arguments.conduct.terminal();
    // Where there is nothing to undo no credentials are needed.
    let world = of_record(context, &record, &arguments.orgs);
    let runs = with_undone(&journal, &record.run)?;
    let check = JournalCheck::of_world(context, &journal, world.as_ref().ok(), arguments.acceptance);
    let doubts = check.doubts(&runs)?;
    let steps = plan(&journal, &record.run, arguments.only.as_deref()).map_err(|error| run_failure(&error.into()))?;
    if steps.is_empty() {
        return nothing_to_undo(&terminal, &journal, &record.run, arguments.only.as_deref());
    }
    show(&terminal, &steps);
    let runtime = runtime()?;
    let world = world?;
    for (org, client) in &world.orgs {
        client.ask_for(run::undo::scopes(&steps, org));
    }
    let guard = undo_guard(context, &journal, &world, &record.run, &arguments.conduct)?;
    let actor = run_actor(context, &world, &runtime);
    let cancelled = CancellationToken::new();
    let (listener, watcher) = arguments.conduct.audience(context, &terminal, None)?;
    let signals = stop_signals(&runtime)?;
    let procedure = run::RunProcedure {
        runbook: format!("undo of {} ({})", record.run, record.runbook),
        digest: record.digest.clone(),
        sources: record.sources.clone(),
        parameters: match &arguments.only {
            Some(only) => json!({ "only": only }),
            None => json!({}),
        },
        kind: journal::RunKind::Undo(record.run.clone()),
    };
    let consent = arguments.conduct.consent(actor, TargetOrigin::Org, &guard, &terminal, &cancelled);
    let run = Run::begin(RunOptions {
        listener,
        watcher,
        cancelled: cancelled.clone(),
        ..world.run_options(Arc::clone(&journal), procedure, consent)
    });
    let run = Arc::new(run.map_err(|error| run_failure(&error))?);
    journal_check::record(&run, doubts)?;
    runtime.spawn(stop_on_signals(signals, cancelled, terminal.clone(), run.id().to_owned()));
    let ended = taken_back(&run, &steps, &runtime, &terminal);
    conclude(&terminal, &run, &ended, &runtime)
}

/// What stands before the writes of an undo. Undoing a run needs no approved plan; undoing an undo does what the run did once more, hence
/// as a run.
///
/// # Errors
/// A production profile's name is not typed, or a profile wants an approved plan.
pub(super) fn undo_guard(
    context: &CommandContext,
    journal: &Journal,
    world: &RunTargets,
    undone: &str,
    conduct: &WriteOptions,
) -> Result<WriteGuard, CommandError> {
    let undoes = journal.undoes(undone);
    let approval = match undoes.map_err(|error| run_failure(&error.into()))? {
        None => PlanApproval::NotNeeded,
        Some(_) => PlanApproval::Absent,
    };
    let guard = conduct.guard(context, world, &approval)?;
    guard.ask_ahead()?;
    Ok(guard)
}

fn nothing_to_undo(
    terminal: &TerminalHandle,
    journal: &Journal,
    run: &str,
    only: Option<&str>,
) -> Result<CommandExit, CommandError> {
    let by = undone_by(journal, run, only).map_err(|error| run_failure(&error.into()))?;
    if let Some(by) = by {
        let what = only.map_or_else(String::new, |only| format!("what it wrote for `{only}` "));
        terminal.line(&format!("run {run}: {what}is taken back already, by run {by}"));
        return Ok(CommandExit::Succeeded);
    }
    if let Some(only) = only {
        return Err(CommandError::usage(format!("run {run} wrote nothing in a step or for an item named `{only}`"))
            .help(format!("see `okta-runbook runs show {run}`")));
    }
    terminal.line(&format!("run {run} wrote nothing: there is nothing to undo"));
    Ok(CommandExit::Succeeded)
}

/// What will be done, and first what cannot be.
pub(super) fn show(terminal: &TerminalHandle, steps: &[UndoStep]) {
    let cannot: Vec<Vec<String>> = steps
        .iter()
        .filter_map(|step| match step.inverse {
            WriteInverse::None(why) => Some(vec![
                step.item().unwrap_or_default().to_owned(),
                step.call.org.clone(),
                step.call.name(),
                step.call.path.clone(),
                why.to_owned(),
            ]),
            WriteInverse::Calls(_) | WriteInverse::Deletion => None,
        })
        .collect();
    if !cannot.is_empty() {
        let table = text_table(&["item", "org", "operation", "path", "why"], &cannot, terminal.width());
        let writes = count_noun(cannot.len() as u64, "write");
        terminal.warn(&format!("{writes} cannot be taken back:\n{table}"));
    }
    let can = count_noun((steps.len() - cannot.len()) as u64, "write");
    terminal.warn(&format!("to be taken back, last first: {can}"));
}

/// Asks, takes back, and says what is left.
pub(super) fn taken_back(
    run: &Run,
    steps: &[UndoStep],
    runtime: &tokio::runtime::Runtime,
    terminal: &TerminalHandle,
) -> EndedRun {
    let undone = run.main_lane().and_then(|lane| {
        run.step(&lane, "Take back, last first")?;
        runtime.block_on(run.foresee(&lane, steps))?;
        for cost in run.undo_costs(steps) {
            let words = words_of(&cost);
            run.emit(&lane, EventKind::Note { words })?;
        }
        let writes = count_noun(steps.len() as u64, "write");
        run.confirm(&lane, &format!("Take back {writes}?"))?;
        runtime.block_on(run.undo(&lane, steps))
    });
    match undone {
        Ok(left) if left.is_empty() => EndedRun { outcome: RunOutcome::Succeeded, error: None },
        Ok(left) => EndedRun { outcome: RunOutcome::Stuck, error: Some(stuck_failure(&left, terminal)) },
        Err(error) => EndedRun::stopped(run, &error),
    }
}

fn words_of(cost: &UndoCost) -> String {
    let calls = format!("{}: {} of {}", cost.org, count_noun(cost.calls, "call"), cost.bucket);
    match cost.time {
        None => calls,
        Some((share, time)) if time.is_zero() => {
            format!("{calls}, within the {share} a minute that are ours")
        }
        Some((share, time)) => {
            let minutes = time.as_secs().div_ceil(60);
            format!("{calls}, {minutes} min at {share} a minute")
        }
    }
}

fn stuck_failure(left: &[NotUndone], terminal: &TerminalHandle) -> CommandError {
    let rows: Vec<Vec<String>> = left
        .iter()
        .map(|left| {
            vec![
                left.entry.to_string(),
                left.item.clone().unwrap_or_default(),
                left.org.clone(),
                left.operation.clone(),
                left.path.clone(),
                left.why.clone(),
            ]
        })
        .collect();
    let table = text_table(&["entry", "item", "org", "operation", "path", "why"], &rows, terminal.width());
    let writes = count_noun(left.len() as u64, "write");
    let mut error = CommandError::failed(format!("not taken back: {writes}\n{table}"));
    error.exit = CommandExit::Stuck;
    error.help(
        "mend what stands in the way and undo again, which leaves what is taken back as it is; or mend these by hand",
    )
}
