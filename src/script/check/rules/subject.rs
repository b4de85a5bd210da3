//! What a rule looks at.

use std::collections::BTreeSet;

use rhai::Position;

use crate::script::check::facts::ScriptFacts;
use crate::script::check::natives::NativeFunctions;
use crate::script::check::program::ScriptProgram;
use crate::script::check::script::ParsedScript;
use crate::script::error::ScriptDiagnostic;

/// One script of a program, with what is known around it.
pub(in crate::script::check) struct RuleSubject<'a> {
    pub(in crate::script::check) program: &'a ScriptProgram,
    pub(in crate::script::check) script: &'a ParsedScript,
    pub(in crate::script::check) facts: &'a ScriptFacts<'a>,
    pub(in crate::script::check) natives: &'a NativeFunctions,
    /// Fields of maps that hold functions, in any script of the program.
    pub(in crate::script::check) callable_fields: &'a BTreeSet<&'a str>,
}

impl RuleSubject<'_> {
    pub(super) fn wrong(&self, message: impl Into<String>, at: Position) -> ScriptDiagnostic {
        ScriptDiagnostic::finding(message, &self.script.source.path, at, &self.program.sources)
    }

    pub(super) fn text(&self) -> &str {
        &self.script.source.text
    }

    /// The place of a byte of the text.
    pub(super) fn position(&self, at: usize) -> Position {
        let before = &self.text()[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Position::new(small(line), small(column))
    }

    pub(super) fn is_entry(&self) -> bool {
        self.script.source.path == self.program.entry
    }
}
