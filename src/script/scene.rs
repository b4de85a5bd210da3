//! Where a verb is called from: the run it belongs to and the lane it is in.
//!
//! A lane is a thread, so the scene is the thread's. Verbs are registered once and find their run here.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::run::lane::Lane;
use crate::run::{self, Run};
use crate::script::error::Names;
use crate::script::sources::Sources;

/// What all lanes of one run share.
pub struct Host {
    pub run: Arc<Run>,
    /// The runtime on which calls are made; a script's threads are never its workers.
    pub runtime: tokio::runtime::Handle,
    pub sources: Sources,
    pub names: Arc<Names>,
    /// Display path of the script that runs.
    pub entry: String,
    /// How long `wait_until` pauses between two looks at most; as the script says when there is none.
    pub longest_pause: Option<Duration>,
    stopped: Mutex<Option<run::Error>>,
}

impl Host {
    pub fn new(
        run: Arc<Run>,
        runtime: tokio::runtime::Handle,
        sources: Sources,
        names: Arc<Names>,
        entry: &str,
    ) -> Self {
        Self {
            run,
            runtime,
            sources,
            names,
            entry: entry.to_owned(),
            longest_pause: None,
            stopped: Mutex::new(None),
        }
    }

    /// Makes `error` the end of the run: no script can catch it. The first one counts.
    pub fn stop(&self, error: run::Error) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.get_or_insert(error);
    }

    /// Whether the run is to end: other lanes stop before their next call.
    pub fn is_stopped(&self) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.is_some()
    }

    /// What ended the run, once.
    pub fn take_stopped(&self) -> Option<run::Error> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.take()
    }
}

/// The place of a thread in a run.
#[derive(Clone)]
pub struct Scene {
    pub host: Arc<Host>,
    pub lane: Arc<Lane>,
}

thread_local! {
    static SCENE: RefCell<Option<Scene>> = const { RefCell::new(None) };
}

impl Scene {
    /// Does `work` in this scene, then returns to the scene before.
    pub fn play<T>(self, work: impl FnOnce() -> T) -> T {
        struct Before(Option<Scene>);
        impl Drop for Before {
            fn drop(&mut self) {
                SCENE.set(self.0.take());
            }
        }
        let _before = Before(SCENE.replace(Some(self)));
        work()
    }

    /// Makes this the scene of the thread until the scene that is played now ends.
    pub(in crate::script) fn stay(self) {
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
