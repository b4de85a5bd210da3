//! A person before a terminal: lines as things happen, and a bar while a bulk step goes on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::report::text::{OutputVerbosity, TextReporter};
use crate::run::event::{EventKind, ItemOutcome, RunEvent};
use crate::run::{BulkProgress, EventListener, ProgressWatcher};
use crate::terminal::{self, ItemTally, TerminalHandle};

/// Of a bulk step with more items, the bar tells what goes well.
const MANY: usize = 20;

pub(crate) struct TerminalReporter {
    terminal: TerminalHandle,
    verbosity: OutputVerbosity,
    state: Mutex<ReporterState>,
}

struct ReporterState {
    narrator: TextReporter,
    bar: Option<terminal::BulkProgressBar>,
    many: bool,
}

impl TerminalReporter {
    pub(crate) fn new(verbosity: OutputVerbosity, terminal: &TerminalHandle) -> Self {
        Self {
            terminal: terminal.clone(),
            verbosity,
            state: Mutex::new(ReporterState {
                narrator: TextReporter::new(verbosity, terminal.width()),
                bar: None,
                many: false,
            }),
        }
    }

    pub(crate) fn parts(self) -> (EventListener, ProgressWatcher) {
        let one = Arc::new(self);
        let other = Arc::clone(&one);
        (Arc::new(move |event| one.on_event(event)), Arc::new(move |progress| other.on_progress(progress)))
    }

    fn state(&self) -> MutexGuard<'_, ReporterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on_event(&self, event: &RunEvent) {
        let mut state = self.state();
        if let (Some(bar), EventKind::Wait { reason, seconds }) = (&state.bar, &event.kind) {
            let duration = Duration::try_from_secs_f64(*seconds).unwrap_or(Duration::MAX);
            bar.waiting(reason, duration);
        }
        if is_before_the_eyes(event, &self.terminal) {
            return;
        }
        if state.many && self.verbosity < OutputVerbosity::Verbose && goes_well(event) {
            return;
        }
        state.narrator.resize(self.terminal.width());
        for line in state.narrator.lines_of(event) {
            self.terminal.line(&line);
        }
    }

    fn on_progress(&self, progress: BulkProgress<'_>) {
        let mut state = self.state();
        match progress {
            BulkProgress::Began { step, items } => {
                // Without a terminal to draw on, lines are all there is.
                state.many = items > MANY && self.terminal.width().is_some();
                state.bar = (items > 1).then(|| self.terminal.progress(step.unwrap_or("items"), items as u64));
            }
            BulkProgress::Ended { outcome, left } => {
                if let Some(bar) = &state.bar {
                    bar.count(tally(outcome), left);
                }
            }
            BulkProgress::Over => {
                state.bar = None;
                state.many = false;
            }
        }
    }
}

/// A question that was just answered with no: it stands right above.
fn is_before_the_eyes(event: &RunEvent, terminal: &TerminalHandle) -> bool {
    terminal.asks() && matches!(event.kind, EventKind::Confirm { answer: false, .. })
}

fn goes_well(event: &RunEvent) -> bool {
    let well = matches!(
        event.kind,
        EventKind::Performed(_)
            | EventKind::Unchanged(_)
            | EventKind::Check { passed: true, .. }
            | EventKind::Note { .. }
    );
    event.item.is_some() && well
}

fn tally(outcome: ItemOutcome) -> ItemTally {
    match outcome {
        ItemOutcome::Succeeded => ItemTally::Done,
        ItemOutcome::Unchanged => ItemTally::Unchanged,
        ItemOutcome::Failed => ItemTally::Failed,
    }
}
