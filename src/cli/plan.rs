//! `plan RUNBOOK`: the procedure to its end against a shadow of its orgs, and what it would do there.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::SignedDuration;

use crate::app::approval::{self, ApprovalTerms};
use crate::app::command_context::CommandContext;
use crate::app::org_identity::local_actor;
use crate::app::output_file::{self, OverwriteMode};
use crate::app::parameter_arguments::ParameterArguments;
use crate::app::plan_mode::{RehearsalResult, RehearsalSubject};
use crate::app::preparation::PreparedRunbook;
use crate::app::safeguards;
use crate::app::saved_plan::SavedPlan;
use crate::app::targets::TargetArguments;
use crate::app::write_options::{cancelled_by_hand, runtime};
use crate::error::{CommandError, CommandExit};
use crate::report::plan::{RunPlan, lines, page};
use crate::run::OWN_ACCESS;
use crate::terminal::{self, TerminalHandle, YesNoAnswer};

/// Show what a runbook would do: it runs to its end against a shadow of the org, and nothing is changed.
///
/// What it needs of the orgs and directories is read, by the operator's own credentials and within the orgs' limits. Writes, and what
/// follows from them, happen in the shadow alone. What nobody can know beforehand, such as the success of a provisioning job, is told
/// as "may".
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook plan ad/move_user_to_ou --simulator")]
pub(super) struct PlanArguments {
    /// Name such as `ad/move_user_to_ou`, or a path.
    #[arg(required_unless_present_any = ["show", "approve"])]
    runbook: Option<String>,
    #[command(flatten)]
    given: ParameterArguments,
    #[command(flatten)]
    place: TargetArguments,
    /// `json` prints the plan as one object, `html` as a page.
    #[arg(long, value_enum, default_value_t)]
    output: PlanForm,
    /// Save the plan, so that `run --plan FILE` does exactly that.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "out")]
    force: bool,
    /// Show a plan that was saved; no org is asked.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["runbook", "parameters", "parameter_file", "out", "approve", "orgs", "simulator"])]
    show: Option<PathBuf>,
    /// Show a plan that another person saved, and sign it with the key or secret of the org's profile.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["runbook", "parameters", "parameter_file", "out", "output", "orgs", "simulator"])]
    approve: Option<PathBuf>,
    /// Let this guard pass everything, as the run will have to: `own-access`.
    #[arg(long, value_name = "GUARD", value_parser = [OWN_ACCESS])]
    allow: Vec<String>,
    /// The ticket that the approval is given in.
    #[arg(long, value_name = "ID", requires = "approve")]
    ticket: Option<String>,
    /// How many runs may begin with the approval; counted in the journal that they are written into, so another journal counts anew.
    #[arg(long, value_name = "N", requires = "approve", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// How long a run may begin with the approval, such as `8h`; by default the profile's `valid_for`, else 24 hours.
    #[arg(long, value_name = "DURATION", requires = "approve", value_parser = positive_duration)]
    valid_for: Option<SignedDuration>,
    /// Approve without being asked again.
    #[arg(long, short, requires = "approve")]
    yes: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PlanForm {
    #[default]
    Text,
    Json,
    Html,
}

pub(super) fn execute(context: &CommandContext, arguments: &PlanArguments) -> Result<CommandExit, CommandError> {
    let terminal = TerminalHandle::new(
        match arguments.output {
            PlanForm::Text => terminal::OutputMode::Text,
            PlanForm::Json | PlanForm::Html => terminal::OutputMode::Json,
        },
        crate::report::visible_text,
    );
    if let Some(file) = &arguments.show {
        return show_plan(&terminal, file, arguments.output);
    }
    if let Some(file) = &arguments.approve {
        return approve_plan(context, &terminal, file, arguments);
    }
    if let Some(path) = &arguments.out {
        output_file::check(path, OverwriteMode::of(arguments.force))?;
    }
    let mode = arguments.place.mode();
    let prepared = PreparedRunbook::new(
        context,
        &terminal,
        arguments.runbook.as_deref().unwrap_or_default(),
        &arguments.given,
        mode,
    )?;
    let runtime = runtime()?;
    let real = runtime.block_on(arguments.place.find(context, &prepared.runbook))?;
    safeguards::distinct_orgs(&real, &runtime)?;
    let cancelled = cancelled_by_hand(&runtime, &terminal)?;
    let rehearsing = RehearsalSubject {
        context,
        terminal: &terminal,
        prepared: &prepared,
        real: &real,
        runtime: &runtime,
        cancelled: &cancelled,
        allow: &arguments.allow,
    };
    let rehearsed = rehearsing.rehearse()?;
    print_plan(&terminal, &rehearsed.plan, arguments.output)?;
    if let Some(path) = &arguments.out {
        let operator = local_actor(context).words();
        let over = OverwriteMode::of(arguments.force);
        let saved = SavedPlan::new(operator, &prepared, &rehearsed);
        saved.signed_in(context, &real, &runtime)?.write(path, over)?;
        let words = format!("wrote {}: run it with --plan", path.display());
        context.terminal.warn(&words);
    }
    exit(rehearsed)
}

fn show_plan(terminal: &TerminalHandle, file: &Path, form: PlanForm) -> Result<CommandExit, CommandError> {
    let saved = SavedPlan::read(file)?;
    print_plan(terminal, &saved.plan, form)?;
    Ok(CommandExit::Succeeded)
}

/// Shows the plan, asks, and signs.
fn approve_plan(
    context: &CommandContext,
    terminal: &TerminalHandle,
    file: &Path,
    arguments: &PlanArguments,
) -> Result<CommandExit, CommandError> {
    let mut saved = SavedPlan::read(file)?;
    let terms =
        ApprovalTerms { ticket: arguments.ticket.clone(), runs: arguments.times, valid_for: arguments.valid_for };
    let signatures = approval::sign(context, &saved, &terms, &runtime()?)?;
    print_plan(terminal, &saved.plan, PlanForm::Text)?;
    let made = saved.created.strftime("%Y-%m-%d %H:%M:%SZ");
    let maker = saved.maker_words();
    let question = format!("{maker} made this plan at {made}. Approve it?");
    if !arguments.yes {
        match terminal.ask(&question)? {
            YesNoAnswer::Yes => {}
            YesNoAnswer::NotATerminal => {
                return Err(CommandError::usage("nobody is there to approve the plan").help("pass --yes"));
            }
            YesNoAnswer::No | YesNoAnswer::Interrupted => return Ok(CommandExit::Interrupted),
        }
    }
    saved.approvals.extend(signatures.tokens);
    saved.write(file, OverwriteMode::Allowed)?;
    let approver = signatures.approver;
    terminal.line(&format!("{} is approved by {approver}", file.display()));
    Ok(CommandExit::Succeeded)
}

fn positive_duration(text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration.is_positive() => Ok(duration),
        _ => Err("write it in hours or minutes, such as 8h or 90m".to_owned()),
    }
}

fn print_plan(terminal: &TerminalHandle, plan: &RunPlan, form: PlanForm) -> Result<(), CommandError> {
    let unmade = |error: String| CommandError::failed(format!("the plan cannot be written: {error}"));
    match form {
        PlanForm::Text => {
            for line in lines(plan) {
                terminal.line(&line);
            }
        }
        PlanForm::Json => {
            let text = serde_json::to_string(plan).map_err(|error| unmade(error.to_string()))?;
            terminal.line(&text);
        }
        PlanForm::Html => {
            let page = page(plan).map_err(|error| unmade(error.to_string()))?;
            terminal.line(page.trim_end());
        }
    }
    Ok(())
}

/// A plan whose procedure stopped fails as the run would.
fn exit(rehearsed: RehearsalResult) -> Result<CommandExit, CommandError> {
    let outcome = rehearsed.outcome;
    match rehearsed.ended.error {
        Some(error) => Err(error),
        None => Ok(rehearsed.ended.exit(outcome)),
    }
}
