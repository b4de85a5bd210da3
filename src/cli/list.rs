//! `list`: the runbooks at hand.

use serde_json::json;

use super::{Context, Output};
use crate::error::{Error, Exit};
use crate::report::table::text_table;
use crate::script::Listed;

/// List the runbooks found here, in the user's folder, and shipped.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook list --output json")]
pub(super) struct Arguments {
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

pub(super) fn execute(context: &Context, arguments: &Arguments) -> Result<Exit, Error> {
    let listed = context.library().list()?;
    if arguments.output == Output::Json {
        let rows: Vec<_> = listed
            .iter()
            .map(|l| json!({ "name": l.name, "shelf": l.shelf.to_string(), "path": l.path, "shadows": l.shadows.map(|s| s.to_string()), "behind": l.behind, "summary": l.summary }))
            .collect();
        context.terminal.line(&json!(rows).to_string());
        return Ok(Exit::Succeeded);
    }
    let rows: Vec<Vec<String>> = listed
        .iter()
        .map(|l| vec![l.name.clone(), from(l), l.summary.clone()])
        .collect();
    context.terminal.line(&text_table(
        &["runbook", "from", "what it does"],
        &rows,
        context.terminal.width(),
    ));
    Ok(Exit::Succeeded)
}

fn from(listed: &Listed) -> String {
    let behind = if listed.behind {
        ", which has changed since it was copied"
    } else {
        ""
    };
    match listed.shadows {
        Some(shadowed) => format!("{} (shadows {shadowed}{behind})", listed.shelf),
        None => listed.shelf.to_string(),
    }
}
