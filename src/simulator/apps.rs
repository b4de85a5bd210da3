//! Applications: list, get, create, replace, delete, lifecycle. AD instances come with the scenario only, as in Okta with an agent.

use serde_json::{Map, Value, json};

use super::app_form::{self, show};
use super::app_users;
use super::filter::{self, FieldValue, FilterExpression, FilterFields, FilterOperator, TextCase};
use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::log::{self, LogEvent};
use super::mappings;
use super::oauth;
use super::options::RepeatedActivation;
use super::org2org;
use super::pages::{self, PageSize};
use super::provisioning::{self, ProfilePush};
use super::store::{OktaId, SimulatedOrg, StoredApp};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/apps", handler: RouteHandler::Read(list) },
    ApiRoute { method: "POST", pattern: "/api/v1/apps", handler: RouteHandler::Write(create) },
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}", handler: RouteHandler::Read(get) },
    ApiRoute { method: "PUT", pattern: "/api/v1/apps/{appId}", handler: RouteHandler::Write(replace) },
    ApiRoute { method: "DELETE", pattern: "/api/v1/apps/{appId}", handler: RouteHandler::Write(delete) },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/apps/{appId}/lifecycle/activate",
        handler: RouteHandler::Write(activate),
    },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/apps/{appId}/lifecycle/deactivate",
        handler: RouteHandler::Write(deactivate),
    },
    ApiRoute { method: "GET", pattern: "/api/v1/groups/{groupId}/apps", handler: RouteHandler::Read(of_group) },
];

/// Recorded: the self link says `limit=20` when none was asked for.
const SIZE: PageSize = PageSize { default: 20, maximum: 200 };

/// The app of the path, or E0000007.
pub(super) fn find<'a>(org: &'a SimulatedOrg, id: &str) -> Result<&'a StoredApp, ApiRefusal> {
    org.apps.get(id).ok_or_else(|| ApiRefusal::not_found(id, "AppInstance"))
}

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let filter = request.query("filter").filter(|text| !text.is_empty()).map(filter::parse).transpose()?;
    if let Some(filter) = &filter {
        filter.check(&is_supported)?;
    }
    let embedded = expanded_user(request, filter.as_ref())?;
    let prefix = request.query("q").unwrap_or_default().to_lowercase();
    pages::of_map(request, SIZE, &org.apps, |app| {
        let starts = |text: &str| text.to_lowercase().starts_with(&prefix);
        let fields = AppFields { app };
        let wanted = starts(&app.name) || starts(&app.label);
        let passes = filter.as_ref().is_none_or(|filter| filter.matches(TextCase::Sensitive, &fields));
        (wanted && passes).then(|| shown_with(org, app, request, embedded))
    })
}

/// `expand=user/{id}` goes only with `filter=user.id eq "{id}"` (Okta's API description); anything else is malformed (recorded).
fn expanded_user<'a>(
    request: &'a SignedInRequest,
    filter: Option<&FilterExpression>,
) -> Result<Option<&'a str>, ApiRefusal> {
    let asked = filter.and_then(user_of);
    let Some(expand) = request.query("expand").filter(|text| !text.is_empty()) else {
        return if asked.is_some() { Err(malformed_expand()) } else { Ok(None) };
    };
    let user = expand.strip_prefix("user/").filter(|user| !user.is_empty()).ok_or_else(malformed_expand)?;
    if asked.as_deref() == Some(user) { Ok(Some(user)) } else { Err(malformed_expand()) }
}

fn malformed_expand() -> ApiRefusal {
    ApiRefusal::validation("RequestParams", &["Expand query is malformed."])
}

fn user_of(filter: &FilterExpression) -> Option<String> {
    match filter {
        FilterExpression::And(left, right) => user_of(left).or_else(|| user_of(right)),
        FilterExpression::Test(test) if test.property == "user.id" => match &test.literal {
            filter::FilterLiteral::Text(id) => Some(id.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn is_supported(expression: &FilterExpression) -> bool {
    match expression {
        FilterExpression::Not(_) => false,
        FilterExpression::And(..) | FilterExpression::Or(..) => true,
        FilterExpression::Test(test) => {
            test.operator == FilterOperator::Eq
                && matches!(test.property.as_str(), "id" | "name" | "status" | "user.id")
        }
    }
}

struct AppFields<'a> {
    app: &'a StoredApp,
}

impl FilterFields for AppFields<'_> {
    fn each(&self, property: &str, found: &mut dyn FnMut(FieldValue<'_>) -> bool) -> bool {
        match property {
            "id" => found(FieldValue::Text(&self.app.id)),
            "name" => found(FieldValue::Text(&self.app.name)),
            "status" => found(FieldValue::Text(&self.app.status)),
            "user.id" => self.app.users.keys().any(|user| found(FieldValue::Text(user))),
            _ => false,
        }
    }
}

fn shown_with(org: &SimulatedOrg, app: &StoredApp, request: &SignedInRequest, user: Option<&str>) -> Value {
    let mut value = show(org, app, request);
    if let Some(held) = user.and_then(|user| app.users.get(user)) {
        value["_embedded"] = json!({"user": app_users::show(org, app, held, request)});
    }
    value
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = find(org, request.parameter(0))?;
    let user = match request.query("expand").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(text.strip_prefix("user/").filter(|user| !user.is_empty()).ok_or_else(malformed_expand)?),
    };
    ApiAnswer::ok(shown_with(org, app, request, user))
}

fn of_group(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = request.parameter(0);
    if !org.groups.contains_key(id) {
        return Err(ApiRefusal::not_found(id, "UserGroup"));
    }
    pages::of_map(request, SIZE, &org.apps, |app| app.groups.contains_key(id).then(|| show(org, app, request)))
}

fn create(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let body = request.object()?;
    let (name, document) = app_form::read(body)?;
    let label = read_label(body)?;
    let active = request.flag("activate", true)?;
    let now = org.now();
    let app = StoredApp {
        id: org.ids.next("0oa"),
        org2org: (name == org2org::NAME).then(Default::default),
        name,
        label,
        status: if active { "ACTIVE" } else { "INACTIVE" }.to_owned(),
        created: now,
        last_updated: now,
        features: Vec::new(),
        document,
        users: std::collections::BTreeMap::new(),
        groups: std::collections::BTreeMap::new(),
        active_directory: None,
        unassigned: std::collections::BTreeMap::new(),
        custom_attributes: serde_json::Map::new(),
        schema_unread: false,
        mappings: mappings::defaults(&mut org.ids),
    };
    let id = app.id.clone();
    let client = oauth::client_of(&app)?;
    org.apps.insert(id.clone(), app);
    org.oauth.clients.extend(client.map(|client| (id.clone(), client)));
    record_event(org, request, "application.lifecycle.create", "Create application", &id);
    ApiAnswer::ok(show(org, find(org, &id)?, request))
}

fn read_label(body: &Map<String, Value>) -> Result<String, ApiRefusal> {
    let label = body.get("label").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if label.is_empty() {
        return Err(ApiRefusal::validation("label", &["label: Label must be specified"]));
    }
    Ok(label.to_owned())
}

/// Replaces the whole: what is not given returns to its default.
fn replace(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = request.parameter(0);
    let app = find(org, id)?;
    // No write of an AD instance is recorded: the careful answer is Okta's refusal of other metadata writes.
    if app.active_directory.is_some() {
        let words = "Bad request.  This operation on app metadata is not yet supported.";
        return Err(ApiRefusal::new(400, "E0000024", words));
    }
    let body = request.object()?;
    let (name, document) = app_form::read(body)?;
    if name != app.name {
        return Err(ApiRefusal::validation("name", &["name: The name of an application cannot be changed"]));
    }
    let label = read_label(body)?;
    let keys = oauth::keys_in(&document)?;
    let now = org.now();
    if let Some(app) = org.apps.get_mut(id) {
        app.label = label;
        app.document = document;
        app.last_updated = now;
    }
    oauth::follow(org, id, keys);
    record_event(org, request, "application.lifecycle.update", "Update application", id);
    ApiAnswer::ok(show(org, find(org, id)?, request))
}

fn delete(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = request.parameter(0);
    if find(org, id)?.status == "ACTIVE" {
        return Err(ApiRefusal::new(403, "E0000056", "Delete application forbidden.")
            .cause("The application must be deactivated before deletion."));
    }
    record_event(org, request, "application.lifecycle.delete", "Delete application", id);
    org.apps.remove(id);
    org.oauth.clients.remove(id);
    org.roles.remove(id);
    org.tasks.retain(|task| task.app != id);
    org.jobs.retain(|job| job.app != id);
    ApiAnswer::no_content()
}

fn activate(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    set_status(org, request, "ACTIVE", "application.lifecycle.activate", "Activate application")?;
    catch_up(org, request.parameter(0));
    ApiAnswer::ok(json!({}))
}

fn deactivate(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    set_status(org, request, "INACTIVE", "application.lifecycle.deactivate", "Deactivate application")?;
    ApiAnswer::ok(json!({}))
}

fn set_status(
    org: &mut SimulatedOrg,
    request: &SignedInRequest,
    status: &str,
    kind: &'static str,
    words: &str,
) -> Result<(), ApiRefusal> {
    let id = request.parameter(0);
    if find(org, id)?.status == status && org.options.assumptions.repeated_activation == RepeatedActivation::Refuse {
        let cause = format!("The application is {status} already");
        return Err(ApiRefusal::validation("status", &[&cause]));
    }
    let now = org.now();
    if let Some(app) = org.apps.get_mut(id) {
        status.clone_into(&mut app.status);
        app.last_updated = now;
    }
    if let Some(client) = org.oauth.clients.get_mut(id) {
        client.active = status == "ACTIVE";
    }
    record_event(org, request, kind, words, id);
    Ok(())
}

/// Groups may have changed while the app was inactive.
fn catch_up(org: &mut SimulatedOrg, app: &str) {
    let Some(instance) = org.apps.get(app) else {
        return;
    };
    let mut users: std::collections::BTreeSet<OktaId> = instance.users.keys().cloned().collect();
    for group in instance.groups.keys().filter_map(|group| org.groups.get(group)) {
        users.extend(group.members.iter().cloned());
    }
    for user in users {
        provisioning::reevaluate(org, app, &user, ProfilePush::WhenChanged);
    }
}

fn record_event(org: &mut SimulatedOrg, request: &SignedInRequest, kind: &'static str, words: &str, app: &str) {
    let event = LogEvent::new(kind, words).by(&request.principal).on_app(org, app);
    log::record(org, event);
}

#[cfg(test)]
mod tests;
