//! Forms that all resources share on the wire: dates and links.

use serde_json::{Value, json};

use super::store::EpochMillis;

/// Okta's form of a date: UTC, whole seconds, always `.000` (recorded on every resource).
pub(super) fn date(at: EpochMillis) -> String {
    let at = jiff::Timestamp::from_second(at.div_euclid(1000)).unwrap_or_default();
    let at = jiff::tz::TimeZone::UTC.to_datetime(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

/// A date, or null.
pub(super) fn optional_date(at: Option<EpochMillis>) -> Value {
    at.map_or(Value::Null, |at| Value::from(date(at)))
}

/// The instant that a date with offset names.
pub(super) fn parse_date(text: &str) -> Option<EpochMillis> {
    let text = text.trim();
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(at.as_millisecond())
}

/// `{"href": …}`
pub(super) fn link(base: &str, path: &str) -> Value {
    json!({"href": format!("{base}{path}")})
}

/// `{"href": …, "method": "POST"}`
pub(super) fn post_link(base: &str, path: &str) -> Value {
    json!({"href": format!("{base}{path}"), "method": "POST"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_whole_seconds_and_come_back() {
        assert_eq!(date(1_770_030_932_742), "2026-02-02T11:15:32.000Z");
        assert_eq!(parse_date("2026-02-02T11:15:32.000Z"), Some(1_770_030_932_000));
        assert_eq!(parse_date("yesterday"), None);
    }
}
