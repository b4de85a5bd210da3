//! The words of `:help`, from the data that everything else is made of.

use super::command::COMMANDS;
use crate::error::CommandError;
use crate::okta::operations;
use crate::script::RunbookLibrary;
use crate::script::bindings::{LANGUAGE_FUNCTIONS, VERBS, operation_function};
use crate::script::reference;
use crate::script::testing::TEST_VERBS;

/// What can be typed.
pub(super) fn overview() -> String {
    let commands = COMMANDS.iter().map(|command| (command.usage, command.help));
    let verbs = VERBS.iter().map(|verb| (verb.signature, verb.help));
    format!(
        "Commands\n{}\n\nVerbs\n{}\n\nTab completes: names, the {} operations of an org handle, keys, and names of the org's objects inside quotes.\nThe last result is `_`.",
        lines(commands),
        lines(verbs),
        operations::all().len()
    )
}

/// Verbs, operations and runbooks of that word.
pub(super) fn help_for(word: &str, library: &RunbookLibrary) -> Result<String, CommandError> {
    let mut parts = Vec::new();
    let holds = |text: &str| text.to_lowercase().contains(&word.to_lowercase());
    for command in COMMANDS.iter().filter(|command| command.name == word.trim_start_matches(':')) {
        parts.push(format!("{}\n    {}", command.usage, command.help));
    }
    for verb in VERBS.iter().chain(LANGUAGE_FUNCTIONS).filter(|verb| holds(verb.name)) {
        parts.push(reference::text_of_verb(verb, ""));
    }
    for verb in TEST_VERBS.iter().filter(|verb| holds(verb.name)) {
        parts.push(reference::text_of_verb(verb, "in tests: "));
    }
    match operation_function(word) {
        Some(function) => parts.push(reference::text_of_function(function)),
        None => parts.extend(operations::search(word).into_iter().map(reference::text_of)),
    }
    for runbook in library.list()?.iter().filter(|runbook| holds(&runbook.name)) {
        parts.push(format!("runbook {}\n    {}", runbook.name, runbook.summary));
    }
    if parts.is_empty() {
        return Err(unknown(word));
    }
    Ok(parts.join("\n"))
}

/// Operations of that word.
pub(super) fn operations_of(word: &str) -> Result<String, CommandError> {
    let found = operations::search(word);
    if found.is_empty() {
        return Err(unknown(word));
    }
    let parts: Vec<String> = found.into_iter().map(reference::text_of).collect();
    Ok(parts.join("\n"))
}

fn unknown(word: &str) -> CommandError {
    let error = CommandError::usage(format!("nothing is known of `{word}`"));
    match operations::nearest(word).as_slice() {
        [] => error.help(":help lists the verbs"),
        near => error.help(format!("nearest: {}", near.join(", "))),
    }
}

fn lines<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let lines: Vec<String> = rows.map(|(usage, help)| format!("  {usage}\n      {help}")).collect();
    lines.join("\n")
}
