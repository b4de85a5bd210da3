//! Schemas: which attributes users and app users have, and which of them may be written.

use serde_json::{Map, Value, json};

use super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::store::{App, Org};
use super::user_profile;
use super::wire;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: "GET",
        pattern: "/api/v1/meta/schemas/apps/{appId}/default",
        handler: Handler::Read(get),
    },
    Route {
        method: "GET",
        pattern: "/api/v1/meta/schemas/user/{schemaId}",
        handler: Handler::Read(of_users),
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
    /// Taken, and never shown.
    WriteOnly,
}

use Mutability::{Immutable, ReadOnly, ReadWrite, WriteOnly};

type Attribute = (&'static str, &'static str, Mutability);

/// Attributes of an AD app user (help page "Active Directory agent base attributes"), title and mutability.
///
/// Assumed: what only the directory decides is read-only, and what never changes in it immutable.
const OF_DIRECTORY: &[Attribute] = &[
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

/// Attributes of an Org2Org app user (example of an assignment in Okta's API description, support article on the initial status).
const OF_ORG2ORG: &[Attribute] = &[
    ("firstName", "First name", ReadWrite),
    ("lastName", "Last name", ReadWrite),
    ("email", "Email", ReadWrite),
    ("displayName", "Display name", ReadWrite),
    ("department", "Department", ReadWrite),
    ("title", "Title", ReadWrite),
    ("mobilePhone", "Mobile phone", ReadWrite),
    (INITIAL_STATUS, "Initial status", ReadWrite),
    ("securityQuestion", "Security question", ReadWrite),
    (SECURITY_ANSWER, "Security answer", WriteOnly),
    ("preferredLanguage", "Preferred language", ReadWrite),
    ("timezone", "Time zone", ReadWrite),
    ("locale", "Locale", ReadWrite),
    ("division", "Division", ReadWrite),
    ("organization", "Organization", ReadWrite),
    ("userType", "User type", ReadWrite),
    ("manager", "Manager", ReadWrite),
    ("managerId", "Manager ID", ReadWrite),
];

const INITIAL_STATUS: &str = "initialStatus";
/// The one attribute that is a secret.
pub(super) const SECURITY_ANSWER: &str = "securityAnswer";

/// What a hub does not make a user without.
const REQUIRED: &[&str] = &["firstName", "lastName", "email"];

const INITIAL_STATUSES: &[&str] = &[
    "active_with_pass",
    "active_without_pass",
    "pending_with_pass",
    "pending_without_pass",
];

fn attributes(app: &App) -> &'static [Attribute] {
    if app.org2org.is_some() {
        OF_ORG2ORG
    } else {
        OF_DIRECTORY
    }
}

/// Whether the app's users have this attribute.
pub(super) fn is_defined(app: &App, attribute: &str) -> bool {
    mutability(app, attribute).is_some()
}

pub(super) fn mutability(app: &App, attribute: &str) -> Option<Mutability> {
    let mut rows = attributes(app).iter();
    let row = rows.find(|(name, ..)| *name == attribute);
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
    let required = if app.org2org.is_some() { REQUIRED } else { &[] };
    let properties: Map<String, Value> = attributes(app)
        .iter()
        .map(|row| property(row, required))
        .collect();
    let path = format!("/api/v1/meta/schemas/apps/{}/default", app.id);
    let title = format!("{} User", app.label);
    schema(request, &path, (&app.name, &title), &properties, required)
}

/// The schema of the org's one type of users; `default` and its id name it.
fn of_users(org: &Org, request: &Request) -> Reply {
    let id = request.parameter(0);
    if id != "default" && id != org.user_schema {
        return Err(Refusal::not_found(id, "UserSchema"));
    }
    let required = user_profile::REQUIRED;
    let properties: Map<String, Value> = user_profile::BASE
        .iter()
        .map(|name| property(&(*name, *name, ReadWrite), required))
        .collect();
    let path = format!("/api/v1/meta/schemas/user/{id}");
    Answer::ok(schema(
        request,
        &path,
        ("user", "User"),
        &properties,
        required,
    ))
}

fn schema(
    request: &Request,
    path: &str,
    (name, title): (&str, &str),
    properties: &Map<String, Value>,
    required: &[&str],
) -> Value {
    json!({
        "id": format!("{}{path}", request.base),
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": name, "title": title, "type": "object",
        "definitions": {
            "custom": {"id": "#custom", "type": "object", "properties": {}, "required": []},
            "base": {"id": "#base", "type": "object", "properties": properties, "required": required},
        },
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
        "_links": {"self": wire::link(&request.base, path)},
    })
}

fn property((name, title, mutability): &Attribute, required: &[&str]) -> (String, Value) {
    let mutability = match mutability {
        ReadWrite => "READ_WRITE",
        ReadOnly => "READ_ONLY",
        Immutable => "IMMUTABLE",
        WriteOnly => "WRITE_ONLY",
    };
    let mut value = json!({"title": title, "type": "string", "scope": "NONE", "externalName": name, "mutability": mutability,
        "master": {"type": "PROFILE_MASTER"}});
    if required.contains(name) {
        value["required"] = true.into();
    }
    if *name == INITIAL_STATUS {
        value["enum"] = json!(INITIAL_STATUSES);
    }
    ((*name).to_owned(), value)
}
