//! Admin roles of groups, whose members have their rights.

use serde_json::Value;

use super::groups;
use super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::log::{self, Event};
use super::options::AnswerStatus;
use super::roles;
use super::store::{Org, Role};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "GET", pattern: "/api/v1/groups/{groupId}/roles", handler: Handler::Read(list) },
    Route { method: "POST", pattern: "/api/v1/groups/{groupId}/roles", handler: Handler::Write(assign) },
    Route { method: "GET", pattern: "/api/v1/groups/{groupId}/roles/{roleAssignmentId}", handler: Handler::Read(get) },
    Route {
        method: "DELETE",
        pattern: "/api/v1/groups/{groupId}/roles/{roleAssignmentId}",
        handler: Handler::Write(unassign),
    },
];

/// The roles of the group that the path names.
fn held<'a>(org: &'a Org, request: &Request) -> Result<&'a [Role], Refusal> {
    let group = groups::find(org, request.parameter(0))?;
    Ok(roles::held_by(org, &group.id))
}

fn list(org: &Org, request: &Request) -> Reply {
    let shown = held(org, request)?.iter().map(|role| show_asked(role, request));
    Answer::ok(Value::Array(shown.collect()))
}

fn get(org: &Org, request: &Request) -> Reply {
    let role = roles::named(held(org, request)?, request)?;
    Answer::ok(show_asked(role, request))
}

pub(super) fn show(role: &Role, group: &str, base: &str) -> Value {
    let mut shown = roles::show(role, group, base);
    shown["assignmentType"] = "GROUP".into();
    shown["_links"]["assignee"]["href"] = format!("{base}/api/v1/groups/{group}").into();
    shown
}

/// Shown for the group that the path names.
fn show_asked(role: &Role, request: &Request) -> Value {
    show(role, request.parameter(0), &request.base)
}

fn assign(org: &mut Org, request: &Request) -> Reply {
    let kind = roles::kind(request)?;
    held(org, request)?;
    let role = roles::give(org, kind, request.parameter(0), "grp")?;
    let shown = show_asked(&role, request);
    told(org, request, "group.privilege.grant", "Grant group privilege");
    // The description has the role with 200, and nothing with 201.
    match org.options.assumptions.answer_status {
        AnswerStatus::Recorded => Answer::with_status(201, shown),
        AnswerStatus::Described => Answer::with_status(200, shown),
    }
}

fn unassign(org: &mut Org, request: &Request) -> Reply {
    held(org, request)?;
    roles::take(org, request, request.parameter(0))?;
    told(org, request, "group.privilege.revoke", "Revoke group privilege");
    Answer::no_content()
}

fn told(org: &mut Org, request: &Request, kind: &'static str, message: &str) {
    let event = Event::new(kind, message).by(&request.principal).on_group(org, request.parameter(0));
    log::record(org, event);
}
