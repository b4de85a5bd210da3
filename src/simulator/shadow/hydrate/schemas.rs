//! Attributes that the real org's schemas define beyond those that the simulator knows.

use serde_json::{Map, Value};

use super::super::super::schemas;
use super::super::super::store::SimulatedOrg;
use super::super::super::user_profile;
use super::fields::first;

pub(in super::super) fn app_schema(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    let id = first(parameters);
    let unread = org.apps.get(id).is_some_and(|app| app.schema_unread);
    if !unread || !org.is_news(format!("/api/v1/meta/schemas/apps/{id}/default")) {
        return;
    }
    let Some(app) = org.apps.get_mut(id) else {
        return;
    };
    let mut defined = all(body);
    defined.retain(|name, _| !schemas::is_base(app, name));
    app.custom_attributes = defined;
    app.schema_unread = false;
}

pub(in super::super) fn user_schema(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    let path = format!("/api/v1/meta/schemas/user/{}", first(parameters));
    if !org.schema_unread || !org.is_news(path) {
        return;
    }
    let mut defined = all(body);
    defined.retain(|name, _| !user_profile::is_base(name));
    org.custom_attributes = defined;
    org.schema_unread = false;
}

/// Definitions of both parts of a schema, each with whether it has to be given.
fn all(body: &Value) -> Map<String, Value> {
    let mut defined = Map::new();
    for part in ["base", "custom"] {
        let part = &body["definitions"][part];
        let required: Vec<&Value> = part["required"].as_array().into_iter().flatten().collect();
        for (name, definition) in part["properties"].as_object().into_iter().flatten() {
            let mut definition = definition.clone();
            if required.iter().any(|one| *one == name) {
                definition["required"] = true.into();
            }
            defined.insert(name.clone(), definition);
        }
    }
    defined
}
