//! What tests came to: text, JSON, `JUnit`.

use std::time::Duration;

use serde_json::{Value, json};

use super::TestedCase;
use crate::app::command_context::CommandContext;
use crate::error::CommandError;
use crate::report::junit::{self, TestCase, TestSuite};
use crate::script::testing::{CoveredSteps, ScriptSuite, StepCoverage};

/// A test that has ended.
pub(super) fn show_case(context: &CommandContext, tested: &TestedCase<'_>) {
    let mark = if tested.verdict.failure.is_some() { "FAILED" } else { "ok    " };
    let seconds = tested.verdict.duration.as_secs_f64();
    let mut text = format!("{mark} {}: {} ({seconds:.1} s)", tested.suite.name(), tested.title());
    if let Some(error) = &tested.verdict.failure {
        for line in reason(error).lines() {
            text.push_str("\n       ");
            text.push_str(line);
        }
    }
    context.terminal.line(&text);
}

/// The last lines: steps that tests came to, and how many tests passed.
pub(super) fn summary(context: &CommandContext, tested: &[TestedCase<'_>], coverage: &StepCoverage, took: Duration) {
    for covered in coverage.runbooks() {
        context.terminal.line(&steps(covered));
    }
    let failed = tested.iter().filter(|it| it.verdict.failure.is_some());
    let failed = failed.count();
    context.terminal.line(&format!("{} passed, {failed} failed ({:.1} s)", tested.len() - failed, took.as_secs_f64()));
}

fn steps(covered: &CoveredSteps) -> String {
    let missed = covered.steps.iter().filter(|(_, begun)| !begun);
    let missed = missed.map(|(step, _)| {
        let place = format!("{}:{}", covered.path, step.line);
        format!("\n       not begun: {} ({place})", step.title)
    });
    format!(
        "steps of {}: {} of {} begun{}",
        covered.runbook,
        covered.begun(),
        covered.steps.len(),
        missed.collect::<String>()
    )
}

/// Runbooks without tests.
pub(super) fn tell_untested(context: &CommandContext, names: &[String]) {
    if !names.is_empty() {
        let names = names.join(", ");
        context.terminal.line(&format!("without tests: {names}"));
    }
}

pub(super) fn json(context: &CommandContext, tested: &[TestedCase<'_>], coverage: &StepCoverage, untested: &[String]) {
    let tests: Vec<Value> = tested.iter().map(row).collect();
    let steps: Vec<Value> = coverage.runbooks().map(covered_row).collect();
    let failed = tested.iter().filter(|it| it.verdict.failure.is_some());
    let failed = failed.count();
    let all = json!({ "tests": tests, "steps": steps, "passed": tested.len() - failed, "failed": failed, "untested": untested });
    context.terminal.line(&all.to_string());
}

fn row(tested: &TestedCase<'_>) -> Value {
    let failure = tested.verdict.failure.as_ref();
    json!({
        "file": tested.suite.path(),
        "line": tested.suite.cases[tested.index].line,
        "title": tested.title(),
        "passed": failure.is_none(),
        "seconds": tested.verdict.duration.as_secs_f64(),
        "message": failure.map(|error| &error.message),
        "help": failure.map(|error| &error.help),
    })
}

fn covered_row(covered: &CoveredSteps) -> Value {
    let steps =
        covered.steps.iter().map(|(step, begun)| json!({ "title": step.title, "line": step.line, "begun": begun }));
    json!({
        "runbook": covered.runbook,
        "path": covered.path,
        "begun": covered.begun(),
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// A suite for each file.
pub(super) fn junit(
    context: &CommandContext,
    suites: &[ScriptSuite],
    tested: &[TestedCase<'_>],
) -> Result<(), CommandError> {
    let suites: Vec<TestSuite> = suites
        .iter()
        .map(|suite| TestSuite {
            name: suite.name().to_owned(),
            cases: tested.iter().filter(|tested| std::ptr::eq(tested.suite, suite)).map(case).collect(),
        })
        .collect();
    let document = junit::of_tests(&suites, jiff::Timestamp::now())
        .map_err(|error| CommandError::failed(format!("the report cannot be written: {error}")))?;
    context.terminal.line(document.trim_end());
    Ok(())
}

fn case(tested: &TestedCase<'_>) -> TestCase {
    TestCase {
        name: tested.title().to_owned(),
        seconds: tested.verdict.duration.as_secs_f64(),
        failure: tested.verdict.failure.as_ref().map(reason),
    }
}

fn reason(error: &CommandError) -> String {
    let help = error.help.iter().map(|help| format!("\nhelp: {help}"));
    format!("{}{}", error.message, help.collect::<String>())
}

impl TestedCase<'_> {
    fn title(&self) -> &str {
        &self.suite.cases[self.index].title
    }
}
