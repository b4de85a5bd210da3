//! Who may read the journal: its owner alone, in a folder that was there before too.

use std::fs;
use std::path::Path;

use super::open::FILE;
use crate::private_files::{is_open_to_others, restrict as restrict_path};

/// The folder that is made where a person works. Its name says what it is for.
const OWN_NAME: &str = ".okta-runbook";

/// Takes the rights of others away from the journal's files, and from its folder where that holds nothing else. What stays open to
/// others is told.
pub(super) fn restrict(folder: &Path) -> Vec<String> {
    let mut open: Vec<String> = wrong_folder(folder).into_iter().collect();
    for name in own_files(folder) {
        let path = folder.join(name);
        if let Err(error) = restrict_path(&path) {
            open.push(format!("others can read {}, and that cannot be changed: {error}", path.display()));
        }
    }
    open
}

/// Why others can enter the folder.
fn wrong_folder(folder: &Path) -> Option<String> {
    let shown = folder.display();
    if !is_open_to_others(folder) {
        return None;
    }
    if !is_own(folder) {
        return Some(format!(
            "others can enter {shown}, which holds the journal and other things; name a folder for the journal alone with OKTA_RUNBOOK_HOME, or run: chmod 700 {shown}"
        ));
    }
    let error = restrict_path(folder).err()?;
    Some(format!("others can enter the journal's folder {shown}, and that cannot be changed: {error}"))
}

/// A folder that a person has for other things keeps its mode; so does one that is named by a link.
fn is_own(folder: &Path) -> bool {
    let is_link = fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_symlink());
    if is_link {
        return false;
    }
    let is_named = folder.file_name().is_some_and(|name| name == OWN_NAME);
    is_named || names(folder).iter().all(|name| is_own_file(name))
}

fn own_files(folder: &Path) -> Vec<String> {
    let mut names = names(folder);
    names.retain(|name| is_own_file(name));
    names
}

fn is_own_file(name: &str) -> bool {
    let is_lock = Path::new(name).extension().is_some_and(|extension| extension == "lock");
    name.starts_with(FILE) || name == "history" || is_lock
}

/// What is in a folder; nothing where that cannot be read.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.collect()
}
