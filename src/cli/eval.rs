//! `eval 'EXPRESSION'`: one entry of a session.

use std::sync::Arc;

use super::session::{self, SessionPlace, ended_by};
use crate::app::command_context::{CommandContext, OutputFormat};
use crate::app::failures::run_failure;
use crate::app::org_identity::run_actor;
use crate::app::safeguards;
use crate::app::stop_signals::StopSignals;
use crate::app::write_options::{look_last, open_journal, stop_signals};
use crate::error::{CommandError, CommandExit};
use crate::repl::{SessionInterrupt, SessionLog, as_text};
use crate::report::text::OutputVerbosity;
use crate::run::event::RunOutcome;
use crate::script::session::{EntryAnswer, STACK, ScriptSession};
use crate::terminal::TerminalHandle;

/// Evaluate an expression on an org and print what it comes to.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook eval 'okta.list_groups(#{ q: \"AD\" })' --simulator --output json")]
pub(super) struct EvalArguments {
    /// Statements; the last one may be an expression.
    expression: String,
    #[command(flatten)]
    place: SessionPlace,
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn execute(context: &CommandContext, arguments: &EvalArguments) -> Result<CommandExit, CommandError> {
    std::thread::scope(|scope| {
        let work = || evaluate(context, arguments);
        let thread = std::thread::Builder::new()
            .name("session".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work)
            .map_err(|error| CommandError::failed(format!("no thread for the session: {error}")))?;
        thread
            .join()
            .unwrap_or_else(|_| Err(CommandError::failed("the session failed unexpectedly; please report this")))
    })
}

fn evaluate(context: &CommandContext, arguments: &EvalArguments) -> Result<CommandExit, CommandError> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| CommandError::failed(format!("the runtime does not start: {error}")))?;
    let declared = arguments.place.declared("eval")?;
    let world = runtime.block_on(arguments.place.at.find(context, &declared))?;
    safeguards::distinct_orgs(&world, &runtime)?;
    let orgs = arguments.place.orgs(context, &world)?;
    let interrupt = SessionInterrupt::default();
    let actor = run_actor(context, &world, &runtime);
    let consent = arguments.place.consent(context, &world, &orgs, &interrupt, actor)?;
    let listener = match arguments.output {
        OutputFormat::Text => SessionLog::default().listener(&context.terminal, OutputVerbosity::Normal),
        // Standard output belongs to the result alone.
        OutputFormat::Json => Arc::new(|_: &_| {}),
    };
    let signals = stop_signals(&runtime)?;
    let run = session::begin(&open_journal(context)?, "eval", &world, consent, listener, &interrupt)?;
    runtime.spawn(break_off_on_signals(signals, interrupt, context.terminal.clone()));
    let names: Vec<String> = orgs.into_iter().map(|org| org.name).collect();
    let mut session = ScriptSession::new(
        &run,
        runtime.handle().clone(),
        &names,
        world.directories.keys().cloned().collect(),
        context.library(),
    );
    let result = session
        .evaluate(&arguments.expression)
        .and_then(|answer| whole_list(&mut session, answer))
        .map_err(CommandError::from);
    let (outcome, message) = match &result {
        Ok(_) => (RunOutcome::Succeeded, None),
        Err(error) => (ended_by(error), error.message.lines().next()),
    };
    look_last(&run, outcome, &runtime);
    let outcome = run.end(outcome, message).map_err(|error| run_failure(&error))?;
    let exit = match outcome {
        RunOutcome::Partly => CommandExit::Partly,
        _ => CommandExit::Succeeded,
    };
    let value = result.map_err(|error| match exit {
        CommandExit::Partly => CommandError { exit, ..error },
        _ => error,
    })?;
    show_value(context, arguments.output, &value);
    Ok(exit)
}

/// A list is fetched to its end.
fn whole_list(
    session: &mut ScriptSession,
    answer: EntryAnswer,
) -> Result<serde_json::Value, crate::script::session::EntryFailure> {
    Ok(match answer {
        EntryAnswer::Nothing => serde_json::Value::Null,
        EntryAnswer::Value(value) => value,
        EntryAnswer::Text(text) => text.into(),
        EntryAnswer::List(mut pages) => session.rest(&mut pages)?.into(),
    })
}

fn show_value(context: &CommandContext, output: OutputFormat, value: &serde_json::Value) {
    match output {
        OutputFormat::Json => context.terminal.line(&value.to_string()),
        OutputFormat::Text if value.is_null() => {}
        OutputFormat::Text => context.terminal.line(&as_text(value, context.terminal.width())),
    }
}

/// The first signal breaks off what is evaluated; a second one leaves at once.
async fn break_off_on_signals(mut signals: StopSignals, interrupt: SessionInterrupt, terminal: TerminalHandle) {
    signals.next().await;
    interrupt.strike();
    terminal.break_off_questions();
    while !signals.next().await.is_urgent() {}
    std::process::exit(CommandExit::Interrupted as i32);
}
