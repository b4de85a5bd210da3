//! Glances at something that takes its time.

use std::time::{Duration, Instant};

use super::error::CallError;
use super::event::EventKind;
use super::execution::Run;
use super::lane::RunLane;

/// How long a change that Okta carries out in the background (provisioning) may take to be taken back.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);
/// The pauses between glances: what comes at once is seen at once.
const FIRST_GLANCE: Duration = Duration::from_millis(100);
const LAST_GLANCE: Duration = Duration::from_secs(2);
/// The same where each glance may read a long list.
const LAST_SPARSE_GLANCE: Duration = Duration::from_secs(10);

impl Run {
    /// Waits a little; the wait is told once.
    pub(super) async fn glance(
        &self,
        lane: &RunLane,
        glances: &mut BackoffPoller,
        reason: &str,
    ) -> Result<(), CallError> {
        if let Some(seconds) = glances.untold() {
            let reason = reason.to_owned();
            self.emit(lane, EventKind::Wait { reason, seconds })?;
        }
        self.pause(glances.next()).await
    }
}

/// Glances at something that takes its time, fewer and fewer of them.
pub(super) struct BackoffPoller {
    begun: Instant,
    patience: Duration,
    next: Duration,
    longest: Duration,
    told: bool,
}

impl BackoffPoller {
    pub(super) fn new(patience: Duration) -> Self {
        Self { begun: Instant::now(), patience, next: FIRST_GLANCE, longest: LAST_GLANCE, told: false }
    }

    /// With longer pauses.
    pub(super) fn sparse(patience: Duration) -> Self {
        Self { longest: LAST_SPARSE_GLANCE, ..Self::new(patience) }
    }

    pub(super) fn are_over(&self) -> bool {
        self.begun.elapsed() > self.patience
    }

    /// Seconds that the wait may last, while nobody was told.
    fn untold(&mut self) -> Option<f64> {
        let told = std::mem::replace(&mut self.told, true);
        (!told).then_some(self.patience.as_secs_f64())
    }

    fn next(&mut self) -> Duration {
        let now = self.next;
        self.next = (now * 2).min(self.longest);
        // The last glance is not late.
        let left = self.patience.saturating_sub(self.begun.elapsed());
        now.min(left + FIRST_GLANCE)
    }
}
