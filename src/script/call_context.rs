//! Where a verb is called from: the run it belongs to and the lane it is in.
//!
//! A lane is a thread, so the scene is the thread's. Verbs are registered once and find their run here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rhai::{Dynamic, NativeCallContext};
use serde_json::{Map, Value};

use crate::run::lane::RunLane;
use crate::run::{self, Run};
use crate::script::check::lanes::ScriptLanes;
use crate::script::error::KnownNames;
use crate::script::sources::SourceTexts;
use crate::script::value::ROW_FIELD;
use crate::script::value_size;

/// Fields by which an item is found among the values of parameters.
const ROW_NAMES: &[&str] = &["name", "login", "key", "email", "id"];

/// What all lanes of one run share.
pub struct RunContext {
    pub run: Arc<Run>,
    /// The runtime on which calls are made; a script's threads are never its workers.
    pub runtime: tokio::runtime::Handle,
    pub sources: SourceTexts,
    pub names: Arc<KnownNames>,
    /// Display path of the script that runs.
    pub entry: String,
    /// How long `wait_until` pauses between two looks at most; as the script says when there is none.
    pub longest_pause: Option<Duration>,
    /// The rows of files by the values that were read there: `users.csv:3` by `ada@x`.
    rows: BTreeMap<String, String>,
    /// What is known of the lanes of `entry`.
    lanes: OnceLock<ScriptLanes>,
    stopped: Mutex<Option<run::CallError>>,
    /// Whether there is one: looked at in every step of every lane, where a lock would be waited for.
    is_stopped: AtomicBool,
}

impl RunContext {
    pub fn new(
        run: Arc<Run>,
        runtime: tokio::runtime::Handle,
        sources: SourceTexts,
        names: Arc<KnownNames>,
        entry: &str,
    ) -> Self {
        Self {
            run,
            runtime,
            sources,
            names,
            entry: entry.to_owned(),
            longest_pause: None,
            rows: BTreeMap::new(),
            lanes: OnceLock::new(),
            stopped: Mutex::new(None),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Learns from which rows of files the parameters are.
    pub(in crate::script) fn know_rows(&mut self, parameters: &Map<String, Value>) {
        let origins = parameters.get("origins").and_then(Value::as_object).into_iter().flatten();
        for (name, rows) in origins {
            let items = parameters.get(name).and_then(Value::as_array).into_iter().flatten();
            for (item, row) in items.zip(rows.as_array().into_iter().flatten()) {
                let Some(row) = row.as_str().filter(|row| !row.is_empty()) else { continue };
                let names = ROW_NAMES.iter().filter_map(|field| item.get(field)?.as_str());
                for name in item.as_str().into_iter().chain(names) {
                    self.rows.entry(name.to_owned()).or_insert_with(|| row.to_owned());
                }
            }
        }
    }

    /// The row of a file that an item is from, by what it is called.
    /// It may say so itself, as those of a parameter of rows do.
    pub(in crate::script) fn row_of(&self, item: &Dynamic) -> Option<String> {
        let known = |name: &Dynamic| self.rows.get(name.as_immutable_string_ref().ok()?.as_str()).cloned();
        match item.as_map_ref() {
            Ok(map) if map.contains_key(ROW_FIELD) => map.get(ROW_FIELD)?.clone().into_string().ok(),
            Ok(map) => ROW_NAMES.iter().find_map(|field| known(map.get(*field)?)),
            Err(_) => known(item),
        }
    }

    /// Tells, once, what is known of the lanes of the script that runs.
    pub(in crate::script) fn know_lanes(&self, lanes: ScriptLanes) {
        self.lanes.get_or_init(|| lanes);
    }

    /// Whether a closure changes nothing of what it captures.
    pub(in crate::script) fn is_quiet(&self, closure: &str) -> bool {
        self.lanes.get().is_some_and(|lanes| lanes.is_quiet(closure))
    }

    /// Whether nobody takes what a call gives.
    pub(in crate::script) fn is_untaken(&self, context: &NativeCallContext) -> bool {
        let lanes = self.lanes.get();
        context.call_source() == Some(self.entry.as_str())
            && lanes.is_some_and(|lanes| lanes.is_untaken(context.call_position()))
    }

    /// Makes `error` the end of the run: no script can catch it. The first one counts.
    pub fn stop(&self, error: run::CallError) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.get_or_insert(error);
        self.is_stopped.store(true, Ordering::Release);
    }

    /// Whether the run is to end: other lanes stop before their next call.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// What ended the run, once.
    pub fn take_stopped(&self) -> Option<run::CallError> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_stopped.store(false, Ordering::Release);
        stopped.take()
    }
}

/// The place of a thread in a run.
#[derive(Clone)]
pub struct CallContext {
    pub host: Arc<RunContext>,
    pub lane: Arc<RunLane>,
}

thread_local! {
    static SCENE: RefCell<Option<CallContext>> = const { RefCell::new(None) };
}

impl CallContext {
    /// Does `work` in this scene, then returns to the scene before.
    pub fn run_within<T>(self, work: impl FnOnce() -> T) -> T {
        struct FormerContext(Option<CallContext>);
        impl Drop for FormerContext {
            fn drop(&mut self) {
                SCENE.set(self.0.take());
            }
        }
        let _before = FormerContext(SCENE.replace(Some(self)));
        value_size::begin_uses();
        work()
    }

    /// Makes this the scene of the thread until the scene that is played now ends.
    pub(in crate::script) fn enter(self) {
        SCENE.set(Some(self));
    }

    /// The scene of this thread; `None` where no run is going on, as when a script is only checked.
    pub fn current() -> Option<Self> {
        SCENE.with_borrow(Clone::clone)
    }

    /// Waits for a call of the run.
    pub fn wait_for<T>(&self, call: impl Future<Output = T>) -> T {
        self.host.runtime.block_on(call)
    }
}
