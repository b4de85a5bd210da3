//! What `list` shows of the library.

use super::origin::CopyOrigin;
use super::shelf::{RunbookShelf, ScriptSource, ShelfSet};
use crate::error::CommandError;

/// A runbook as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRunbook {
    pub name: String,
    pub shelf: RunbookShelf,
    pub path: String,
    /// The next shelf that has another text under this name.
    pub shadows: Option<RunbookShelf>,
    /// Whether it was copied from a shipped runbook that has changed since.
    pub behind: bool,
    /// The first line of its `//!` text; empty when it has none, the reason when the file cannot be read.
    pub summary: String,
}

/// Every runbook of the shelves, the nearest of each name.
pub(super) fn list(shelves: &ShelfSet) -> Result<Vec<ListedRunbook>, CommandError> {
    list_runbooks(shelves, |name| !is_hidden(name))
}

/// Every module of the shelves, the nearest of each name.
pub(super) fn list_modules(shelves: &ShelfSet) -> Result<Vec<ListedRunbook>, CommandError> {
    list_runbooks(shelves, |name| is_module(name) && !super::is_test(name))
}

fn list_runbooks(shelves: &ShelfSet, fits: impl Fn(&str) -> bool) -> Result<Vec<ListedRunbook>, CommandError> {
    let names = shelves.names()?.into_iter().filter(|name| fits(name));
    Ok(names.filter_map(|name| list_one(shelves, &name)).collect())
}

/// Modules and tests are no runbooks of their own.
pub(super) fn is_hidden(name: &str) -> bool {
    is_module(name) || super::is_test(name)
}

fn is_module(name: &str) -> bool {
    name.starts_with("lib/")
}

fn list_one(shelves: &ShelfSet, name: &str) -> Option<ListedRunbook> {
    let mut candidates = shelves.all(name).into_iter();
    let (shelf, path, nearest) = candidates.next()?;
    // In a checkout of this project the workspace holds the very texts that are built in: nothing is shadowed there.
    let shadows = candidates.find(|(_, _, farther)| !same_text(&nearest, farther)).map(|(shelf, _, _)| shelf);
    Some(ListedRunbook {
        name: name.to_owned(),
        shelf,
        path,
        shadows,
        behind: nearest.as_ref().is_ok_and(|source| is_behind(shelves, &source.text)),
        summary: match nearest {
            Ok(source) => summary(&source.text).to_owned(),
            Err(error) => error.message,
        },
    })
}

fn is_behind(shelves: &ShelfSet, text: &str) -> bool {
    let (origin, _) = CopyOrigin::split(text);
    origin.is_some_and(|origin| {
        let shipped = shelves.shipped(&origin.runbook);
        shipped.is_some_and(|shipped| shipped.digest != origin.digest)
    })
}

fn same_text(a: &Result<ScriptSource, CommandError>, b: &Result<ScriptSource, CommandError>) -> bool {
    matches!((a, b), (Ok(a), Ok(b)) if a.text == b.text)
}

/// Read without compiling, so that a runbook with a mistake is still listed.
fn summary(text: &str) -> &str {
    text.lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
}
