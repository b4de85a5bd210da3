//! A bar over the items of bulk work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{prefix} {bar:24} {pos}/{len}  {per_sec}  {wide_msg}";

/// How an item ended, for the counts beside the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    Done,
    Unchanged,
    Failed,
}

/// A bar with counts, rate, and why the work waits. It goes away when dropped; shared by reference between threads.
#[derive(Debug)]
pub struct Progress {
    bars: MultiProgress,
    bar: ProgressBar,
    done: AtomicU64,
    unchanged: AtomicU64,
    failed: AtomicU64,
}

impl Progress {
    pub(super) fn begin(bars: &MultiProgress, title: &str, total: u64) -> Self {
        let bar = bars.add(ProgressBar::new(total).with_style(style()));
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bars: bars.clone(),
            bar,
            done: AtomicU64::new(0),
            unchanged: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Counts an item that ended. The work goes on, so a reason to wait is taken away.
    pub fn count(&self, tally: Tally) {
        self.counter(tally).fetch_add(1, Ordering::Relaxed);
        self.bar.set_message(self.counts());
        self.bar.inc(1);
    }

    /// Shows why the work waits, until an item ends.
    pub fn waiting(&self, reason: &str) {
        self.bar
            .set_message(format!("{} · {reason}", self.counts()));
    }

    fn counter(&self, tally: Tally) -> &AtomicU64 {
        match tally {
            Tally::Done => &self.done,
            Tally::Unchanged => &self.unchanged,
            Tally::Failed => &self.failed,
        }
    }

    fn counts(&self) -> String {
        let count = |tally| self.counter(tally).load(Ordering::Relaxed);
        let (done, unchanged) = (count(Tally::Done), count(Tally::Unchanged));
        format!(
            "{done} done, {unchanged} unchanged, {} failed",
            count(Tally::Failed)
        )
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden() -> MultiProgress {
        MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden())
    }

    #[test]
    fn items_are_counted_by_how_they_ended() {
        let progress = Progress::begin(&hidden(), "Move", 3);
        progress.count(Tally::Done);
        progress.count(Tally::Done);
        progress.waiting("rate limit");
        assert_eq!(
            progress.bar.message(),
            "2 done, 0 unchanged, 0 failed · rate limit"
        );
        progress.count(Tally::Failed);
        assert_eq!(progress.bar.message(), "2 done, 0 unchanged, 1 failed");
        assert_eq!(progress.bar.position(), 3);
    }

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
