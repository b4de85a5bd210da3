//! What may follow in a `:` command.

use rustyline::completion::{FilenameCompleter, Pair};

use super::{SessionCompletion, beginning, described_pair, pair};
use crate::okta::operations;
use crate::repl::command::COMMANDS;
use crate::script::RunbookHeader;
use crate::script::runbook::{DeclaredParameter, ParameterType};

impl SessionCompletion {
    pub(super) fn command(&self, before: &str) -> (usize, Vec<Pair>) {
        let start = before.rfind(|c: char| c.is_whitespace() || c == ':').map_or(0, |at| at + 1);
        let typed = &before[start..];
        let words: Vec<&str> = before[..start].split_whitespace().collect();
        let pairs: Vec<Pair> = match words.as_slice() {
            [":"] | [] => {
                COMMANDS.iter().map(|command| described_pair(command.usage, command.name, command.help)).collect()
            }
            [":run"] => self.runbooks(),
            [":run", runbook, ..] => self.assignments(runbook, typed),
            [":help" | ":ops"] => {
                operations::all().iter().map(|operation| pair(operation.name, operation.name)).collect()
            }
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
        listed.iter().map(|runbook| described_pair(&runbook.name, &runbook.name, &runbook.summary)).collect()
    }

    /// Parameters; behind the name of one, the values it can have.
    fn assignments(&self, runbook: &str, typed: &str) -> Vec<Pair> {
        let parameters = self.parameters(runbook);
        let Some((name, _)) = typed.split_once('=') else {
            let show = |parameter: &DeclaredParameter| {
                let text = format!("{}=", parameter.name);
                described_pair(&text, &text, &parameter.help)
            };
            let attest = described_pair("--attest NAME", "--attest", "a manual step that is done");
            return parameters.iter().map(show).chain([attest]).collect();
        };
        let parameter = parameters.iter().find(|parameter| parameter.name == name);
        let values: Vec<String> = match parameter.map(|parameter| &parameter.kind) {
            Some(ParameterType::Choice(choices)) => choices.clone(),
            Some(ParameterType::Boolean) => ["true", "false"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        };
        let show = |value: &String| pair(value, &format!("{name}={value}"));
        values.iter().map(show).collect()
    }

    fn parameters(&self, runbook: &str) -> Vec<DeclaredParameter> {
        let runbook = self.library.find(runbook).and_then(|source| RunbookHeader::read(&source, &self.library));
        runbook.map(|runbook| runbook.parameters).unwrap_or_default()
    }
}

fn files(before: &str) -> (usize, Vec<Pair>) {
    FilenameCompleter::new().complete_path(before, before.len()).unwrap_or_default()
}
