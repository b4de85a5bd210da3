//! `const INCLUDES`: runbooks whose parameters are this one's, too.

use std::collections::BTreeSet;

use rhai::Position;

use super::RunbookHeader;
use crate::error::CommandError;
use crate::script::error::{ScriptDiagnostic, join_diagnostics};
use crate::script::library::{RunbookLibrary, ScriptSource};
use crate::script::sources::SourceTexts;

/// A runbook that another one names in its header.
#[derive(Clone, Debug, PartialEq)]
pub struct IncludedName {
    pub name: String,
    pub(super) at: Position,
}

impl RunbookHeader {
    /// Reads the header of `source` with the parameters of the runbooks that it includes.
    ///
    /// # Errors
    /// A syntax error, or everything wrong in the headers at once.
    pub fn read(source: &ScriptSource, library: &RunbookLibrary) -> Result<Self, CommandError> {
        let sources = SourceTexts::default();
        let mut runbook = Self::diagnose(source, &sources).map_err(join_diagnostics)?;
        let wrong = runbook.include(library, &sources);
        if wrong.is_empty() { Ok(runbook) } else { Err(join_diagnostics(wrong)) }
    }

    /// Takes the parameters of the included runbooks, and of those that they include. What the runbook declares itself goes first.
    pub(in crate::script) fn include(
        &mut self,
        library: &RunbookLibrary,
        sources: &SourceTexts,
    ) -> Vec<ScriptDiagnostic> {
        let mut wrong = Vec::new();
        let mut known = BTreeSet::from([self.path.clone()]);
        let mut waiting: Vec<IncludedName> = self.includes.iter().rev().cloned().collect();
        while let Some(IncludedName { name, at }) = waiting.pop() {
            let finding = |message: String| ScriptDiagnostic::finding(message, &self.path, at, sources);
            let source = match library.find(&name) {
                Ok(source) => source,
                Err(error) => {
                    let told = finding(error.message);
                    wrong.push(error.help.iter().fold(told, ScriptDiagnostic::help));
                    continue;
                }
            };
            if !known.insert(source.path.clone()) {
                continue;
            }
            let Ok(included) = Self::diagnose(&source, sources) else {
                let told = finding(format!("the header of {name} is wrong"));
                wrong.push(told.help(format!("look at it: okta-runbook check {name}")));
                continue;
            };
            for parameter in included.parameters {
                match self.parameters.iter().find(|own| own.name == parameter.name) {
                    None => self.parameters.push(parameter),
                    Some(own) if self.own.contains(&own.name) || own.kind == parameter.kind => {}
                    Some(own) => {
                        let words = format!(
                            "the parameter `{}` is of type {} and, in {name}, of type {}",
                            own.name, own.kind, parameter.kind
                        );
                        wrong.push(finding(words).help("declare it here: what stands here goes first"));
                    }
                }
            }
            // Those of an included runbook are told where it is included.
            waiting.extend(included.includes.into_iter().rev().map(|next| IncludedName { at, ..next }));
            self.included_texts.insert(source.path, source.text);
        }
        wrong
    }

    /// Whether a parameter is declared in this runbook itself.
    pub(in crate::script) fn declares(&self, parameter: &str) -> bool {
        self.own.contains(parameter)
    }
}
