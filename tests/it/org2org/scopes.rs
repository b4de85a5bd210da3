//! Service apps with the scopes that `check` tells, in both orgs, and with any one less.

use serde_json::{Value, json};

use super::{ADA, run_id};
use crate::pair::Org::{self, Hub, Spoke};
use crate::pair::{Pair, USERS};
use crate::stage::Ran;

/// Both orgs with a service app each, which signs the runs.
fn with_service_apps() -> Pair {
    let pair = Pair::with(|scenario| {
        let orgs = scenario["orgs"].as_array_mut().unwrap();
        for org in orgs {
            org["clients"] = json!([{"label": "Runbooks", "roles": ["SUPER_ADMIN"], "scopes": []}]);
        }
    });
    pair.0.write_profiles_by_key(&["spoke", "hub"]);
    pair
}

fn of(org: Org) -> &'static str {
    if org == Spoke { "spoke" } else { "hub" }
}

/// Grants just these to the service app of an org.
fn grant(pair: &Pair, org: Org, scopes: &[&str]) {
    let path = format!("/api/v1/apps/{}/grants", pair.0.service_app_of(of(org)).0);
    for held in pair.get(org, &path).as_array().unwrap() {
        let id = held["id"].as_str().unwrap();
        pair.done(org, "DELETE", &format!("{path}/{id}"), &Value::Null);
    }
    for scope in scopes {
        let body = json!({"issuer": pair.url(org), "scopeId": scope});
        pair.done(org, "POST", &path, &body);
    }
}

/// What a runbook needs in each org, as it is told.
fn needed(pair: &Pair, runbook: &str) -> [(Org, Vec<String>); 2] {
    let name = format!("org2org/{runbook}");
    let told = pair.ran(&["check", &name, "--output", "json"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    [Spoke, Hub].map(|org| {
        let scopes = told[0]["scopes_by_org"][of(org)].as_array().unwrap();
        (org, scopes.iter().map(|it| it.as_str().unwrap().to_owned()).collect())
    })
}

/// Runs it with any scope less, which is seen before anything is written, then with all of them.
fn suffices(pair: &Pair, runbook: &str, parameters: &[&str]) -> Ran {
    let needed = needed(pair, runbook);
    let granted = |less: Option<(Org, &String)>| {
        for (org, scopes) in &needed {
            let scopes = scopes.iter().filter(|scope| less != Some((*org, *scope)));
            grant(pair, *org, &scopes.map(String::as_str).collect::<Vec<_>>());
        }
    };
    let mut tried = 0;
    for (org, scopes) in &needed {
        for scope in scopes {
            granted(Some((*org, scope)));
            let before = pair.picture();
            pair.run(runbook, parameters)
                .exits(2)
                .says(&[&format!("the access token for `{}` lacks scopes", of(*org)), scope]);
            assert_eq!(pair.picture(), before, "{runbook} without {scope}");
            tried += 1;
        }
    }
    assert!(tried > 1, "{needed:?}");
    granted(None);
    let ran = pair.run(runbook, parameters);
    assert!(!ran.said().contains("insufficient_scope"), "{ran}");
    ran
}

fn is_taken_back(pair: &Pair, ran: &Ran) {
    let undone = pair.ran(&["undo", &run_id(ran), "--yes"]);
    undone.exits(0);
    assert!(!undone.said().contains("insufficient_scope"), "{undone}");
}

#[test]
fn the_least_scopes_of_the_parts_suffice_and_each_is_needed() {
    let pair = with_service_apps();
    let token = "hub_token=env:TOKEN_OF_HUB";
    let connected = suffices(&pair, "configure_provisioning", &[token]);
    connected.exits(0);
    let users = format!("users={ADA}=active_with_pass");
    let assigned = suffices(&pair, "assign_users", &[&users, "timeout=10"]);
    assigned.exits(0);
    is_taken_back(&pair, &assigned);
    suffices(&pair, "assign_users", &[&users, "timeout=10"]).exits(0);
    let pushed = suffices(&pair, "push_groups", &["groups=Hub Research", "timeout=10"]);
    pushed.exits(0);
    is_taken_back(&pair, &pushed);
    // Its switch is a person's.
    suffices(&pair, "enable_profile_sourcing", &[]).exits(4);
}

#[test]
fn the_least_scopes_of_the_whole_suffice_and_each_is_needed() {
    let pair = with_service_apps();
    let parameters = ["hub_token=env:TOKEN_OF_HUB", USERS, "groups=Hub Research", "timeout=20"];
    let ran = suffices(&pair, "setup", &parameters);
    ran.exits(0);
    is_taken_back(&pair, &ran);
}

#[test]
fn the_least_scopes_of_a_connection_by_a_service_app_suffice_and_each_is_needed() {
    let pair = with_service_apps();
    let ran = suffices(&pair, "configure_provisioning_oauth", &[]);
    ran.exits(0);
    is_taken_back(&pair, &ran);
}
