//! `undo RUN`: takes back what a run did.

use std::sync::Arc;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::approval::PlanApproval;
use super::conduct::{Conduct, Place, conclude, hold_undone, interrupted, open_journal, runtime, stop_signals};
use super::failures::run_failure;
use super::guard::WriteGuard;
use super::journal_check::{self, Acceptance, JournalCheck, with_undone};
use super::org_identity::run_actor;
use super::runs::the_run;
use super::world::{World, of_record};
use crate::error::{Error, Exit};
use crate::report::table::text_table;
use crate::report::text::counted;
use crate::run::event::{Kind, Outcome};
use crate::run::journal::{self, Journal};
use crate::run::undo::{Inverse, Left, Step, plan, undone_by};
use crate::run::{self, Cost, Edits, Run, Settings, Target};
use crate::script::Ended;
use crate::terminal::Terminal;

/// Take back what a run did: the inverses of its writes, last first.
///
/// What somebody changed since is left alone and named. An undo is a run of its own: it can be resumed, and taken back.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook undo 20261124 --only ada.novak@corp.example")]
pub(super) struct Arguments {
    /// Id of the run, or the beginning of it.
    run: String,
    /// Only what was done in the step of this title, or for the item of this key.
    #[arg(long, value_name = "STEP|ITEM")]
    only: Option<String>,
    /// Profile of an org, as NAME=PROFILE, where it is not that of the run.
    #[arg(long = "org", value_name = "NAME=PROFILE")]
    orgs: Vec<String>,
    #[command(flatten)]
    acceptance: Acceptance,
    #[command(flatten)]
    conduct: Conduct,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    arguments.conduct.check_nothing_attested()?;
    let journal = open_journal(context)?;
    let record = the_run(&journal, &arguments.run)?;
    let _held = hold_undone(context, &journal, &record.run)?;
    let terminal = arguments.conduct.terminal();
    // Where there is nothing to undo no credentials are needed.
    let world = of_record(context, &record, &arguments.orgs);
    let runs = with_undone(&journal, &record.run)?;
    let check = JournalCheck::of_world(context, &journal, world.as_ref().ok(), arguments.acceptance)?;
    let doubts = check.doubts(&runs)?;
    let steps = plan(&journal, &record.run, arguments.only.as_deref()).map_err(|error| run_failure(&error.into()))?;
    if steps.is_empty() {
        return nothing(&terminal, &journal, &record.run, arguments.only.as_deref());
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
    let (listener, watcher) = arguments.conduct.audience(&terminal);
    let signals = stop_signals(&runtime)?;
    let run = Run::begin(Settings {
        journal: Arc::clone(&journal),
        procedure: run::Procedure {
            runbook: format!("undo of {} ({})", record.run, record.runbook),
            digest: record.digest.clone(),
            sources: record.sources.clone(),
            parameters: match &arguments.only {
                Some(only) => json!({ "only": only }),
                None => json!({}),
            },
            kind: journal::Kind::Undo(record.run.clone()),
        },
        orgs: world.orgs.clone(),
        profiles: world.profiles.clone(),
        directories: world.directories.clone(),
        consent: arguments.conduct.consent(actor, Place::Org, &guard, &terminal, &cancelled),
        listener,
        watcher,
        cancelled: cancelled.clone(),
        edits: Edits::Refused,
        secrets: Vec::new(),
        target: Target::Orgs,
        agreement: None,
    });
    let run = Arc::new(run.map_err(|error| run_failure(&error))?);
    journal_check::record(&run, doubts)?;
    runtime.spawn(interrupted(signals, cancelled, terminal.clone(), run.id().to_owned()));
    let ended = taken_back(&run, &steps, &runtime, &terminal);
    conclude(&terminal, &run, &ended, &runtime)
}

/// What stands before the writes of an undo. Undoing a run needs no approved plan; undoing an undo does what the run did once more, hence
/// as a run.
///
/// # Errors
/// A production profile's name is not typed, or a profile wants an approved plan.
pub(super) fn undo_guard(
    context: &Context,
    journal: &Journal,
    world: &World,
    undone: &str,
    conduct: &Conduct,
) -> Result<WriteGuard, Error> {
    let undoes = journal.undoes(undone);
    let approval = match undoes.map_err(|error| run_failure(&error.into()))? {
        None => PlanApproval::NotNeeded,
        Some(_) => PlanApproval::Absent,
    };
    let guard = conduct.guard(context, world, &approval)?;
    guard.ask_ahead()?;
    Ok(guard)
}

fn nothing(terminal: &Terminal, journal: &Journal, run: &str, only: Option<&str>) -> Result<Exit, Error> {
    let by = undone_by(journal, run, only).map_err(|error| run_failure(&error.into()))?;
    if let Some(by) = by {
        let what = only.map_or_else(String::new, |only| format!("what it wrote for `{only}` "));
        terminal.line(&format!("run {run}: {what}is taken back already, by run {by}"));
        return Ok(Exit::Succeeded);
    }
    if let Some(only) = only {
        return Err(Error::usage(format!("run {run} wrote nothing in a step or for an item named `{only}`"))
            .help(format!("see `okta-runbook runs show {run}`")));
    }
    terminal.line(&format!("run {run} wrote nothing: there is nothing to undo"));
    Ok(Exit::Succeeded)
}

/// What will be done, and first what cannot be.
pub(super) fn show(terminal: &Terminal, steps: &[Step]) {
    let cannot: Vec<Vec<String>> = steps
        .iter()
        .filter_map(|step| match step.inverse {
            Inverse::None(why) => Some(vec![
                step.item().unwrap_or_default().to_owned(),
                step.call.org.clone(),
                step.call.name(),
                step.call.path.clone(),
                why.to_owned(),
            ]),
            Inverse::Calls(_) | Inverse::Deletion => None,
        })
        .collect();
    if !cannot.is_empty() {
        let table = text_table(&["item", "org", "operation", "path", "why"], &cannot, terminal.width());
        let writes = counted(cannot.len() as u64, "write");
        terminal.warn(&format!("{writes} cannot be taken back:\n{table}"));
    }
    let can = counted((steps.len() - cannot.len()) as u64, "write");
    terminal.warn(&format!("to be taken back, last first: {can}"));
}

/// Asks, takes back, and says what is left.
pub(super) fn taken_back(run: &Run, steps: &[Step], runtime: &tokio::runtime::Runtime, terminal: &Terminal) -> Ended {
    let undone = run.main_lane().and_then(|lane| {
        run.step(&lane, "Take back, last first")?;
        runtime.block_on(run.foresee(&lane, steps))?;
        for cost in run.undo_costs(steps) {
            let words = words_of(&cost);
            run.tell(&lane, Kind::Note { words })?;
        }
        let writes = counted(steps.len() as u64, "write");
        run.confirm(&lane, &format!("Take back {writes}?"))?;
        runtime.block_on(run.undo(&lane, steps))
    });
    match undone {
        Ok(left) if left.is_empty() => Ended { outcome: Outcome::Succeeded, error: None },
        Ok(left) => Ended { outcome: Outcome::Stuck, error: Some(stuck(&left, terminal)) },
        Err(error) => Ended::stopped(run, &error),
    }
}

fn words_of(cost: &Cost) -> String {
    let calls = format!("{}: {} of {}", cost.org, counted(cost.calls, "call"), cost.bucket);
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

fn stuck(left: &[Left], terminal: &Terminal) -> Error {
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
    let writes = counted(left.len() as u64, "write");
    let mut error = Error::failed(format!("not taken back: {writes}\n{table}"));
    error.exit = Exit::Stuck;
    error.help(
        "mend what stands in the way and undo again, which leaves what is taken back as it is; or mend these by hand",
    )
}
