//! Groups: `OKTA_GROUP`, `APP_GROUP` and the built-in Everyone.

use serde_json::{Map, Value, json};

use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::log::{self, LogEvent};
use super::membership_lag;
use super::org2org;
use super::provisioning;
use super::rule_membership;
use super::store::{SimulatedOrg, StoredGroup};
use super::wire::{date, link};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "POST", pattern: "/api/v1/groups", handler: RouteHandler::Write(create) },
    ApiRoute { method: "GET", pattern: "/api/v1/groups/{groupId}", handler: RouteHandler::Read(get) },
    ApiRoute { method: "PUT", pattern: "/api/v1/groups/{groupId}", handler: RouteHandler::Write(replace) },
    ApiRoute { method: "DELETE", pattern: "/api/v1/groups/{groupId}", handler: RouteHandler::Write(delete) },
];

/// The longest name, in characters.
const LONGEST_NAME: usize = 255;

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = request.parameter(0);
    match find(org, id) {
        Ok(group) => ApiAnswer::ok(show(org, &request.base, group)),
        Err(refusal) => {
            let target = org2org::target_of_push(org, id).ok_or(refusal)?;
            ApiAnswer::ok(show(org, &request.base, &target))
        }
    }
}

/// A group by id; one that is too new for reads is not there yet.
pub(super) fn find<'a>(org: &'a SimulatedOrg, id: &str) -> Result<&'a StoredGroup, ApiRefusal> {
    org.groups
        .get(id)
        .filter(|_| membership_lag::is_seen(org, id))
        .ok_or_else(|| ApiRefusal::not_found(id, "UserGroup"))
}

fn create(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let profile = checked_profile(org, request, None)?;
    let (id, now) = (org.ids.next("00g"), org.now());
    let group = StoredGroup::new(id.clone(), "OKTA_GROUP", profile, now);
    let shown = show(org, &request.base, &group);
    org.groups.insert(id.clone(), group);
    if org.options.new_group_lag_ms > 0 {
        org.recent.groups.insert(id.clone(), now);
    }
    log_group_change(org, request, &id, "group.lifecycle.create", "Create Okta group");
    ApiAnswer::ok(shown)
}

fn replace(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = find(org, request.parameter(0))?.id.clone();
    // Assumed: a profile that is not ours to change is refused like its members.
    if org.groups[&id].kind != "OKTA_GROUP" {
        return Err(ApiRefusal::forbidden());
    }
    let profile = checked_profile(org, request, Some(&id))?;
    let (now, former) = (org.now(), org.groups[&id].name().to_owned());
    if let Some(group) = org.groups.get_mut(&id) {
        group.profile = profile;
        group.last_updated = now;
    }
    log_group_change(org, request, &id, "group.profile.update", "Update Okta group");
    org2org::group_changed(org, &id, &former);
    ApiAnswer::ok(show(org, &request.base, &org.groups[&id]))
}

fn delete(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = find(org, request.parameter(0))?.id.clone();
    if org.groups[&id].kind == "BUILT_IN" {
        return Err(ApiRefusal::forbidden());
    }
    let event = LogEvent::new("group.lifecycle.delete", "Delete Okta group").by(&request.principal).on_group(org, &id);
    provisioning::group_deleted(org, &id);
    forget(org, &id);
    rule_membership::invalidate(org, &id);
    log::record(org, event);
    ApiAnswer::no_content()
}

fn forget(org: &mut SimulatedOrg, id: &str) {
    let Some(group) = org.groups.remove(id) else {
        return;
    };
    org.recent.groups.remove(id);
    org.roles.remove(id);
    org.recent.memberships.retain(|change| change.group != id);
    for app in org.apps.values_mut() {
        app.groups.remove(id);
    }
    for user in &group.members {
        if let Some(user) = org.users.get_mut(user) {
            user.groups.remove(id);
        }
        provisioning::membership_changed(org, user);
    }
}

/// The body's profile: a name of 1 to 255 characters that no other group has, and perhaps a description.
fn checked_profile(
    org: &SimulatedOrg,
    request: &SignedInRequest,
    own: Option<&str>,
) -> Result<Map<String, Value>, ApiRefusal> {
    let body = request.object()?;
    let Some(profile) = body.get("profile").and_then(Value::as_object) else {
        return Err(ApiRefusal::validation("profile", &["profile: The field cannot be left blank"]));
    };
    let name = profile.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
        let cause =
            if name.trim().is_empty() { "name: The field cannot be left blank" } else { "name: The field is too long" };
        return Err(ApiRefusal::validation("name", &[cause]));
    }
    if is_taken(org, name, own) {
        return Err(ApiRefusal::validation(
            "name",
            &["name: An object with this field already exists in the current organization"],
        ));
    }
    let mut profile = profile.clone();
    profile.entry("description").or_insert_with(|| Value::from(""));
    Ok(profile)
}

/// Names are unique among the groups that Okta itself keeps.
fn is_taken(org: &SimulatedOrg, name: &str, own: Option<&str>) -> bool {
    org.groups.values().any(|group| group.kind != "APP_GROUP" && group.name() == name && own != Some(group.id.as_str()))
}

fn log_group_change(org: &mut SimulatedOrg, request: &SignedInRequest, id: &str, kind: &'static str, message: &str) {
    let event = LogEvent::new(kind, message).by(&request.principal).on_group(org, id);
    log::record(org, event);
}

/// A group on the wire.
pub(super) fn show(org: &SimulatedOrg, base: &str, group: &StoredGroup) -> Value {
    let path = format!("/api/v1/groups/{}", group.id);
    let mut links = json!({
        "logo": [
            {"name": "medium", "href": format!("{base}/assets/img/logos/groups/odyssey/okta-medium.png"), "type": "image/png"},
            {"name": "large", "href": format!("{base}/assets/img/logos/groups/odyssey/okta-large.png"), "type": "image/png"},
        ],
        "owners": link(base, &format!("{path}/owners")),
        "users": link(base, &format!("{path}/users")),
        "apps": link(base, &format!("{path}/apps")),
    });
    if let Some(source) = group.source.as_ref().filter(|id| org.apps.contains_key(*id)) {
        links["source"] = link(base, &format!("/api/v1/apps/{source}"));
    }
    json!({
        "id": group.id,
        "created": date(group.created),
        "lastUpdated": date(group.last_updated),
        "lastMembershipUpdated": date(group.last_membership_updated),
        "objectClass": [group.object_class],
        "type": group.kind,
        "profile": group.profile,
        "_links": links,
    })
}
