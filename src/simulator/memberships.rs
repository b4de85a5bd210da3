//! Who is in which group: the calls, the changes everything else makes through here, and what reads may see of them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::groups;
use super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::log::{self, Event};
use super::options::RepeatedMemberWrite;
use super::org2org;
use super::pages::{self, PageSize};
use super::provisioning;
use super::rule_membership;
use super::store::{Group, Id, MembershipChange, Millis, Org, User};
use super::users;
use super::watch;

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/v1/groups/{groupId}/users", handler: Handler::Read(list) },
    Route { method: "PUT", pattern: "/api/v1/groups/{groupId}/users/{userId}", handler: Handler::Write(assign) },
    Route { method: "DELETE", pattern: "/api/v1/groups/{groupId}/users/{userId}", handler: Handler::Write(unassign) },
];

const SIZE: PageSize = PageSize { default: 1000, maximum: 1000 };

fn list(org: &Org, request: &Request) -> Reply {
    let group = groups::find(org, request.parameter(0))?;
    let members = members_seen(org, group);
    pages::of_set(request, SIZE, &members, |id| {
        let user = org.users.get(id)?;
        Some(users::show_in_list(org, &request.base, user))
    })
}

fn assign(org: &mut Org, request: &Request) -> Reply {
    let (group, user) = both(org, request)?;
    if !add(org, &group, &user, Some(&request.principal)) {
        check_repeat(org, || Refusal::validation("user", &["user: The user is already a member of the group"]))?;
    }
    Answer::no_content()
}

fn unassign(org: &mut Org, request: &Request) -> Reply {
    let (group, user) = both(org, request)?;
    if !org.groups[&group].members.contains(&user) {
        check_repeat(org, || Refusal::not_found(&user, "User"))?;
        return Answer::no_content();
    }
    rule_membership::exclude(org, &group, &user)?;
    remove(org, &group, &user, Some(&request.principal));
    Answer::no_content()
}

/// What a repeated write answers is not known for certain, hence an option.
fn check_repeat(org: &Org, refusal: impl Fn() -> Refusal) -> Result<(), Refusal> {
    match org.options.assumptions.repeated_member_write {
        RepeatedMemberWrite::NoContent => Ok(()),
        RepeatedMemberWrite::Refuse => Err(refusal()),
    }
}

fn both(org: &Org, request: &Request) -> Result<(Id, Id), Refusal> {
    let group = writable_group(org, request.parameter(0))?;
    let user = users::find(org, request, request.parameter(1))?;
    Ok((group.id.clone(), user.id.clone()))
}

/// A group whose members the API may change; 403 for those of apps and the built-in ones, even for a super admin.
pub(super) fn writable_group<'a>(org: &'a Org, id: &str) -> Result<&'a Group, Refusal> {
    let group = groups::find(org, id)?;
    if group.kind == "OKTA_GROUP" { Ok(group) } else { Err(Refusal::forbidden()) }
}

/// Makes a user a member; false when he was one. `actor` is the admin, `None` Okta itself (a rule, an import).
pub(super) fn add(org: &mut Org, group: &str, user: &str, actor: Option<&str>) -> bool {
    change(org, group, user, Membership::Present, actor)
}

/// Takes a user out of a group; false when he was not in it.
pub(super) fn remove(org: &mut Org, group: &str, user: &str, actor: Option<&str>) -> bool {
    change(org, group, user, Membership::Absent, actor)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Membership {
    Present,
    Absent,
}

fn change(org: &mut Org, group: &str, user: &str, to: Membership, actor: Option<&str>) -> bool {
    let now = org.now();
    let (Some(of_group), Some(of_user)) = (org.groups.get_mut(group), org.users.get_mut(user)) else {
        return false;
    };
    let changed = match to {
        Membership::Present => {
            of_user.groups.insert(group.to_owned());
            of_group.members.insert(user.to_owned())
        }
        Membership::Absent => {
            of_user.groups.remove(group);
            of_group.members.remove(user)
        }
    };
    if changed {
        if let Some(changed) = &mut org.changed {
            changed.memberships.insert((group.to_owned(), user.to_owned()));
        }
        of_group.last_membership_updated = now;
        if to == Membership::Absent {
            watch::left(org, group, user);
        }
        note(org, group, user, to, now);
        told(org, group, user, to, actor);
        provisioning::membership_changed(org, user);
        org2org::membership_changed(org, group, user);
    }
    changed
}

/// Remembers a change while reads may not see it.
fn note(org: &mut Org, group: &str, user: &str, to: Membership, now: Millis) {
    let lag = lag(org.options.membership_lag_ms);
    while org.recent.memberships.front().is_some_and(|change| change.at + lag <= now) {
        org.recent.memberships.pop_front();
    }
    if lag > 0 {
        org.recent.memberships.push_back(MembershipChange {
            at: now,
            group: group.to_owned(),
            user: user.to_owned(),
            was_member: to == Membership::Absent,
        });
    }
}

fn told(org: &mut Org, group: &str, user: &str, to: Membership, actor: Option<&str>) {
    let mut event = match to {
        Membership::Present => Event::new("group.user_membership.add", "Add user to group membership"),
        Membership::Absent => Event::new("group.user_membership.remove", "Remove user from group membership"),
    };
    event.actor = actor.map(str::to_owned);
    let event = event.on_user(org, user).on_group(org, group);
    log::record(org, event);
}

/// The members that reads see.
pub(super) fn members_seen<'a>(org: &Org, group: &'a Group) -> Cow<'a, BTreeSet<Id>> {
    let mut seen = Cow::Borrowed(&group.members);
    for change in hidden(org).filter(|change| change.group == group.id) {
        undo(&mut seen, &change.user, change.was_member);
    }
    seen
}

/// The groups of a user that reads see.
pub(super) fn groups_seen<'a>(org: &Org, user: &'a User) -> Cow<'a, BTreeSet<Id>> {
    let mut seen = Cow::Borrowed(&user.groups);
    for change in hidden(org).filter(|change| change.user == user.id) {
        undo(&mut seen, &change.group, change.was_member);
    }
    seen
}

/// Changes that are not seen yet, newest first.
fn hidden(org: &Org) -> impl Iterator<Item = &MembershipChange> {
    let oldest = org.now() - lag(org.options.membership_lag_ms);
    org.recent.memberships.iter().rev().take_while(move |change| change.at > oldest)
}

fn undo(seen: &mut Cow<'_, BTreeSet<Id>>, id: &str, was_member: bool) {
    if was_member {
        seen.to_mut().insert(id.to_owned());
    } else {
        seen.to_mut().remove(id);
    }
}

/// Whether reads see a group: new ones they may not.
pub(super) fn is_seen(org: &Org, group: &str) -> bool {
    org.recent.groups.get(group).is_none_or(|at| org.now() >= at + lag(org.options.new_group_lag_ms))
}

fn lag(milliseconds: u64) -> Millis {
    Millis::try_from(milliseconds).unwrap_or(Millis::MAX / 4)
}
