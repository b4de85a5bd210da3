//! Admin roles of service apps.

use serde_json::Value;

use super::super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::super::options::AnswerStatus;
use super::super::roles;
use super::super::store::{AdminRole, SimulatedOrg};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/oauth2/v1/clients/{clientId}/roles", handler: RouteHandler::Read(list) },
    ApiRoute { method: "POST", pattern: "/oauth2/v1/clients/{clientId}/roles", handler: RouteHandler::Write(assign) },
    ApiRoute {
        method: "GET",
        pattern: "/oauth2/v1/clients/{clientId}/roles/{roleAssignmentId}",
        handler: RouteHandler::Read(get),
    },
    ApiRoute {
        method: "DELETE",
        pattern: "/oauth2/v1/clients/{clientId}/roles/{roleAssignmentId}",
        handler: RouteHandler::Write(unassign),
    },
];

fn held_roles<'a>(org: &'a SimulatedOrg, request: &SignedInRequest) -> Result<&'a [AdminRole], ApiRefusal> {
    let id = request.parameter(0);
    if !org.oauth.clients.contains_key(id) {
        return Err(ApiRefusal::not_found(id, "PublicClientApp"));
    }
    Ok(roles::held_by(org, id))
}

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let shown = held_roles(org, request)?.iter().map(|role| show(role, request));
    ApiAnswer::ok(Value::Array(shown.collect()))
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let role = roles::named_role(held_roles(org, request)?, request)?;
    ApiAnswer::ok(show(role, request))
}

fn show(role: &AdminRole, request: &SignedInRequest) -> Value {
    let mut role = roles::show(role, request.parameter(0), &request.base);
    role["assignmentType"] = "CLIENT".into();
    role
}

fn assign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let kind = roles::kind(request)?;
    held_roles(org, request)?;
    let role = roles::assign_role(org, kind, request.parameter(0), "irb")?;
    let shown = show(&role, request);
    let status = match org.options.assumptions.answer_status {
        AnswerStatus::Recorded => 201,
        AnswerStatus::Described => 200,
    };
    ApiAnswer::with_status(status, shown)
}

fn unassign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    held_roles(org, request)?;
    roles::unassign_role(org, request, request.parameter(0))?;
    ApiAnswer::no_content()
}
