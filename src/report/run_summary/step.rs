//! The steps of the procedure: which were begun, when, and how each went.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::reached_its_end;
use crate::report::evidence::RunEvidence;
use crate::report::text::words::count_noun;
use crate::report::text::{call_of, org_of};
use crate::run::event::{EventKind, ItemOutcome, OrgLine, RunEvent, RunOutcome, count_checks};

/// What stands for a step before the first one, shown only when something was told there.
const PREAMBLE: &str = "Before the first step";

/// A step of the main script.
#[derive(Debug, Serialize)]
pub(in crate::report) struct StoryStep<'a> {
    pub(in crate::report) title: &'a str,
    pub(in crate::report) end: StepEnd,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::report) message: Option<String>,
    /// `None` when it was not begun.
    pub(in crate::report) begun: Option<Timestamp>,
    pub(in crate::report) ended: Option<Timestamp>,
    /// Names of the orgs that it called.
    pub(in crate::report) orgs: BTreeSet<&'a str>,
    /// Items that failed in it.
    pub(in crate::report) failed_items: usize,
    /// Calls in it that changed something.
    pub(in crate::report) writes: usize,
    pub(in crate::report) checks: usize,
    pub(in crate::report) failed_checks: usize,
    /// What was told in the main script, but for reads.
    #[serde(skip)]
    pub(in crate::report) told: Vec<&'a RunEvent>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::report) enum StepEnd {
    Done,
    /// Items failed in it; the others went on.
    Partly,
    /// The run ended in it.
    Failed,
    /// The run waits in it, for a person.
    Waiting,
    /// The run was interrupted, or died, in it.
    BrokenOff,
    /// The runbook has it, and the run did not come to it.
    NotBegun,
}

impl StepEnd {
    pub(in crate::report) fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partly => "partly",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::BrokenOff => "broken off",
            Self::NotBegun => "not begun",
        }
    }
}

/// The steps as they were begun, then, or between them where the runbook has them, those that were not.
pub(super) fn all<'a>(evidence: &'a RunEvidence, message: Option<&str>, last: Timestamp) -> Vec<StoryStep<'a>> {
    let mut steps = begun_steps(evidence);
    close(&mut steps, last);
    if !reached_its_end(evidence)
        && let Some(step) = steps.last_mut()
    {
        step.end = match evidence.outcome {
            Some(RunOutcome::Waiting) => StepEnd::Waiting,
            Some(RunOutcome::Interrupted) | None => StepEnd::BrokenOff,
            _ => StepEnd::Failed,
        };
        step.message = message.map(str::to_owned);
    }
    for step in &mut steps {
        if step.end == StepEnd::Done && step.failed_items > 0 {
            step.end = StepEnd::Partly;
            step.message = Some(count_noun(step.failed_items as u64, "item") + " failed");
        }
    }
    with_planned(steps, &evidence.planned_steps)
}

fn begun_steps(evidence: &RunEvidence) -> Vec<StoryStep<'_>> {
    let mut steps = vec![step(PREAMBLE, Some(evidence.started))];
    for event in &evidence.events {
        match &event.kind {
            EventKind::Step { title, .. } if event.item.is_none() => {
                steps.push(step(title, Some(event.time)));
            }
            _ => {
                if let Some(current) = steps.last_mut() {
                    current.hear(event, &evidence.orgs);
                }
            }
        }
    }
    let ended_before_any = steps.len() == 1 && !reached_its_end(evidence);
    if steps[0].told.is_empty() && !ended_before_any {
        steps.remove(0);
    }
    steps
}

fn close(steps: &mut [StoryStep<'_>], last: Timestamp) {
    let begins: Vec<_> = steps.iter().skip(1).map(|step| step.begun).collect();
    for (step, next) in steps.iter_mut().zip(begins.into_iter().chain([Some(last)])) {
        step.ended = next;
    }
}

fn step(title: &str, begun: Option<Timestamp>) -> StoryStep<'_> {
    StoryStep {
        title,
        end: if begun.is_some() { StepEnd::Done } else { StepEnd::NotBegun },
        message: None,
        begun,
        ended: None,
        orgs: BTreeSet::new(),
        failed_items: 0,
        writes: 0,
        checks: 0,
        failed_checks: 0,
        told: Vec::new(),
    }
}

impl<'a> StoryStep<'a> {
    fn hear(&mut self, event: &'a RunEvent, orgs: &'a [OrgLine]) {
        let called = call_of(&event.kind).and_then(|call| org_of(call, orgs));
        self.orgs.extend(called);
        match &event.kind {
            EventKind::Item { outcome: ItemOutcome::Failed, .. } => self.failed_items += 1,
            EventKind::Performed(_) => self.writes += 1,
            EventKind::Check { passed, items, .. } => {
                self.checks += count_checks(items);
                self.failed_checks += if *passed { 0 } else { count_checks(items) };
            }
            _ => {}
        }
        let elsewhere = matches!(
            event.kind,
            EventKind::Run { .. }
                | EventKind::Item { .. }
                | EventKind::Table { .. }
                | EventKind::Moved { .. }
                | EventKind::Outcome { .. }
        );
        if event.item.is_none() && !elsewhere && !super::is_silent(event) {
            self.told.push(event);
        }
    }
}

/// Puts planned steps that were not begun after the one that the runbook has them after.
fn with_planned<'a>(begun: Vec<StoryStep<'a>>, planned: &'a [String]) -> Vec<StoryStep<'a>> {
    let mut rest = planned.iter().map(String::as_str).peekable();
    let mut all = Vec::new();
    for one in begun {
        let known = rest.clone().position(|title| is_title(title, one.title));
        for skipped in rest.by_ref().take(known.unwrap_or(0)) {
            all.push(step(skipped, None));
        }
        if known.is_some() {
            rest.next();
        }
        all.push(one);
    }
    all.extend(rest.map(|title| step(title, None)));
    all
}

/// Whether a title of the text, in which `…` stands for what is computed, is the one told.
fn is_title(planned: &str, told: &str) -> bool {
    let mut parts = planned.split('…');
    let Some(mut left) = parts.next().and_then(|start| told.strip_prefix(start)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
        last = Some(part);
    }
    left.is_empty() || last.is_some_and(|part| part.is_empty() || left.ends_with(part))
}
