//! The rules, one file a subject. Each reads facts and adds findings.

mod arguments;
mod calls;
mod closures;
mod each;
mod given;
mod loops;
mod order;
mod params;
mod switches;
mod variables;

use std::collections::BTreeSet;

use rhai::Position;

use super::facts::ScriptFacts;
use super::finding::CheckFinding;
use super::natives::NativeFunctions;
use super::program::ScriptProgram;
use super::reach::ScriptReach;
use super::script::ParsedScript;
use crate::script::error::ScriptDiagnostic;

/// What a rule looks at: one script of a program.
pub(super) struct RuleSubject<'a> {
    pub(super) program: &'a ScriptProgram,
    pub(super) script: &'a ParsedScript,
    pub(super) facts: &'a ScriptFacts<'a>,
    pub(super) natives: &'a NativeFunctions,
    /// Fields of maps that hold functions, in any script of the program.
    pub(super) callable_fields: &'a BTreeSet<&'a str>,
}

impl RuleSubject<'_> {
    fn wrong(&self, message: impl Into<String>, at: Position) -> ScriptDiagnostic {
        ScriptDiagnostic::finding(message, &self.script.source.path, at, &self.program.sources)
    }

    fn text(&self) -> &str {
        &self.script.source.text
    }

    fn is_entry(&self) -> bool {
        self.script.source.path == self.program.entry
    }
}

/// What is wrong for certain.
pub(super) fn errors(subject: &RuleSubject) -> Vec<CheckFinding> {
    let mut findings = Vec::new();
    variables::check(subject, &mut findings);
    each::check(subject, &mut findings);
    calls::check(subject, &mut findings);
    arguments::check(subject, &mut findings);
    closures::check(subject, &mut findings);
    if subject.is_entry() {
        given::check(subject, &mut findings);
        params::check(subject, &mut findings);
        switches::check(subject, &mut findings);
    }
    findings
}

/// What may be meant.
pub(super) fn warnings(subject: &RuleSubject, reach: &ScriptReach) -> Vec<CheckFinding> {
    let mut findings = Vec::new();
    loops::check(subject, &mut findings);
    calls::warn(subject, &mut findings);
    params::warn(subject, &mut findings);
    order::warn(subject, reach, &mut findings);
    findings
}
