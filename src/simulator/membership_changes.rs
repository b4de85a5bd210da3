//! What makes and ends memberships: calls, rules, imports and provisioning all come through here.

use super::invariants;
use super::log::{self, LogEvent};
use super::membership_lag;
use super::org2org;
use super::provisioning;
use super::store::SimulatedOrg;

/// Makes a user a member; false when the user was one already. `actor` is the admin, `None` Okta itself (a rule, an import).
pub(super) fn add(org: &mut SimulatedOrg, group: &str, user: &str, actor: Option<&str>) -> bool {
    change(org, group, user, MembershipEdit::Present, actor)
}

/// Takes a user out of a group; false when the user was not in it.
pub(super) fn remove(org: &mut SimulatedOrg, group: &str, user: &str, actor: Option<&str>) -> bool {
    change(org, group, user, MembershipEdit::Absent, actor)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MembershipEdit {
    Present,
    Absent,
}

fn change(org: &mut SimulatedOrg, group: &str, user: &str, to: MembershipEdit, actor: Option<&str>) -> bool {
    let now = org.now();
    let (Some(of_group), Some(of_user)) = (org.groups.get_mut(group), org.users.get_mut(user)) else {
        return false;
    };
    let changed = match to {
        MembershipEdit::Present => {
            of_user.groups.insert(group.to_owned());
            of_group.members.insert(user.to_owned())
        }
        MembershipEdit::Absent => {
            of_user.groups.remove(group);
            of_group.members.remove(user)
        }
    };
    if changed {
        if let Some(changed) = &mut org.changed {
            changed.memberships.insert((group.to_owned(), user.to_owned()));
        }
        of_group.last_membership_updated = now;
        if to == MembershipEdit::Absent {
            invariants::record_leaving(org, group, user);
        }
        membership_lag::remember(org, group, user, to == MembershipEdit::Absent, now);
        log_membership(org, group, user, to, actor);
        provisioning::membership_changed(org, user);
        org2org::membership_changed(org, group, user);
    }
    changed
}

fn log_membership(org: &mut SimulatedOrg, group: &str, user: &str, to: MembershipEdit, actor: Option<&str>) {
    let mut event = match to {
        MembershipEdit::Present => LogEvent::new("group.user_membership.add", "Add user to group membership"),
        MembershipEdit::Absent => LogEvent::new("group.user_membership.remove", "Remove user from group membership"),
    };
    event.actor = actor.map(str::to_owned);
    let event = event.on_user(org, user).on_group(org, group);
    log::record(org, event);
}
