//! Where runbooks are found: a given path, the workspace, the user's folder, the shipped ones; a nearer one wins.

mod listing;
mod name;
mod origin;
mod shelf;
mod texts;

pub use listing::ListedRunbook;
pub use origin::CopyOrigin;
pub use shelf::{RunbookShelf, ScriptSource, digest};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::CommandError;
use crate::script::nearest::nearest;
use name::{RunbookName, file_name};
use shelf::ShelfSet;
use texts::OpenTexts;

/// Whether a script of this name holds tests: `ad/move_user_to_ou_test`.
pub fn is_test(name: &str) -> bool {
    name.ends_with("_test")
}

/// The shelves on which runbooks and their modules are looked for, nearest first.
#[derive(Clone, Debug)]
pub struct RunbookLibrary {
    shelves: ShelfSet,
    /// Texts by their paths, of an execution on another machine: what is on no shelf here is taken from there.
    recorded: BTreeMap<String, String>,
}

impl RunbookLibrary {
    /// `workspace` is `./runbooks`, `user` the user's own folder; neither has to exist. The shipped runbooks are always there.
    pub fn new(workspace: PathBuf, user: Option<PathBuf>) -> Self {
        Self { shelves: ShelfSet::new(workspace, user), recorded: BTreeMap::new() }
    }

    /// The same library, in which the texts that an editor has open go before what is on disk.
    #[must_use]
    pub fn with_open(&self, open: impl IntoIterator<Item = (PathBuf, Arc<str>)>) -> Self {
        let mut library = self.clone();
        library.shelves.texts = OpenTexts::with_open(open);
        library
    }

    /// The same library for one execution: each file, and each absence of one, stays as it was when it was first looked at.
    #[must_use]
    pub fn frozen(mut self) -> Self {
        self.shelves.texts = self.shelves.texts.frozen();
        self
    }

    /// The same, and behind the last shelf the texts of an earlier execution by their paths.
    #[must_use]
    pub fn with_recorded(self, recorded: BTreeMap<String, String>) -> Self {
        Self { recorded, ..self }
    }

    fn recorded(&self, name: &str) -> Option<ScriptSource> {
        let file = format!("{name}.rhai");
        let is_it = |path: &str| path == file || path.ends_with(&format!("/{file}"));
        let (path, text) = self.recorded.iter().find(|(path, _)| is_it(path))?;
        Some(ScriptSource::new(name, RunbookShelf::Path, path, text))
    }

    /// The runbook that `name` means: a path when it looks like one or is a file, else a name such as `ad/move_user_to_ou`.
    ///
    /// A name is refused when it is absolute or has `.` or `..` in it; an unknown one is answered with the nearest names.
    pub fn find(&self, name: &str) -> Result<ScriptSource, CommandError> {
        let path = Path::new(name);
        let texts = &self.shelves.texts;
        if texts.has(path) {
            return ScriptSource::read(file_name(name), RunbookShelf::Path, path, texts);
        }
        match RunbookName::parse(name) {
            Ok(parsed) => self
                .shelves
                .find(&parsed)?
                .or_else(|| self.recorded(parsed.as_str()))
                .ok_or_else(|| self.unknown("runbook", name, &parsed)),
            Err(_) if name.to_ascii_lowercase().ends_with(".rhai") => {
                Err(CommandError::usage(format!("there is no file `{name}`"))
                    .help("see `okta-runbook list` for the runbooks that can be named"))
            }
            Err(reason) => Err(CommandError::usage(format!("`{name}` is not the name of a runbook: {reason}"))
                .help("write a name such as `ad/move_user_to_ou`, or the path of a `.rhai` file")),
        }
    }

    /// The names of all modules, in order.
    pub fn modules(&self) -> Result<Vec<String>, CommandError> {
        let names = self.shelves.names()?.into_iter();
        Ok(names.filter(|name| name.starts_with("lib/")).collect())
    }

    /// The names of all files of tests, in order.
    pub fn tests(&self) -> Result<Vec<String>, CommandError> {
        let names = self.shelves.names()?.into_iter();
        Ok(names.filter(|name| is_test(name)).collect())
    }

    /// The runbook of that name that is built in, whatever shadows it.
    pub fn shipped(&self, name: &str) -> Option<ScriptSource> {
        self.shelves.shipped(RunbookName::parse(name).ok()?.as_str())
    }

    /// The file in the workspace where a runbook of that name stands, or would stand.
    ///
    /// # Errors
    /// The name is absolute, or leads out of the workspace.
    pub fn workspace_file(&self, name: &str) -> Result<PathBuf, CommandError> {
        let parsed = RunbookName::parse(name).map_err(|reason| {
            CommandError::usage(format!("`{name}` is not the name of a runbook: {reason}"))
                .help("write a name such as `ad/offboard_contractor`")
        })?;
        Ok(self.shelves.workspace().join(parsed.file()))
    }

    /// Every module (`lib/…`) by name, in order.
    pub fn list_modules(&self) -> Result<Vec<ListedRunbook>, CommandError> {
        listing::list_modules(&self.shelves)
    }

    /// Every runbook by name, in order. Modules (`lib/…`) and tests (`…_test`) are left out.
    pub fn list(&self) -> Result<Vec<ListedRunbook>, CommandError> {
        listing::list(&self.shelves)
    }

    /// The module that `import "name"` means. `folder` is that of a script given by its path: it is looked in first.
    pub(super) fn module(&self, name: &str, folder: Option<&Path>) -> Result<ScriptSource, CommandError> {
        let parsed = RunbookName::parse(name).map_err(|reason| {
            CommandError::failed(format!("`{name}` cannot be imported: {reason}"))
                .help("import a module of the library by name: import \"lib/ad\" as ad;")
        })?;
        if let Some(folder) = folder {
            let path = folder.join(parsed.file());
            let texts = &self.shelves.texts;
            if texts.has(&path) {
                return ScriptSource::read_in(parsed.to_string(), RunbookShelf::Path, folder, &path, texts);
            }
        }
        self.shelves
            .find(&parsed)?
            .or_else(|| self.recorded(parsed.as_str()))
            .ok_or_else(|| self.unknown("module", name, &parsed))
    }

    fn unknown(&self, what: &str, given: &str, name: &RunbookName) -> CommandError {
        let error = CommandError::usage(format!("there is no {what} `{given}`"));
        let known = match self.shelves.names() {
            Ok(known) => known,
            Err(unreadable) => return unreadable,
        };
        let wanted = name.to_string();
        let fits = known.iter().map(String::as_str).filter(|known| match what {
            "module" => known.starts_with("lib/"),
            _ => !listing::is_hidden(known),
        });
        let error = match nearest(&wanted, fits).as_slice() {
            [] => error,
            names => error.help(format!("did you mean {}?", super::nearest::or_list(names))),
        };
        error.help(format!("looked in {}", self.shelves))
    }
}

#[cfg(test)]
mod tests;
