//! `help`: of a subcommand, or a page on a topic.

use std::fmt::Write as _;

use clap::CommandFactory as _;

use super::CommandLine;
use crate::app::command_context::CommandContext;
use crate::error::{CommandError, CommandExit};
use crate::script::nearest::{nearest, or_list};

/// Pages by their topics.
const TOPICS: &[(&str, &str, &str)] =
    &[("language", "the language of runbooks: a tour of ten minutes", include_str!("help/language.md"))];

/// Print the help of a subcommand, or a page on a topic: language.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook help language")]
pub(super) struct HelpArguments {
    /// A topic, or a subcommand such as `runs report`.
    words: Vec<String>,
}

pub(super) fn execute(context: &CommandContext, arguments: &HelpArguments) -> Result<CommandExit, CommandError> {
    let page = match arguments.words.as_slice() {
        [topic] => TOPICS.iter().find(|(name, ..)| name == topic).map(|(_, _, text)| (*text).to_owned()),
        _ => None,
    };
    let text = match page {
        Some(page) => page,
        None => help_of(&arguments.words)?,
    };
    context.terminal.line(text.trim_end());
    Ok(CommandExit::Succeeded)
}

fn help_of(words: &[String]) -> Result<String, CommandError> {
    let mut command = CommandLine::command();
    command.build();
    let mut found = command;
    for word in words {
        let known: Vec<String> = found.get_subcommands().map(|known| known.get_name().to_owned()).collect();
        if !known.contains(word) {
            let topics = TOPICS.iter().map(|(topic, ..)| *topic).filter(|_| words.len() == 1);
            let near = nearest(word, known.iter().map(String::as_str).chain(topics));
            let error = CommandError::usage(format!("there is no help on `{}`", words.join(" ")));
            return Err(if near.is_empty() { error } else { error.help(format!("did you mean {}?", or_list(&near))) });
        }
        if let Some(next) = found.find_subcommand(word).cloned() {
            found = next;
        }
    }
    let mut text = found.render_long_help().to_string();
    if words.is_empty() {
        text.push_str("\nTopics:\n");
        for (topic, what, _) in TOPICS {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  help {topic}   {what}");
        }
    }
    Ok(text)
}
