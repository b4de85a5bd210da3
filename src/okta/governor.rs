//! Keeps the calls of a client within the org's limits: who asks is let through, or told to wait.
//!
//! Okta counts calls in windows of fixed length, a bucket for each class of paths, and tells the state of a bucket with every answer. A
//! share of each bucket is left to others. What is known here is learned from answers; the first call of a bucket goes alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::limits::{Observer, RateLimit, Wait, WaitReason};

/// Milliseconds since 1970 by the server's clock.
type ServerTime = i64;

/// The gate of one client, shared by all its calls.
#[derive(Debug)]
pub(super) struct Governor {
    /// Share of each bucket that is left to others, from 0 to 1.
    reserve: f64,
    state: Mutex<State>,
    /// A call ended: who waits for an answer may ask again.
    ended: Notify,
}

#[derive(Debug)]
struct State {
    buckets: HashMap<&'static str, Bucket>,
    clock: Clock,
    flight: Flight,
}

/// What is known of a bucket.
#[derive(Clone, Debug, Default)]
struct Bucket {
    /// Calls in a window; `None` until an answer told.
    limit: Option<u64>,
    /// An answer came without the headers: there is nothing to heed.
    unlimited: bool,
    /// End of the window.
    reset: ServerTime,
    /// Our calls in this window, those on the wire included.
    ours: u64,
    /// Our calls in all windows.
    total: u64,
    on_wire: u64,
    /// Least number of calls of others in this window.
    others: u64,
    /// After a 429: nothing goes before.
    blocked: ServerTime,
    last: ServerTime,
    /// The window whose wait was told: one of all waiting calls tells it.
    told: ServerTime,
}

/// The server's clock against ours. `Date` counts whole seconds: the largest difference seen is the best lower bound, so that no call is
/// sent in the belief that a new window began when it did not.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    ahead: Option<i64>,
}

/// Calls on the wire, over all buckets.
#[derive(Debug)]
struct Flight {
    now: usize,
    most: usize,
    /// Answers since the last change of `most`.
    good: usize,
}

/// Calls on the wire before the org says that these are too many.
const MOST_IN_FLIGHT: usize = 64;
/// Length of Okta's windows in milliseconds.
const WINDOW: i64 = 60_000;

/// What a call is to do.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Go,
    /// For so long; `tell`: nobody told this wait yet.
    Wait {
        pause: Duration,
        tell: bool,
    },
    /// Until a call on the wire is answered.
    WaitForAnswer,
}

/// Leave to send one call. Its place is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    governor: Arc<Governor>,
    bucket: &'static str,
}

/// A bucket as it is known, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Pattern of its paths.
    pub bucket: &'static str,
    /// Calls in a window of a minute.
    pub limit: u64,
    /// Calls in a window that we may make ourselves.
    pub share: u64,
    pub ours: u64,
    pub others: u64,
    /// Calls that we made since the client was made.
    pub total: u64,
}

impl Governor {
    pub(super) fn new(reserve: f64) -> Arc<Self> {
        Arc::new(Self {
            reserve: reserve.clamp(0.0, 0.95),
            state: Mutex::new(State {
                buckets: HashMap::new(),
                clock: Clock::default(),
                flight: Flight {
                    now: 0,
                    most: MOST_IN_FLIGHT,
                    good: 0,
                },
            }),
            ended: Notify::new(),
        })
    }

    /// The lock is held for arithmetic only.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a call of `bucket` may be sent. A wait is told to the observer before it begins.
    pub(super) async fn admit(
        self: &Arc<Self>,
        bucket: &'static str,
        path: &str,
        observer: &dyn Observer,
    ) -> Permit {
        loop {
            let ended = self.ended.notified();
            let verdict = self.state().ask(bucket, self.reserve, local_now());
            match verdict {
                Verdict::Go => {
                    return Permit {
                        governor: Arc::clone(self),
                        bucket,
                    };
                }
                Verdict::Wait { pause, tell } => {
                    observer.waiting(&Wait {
                        reason: WaitReason::RateLimit,
                        path: path.to_owned(),
                        duration: pause,
                        attempt: 0,
                        rate: None,
                        is_told: !tell,
                    });
                    tokio::time::sleep(pause).await;
                }
                Verdict::WaitForAnswer => ended.await,
            }
        }
    }

    /// Takes in what an answer says.
    pub(super) fn learn(
        &self,
        bucket: &'static str,
        rate: Option<RateLimit>,
        date: Option<Timestamp>,
    ) {
        let mut state = self.state();
        if let Some(date) = date {
            state.clock.learn(date, local_now());
        }
        state.flight.succeeded();
        let now = state.clock.server(local_now());
        state.buckets.entry(bucket).or_default().learn(rate, now);
    }

    /// A 429 of the bucket: nothing more of it goes before `pause` is over. Only the first of many tells.
    pub(super) fn refused(&self, bucket: &'static str, pause: Duration) -> bool {
        let mut state = self.state();
        let until = state.clock.server(local_now()) + millis(pause);
        let bucket = state.buckets.entry(bucket).or_default();
        let first = bucket.blocked + 1000 < until;
        bucket.blocked = bucket.blocked.max(until);
        first
    }

    /// A 429 because of too many simultaneous calls: fewer go from now on.
    pub(super) fn crowded(&self) {
        self.state().flight.shrink();
    }

    /// How long `calls` calls of a bucket take under its limit, and how many of them a window takes; `None` where the limit is not known.
    pub(super) fn estimate(&self, bucket: &str, calls: u64) -> Option<(u64, Duration)> {
        let state = self.state();
        let known = state.buckets.get(bucket)?;
        let share = share(known.limit?, self.reserve);
        let left = share.saturating_sub(known.ours + known.others);
        let windows = calls.saturating_sub(left).div_ceil(share);
        let seconds = windows.saturating_mul(u64::try_from(WINDOW / 1000).unwrap_or(60));
        Some((share, Duration::from_secs(seconds)))
    }

    /// Milliseconds by which the server's clock is ahead of ours, at least; 0 before the first answer.
    pub(super) fn ahead(&self) -> i64 {
        self.state().clock.ahead.unwrap_or(0)
    }

    /// The same; `None` before the first answer.
    pub(super) fn known_ahead(&self) -> Option<i64> {
        self.state().clock.ahead
    }

    pub(super) fn rates(&self) -> Vec<Rate> {
        let state = self.state();
        let mut rates: Vec<Rate> = state
            .buckets
            .iter()
            .filter_map(|(name, bucket)| {
                let limit = bucket.limit?;
                Some(Rate {
                    bucket: name,
                    limit,
                    share: share(limit, self.reserve),
                    ours: bucket.ours,
                    others: bucket.others,
                    total: bucket.total,
                })
            })
            .collect();
        rates.sort_by_key(|rate| rate.bucket);
        rates
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.governor.state();
        state.flight.now = state.flight.now.saturating_sub(1);
        if let Some(bucket) = state.buckets.get_mut(self.bucket) {
            bucket.on_wire = bucket.on_wire.saturating_sub(1);
        }
        drop(state);
        self.governor.ended.notify_waiters();
    }
}

impl State {
    fn ask(&mut self, name: &'static str, reserve: f64, local: i64) -> Verdict {
        if self.flight.now >= self.flight.most {
            return Verdict::WaitForAnswer;
        }
        let now = self.clock.server(local);
        let bucket = self.buckets.entry(name).or_default();
        let verdict = bucket.ask(reserve, now);
        if verdict == Verdict::Go {
            bucket.sent(now);
            self.flight.now += 1;
        }
        verdict
    }
}

impl Bucket {
    fn ask(&mut self, reserve: f64, now: ServerTime) -> Verdict {
        if now < self.blocked {
            return self.wait_until(self.blocked, now);
        }
        let Some(limit) = self.limit else {
            let alone = self.unlimited || self.on_wire == 0;
            return if alone {
                Verdict::Go
            } else {
                Verdict::WaitForAnswer
            };
        };
        if now >= self.reset {
            self.begin_window(now);
        }
        let share = share(limit, reserve);
        let used = self.ours + self.others;
        if used >= share {
            // A second more: the window ends by the server's clock, of which we know whole seconds.
            return self.wait_until(self.reset + 250, now);
        }
        let paced = self.last + self.pace(share - used, now);
        if self.ours * 4 >= share * 3 && now < paced {
            return self.wait_until(paced, now);
        }
        Verdict::Go
    }

    /// Time between calls that spreads those left over what is left of the window. A run that needs less than three quarters of its
    /// share is not slowed down.
    fn pace(&self, left: u64, now: ServerTime) -> i64 {
        // One part more than calls: the last one stays within the window.
        (self.reset - now).max(0) / i64::try_from(left + 1).unwrap_or(i64::MAX)
    }

    fn wait_until(&mut self, until: ServerTime, now: ServerTime) -> Verdict {
        let pause = Duration::from_millis(u64::try_from(until - now).unwrap_or(0).max(1));
        let tell = self.told != self.reset.max(self.blocked);
        self.told = self.reset.max(self.blocked);
        Verdict::Wait { pause, tell }
    }

    /// The next window begins; its end is a guess until an answer tells it. Calls on the wire may be counted in it.
    fn begin_window(&mut self, now: ServerTime) {
        self.reset = now + WINDOW;
        self.ours = self.on_wire;
        self.others = 0;
    }

    fn sent(&mut self, now: ServerTime) {
        self.ours += 1;
        self.total += 1;
        self.on_wire += 1;
        self.last = now;
    }

    fn learn(&mut self, rate: Option<RateLimit>, now: ServerTime) {
        let Some(rate) = rate.filter(|rate| rate.limit > 0) else {
            self.unlimited = self.limit.is_none();
            return;
        };
        let reset = rate.reset.saturating_mul(1000);
        let known = self.limit.is_some();
        if known
            && reset + 1000 < self.reset
            && now < self.reset
            && self.reset - now <= WINDOW
            && reset <= now
        {
            return; // a late answer of a window that is over
        }
        // The server began another window before we knew.
        if known && reset >= self.reset + 2000 {
            self.begin_window(now);
        }
        self.limit = Some(rate.limit);
        self.reset = reset;
        self.ours = self.ours.max(1);
        let counted = rate.limit.saturating_sub(rate.remaining);
        self.others = self.others.max(counted.saturating_sub(self.ours));
    }
}

/// Calls of a window that are ours to make.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limits are small and not negative"
)]
fn share(limit: u64, reserve: f64) -> u64 {
    ((limit as f64 * (1.0 - reserve)).floor() as u64).max(1)
}

impl Clock {
    fn server(self, local: i64) -> ServerTime {
        local + self.ahead.unwrap_or(0)
    }

    fn learn(&mut self, date: Timestamp, local: i64) {
        let ahead = date.as_millisecond() - local;
        self.ahead = Some(self.ahead.map_or(ahead, |known| known.max(ahead)));
    }
}

impl Flight {
    fn shrink(&mut self) {
        self.most = (self.most.min(self.now.max(1)) * 3 / 4).max(1);
        self.good = 0;
    }

    /// Recovers slowly: by one after twice as many good answers as go at a time.
    fn succeeded(&mut self) {
        self.good += 1;
        if self.most < MOST_IN_FLIGHT && self.good >= self.most * 2 {
            self.most += 1;
            self.good = 0;
        }
    }
}

fn local_now() -> i64 {
    Timestamp::now().as_millisecond()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "/api/v1/apps*";

    fn state() -> State {
        State {
            buckets: HashMap::new(),
            clock: Clock::default(),
            flight: Flight {
                now: 0,
                most: MOST_IN_FLIGHT,
                good: 0,
            },
        }
    }

    fn rate(remaining: u64, reset: i64) -> RateLimit {
        RateLimit {
            limit: 50,
            remaining,
            reset,
        }
    }

    /// Sends one call that is answered at once.
    fn call(state: &mut State, now: i64, remaining: u64, reset: i64) -> Verdict {
        let verdict = state.ask(NAME, 0.2, now);
        if verdict == Verdict::Go {
            let bucket = state.buckets.get_mut(NAME).expect("a bucket");
            bucket.learn(Some(rate(remaining, reset)), now);
            bucket.on_wire -= 1;
            state.flight.now -= 1;
        }
        verdict
    }

    #[test]
    fn the_first_call_of_a_bucket_goes_alone() {
        let mut state = state();
        assert_eq!(state.ask(NAME, 0.2, 0), Verdict::Go);
        assert_eq!(state.ask(NAME, 0.2, 1), Verdict::WaitForAnswer);
        assert_eq!(state.ask("/api/v1/logs", 0.2, 1), Verdict::Go);
    }

    #[test]
    fn a_share_is_left_to_others_and_the_next_window_is_used_again() {
        let mut state = state();
        let sent = (0..50)
            .filter(|sent| call(&mut state, 59_999, 49 - sent, 60) == Verdict::Go)
            .count();
        assert_eq!(sent, 40);
        assert!(matches!(
            call(&mut state, 59_999, 0, 60),
            Verdict::Wait { .. }
        ));
        assert_eq!(call(&mut state, 60_300, 49, 120), Verdict::Go);
    }

    #[test]
    fn many_calls_take_as_many_windows_as_their_share_allows() {
        let governor = Governor::new(0.2);
        let ended = call(&mut governor.state(), 0, 49, 60);
        assert_eq!(ended, Verdict::Go);
        // 39 are left in this window, then 40 a minute.
        assert_eq!(governor.estimate(NAME, 39), Some((40, Duration::ZERO)));
        assert_eq!(
            governor.estimate(NAME, 3012),
            Some((40, Duration::from_secs(75 * 60)))
        );
        assert_eq!(governor.estimate("/api/v1/logs", 1), None);
    }

    #[test]
    fn what_others_use_is_not_ours() {
        let mut state = state();
        // Thirty were used before our first call.
        let sent = (0..50)
            .filter(|sent| {
                call(&mut state, 59_990, 19_u64.saturating_sub(*sent), 60) == Verdict::Go
            })
            .count();
        assert_eq!(sent, 10);
    }

    #[test]
    fn most_of_the_share_goes_at_once_and_the_rest_is_spread() {
        let mut state = state();
        let mut now = 0;
        let mut at = Vec::new();
        while at.len() < 40 {
            match call(&mut state, now, 49 - at.len() as u64, 60) {
                Verdict::Go => at.push(now),
                Verdict::Wait { pause, .. } => now += millis(pause),
                Verdict::WaitForAnswer => panic!("nothing is on the wire"),
            }
        }
        assert_eq!(at[29], 0);
        assert!(
            at[30] >= 5_000 && at[39] > 50_000 && at[39] < 60_000,
            "{at:?}"
        );
    }

    #[test]
    fn a_refusal_holds_back_all_and_is_told_once() {
        let mut state = state();
        call(&mut state, 0, 49, 60);
        state.buckets.get_mut(NAME).expect("a bucket").blocked = 30_000;
        let told = |state: &mut State| {
            matches!(state.ask(NAME, 0.2, 1000), Verdict::Wait { tell: true, .. })
        };
        assert!(told(&mut state));
        assert!(!told(&mut state));
        assert_eq!(call(&mut state, 30_000, 40, 60), Verdict::Go);
    }

    #[test]
    fn fewer_calls_go_after_crowding_and_slowly_more() {
        let mut flight = Flight {
            now: 40,
            most: MOST_IN_FLIGHT,
            good: 0,
        };
        flight.shrink();
        assert_eq!(flight.most, 30);
        (0..60).for_each(|_| flight.succeeded());
        assert_eq!(flight.most, 31);
        flight.now = 1;
        flight.shrink();
        assert_eq!(flight.most, 1);
    }

    #[test]
    fn the_servers_clock_is_never_believed_to_be_later_than_it_is() {
        let mut clock = Clock::default();
        // The server is 10.7 s ahead; its Date shows whole seconds.
        for local in [0, 100, 250, 400] {
            let date = Timestamp::from_second((local + 10_700) / 1000).expect("a time");
            clock.learn(date, local);
        }
        let believed = clock.server(1_000);
        assert!((10_700..=11_700).contains(&believed), "{believed}");
    }
}
