//! Groups: `OKTA_GROUP`, `APP_GROUP` and the built-in Everyone.

use serde_json::{Map, Value, json};

use super::http::{Answer, Handler, Refusal, Reply, Request, Route};
use super::log::{self, Event};
use super::membership_lag;
use super::org2org;
use super::provisioning;
use super::rule_membership;
use super::store::{Group, Org};
use super::wire::{date, link};

pub(super) const ROUTES: &[Route] = &[
    Route { method: "POST", pattern: "/api/v1/groups", handler: Handler::Write(create) },
    Route { method: "GET", pattern: "/api/v1/groups/{groupId}", handler: Handler::Read(get) },
    Route { method: "PUT", pattern: "/api/v1/groups/{groupId}", handler: Handler::Write(replace) },
    Route { method: "DELETE", pattern: "/api/v1/groups/{groupId}", handler: Handler::Write(delete) },
];

/// The longest name, in characters.
const LONGEST_NAME: usize = 255;

fn get(org: &Org, request: &Request) -> Reply {
    let id = request.parameter(0);
    match find(org, id) {
        Ok(group) => Answer::ok(show(org, &request.base, group)),
        Err(refusal) => {
            let target = org2org::target_of_push(org, id).ok_or(refusal)?;
            Answer::ok(show(org, &request.base, &target))
        }
    }
}

/// A group by id; one that is too new for reads is not there yet.
pub(super) fn find<'a>(org: &'a Org, id: &str) -> Result<&'a Group, Refusal> {
    org.groups.get(id).filter(|_| membership_lag::is_seen(org, id)).ok_or_else(|| Refusal::not_found(id, "UserGroup"))
}

fn create(org: &mut Org, request: &Request) -> Reply {
    let profile = checked_profile(org, request, None)?;
    let (id, now) = (org.ids.next("00g"), org.now());
    let group = Group::new(id.clone(), "OKTA_GROUP", profile, now);
    let shown = show(org, &request.base, &group);
    org.groups.insert(id.clone(), group);
    if org.options.new_group_lag_ms > 0 {
        org.recent.groups.insert(id.clone(), now);
    }
    told(org, request, &id, "group.lifecycle.create", "Create Okta group");
    Answer::ok(shown)
}

fn replace(org: &mut Org, request: &Request) -> Reply {
    let id = find(org, request.parameter(0))?.id.clone();
    // Assumed: a profile that is not ours to change is refused like its members.
    if org.groups[&id].kind != "OKTA_GROUP" {
        return Err(Refusal::forbidden());
    }
    let profile = checked_profile(org, request, Some(&id))?;
    let (now, former) = (org.now(), org.groups[&id].name().to_owned());
    if let Some(group) = org.groups.get_mut(&id) {
        group.profile = profile;
        group.last_updated = now;
    }
    told(org, request, &id, "group.profile.update", "Update Okta group");
    org2org::group_changed(org, &id, &former);
    Answer::ok(show(org, &request.base, &org.groups[&id]))
}

fn delete(org: &mut Org, request: &Request) -> Reply {
    let id = find(org, request.parameter(0))?.id.clone();
    if org.groups[&id].kind == "BUILT_IN" {
        return Err(Refusal::forbidden());
    }
    let event = Event::new("group.lifecycle.delete", "Delete Okta group").by(&request.principal).on_group(org, &id);
    provisioning::group_deleted(org, &id);
    forget(org, &id);
    rule_membership::invalidate(org, &id);
    log::record(org, event);
    Answer::no_content()
}

fn forget(org: &mut Org, id: &str) {
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
fn checked_profile(org: &Org, request: &Request, own: Option<&str>) -> Result<Map<String, Value>, Refusal> {
    let body = request.object()?;
    let Some(profile) = body.get("profile").and_then(Value::as_object) else {
        return Err(Refusal::validation("profile", &["profile: The field cannot be left blank"]));
    };
    let name = profile.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
        let cause =
            if name.trim().is_empty() { "name: The field cannot be left blank" } else { "name: The field is too long" };
        return Err(Refusal::validation("name", &[cause]));
    }
    if is_taken(org, name, own) {
        return Err(Refusal::validation(
            "name",
            &["name: An object with this field already exists in the current organization"],
        ));
    }
    let mut profile = profile.clone();
    profile.entry("description").or_insert_with(|| Value::from(""));
    Ok(profile)
}

/// Names are unique among the groups that Okta itself keeps.
fn is_taken(org: &Org, name: &str, own: Option<&str>) -> bool {
    org.groups.values().any(|group| group.kind != "APP_GROUP" && group.name() == name && own != Some(group.id.as_str()))
}

fn told(org: &mut Org, request: &Request, id: &str, kind: &'static str, message: &str) {
    let event = Event::new(kind, message).by(&request.principal).on_group(org, id);
    log::record(org, event);
}

/// A group on the wire.
pub(super) fn show(org: &Org, base: &str, group: &Group) -> Value {
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
