//! Ctrl-C and waits: a run stops between calls, never in the middle of a write's bookkeeping.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::okta::{LimitWait, WaitObserver};

/// How often an interrupted run looks whether the call on the wire has come to a wait.
const GLANCE: Duration = Duration::from_millis(50);

/// Sees the waits of one call, so that a wait can be shown and be broken off: a call that waits was refused before, hence is not on the wire.
pub(super) struct CallWatch<F: Fn(&LimitWait) + Send + Sync> {
    told: F,
    until: Mutex<Option<Instant>>,
}

impl<F: Fn(&LimitWait) + Send + Sync> CallWatch<F> {
    pub(super) fn new(told: F) -> Self {
        Self { told, until: Mutex::new(None) }
    }

    fn is_waiting(&self) -> bool {
        self.until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until)
    }

    /// Runs `call` to its end, unless `cancelled` while it waits.
    pub(super) async fn sent<T>(&self, call: impl Future<Output = T>, cancelled: &CancellationToken) -> Option<T> {
        tokio::pin!(call);
        tokio::select! {
            answer = &mut call => return Some(answer),
            () = cancelled.cancelled() => {}
        }
        while !self.is_waiting() {
            tokio::select! {
                answer = &mut call => return Some(answer),
                () = tokio::time::sleep(GLANCE) => {}
            }
        }
        None
    }
}

impl<F: Fn(&LimitWait) + Send + Sync> WaitObserver for CallWatch<F> {
    fn waiting(&self, wait: &LimitWait) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + wait.duration);
        (self.told)(wait);
    }
}
