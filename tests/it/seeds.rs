//! Trials by number: how many, from which seed on, and what went wrong in which of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;

/// A number from the environment.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Tries all, `width` at a time. What goes wrong in one is printed under its name, which tells how to repeat it; all that went wrong is
/// named at the end.
pub(crate) fn try_all<T: Sync>(
    trials: &[T],
    width: usize,
    name: impl Fn(&T) -> String + Sync,
    holds: impl Fn(&T) + Sync,
) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..width {
            scope.spawn(|| {
                while let Some(one) = trials.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let trial = Builder::new().name(name(one));
                    let trial = trial.spawn_scoped(scope, || holds(one)).unwrap();
                    if trial.join().is_err() {
                        failed.lock().unwrap().push(name(one));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let (wrong, of) = (failed.len(), trials.len());
    assert!(wrong == 0, "{wrong} of {of} failed:\n{}", failed.join("\n"));
}
