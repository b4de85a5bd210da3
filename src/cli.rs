//! The command line as types, one file a subcommand.

mod check;
mod completions;
mod copy;
mod definitions;
mod diff;
mod eval;
mod help;
mod list;
mod lsp;
mod man;
mod new;
mod operations;
mod orgs;
mod plan;
mod repl;
mod report;
mod resume;
mod run;
mod runs;
mod session;
mod show;
mod simulator;
mod snapshot;
mod test;
mod undo;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::command_context::CommandContext;
use crate::config::{ProcessEnvironment, RunbookConfig};
use crate::error::{CommandError, CommandExit};
use crate::terminal::{OutputMode, TerminalHandle};

/// A scriptable runbook interpreter for Okta administrators.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct CommandLine {
    /// Profile file, instead of okta-runbook.toml here and in the user's configuration folder.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    Run(run::RunArguments),
    Plan(plan::PlanArguments),
    Snapshot(snapshot::SnapshotArguments),
    Resume(resume::ResumeArguments),
    Undo(undo::UndoArguments),
    Runs(runs::RunsArguments),
    Repl(repl::ReplArguments),
    Eval(eval::EvalArguments),
    List(list::ListArguments),
    Check(check::CheckArguments),
    Test(test::TestArguments),
    Copy(copy::CopyArguments),
    Diff(diff::DiffArguments),
    New(new::NewArguments),
    Show(show::ShowArguments),
    Operations(operations::OperationsArguments),
    Simulator(simulator::SimulatorArguments),
    Orgs(orgs::OrgsArguments),
    Lsp(lsp::LspArguments),
    Definitions(definitions::DefinitionsArguments),
    Completions(completions::CompletionsArguments),
    Man(man::ManArguments),
    Help(help::HelpArguments),
}

/// Answers a shell that completes a line; else runs the command line to its end. The error, if any, is printed here.
pub fn main() -> ExitCode {
    if completions::answer_shell() {
        return ExitCode::SUCCESS;
    }
    execute(CommandLine::parse())
}

fn execute(cli: CommandLine) -> ExitCode {
    let terminal = TerminalHandle::new(OutputMode::Text, crate::report::visible_text);
    let exit = dispatch(cli, &terminal).unwrap_or_else(|error| {
        terminal.error(&error);
        error.exit
    });
    ExitCode::from(exit as u8)
}

fn dispatch(cli: CommandLine, terminal: &TerminalHandle) -> Result<CommandExit, CommandError> {
    let environment = ProcessEnvironment::from_process();
    let config = RunbookConfig::load(&environment, cli.config.as_deref())?;
    let context = CommandContext { config, terminal: terminal.clone() };
    match cli.command {
        CliCommand::Run(arguments) => run::execute(&context, &arguments),
        CliCommand::Plan(arguments) => plan::execute(&context, &arguments),
        CliCommand::Snapshot(arguments) => snapshot::execute(&context, arguments),
        CliCommand::Resume(arguments) => resume::execute(&context, &arguments),
        CliCommand::Undo(arguments) => undo::execute(&context, &arguments),
        CliCommand::Runs(arguments) => runs::execute(&context, &arguments),
        CliCommand::Repl(arguments) => repl::execute(&context, &arguments),
        CliCommand::Eval(arguments) => eval::execute(&context, &arguments),
        CliCommand::List(arguments) => list::execute(&context, &arguments),
        CliCommand::Copy(arguments) => copy::execute(&context, &arguments),
        CliCommand::Diff(arguments) => diff::execute(&context, &arguments),
        CliCommand::New(arguments) => new::execute(&context, &arguments),
        CliCommand::Check(arguments) => check::execute(&context, &arguments),
        CliCommand::Test(arguments) => test::execute(&context, &arguments),
        CliCommand::Show(arguments) => show::execute(&context, &arguments),
        CliCommand::Operations(arguments) => operations::execute(&context, &arguments),
        CliCommand::Orgs(arguments) => orgs::execute(&context, &arguments),
        CliCommand::Simulator(arguments) => simulator::execute(&context, &arguments),
        CliCommand::Lsp(arguments) => lsp::execute(&context, &arguments),
        CliCommand::Definitions(arguments) => definitions::execute(&context, &arguments),
        CliCommand::Completions(arguments) => completions::execute(&context, &arguments),
        CliCommand::Man(arguments) => man::execute(&context, &arguments),
        CliCommand::Help(arguments) => help::execute(&context, &arguments),
    }
}
