//! What can stand in an argument: runbooks, their parameters, org profiles.
//!
//! A shell that asks cannot be told of an error: where the library or the profiles cannot be read there is nothing to offer, and
//! the command itself will say why.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap_complete::CompletionCandidate;
use clap_complete::engine::{PathCompleter, ValueCompleter as _};

use crate::config::{ProcessEnvironment, RunbookConfig};
use crate::script::runbook::{DeclaredParameter, ParameterType};
use crate::script::{RunbookHeader, RunbookLibrary};

/// Names of runbooks, and `.rhai` files.
pub(super) fn runbooks(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(given) = current.to_str() else {
        return Vec::new();
    };
    let listed = library().and_then(|library| library.list().ok());
    let names = listed.unwrap_or_default().into_iter();
    let names = names
        .filter(|listed| listed.name.starts_with(given))
        .map(|listed| CompletionCandidate::new(listed.name).help(Some(listed.summary.into())));
    let scripts = PathCompleter::any().filter(|path| path.is_dir() || path.extension().is_some_and(|it| it == "rhai"));
    names.chain(scripts.complete(current)).collect()
}

/// `NAME=` of the runbook that stands on the line, then `NAME=CHOICE`.
pub(super) fn parameters(current: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(runbook), Some(given)) = (runbook_of_line(), current.to_str()) else {
        return Vec::new();
    };
    let declared = runbook.parameters.iter();
    match given.split_once('=') {
        None => declared
            .filter(|parameter| parameter.name.starts_with(given))
            .map(|parameter| {
                CompletionCandidate::new(format!("{}=", parameter.name)).help(Some(parameter.help.clone().into()))
            })
            .collect(),
        Some((name, value)) => declared
            .filter(|parameter| parameter.name == name)
            .flat_map(values)
            .filter(|choice| choice.starts_with(value))
            .map(|choice| CompletionCandidate::new(format!("{name}={choice}")))
            .collect(),
    }
}

/// `PROFILE`, or `NAME=PROFILE` once a name is given.
pub(super) fn org_profiles(current: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(config), Some(given)) = (config(), current.to_str()) else {
        return Vec::new();
    };
    let (name, profile) = given.rsplit_once('=').map_or(("", given), |(name, profile)| (name, profile));
    let before = if given.contains('=') { format!("{name}=") } else { String::new() };
    let profiles = config.org_names().into_iter();
    profiles
        .filter(|known| known.starts_with(profile))
        .map(|known| CompletionCandidate::new(format!("{before}{known}")))
        .collect()
}

fn values(parameter: &DeclaredParameter) -> Vec<String> {
    match &parameter.kind {
        ParameterType::Choice(choices) => choices.clone(),
        ParameterType::Boolean => vec!["true".to_owned(), "false".to_owned()],
        _ => Vec::new(),
    }
}

/// The first word after the subcommand that names a runbook.
fn runbook_of_line() -> Option<RunbookHeader> {
    let library = library()?;
    // The shell's script calls `okta-runbook -- LINE…`; the line begins with the program's name and the subcommand.
    let line = std::env::args().skip_while(|word| word != "--").skip(3);
    let source = line.filter(|word| !word.starts_with('-')).find_map(|word| library.find(&word).ok())?;
    RunbookHeader::read(&source, &library).ok()
}

fn config() -> Option<RunbookConfig> {
    RunbookConfig::load(&ProcessEnvironment::from_process(), None).ok()
}

fn library() -> Option<RunbookLibrary> {
    let config = config()?;
    Some(RunbookLibrary::new(PathBuf::from("runbooks"), config.user_runbooks()))
}
