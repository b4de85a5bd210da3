//! What a script expects before it changes anything: gathered, told together, and held against the first write.

use super::error::CallError;
use super::event::EventKind;
use super::execution::Run;
use super::expectation_ledger::{ExpectationLedger, RunExpectation, UnmetExpectations};
use super::lane::RunLane;

impl Run {
    /// Gathers a fact of the main script. One that holds is told: of items, once for all of them, when what is expected is settled.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn expect(&self, lane: &RunLane, expectation: RunExpectation) -> Result<(), CallError> {
        let mut ledger = self.expectations();
        match expectation {
            unmet @ RunExpectation { passed: false, .. } => {
                if !ledger.unmet.contains(&unmet) {
                    ledger.unmet.push(unmet);
                }
                Ok(())
            }
            RunExpectation { item: Some(item), .. } => {
                ledger.keep_passed(item);
                Ok(())
            }
            RunExpectation { words, .. } => {
                drop(ledger);
                self.emit(lane, EventKind::Check { passed: true, words, items: Vec::new() })
            }
        }
    }

    /// Tells what was gathered and not told yet; what is unmet is the error, now and whenever it is asked again.
    ///
    /// # Errors
    /// Everything that is unmet, together.
    pub fn settle_expectations(&self, lane: &RunLane) -> Result<(), CallError> {
        let mut ledger = self.expectations();
        let passed = std::mem::take(&mut ledger.passed);
        let unmet = ledger.unmet.clone();
        let told = std::mem::replace(&mut ledger.told, unmet.len());
        drop(ledger);
        for (_, words, items) in passed {
            self.emit(lane, EventKind::Check { passed: true, words, items })?;
        }
        for unmet in unmet.iter().skip(told) {
            self.emit(lane, EventKind::Check { passed: false, words: unmet.words.clone(), items: Vec::new() })?;
        }
        if unmet.is_empty() { Ok(()) } else { Err(CallError::Unmet(UnmetExpectations(unmet))) }
    }

    /// The same, after which nothing is expected: each entry of a session answers for itself.
    ///
    /// # Errors
    /// Everything that is unmet, together.
    pub fn close_expectations(&self, lane: &RunLane) -> Result<(), CallError> {
        let settled = self.settle_expectations(lane);
        *self.expectations() = ExpectationLedger::default();
        settled
    }

    /// Holds what is expected against a write that is about to be sent, in whatever lane. What is being taken back is not held up.
    pub(super) fn hold_expectations(&self, lane: &RunLane) -> Result<(), CallError> {
        if lane.takes_back() || self.expectations().unmet.is_empty() {
            return Ok(());
        }
        self.settle_expectations(lane)
    }
}
