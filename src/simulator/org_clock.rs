//! The time as orgs tell it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, UTC.
pub(super) type EpochMillis = i64;

/// Milliseconds since the Unix epoch by the machine's clock.
pub(super) fn real_time() -> EpochMillis {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |elapsed| EpochMillis::try_from(elapsed.as_millis()).unwrap_or(EpochMillis::MAX))
}
