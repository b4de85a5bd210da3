//! Admin roles of users: their own, and those of the groups they are in.

use serde_json::{Value, json};

use super::group_roles;
use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::log::{self, LogEvent};
use super::pages::{self, PageSize};
use super::store::{AdminRole, SimulatedOrg};
use super::users;
use super::wire::date;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/users/{userId}/roles", handler: RouteHandler::Read(list) },
    ApiRoute { method: "POST", pattern: "/api/v1/users/{userId}/roles", handler: RouteHandler::Write(assign) },
    ApiRoute {
        method: "GET",
        pattern: "/api/v1/users/{userId}/roles/{roleAssignmentId}",
        handler: RouteHandler::Read(get),
    },
    ApiRoute {
        method: "DELETE",
        pattern: "/api/v1/users/{userId}/roles/{roleAssignmentId}",
        handler: RouteHandler::Write(unassign),
    },
    ApiRoute { method: "GET", pattern: "/api/v1/iam/assignees/users", handler: RouteHandler::Read(assignees) },
];

/// The default is Okta's; no maximum is described.
const ASSIGNEES: PageSize = PageSize { default: 100, maximum: 100 };

/// Role types of the API description with their labels; CUSTOM is apart.
const TYPES: &[(&str, &str)] = &[
    ("SUPER_ADMIN", "Super Administrator"),
    ("ORG_ADMIN", "Organization Administrator"),
    ("APP_ADMIN", "Application Administrator"),
    ("USER_ADMIN", "Group Administrator"),
    ("GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator"),
    ("HELP_DESK_ADMIN", "Help Desk Administrator"),
    ("READ_ONLY_ADMIN", "Read-Only Administrator"),
    ("REPORT_ADMIN", "Report Administrator"),
    ("API_ACCESS_MANAGEMENT_ADMIN", "API Access Management Administrator"),
    ("WORKFLOWS_ADMIN", "Workflows Administrator"),
    ("ACCESS_CERTIFICATIONS_ADMIN", "Access Certifications Administrator"),
    ("ACCESS_REQUESTS_ADMIN", "Access Requests Administrator"),
];

/// The list has the roles through groups too, each by the group's assignment.
fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let user = users::find(org, request, request.parameter(0))?;
    let own = held_by(org, &user.id);
    let own = own.iter().map(|role| show(role, &user.id, &request.base));
    let by_groups = user.groups.iter().flat_map(|group| {
        let held = held_by(org, group).iter();
        held.map(|role| group_roles::show(role, group, &request.base))
    });
    ApiAnswer::ok(Value::Array(own.chain(by_groups).collect()))
}

/// The roles whose rights a user or a service app has.
pub(super) fn in_effect<'a>(org: &'a SimulatedOrg, holder: &str) -> impl Iterator<Item = &'a AdminRole> {
    let groups = org.users.get(holder).map(|user| &user.groups);
    let by_groups = groups.into_iter().flatten();
    let by_groups = by_groups.flat_map(|group| held_by(org, group));
    held_by(org, holder).iter().chain(by_groups)
}

/// Users who have roles of their own. Whether Okta lists those who have them through groups only is not known. Unlike other lists, this
/// one is an object.
fn assignees(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let shown = |user: &&str| {
        let address = format!("{}/api/v1/users/{user}", request.base);
        json!({
            "id": user,
            "_links": {"self": {"href": address}, "roles": {"href": format!("{address}/roles")}},
        })
    };
    let having = org.roles.iter().filter(|(id, roles)| !roles.is_empty() && org.users.contains_key(*id));
    let users: Vec<&str> = having.map(|(id, _)| id.as_str()).collect();
    let mut answer = pages::of_sorted(request, ASSIGNEES, &users, shown)?;
    answer.body = answer.body.map(|users| json!({ "value": users }));
    Ok(answer)
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let user = users::find(org, request, request.parameter(0))?;
    let role = named_role(held_by(org, &user.id), request)?;
    ApiAnswer::ok(show(role, &user.id, &request.base))
}

fn assign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let user = users::find_id(org, request)?;
    let role = assign_role(org, kind(request)?, &user, "ra1")?;
    let shown = show(&role, &user, &request.base);
    log_role_change(org, request, &user, "user.account.privilege.grant", "Grant user privilege");
    ApiAnswer::with_status(201, shown)
}

/// The assignments of whom `holder` names.
pub(super) fn held_by<'a>(org: &'a SimulatedOrg, holder: &str) -> &'a [AdminRole] {
    org.roles.get(holder).map_or(&[][..], Vec::as_slice)
}

/// Of these assignments the one that the path names.
pub(super) fn named_role<'a>(held: &'a [AdminRole], request: &SignedInRequest) -> Result<&'a AdminRole, ApiRefusal> {
    let id = request.parameter(1);
    let role = held.iter().find(|role| role.id == id);
    role.ok_or_else(|| ApiRefusal::not_found(id, "RoleAssignment"))
}

/// Gives whom `holder` names a role, once; `prefix` begins the id of the assignment.
pub(super) fn assign_role(
    org: &mut SimulatedOrg,
    kind: &str,
    holder: &str,
    prefix: &str,
) -> Result<AdminRole, ApiRefusal> {
    if held_by(org, holder).iter().any(|role| role.kind == kind) {
        return Err(ApiRefusal::new(409, "E0000090", "The role specified is already assigned to the user."));
    }
    let role = AdminRole { id: org.ids.next(prefix), kind: kind.to_owned(), created: org.now() };
    let roles = org.roles.entry(holder.to_owned()).or_default();
    roles.push(role.clone());
    Ok(role)
}

/// Takes the assignment that the path names from whom `holder` names.
pub(super) fn unassign_role(org: &mut SimulatedOrg, request: &SignedInRequest, holder: &str) -> Result<(), ApiRefusal> {
    let id = named_role(held_by(org, holder), request)?.id.clone();
    if let Some(roles) = org.roles.get_mut(holder) {
        roles.retain(|role| role.id != id);
    }
    Ok(())
}

pub(super) fn kind(request: &SignedInRequest) -> Result<&'static str, ApiRefusal> {
    let asked = request.object()?.get("type").and_then(Value::as_str);
    let asked = asked.ok_or_else(ApiRefusal::malformed)?;
    if asked == "CUSTOM" {
        return Err(ApiRefusal::not_modelled("the role type CUSTOM"));
    }
    let known = TYPES.iter().find(|(kind, _)| *kind == asked);
    known.map(|(kind, _)| *kind).ok_or_else(|| ApiRefusal::validation("type", &["type: Invalid role type"]))
}

fn unassign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let user = users::find_id(org, request)?;
    unassign_role(org, request, &user)?;
    log_role_change(org, request, &user, "user.account.privilege.revoke", "Revoke user privilege");
    ApiAnswer::no_content()
}

fn log_role_change(org: &mut SimulatedOrg, request: &SignedInRequest, user: &str, kind: &'static str, message: &str) {
    let event = LogEvent::new(kind, message).by(&request.principal).on_user(org, user);
    log::record(org, event);
}

pub(super) fn show(role: &AdminRole, user: &str, base: &str) -> Value {
    let label = TYPES.iter().find(|(kind, _)| *kind == role.kind);
    json!({
        "id": role.id,
        "label": label.map_or("", |(_, label)| label),
        "type": role.kind,
        "status": "ACTIVE",
        "created": date(role.created),
        "lastUpdated": date(role.created),
        "assignmentType": "USER",
        "_links": {"assignee": {"href": format!("{base}/api/v1/users/{user}")}},
    })
}
