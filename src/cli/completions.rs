//! `completions SHELL`, and the answers that the shell's completion then asks for.

mod candidates;

use std::ffi::OsString;

use clap::{Command, CommandFactory as _, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::engine::ArgValueCompleter;
use clap_complete::env::Shells;

use super::CommandLine;
use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};

/// Print what a shell needs to complete commands, runbook names and their parameters.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook completions bash
Have it made anew at each start of the shell:
  bash        source <(okta-runbook completions bash)                              in ~/.bashrc
  zsh         source <(okta-runbook completions zsh)                               in ~/.zshrc
  fish        okta-runbook completions fish | source                               in ~/.config/fish/config.fish
  PowerShell  okta-runbook completions powershell | Out-String | Invoke-Expression  in $PROFILE")]
pub(super) struct CompletionsArguments {
    #[arg(value_enum)]
    shell: CompletionShell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CompletionShell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

/// The shell's script sets this for its questions; its own name keeps other programs' completion out.
const VARIABLE: &str = "OKTA_RUNBOOK_COMPLETE";
const BINARY: &str = "okta-runbook";

/// Answers the shell when it was the shell that asked; `true` when so, and nothing else is to be done.
pub(super) fn answer_shell() -> bool {
    let arguments = std::env::args_os();
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .try_complete(arguments, here.as_deref())
        .unwrap_or_else(|error| error.exit())
}

/// The command line, its arguments with what can stand in them: by the argument's name, which means the same in every subcommand.
fn command() -> Command {
    let subcommands = |command: Command| {
        command.mut_args(|argument| match argument.get_id().as_str() {
            "runbook" | "files" => argument.add(ArgValueCompleter::new(candidates::runbooks)),
            "parameters" => argument.add(ArgValueCompleter::new(candidates::parameters)),
            "orgs" => argument.add(ArgValueCompleter::new(candidates::org_profiles)),
            _ => argument,
        })
    };
    CommandLine::command().mut_subcommands(subcommands)
}

pub(super) fn execute(context: &CommandContext, arguments: &CompletionsArguments) -> Result<CommandExit, CommandError> {
    let script = registration(arguments.shell)
        .map_err(|error| CommandError::failed(format!("the completion cannot be written: {error}")))?;
    context.terminal.line(script.trim_end());
    Ok(CommandExit::Succeeded)
}

fn registration(shell: CompletionShell) -> std::io::Result<String> {
    let name = shell.to_possible_value();
    let name = name.as_ref().map_or("", |value| value.get_name());
    let shells = Shells::builtins();
    let completer = shells.completer(name).ok_or_else(|| std::io::Error::other(format!("no completion for {name}")))?;
    let mut script = Vec::new();
    let program = program().to_string_lossy().into_owned();
    completer.write_registration(VARIABLE, BINARY, BINARY, &program, &mut script)?;
    String::from_utf8(script).map_err(std::io::Error::other)
}

/// This very program, so that completion works where it is not in the path.
fn program() -> OsString {
    std::env::current_exe().map_or_else(|_| BINARY.into(), Into::into)
}
