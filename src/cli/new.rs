//! `new NAME`: a commented skeleton, or a beginning made from what there is.

use std::fs;
use std::path::{Path, PathBuf};

use super::copy;
use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};
use crate::okta::operations;
use crate::script::draft::{RunbookDraft, draft_of_collection, draft_of_operation, draft_of_table};
use crate::script::nearest::{nearest, or_list};
use crate::script::parameters::headings_of;

/// Write the beginning of a runbook to ./runbooks.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook new groups/tidy_up")]
pub(super) struct NewArguments {
    /// Name such as `groups/tidy_up`.
    name: String,
    /// Make it from a Postman collection (.json), or for the rows of a CSV file.
    #[arg(long, value_name = "FILE", conflicts_with = "operation")]
    from: Option<PathBuf>,
    /// Make it call this operation for each row of a table.
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
}

const SKELETON: &str = include_str!("skeleton.rhai");

pub(super) fn execute(context: &CommandContext, arguments: &NewArguments) -> Result<CommandExit, CommandError> {
    let file = context.library().workspace_file(&arguments.name)?;
    if file.exists() {
        return Err(CommandError::usage(format!("{} exists already", file.display())).help("choose another name"));
    }
    let draft = match (&arguments.from, &arguments.operation) {
        (Some(source), _) => draft_of_file(source)?,
        (None, Some(name)) => draft_of_operation(operations::find(name).ok_or_else(|| unknown_operation(name))?),
        (None, None) => RunbookDraft { text: SKELETON.to_owned(), remarks: Vec::new() },
    };
    copy::write(&file, &draft.text)?;
    for remark in &draft.remarks {
        context.terminal.warn(remark);
    }
    let name = arguments.name.strip_suffix(".rhai").unwrap_or(&arguments.name);
    let next = if arguments.from.is_some() || arguments.operation.is_some() {
        format!("read it, then look for mistakes: okta-runbook check {name}")
    } else {
        format!("try it: okta-runbook run {name} --simulator --yes")
    };
    context.terminal.line(&format!("wrote {}\n{next}", file.display()));
    Ok(CommandExit::Succeeded)
}

fn draft_of_file(source: &Path) -> Result<RunbookDraft, CommandError> {
    let shown = source.display().to_string();
    let ending = source.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let draft = match ending.as_deref() {
        Some("csv" | "tsv") => {
            let headings = headings_of(&shown).map_err(|problem| CommandError::usage(problem.message))?;
            let name = source.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
            draft_of_table(&name, &headings)
        }
        Some("json") => {
            let text = fs::read_to_string(source)
                .map_err(|error| CommandError::usage(format!("cannot read {shown}: {error}")))?;
            draft_of_collection(&shown, text.trim_start_matches('\u{feff}'))
        }
        _ => Err(format!("{shown} is neither a Postman collection (.json) nor a table (.csv)")),
    };
    draft.map_err(CommandError::usage)
}

fn unknown_operation(name: &str) -> CommandError {
    let error = CommandError::usage(format!("there is no operation `{name}`"));
    match nearest(name, operations::all().iter().map(|operation| operation.name)).as_slice() {
        [] => error.help("see okta-runbook operations WORD"),
        near => error.help(format!("did you mean {}?", or_list(near))),
    }
}
