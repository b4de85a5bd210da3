//! A session in another run for a while: what it declares there can be dropped with that run.

use std::sync::Arc;

use rhai::{GlobalRuntimeState, Scope};

use super::ScriptSession;
use super::entries::SessionEntry;
use crate::run::Run;
use crate::run::lane::RunLane;
use crate::script::call_context::RunContext;
use crate::script::engine::watch;

/// Where a session was.
pub(super) struct FormerPlace {
    host: Arc<RunContext>,
    lane: Arc<RunLane>,
    scope: Scope<'static>,
    global: GlobalRuntimeState,
    entries: usize,
}

impl ScriptSession {
    /// Evaluates what follows in `run`, until it comes back.
    pub fn go(&mut self, run: &Arc<Run>) {
        let before = FormerPlace {
            host: Arc::clone(&self.host),
            lane: Arc::clone(&self.lane),
            scope: self.scope.clone(),
            global: self.global.clone(),
            entries: self.entries.len(),
        };
        self.before = Some(Box::new(before));
        self.host = Arc::new(RunContext::new(
            Arc::clone(run),
            self.host.runtime.clone(),
            self.sources.clone(),
            Arc::clone(&self.host.names),
            &self.host.entry,
        ));
        self.lane = Arc::default();
        watch(&mut self.engine, &self.host);
    }

    /// Whether it is in another run than its own.
    pub fn is_away(&self) -> bool {
        self.before.is_some()
    }

    /// Entries of the other run so far.
    pub fn entries_away(&self) -> &[SessionEntry] {
        let first = self.before.as_ref().map_or(0, |before| before.entries);
        &self.entries[first..]
    }

    /// Returns to its own run with what the other one has declared.
    pub fn come_back(&mut self) {
        if let Some(before) = self.before.take() {
            self.take_up(before.host, before.lane);
        }
    }

    /// Returns to its own run, where nothing of the other one is known; what was entered there.
    pub fn come_back_as_it_was(&mut self) -> Vec<SessionEntry> {
        let Some(before) = self.before.take() else {
            return Vec::new();
        };
        self.scope = before.scope;
        self.global = before.global;
        self.take_up(before.host, before.lane);
        self.entries.split_off(before.entries)
    }

    fn take_up(&mut self, host: Arc<RunContext>, lane: Arc<RunLane>) {
        self.host = host;
        self.lane = lane;
        watch(&mut self.engine, &self.host);
    }
}
