//! A plan and then the run, and the org before and after.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::equality::{Bound, Sure, effect, writes};
use crate::stage::Ran;

/// An org as it is called: its name, and how a request is sent.
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    pub(super) get: &'a dyn Fn(&str) -> (u16, Value),
}

impl Place<'_> {
    fn state(&self) -> Value {
        (self.get)("/simulator/state").1
    }

    fn thing(&self, path: &str) -> Value {
        match (self.get)(path) {
            (200, thing) => thing,
            _ => Value::Null,
        }
    }
}

/// What was compared.
pub(super) struct Compared {
    pub(super) sure: Sure,
    pub(super) writes: usize,
    pub(super) code: Option<i32>,
}

/// Runs `plan` and `run`, and holds the one against the other.
pub(super) fn plan_against_run(
    places: &[Place<'_>],
    plan: impl FnOnce() -> Ran,
    run: impl FnOnce() -> Ran,
    report: impl FnOnce(&str) -> Value,
) -> Result<Compared, String> {
    let before: BTreeMap<&str, Value> = places.iter().map(|place| (place.name, place.state())).collect();
    let planned = plan();
    for place in places {
        let now = place.state();
        if differences(&before[place.name], &now) != BTreeSet::new() {
            return Err(format!("the plan changed {}\n{planned}", place.name));
        }
    }
    let Ok(told) = serde_json::from_str::<Value>(&planned.stdout) else {
        return Err(format!("no plan is told\n{planned}"));
    };
    let ran = run();
    let id = ran.events().last().map(|event| event["run"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
    let evidence = if id.is_empty() { json!({"writes": []}) } else { report(&id) };
    let mut bound = Bound::default();
    let sure = writes(&told, &evidence, &mut bound)
        .map_err(|wrong| format!("{}\n--- plan\n{planned}\n--- run\n{ran}", wrong.join("\n")))?;
    let by_hand = !told["manual"].as_array().unwrap().is_empty();
    if planned.code != ran.code && told["counts"]["may"] == 0 && !by_hand {
        return Err(format!("other exit codes\n--- plan\n{planned}\n--- run\n{ran}"));
    }
    if sure == Sure::Yes && planned.code == ran.code {
        ends(places, &before, &told, &mut bound)
            .map_err(|wrong| format!("{}\n--- plan\n{planned}\n--- run\n{ran}", wrong.join("\n")))?;
    }
    Ok(Compared { sure, writes: evidence["writes"].as_array().unwrap().len(), code: ran.code })
}

/// Holds the predicted ends against the orgs: every effect is so, and nothing else has changed.
fn ends(
    places: &[Place<'_>],
    before: &BTreeMap<&str, Value>,
    plan: &Value,
    bound: &mut Bound,
) -> Result<(), Vec<String>> {
    let mut wrong = Vec::new();
    for place in places {
        let after = place.state();
        let effects = plan["effects"].as_array().unwrap();
        let mut expected = BTreeSet::new();
        let own = |effect: &&Value| effect["place"] == place.name || !effect["path"].as_str().unwrap().starts_with('/');
        for one in effects.iter().filter(own) {
            name_what_is_made(&after, one, bound);
        }
        for one in effects.iter().filter(own) {
            let path = one["path"].as_str().unwrap();
            let Some(path) = bound.real(path) else {
                wrong.push(format!("{path} is not there"));
                continue;
            };
            let real = real(place, &after, &path, one);
            expected.insert(path);
            if let Err(why) = effect(one, &real, bound) {
                wrong.push(why);
            }
        }
        let unexpected = differences(&before[place.name], &after);
        let unexpected = unexpected.difference(&expected);
        wrong.extend(unexpected.map(|path| format!("{}: {path} changed unforeseen", place.name)));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// What provisioning makes is known by its name.
fn name_what_is_made(state: &Value, effect: &Value, bound: &mut Bound) {
    let path = effect["path"].as_str().unwrap();
    let Some((collection, id)) = path.rsplit_once('/') else {
        return;
    };
    if !id.contains("PLANNED") || effect["made"].is_null() {
        return;
    }
    if let Some(app) = collection.strip_suffix("/group-push/mappings") {
        let app = app.rsplit('/').next().and_then(|app| bound.real(app));
        let pushes = state["apps"][app.unwrap_or_default()]["pushes"].as_object();
        let source = bound.real(effect["made"]["sourceGroupId"].as_str().unwrap());
        let mut pushes = pushes.into_iter().flatten();
        if let Some((real, _)) = pushes.find(|(_, push)| push["source"].as_str() == source.as_deref()) {
            bound.bind(id, real);
        }
        return;
    }
    let profile = &effect["made"]["profile"];
    let (kind, field, name) = match collection {
        "/api/v1/users" => ("users", "login", &profile["login"]),
        "/api/v1/groups" => ("groups", "name", &profile["name"]),
        "/api/v1/apps" => ("apps", "label", &effect["made"]["label"]),
        _ => return,
    };
    let things = state[kind].as_object().unwrap();
    if let Some((real, _)) = things.iter().find(|(_, thing)| thing[field] == *name) {
        bound.bind(id, real);
    }
}

fn real(place: &Place<'_>, state: &Value, path: &str, effect: &Value) -> Value {
    let parts: Vec<&str> = path.split('/').collect();
    if let ["", "api", "v1", "groups", group, "users", user] = parts[..] {
        let members = state["groups"][group]["members"].as_array().cloned();
        let is_one = members.unwrap_or_default().contains(&json!(user));
        return json!({"there": if is_one { "yes" } else { "no" }});
    }
    if path.starts_with('/') {
        return place.thing(path);
    }
    let (domain, guid) = path.split_once('/').unwrap();
    let accounts = state["directories"][domain]["accounts"].as_array().unwrap();
    let name = &effect["made"]["userPrincipalName"];
    let fits = |account: &&Value| account["guid"] == guid || (!name.is_null() && account["userPrincipalName"] == *name);
    accounts.iter().find(fits).cloned().unwrap_or_default()
}

/// Paths of all that is not as it was.
fn differences(before: &Value, after: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let everyone = |group: &Value| group["type"] == "BUILT_IN";
    for (kind, path) in [("users", "users"), ("groups", "groups"), ("rules", "groups/rules"), ("apps", "apps")] {
        for id in keys(&before[kind], &after[kind]) {
            let (was, is) = (&before[kind][&id], &after[kind][&id]);
            let own = format!("/api/v1/{path}/{id}");
            if kind == "groups" && !everyone(was) && !everyone(is) {
                for user in members(was).symmetric_difference(&members(is)) {
                    found.insert(format!("{own}/users/{user}"));
                }
            }
            if kind == "apps" {
                for part in ["users", "groups"] {
                    for one in keys(&was[part], &is[part]) {
                        if plain(&was[part][&one]) != plain(&is[part][&one]) {
                            found.insert(format!("{own}/{part}/{one}"));
                        }
                    }
                }
            }
            if plain(was) != plain(is) {
                found.insert(own);
            }
        }
    }
    for domain in keys(&before["directories"], &after["directories"]) {
        let rows = |state: &Value| -> BTreeMap<String, Value> {
            let rows = state["directories"][&domain]["accounts"].as_array().cloned();
            let rows = rows.unwrap_or_default().into_iter();
            rows.map(|row| (row["guid"].as_str().unwrap().to_owned(), row)).collect()
        };
        let (was, is) = (rows(before), rows(after));
        let all: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        let changed = all.into_iter().filter(|guid| was.get(*guid) != is.get(*guid));
        found.extend(changed.map(|guid| format!("{domain}/{guid}")));
    }
    found
}

fn keys(before: &Value, after: &Value) -> BTreeSet<String> {
    let of = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (before, after) = (of(before), of(after));
    before.keys().chain(after.keys()).cloned().collect()
}

fn members(group: &Value) -> BTreeSet<String> {
    let members = group["members"].as_array().cloned().unwrap_or_default();
    members.iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Without what has a path of its own, and without times.
fn plain(thing: &Value) -> Value {
    let mut thing = thing.clone();
    if let Some(fields) = thing.as_object_mut() {
        let apart = |name: &String| {
            [
                "members",
                "groups",
                "users",
                "lastUpdated",
                "lastMembershipUpdated",
                "created",
                "connection",
                "pushes",
                "activeDirectory",
            ]
            .contains(&name.as_str())
        };
        fields.retain(|name, _| !apart(name));
    }
    thing
}
