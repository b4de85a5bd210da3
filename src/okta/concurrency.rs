//! Calls on the wire, over all buckets of an org.

/// Calls on the wire before the org says that these are too many.
const MOST: usize = 64;

#[derive(Debug)]
pub(super) struct ConcurrencyWindow {
    now: usize,
    most: usize,
    /// Answers since the last change of `most`.
    good: usize,
    /// Calls that were sent.
    sent: u64,
    /// Calls up to this one were sent before `most` was lowered: that they were too many is known.
    heeded: u64,
}

impl Default for ConcurrencyWindow {
    fn default() -> Self {
        Self { now: 0, most: MOST, good: 0, sent: 0, heeded: 0 }
    }
}

impl ConcurrencyWindow {
    pub(super) fn is_full(&self) -> bool {
        self.now >= self.most
    }

    /// Counts a call that is sent, and returns its number.
    pub(super) fn begin(&mut self) -> u64 {
        self.now += 1;
        self.sent += 1;
        self.sent
    }

    pub(super) fn end(&mut self) {
        self.now = self.now.saturating_sub(1);
    }

    /// The call of this number was one too many. All that were sent together are refused together: that counts once.
    pub(super) fn shrink(&mut self, number: u64) {
        if number <= self.heeded {
            return;
        }
        self.heeded = self.sent;
        self.most = (self.most.min(self.now.max(1)) * 3 / 4).max(1);
        self.good = 0;
    }

    /// Recovers slowly: by one after twice as many good answers as go at a time.
    pub(super) fn succeeded(&mut self) {
        self.good += 1;
        if self.most < MOST && self.good >= self.most * 2 {
            self.most += 1;
            self.good = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_calls_go_after_crowding_and_slowly_more() {
        let mut flight = ConcurrencyWindow::default();
        (0..40).for_each(|_| _ = flight.begin());
        flight.shrink(40);
        assert_eq!(flight.most, 30);
        (0..60).for_each(|_| flight.succeeded());
        assert_eq!(flight.most, 31);
        (0..39).for_each(|_| flight.end());
        let next = flight.begin();
        flight.end();
        flight.shrink(next);
        assert_eq!(flight.most, 1);
    }

    #[test]
    fn calls_refused_together_count_once() {
        let mut flight = ConcurrencyWindow::default();
        let burst: Vec<u64> = (0..40).map(|_| flight.begin()).collect();
        for number in &burst[20..] {
            flight.end();
            flight.shrink(*number);
        }
        assert_eq!(flight.most, 39 * 3 / 4);
        let next = flight.begin();
        flight.shrink(next);
        assert_eq!(flight.most, 21 * 3 / 4);
    }
}
