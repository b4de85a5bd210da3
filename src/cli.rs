//! The command line as types, one file a subcommand.

mod approval;
mod audience;
mod check;
mod completions;
mod conduct;
mod copy;
mod credentials;
mod definitions;
mod diff;
mod eval;
mod failures;
mod guard;
mod journal_check;
mod known_scopes;
mod list;
mod lsp;
mod man;
mod new;
mod operations;
mod org_identity;
mod orgs;
mod output_file;
mod plan;
mod prepared;
mod rehearsal;
mod repl;
mod report;
mod resume;
mod run;
mod runs;
mod scopes;
mod session;
mod show;
mod simulator;
mod snapshot;
mod stop_signals;
mod test;
mod undo;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::config::{Config, Environment, OrgProfile};
use crate::error::{Error, Exit};
use crate::script::Library;
use crate::terminal::{Mode, Terminal};

/// A scriptable runbook interpreter for Okta administrators.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    /// Profile file, instead of okta-runbook.toml here and in the user's configuration folder.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Plan(plan::Arguments),
    Snapshot(snapshot::Arguments),
    Resume(resume::Arguments),
    Undo(undo::Arguments),
    Runs(runs::Arguments),
    Repl(repl::Arguments),
    Eval(eval::Arguments),
    List(list::Arguments),
    Check(check::Arguments),
    Test(test::Arguments),
    Copy(copy::Arguments),
    Diff(diff::Arguments),
    New(new::Arguments),
    Show(show::Arguments),
    Operations(operations::Arguments),
    Simulator(simulator::Arguments),
    Orgs(orgs::Arguments),
    Lsp(lsp::Arguments),
    Definitions(definitions::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Form of a reading command's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    #[default]
    Text,
    Json,
}

/// What every subcommand gets.
struct Context {
    config: Config,
    terminal: Terminal,
}

impl Context {
    /// The org when none is named; `naming` is how one is named on this command line. Tells when it is not the one that the
    /// variables name.
    fn default_org(&self, naming: &str) -> Result<OrgProfile, Error> {
        let profile = self.config.default_org(naming)?;
        if let Some(warning) = self.config.passed_over(&profile) {
            self.terminal.warn(&warning);
        }
        Ok(profile)
    }

    fn library(&self) -> Library {
        Library::new(
            // Relative, as messages shall show it.
            PathBuf::from("runbooks"),
            self.config.user_runbooks(),
        )
    }
}

/// Answers a shell that completes a line; else runs the command line to its end. The error, if any, is printed here.
pub fn main() -> ExitCode {
    if completions::answered() {
        return ExitCode::SUCCESS;
    }
    execute(Cli::parse())
}

fn execute(cli: Cli) -> ExitCode {
    let terminal = Terminal::new(Mode::Text, crate::report::visible_text);
    let exit = dispatch(cli, &terminal).unwrap_or_else(|error| {
        terminal.error(&error);
        error.exit
    });
    ExitCode::from(exit as u8)
}

fn dispatch(cli: Cli, terminal: &Terminal) -> Result<Exit, Error> {
    let environment = Environment::from_process();
    let config = Config::load(&environment, cli.config.as_deref())?;
    let context = Context { config, terminal: terminal.clone() };
    match cli.command {
        Command::Run(arguments) => run::execute(&context, &arguments),
        Command::Plan(arguments) => plan::execute(&context, &arguments),
        Command::Snapshot(arguments) => snapshot::execute(&context, arguments),
        Command::Resume(arguments) => resume::execute(&context, &arguments),
        Command::Undo(arguments) => undo::execute(&context, &arguments),
        Command::Runs(arguments) => runs::execute(&context, &arguments),
        Command::Repl(arguments) => repl::execute(&context, &arguments),
        Command::Eval(arguments) => eval::execute(&context, &arguments),
        Command::List(arguments) => list::execute(&context, &arguments),
        Command::Copy(arguments) => copy::execute(&context, &arguments),
        Command::Diff(arguments) => diff::execute(&context, &arguments),
        Command::New(arguments) => new::execute(&context, &arguments),
        Command::Check(arguments) => check::execute(&context, &arguments),
        Command::Test(arguments) => test::execute(&context, &arguments),
        Command::Show(arguments) => show::execute(&context, &arguments),
        Command::Operations(arguments) => operations::execute(&context, &arguments),
        Command::Orgs(arguments) => orgs::execute(&context, &arguments),
        Command::Simulator(arguments) => simulator::execute(&context, &arguments),
        Command::Lsp(arguments) => lsp::execute(&context, &arguments),
        Command::Definitions(arguments) => definitions::execute(&context, &arguments),
        Command::Completions(arguments) => completions::execute(&context, &arguments),
        Command::Man(arguments) => man::execute(&context, &arguments),
    }
}
