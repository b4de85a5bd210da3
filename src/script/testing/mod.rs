//! Tests of runbooks, in their own language: `ad/move_user_to_ou_test.rhai` stands beside `ad/move_user_to_ou.rhai`.
//!
//! A file is evaluated once to find its tests and once more for each of them, in a thread, an engine and a simulator of its own, so
//! that tests share nothing. The simulator comes from outside ([`SimulatorStarter`]): this module knows it by the clients of its orgs alone.
//!
//! | file | holds |
//! |---|---|
//! | `suite` | a file of tests: finding them, running one |
//! | `test_context` | what tests need from outside, and share |
//! | `fixture` | what the test of a thread has at hand |
//! | `environment` | a started simulator |
//! | `verbs` | what a test can call besides what a runbook can |
//! | `words` | the same as words |
//! | `test_run` | `run_runbook`: a runbook run to its end |
//! | `captured_events` | what a run told, as a value |
//! | `assertions` | comparing, and telling the difference |
//! | `coverage` | the steps that were come to |

mod assertions;
mod captured_events;
mod coverage;
mod environment;
mod fixture;
mod suite;
mod test_context;
mod test_run;
pub(in crate::script) mod verbs;
pub(in crate::script) mod words;

pub use coverage::{CoveredSteps, StepCoverage};
pub use environment::{SimulatorStarter, TestEnvironment};
pub use suite::{ScriptSuite, ScriptTest, TestVerdict};
pub use test_context::{CompiledRunbooks, RunbookCompiler, TestContext};
pub use words::TEST_VERBS;
