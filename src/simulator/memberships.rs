//! Who is in which group: the calls.

use super::groups;
use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::membership_changes::{add, remove};
use super::membership_lag::members_seen;
use super::options::RepeatedMemberWrite;
use super::pages::{self, PageSize};
use super::rule_membership;
use super::store::{OktaId, SimulatedOrg, StoredGroup};
use super::users;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/groups/{groupId}/users", handler: RouteHandler::Read(list) },
    ApiRoute {
        method: "PUT",
        pattern: "/api/v1/groups/{groupId}/users/{userId}",
        handler: RouteHandler::Write(assign),
    },
    ApiRoute {
        method: "DELETE",
        pattern: "/api/v1/groups/{groupId}/users/{userId}",
        handler: RouteHandler::Write(unassign),
    },
];

const SIZE: PageSize = PageSize { default: 1000, maximum: 1000 };

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let group = groups::find(org, request.parameter(0))?;
    let members = members_seen(org, group);
    pages::of_set(request, SIZE, &members, |id| {
        let user = org.users.get(id)?;
        Some(users::show_in_list(org, &request.base, user))
    })
}

fn assign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let (group, user) = group_and_user(org, request)?;
    if !add(org, &group, &user, Some(&request.principal)) {
        check_repeat(org, || ApiRefusal::validation("user", &["user: The user is already a member of the group"]))?;
    }
    ApiAnswer::no_content()
}

fn unassign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let (group, user) = group_and_user(org, request)?;
    if !org.groups[&group].members.contains(&user) {
        check_repeat(org, || ApiRefusal::not_found(&user, "User"))?;
        return ApiAnswer::no_content();
    }
    rule_membership::exclude(org, &group, &user)?;
    remove(org, &group, &user, Some(&request.principal));
    ApiAnswer::no_content()
}

/// What a repeated write answers is not known for certain, hence an option.
fn check_repeat(org: &SimulatedOrg, refusal: impl Fn() -> ApiRefusal) -> Result<(), ApiRefusal> {
    match org.options.assumptions.repeated_member_write {
        RepeatedMemberWrite::NoContent => Ok(()),
        RepeatedMemberWrite::Refuse => Err(refusal()),
    }
}

fn group_and_user(org: &SimulatedOrg, request: &SignedInRequest) -> Result<(OktaId, OktaId), ApiRefusal> {
    let group = writable_group(org, request.parameter(0))?;
    let user = users::find(org, request, request.parameter(1))?;
    Ok((group.id.clone(), user.id.clone()))
}

/// A group whose members the API may change; 403 for those of apps and the built-in ones, even for a super admin.
pub(super) fn writable_group<'a>(org: &'a SimulatedOrg, id: &str) -> Result<&'a StoredGroup, ApiRefusal> {
    let group = groups::find(org, id)?;
    if group.kind == "OKTA_GROUP" { Ok(group) } else { Err(ApiRefusal::forbidden()) }
}
