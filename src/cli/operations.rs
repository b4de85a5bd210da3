//! `operations [WORD]`: Okta's API as scripts call it.

use serde_json::json;

use super::{Context, Output};
use crate::error::{Error, Exit};
use crate::okta::{Operation, operations};

/// List the operations of Okta's API whose name, path or tag has WORD in it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook operations application_user")]
pub(super) struct Arguments {
    word: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let word = arguments.word.as_deref().unwrap_or_default();
    let found = operations::search(word);
    if found.is_empty() {
        return Err(unknown(word));
    }
    if arguments.output == Output::Json {
        context
            .terminal
            .line(&json!(found.iter().map(|o| row(o)).collect::<Vec<_>>()).to_string());
    } else {
        for operation in found {
            context.terminal.line(&format!(
                "{}\n    {} {}  {}",
                operation.signature("okta"),
                operation.method,
                operation.path,
                operation.scopes.join(" ")
            ));
        }
    }
    Ok(Exit::Succeeded)
}

fn unknown(word: &str) -> Error {
    let error = Error::usage(format!(
        "no operation has `{word}` in its name, path or tag"
    ));
    match operations::nearest(word).as_slice() {
        [] => error,
        near => error.help(format!("nearest: {}", near.join(", "))),
    }
}

fn row(operation: &Operation) -> serde_json::Value {
    json!({
        "name": operation.name,
        "method": operation.method.as_str(),
        "path": operation.path,
        "signature": operation.signature("okta"),
        "scopes": operation.scopes,
        "tag": operation.tag,
        "operation_id": operation.operation_id,
    })
}
