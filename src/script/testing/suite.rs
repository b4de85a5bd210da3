//! A file of tests: finding them, and running one.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rhai::{AST, Engine, EvalAltResult, Scope};

use super::coverage::StepCoverage;
use super::fixture::TestFixture;
use super::test_context::TestContext;
use super::verbs;
use crate::error::CommandError;
use crate::script::call_context::CallContext;
use crate::script::check;
use crate::script::error::{KnownNames, ScriptDiagnostic};
use crate::script::library::ScriptSource;
use crate::script::resolver::RunModules;
use crate::script::sources::SourceTexts;

/// Stack of a test's thread in bytes, as much as a runbook's.
const STACK: usize = 64 << 20;

/// A file of tests, whose tests are known.
pub struct ScriptSuite {
    source: ScriptSource,
    around: Arc<TestContext>,
    pub cases: Vec<ScriptTest>,
}

/// One `test("…", || …)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptTest {
    pub title: String,
    pub line: usize,
}

/// How a test went.
pub struct TestVerdict {
    pub duration: Duration,
    /// Why it failed; `None` when it passed.
    pub failure: Option<CommandError>,
    pub coverage: StepCoverage,
}

impl ScriptSuite {
    /// Finds the tests of a file.
    ///
    /// # Errors
    /// What `check` calls errors; an error outside of any test; a file without tests, or with two of the same title.
    pub fn load(source: ScriptSource, around: Arc<TestContext>) -> Result<Self, CommandError> {
        check::before_run(source.clone(), &around.library)?;
        let mut suite = Self { source, around, cases: Vec::new() };
        let (result, bench) = suite.on_a_thread(None);
        result?;
        let cases = bench.seen.into_iter();
        suite.cases = cases.map(|(title, line)| ScriptTest { title, line }).collect();
        suite.refuse_unclear()?;
        Ok(suite)
    }

    /// As it was found.
    pub fn name(&self) -> &str {
        &self.source.name
    }

    pub fn path(&self) -> &str {
        &self.source.path
    }

    /// Runs the test at this place in `cases`.
    pub fn run(&self, index: usize) -> TestVerdict {
        let begun = Instant::now();
        let (result, bench) = self.on_a_thread(Some(index));
        let reached = bench.seen.len() > index;
        let failure = match result {
            Ok(()) if !reached => Some(CommandError::failed(
                "the file did not come to this test again: what it finds must not depend on chance",
            )),
            other => other.err(),
        };
        TestVerdict { duration: begun.elapsed(), failure, coverage: bench.coverage }
    }

    fn refuse_unclear(&self) -> Result<(), CommandError> {
        let path = &self.source.path;
        if self.cases.is_empty() {
            return Err(
                CommandError::usage(format!("{path} has no tests")).help("write test(\"what holds\", || { … });")
            );
        }
        for (index, case) in self.cases.iter().enumerate() {
            let before = &self.cases[..index];
            if let Some(other) = before.iter().find(|other| other.title == case.title) {
                return Err(CommandError::usage(format!(
                    "{path}:{}: a test of this title is at line {} already: {}",
                    case.line, other.line, case.title
                )));
            }
        }
        Ok(())
    }

    fn on_a_thread(&self, chosen: Option<usize>) -> (Result<(), CommandError>, TestFixture) {
        let bench = TestFixture::new(Arc::clone(&self.around), chosen);
        let lost = || TestFixture::new(Arc::clone(&self.around), None);
        thread::scope(|scope| {
            let thread = thread::Builder::new()
                .name("test".to_owned())
                .stack_size(STACK)
                .spawn_scoped(scope, || bench.used(|| self.evaluated()));
            match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(ended)) => ended,
                Ok(Err(_)) => (Err(CommandError::failed("a verb failed unexpectedly; please report this")), lost()),
                Err(error) => (Err(CommandError::failed(format!("no thread for the test: {error}"))), lost()),
            }
        })
    }

    fn evaluated(&self) -> Result<(), CommandError> {
        let sources = SourceTexts::default();
        let names = verbs::names(vec!["okta".to_owned()]);
        let mut engine = verbs::engine();
        engine.set_module_resolver(RunModules::new(self.around.library.clone(), sources.clone(), &self.source));
        let ast = self.parsed(&engine, &sources, &names)?;
        let result = engine.run_ast_with_scope(&mut Scope::new(), &ast);
        let stopped = CallContext::current().and_then(|scene| scene.host.take_stopped());
        if let Some(stopped) = stopped {
            return Err(CommandError::failed(stopped.to_string()));
        }
        result.map_err(|error: Box<EvalAltResult>| {
            ScriptDiagnostic::of_evaluation(&error, &self.source.path, &sources, &names).into()
        })
    }

    fn parsed(&self, engine: &Engine, sources: &SourceTexts, names: &KnownNames) -> Result<AST, CommandError> {
        let compiled = engine.compile(&self.source.text);
        let mut ast =
            compiled.map_err(|error| ScriptDiagnostic::of_parsing(&error, &self.source.path, sources, names))?;
        ast.set_source(self.source.path.as_str());
        Ok(ast)
    }
}
