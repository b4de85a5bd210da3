//! `operations [WORD]`: Okta's API as scripts call it.

use serde_json::json;

use crate::app::command_context::{CommandContext, OutputFormat};
use crate::error::{CommandError, CommandExit};
use crate::okta::operations;
use crate::script::bindings::VERBS;
use crate::script::reference;

/// List the operations of Okta's API whose name, path or tag has WORD in it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook operations application_user")]
pub(super) struct OperationsArguments {
    word: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn execute(context: &CommandContext, arguments: &OperationsArguments) -> Result<CommandExit, CommandError> {
    let word = arguments.word.as_deref().unwrap_or_default();
    let found = operations::search(word);
    if found.is_empty() {
        return Err(unknown(word));
    }
    if arguments.output == OutputFormat::Json {
        context.terminal.line(&json!(found.iter().map(|o| reference::json_of(o)).collect::<Vec<_>>()).to_string());
    } else {
        for operation in found {
            context.terminal.line(&reference::text_of(operation));
        }
    }
    Ok(CommandExit::Succeeded)
}

fn unknown(word: &str) -> CommandError {
    let error = CommandError::usage(format!("no operation has `{word}` in its name, path or tag"));
    if let Some(verb) = VERBS.iter().find(|verb| verb.name == word) {
        return error.help(format!("it is a verb: {}, {}", verb.signature, verb.help));
    }
    match operations::nearest(word).as_slice() {
        [] => error,
        near => error.help(format!("nearest: {}", near.join(", "))),
    }
}
