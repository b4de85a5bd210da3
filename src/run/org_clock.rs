//! The time at the orgs. This machine's clock may be off by months, and an org refuses a question for "since" then that it would answer
//! for its own time.

use jiff::SignedDuration;

use super::error::CallError;
use super::event::EventKind;
use super::execution::Run;
use super::lane::RunLane;

/// What every org shows to everyone, without any credentials.
const PUBLIC: &str = "/.well-known/okta-organization";

/// A difference that is worth a word: tokens and proofs are refused by about this much.
const FAR: SignedDuration = SignedDuration::from_mins(5);

impl Run {
    /// Learns the org's time where no answer told it yet, and tells, once, when this machine's clock is far from it.
    ///
    /// An org that does not answer now is no error of its own: the time is this machine's then, and whatever is asked next tells why there
    /// is no answer.
    ///
    /// # Errors
    /// What ends a run: an interruption, a journal that cannot be written.
    pub async fn learn_time(&self, lane: &RunLane) -> Result<(), CallError> {
        let Some((name, client)) = self.settings().orgs.iter().next() else {
            return Ok(());
        };
        if client.clock_ahead().is_none() {
            tokio::select! {
                _ = client.look(PUBLIC) => {}
                () = self.cancelled().cancelled_owned() => return Err(CallError::Interrupted),
            }
        }
        let ahead = SignedDuration::from_millis(client.clock_ahead().unwrap_or_default());
        if ahead.abs() >= FAR && self.is_first_word_of_clock() {
            let words = difference(name, ahead);
            self.emit(lane, EventKind::Note { words })?;
        }
        Ok(())
    }
}

fn difference(org: &str, ahead: SignedDuration) -> String {
    let side = if ahead.is_negative() { "ahead of" } else { "behind" };
    let (minutes, hours) = (ahead.as_mins().abs(), ahead.as_hours().abs());
    let by = match hours {
        0 => format!("{minutes} min"),
        1..48 => format!("{hours} h"),
        _ => format!("{} days", hours / 24),
    };
    format!("this machine's clock is {by} {side} that of {org}; times are the org's")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_by_its_side_and_size() {
        for (minutes, words) in [
            (7, "is 7 min behind that of okta"),
            (-200, "is 3 h ahead of that of okta"),
            (181 * 24 * 60, "is 181 days behind that of okta"),
        ] {
            let told = difference("okta", SignedDuration::from_mins(minutes));
            assert!(told.contains(words), "{told}");
        }
    }
}
