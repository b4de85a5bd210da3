//! What may follow in a `:` command.

use rustyline::completion::{FilenameCompleter, Pair};

use super::{Completion, beginning, described, pair};
use crate::okta::operations;
use crate::repl::command::COMMANDS;
use crate::script::Runbook;
use crate::script::runbook::Parameter;

impl Completion {
    pub(super) fn command(&self, before: &str) -> (usize, Vec<Pair>) {
        let start = before
            .rfind(|c: char| c.is_whitespace() || c == ':')
            .map_or(0, |at| at + 1);
        let typed = &before[start..];
        let words: Vec<&str> = before[..start].split_whitespace().collect();
        let pairs: Vec<Pair> = match words.as_slice() {
            [":"] | [] => COMMANDS
                .iter()
                .map(|command| described(command.usage, command.name, command.help))
                .collect(),
            [":run"] => self.runbooks(),
            [":run", runbook, ..] => self.parameters(runbook),
            [":help" | ":ops"] => operations::all()
                .iter()
                .map(|operation| pair(operation.name, operation.name))
                .collect(),
            [":time"] => {
                let (inner, pairs) = self.candidates(before[start..].trim_start(), "");
                return (start + inner, pairs);
            }
            [":load" | ":save" | ":csv"] => return files(before),
            _ => Vec::new(),
        };
        (start, beginning(pairs.into_iter(), typed))
    }

    fn runbooks(&self) -> Vec<Pair> {
        let listed = self.library.list().unwrap_or_default();
        listed
            .iter()
            .map(|runbook| described(&runbook.name, &runbook.name, &runbook.summary))
            .collect()
    }

    fn parameters(&self, runbook: &str) -> Vec<Pair> {
        let runbook = self
            .library
            .find(runbook)
            .and_then(|source| Runbook::parse(&source));
        let parameters = runbook
            .map(|runbook| runbook.parameters)
            .unwrap_or_default();
        let show = |parameter: &Parameter| {
            let text = format!("{}=", parameter.name);
            described(&text, &text, &parameter.help)
        };
        parameters.iter().map(show).collect()
    }
}

fn files(before: &str) -> (usize, Vec<Pair>) {
    FilenameCompleter::new()
        .complete_path(before, before.len())
        .unwrap_or_default()
}
