//! What a script expects, as data: facts that hold, and those that do not.

use std::collections::{BTreeMap, BTreeSet};
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
    /// Of one of many items: what the items have in common, by which those that pass are told together.
    pub group: Option<String>,
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
    /// Facts of items that hold, by what they have in common: how many, and the words of the first.
    pub(super) passed: BTreeMap<String, (u64, String)>,
    pub(super) unmet: Vec<RunExpectation>,
    /// How many of `unmet` were told.
    pub(super) told: usize,
}
