//! `show RUNBOOK`: the procedure as its header tells it, and what it calls.

use serde_json::{Value, json};

use super::check;
use crate::app::command_context::{CommandContext, OutputFormat};
use crate::error::{CommandError, CommandExit};
use crate::report::table::text_table;
use crate::script::RunbookHeader;
use crate::script::check::{self as checks, CheckReport};
use crate::script::runbook::{DeclaredColumn, DeclaredParameter, ParameterType};

/// Show a runbook: purpose, orgs, parameters, steps, the operations it uses, the OAuth scopes it needs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook show ad/move_user_to_ou")]
pub(super) struct ShowArguments {
    /// Name such as `ad/move_user_to_ou`, or a path.
    runbook: String,
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
    /// Print a file of its parameters with their examples, for `run --params FILE`.
    #[arg(long, conflicts_with = "output")]
    params: bool,
}

pub(super) fn execute(context: &CommandContext, arguments: &ShowArguments) -> Result<CommandExit, CommandError> {
    let library = context.library();
    let source = library.find(&arguments.runbook)?;
    let runbook = RunbookHeader::read(&source, &library)?;
    if arguments.params {
        context.terminal.line(&parameter_file(&runbook));
        return Ok(CommandExit::Succeeded);
    }
    let report = checks::check(source, &library);
    let text = if arguments.output == OutputFormat::Json {
        as_json(&runbook, &report)
    } else {
        as_text(&runbook, &report, context.terminal.width())
    };
    context.terminal.line(text.trim_end());
    Ok(CommandExit::Succeeded)
}

/// The parameters as TOML: what has a default, or may be left out, stands in a comment.
fn parameter_file(runbook: &RunbookHeader) -> String {
    let mut lines = vec![format!("# Parameters of {}: okta-runbook run {} --params FILE", runbook.name, runbook.name)];
    for parameter in &runbook.parameters {
        let secret = || format!("\"env:{}\"", parameter.name.to_uppercase());
        let value = match parameter.kind {
            ParameterType::Secret => secret(),
            _ => parameter.default.as_ref().or(parameter.example.as_ref()).map_or_else(|| "\"\"".to_owned(), as_toml),
        };
        let mark = if parameter.required { "" } else { "# " };
        lines.push(String::new());
        lines.extend(parameter.help.lines().map(|line| format!("# {line}")));
        lines.extend(choices(&parameter.kind).map(|choices| format!("# one of {}", choices.join(", "))));
        lines.push(format!("{mark}{} = {value}", parameter.name));
    }
    lines.join("\n")
}

/// A value of a header as TOML: rows as tables in one line, without what they leave out.
fn as_toml(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(as_toml).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let fields: Vec<String> = fields.map(|(name, value)| format!("{name} = {}", as_toml(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        // JSON's texts, numbers and truths are TOML's, too.
        single => single.to_string(),
    }
}

fn as_json(runbook: &RunbookHeader, report: &CheckReport) -> String {
    let parameters: Vec<_> = runbook
        .parameters
        .iter()
        .map(|p| json!({ "name": p.name, "type": p.kind.to_string(), "choices": choices(&p.kind), "help": p.help, "required": p.required, "default": p.default, "example": p.example, "column": p.headings, "columns": p.columns.iter().map(column_json).collect::<Vec<_>>(), "unique": p.unique }))
        .collect();
    json!({
        "name": runbook.name,
        "path": runbook.path,
        "doc": runbook.doc,
        "orgs": runbook.orgs.iter().map(|o| json!({ "name": o.name, "what": o.what })).collect::<Vec<_>>(),
        "parameters": parameters,
        "steps": runbook.steps.iter().map(|s| json!({ "title": s.title, "line": s.line })).collect::<Vec<_>>(),
        "operations": check::operations(report),
        "scopes": report.scopes,
        "not_known": check::not_known_json(report),
    })
    .to_string()
}

fn column_json(column: &DeclaredColumn) -> Value {
    json!({
        "name": column.name,
        "type": column.kind.to_string(),
        "choices": choices(&column.kind),
        "help": column.help,
        "required": column.required,
        "default": column.default,
        "column": column.headings,
    })
}

/// The columns of files, each with the headings that it may have.
fn columns(runbook: &RunbookHeader) -> Vec<Vec<String>> {
    let of_rows = |parameter: &DeclaredParameter| {
        let rows = parameter.columns.iter().map(|column| {
            let kind = kind_words(&column.kind);
            let given = given_words(column.default.as_ref(), column.required);
            let place = format!("{}.{}", parameter.name, column.name);
            vec![place, column.headings.join(", "), kind, given, column.help.clone()]
        });
        rows.collect::<Vec<_>>()
    };
    runbook.parameters.iter().flat_map(of_rows).collect()
}

fn kind_words(kind: &ParameterType) -> String {
    match choices(kind) {
        Some(choices) => format!("one of {}", choices.join(", ")),
        None => kind.to_string(),
    }
}

fn given_words(default: Option<&Value>, required: bool) -> String {
    match default {
        Some(default) => format!("default {default}"),
        None if required => "required".to_owned(),
        None => "optional".to_owned(),
    }
}

fn choices(kind: &ParameterType) -> Option<&[String]> {
    match kind {
        ParameterType::Choice(choices) => Some(choices),
        _ => None,
    }
}

fn as_text(runbook: &RunbookHeader, report: &CheckReport, width: Option<u16>) -> String {
    let orgs: Vec<Vec<String>> = runbook.orgs.iter().map(|o| vec![o.name.clone(), o.what.clone()]).collect();
    let parameters: Vec<Vec<String>> = runbook
        .parameters
        .iter()
        .map(|p| {
            let given = given_words(p.default.as_ref(), p.required);
            vec![p.name.clone(), kind_words(&p.kind), given, p.help.clone()]
        })
        .collect();
    let steps: Vec<String> =
        runbook.steps.iter().enumerate().map(|(n, s)| format!("{:>3}. {}", n + 1, s.title)).collect();
    let mut parts = vec![format!("{} ({})", runbook.name, runbook.path), runbook.doc.trim_end().to_owned()];
    let mut tables = vec![
        ("Orgs", text_table(&["org", "what it is"], &orgs, width)),
        ("Parameters", text_table(&["parameter", "type", "given", "help"], &parameters, width)),
    ];
    let columns = columns(runbook);
    if !columns.is_empty() {
        let heads = &["column", "heading in a file", "type", "given", "help"];
        tables.push(("Columns", text_table(heads, &columns, width)));
    }
    parts.extend(tables.into_iter().map(|(title, table)| format!("{title}\n{}", table.trim_end())));
    parts.push(format!("Steps\n{}", steps.join("\n")));
    if let Some(used) = check::operations_table(report, width) {
        parts.push(format!("Operations\n{used}"));
    }
    parts.join("\n\n")
}
