//! Trials by number: how many, from which seed on, and what went wrong in which of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number from the environment.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Tries all, `width` at a time, and fails with what every failure says and `again` tells of how to repeat it.
pub(crate) fn try_all<T: Sync>(
    trials: &[T],
    width: usize,
    again: impl Fn(&T) -> String + Sync,
    holds: impl Fn(&T) + Sync,
) {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..width {
            scope.spawn(|| {
                while let Some(one) = trials.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| holds(one))) {
                        let failure = format!("{}\n    {}", again(one), said(&*panic));
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let (wrong, of) = (failures.len(), trials.len());
    assert!(
        wrong == 0,
        "{wrong} of {of} failed:\n{}",
        failures.join("\n")
    );
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked without a word").to_owned()
}
