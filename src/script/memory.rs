//! The memory of the process while a script runs: what grows without end is stopped before the machine is.
//!
//! rhai has limits of its own. With any of them it walks over all of a list or map after each change of it, so that filling one takes
//! time by the square of its length.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use memory_stats::memory_stats;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// Bytes that no runbook needs.
pub(super) const MOST: usize = 1 << 30;
/// A string that doubles is stopped at a few times the limit.
const EVERY: Duration = Duration::from_millis(50);

/// Looks at the memory of the process until it is dropped.
pub(super) struct MemoryGuard {
    is_full: Arc<AtomicBool>,
    looks: AbortHandle,
}

impl MemoryGuard {
    /// `most` are bytes. Where the system does not tell how much is in use, it is never too much.
    pub(super) fn watch(runtime: &Handle, most: usize) -> Self {
        let is_full = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_full);
        let looks = runtime.spawn(async move {
            let mut ticks = tokio::time::interval(EVERY);
            loop {
                ticks.tick().await;
                let used = memory_stats().map_or(0, |memory| memory.physical_mem);
                told.store(used > most, Ordering::Relaxed);
            }
        });
        Self { is_full, looks: looks.abort_handle() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }
}

impl Drop for MemoryGuard {
    fn drop(&mut self) {
        self.looks.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_in_use_is_told_until_it_is_dropped() {
        let runtime = Handle::current();
        let enough = MemoryGuard::watch(&runtime, usize::MAX);
        let little = MemoryGuard::watch(&runtime, 1);
        while !little.is_full() {
            tokio::task::yield_now().await;
        }
        assert!(!enough.is_full());
        let looks = little.looks.clone();
        drop(little);
        while !looks.is_finished() {
            tokio::task::yield_now().await;
        }
    }
}
