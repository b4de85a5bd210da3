//! Admin roles of groups, whose members have their rights.

use serde_json::Value;

use super::groups;
use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::log::{self, LogEvent};
use super::options::AnswerStatus;
use super::roles;
use super::store::{AdminRole, SimulatedOrg};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/groups/{groupId}/roles", handler: RouteHandler::Read(list) },
    ApiRoute { method: "POST", pattern: "/api/v1/groups/{groupId}/roles", handler: RouteHandler::Write(assign) },
    ApiRoute {
        method: "GET",
        pattern: "/api/v1/groups/{groupId}/roles/{roleAssignmentId}",
        handler: RouteHandler::Read(get),
    },
    ApiRoute {
        method: "DELETE",
        pattern: "/api/v1/groups/{groupId}/roles/{roleAssignmentId}",
        handler: RouteHandler::Write(unassign),
    },
];

/// The roles of the group that the path names.
fn held_roles<'a>(org: &'a SimulatedOrg, request: &SignedInRequest) -> Result<&'a [AdminRole], ApiRefusal> {
    let group = groups::find(org, request.parameter(0))?;
    Ok(roles::held_by(org, &group.id))
}

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let shown = held_roles(org, request)?.iter().map(|role| show_asked(role, request));
    ApiAnswer::ok(Value::Array(shown.collect()))
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let role = roles::named_role(held_roles(org, request)?, request)?;
    ApiAnswer::ok(show_asked(role, request))
}

pub(super) fn show(role: &AdminRole, group: &str, base: &str) -> Value {
    let mut shown = roles::show(role, group, base);
    shown["assignmentType"] = "GROUP".into();
    shown["_links"]["assignee"]["href"] = format!("{base}/api/v1/groups/{group}").into();
    shown
}

/// Shown for the group that the path names.
fn show_asked(role: &AdminRole, request: &SignedInRequest) -> Value {
    show(role, request.parameter(0), &request.base)
}

fn assign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let kind = roles::kind(request)?;
    held_roles(org, request)?;
    let role = roles::assign_role(org, kind, request.parameter(0), "grp")?;
    let shown = show_asked(&role, request);
    log_role_change(org, request, "group.privilege.grant", "Grant group privilege");
    // The description has the role with 200, and nothing with 201.
    match org.options.assumptions.answer_status {
        AnswerStatus::Recorded => ApiAnswer::with_status(201, shown),
        AnswerStatus::Described => ApiAnswer::with_status(200, shown),
    }
}

fn unassign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    held_roles(org, request)?;
    roles::unassign_role(org, request, request.parameter(0))?;
    log_role_change(org, request, "group.privilege.revoke", "Revoke group privilege");
    ApiAnswer::no_content()
}

fn log_role_change(org: &mut SimulatedOrg, request: &SignedInRequest, kind: &'static str, message: &str) {
    let event = LogEvent::new(kind, message).by(&request.principal).on_group(org, request.parameter(0));
    log::record(org, event);
}
