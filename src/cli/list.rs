//! `list`: the runbooks at hand.

use serde_json::{Value, json};

use crate::app::command_context::{CommandContext, OutputFormat};
use crate::error::{CommandError, CommandExit};
use crate::report::table::text_table;
use crate::script::ListedRunbook;

/// List the runbooks and modules found here, in the user's folder, and shipped.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook list --output json")]
pub(super) struct ListArguments {
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn execute(context: &CommandContext, arguments: &ListArguments) -> Result<CommandExit, CommandError> {
    let library = context.library();
    let (runbooks, modules) = (library.list()?, library.list_modules()?);
    if arguments.output == OutputFormat::Json {
        let rows = of_kind("runbook", &runbooks).chain(of_kind("module", &modules));
        let rows: Vec<_> = rows.collect();
        context.terminal.line(&json!(rows).to_string());
        return Ok(CommandExit::Succeeded);
    }
    let width = context.terminal.width();
    for (title, listed) in [("runbook", &runbooks), ("module", &modules)] {
        let rows: Vec<Vec<String>> =
            listed.iter().map(|l| vec![l.name.clone(), place_of(l), l.summary.clone()]).collect();
        let table = text_table(&[title, "from", "what it does"], &rows, width);
        context.terminal.line(&format!("{}\n", table.trim_end()));
    }
    Ok(CommandExit::Succeeded)
}

fn of_kind<'a>(kind: &'a str, listed: &'a [ListedRunbook]) -> impl Iterator<Item = Value> + 'a {
    listed.iter().map(move |l| {
        json!({
            "name": l.name,
            "kind": kind,
            "shelf": l.shelf.to_string(),
            "path": l.path,
            "shadows": l.shadows.map(|shelf| shelf.to_string()),
            "behind": l.behind,
            "summary": l.summary,
        })
    })
}

fn place_of(listed: &ListedRunbook) -> String {
    let behind = if listed.behind { ", which has changed since it was copied" } else { "" };
    match listed.shadows {
        Some(shadowed) => format!("{} (shadows {shadowed}{behind})", listed.shelf),
        None => listed.shelf.to_string(),
    }
}
