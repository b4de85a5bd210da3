//! The profile of app users: which attributes there are and which of them may be written.

use serde_json::{Map, Value, json};

use super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::store::{App, Org};
use super::wire;

pub(super) const ROUTES: &[Route] = &[Route {
    method: "GET",
    pattern: "/api/v1/meta/schemas/apps/{appId}/default",
    handler: Handler::Read(get),
}];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
}

use Mutability::{Immutable, ReadOnly, ReadWrite};

/// Attributes of an AD app user (help page "Active Directory agent base attributes"), title and mutability.
///
/// Assumed: what only the directory decides is read-only, and what never changes in it immutable.
const ATTRIBUTES: &[(&str, &str, Mutability)] = &[
    ("firstName", "First name", ReadWrite),
    ("lastName", "Last name", ReadWrite),
    ("email", "Email", ReadWrite),
    ("displayName", "Display name", ReadWrite),
    ("department", "Department", ReadWrite),
    ("title", "Title", ReadWrite),
    ("mobilePhone", "Mobile phone", ReadWrite),
    ("organizationalUnit", "Organizational unit", ReadWrite),
    ("managerUpn", "Manager UPN", ReadWrite),
    ("managerDn", "Manager DN", ReadWrite),
    ("samAccountName", "SAM account name", ReadWrite),
    ("cn", "Common name", ReadOnly),
    ("dn", "Distinguished name", ReadOnly),
    ("distinguishedName", "Distinguished name", ReadOnly),
    ("primaryGroupID", "Primary group", ReadOnly),
    ("objectSid", "Security identifier", Immutable),
];

/// Whether app users have this attribute.
pub(super) fn is_defined(attribute: &str) -> bool {
    mutability(attribute).is_some()
}

pub(super) fn mutability(attribute: &str) -> Option<Mutability> {
    let row = ATTRIBUTES.iter().find(|(name, ..)| *name == attribute);
    row.map(|(.., mutability)| *mutability)
}

fn get(org: &Org, request: &Request) -> Reply {
    let id = request.parameter(0);
    let app = org
        .apps
        .get(id)
        .ok_or_else(|| Refusal::not_found(id, "AppInstance"))?;
    Answer::ok(show(app, request))
}

fn show(app: &App, request: &Request) -> Value {
    let properties: Map<String, Value> = ATTRIBUTES.iter().map(property).collect();
    let own = wire::link(
        &request.base,
        &format!("/api/v1/meta/schemas/apps/{}/default", app.id),
    );
    json!({
        "id": format!("{}/api/v1/meta/schemas/apps/{}/default", request.base, app.id),
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": app.name, "title": format!("{} User", app.label), "type": "object",
        "definitions": {
            "custom": {"id": "#custom", "type": "object", "properties": {}, "required": []},
            "base": {"id": "#base", "type": "object", "properties": properties, "required": []},
        },
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
        "_links": {"self": own},
    })
}

fn property((name, title, mutability): &(&str, &str, Mutability)) -> (String, Value) {
    let mutability = match mutability {
        ReadWrite => "READ_WRITE",
        ReadOnly => "READ_ONLY",
        Immutable => "IMMUTABLE",
    };
    let value = json!({"title": title, "type": "string", "scope": "NONE", "externalName": name, "mutability": mutability,
        "master": {"type": "PROFILE_MASTER"}});
    ((*name).to_owned(), value)
}
