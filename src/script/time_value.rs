//! Times and durations as values of a script: compared, added, shown as text as Okta writes it.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A moment, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ScriptTime(pub(super) Timestamp);

/// A length of time, below zero where it goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ScriptDuration(pub(super) SignedDuration);

/// Units by the names that numbers have: seconds of each.
pub(super) const TIME_UNITS: &[(&str, &str, i64)] = &[
    ("second", "seconds", 1),
    ("minute", "minutes", 60),
    ("hour", "hours", 3_600),
    ("day", "days", 86_400),
    ("week", "weeks", 604_800),
];

/// 1601-01-01, from which Active Directory counts, in seconds before 1970.
const DIRECTORY_EPOCH: i64 = 11_644_473_600;

/// Ticks of Active Directory's times in a second, and in a millisecond.
const TICKS: i64 = 10_000_000;
const TICKS_OF_MILLISECOND: i64 = 10_000;

impl ScriptTime {
    /// What a text says: as Okta writes times (RFC 3339), a date (its begin in UTC), or as a directory writes them: `20260102030405.0Z`, or
    /// ticks of 100 nanoseconds since 1601 as in `lastLogonTimestamp`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(time) = text.parse::<Timestamp>() {
            return Some(Self(time));
        }
        if let Ok(date) = text.parse::<Date>() {
            return date.to_zoned(TimeZone::UTC).ok().map(|zoned| Self(zoned.timestamp()));
        }
        if let Some(plain) = text.strip_suffix('Z') {
            let plain = plain.split('.').next().unwrap_or_default();
            let date = DateTime::strptime("%Y%m%d%H%M%S", plain).ok()?;
            return date.to_zoned(TimeZone::UTC).ok().map(|zoned| Self(zoned.timestamp()));
        }
        let is_ticks = (17..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_ticks.then(|| text.parse::<i64>().ok()).flatten().and_then(Self::of_ticks)
    }

    fn of_ticks(ticks: i64) -> Option<Self> {
        let seconds = ticks / TICKS - DIRECTORY_EPOCH;
        let time = Timestamp::from_millisecond(seconds * 1_000 + ticks % TICKS / TICKS_OF_MILLISECOND);
        time.ok().map(Self)
    }

    /// The time in so many milliseconds since 1970.
    pub(super) fn of_milliseconds(milliseconds: i64) -> Option<Self> {
        Timestamp::from_millisecond(milliseconds).ok().map(Self)
    }

    pub(super) fn plus(self, duration: ScriptDuration) -> Option<Self> {
        self.0.checked_add(duration.0).ok().map(Self)
    }

    pub(super) fn since(self, earlier: Self) -> ScriptDuration {
        ScriptDuration(self.0.duration_since(earlier.0))
    }
}

impl fmt::Display for ScriptTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"))
    }
}

/// In its two largest units: `90 days`, `1 hour 30 minutes`.
impl fmt::Display for ScriptDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_secs().unsigned_abs();
        let mut parts = Vec::new();
        for (one, many, seconds) in TIME_UNITS.iter().rev().filter(|(one, ..)| *one != "week") {
            let count = left / seconds.unsigned_abs();
            left %= seconds.unsigned_abs();
            if count > 0 {
                parts.push(format!("{count} {}", if count == 1 { one } else { many }));
            }
        }
        parts.truncate(2);
        let sign = if self.0.is_negative() { "-" } else { "" };
        if parts.is_empty() { f.write_str("0 seconds") } else { write!(f, "{sign}{}", parts.join(" ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_okta_and_directories_write_it() {
        for (text, expected) in [
            ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"),
            ("2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05.000Z"),
            ("2026-01-02", "2026-01-02T00:00:00.000Z"),
            ("20260102030405.0Z", "2026-01-02T03:04:05.000Z"),
            ("134117966450000000", "2026-01-02T03:04:05.000Z"),
        ] {
            assert_eq!(ScriptTime::parse(text).map(|time| time.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "12", "9223372036854775807", "2026Z"] {
            assert_eq!(ScriptTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_duration_is_shown_in_its_largest_units() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (90 * 86_400, "90 days"),
            (5_400, "1 hour 30 minutes"),
            (-61, "-1 minute 1 second"),
            (86_400 + 3_600 + 1, "1 day 1 hour"),
        ] {
            assert_eq!(ScriptDuration(SignedDuration::from_secs(seconds)).to_string(), expected);
        }
    }
}
