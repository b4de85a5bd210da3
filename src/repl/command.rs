//! The `:` commands as types.

use std::path::PathBuf;

use crate::error::CommandError;

/// What a person asks of the session itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SessionCommand {
    Help(Option<String>),
    Orgs,
    Vars,
    Ops(String),
    /// Words as a shell would give them.
    Run(Vec<String>),
    Runs,
    Undo,
    Plan(PlanCommand),
    Save(PathBuf),
    Load(PathBuf),
    Edit,
    Time(String),
    Scopes,
    Limits,
    Json,
    Csv(PathBuf),
    More,
    Quit,
}

/// What is done with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanCommand {
    On,
    Show,
    Apply,
    Off,
}

/// A command as `:help` and completion show it.
pub(super) struct DescribedCommand {
    pub(super) name: &'static str,
    pub(super) usage: &'static str,
    pub(super) help: &'static str,
}

const fn describe_command(name: &'static str, usage: &'static str, help: &'static str) -> DescribedCommand {
    DescribedCommand { name, usage, help }
}

pub(super) const COMMANDS: &[DescribedCommand] = &[
    describe_command("help", ":help [WORD]", "verbs, operations and runbooks of that word"),
    describe_command("orgs", ":orgs", "the orgs of this session"),
    describe_command("vars", ":vars", "variables, functions and modules"),
    describe_command("ops", ":ops WORD", "operations with WORD in their name, path or tag"),
    describe_command(
        "run",
        ":run RUNBOOK [NAME=VALUE]… [--attest NAME]…",
        "run a runbook on these orgs; quote values with spaces as in a shell",
    ),
    describe_command("runs", ":runs", "past runs"),
    describe_command("undo", ":undo", "take back what this session wrote"),
    describe_command(
        "plan",
        ":plan on|show|apply|off",
        "try things on shadows of the orgs: nothing reaches them until `apply`, and `off` drops it all",
    ),
    describe_command("save", ":save FILE", "what this session did, as a runbook"),
    describe_command("load", ":load FILE", "evaluate a file as if it were typed"),
    describe_command("edit", ":edit", "the last entry in $VISUAL or $EDITOR, evaluated afterwards"),
    describe_command("time", ":time EXPRESSION", "evaluate and tell how long it took"),
    describe_command("scopes", ":scopes", "the least OAuth scopes for what was done"),
    describe_command("limits", ":limits", "what is known of the orgs' rate limits"),
    describe_command("json", ":json", "the last result as JSON"),
    describe_command("csv", ":csv FILE", "the last result as CSV"),
    describe_command("more", ":more", "the next items of the last list; `more` does too"),
    describe_command("quit", ":quit", "leave, as Ctrl-D does"),
];

impl SessionCommand {
    /// The command that `line` is; `None` for an entry to evaluate.
    pub(super) fn parse(line: &str) -> Option<Result<Self, CommandError>> {
        let line = line.trim();
        if line == "more" {
            return Some(Ok(Self::More));
        }
        let rest = line.strip_prefix(':')?;
        let (name, argument) =
            rest.split_once(char::is_whitespace).map_or((rest, ""), |(name, argument)| (name, argument.trim()));
        Some(Self::of(name, argument))
    }

    fn of(name: &str, argument: &str) -> Result<Self, CommandError> {
        let file = || match unquote_path(argument) {
            "" => Err(usage(name)),
            path => Ok(PathBuf::from(path)),
        };
        Ok(match name {
            "help" | "h" | "?" => Self::Help((!argument.is_empty()).then(|| argument.to_owned())),
            "ops" => Self::Ops(argument.to_owned()),
            "run" | "time" if argument.is_empty() => return Err(usage(name)),
            "run" => Self::Run(shlex::split(argument).ok_or_else(|| {
                CommandError::usage("a quote is not closed").help("quote as in a shell: group=\"AD Users\"")
            })?),
            "plan" => Self::Plan(planning(argument)?),
            "save" => Self::Save(file()?),
            "load" => Self::Load(file()?),
            "csv" => Self::Csv(file()?),
            "time" => Self::Time(argument.to_owned()),
            _ => Self::bare(name, argument)?,
        })
    }

    fn bare(name: &str, argument: &str) -> Result<Self, CommandError> {
        let command = match name {
            "orgs" => Self::Orgs,
            "vars" => Self::Vars,
            "runs" => Self::Runs,
            "undo" => Self::Undo,
            "edit" => Self::Edit,
            "scopes" => Self::Scopes,
            "limits" => Self::Limits,
            "json" => Self::Json,
            "more" => Self::More,
            "quit" | "q" | "exit" => Self::Quit,
            _ => return Err(unknown(name)),
        };
        if argument.is_empty() {
            Ok(command)
        } else {
            Err(CommandError::usage(format!("`:{name}` takes nothing, and was given `{argument}`")))
        }
    }
}

fn planning(argument: &str) -> Result<PlanCommand, CommandError> {
    Ok(match argument {
        "on" => PlanCommand::On,
        "show" => PlanCommand::Show,
        "apply" => PlanCommand::Apply,
        "off" => PlanCommand::Off,
        _ => return Err(usage("plan")),
    })
}

/// A path that a person quoted as a shell would have it.
fn unquote_path(path: &str) -> &str {
    let within = |quote| path.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(path)
}

fn usage(name: &str) -> CommandError {
    let described = COMMANDS.iter().find(|command| command.name == name);
    let usage = described.map_or(":help", |command| command.usage);
    CommandError::usage(format!("`:{name}` lacks something: write {usage}"))
}

fn unknown(name: &str) -> CommandError {
    let error = CommandError::usage(format!("there is no command :{name}"));
    let names = COMMANDS.iter().map(|command| command.name);
    match crate::script::nearest::nearest(name, names).as_slice() {
        [] => error.help(":help lists them"),
        near => error.help(format!("did you mean :{}?", near.join(" or :"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_entries() {
        let parsed = |line: &str| SessionCommand::parse(line).map(|parsed| parsed.map_err(|error| error.to_string()));
        assert_eq!(parsed("okta.list_groups()"), None);
        assert_eq!(parsed(" more "), Some(Ok(SessionCommand::More)));
        assert_eq!(parsed(":ops group"), Some(Ok(SessionCommand::Ops("group".into()))));
        assert_eq!(parsed(":help"), Some(Ok(SessionCommand::Help(None))));
        assert_eq!(parsed(":save"), Some(Err("`:save` lacks something: write :save FILE".into())));
        assert_eq!(parsed(":edit x"), Some(Err("`:edit` takes nothing, and was given `x`".into())));
        let words = ["ad/x", "group=AD Users", "--attest", "a"];
        assert_eq!(
            parsed(":run ad/x group=\"AD Users\" --attest a"),
            Some(Ok(SessionCommand::Run(words.map(str::to_owned).to_vec())))
        );
        assert_eq!(parsed(":run ad/x group=\"AD"), Some(Err("a quote is not closed".into())));
        assert_eq!(parsed(":sav x"), Some(Err("there is no command :sav".into())));
    }

    #[test]
    fn every_described_command_is_parsed() {
        for command in COMMANDS {
            let line = command.usage.replace(['[', ']', '…'], "").replace("|show|apply|off", "");
            assert!(SessionCommand::parse(&line).is_some_and(|parsed| parsed.is_ok()), "{line}");
        }
    }
}
