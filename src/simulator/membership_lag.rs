//! What reads may see of memberships and groups that were changed a moment ago.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::store::{EpochMillis, MembershipChange, OktaId, SimulatedOrg, StoredGroup, StoredUser};

/// Remembers a change while reads may not see it.
pub(super) fn remember(org: &mut SimulatedOrg, group: &str, user: &str, was_member: bool, now: EpochMillis) {
    let lag = lag(org.options.membership_lag_ms);
    while org.recent.memberships.front().is_some_and(|change| change.at + lag <= now) {
        org.recent.memberships.pop_front();
    }
    if lag > 0 {
        org.recent.memberships.push_back(MembershipChange {
            at: now,
            group: group.to_owned(),
            user: user.to_owned(),
            was_member,
        });
    }
}

/// The members that reads see.
pub(super) fn members_seen<'a>(org: &SimulatedOrg, group: &'a StoredGroup) -> Cow<'a, BTreeSet<OktaId>> {
    let mut seen = Cow::Borrowed(&group.members);
    for change in hidden_changes(org).filter(|change| change.group == group.id) {
        undo(&mut seen, &change.user, change.was_member);
    }
    seen
}

/// The groups of a user that reads see.
pub(super) fn groups_seen<'a>(org: &SimulatedOrg, user: &'a StoredUser) -> Cow<'a, BTreeSet<OktaId>> {
    let mut seen = Cow::Borrowed(&user.groups);
    for change in hidden_changes(org).filter(|change| change.user == user.id) {
        undo(&mut seen, &change.group, change.was_member);
    }
    seen
}

/// Changes that are not seen yet, newest first.
fn hidden_changes(org: &SimulatedOrg) -> impl Iterator<Item = &MembershipChange> {
    let oldest = org.now() - lag(org.options.membership_lag_ms);
    org.recent.memberships.iter().rev().take_while(move |change| change.at > oldest)
}

fn undo(seen: &mut Cow<'_, BTreeSet<OktaId>>, id: &str, was_member: bool) {
    if was_member {
        seen.to_mut().insert(id.to_owned());
    } else {
        seen.to_mut().remove(id);
    }
}

/// Whether reads see a group: new ones they may not.
pub(super) fn is_seen(org: &SimulatedOrg, group: &str) -> bool {
    org.recent.groups.get(group).is_none_or(|at| org.now() >= at + lag(org.options.new_group_lag_ms))
}

fn lag(milliseconds: u64) -> EpochMillis {
    EpochMillis::try_from(milliseconds).unwrap_or(EpochMillis::MAX / 4)
}
