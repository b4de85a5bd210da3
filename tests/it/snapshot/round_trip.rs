//! An org, a snapshot of all of it, and the org that the snapshot makes: the same but for times and what is nobody's.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{GROWN, grown, scenario, snapshot, text};
use crate::pair::Org::{Hub, Spoke};
use crate::pair::Pair;
use crate::stage::{ADA, BEN, FROM, FROM_GROUP, Stage, TO, TO_GROUP};

/// Fields that are another's in every simulator.
const OWN: &[&str] = &[
    "now",
    "tokens",
    "events",
    "created",
    "activated",
    "lastUpdated",
    "lastMembershipUpdated",
    "sid",
    "objectSid",
    "baseUrl",
    "hubGroup",
];

/// The state of an org without times, and with the kinds of roles.
fn plain(state: &Value) -> Value {
    let mut state = strip(state);
    state["id"].take();
    let roles = state["roles"].as_object().cloned().unwrap_or_default();
    let known = |owner: &str| ["users", "apps"].iter().any(|kind| state[kind].get(owner).is_some());
    let kinds = roles.into_iter().filter(|(owner, _)| known(owner)).map(|(owner, roles)| {
        let kinds: BTreeSet<String> = roles.as_array().unwrap().iter().map(|role| role["type"].to_string()).collect();
        (owner, json!(kinds))
    });
    let kinds: Map<String, Value> = kinds.filter(|(_, kinds)| *kinds != json!([])).collect();
    state["roles"] = Value::Object(kinds);
    for app in state["apps"].as_object_mut().unwrap().values_mut() {
        if let Some(agents) = app["activeDirectory"]["agents"].as_array_mut() {
            for agent in agents {
                agent["id"].take();
            }
        }
    }
    for directory in state["directories"].as_object_mut().unwrap().values_mut() {
        // Every simulated directory has one of its own for who looks into it.
        let accounts = directory["accounts"].as_array_mut().unwrap();
        accounts.retain(|account| account["cn"] != "svc-okta-runbook");
    }
    state
}

fn strip(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), strip(value))).collect())
        }
        Value::Array(items) => items.iter().map(strip).collect(),
        other => other.clone(),
    }
}

/// Where two values differ first.
fn difference(one: &Value, other: &Value, path: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            names.into_iter().find_map(|name| {
                let at = |of: &Map<String, Value>| of.get(name).cloned().unwrap_or_default();
                difference(&at(left), &at(right), &format!("{path}/{name}"))
            })
        }
        _ if one == other => None,
        _ => Some(format!("{path}: {one} and {other}")),
    }
}

#[track_caller]
fn assert_same(one: &Value, other: &Value) {
    let differs = difference(&plain(one), &plain(other), "");
    assert_eq!(differs, None);
}

fn again(stage: &Stage, file: &str) -> Stage {
    Stage::of(&scenario(stage, file))
}

#[test]
fn the_built_in_org_comes_again() {
    let stage = Stage::of(&json!({}));
    let from = stage.provisioning_group(FROM_GROUP, FROM, 1);
    stage.provisioning_group(TO_GROUP, TO, 0);
    stage.join(&from, ADA);
    let (app, ben) = (stage.app(), stage.user(BEN));
    stage.done("POST", "/api/v1/groups/rules", &json!({"type": "group_rule", "name": "R", "conditions": {"expression":
        {"value": "user.lastName==\"Okafor\"", "type": "urn:okta:expression:1.0"}, "people": {"users": {"exclude": [ben]}}},
        "actions": {"assignUserToGroups": {"groupIds": [from]}}}));
    stage.done("POST", &format!("/api/v1/apps/{app}/users/{}", stage.user(ADA)), &json!({"scope": "GROUP"}));
    stage.done("POST", &format!("/api/v1/users/{ben}/lifecycle/suspend"), &Value::Null);
    stage.deed(&json!({"do": "disable_account", "account": "chloe.dubois@corp.example"}));
    stage.done("POST", "/simulator/clock", &json!({"advanceMs": 10_000}));
    while stage.state()["jobs"] != 0 {
        std::thread::yield_now();
    }
    snapshot(&stage, &["-o", "all.json"]).exits(0);
    let own = again(&stage, "all.json");
    assert_same(&stage.state(), &own.state());
    // What it makes is saved as it was saved.
    snapshot(&own, &["-o", "again.json"]).exits(0);
    assert_eq!(text(&own, "again.json"), text(&stage, "all.json"));
}

#[test]
fn a_grown_org_comes_again() {
    let stage = grown();
    snapshot(&stage, &["-o", "all.json"]).exits(0);
    let own = again(&stage, "all.json");
    let mut before = stage.state();
    let user = &mut before["users"]["00uZANFORTH0000000A1"]["profile"];
    user.as_object_mut().unwrap().remove("vpnPassword");
    assert_same(&before, &own.state());
    for path in [
        "/api/v1/apps/0oaZANFORTH0000000C4/grants",
        "/api/v1/apps/0oaZANFORTH0000000C3/connections/default",
        "/api/v1/apps/0oaZANFORTH0000000C3/features",
        "/api/v1/apps/0oaZANFORTH0000000C3/group-push/mappings",
        "/api/v1/agentPools",
    ] {
        let (there, here) = (shown(&stage, path), shown(&own, path));
        assert_eq!(difference(&there, &here, path), None);
    }
    let mapping = "/api/v1/mappings/prmZANFORTH0000000F1";
    assert_eq!(own.get(mapping)["properties"], stage.get(mapping)["properties"]);
    assert!(GROWN.contains("sk-unreadable"), "what is left out is there");
}

/// What an org answers, without links, times and ids of what has no key in a scenario.
fn shown(stage: &Stage, path: &str) -> Value {
    let mut answer = strip(&stage.get(path));
    let items = answer.as_array_mut().map(|items| items.iter_mut().collect::<Vec<_>>());
    for item in items.unwrap_or_default() {
        for own in ["_links", "issuer", "lastPush"] {
            item.as_object_mut().unwrap().remove(own);
        }
        if path.ends_with("grants") {
            item["id"].take();
        }
        if let Some(agents) = item["agents"].as_array_mut() {
            for agent in agents {
                agent["id"].take();
                agent["lastConnection"].take();
            }
        }
    }
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("_links");
    }
    answer
}

#[test]
fn two_orgs_and_what_connects_them_come_again() {
    let pair = Pair::new();
    pair.set_up(&[]).exits(0);
    let ran = pair.ran(&["snapshot", "-o", "pair.json", "--org", "spoke=spoke", "--org", "hub=hub"]);
    ran.exits(0).says(&["wrote pair.json: 2 orgs", "API integrations between orgs of the snapshot (1)"]);
    let saved = scenario(&pair.0, "pair.json");
    let own = Pair::of(Stage::of(&with_directory(saved)));
    for org in [Spoke, Hub] {
        let states = [&pair, &own].map(|pair| pair.get(org, "/simulator/state"));
        assert_same(&without_directories(&states[0]), &without_directories(&states[1]));
    }
    let app = own.app();
    let connection = own.get(Spoke, &format!("/api/v1/apps/{app}/connections/default"));
    assert_eq!((&connection["status"], &connection["baseUrl"]), (&json!("ENABLED"), &json!(own.url(Hub))));
    // It works: one more is provisioned into the hub.
    own.run("assign_users", &["users=emil.berg@spoke.example", "timeout=20"]).exits(0);
    assert_eq!(own.user(Hub, "emil.berg@spoke.example")["status"], "PROVISIONED");
    own.run("push_groups", &["groups=Hub Finance", "timeout=20"]).exits(0);
}

fn with_directory(mut scenario: Value) -> Value {
    scenario["directories"] = json!([{"domain": "corp.example"}]);
    scenario["options"] = json!({"limits": {"enabled": false}, "jobDelayMs": 0});
    scenario
}

fn without_directories(state: &Value) -> Value {
    let mut state = state.clone();
    state["directories"] = json!({});
    state
}

#[test]
fn without_a_directory_accounts_are_as_okta_has_them() {
    let stage = Stage::of(&json!({}));
    stage.write("okta-runbook.toml", "");
    let ran = snapshot(&stage, &["-o", "all.json"]);
    ran.exits(0).says(&["not looked at", "corp.example"]);
    let saved = scenario(&stage, "all.json");
    assert_eq!(saved["directories"][0]["imagined"], true);
    assert_eq!(saved["directories"][0]["accounts"].as_array().unwrap().len(), 24);
}
