//! `copy RUNBOOK [PATH]`: an editable copy, and `--merge`: what has changed in the shipped one since.

use std::fs;
use std::path::{Path, PathBuf};

use diffy::{ConflictStyle, MergeOptions};

use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};
use crate::script::{CopyOrigin, RunbookLibrary, ScriptSource};

/// Copy a runbook to edit it: by default to ./runbooks, where it is found before the shipped one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook copy ad/move_user_to_ou
After an upgrade: okta-runbook copy --merge ad/move_user_to_ou
The text that was copied is kept beside the copy, in a hidden file: keep both under version control.")]
pub(super) struct CopyArguments {
    /// Name such as `ad/move_user_to_ou`, or a path.
    runbook: String,
    /// File or folder of the copy.
    path: Option<PathBuf>,
    /// Bring into the copy what has changed in the shipped runbook since it was copied.
    #[arg(long)]
    merge: bool,
}

pub(super) fn execute(context: &CommandContext, arguments: &CopyArguments) -> Result<CommandExit, CommandError> {
    let library = context.library();
    if arguments.merge {
        let file = arguments.copy_to_merge(&library)?;
        return merge(context, &library, &file);
    }
    let source = library.find(&arguments.runbook)?;
    let file = arguments.target(&library, &source)?;
    if file.exists() {
        return Err(CommandError::usage(format!("{} exists already", file.display()))
            .help(format!("see what is different: okta-runbook diff {}", arguments.runbook))
            .help(format!("bring it up to date: okta-runbook copy --merge {}", arguments.runbook)));
    }
    let (_, text) = CopyOrigin::split(&source.text);
    write(&file, &origin(&source).written_into(&text))?;
    write(&origin_file(&file), &text)?;
    context.terminal.line(&format!("copied {} to {}", source.path, file.display()));
    Ok(CommandExit::Succeeded)
}

impl CopyArguments {
    fn target(&self, library: &RunbookLibrary, source: &ScriptSource) -> Result<PathBuf, CommandError> {
        let name = Path::new(&source.name).file_name().unwrap_or_default();
        let file = format!("{}.rhai", name.to_string_lossy());
        match &self.path {
            None => library.workspace_file(&source.name),
            Some(path) if path.extension().is_some_and(|extension| extension == "rhai") => Ok(path.clone()),
            Some(folder) => Ok(folder.join(file)),
        }
    }

    fn copy_to_merge(&self, library: &RunbookLibrary) -> Result<PathBuf, CommandError> {
        let source = library.find(&self.runbook)?;
        let file = match &self.path {
            Some(_) => self.target(library, &source)?,
            None => PathBuf::from(&source.path),
        };
        if file.is_file() {
            return Ok(file);
        }
        Err(CommandError::usage(format!("there is no copy of {}", self.runbook))
            .help(format!("make one: okta-runbook copy {}", self.runbook)))
    }
}

/// Three-way: what was copied, the copy as it is edited, the shipped text as it is now.
fn merge(context: &CommandContext, library: &RunbookLibrary, file: &Path) -> Result<CommandExit, CommandError> {
    let text = read(file)?;
    let (Some(from), ours) = CopyOrigin::split(&text) else {
        return Err(CommandError::usage(format!("{} does not say what it was copied from", file.display()))
            .help("only what `okta-runbook copy` has made can be merged"));
    };
    if ours.lines().any(|line| line.starts_with("<<<<<<<")) {
        return Err(CommandError::usage(format!("{} still has conflict marks", file.display()))
            .help("settle them first, then merge again"));
    }
    let shipped = library
        .shipped(&from.runbook)
        .ok_or_else(|| CommandError::usage(format!("there is no shipped runbook {} any more", from.runbook)))?;
    if shipped.digest == from.digest {
        context.terminal.line(&format!("{} is up to date", file.display()));
        return Ok(CommandExit::Succeeded);
    }
    let base = read(&origin_file(file)).map_err(|error| {
        error.help("this hidden file holds the text that was copied; without it there is nothing to compare both with")
    })?;
    let mut options = MergeOptions::new();
    options.set_conflict_style(ConflictStyle::Merge);
    let merged = options.merge(&base, &ours, &shipped.text);
    let (text, conflicts) = match &merged {
        Ok(text) => (text, 0),
        Err(text) => (text, text.lines().filter(|line| line.starts_with("<<<<<<<")).count()),
    };
    write(file, &origin(&shipped).written_into(text))?;
    write(&origin_file(file), &shipped.text)?;
    show_merge(context, file, conflicts)
}

fn show_merge(context: &CommandContext, file: &Path, conflicts: usize) -> Result<CommandExit, CommandError> {
    if conflicts == 0 {
        context.terminal.line(&format!("merged into {}", file.display()));
        return Ok(CommandExit::Succeeded);
    }
    let places = if conflicts == 1 { "1 place was".to_owned() } else { format!("{conflicts} places were") };
    Err(CommandError::failed(format!("merged into {}, but {places} changed in both", file.display()))
        .help("look for <<<<<<<: above ======= is the copy, below it the shipped text; keep what shall be")
        .help(format!("then see that it is sound: okta-runbook check {}", file.display())))
}

fn origin(source: &ScriptSource) -> CopyOrigin {
    CopyOrigin {
        runbook: source.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        digest: source.digest.clone(),
    }
}

/// Beside the copy, so that it travels with it; hidden, so that it is no runbook.
fn origin_file(file: &Path) -> PathBuf {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!(".{name}.copied.rhai"))
}

fn read(file: &Path) -> Result<String, CommandError> {
    fs::read_to_string(file).map_err(|error| CommandError::usage(format!("cannot read {}: {error}", file.display())))
}

pub(super) fn write(file: &Path, text: &str) -> Result<(), CommandError> {
    let folder = file.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, text))
        .map_err(|error| CommandError::usage(format!("cannot write {}: {error}", file.display())))
}
