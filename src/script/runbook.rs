//! A runbook's header, read without running anything: purpose, orgs, parameters, steps.

mod declarations;
mod includes;
mod literal;
mod steps;

pub use declarations::{DeclaredColumn, DeclaredOrg, DeclaredParameter, ParameterType, WantedColumn};
pub use includes::IncludedName;
pub use steps::ScriptStep;

use std::collections::{BTreeMap, BTreeSet};

use rhai::AST;

use crate::error::CommandError;
use crate::script::engine::header_engine;
use crate::script::error::{KnownNames, ScriptDiagnostic, join_diagnostics};
use crate::script::library::ScriptSource;
use crate::script::sources::SourceTexts;

/// What a runbook says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunbookHeader {
    pub name: String,
    /// The path that messages show.
    pub path: String,
    /// The first line of the `//!` text.
    pub summary: String,
    /// The whole `//!` text, without the marks.
    pub doc: String,
    /// `const ORGS`: the org handles of the script, in its order.
    pub orgs: Vec<DeclaredOrg>,
    /// `const PARAMS`, in its order; behind them those of included runbooks.
    pub parameters: Vec<DeclaredParameter>,
    /// `const INCLUDES`.
    pub includes: Vec<IncludedName>,
    /// Texts of the included runbooks, by their paths.
    pub included_texts: BTreeMap<String, String>,
    /// Names of the parameters that stand in this text.
    own: BTreeSet<String>,
    /// `const SCENARIO`: what the simulator starts with where none is named.
    pub scenario: Option<String>,
    /// The titles of `step("…")`, in the order of the text.
    pub steps: Vec<ScriptStep>,
}

impl RunbookHeader {
    /// Of something that has orgs and no text: a session, a snapshot.
    pub fn of_orgs(name: &str, orgs: impl IntoIterator<Item = String>) -> Self {
        let org = |name: String| DeclaredOrg { name, what: String::new() };
        Self {
            name: name.to_owned(),
            path: name.to_owned(),
            orgs: orgs.into_iter().map(org).collect(),
            ..Self::default()
        }
    }

    /// Reads the header of `source`. A syntax error, or everything wrong in the header at once, is the error.
    pub fn parse(source: &ScriptSource) -> Result<Self, CommandError> {
        Self::diagnose(source, &SourceTexts::default()).map_err(join_diagnostics)
    }

    /// The same, with each finding by itself. The text goes into `sources`.
    pub(super) fn diagnose(source: &ScriptSource, sources: &SourceTexts) -> Result<Self, Vec<ScriptDiagnostic>> {
        sources.insert(source.path.as_str(), source.text.as_str());
        let engine = header_engine();
        let ast = engine.compile(&source.text).map_err(|error| {
            vec![ScriptDiagnostic::of_parsing(&error, &source.path, sources, &KnownNames::default())]
        })?;
        let (runbook, wrong) = Self::of_tree(source, &ast, sources);
        if wrong.is_empty() { Ok(runbook) } else { Err(wrong) }
    }

    /// The header in a tree, as far as it is right, and what is wrong in it.
    pub(super) fn of_tree(source: &ScriptSource, ast: &AST, sources: &SourceTexts) -> (Self, Vec<ScriptDiagnostic>) {
        let read = declarations::read(&header_engine(), ast);
        let findings = read.findings.into_iter();
        let wrong = findings.map(|finding| finding.diagnostic(&source.path, sources));
        let doc = doc_of(&source.text);
        let runbook = Self {
            name: source.name.clone(),
            path: source.path.clone(),
            summary: doc.lines().next().unwrap_or_default().to_owned(),
            doc,
            orgs: read.orgs,
            own: read.parameters.iter().map(|parameter| parameter.name.clone()).collect(),
            parameters: read.parameters,
            includes: read.includes,
            included_texts: BTreeMap::new(),
            scenario: read.scenario,
            steps: steps::steps_of(ast),
        };
        (runbook, wrong.collect())
    }

    /// The declaration of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&DeclaredParameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

fn doc_of(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map_while(|line| line.trim_start_matches('\u{feff}').strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
        .collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests;
