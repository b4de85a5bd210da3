//! `test [FILE…]`: tests of runbooks, each in a simulator of its own.

mod ground;
mod told;

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use clap::ValueEnum;

use crate::app::command_context::CommandContext;
use crate::app::stop_signals::StopSignals;
use crate::app::write_options::{runtime, stop_signals};
use crate::error::{CommandError, CommandExit};
use crate::script::compilation::compile_runbook;
use crate::script::library::is_test;
use crate::script::testing::{CompiledRunbooks, ScriptSuite, StepCoverage, TestContext, TestVerdict};
use crate::script::{RunbookLibrary, ScriptSource};

/// Test runbooks, each test in a simulator of its own.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: okta-runbook test ad/move_user_to_ou
Exit code 1 when a test fails, 2 when a file cannot be read as tests.")]
pub(super) struct TestArguments {
    /// Names such as `ad/move_user_to_ou` or `ad/move_user_to_ou_test`, or paths; all that are found by default.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Only tests with this in their title.
    #[arg(long, value_name = "WORDS")]
    only: Option<String>,
    /// How many tests go on at a time; by default two for each processor, since tests mostly wait.
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    #[arg(long, value_enum, default_value_t)]
    output: TestOutput,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum TestOutput {
    #[default]
    Text,
    Json,
    Junit,
}

/// A test of a suite, and how it went.
struct TestedCase<'a> {
    suite: &'a ScriptSuite,
    index: usize,
    verdict: TestVerdict,
}

pub(super) fn execute(context: &CommandContext, arguments: &TestArguments) -> Result<CommandExit, CommandError> {
    let runtime = runtime()?;
    let folder = tempfile::tempdir()
        .map_err(|error| CommandError::failed(format!("no folder for the tests' journals: {error}")))?;
    let around = Arc::new(TestContext {
        library: context.library(),
        runtime: runtime.handle().clone(),
        start: ground::starter(runtime.handle().clone()),
        folder: folder.path().to_owned(),
        compile: compile_runbook,
        compiled: CompiledRunbooks::default(),
    });
    runtime.spawn(leave_on_signal(stop_signals(&runtime)?, folder.path().to_owned()));
    let suites = arguments.suites(&around)?;
    let begun = Instant::now();
    let tested = arguments.run(context, &suites);
    let mut coverage = StepCoverage::default();
    for tested in &tested {
        coverage.merge(tested.verdict.coverage.clone());
    }
    let untested = arguments.untested(&around.library)?;
    match arguments.output {
        TestOutput::Text => {
            told::summary(context, &tested, &coverage, begun.elapsed());
            told::tell_untested(context, &untested);
        }
        TestOutput::Json => told::json(context, &tested, &coverage, &untested),
        TestOutput::Junit => told::junit(context, &suites, &tested)?,
    }
    let failed = tested.iter().any(|tested| tested.verdict.failure.is_some());
    Ok(if failed { CommandExit::Failed } else { CommandExit::Succeeded })
}

/// A signal leaves at once, since nothing real was touched; the journals would stay without this.
async fn leave_on_signal(mut signals: StopSignals, folder: PathBuf) {
    signals.next().await;
    // Where it cannot be removed, the system clears its folder for temporary files.
    let _ = std::fs::remove_dir_all(folder);
    std::process::exit(CommandExit::Interrupted as i32);
}

impl TestArguments {
    fn suites(&self, around: &Arc<TestContext>) -> Result<Vec<ScriptSuite>, CommandError> {
        let library = &around.library;
        let named = if self.files.is_empty() {
            library.tests()?
        } else {
            self.files.iter().map(|file| test_of(file)).collect()
        };
        named.iter().map(|name| ScriptSuite::load(find_tests(library, name)?, Arc::clone(around))).collect()
    }

    /// Runbooks that have no tests, when all are tested.
    fn untested(&self, library: &RunbookLibrary) -> Result<Vec<String>, CommandError> {
        if !self.files.is_empty() {
            return Ok(Vec::new());
        }
        let tests = library.tests()?;
        let names = library.list()?.into_iter().map(|listed| listed.name);
        let without = names.filter(|name| !tests.contains(&test_of(name)));
        Ok(without.collect())
    }

    /// The chosen tests in the order of the files. Text is told as tests end.
    fn run<'a>(&self, context: &CommandContext, suites: &'a [ScriptSuite]) -> Vec<TestedCase<'a>> {
        let waiting: VecDeque<(usize, &ScriptSuite, usize)> = suites
            .iter()
            .flat_map(|suite| (0..suite.cases.len()).map(move |index| (suite, index)))
            .filter(|(suite, index)| self.is_chosen(&suite.cases[*index].title))
            .enumerate()
            .map(|(place, (suite, index))| (place, suite, index))
            .collect();
        let waiting = Mutex::new(waiting);
        let done = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..self.jobs() {
                scope.spawn(|| {
                    while let Some((place, suite, index)) = lock(&waiting).pop_front() {
                        let tested = TestedCase { suite, index, verdict: suite.run(index) };
                        if self.output == TestOutput::Text {
                            told::show_case(context, &tested);
                        }
                        lock(&done).push((place, tested));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(place, _)| *place);
        done.into_iter().map(|(_, tested)| tested).collect()
    }

    fn is_chosen(&self, title: &str) -> bool {
        self.only.as_ref().is_none_or(|words| title.contains(words))
    }

    /// Tests wait for their simulators most of the time, hence two for each processor.
    fn jobs(&self) -> usize {
        self.jobs.map_or_else(|| thread::available_parallelism().map_or(2, |count| count.get() * 2), NonZeroUsize::get)
    }
}

/// A file of tests; what has none is told by the runbook's name.
fn find_tests(library: &RunbookLibrary, name: &str) -> Result<ScriptSource, CommandError> {
    library.find(name).map_err(|error| {
        let runbook = name.replacen("_test", "", 1);
        match library.find(&runbook) {
            Ok(source) => CommandError::usage(format!("{} has no tests", source.name))
                .help(format!("write them in a file beside it: {}", file_of(name))),
            Err(_) => error,
        }
    })
}

fn file_of(name: &str) -> String {
    if name.to_lowercase().ends_with(".rhai") { name.to_owned() } else { format!("runbooks/{name}.rhai") }
}

/// The tests of a runbook stand beside it.
fn test_of(file: &str) -> String {
    let stem = file.strip_suffix(".rhai");
    match stem {
        _ if is_test(stem.unwrap_or(file)) => file.to_owned(),
        Some(stem) => format!("{stem}_test.rhai"),
        None => format!("{file}_test"),
    }
}

/// A poisoned lock means that a worker panicked between two tests: what it holds is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
