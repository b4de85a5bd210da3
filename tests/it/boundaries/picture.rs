//! The state of an org as two executions of the same can be compared.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Without times and what goes on by itself; things are called by their names, since ids depend on who came first.
pub(super) fn of(mut org: Value) -> Value {
    forget(&mut org);
    without_deactivated(&mut org);
    let names = names(&org);
    let mut org = named(&org, &names);
    sorted(&mut org);
    org
}

/// Times and logs differ from run to run.
fn forget(value: &mut Value) {
    const PASSING: &[&str] = &[
        "now",
        "events",
        "log",
        "created",
        "lastUpdated",
        "lastMembershipUpdated",
        "statusChanged",
        "lastSync",
        "expires",
        "expiresAt",
        "lastConnection",
        "tasks",
        "activated",
        "passwordChanged",
        "updated",
        "jobs",
        // The hub has another port each time.
        "baseUrl",
    ];
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !PASSING.contains(&name.as_str()));
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}

/// Whom provisioning made and deactivated again is as good as gone: no undo deletes people.
fn without_deactivated(org: &mut Value) {
    let users = org["users"].as_object_mut().unwrap();
    let gone: Vec<String> =
        users.iter().filter(|(_, user)| user["status"] == "DEPROVISIONED").map(|(id, _)| id.clone()).collect();
    users.retain(|id, _| !gone.contains(id));
    for group in org["groups"].as_object_mut().unwrap().values_mut() {
        let members = group["members"].as_array_mut().unwrap();
        members.retain(|id| !gone.iter().any(|gone| *id == **gone));
    }
}

/// What each id stands for, in the org's own words.
fn names(org: &Value) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (kind, fields) in [
        ("users", ["login", "login"]),
        ("groups", ["type", "name"]),
        ("apps", ["name", "label"]),
        ("rules", ["name", "name"]),
    ] {
        for (id, thing) in org[kind].as_object().into_iter().flatten() {
            let words = fields.map(|field| thing[field].as_str().unwrap_or_default());
            names.insert(id.clone(), words.join(" "));
        }
    }
    names
}

/// Ids of pushes, and those of another org, become those of their kind.
fn named(value: &Value, names: &BTreeMap<String, String>) -> Value {
    let name = |text: &str| match names.get(text) {
        Some(name) => name.clone(),
        None if is_id(text) => text[..3].to_owned(),
        None => text.to_owned(),
    };
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (name(key), named(value, names)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| named(item, names)).collect(),
        Value::String(text) => name(text).into(),
        other => other.clone(),
    }
}

/// Of a thing that has no name: of another org, a push, an assignment of a role.
fn is_id(text: &str) -> bool {
    const KINDS: &[&str] = &["00", "gPm", "0oa", "ra1", "irb"];
    text.len() == 20 && KINDS.iter().any(|kind| text.starts_with(kind))
}

/// Things and members stand in the order of their ids.
fn sorted(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(sorted);
            fields.sort_keys();
        }
        Value::Array(items) => {
            items.iter_mut().for_each(sorted);
            items.sort_by_key(Value::to_string);
        }
        _ => {}
    }
}
