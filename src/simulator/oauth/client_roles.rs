//! Admin roles of service apps.

use serde_json::Value;

use super::super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::super::options::AnswerStatus;
use super::super::roles;
use super::super::store::{Org, Role};

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        pattern: "/oauth2/v1/clients/{clientId}/roles",
        handler: Handler::Read(list),
    },
    Route {
        method: "POST",
        pattern: "/oauth2/v1/clients/{clientId}/roles",
        handler: Handler::Write(assign),
    },
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
    Ok(org.roles.get(id).map_or(&[][..], Vec::as_slice))
}

fn list(org: &Org, request: &Request) -> Reply {
    let shown = held(org, request)?.iter().map(|role| show(role, request));
    Answer::ok(Value::Array(shown.collect()))
}

fn get(org: &Org, request: &Request) -> Reply {
    let id = request.parameter(1);
    let mut held = held(org, request)?.iter();
    let role = held.find(|role| role.id == id);
    let role = role.ok_or_else(|| Refusal::not_found(id, "RoleAssignment"))?;
    Answer::ok(show(role, request))
}

fn show(role: &Role, request: &Request) -> Value {
    let mut role = roles::show(role, request.parameter(0), &request.base);
    role["assignmentType"] = "CLIENT".into();
    role
}

fn assign(org: &mut Org, request: &Request) -> Reply {
    let kind = roles::kind(request)?;
    if held(org, request)?.iter().any(|role| role.kind == kind) {
        return Err(Refusal::new(
            409,
            "E0000090",
            "The role specified is already assigned to the user.",
        ));
    }
    let role = Role {
        id: org.ids.next("irb"),
        kind: kind.to_owned(),
        created: org.now(),
    };
    let shown = show(&role, request);
    let client = request.parameter(0).to_owned();
    org.roles.entry(client).or_default().push(role);
    let status = match org.options.assumptions.answer_status {
        AnswerStatus::Recorded => 201,
        AnswerStatus::Described => 200,
    };
    Answer::with_status(status, shown)
}

fn unassign(org: &mut Org, request: &Request) -> Reply {
    get(org, request)?;
    if let Some(roles) = org.roles.get_mut(request.parameter(0)) {
        roles.retain(|role| role.id != request.parameter(1));
    }
    Answer::no_content()
}
