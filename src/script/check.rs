//! What can be known of a script without running it.
//!
//! rhai's parser stops at the first mistake and does not look at calls. Here the tree is walked once, with a view of which variable a
//! name means ([`walk`]); rules then read the facts. What is found for certain is an error, and a run refuses such a script as well
//! ([`before_run`]); what may be meant is a warning.
//!
//! | file | is |
//! |---|---|
//! | [`program`] | the script with all that it imports |
//! | [`script`] | one parsed script |
//! | [`readable`] | what of a text can be read although something cannot |
//! | [`walk`], [`facts`] | from tree to facts |
//! | [`rules`], [`finding`] | from facts to findings |
//! | [`natives`] | the functions every script can call |
//! | [`reach`] | the operations it can come to |
//! | [`lanes`] | what saves copies in lanes |
//! | [`paths`] | texts put together from what is written out |
//! | [`uses`] | the names in a piece of a script |
//! | [`scopes`] | the least OAuth scopes |

mod facts;
mod finding;
pub(in crate::script) mod lanes;
mod natives;
mod paths;
mod program;
mod reach;
mod readable;
mod rules;
mod scopes;
mod script;
mod uses;
mod walk;

pub use finding::{CheckFinding, FindingSeverity};
pub use scopes::least_scopes;
pub(in crate::script) use uses::{NameUses, uses};

use std::collections::{BTreeMap, BTreeSet};

use rhai::ImmutableString;

use crate::error::CommandError;
use crate::okta::{ApiOperation, operations};
use crate::run;
use crate::script::bindings;
use crate::script::engine::engine;
use crate::script::error::join_diagnostics;
use crate::script::library::{RunbookLibrary, ScriptSource, is_test};
use crate::script::testing::verbs as test_verbs;
use facts::ScriptFacts;
use natives::NativeFunctions;
use program::ScriptProgram;
use reach::ScriptReach;
pub use reach::{CallReceiver, ManualNames, UnseenPlace};
use rules::RuleSubject;

/// All that a check found out.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Path of the script as messages show it.
    pub path: String,
    /// Errors first, then in the order of the text.
    pub findings: Vec<CheckFinding>,
    /// The operations that the script can come to, by name.
    pub operations: Vec<UsedOperation>,
    /// OAuth scopes that suffice for the operations, and for the reads that writes look with first.
    pub scopes: Vec<&'static str>,
    /// Calls by a path that no operation has (file, line): their scopes are not known.
    pub untold: Vec<(String, usize)>,
    /// What cannot be known without running it: operations and scopes may be missing above.
    pub unseen: Vec<UnseenPlace>,
    /// What manual steps are attested by.
    pub manual: ManualNames,
}

/// An operation that a script can come to.
#[derive(Clone, Debug)]
pub struct UsedOperation {
    pub operation: &'static ApiOperation,
    /// File and line of its calls.
    pub places: Vec<(String, usize)>,
    /// What it is called on.
    pub on: BTreeSet<CallReceiver>,
}

impl UsedOperation {
    /// What undoing it does.
    pub fn undone(&self) -> String {
        if self.operation.is_write() { run::undo_words(self.operation) } else { "nothing to undo".to_owned() }
    }
}

impl CheckReport {
    /// Scopes that are certainly needed in this org.
    pub fn scopes_in(&self, org: &str) -> Vec<&'static str> {
        self.scopes_of(|used| used.on.iter().any(|on| matches!(on, CallReceiver::Org(name) if name == org)))
    }

    /// Scopes that some org needs, of which the text does not tell which.
    pub fn scopes_somewhere(&self) -> Vec<&'static str> {
        self.scopes_of(|used| used.on.contains(&CallReceiver::Unknown))
    }

    fn scopes_of(&self, fits: impl Fn(&UsedOperation) -> bool) -> Vec<&'static str> {
        let fitting = self.operations.iter().filter(|used| fits(used));
        scopes_with_looks(fitting.map(|used| used.operation))
    }

    /// Whether all that the script calls is known.
    pub fn is_complete(&self) -> bool {
        self.untold.is_empty() && self.unseen.is_empty()
    }

    /// Whether the script would fail.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == FindingSeverity::Error)
    }
}

/// Checks a script and what it imports.
pub fn check(source: ScriptSource, library: &RunbookLibrary) -> CheckReport {
    let path = source.path.clone();
    let mut checked = CheckedScript::of(source, library);
    let (program, natives) = (&checked.program, &checked.natives);
    let facts = program.facts();
    let reach = reach::reach(program, &facts);
    let fields = facts.values().flat_map(|facts| &facts.callable_fields);
    let fields = fields.map(ImmutableString::as_str).collect();
    for subject in subjects(program, &facts, natives, &fields) {
        checked.findings.extend(rules::errors(&subject));
        // What a runbook should do in its order is nothing that a test should.
        let is_whole = !checked.is_test && !program.is_partial();
        if subject.script.source.path == program.entry && is_whole {
            checked.findings.extend(rules::warnings(&subject, &reach));
        }
    }
    // Of a part of a script, neither all operations nor all scopes are known.
    let reach = if program.is_partial() { ScriptReach::default() } else { reach };
    report(path, checked.findings, reach)
}

/// Refuses a script that would fail: every error at once.
///
/// # Errors
/// What [`check`] calls errors.
pub fn before_run(source: ScriptSource, library: &RunbookLibrary) -> Result<(), CommandError> {
    let report = check(source, library);
    let errors: Vec<_> = report
        .findings
        .into_iter()
        .filter(|finding| finding.severity == FindingSeverity::Error)
        .map(|finding| finding.diagnostic)
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(join_diagnostics(errors))
}

struct CheckedScript {
    findings: Vec<CheckFinding>,
    program: ScriptProgram,
    natives: NativeFunctions,
    is_test: bool,
}

impl CheckedScript {
    fn of(source: ScriptSource, library: &RunbookLibrary) -> Self {
        let is_test = is_test(&source.name);
        let mut engine = if is_test { test_verbs::engine() } else { engine() };
        // Unknown variables are found by the walk, all of them.
        engine.set_strict_variables(false);
        let mut findings = Vec::new();
        let names = if is_test { test_verbs::names } else { bindings::names };
        Self {
            program: ScriptProgram::load(source, library, &engine, names, &mut findings),
            natives: NativeFunctions::of(&engine),
            findings,
            is_test,
        }
    }
}

fn subjects<'a>(
    program: &'a ScriptProgram,
    facts: &'a BTreeMap<&'a str, ScriptFacts<'a>>,
    natives: &'a NativeFunctions,
    callable_fields: &'a BTreeSet<&'a str>,
) -> impl Iterator<Item = RuleSubject<'a>> {
    program.scripts.iter().filter_map(move |(path, script)| {
        Some(RuleSubject { program, script, facts: facts.get(path.as_str())?, natives, callable_fields })
    })
}

fn report(path: String, mut findings: Vec<CheckFinding>, reach: ScriptReach) -> CheckReport {
    findings.sort_by_key(|finding| (finding.severity, finding.place()));
    findings.dedup();
    let operations: Vec<UsedOperation> = reach
        .operations
        .into_iter()
        .filter_map(|(name, calls)| {
            let (places, on) = (calls.places, calls.on);
            operations::find(name).map(|operation| UsedOperation { operation, places, on })
        })
        .collect();
    let ours = |used: &&UsedOperation| used.on.iter().any(|on| *on != CallReceiver::Guest);
    let scopes = scopes_with_looks(operations.iter().filter(ours).map(|used| used.operation));
    CheckReport { path, findings, operations, scopes, untold: reach.untold, unseen: reach.unseen, manual: reach.manual }
}

/// Scopes that suffice for operations, and for the reads that writes look with first.
fn scopes_with_looks(operations: impl Iterator<Item = &'static ApiOperation> + Clone) -> Vec<&'static str> {
    let looks = operations.clone().filter_map(run::reads_before);
    let guarded = operations.clone().flat_map(run::reads_of_guard);
    least_scopes(operations.chain(looks).chain(guarded))
}
