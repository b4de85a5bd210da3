//! Schemas: which attributes users and app users have, and which of them may be written.

use serde_json::{Map, Value, json};

use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::store::{SimulatedOrg, StoredApp};
use super::user_profile;
use super::wire;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/meta/schemas/apps/{appId}/default", handler: RouteHandler::Read(get) },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/meta/schemas/apps/{appId}/default",
        handler: RouteHandler::Write(update),
    },
    ApiRoute { method: "GET", pattern: "/api/v1/meta/schemas/user/{schemaId}", handler: RouteHandler::Read(of_users) },
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AttributeMutability {
    ReadWrite,
    ReadOnly,
    Immutable,
    /// Taken, and never shown.
    WriteOnly,
}

use AttributeMutability::{Immutable, ReadOnly, ReadWrite, WriteOnly};

type SchemaAttribute = (&'static str, &'static str, AttributeMutability);

/// Attributes of an AD app user (help page "Active Directory agent base attributes"), title and mutability.
///
/// Assumed: what only the directory decides is read-only, and what never changes in it immutable.
const OF_DIRECTORY: &[SchemaAttribute] = &[
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
const OF_ORG2ORG: &[SchemaAttribute] = &[
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

const INITIAL_STATUSES: &[&str] =
    &["active_with_pass", "active_without_pass", "pending_with_pass", "pending_without_pass"];

fn attributes(app: &StoredApp) -> &'static [SchemaAttribute] {
    if app.org2org.is_some() { OF_ORG2ORG } else { OF_DIRECTORY }
}

/// Whether it is an attribute of the app's base schema.
pub(super) fn is_base(app: &StoredApp, attribute: &str) -> bool {
    attributes(app).iter().any(|(name, ..)| *name == attribute)
}

/// Whether the app's users have this attribute.
pub(super) fn is_defined(app: &StoredApp, attribute: &str) -> bool {
    mutability(app, attribute).is_some()
}

pub(super) fn mutability(app: &StoredApp, attribute: &str) -> Option<AttributeMutability> {
    let mut rows = attributes(app).iter();
    let row = rows.find(|(name, ..)| *name == attribute);
    let base = row.map(|(.., mutability)| *mutability);
    base.or_else(|| {
        let custom = app.custom_attributes.get(attribute)?;
        AttributeMutability::parse(custom["mutability"].as_str()?)
    })
}

impl AttributeMutability {
    fn parse(text: &str) -> Option<Self> {
        let all = [ReadWrite, ReadOnly, Immutable, WriteOnly];
        all.into_iter().find(|one| one.as_str() == text)
    }

    fn as_str(self) -> &'static str {
        match self {
            ReadWrite => "READ_WRITE",
            ReadOnly => "READ_ONLY",
            Immutable => "IMMUTABLE",
            WriteOnly => "WRITE_ONLY",
        }
    }
}

fn find<'a>(org: &'a SimulatedOrg, request: &SignedInRequest) -> Result<&'a StoredApp, ApiRefusal> {
    let id = request.parameter(0);
    let app = org.apps.get(id);
    app.ok_or_else(|| ApiRefusal::not_found(id, "AppInstance"))
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    ApiAnswer::ok(show(find(org, request)?, request))
}

/// Custom attributes are added and changed one by one; null takes one away. What is of the base stays as it is.
fn update(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = find(org, request)?;
    let body = Value::Object(request.object()?.clone());
    let given = body.pointer("/definitions/custom/properties");
    let given = given.and_then(Value::as_object).ok_or_else(ApiRefusal::malformed)?;
    let mut custom = app.custom_attributes.clone();
    for (name, definition) in given {
        if definition.is_null() {
            custom.shift_remove(name);
        } else {
            custom.insert(name.clone(), define_attribute(app, name, definition)?);
        }
    }
    let now = org.now();
    if let Some(app) = org.apps.get_mut(request.parameter(0)) {
        app.custom_attributes = custom;
        app.last_updated = now;
    }
    get(org, request)
}

const TYPES: &[&str] = &["string", "boolean", "number", "integer", "array"];

/// A custom attribute as the schema shows it.
fn define_attribute(app: &StoredApp, name: &str, definition: &Value) -> Result<Value, ApiRefusal> {
    let text = |field: &str| definition[field].as_str();
    let cause = match (text("title"), text("type")) {
        _ if is_base(app, name) => Some(format!("{name}: is an attribute of the base schema")),
        (None, _) => Some(format!("{name}.title: The field cannot be left blank")),
        (_, Some(kind)) if TYPES.contains(&kind) => None,
        _ => Some(format!("{name}.type: is no type of an attribute")),
    };
    if let Some(cause) = cause {
        return Err(ApiRefusal::validation("schema", &[&cause]));
    }
    let mut shown = json!({"scope": "NONE", "externalName": name, "mutability": "READ_WRITE", "master": {"type": "PROFILE_MASTER"}});
    if let (Value::Object(shown), Value::Object(given)) = (&mut shown, definition) {
        shown.extend(given.clone());
    }
    Ok(shown)
}

fn show(app: &StoredApp, request: &SignedInRequest) -> Value {
    let required = if app.org2org.is_some() { REQUIRED } else { &[] };
    let properties: Map<String, Value> = attributes(app).iter().map(|row| property(row, required)).collect();
    let path = format!("/api/v1/meta/schemas/apps/{}/default", app.id);
    let title = format!("{} User", app.label);
    let parts = [part(&properties, required), custom(&app.custom_attributes)];
    schema(request, &path, (&app.name, &title), parts)
}

/// The schema of the org's one type of users; `default` and its id name it.
fn of_users(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = request.parameter(0);
    if id != "default" && id != org.user_schema {
        return Err(ApiRefusal::not_found(id, "UserSchema"));
    }
    let required = user_profile::REQUIRED;
    let properties: Map<String, Value> =
        user_profile::BASE.iter().map(|name| property(&(*name, *name, ReadWrite), required)).collect();
    let path = format!("/api/v1/meta/schemas/user/{id}");
    let parts = [part(&properties, required), custom(&org.custom_attributes)];
    ApiAnswer::ok(schema(request, &path, ("user", "User"), parts))
}

/// Properties with the names of those that are required.
fn part(properties: &Map<String, Value>, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required})
}

fn custom(attributes: &Map<String, Value>) -> Value {
    let required = attributes.iter().filter(|(_, it)| it["required"] == true);
    let required: Vec<&str> = required.map(|(name, _)| name.as_str()).collect();
    part(attributes, &required)
}

fn schema(
    request: &SignedInRequest,
    path: &str,
    (name, title): (&str, &str),
    [mut base, mut custom]: [Value; 2],
) -> Value {
    base["id"] = "#base".into();
    custom["id"] = "#custom".into();
    json!({
        "id": format!("{}{path}", request.base),
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": name, "title": title, "type": "object",
        "definitions": {"custom": custom, "base": base},
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}},
        "_links": {"self": wire::link(&request.base, path)},
    })
}

fn property((name, title, mutability): &SchemaAttribute, required: &[&str]) -> (String, Value) {
    let mut value = json!({"title": title, "type": "string", "scope": "NONE", "externalName": name, "mutability": mutability.as_str(),
        "master": {"type": "PROFILE_MASTER"}});
    if required.contains(name) {
        value["required"] = true.into();
    }
    if *name == INITIAL_STATUS {
        value["enum"] = json!(INITIAL_STATUSES);
    }
    ((*name).to_owned(), value)
}
