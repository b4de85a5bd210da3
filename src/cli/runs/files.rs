//! `runs files RUN`: the files that a run saved, and whether they are as it saved them.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::app::command_context::{CommandContext, OutputFormat};
use crate::error::{CommandError, CommandExit};
use crate::report::table::text_table;
use crate::run::journal::{Journal, RunRecord};
use crate::run::{SavedFile, saved_folder, sha256_hex};

#[derive(Debug, clap::Args)]
pub(super) struct FilesArguments {
    /// Id of the run, or the beginning of it.
    pub(super) run: String,
    /// Print this file instead of the list.
    name: Option<String>,
    #[arg(long, value_enum, default_value_t, conflicts_with = "name")]
    output: OutputFormat,
}

/// A file and what became of it.
#[derive(Serialize)]
struct FoundFile {
    #[serde(flatten)]
    saved: SavedFile,
    state: &'static str,
    path: String,
}

const AS_SAVED: &str = "as saved";

/// # Errors
/// The journal cannot be read, or the file that is named is not here as it was saved.
pub(super) fn execute(
    context: &CommandContext,
    journal: &Journal,
    record: &RunRecord,
    arguments: &FilesArguments,
) -> Result<CommandExit, CommandError> {
    let events = journal.events(&record.run).map_err(|error| super::unreadable(&error))?;
    let folder = saved_folder(journal.folder(), &record.run);
    let files: Vec<FoundFile> = SavedFile::of_events(&events).into_iter().map(|saved| look(&folder, saved)).collect();
    if let Some(name) = &arguments.name {
        context.terminal.line(whole_text(record, &files, name)?.trim_end());
        return Ok(CommandExit::Succeeded);
    }
    let row = |file: &FoundFile| {
        let FoundFile { saved, state, path } = file;
        vec![saved.name.clone(), saved.rows.to_string(), saved.digest.clone(), (*state).to_owned(), path.clone()]
    };
    let text = match arguments.output {
        OutputFormat::Json => serde_json::json!(files).to_string(),
        OutputFormat::Text if files.is_empty() => format!("run {} saved no files", record.run),
        OutputFormat::Text => {
            let rows: Vec<Vec<String>> = files.iter().map(row).collect();
            text_table(&["file", "rows", "SHA-256", "is", "path"], &rows, context.terminal.width())
        }
    };
    context.terminal.line(text.trim_end());
    Ok(CommandExit::Succeeded)
}

fn look(folder: &Path, saved: SavedFile) -> FoundFile {
    let path = folder.join(&saved.name);
    let state = match fs::read(&path) {
        Ok(bytes) if sha256_hex(&bytes) == saved.digest => AS_SAVED,
        Ok(_) => "changed since",
        Err(_) => "not here",
    };
    FoundFile { saved, state, path: path.display().to_string() }
}

fn whole_text(record: &RunRecord, files: &[FoundFile], name: &str) -> Result<String, CommandError> {
    let Some(file) = files.iter().find(|file| file.saved.name == name) else {
        let names: Vec<&str> = files.iter().map(|file| file.saved.name.as_str()).collect();
        let error = CommandError::usage(format!("run {} saved no file `{name}`", record.run));
        return Err(if names.is_empty() { error } else { error.help(format!("it saved {}", names.join(", "))) });
    };
    if file.state != AS_SAVED {
        let words = format!("{} is {}: {}", file.saved.name, file.state, file.path);
        return Err(CommandError::failed(words).help("take it from a backup of the journal's folder"));
    }
    fs::read_to_string(&file.path).map_err(|error| CommandError::failed(format!("cannot read {}: {error}", file.path)))
}
