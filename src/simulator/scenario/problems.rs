//! What is wrong with a scenario.

use super::super::error::SimulatorError;

/// What is wrong with a scenario, all of it.
#[derive(Default)]
pub(super) struct ScenarioProblems(Vec<String>);

impl ScenarioProblems {
    pub(super) fn add(&mut self, problem: String) {
        self.0.push(problem);
    }

    /// Keeps why something could not be made.
    pub(super) fn note<T, E: std::fmt::Display>(
        &mut self,
        outcome: Result<T, E>,
        what: impl FnOnce() -> String,
    ) -> Option<T> {
        outcome.map_err(|error| self.add(format!("{}: {error}", what()))).ok()
    }

    /// # Errors
    /// Something is wrong: all of it.
    pub(super) fn none(self) -> Result<(), SimulatorError> {
        if self.0.is_empty() { Ok(()) } else { Err(SimulatorError::Scenario(self.0.join("\n"))) }
    }
}
