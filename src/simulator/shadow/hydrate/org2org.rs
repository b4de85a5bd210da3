//! What Org2Org apps and service apps have beyond an app, and profile mappings.

use serde_json::Value;

use super::super::super::mappings;
use super::super::super::oauth::ScopeGrant;
use super::super::super::org2org::GroupPush;
use super::super::super::store::SimulatedOrg;
use super::fields::{first, object, text, time};

/// The API integration, whose credentials no API shows.
pub(in super::super) fn connection(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    let app = first(parameters);
    let path = format!("/api/v1/apps/{app}/connections/default");
    let is_one = org.apps.get(app).is_some_and(|app| app.org2org.is_some());
    if !is_one || !org.is_news(path) {
        return;
    }
    if let Some(part) = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut()) {
        part.connection.read(body);
    }
}

pub(in super::super) fn feature(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    let (app, name) = (first(parameters), text(body, "name"));
    let path = format!("/api/v1/apps/{app}/features/{name}");
    let is_one = org.apps.get(app).is_some_and(|app| app.org2org.is_some());
    if !is_one || !org.is_news(path) {
        return;
    }
    if let Some(part) = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut()) {
        part.read_feature(&name, &body["capabilities"]);
    }
}

pub(in super::super) fn push(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    let (app, id) = (first(parameters), text(body, "id"));
    let is_one = org.apps.get(app).is_some_and(|app| app.org2org.is_some());
    if !is_one || id.is_empty() || !org.is_news(format!("/api/v1/apps/{app}/group-push/mappings/{id}")) {
        return;
    }
    let ends = ["targetGroupId", "sourceGroupId"].map(|name| text(body, name));
    let named = ends.iter().find_map(|id| org.groups.get(id));
    let name = named.map_or("", |group| group.name()).to_owned();
    let push = GroupPush::read(body, &name, time);
    if let Some(part) = org.apps.get_mut(app).and_then(|app| app.org2org.as_mut()) {
        part.pushes.insert(id, push);
    }
}

/// A scope that a service app has.
pub(in super::super) fn grant(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    let (app, id) = (first(parameters), text(body, "id"));
    if id.is_empty() || !org.oauth.clients.contains_key(app) {
        return;
    }
    if !org.is_news(format!("/api/v1/apps/{app}/grants/{id}")) {
        return;
    }
    if let Some(client) = org.oauth.clients.get_mut(app) {
        client.grants.push(ScopeGrant {
            id,
            scope: text(body, "scopeId"),
            created: time(body, "created").unwrap_or_default(),
        });
    }
}

/// A mapping of an app; lists leave out what it maps, which is read when it is changed.
pub(in super::super) fn mapping(org: &mut SimulatedOrg, _: &[String], body: &Value) {
    let id = text(body, "id");
    let (source, target) = (&body["source"]["id"], &body["target"]["id"]);
    let of = |end: &Value| {
        let id = end.as_str().filter(|id| org.apps.contains_key(*id));
        id.map(str::to_owned)
    };
    let (app, direction) = match (of(source), of(target)) {
        (Some(app), _) => (app, mappings::MappingDirection::ToOkta),
        (None, Some(app)) => (app, mappings::MappingDirection::ToApp),
        (None, None) => return,
    };
    let whole = body["properties"].is_object();
    if id.is_empty() || !whole || !org.is_news(format!("/api/v1/mappings/{id}")) {
        return;
    }
    let Some(app) = org.apps.get_mut(&app) else {
        return;
    };
    let held = app.mappings.iter_mut().find(|mapping| mapping.direction == direction);
    if let Some(held) = held {
        held.id = id;
        held.properties = object(&body["properties"]);
    }
}
