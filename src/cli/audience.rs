//! A person before a terminal: lines as things happen, and a bar while a bulk step goes on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::report::text::{Narrator, Verbosity};
use crate::run::event::{Event, ItemOutcome, Kind};
use crate::run::{Listener, Progress, Watcher};
use crate::terminal::{self, Tally, Terminal};

/// Of a bulk step with more items, the bar tells what goes well.
const MANY: usize = 20;

pub(super) struct Audience {
    terminal: Terminal,
    verbosity: Verbosity,
    state: Mutex<State>,
}

struct State {
    narrator: Narrator,
    bar: Option<terminal::Progress>,
    many: bool,
}

impl Audience {
    pub(super) fn new(verbosity: Verbosity, terminal: &Terminal) -> Self {
        Self {
            terminal: terminal.clone(),
            verbosity,
            state: Mutex::new(State { narrator: Narrator::new(verbosity, terminal.width()), bar: None, many: false }),
        }
    }

    pub(super) fn parts(self) -> (Listener, Watcher) {
        let one = Arc::new(self);
        let other = Arc::clone(&one);
        (Arc::new(move |event| one.hear(event)), Arc::new(move |progress| other.watch(progress)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: &Event) {
        let mut state = self.state();
        if let (Some(bar), Kind::Wait { reason, seconds }) = (&state.bar, &event.kind) {
            let duration = Duration::try_from_secs_f64(*seconds).unwrap_or(Duration::MAX);
            bar.waiting(reason, duration);
        }
        if is_before_the_eyes(event, &self.terminal) {
            return;
        }
        if state.many && self.verbosity < Verbosity::Verbose && goes_well(event) {
            return;
        }
        state.narrator.resize(self.terminal.width());
        for line in state.narrator.tell(event) {
            self.terminal.line(&line);
        }
    }

    fn watch(&self, progress: Progress<'_>) {
        let mut state = self.state();
        match progress {
            Progress::Began { step, items } => {
                // Without a terminal to draw on, lines are all there is.
                state.many = items > MANY && self.terminal.width().is_some();
                state.bar = (items > 1).then(|| self.terminal.progress(step.unwrap_or("items"), items as u64));
            }
            Progress::Ended { outcome, left } => {
                if let Some(bar) = &state.bar {
                    bar.count(tally(outcome), left);
                }
            }
            Progress::Over => {
                state.bar = None;
                state.many = false;
            }
        }
    }
}

/// A question that was just answered with no: it stands right above.
fn is_before_the_eyes(event: &Event, terminal: &Terminal) -> bool {
    terminal.asks() && matches!(event.kind, Kind::Confirm { answer: false, .. })
}

fn goes_well(event: &Event) -> bool {
    let well = matches!(
        event.kind,
        Kind::Performed(_) | Kind::Unchanged(_) | Kind::Check { passed: true, .. } | Kind::Note { .. }
    );
    event.item.is_some() && well
}

fn tally(outcome: ItemOutcome) -> Tally {
    match outcome {
        ItemOutcome::Succeeded => Tally::Done,
        ItemOutcome::Unchanged => Tally::Unchanged,
        ItemOutcome::Failed => Tally::Failed,
    }
}
