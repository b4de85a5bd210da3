//! A bar over the items of bulk work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::VisibleEscapes;
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressState, ProgressStyle};

const TEMPLATE: &str = "{prefix} {bar:24} {pos}/{len}  {speed}{left}  {wide_msg}";

/// How an item ended, for the counts beside the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemTally {
    Done,
    Unchanged,
    Failed,
}

/// A bar with counts, rate, and why the work waits. It goes away when dropped; shared by reference between threads.
#[derive(Debug)]
pub struct BulkProgressBar {
    bars: MultiProgress,
    bar: ProgressBar,
    visible: VisibleEscapes,
    done: AtomicU64,
    unchanged: AtomicU64,
    failed: AtomicU64,
    begun: Instant,
    left: Arc<Mutex<TimeLeft>>,
    /// Why the work waits, and until when.
    wait: Mutex<Option<(String, Instant)>>,
}

/// How long the rest takes, as it was told then.
#[derive(Clone, Copy, Debug)]
struct TimeLeft {
    told: Instant,
    time: Duration,
}

impl TimeLeft {
    /// It passes, whether an item ends meanwhile or not.
    fn now(self) -> Duration {
        self.time.saturating_sub(self.told.elapsed())
    }
}

impl BulkProgressBar {
    pub(super) fn begin(bars: &MultiProgress, title: &str, total: u64, visible: VisibleEscapes) -> Self {
        let left = Arc::new(Mutex::new(TimeLeft { told: Instant::now(), time: Duration::ZERO }));
        let bar = bars.add(ProgressBar::new(total).with_style(style(Arc::clone(&left))));
        bar.set_prefix(visible(title));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bars: bars.clone(),
            bar,
            visible,
            done: AtomicU64::new(0),
            unchanged: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            begun: Instant::now(),
            left,
            wait: Mutex::default(),
        }
    }

    /// Counts an item that ended; under the limits the rest takes `least`.
    pub fn count(&self, tally: ItemTally, least: Duration) {
        self.counter(tally).fetch_add(1, Ordering::Relaxed);
        self.bar.inc(1);
        let (ended, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let time = longer_estimate(self.begun.elapsed(), ended, all, least);
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = TimeLeft { told: Instant::now(), time };
        self.bar.set_message(self.message());
    }

    /// Shows how far work has come whose size is seen on the way.
    pub fn reach(&self, done: u64, of: u64, what: &str) {
        self.bar.set_length(of);
        self.bar.set_position(done);
        self.bar.set_message((self.visible)(what));
    }

    /// Shows why the work waits, for so long: items that end meanwhile do not end the wait of the others.
    pub fn waiting(&self, reason: &str, duration: Duration) {
        let until = Instant::now().checked_add(duration);
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = until.map(|until| ((self.visible)(reason), until));
        self.bar.set_message(self.message());
    }

    fn message(&self) -> String {
        let wait = self.wait.lock().unwrap_or_else(PoisonError::into_inner);
        match &*wait {
            Some((reason, until)) if Instant::now() < *until => {
                format!("{} · {reason}", self.counts())
            }
            _ => self.counts(),
        }
    }

    fn counter(&self, tally: ItemTally) -> &AtomicU64 {
        match tally {
            ItemTally::Done => &self.done,
            ItemTally::Unchanged => &self.unchanged,
            ItemTally::Failed => &self.failed,
        }
    }

    fn counts(&self) -> String {
        let count = |tally| self.counter(tally).load(Ordering::Relaxed);
        let (done, unchanged) = (count(ItemTally::Done), count(ItemTally::Unchanged));
        format!("{done} done, {unchanged} unchanged, {} failed", count(ItemTally::Failed))
    }
}

impl Drop for BulkProgressBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}

fn style(left: Arc<Mutex<TimeLeft>>) -> ProgressStyle {
    let style = ProgressStyle::with_template(TEMPLATE);
    let left = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
        let left = *left.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing to be done when a bar cannot be drawn.
        let _ = write!(out, "{}", time_left(left.now()));
    };
    style.unwrap_or_else(|_| ProgressStyle::default_bar()).with_key("left", left).with_key(
        "speed",
        |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&speed(state.per_sec()));
        },
    )
}

/// Under an org's limits less than one item a second is usual.
fn speed(per_second: f64) -> String {
    if per_second < 1.0 { format!("{:.0}/min", per_second * 60.0) } else { format!("{per_second:.0}/s") }
}

/// The speed so far, over all items, tells nothing of a window that is used up, and the limits tell nothing of an org that is slow: the
/// longer time counts.
fn longer_estimate(elapsed: Duration, ended: u64, all: u64, least: Duration) -> Duration {
    let rest = all.saturating_sub(ended);
    let (rest, ended) = (u32::try_from(rest), u32::try_from(ended.max(1)));
    let observed = match (rest, ended) {
        (Ok(rest), Ok(ended)) => elapsed.saturating_mul(rest) / ended,
        _ => Duration::ZERO,
    };
    observed.max(least)
}

fn time_left(left: Duration) -> String {
    if left < Duration::from_secs(1) {
        return String::new();
    }
    format!("  {} left", HumanDuration(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden_bars() -> MultiProgress {
        MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden())
    }

    #[test]
    fn items_are_counted_by_how_they_ended() {
        let progress = BulkProgressBar::begin(&hidden_bars(), "Move", 3, str::to_owned);
        progress.count(ItemTally::Done, Duration::ZERO);
        progress.count(ItemTally::Done, Duration::ZERO);
        progress.waiting("rate limit", Duration::from_secs(3600));
        progress.count(ItemTally::Failed, Duration::ZERO);
        // Another lane goes on; the wait is not over.
        assert_eq!(progress.bar.message(), "2 done, 0 unchanged, 1 failed · rate limit");
        progress.waiting("rate limit", Duration::ZERO);
        assert_eq!(progress.bar.message(), "2 done, 0 unchanged, 1 failed");
        assert_eq!(progress.bar.position(), 3);
    }

    #[test]
    fn work_may_grow_on_the_way() {
        let progress = BulkProgressBar::begin(&hidden_bars(), "Read", 1, str::to_owned);
        progress.reach(3, 7, "groups");
        assert_eq!(progress.bar.length(), Some(7));
        assert_eq!(progress.bar.position(), 3);
        assert_eq!(progress.bar.message(), "groups");
    }

    #[test]
    fn what_is_slow_is_told_by_the_minute() {
        assert_eq!(speed(0.64), "38/min");
        assert_eq!(speed(57.968), "58/s");
    }

    #[test]
    fn the_longer_time_counts() {
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        assert_eq!(longer_estimate(second, 1, 2, hour), hour);
        assert_eq!(longer_estimate(hour, 1, 2, second), hour);
        assert_eq!(longer_estimate(hour, 2, 2, Duration::ZERO), Duration::ZERO);
        assert_eq!(time_left(hour), "  60 minutes left");
        assert_eq!(time_left(Duration::ZERO), "");
    }

    #[test]
    fn time_passes_while_no_item_ends() {
        let told = Instant::now().checked_sub(Duration::from_secs(60));
        let Some(told) = told else { return };
        let time = Duration::from_secs(100);
        let left = TimeLeft { told, time }.now();
        assert!(left <= Duration::from_secs(40), "{left:?}");
    }

    #[test]
    fn the_template_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
