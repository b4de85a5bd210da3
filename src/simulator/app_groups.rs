//! Groups of an app: which group places its members where, and which of them wins.

use serde_json::{Map, Value, json};

use super::apps;
use super::effective_group::{self, in_order};
use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::json_patch;
use super::log::{self, LogEvent};
use super::options::{PriorityOmitted, PutWithoutProfile, UnknownOrganizationalUnit};
use super::pages::{self, PageSize};
use super::provisioning;
use super::store::{AppGroup, SimulatedOrg, StoredApp};
use super::wire::{self, date};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/groups", handler: RouteHandler::Read(list) },
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/groups/{groupId}", handler: RouteHandler::Read(get) },
    ApiRoute { method: "PUT", pattern: "/api/v1/apps/{appId}/groups/{groupId}", handler: RouteHandler::Write(put) },
    ApiRoute { method: "PATCH", pattern: "/api/v1/apps/{appId}/groups/{groupId}", handler: RouteHandler::Write(patch) },
    ApiRoute {
        method: "DELETE",
        pattern: "/api/v1/apps/{appId}/groups/{groupId}",
        handler: RouteHandler::Write(delete),
    },
];

const SIZE: PageSize = PageSize { default: 20, maximum: 200 };

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    let prefix = request.query("q").unwrap_or_default().to_lowercase();
    let named = |held: &&AppGroup| {
        org.groups.get(&held.group).is_some_and(|group| group.name().to_lowercase().starts_with(&prefix))
    };
    let groups: Vec<&AppGroup> = in_order(app).into_iter().filter(named).collect();
    pages::of_sorted(request, SIZE, &groups, |held| show(org, app, held, request))
}

fn show(org: &SimulatedOrg, app: &StoredApp, held: &AppGroup, request: &SignedInRequest) -> Value {
    let base = &request.base;
    let mut value = json!({
        "id": held.group,
        "lastUpdated": date(held.last_updated),
        "priority": held.priority,
        "profile": held.profile,
    });
    match request.query("expand") {
        Some("group") => {
            value["_embedded"] = json!({"group": org.groups.get(&held.group).map(embed_group)});
        }
        Some("metadata") => value["_embedded"] = json!({"metadata": metadata(held)}),
        _ => {}
    }
    value["_links"] = json!({
        "app": wire::link(base, &format!("/api/v1/apps/{}", app.id)),
        "self": wire::link(base, &format!("/api/v1/apps/{}/groups/{}", app.id, held.group)),
        "group": wire::link(base, &format!("/api/v1/groups/{}", held.group)),
    });
    value
}

fn embed_group(group: &super::store::StoredGroup) -> Value {
    json!({"id": group.id, "created": date(group.created), "lastUpdated": date(group.last_updated),
        "lastMembershipUpdated": date(group.last_membership_updated), "objectClass": [group.object_class],
        "type": group.kind, "profile": group.profile})
}

/// Every attribute of an assignment was given by an administrator.
fn metadata(held: &AppGroup) -> Value {
    let entries = held.profile.keys().map(|name| (name.clone(), json!({"source": {"type": "USER"}})));
    json!({"credentials": {}, "profile": entries.collect::<Map<_, _>>()})
}

fn find<'a>(app: &'a StoredApp, group: &str) -> Result<&'a AppGroup, ApiRefusal> {
    // Assumed: the type is not recorded.
    app.groups.get(group).ok_or_else(|| ApiRefusal::not_found(group, "ApplicationGroupAssignment"))
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    ApiAnswer::ok(show(org, app, find(app, request.parameter(1))?, request))
}

fn put(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let empty = Map::new();
    let body = match &request.body {
        None => &empty,
        Some(_) => request.object()?,
    };
    let app = apps::find(org, request.parameter(0))?;
    let group = request.parameter(1);
    if !org.groups.contains_key(group) {
        return Err(ApiRefusal::not_found(group, "UserGroup"));
    }
    let present = app.groups.get(group);
    let priority = match read_priority(body)? {
        Some(priority) => priority,
        None => present.map_or_else(|| next_priority(org, app), |held| held.priority),
    };
    let profile = read_profile(org, body, present)?;
    check_unit(org, app, &profile)?;
    store(org, request, priority, profile)
}

/// The priority of a new assignment without one: "next highest" in Okta's API description, taken as the weakest.
fn next_priority(org: &SimulatedOrg, app: &StoredApp) -> i64 {
    match org.options.assumptions.priority_omitted {
        PriorityOmitted::Append => effective_group::next_priority(app),
        PriorityOmitted::First => 0,
    }
}

fn read_priority(body: &Map<String, Value>) -> Result<Option<i64>, ApiRefusal> {
    let Some(value) = body.get("priority").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let priority = value.as_i64().ok_or_else(ApiRefusal::malformed)?;
    if priority < 0 {
        return Err(ApiRefusal::validation("priority", &["priority: must be greater than or equal to 0"]));
    }
    Ok(Some(priority))
}

fn read_profile(
    org: &SimulatedOrg,
    body: &Map<String, Value>,
    present: Option<&AppGroup>,
) -> Result<Map<String, Value>, ApiRefusal> {
    match body.get("profile") {
        Some(Value::Object(profile)) => Ok(profile.clone()),
        Some(Value::Null) | None => {
            let keeps = org.options.assumptions.app_group_put_without_profile == PutWithoutProfile::Keep;
            Ok(present.filter(|_| keeps).map(|held| held.profile.clone()).unwrap_or_default())
        }
        Some(_) => Err(ApiRefusal::malformed()),
    }
}

/// No check of the OU is recorded: accepted, unless the option says otherwise, and the push fails.
fn check_unit(org: &SimulatedOrg, app: &StoredApp, profile: &Map<String, Value>) -> Result<(), ApiRefusal> {
    let (Some(directory), Some(unit)) = (&app.active_directory, profile.get("organizationalUnit")) else {
        return Ok(());
    };
    let unit = unit.as_str().ok_or_else(ApiRefusal::malformed)?;
    if org.options.assumptions.unknown_organizational_unit == UnknownOrganizationalUnit::Accept {
        return Ok(());
    }
    let known = org
        .directories
        .get(&directory.domain.to_lowercase())
        .is_some_and(|directory| directory.read().unwrap_or_else(std::sync::PoisonError::into_inner).ou_exists(unit));
    if known {
        return Ok(());
    }
    let cause = format!("organizationalUnit: {unit} does not exist");
    Err(ApiRefusal::validation("profile", &[&cause]))
}

fn store(org: &mut SimulatedOrg, request: &SignedInRequest, priority: i64, profile: Map<String, Value>) -> ApiReply {
    let (id, group) = (request.parameter(0), request.parameter(1));
    let now = org.now();
    let Some(app) = org.apps.get_mut(id) else {
        return Err(ApiRefusal::not_found(id, "AppInstance"));
    };
    effective_group::make_room(app, group, priority);
    let assignment = AppGroup { group: group.to_owned(), priority, profile, last_updated: now };
    let former = app.groups.insert(group.to_owned(), assignment);
    let (kind, words) = match former {
        None => ("group.application_assignment.add", "Add assigned application to group"),
        Some(_) => ("group.application_assignment.update", "Update assigned application of group"),
    };
    record_event(org, request, kind, words);
    provisioning::group_assigned(org, id, group);
    get(org, request)
}

fn patch(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    let held = find(app, request.parameter(1))?;
    let mut value = json!({"priority": held.priority, "profile": held.profile});
    json_patch::apply(&mut value, request.body.as_ref())?;
    let body = value.as_object().ok_or_else(ApiRefusal::malformed)?;
    let priority = read_priority(body)?.ok_or_else(ApiRefusal::malformed)?;
    let profile = body.get("profile").and_then(Value::as_object).ok_or_else(ApiRefusal::malformed)?.clone();
    check_unit(org, app, &profile)?;
    store(org, request, priority, profile)
}

fn delete(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let (id, group) = (request.parameter(0), request.parameter(1));
    find(apps::find(org, id)?, group)?;
    record_event(org, request, "group.application_assignment.remove", "Remove assigned application from group");
    provisioning::group_unassigned(org, id, group);
    ApiAnswer::no_content()
}

fn record_event(org: &mut SimulatedOrg, request: &SignedInRequest, kind: &'static str, words: &str) {
    let event = LogEvent::new(kind, words).by(&request.principal);
    let event = event.on_group(org, request.parameter(1)).on_app(org, request.parameter(0));
    log::record(org, event);
}

#[cfg(test)]
mod tests;
