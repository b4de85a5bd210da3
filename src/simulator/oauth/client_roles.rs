//! Admin roles of service apps.

use serde_json::Value;

use super::super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::super::options::AnswerStatus;
use super::super::roles;
use super::super::store::{Org, Role};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/oauth2/v1/clients/{clientId}/roles", handler: Handler::Read(list) },
    Route { method: "POST", pattern: "/oauth2/v1/clients/{clientId}/roles", handler: Handler::Write(assign) },
    Route {
        method: "GET",
        pattern: "/oauth2/v1/clients/{clientId}/roles/{roleAssignmentId}",
        handler: Handler::Read(get),
    },
    Route {
        method: "DELETE",
        pattern: "/oauth2/v1/clients/{clientId}/roles/{roleAssignmentId}",
        handler: Handler::Write(unassign),
    },
];

fn held<'a>(org: &'a Org, request: &Request) -> Result<&'a [Role], Refusal> {
    let id = request.parameter(0);
    if !org.oauth.clients.contains_key(id) {
        return Err(Refusal::not_found(id, "PublicClientApp"));
    }
    Ok(roles::held_by(org, id))
}

fn list(org: &Org, request: &Request) -> Reply {
    let shown = held(org, request)?.iter().map(|role| show(role, request));
    Answer::ok(Value::Array(shown.collect()))
}

fn get(org: &Org, request: &Request) -> Reply {
    let role = roles::named(held(org, request)?, request)?;
    Answer::ok(show(role, request))
}

fn show(role: &Role, request: &Request) -> Value {
    let mut role = roles::show(role, request.parameter(0), &request.base);
    role["assignmentType"] = "CLIENT".into();
    role
}

fn assign(org: &mut Org, request: &Request) -> Reply {
    let kind = roles::kind(request)?;
    held(org, request)?;
    let role = roles::give(org, kind, request.parameter(0), "irb")?;
    let shown = show(&role, request);
    let status = match org.options.assumptions.answer_status {
        AnswerStatus::Recorded => 201,
        AnswerStatus::Described => 200,
    };
    Answer::with_status(status, shown)
}

fn unassign(org: &mut Org, request: &Request) -> Reply {
    held(org, request)?;
    roles::take(org, request, request.parameter(0))?;
    Answer::no_content()
}
