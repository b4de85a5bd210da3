//! The steps of runbooks that tests came to.

use std::collections::BTreeMap;

use crate::script::runbook::{RunbookHeader, ScriptStep};

/// By the path that messages show.
#[derive(Clone, Debug, Default)]
pub struct StepCoverage {
    runbooks: BTreeMap<String, CoveredSteps>,
}

/// The steps of one runbook, and which of them were begun.
#[derive(Clone, Debug)]
pub struct CoveredSteps {
    pub runbook: String,
    pub path: String,
    pub steps: Vec<(ScriptStep, bool)>,
}

impl StepCoverage {
    /// Counts a run of `runbook` that began the steps `begun`.
    pub(super) fn count(&mut self, runbook: &RunbookHeader, begun: &[String]) {
        let fresh = || CoveredSteps {
            runbook: runbook.name.clone(),
            path: runbook.path.clone(),
            steps: runbook.steps.iter().map(|step| (step.clone(), false)).collect(),
        };
        let covered = self.runbooks.entry(runbook.path.clone()).or_insert_with(fresh);
        for (step, seen) in &mut covered.steps {
            *seen |= begun.iter().any(|title| fits(&step.title, title));
        }
    }

    /// Adds what another test came to.
    pub fn merge(&mut self, other: Self) {
        for (path, theirs) in other.runbooks {
            match self.runbooks.get_mut(&path) {
                None => {
                    self.runbooks.insert(path, theirs);
                }
                Some(ours) => {
                    for ((_, seen), (_, also)) in ours.steps.iter_mut().zip(theirs.steps) {
                        *seen |= also;
                    }
                }
            }
        }
    }

    pub fn runbooks(&self) -> impl Iterator<Item = &CoveredSteps> {
        self.runbooks.values()
    }
}

impl CoveredSteps {
    /// How many steps were begun.
    pub fn begun(&self) -> usize {
        self.steps.iter().filter(|(_, seen)| *seen).count()
    }
}

/// Whether a title was told by a step of this text, in which `…` stands for what is computed.
fn fits(text: &str, title: &str) -> bool {
    let mut rest = title;
    let mut parts = text.split('…').peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        let found = match (first, parts.peek().is_none()) {
            (true, true) => (rest == part).then_some(rest.len()),
            (true, false) => rest.starts_with(part).then_some(part.len()),
            (false, true) => rest.ends_with(part).then_some(rest.len()),
            (false, false) => rest.find(part).map(|at| at + part.len()),
        };
        let Some(end) = found else { return false };
        rest = &rest[end..];
        first = false;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn computed_parts_of_a_title_may_be_anything() {
        assert!(fits("Look", "Look"));
        assert!(!fits("Look", "Look at"));
        assert!(fits("Move … to …", "Move ada to Users"));
        assert!(fits("… groups", "12 groups"));
        assert!(!fits("Move … to …", "Leave ada to Users"));
        assert!(!fits("Join …", "Jo"));
    }
}
