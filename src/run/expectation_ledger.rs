//! What a script expects, as data: facts that hold, and those that do not.

use std::collections::BTreeSet;
use std::fmt;

/// What is expected of one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunExpectation {
    /// Whether the fact holds.
    pub passed: bool,
    /// The fact as a sentence; where it does not hold, its failure as one.
    pub words: String,
    /// What to do about a failure, one thing a line.
    pub help: Vec<String>,
    /// Of one of many items, which are told together where they pass.
    pub item: Option<ExpectedItem>,
}

/// An item of which something is expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedItem {
    /// As a person knows it, such as a login.
    pub label: String,
    /// What is expected, without the item: `is active`.
    pub predicate: String,
    /// Where the script expects it.
    pub site: String,
}

/// Failed expectations, told together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnmetExpectations(pub(super) Vec<RunExpectation>);

impl UnmetExpectations {
    /// What to do about them, each thing once.
    pub(super) fn help(&self) -> Vec<String> {
        let mut told = BTreeSet::new();
        self.0.iter().flat_map(|unmet| &unmet.help).filter(|line| told.insert(line.as_str())).cloned().collect()
    }
}

impl fmt::Display for UnmetExpectations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "check failed: {}", only.words),
            all => {
                write!(f, "{} checks failed:", all.len())?;
                all.iter().try_for_each(|unmet| write!(f, "\n- {}", unmet.words))
            }
        }
    }
}

/// What a run expects and has not told yet.
#[derive(Debug, Default)]
pub(super) struct ExpectationLedger {
    /// Facts of items that hold, in the order in which they were first met: where, the words, and the items.
    pub(super) passed: Vec<(String, String, Vec<String>)>,
    pub(super) unmet: Vec<RunExpectation>,
    /// How many of `unmet` were told.
    pub(super) told: usize,
}

impl ExpectationLedger {
    /// Keeps that what is expected of an item holds. Items of one place come one after another, or in turns with those of a few others.
    pub(super) fn keep_passed(&mut self, item: ExpectedItem) {
        let ExpectedItem { label, predicate, site } = item;
        let same = self.passed.iter_mut().rev().find(|(at, words, _)| *at == site && *words == predicate);
        match same {
            Some((_, _, items)) => items.push(label),
            None => self.passed.push((site, predicate, vec![label])),
        }
    }
}
