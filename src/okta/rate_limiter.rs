//! Keeps the calls of a client within the org's limits: who asks is let through, or told to wait.
//!
//! Okta counts calls in windows of fixed length, a bucket for each class of paths, and tells the state of a bucket with every answer. A
//! share of each bucket is left to others. What is known here is learned from answers; the first call of a bucket goes alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::clock::{ServerClock, ServerTime, local_now};
use super::concurrency::ConcurrencyWindow;
use super::limits::{LONGEST, LimitWait, NEWS, RateLimit, WaitObserver, WaitReason};

/// The gate of one client, shared by all its calls.
#[derive(Debug)]
pub(super) struct RateLimiter {
    /// Share of each bucket that is left to others, from 0 to 1.
    reserve: f64,
    state: Mutex<LimiterState>,
    /// A call ended: who waits for an answer may ask again.
    ended: Notify,
}

#[derive(Debug, Default)]
struct LimiterState {
    buckets: HashMap<&'static str, LimitBucket>,
    clock: ServerClock,
    flight: ConcurrencyWindow,
}

/// What is known of a bucket.
#[derive(Clone, Debug, Default)]
struct LimitBucket {
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
    /// The end of the last wait that was told: one of all calls that wait for it tells it.
    told: ServerTime,
}

/// Length of Okta's windows in milliseconds.
const WINDOW: i64 = 60_000;

/// Waits that end within so many milliseconds are one.
const SAME: i64 = 1_000;

/// What a call is to do.
#[derive(Debug, PartialEq, Eq)]
enum CallAdmission {
    /// It is the call of this number.
    Go(u64),
    /// For so long; `tell`: it is long, and nobody told it yet.
    Wait { pause: Duration, tell: bool },
    /// Until a call on the wire is answered.
    WaitForAnswer,
}

/// Leave to send one call. Its place is free again when this is dropped.
#[derive(Debug)]
pub(super) struct CallPermit {
    governor: Arc<RateLimiter>,
    bucket: &'static str,
    pub(super) sending: CallSending,
}

/// One sending of a call: its number, and when it was by our clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallSending {
    number: u64,
    at: i64,
}

impl CallSending {
    /// One that no limit holds back.
    pub(super) fn unheeded() -> Self {
        Self { number: 0, at: local_now() }
    }
}

/// A bucket as it is known, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRate {
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

impl RateLimiter {
    pub(super) fn new(reserve: f64) -> Arc<Self> {
        Arc::new(Self { reserve: reserve.clamp(0.0, 0.95), state: Mutex::default(), ended: Notify::new() })
    }

    /// The lock is held for arithmetic only.
    fn state(&self) -> MutexGuard<'_, LimiterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a call of `bucket` may be sent. A wait is told to the observer before it begins.
    pub(super) async fn admit(
        self: &Arc<Self>,
        bucket: &'static str,
        path: &str,
        observer: &dyn WaitObserver,
    ) -> CallPermit {
        loop {
            let ended = self.ended.notified();
            let at = local_now();
            let verdict = self.state().ask(bucket, self.reserve, at);
            match verdict {
                CallAdmission::Go(number) => {
                    return CallPermit { governor: Arc::clone(self), bucket, sending: CallSending { number, at } };
                }
                CallAdmission::Wait { pause, tell } => {
                    observer.waiting(&LimitWait {
                        reason: WaitReason::RateLimit,
                        path: path.to_owned(),
                        duration: pause,
                        attempt: 0,
                        rate: None,
                        is_told: !tell,
                    });
                    tokio::time::sleep(pause).await;
                }
                CallAdmission::WaitForAnswer => ended.await,
            }
        }
    }

    /// Takes in what an answer says.
    pub(super) fn learn(
        &self,
        bucket: &'static str,
        rate: Option<RateLimit>,
        date: Option<Timestamp>,
        sending: CallSending,
    ) {
        let mut state = self.state();
        if let Some(date) = date {
            state.clock.learn(date, sending.at, local_now());
        }
        state.flight.succeeded();
        let now = state.clock.server(local_now());
        state.buckets.entry(bucket).or_default().learn(rate, now);
    }

    /// A 429 of the bucket: nothing more of it goes before `pause` is over. Only the first of many tells.
    pub(super) fn refused(&self, bucket: &'static str, pause: Duration) -> bool {
        let mut state = self.state();
        let until = state.clock.server(local_now()).saturating_add(millis(pause));
        let bucket = state.buckets.entry(bucket).or_default();
        let first = bucket.blocked.saturating_add(1000) < until;
        bucket.blocked = bucket.blocked.max(until);
        first
    }

    /// A 429 because of too many simultaneous calls: fewer go from now on.
    pub(super) fn crowded(&self, sending: CallSending) {
        self.state().flight.shrink(sending.number);
    }

    /// How long `calls` calls of a bucket take under its limit, and how many of them a window takes; `None` where the limit is not known.
    pub(super) fn estimate(&self, bucket: &str, calls: u64) -> Option<(u64, Duration)> {
        let state = self.state();
        let known = state.buckets.get(bucket)?;
        let share = share(known.limit?, self.reserve);
        let left = share.saturating_sub(known.ours.saturating_add(known.others));
        let windows = calls.saturating_sub(left).div_ceil(share);
        let seconds = windows.saturating_mul(u64::try_from(WINDOW / 1000).unwrap_or(60));
        Some((share, Duration::from_secs(seconds)))
    }

    /// The server's time, at least, in milliseconds since 1970; ours before the first answer.
    pub(super) fn now(&self) -> ServerTime {
        let clock = self.state().clock;
        match clock.ahead() {
            Some(_) => clock.server(local_now()),
            None => Timestamp::now().as_millisecond(),
        }
    }

    /// Milliseconds by which the server's clock is ahead of this machine's as it is set now; `None` before the first answer.
    pub(super) fn known_ahead(&self) -> Option<i64> {
        let clock = self.state().clock;
        clock.ahead()?;
        Some(clock.server(local_now()) - Timestamp::now().as_millisecond())
    }

    pub(super) fn rates(&self) -> Vec<BucketRate> {
        let state = self.state();
        let mut rates: Vec<BucketRate> = state
            .buckets
            .iter()
            .filter_map(|(name, bucket)| {
                let limit = bucket.limit?;
                Some(BucketRate {
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

impl Drop for CallPermit {
    fn drop(&mut self) {
        let mut state = self.governor.state();
        state.flight.end();
        if let Some(bucket) = state.buckets.get_mut(self.bucket) {
            bucket.on_wire = bucket.on_wire.saturating_sub(1);
        }
        drop(state);
        self.governor.ended.notify_waiters();
    }
}

impl LimiterState {
    fn ask(&mut self, name: &'static str, reserve: f64, local: i64) -> CallAdmission {
        if self.flight.is_full() {
            return CallAdmission::WaitForAnswer;
        }
        let now = self.clock.server(local);
        let bucket = self.buckets.entry(name).or_default();
        if let Some(verdict) = bucket.ask(reserve, now) {
            return verdict;
        }
        bucket.sent(now);
        CallAdmission::Go(self.flight.begin())
    }
}

impl LimitBucket {
    /// Why a call may not go now.
    fn ask(&mut self, reserve: f64, now: ServerTime) -> Option<CallAdmission> {
        if now < self.blocked {
            return Some(self.wait_until(self.blocked, now));
        }
        let Some(limit) = self.limit else {
            let alone = self.unlimited || self.on_wire == 0;
            return (!alone).then_some(CallAdmission::WaitForAnswer);
        };
        if now >= self.reset {
            self.begin_window(now);
        }
        let share = share(limit, reserve);
        let used = self.ours.saturating_add(self.others);
        if used >= share {
            // A second more: the window ends by the server's clock, of which we know whole seconds.
            return Some(self.wait_until(self.reset.saturating_add(250), now));
        }
        let paced = self.last.saturating_add(self.pace(share - used, now));
        if self.ours.saturating_mul(4) >= share.saturating_mul(3) && now < paced {
            return Some(self.wait_until(paced, now));
        }
        None
    }

    /// Time between calls that spreads those left over what is left of the window. A run that needs less than three quarters of its
    /// share is not slowed down.
    fn pace(&self, left: u64, now: ServerTime) -> i64 {
        // One part more than calls: the last one stays within the window.
        let parts = i64::try_from(left.saturating_add(1)).unwrap_or(i64::MAX);
        self.reset.saturating_sub(now).max(0) / parts
    }

    /// No wait is longer than a window can be: a clock that was set back while the call waited ends it as well.
    fn wait_until(&mut self, until: ServerTime, now: ServerTime) -> CallAdmission {
        let left = u64::try_from(until.saturating_sub(now)).unwrap_or(0);
        let pause = Duration::from_millis(left.max(1)).min(LONGEST);
        let tell = pause >= NEWS && until > self.told.saturating_add(SAME);
        if tell {
            self.told = until;
        }
        CallAdmission::Wait { pause, tell }
    }

    /// The next window begins; its end is a guess until an answer tells it. Calls on the wire may be counted in it.
    fn begin_window(&mut self, now: ServerTime) {
        self.reset = now.saturating_add(WINDOW);
        self.ours = self.on_wire;
        self.others = 0;
    }

    fn sent(&mut self, now: ServerTime) {
        self.ours = self.ours.saturating_add(1);
        self.total = self.total.saturating_add(1);
        self.on_wire = self.on_wire.saturating_add(1);
        self.last = now;
    }

    fn learn(&mut self, rate: Option<RateLimit>, now: ServerTime) {
        let Some(rate) = rate.filter(|rate| rate.limit > 0) else {
            self.unlimited = self.limit.is_none();
            return;
        };
        let known = self.limit.is_some();
        let reset = self.believed(rate.reset.saturating_mul(1000), now);
        if known
            && reset.saturating_add(1000) < self.reset
            && now < self.reset
            && self.reset.saturating_sub(now) <= WINDOW
            && reset <= now
        {
            return; // a late answer of a window that is over
        }
        // The server began another window before we knew.
        if known && reset >= self.reset.saturating_add(2000) {
            self.begin_window(now);
        }
        self.limit = Some(rate.limit);
        self.reset = reset;
        self.ours = self.ours.max(1);
        let counted = rate.limit.saturating_sub(rate.remaining);
        self.others = self.others.max(counted.saturating_sub(self.ours));
    }
}

impl LimitBucket {
    /// The end of the window that an answer told. A window that ends later than any can is told by a wrong clock or in a wrong unit: it
    /// goes on as it was known, or lasts as long as Okta's do.
    fn believed(&self, reset: ServerTime, now: ServerTime) -> ServerTime {
        if reset.saturating_sub(now) <= millis(LONGEST) {
            return reset;
        }
        let goes_on = self.limit.is_some() && now < self.reset;
        if goes_on { self.reset } else { now.saturating_add(WINDOW) }
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

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "/api/v1/apps*";

    fn rate(remaining: u64, reset: i64) -> RateLimit {
        RateLimit { limit: 50, remaining, reset }
    }

    /// Sends one call that is answered at once.
    fn call(state: &mut LimiterState, now: i64, remaining: u64, reset: i64) -> CallAdmission {
        let verdict = state.ask(NAME, 0.2, now);
        if goes(&verdict) {
            let bucket = state.buckets.get_mut(NAME).expect("a bucket");
            bucket.learn(Some(rate(remaining, reset)), now);
            bucket.on_wire -= 1;
            state.flight.end();
        }
        verdict
    }

    fn goes(verdict: &CallAdmission) -> bool {
        matches!(verdict, CallAdmission::Go(_))
    }

    #[test]
    fn the_first_call_of_a_bucket_goes_alone() {
        let mut state = LimiterState::default();
        assert!(goes(&state.ask(NAME, 0.2, 0)));
        assert_eq!(state.ask(NAME, 0.2, 1), CallAdmission::WaitForAnswer);
        assert!(goes(&state.ask("/api/v1/logs", 0.2, 1)));
    }

    #[test]
    fn a_share_is_left_to_others_and_the_next_window_is_used_again() {
        let mut state = LimiterState::default();
        let sent = (0..50).filter(|sent| goes(&call(&mut state, 59_999, 49 - sent, 60))).count();
        assert_eq!(sent, 40);
        assert!(matches!(call(&mut state, 59_999, 0, 60), CallAdmission::Wait { .. }));
        assert!(goes(&call(&mut state, 60_300, 49, 120)));
    }

    #[test]
    fn many_calls_take_as_many_windows_as_their_share_allows() {
        let governor = RateLimiter::new(0.2);
        let ended = call(&mut governor.state(), 0, 49, 60);
        assert!(goes(&ended));
        // 39 are left in this window, then 40 a minute.
        assert_eq!(governor.estimate(NAME, 39), Some((40, Duration::ZERO)));
        assert_eq!(governor.estimate(NAME, 3012), Some((40, Duration::from_secs(75 * 60))));
        assert_eq!(governor.estimate("/api/v1/logs", 1), None);
    }

    #[test]
    fn what_others_use_is_not_ours() {
        let mut state = LimiterState::default();
        // Thirty were used before our first call.
        let sent = (0..50).filter(|sent| goes(&call(&mut state, 59_990, 19_u64.saturating_sub(*sent), 60))).count();
        assert_eq!(sent, 10);
    }

    #[test]
    fn most_of_the_share_goes_at_once_and_the_rest_is_spread() {
        let mut state = LimiterState::default();
        let mut now = 0;
        let mut at = Vec::new();
        while at.len() < 40 {
            match call(&mut state, now, 49 - at.len() as u64, 60) {
                CallAdmission::Go(_) => at.push(now),
                CallAdmission::Wait { pause, .. } => now += millis(pause),
                CallAdmission::WaitForAnswer => panic!("nothing is on the wire"),
            }
        }
        assert_eq!(at[29], 0);
        assert!(at[30] >= 5_000 && at[39] > 50_000 && at[39] < 60_000, "{at:?}");
    }

    #[test]
    fn a_refusal_holds_back_all_and_is_told_once() {
        let mut state = LimiterState::default();
        call(&mut state, 0, 49, 60);
        state.buckets.get_mut(NAME).expect("a bucket").blocked = 30_000;
        let told =
            |state: &mut LimiterState| matches!(state.ask(NAME, 0.2, 1000), CallAdmission::Wait { tell: true, .. });
        assert!(told(&mut state));
        assert!(!told(&mut state));
        assert!(goes(&call(&mut state, 30_000, 40, 60)));
    }

    /// Answers, each at once, of a bucket that says it is used up; how long the calls between them waited together.
    fn wait_total(limit: u64, reset: i64, answers: usize) -> i64 {
        let (mut bucket, mut now) = (LimitBucket::default(), 1_796_000_000_000);
        let began = now;
        for _ in 0..answers {
            while let Some(CallAdmission::Wait { pause, tell }) = bucket.ask(0.0, now) {
                assert!(pause <= LONGEST, "{pause:?}");
                assert!(tell || pause < NEWS, "a wait of {pause:?} is not told");
                now += millis(pause);
            }
            bucket.sent(now);
            let rate = RateLimit { limit, remaining: 0, reset };
            bucket.learn(Some(rate), now);
            bucket.on_wire -= 1;
        }
        now - began
    }

    #[test]
    fn no_reset_holds_a_call_longer_than_a_window_and_none_stalls() {
        let hour_ahead = 1_796_003_600;
        for reset in
            [i64::MIN, -1, 0, 1_795_996_400, 1_796_000_030, hour_ahead, 32_503_680_000, 1_796_000_060_000, i64::MAX]
        {
            for limit in [1, 10, u64::MAX] {
                let waited = wait_total(limit, reset, 4);
                assert!(waited <= 4 * 61_000, "{limit}, {reset}: {waited} ms");
            }
        }
        // What is used up stays used up until the window ends, whatever the answer says of its end.
        assert!(wait_total(10, hour_ahead, 2) >= 60_000);
    }

    #[test]
    fn a_window_that_is_longer_than_okta_s_is_believed_within_reason() {
        assert!((180_000..200_000).contains(&wait_total(10, 1_796_000_180, 2)));
    }

    #[test]
    fn every_long_wait_is_told_once_and_short_ones_are_not() {
        let mut bucket =
            LimitBucket { limit: Some(500), reset: 60_000, ours: 300, last: 400, ..LimitBucket::default() };
        let told = |bucket: &mut LimitBucket, now| {
            matches!(bucket.ask(0.2, now), Some(CallAdmission::Wait { tell: true, .. }))
        };
        // A call is paced: it goes soon.
        assert!(!told(&mut bucket, 500));
        // Then the share is used up until the window ends.
        bucket.ours = 400;
        assert!(told(&mut bucket, 50_000));
        assert!(!told(&mut bucket, 50_001));
        // And so it is in the next window.
        bucket.begin_window(61_000);
        bucket.ours = 400;
        assert!(told(&mut bucket, 61_500));
    }
}
