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

use super::facts::Facts;
use super::finding::Finding;
use super::natives::Natives;
use super::program::Program;
use super::reach::Reach;
use super::script::Script;
use crate::script::error::Diagnostic;

/// What a rule looks at: one script of a program.
pub(super) struct Subject<'a> {
    pub(super) program: &'a Program,
    pub(super) script: &'a Script,
    pub(super) facts: &'a Facts<'a>,
    pub(super) natives: &'a Natives,
    /// Fields of maps that hold functions, in any script of the program.
    pub(super) callable_fields: &'a BTreeSet<&'a str>,
}

impl Subject<'_> {
    fn wrong(&self, message: impl Into<String>, at: Position) -> Diagnostic {
        Diagnostic::finding(message, &self.script.source.path, at, &self.program.sources)
    }

    fn text(&self) -> &str {
        &self.script.source.text
    }

    fn is_entry(&self) -> bool {
        self.script.source.path == self.program.entry
    }
}

/// What is wrong for certain.
pub(super) fn errors(subject: &Subject) -> Vec<Finding> {
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
pub(super) fn warnings(subject: &Subject, reach: &Reach) -> Vec<Finding> {
    let mut findings = Vec::new();
    loops::check(subject, &mut findings);
    calls::warn(subject, &mut findings);
    params::warn(subject, &mut findings);
    order::warn(subject, reach, &mut findings);
    findings
}
