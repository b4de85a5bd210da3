//! One place where scripts stand, and a script taken from it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use super::name::RunbookName;
use super::texts::OpenTexts;
use crate::error::CommandError;
use crate::run::sha256_hex;

/// Names and texts of the runbooks built in.
static SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// Where a script was found. The order is the order of looking: a lesser one is nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunbookShelf {
    /// Given by its path.
    Path,
    /// `./runbooks`.
    Workspace,
    /// The user's own folder.
    User,
    /// Built into the program.
    Shipped,
}

impl fmt::Display for RunbookShelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "path",
            Self::Workspace => "workspace",
            Self::User => "user",
            Self::Shipped => "shipped",
        })
    }
}

/// A script's text and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptSource {
    /// Such as `ad/move_user_to_ou`.
    pub name: String,
    pub shelf: RunbookShelf,
    /// The path that messages show: `runbooks/ad/move_user_to_ou.rhai`, or `<shipped>/ad/move_user_to_ou.rhai`.
    pub path: String,
    pub text: String,
    /// FNV-1a of the text, 128 bits as hexadecimal: tells an edited script from the one that ran. Not a defence against forgery.
    pub digest: String,
}

impl ScriptSource {
    /// A script whose text is at hand, such as a test's or one read from standard input.
    pub fn new(name: impl Into<String>, shelf: RunbookShelf, path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { name: name.into(), shelf, path: path.into(), digest: digest(&text), text }
    }

    /// Reads the file at `path`.
    pub(super) fn read(
        name: String,
        shelf: RunbookShelf,
        path: &Path,
        texts: &OpenTexts,
    ) -> Result<Self, CommandError> {
        let text = texts.read(path).map_err(|error| cannot_read(path, &error))?;
        Ok(Self::new(name, shelf, display(path), text))
    }

    /// Reads a file of a folder of scripts. A link that leads out of the folder is refused: what is there is no script of the folder, and
    /// would show in messages.
    pub(super) fn read_in(
        name: String,
        shelf: RunbookShelf,
        folder: &Path,
        path: &Path,
        texts: &OpenTexts,
    ) -> Result<Self, CommandError> {
        if leads_out(folder, path) {
            return Err(CommandError::usage(format!(
                "{} is a link that leads out of {}",
                display(path),
                shown_folder(folder)
            ))
            .help("copy the file into that folder"));
        }
        Self::read(name, shelf, path, texts)
    }

    /// The folder of a script that was given by its path: its own modules may stand beside it.
    pub(in crate::script) fn folder(&self) -> Option<&Path> {
        (self.shelf == RunbookShelf::Path).then(|| Path::new(&self.path).parent()).flatten()
    }
}

/// The three shelves behind a given path.
#[derive(Clone, Debug)]
pub(super) struct ShelfSet {
    folders: Vec<(RunbookShelf, PathBuf)>,
    pub(super) texts: OpenTexts,
    shipped: &'static [(&'static str, &'static str)],
}

impl ShelfSet {
    pub(super) fn new(workspace: PathBuf, user: Option<PathBuf>) -> Self {
        let mut folders = vec![(RunbookShelf::Workspace, workspace)];
        folders.extend(user.map(|folder| (RunbookShelf::User, folder)));
        Self { folders, texts: OpenTexts::default(), shipped: SHIPPED }
    }

    #[cfg(test)]
    pub(super) fn with_shipped(mut self, shipped: &'static [(&'static str, &'static str)]) -> Self {
        self.shipped = shipped;
        self
    }

    /// The nearest script of that name.
    pub(super) fn find(&self, name: &RunbookName) -> Result<Option<ScriptSource>, CommandError> {
        for (shelf, folder) in &self.folders {
            let path = folder.join(name.file());
            if self.texts.has(&path) {
                let source = ScriptSource::read_in(name.to_string(), *shelf, folder, &path, &self.texts);
                return source.map(Some);
            }
        }
        Ok(self.shipped(name.as_str()))
    }

    /// The names on all shelves.
    pub(super) fn names(&self) -> Result<BTreeSet<String>, CommandError> {
        let mut names: BTreeSet<String> = self.shipped.iter().map(|(name, _)| (*name).to_owned()).collect();
        for (_, folder) in &self.folders {
            collect(folder, "", &mut names).map_err(|error| cannot_read(folder, &error))?;
        }
        Ok(names)
    }

    /// Every script called `name`, nearest first. One that cannot be read stands there as its error.
    pub(super) fn all(&self, name: &str) -> Vec<(RunbookShelf, String, Result<ScriptSource, CommandError>)> {
        let on_disk = self.folders.iter().filter_map(|(shelf, folder)| {
            let path = folder.join(format!("{name}.rhai"));
            path.is_file().then(|| {
                let source = ScriptSource::read_in(name.to_owned(), *shelf, folder, &path, &self.texts);
                (*shelf, display(&path), source)
            })
        });
        on_disk
            .chain(self.shipped(name).map(|source| (RunbookShelf::Shipped, source.path.clone(), Ok(source))))
            .collect()
    }

    pub(super) fn workspace(&self) -> &Path {
        // The first folder is the workspace: see `new`.
        &self.folders[0].1
    }

    pub(super) fn shipped(&self, name: &str) -> Option<ScriptSource> {
        self.shipped.iter().find(|(shipped, _)| *shipped == name).map(|(name, text)| {
            ScriptSource::new(*name, RunbookShelf::Shipped, format!("<shipped>/{name}.rhai"), *text)
        })
    }
}

impl fmt::Display for ShelfSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (shelf, folder) in &self.folders {
            write!(f, "{} ({shelf}), ", display(folder))?;
        }
        f.write_str("and among the shipped runbooks")
    }
}

/// Adds the names under `folder`, which need not exist. Hidden entries and linked folders (they may go in circles) are left out.
fn collect(folder: &Path, prefix: &str, names: &mut BTreeSet<String>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            continue; // no name on the command line could mean it
        };
        if name.starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), names)?;
        } else if let Some(stem) = name.strip_suffix(".rhai") {
            names.insert(format!("{prefix}{stem}"));
        }
    }
    Ok(())
}

fn display(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}

/// What an editor has open and no disk has leads nowhere.
fn leads_out(folder: &Path, path: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match (folder.canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(path)) => !path.starts_with(folder),
        _ => false,
    }
}

fn shown_folder(folder: &Path) -> String {
    match display(folder) {
        here if here.is_empty() => "the folder of the script".to_owned(),
        folder => folder,
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> CommandError {
    match error.kind() {
        io::ErrorKind::InvalidData => CommandError::usage(format!("{} is not UTF-8 text", display(path))),
        _ => CommandError::usage(format!("cannot read {}: {error}", display(path))),
    }
}

/// SHA-256.
/// SHA-256 of a text, in hexadecimal.
pub fn digest(text: &str) -> String {
    sha256_hex(text.as_bytes())
}
