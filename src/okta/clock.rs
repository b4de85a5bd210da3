//! The server's clock against ours.

use std::sync::LazyLock;
use std::time::Instant;

use jiff::Timestamp;

/// Milliseconds since 1970 by the server's clock.
pub(super) type ServerTime = i64;

/// Milliseconds since 1970 as they were when the program began, and steadily on from there: what somebody sets this machine's clock to
/// meanwhile shortens or lengthens no wait.
pub(super) fn local_now() -> i64 {
    static BEGUN: LazyLock<(Instant, i64)> = LazyLock::new(|| (Instant::now(), Timestamp::now().as_millisecond()));
    let (begun, then) = *BEGUN;
    then.saturating_add(i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX))
}

/// How far the server's clock is ahead. `Date` counts whole seconds: the largest difference seen is the best lower bound, so that no call
/// is sent in the belief that a new window began when it did not. An answer by which it cannot be so far ahead shows that it was set back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ServerClock {
    ahead: Option<i64>,
}

impl ServerClock {
    pub(super) fn server(self, local: i64) -> ServerTime {
        local + self.ahead.unwrap_or(0)
    }

    /// `None` before the first answer.
    pub(super) fn ahead(self) -> Option<i64> {
        self.ahead
    }

    /// Takes in the `Date` of the answer to a call; `sent` and `received` are by our clock.
    pub(super) fn learn(&mut self, date: Timestamp, sent: i64, received: i64) {
        let least = date.as_millisecond() - received;
        let most = date.as_millisecond() + 1000 - sent;
        self.ahead = Some(match self.ahead {
            Some(known) if known <= most => known.max(least),
            _ => least,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer at once, from a server that is so many milliseconds ahead.
    fn answer(clock: &mut ServerClock, local: i64, ahead: i64) {
        let date = Timestamp::from_second((local + ahead).div_euclid(1000)).expect("a time");
        clock.learn(date, local, local);
    }

    #[test]
    fn the_servers_clock_is_never_believed_to_be_later_than_it_is() {
        let mut clock = ServerClock::default();
        for local in [0, 100, 250, 400] {
            answer(&mut clock, local, 10_700);
        }
        let believed = clock.server(1_000);
        assert!((10_700..=11_700).contains(&believed), "{believed}");
    }

    #[test]
    fn a_clock_that_is_set_back_is_followed() {
        let mut clock = ServerClock::default();
        for local in (0..5_000).step_by(300) {
            answer(&mut clock, local, 90_000);
        }
        assert_eq!(clock.ahead(), Some(90_000));
        for local in (5_000..10_000).step_by(300) {
            answer(&mut clock, local, -2_000);
        }
        let ahead = clock.ahead().expect("answers");
        assert!((-3_000..=-2_000).contains(&ahead), "{ahead}");
    }

    #[test]
    fn a_slow_answer_is_no_clock_that_was_set_back() {
        let mut clock = ServerClock::default();
        answer(&mut clock, 0, 0);
        let date = Timestamp::from_second(1).expect("a time");
        clock.learn(date, 1_500, 9_000);
        assert_eq!(clock.ahead(), Some(0));
    }

    #[test]
    fn our_clock_goes_on() {
        let then = local_now();
        assert!(local_now() >= then);
        assert!((then - Timestamp::now().as_millisecond()).abs() < 60_000);
    }
}
