//! What a session is told by its run, and how it is broken off.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::report::text::{OutputVerbosity, TextReporter};
use crate::run::EventListener;
use crate::run::event::{EventKind, RunEvent};
use crate::terminal::TerminalHandle;

/// The operations that a session has done, by name.
#[derive(Clone, Default)]
pub struct SessionLog {
    operations: Arc<Mutex<BTreeSet<String>>>,
}

impl SessionLog {
    /// Where the session's run tells what happens: shown as in a run, without the frame that a run has.
    pub fn listener(&self, terminal: &TerminalHandle, verbosity: OutputVerbosity) -> EventListener {
        let (told, terminal) = (self.clone(), terminal.clone());
        let narrator = Mutex::new(TextReporter::new(verbosity, terminal.width()));
        Arc::new(move |event: &RunEvent| {
            told.remember(event);
            // A question that was just answered stands right above.
            let is_shown = terminal.asks() && matches!(event.kind, EventKind::Confirm { .. });
            if is_shown || matches!(event.kind, EventKind::Run { .. } | EventKind::Outcome { .. }) {
                return;
            }
            let mut narrator = narrator.lock().unwrap_or_else(PoisonError::into_inner);
            narrator.resize(terminal.width());
            for line in narrator.lines_of(event) {
                terminal.line(&line);
            }
        })
    }

    fn remember(&self, event: &RunEvent) {
        let (EventKind::Read(call) | EventKind::Performed(call) | EventKind::Unchanged(call)) = &event.kind else {
            return;
        };
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        if !operations.contains(&call.operation) {
            operations.insert(call.operation.clone());
        }
    }

    pub(super) fn operations(&self) -> Vec<String> {
        let operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        operations.iter().cloned().collect()
    }
}

/// Ctrl-C: breaks off what is evaluated and keeps the session.
#[derive(Clone, Default)]
pub struct SessionInterrupt {
    current: Arc<Mutex<CancellationToken>>,
    busy: Arc<AtomicBool>,
    leaving: Arc<AtomicBool>,
}

impl SessionInterrupt {
    /// A new token for what begins now.
    pub fn renew(&self) -> CancellationToken {
        let token = CancellationToken::new();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = token.clone();
        self.busy.store(true, Ordering::Release);
        token
    }

    /// Nothing is evaluated any more.
    pub fn rest(&self) {
        self.busy.store(false, Ordering::Release);
    }

    /// Ends the session before the next entry.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Breaks off what is evaluated; `false` when nothing is.
    pub fn strike(&self) -> bool {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.cancel();
        self.busy.load(Ordering::Acquire)
    }
}
