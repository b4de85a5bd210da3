//! Strings of a session that may be secrets become parameters of its runbook.

use std::collections::BTreeMap;

use crate::script::confidential::literals;

/// What stands in the runbook instead of a statement that may hold a secret.
const LEFT_OUT: &str = "// Left out, since it may hold a secret: write it again with a parameter of type \"secret\".";

/// Secrets that were taken out of statements.
pub(super) struct StatementSecrets {
    /// Names of parameters, by the string that each stands for.
    names: BTreeMap<String, String>,
    /// Whether the session has a variable `params` of its own: then there can be no parameters.
    hidden: bool,
    pub(super) left_out: usize,
}

impl StatementSecrets {
    /// Beside variables of these names.
    pub(super) fn beside<'a>(mut declared: impl Iterator<Item = &'a String>) -> Self {
        Self { names: BTreeMap::new(), hidden: declared.any(|name| name == "params"), left_out: 0 }
    }

    /// `text` with parameters for its secrets; a comment where that cannot be.
    pub(super) fn taken_out(&mut self, text: &str) -> String {
        let found = literals(text);
        // A function does not see the parameters; a computed string is none that one could stand for.
        let fits = !self.hidden
            && !text.contains("fn ")
            && found.iter().all(|literal| !text[literal.at.clone()].contains("${"));
        if !found.is_empty() && !fits {
            self.left_out += 1;
            return LEFT_OUT.to_owned();
        }
        let mut text = text.to_owned();
        for literal in found.into_iter().rev() {
            let parameter = self.named(&text[literal.at.clone()], &literal.name);
            text.replace_range(literal.at, &format!("params.{parameter}"));
        }
        text
    }

    /// Names of the parameters, in order.
    pub(super) fn names(self) -> Vec<String> {
        let mut names: Vec<String> = self.names.into_values().collect();
        names.sort();
        names
    }

    fn named(&mut self, literal: &str, wanted: &str) -> String {
        if let Some(name) = self.names.get(literal) {
            return name.clone();
        }
        let taken: Vec<&String> = self.names.values().collect();
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let name =
            std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken.contains(&name)).unwrap_or_default();
        self.names.insert(literal.to_owned(), name.clone());
        name
    }
}
