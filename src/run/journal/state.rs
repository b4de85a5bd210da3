//! What became of a write, and how that may change.

/// State of a journalled call or lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// It was answered with success; of a lane: it succeeded.
    Answered,
    /// It was refused, or broken off before it was sent: it did not happen. Of a lane: it failed.
    Refused,
    /// It was sent and has no answer: it may have happened.
    Unknown,
    /// It had no answer, and a look later showed that it happened.
    Settled,
    /// It had no answer, and for as long as it may take to be seen nothing of it was. What is seen of it yet re-opens it.
    Void,
    /// It had no answer and no look could tell, so it was sent again: what became of that counts for both.
    Repeated,
    /// It happened, or may have, and was taken back.
    Undone,
    /// It was taken back, and that was taken back.
    Redone,
}

impl EntryState {
    /// The state of a write in this one when `told` is told of it; `None` where that cannot follow. An intent is unknown from the start.
    pub(super) fn then(self, told: Self) -> Option<Self> {
        match self {
            Self::Unknown => Some(told).filter(|told| *told != Self::Redone),
            Self::Answered | Self::Settled | Self::Redone => Some(told).filter(|told| *told == Self::Undone),
            Self::Undone => Some(told).filter(|told| *told == Self::Redone),
            Self::Void => Some(told).filter(|told| matches!(told, Self::Settled | Self::Unknown)),
            Self::Refused | Self::Repeated => None,
        }
    }

    /// The same of a lane, which has none at first. While it is taken back what it did ([`Self::Unknown`]) it can only fail; else it is
    /// executed again when the run is taken up, and ends as it ends.
    pub(super) fn then_of_lane(now: Option<Self>, told: Self) -> Option<Self> {
        let is_end = matches!(told, Self::Answered | Self::Refused);
        match now {
            Some(Self::Unknown) => Some(told).filter(|told| *told == Self::Refused),
            None | Some(Self::Answered | Self::Refused) => Some(told).filter(|told| is_end || *told == Self::Unknown),
            Some(Self::Settled | Self::Void | Self::Repeated | Self::Undone | Self::Redone) => None,
        }
    }

    /// Whether the org is as the write wanted it.
    pub fn has_happened(self) -> bool {
        matches!(self, Self::Answered | Self::Settled | Self::Redone)
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
            Self::Undone => "undone",
            Self::Redone => "redone",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        match text {
            "answered" => Self::Answered,
            "refused" => Self::Refused,
            "settled" => Self::Settled,
            "void" => Self::Void,
            "repeated" => Self::Repeated,
            "undone" => Self::Undone,
            "redone" => Self::Redone,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EntryState::{self, Answered, Redone, Refused, Repeated, Settled, Undone, Unknown, Void};

    const ALL: [EntryState; 8] = [Answered, Refused, Unknown, Settled, Void, Repeated, Undone, Redone];

    /// All that may follow each state.
    fn states_after(state: EntryState) -> &'static [EntryState] {
        match state {
            Unknown => &[Answered, Refused, Unknown, Settled, Void, Repeated, Undone],
            Answered | Settled | Redone => &[Undone],
            Undone => &[Redone],
            Void => &[Settled, Unknown],
            Refused | Repeated => &[],
        }
    }

    #[test]
    fn a_lane_that_is_taken_back_can_only_fail() {
        for told in ALL {
            let legal = |all: &[EntryState]| all.contains(&told).then_some(told);
            let of_lane = |now| EntryState::then_of_lane(now, told);
            assert_eq!(of_lane(Some(Unknown)), legal(&[Refused]), "{told:?}");
            for now in [None, Some(Answered), Some(Refused)] {
                let all = [Answered, Refused, Unknown];
                assert_eq!(of_lane(now), legal(&all), "{now:?} {told:?}");
            }
        }
    }

    #[test]
    fn each_state_is_followed_by_its_own_and_can_be_kept() {
        for state in ALL {
            assert_eq!(EntryState::parse(state.as_str()), state);
            for told in ALL {
                let legal = states_after(state).contains(&told).then_some(told);
                assert_eq!(state.then(told), legal, "{state:?} {told:?}");
            }
        }
    }
}
