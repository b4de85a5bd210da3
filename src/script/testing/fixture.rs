//! What the test of a thread has at hand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::Map;

use super::coverage::StepCoverage;
use super::environment::TestEnvironment;
use super::test_context::TestContext;
use crate::run::journal::Journal;

/// Found by the natives of tests, as runs are found by their scene: a test is a thread.
pub(super) struct TestFixture {
    pub(super) around: Arc<TestContext>,
    /// The test that is run; `None` while tests are looked for.
    pub(super) chosen: Option<usize>,
    /// Title and line of each test that was come to.
    pub(super) seen: Vec<(String, usize)>,
    pub(super) ground: Option<Arc<TestEnvironment>>,
    pub(super) coverage: StepCoverage,
    /// Runs of the test, by their ids: they can be resumed.
    pub(super) runs: BTreeMap<String, BegunRun>,
    /// Whether the chosen test is going on.
    pub(super) inside: bool,
}

/// What a run was begun with.
#[derive(Clone)]
pub(super) struct BegunRun {
    pub(super) journal: Arc<Journal>,
    pub(super) runbook: String,
    pub(super) given: Map,
}

thread_local! {
    static BENCH: RefCell<Option<TestFixture>> = const { RefCell::new(None) };
}

impl TestFixture {
    pub(super) fn new(around: Arc<TestContext>, chosen: Option<usize>) -> Self {
        Self {
            around,
            chosen,
            seen: Vec::new(),
            ground: None,
            coverage: StepCoverage::default(),
            runs: BTreeMap::new(),
            inside: false,
        }
    }

    /// Does `work` at this bench; gives the bench back.
    pub(super) fn used<T>(self, work: impl FnOnce() -> T) -> (T, Self) {
        let around = Arc::clone(&self.around);
        BENCH.set(Some(self));
        let result = work();
        let bench = BENCH.take();
        (result, bench.unwrap_or_else(|| Self::new(around, None)))
    }

    /// `None` where no test file is evaluated.
    pub(super) fn with<T>(act: impl FnOnce(&mut Self) -> T) -> Option<T> {
        BENCH.with_borrow_mut(|bench| bench.as_mut().map(act))
    }
}
