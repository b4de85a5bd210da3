//! Who is in which group: the calls.

use super::groups;
use super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::membership_changes::{add, remove};
use super::membership_lag::members_seen;
use super::options::RepeatedMemberWrite;
use super::pages::{self, PageSize};
use super::rule_membership;
use super::store::{Group, Id, Org};
use super::users;

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
