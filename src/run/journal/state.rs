//! What became of a write, and how that may change.

/// State of a journalled call or lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was answered with success; of a lane: it succeeded.
    Answered,
    /// It was refused, or broken off before it was sent: it did not happen. Of a lane: it failed.
    Refused,
    /// It was sent and has no answer: it may have happened.
    Unknown,
    /// It had no answer, and a look later showed that it happened.
    Settled,
    /// It had no answer, and a look later showed that it did not happen.
    Void,
    /// It had no answer and no look could tell, so it was sent again: what became of that counts for both.
    Repeated,
}

impl State {
    /// The state of a write in this one when `told` is told of it; `None` where that cannot follow. An intent is unknown from the start.
    pub(super) fn then(self, told: Self) -> Option<Self> {
        match self {
            Self::Unknown => Some(told),
            Self::Answered | Self::Refused | Self::Settled | Self::Void | Self::Repeated => None,
        }
    }

    /// Whether the org is as the write wanted it.
    pub fn has_happened(self) -> bool {
        matches!(self, Self::Answered | Self::Settled)
    }

    /// Whether there may be something to take back.
    pub fn may_have_happened(self) -> bool {
        self.has_happened() || self == Self::Unknown
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Settled => "settled",
            Self::Void => "void",
            Self::Repeated => "repeated",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        match text {
            "answered" => Self::Answered,
            "refused" => Self::Refused,
            "settled" => Self::Settled,
            "void" => Self::Void,
            "repeated" => Self::Repeated,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State::{self, Answered, Refused, Repeated, Settled, Unknown, Void};

    const ALL: [State; 6] = [Answered, Refused, Unknown, Settled, Void, Repeated];

    #[test]
    fn only_what_is_not_known_changes_and_every_state_can_be_kept() {
        for told in ALL {
            assert_eq!(Unknown.then(told), Some(told));
            assert_eq!(State::parse(told.as_str()), told);
            for known in ALL.into_iter().filter(|state| *state != Unknown) {
                assert_eq!(known.then(told), None, "{known:?} {told:?}");
            }
        }
    }
}
