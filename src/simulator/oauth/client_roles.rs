//! Admin roles of service apps: read only; a scenario gives them.

use serde_json::Value;

use super::super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::super::roles;
use super::super::store::Org;

pub(super) const ROUTES: &[Route] = &[Route {
    method: "GET",
    pattern: "/oauth2/v1/clients/{clientId}/roles",
    handler: Handler::Read(list),
}];

fn list(org: &Org, request: &Request) -> Reply {
    let id = request.parameter(0);
    if !org.oauth.clients.contains_key(id) {
        return Err(Refusal::not_found(id, "PublicClientApp"));
    }
    let held = org.roles.get(id).map_or(&[][..], Vec::as_slice);
    let shown = held.iter().map(|role| {
        let mut role = roles::show(role, id, &request.base);
        role["assignmentType"] = "CLIENT".into();
        role
    });
    Answer::ok(Value::Array(shown.collect()))
}
