//! Rate limits: what an answer says of them, and how long to wait after a 429.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Shorter waits are the pace of the limits, not news.
pub const NEWS: Duration = Duration::from_secs(2);

/// The state of the bucket that a call was counted in, from its answer's headers `X-Rate-Limit-*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls allowed in a window of one minute.
    pub limit: u64,
    /// Calls left in this window.
    pub remaining: u64,
    /// When the window ends: UTC, seconds since 1970.
    pub reset: i64,
}

/// Who is told of a wait before it begins.
pub trait WaitObserver: Send + Sync {
    fn waiting(&self, wait: &LimitWait);
}

/// An observer who looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentObserver;

impl WaitObserver for SilentObserver {
    fn waiting(&self, _: &LimitWait) {}
}

/// A pause before a request is sent, because a limit is reached; `attempt` is 0 when it was not sent yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitWait {
    pub reason: WaitReason,
    /// Path of the call that was refused; Okta's buckets go by paths.
    pub path: String,
    pub duration: Duration,
    /// Which sending was refused; the first is 1.
    pub attempt: u32,
    /// The bucket as the refusal described it.
    pub rate: Option<RateLimit>,
    /// Another call tells of the same wait: this one need not be shown.
    pub is_told: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// The bucket is empty until its window ends.
    RateLimit,
    /// Too many calls of this org at the same time.
    Concurrency,
}

impl RateLimit {
    /// Reads the three headers; `None` unless all are there and numbers.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        Some(Self {
            limit: number::<u64>(headers, "x-rate-limit-limit")?.min(MOST_CALLS),
            remaining: number::<u64>(headers, "x-rate-limit-remaining")?.min(MOST_CALLS),
            reset: in_seconds(number(headers, "x-rate-limit-reset")?),
        })
    }

    /// Okta marks its limit of simultaneous calls by a limit of zero (rate-limit pages of its documentation).
    fn is_concurrency(&self) -> bool {
        self.limit == 0 && self.remaining == 0
    }
}

/// The server's own time of an answer.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

/// The pause after the 429 with these headers.
pub(super) fn pause(headers: &HeaderMap, path: &str, attempt: u32) -> LimitWait {
    let rate = RateLimit::read(headers);
    let (reason, duration) = match rate {
        Some(rate) if rate.is_concurrency() => (WaitReason::Concurrency, back_off(attempt)),
        Some(rate) => (WaitReason::RateLimit, until_reset(rate.reset, date(headers))),
        None => (WaitReason::RateLimit, retry_after(headers).unwrap_or_else(|| back_off(attempt))),
    };
    LimitWait { reason, path: path.to_owned(), duration, attempt, rate, is_told: false }
}

/// More calls than any org grants in a window. A number above it limits nothing, and calculations with this one cannot overflow.
const MOST_CALLS: u64 = 1_000_000_000;

/// The year 5138 in seconds since 1970, and March 1973 in milliseconds: a larger number is not in seconds.
const LATEST_SECOND: i64 = 100_000_000_000;

/// Okta tells a reset in seconds. A gateway that rewrites the header may tell it in milliseconds, or finer still.
fn in_seconds(reset: i64) -> i64 {
    std::iter::successors(Some(reset), |time| Some(time / 1000))
        .find(|time| (-LATEST_SECOND..LATEST_SECOND).contains(time))
        .unwrap_or(0)
}

/// Windows last a minute; a longer wait would come of a wrong clock.
pub(super) const LONGEST: Duration = Duration::from_secs(300);
const SHORTEST: Duration = Duration::from_secs(1);

/// Until one second after the window's end, by the server's clock where it tells its time.
fn until_reset(reset: i64, date: Option<Timestamp>) -> Duration {
    let now = date.unwrap_or_else(Timestamp::now).as_second();
    let seconds = u64::try_from(reset.saturating_sub(now).saturating_add(1)).unwrap_or(0);
    Duration::from_secs(seconds).clamp(SHORTEST, LONGEST)
}

/// Okta sends none; a gateway before it may.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).clamp(SHORTEST, LONGEST))
}

/// Half a second, doubled with each attempt up to eight, give or take half of it so that waiting calls spread.
pub(super) fn back_off(attempt: u32) -> Duration {
    let doubled = Duration::from_millis(500) * 2_u32.pow(attempt.saturating_sub(1).min(4));
    doubled.mul_f64(0.5 + fastrand::f64())
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        rows.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn limits(limit: &'static str, reset: &'static str) -> HeaderMap {
        headers(&[
            ("x-rate-limit-limit", limit),
            ("x-rate-limit-remaining", "0"),
            ("x-rate-limit-reset", reset),
            ("date", "Thu, 01 Jan 1970 00:16:40 GMT"),
        ])
    }

    #[test]
    fn waits_for_the_reset_by_the_servers_clock_and_a_second_more() {
        for (reset, seconds) in [("1048", 49), ("1000", 1), ("999", 1), ("5", 1), ("999999", 300)] {
            let wait = pause(&limits("10", reset), "/api/v1/users", 1);
            assert_eq!((wait.reason, wait.duration.as_secs()), (WaitReason::RateLimit, seconds), "{reset}");
        }
    }

    #[test]
    fn a_reset_is_in_seconds_however_fine_it_is_told() {
        for (reset, seconds) in [
            ("1048", 1048),
            ("1796000000", 1_796_000_000),
            ("1796000000123", 1_796_000_000),
            ("1796000000123456", 1_796_000_000),
            ("-5", -5),
            ("32503680000", 32_503_680_000),
            ("9223372036854775807", 9_223_372_036),
            ("-9223372036854775808", -9_223_372_036),
        ] {
            let read = RateLimit::read(&limits("10", reset)).expect("three numbers");
            assert_eq!(read.reset, seconds, "{reset}");
        }
        assert_eq!(RateLimit::read(&limits("10", "18446744073709551615")), None);
        let read = RateLimit::read(&limits("18446744073709551615", "1048"));
        assert_eq!(read.expect("three numbers").limit, MOST_CALLS);
    }

    #[test]
    fn takes_our_clock_when_the_server_tells_no_time() {
        let reset = (Timestamp::now().as_second() + 20).to_string();
        let mut headers = limits("10", "0");
        headers.remove("date");
        headers.insert("x-rate-limit-reset", HeaderValue::try_from(reset).expect("a header"));
        assert!((19..=21).contains(&pause(&headers, "/", 1).duration.as_secs()));
    }

    #[test]
    fn a_concurrency_limit_backs_off_shortly() {
        for attempt in 1..40 {
            let wait = pause(&limits("0", "2000"), "/", attempt);
            assert_eq!(wait.reason, WaitReason::Concurrency);
            assert!((250..=12_000).contains(&wait.duration.as_millis()), "{wait:?}");
        }
    }

    #[test]
    fn a_429_without_okta_headers_heeds_retry_after() {
        assert_eq!(pause(&headers(&[("retry-after", "7")]), "/", 1).duration.as_secs(), 7);
        assert!(pause(&headers(&[]), "/", 1).duration.as_millis() >= 250);
    }
}
