//! Rate limits: fixed windows per bucket, shared by the org, of which a token gets a share.

use std::collections::HashMap;

use super::buckets::RateBucket;
use super::http::ApiRefusal;
use super::options;
use super::store::EpochMillis;

/// What has been used of each bucket.
#[derive(Default)]
pub(super) struct BucketUsage {
    windows: HashMap<(&'static str, &'static [&'static str]), UsageWindow>,
}

struct UsageWindow {
    end: EpochMillis,
    used: u64,
    by_token: HashMap<String, u64>,
}

/// The three `X-Rate-Limit-…` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LimitHeaders {
    pub(super) limit: u64,
    pub(super) remaining: u64,
    /// Seconds since the epoch.
    pub(super) reset: i64,
}

/// Whether a call counts, or only asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CallCounting {
    Call,
    Nothing,
}

/// Counts a call of `token` in `bucket`. The second value is false when it must be refused.
pub(super) fn count_call(
    usage: &mut BucketUsage,
    limits: &options::LimitOptions,
    bucket: &RateBucket,
    token: &str,
    now: EpochMillis,
    count: CallCounting,
) -> (LimitHeaders, bool) {
    if !limits.enabled {
        return (unlimited_headers(now), true);
    }
    let ceilings = LimitCeilings::of(limits, bucket);
    let length = EpochMillis::try_from(limits.window_seconds.max(1)).unwrap_or(60) * 1000;
    let window = usage.windows.entry(bucket.key()).or_insert(UsageWindow::new(now + length));
    if window.end <= now {
        *window = UsageWindow::new(now + length);
    }
    window.count_call(ceilings, token, count)
}

/// The body of a 429.
pub(super) fn exceeded_refusal() -> ApiRefusal {
    ApiRefusal::new(429, "E0000047", "API call exceeded rate limit due to too many requests.")
}

/// Headers of a concurrency 429: limit and remaining are 0, the reset is only an estimate.
pub(super) fn concurrency(now: EpochMillis) -> LimitHeaders {
    LimitHeaders { limit: 0, remaining: 0, reset: seconds_up(now + 1000) }
}

/// Headers of a bucket in which nothing is left until the next second.
pub(super) fn used_up(now: EpochMillis) -> LimitHeaders {
    LimitHeaders { limit: 100, remaining: 0, reset: seconds_up(now + 1) }
}

fn unlimited_headers(now: EpochMillis) -> LimitHeaders {
    LimitHeaders { limit: 1_000_000, remaining: 999_999, reset: seconds_up(now + 60_000) }
}

#[derive(Clone, Copy)]
struct LimitCeilings {
    org: u64,
    token: u64,
}

impl LimitCeilings {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "figures are small and not negative"
    )]
    fn of(limits: &options::LimitOptions, bucket: &RateBucket) -> Self {
        let org = ((bucket.per_minute as f64 * limits.scale.max(0.0)) as u64).max(1);
        let token = (org * limits.token_share_percent.min(100) / 100).max(1);
        Self { org, token }
    }
}

impl UsageWindow {
    fn new(end: EpochMillis) -> Self {
        Self { end, used: 0, by_token: HashMap::new() }
    }

    fn count_call(&mut self, ceilings: LimitCeilings, token: &str, count: CallCounting) -> (LimitHeaders, bool) {
        let of_token = self.by_token.get(token).copied().unwrap_or_default();
        let left = ceilings.org.saturating_sub(self.used).min(ceilings.token.saturating_sub(of_token));
        let counted = u64::from(count == CallCounting::Call && left > 0);
        self.used += counted;
        if counted > 0 {
            if let Some(used) = self.by_token.get_mut(token) {
                *used += 1;
            } else {
                self.by_token.insert(token.to_owned(), 1);
            }
        }
        let figures = LimitHeaders { limit: ceilings.token, remaining: left - counted, reset: seconds_up(self.end) };
        (figures, left > 0 || count == CallCounting::Nothing)
    }
}

fn seconds_up(at: EpochMillis) -> i64 {
    (at + 999).div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::buckets;

    fn call(
        usage: &mut BucketUsage,
        limits: &options::LimitOptions,
        token: &str,
        now: EpochMillis,
    ) -> (u64, u64, bool) {
        let bucket = buckets::bucket_of("GET", "/api/v1/agentPools");
        let (figures, allowed) = count_call(usage, limits, bucket, token, now, CallCounting::Call);
        (figures.limit, figures.remaining, allowed)
    }

    #[test]
    fn a_token_has_its_share_and_the_org_its_ceiling() {
        let (mut usage, limits) = (BucketUsage::default(), options::LimitOptions::default());
        for left in (0..10).rev() {
            assert_eq!(call(&mut usage, &limits, "a", 0), (10, left, true));
        }
        assert_eq!(call(&mut usage, &limits, "a", 0), (10, 0, false));
        for _ in 0..10 {
            assert!(call(&mut usage, &limits, "b", 0).2);
        }
        assert_eq!(call(&mut usage, &limits, "c", 59_999), (10, 0, false));
        assert_eq!(call(&mut usage, &limits, "c", 60_000), (10, 9, true));
    }

    #[test]
    fn limits_are_scaled_or_off() {
        let mut usage = BucketUsage::default();
        let scaled = options::LimitOptions { scale: 0.1, ..options::LimitOptions::default() };
        assert_eq!(call(&mut usage, &scaled, "a", 0), (1, 0, true));
        assert_eq!(call(&mut usage, &scaled, "a", 0), (1, 0, false));
        let off = options::LimitOptions { enabled: false, ..options::LimitOptions::default() };
        assert!(call(&mut usage, &off, "a", 0).2);
    }
}
