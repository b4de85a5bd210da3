//! A bar over the items of bulk work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

const TEMPLATE: &str = "{prefix} {bar:24} {pos}/{len}  {speed}{left}  {wide_msg}";

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
    /// Seconds that the rest takes at least.
    least: Arc<AtomicU64>,
}

impl Progress {
    pub(super) fn begin(bars: &MultiProgress, title: &str, total: u64) -> Self {
        let least = Arc::new(AtomicU64::new(0));
        let bar = bars.add(ProgressBar::new(total).with_style(style(Arc::clone(&least))));
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bars: bars.clone(),
            bar,
            done: AtomicU64::new(0),
            unchanged: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            least,
        }
    }

    /// Counts an item that ended; the rest takes `left` at least. The work goes on, so a reason to wait is taken away.
    pub fn count(&self, tally: Tally, left: Duration) {
        self.least.store(left.as_secs(), Ordering::Relaxed);
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

fn style(least: Arc<AtomicU64>) -> ProgressStyle {
    let style = ProgressStyle::with_template(TEMPLATE);
    let left = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let least = Duration::from_secs(least.load(Ordering::Relaxed));
        // Nothing to be done when a bar cannot be drawn.
        let _ = write!(out, "{}", time_left(state.eta(), least));
    };
    style
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("left", left)
        .with_key(
            "speed",
            |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = out.write_str(&speed(state.per_sec()));
            },
        )
}

/// Under an org's limits less than one item a second is usual.
fn speed(per_second: f64) -> String {
    if per_second < 1.0 {
        format!("{:.0}/min", per_second * 60.0)
    } else {
        format!("{per_second:.0}/s")
    }
}

/// The speed so far tells nothing of a window that is used up, and the limits tell nothing of an org that is slow: the longer time counts.
fn time_left(observed: Duration, least: Duration) -> String {
    match observed.max(least) {
        soon if soon < Duration::from_secs(1) => String::new(),
        left => format!("  {} left", HumanDuration(left)),
    }
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
        progress.count(Tally::Done, Duration::ZERO);
        progress.count(Tally::Done, Duration::ZERO);
        progress.waiting("rate limit");
        assert_eq!(
            progress.bar.message(),
            "2 done, 0 unchanged, 0 failed · rate limit"
        );
        progress.count(Tally::Failed, Duration::ZERO);
        assert_eq!(progress.bar.message(), "2 done, 0 unchanged, 1 failed");
        assert_eq!(progress.bar.position(), 3);
    }

    #[test]
    fn what_is_slow_is_told_by_the_minute() {
        assert_eq!(speed(0.64), "38/min");
        assert_eq!(speed(57.968), "58/s");
    }

    #[test]
    fn the_longer_time_counts() {
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        assert_eq!(time_left(second, hour), "  60 minutes left");
        assert_eq!(time_left(hour, second), time_left(second, hour));
        assert_eq!(time_left(Duration::ZERO, Duration::ZERO), "");
    }

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
