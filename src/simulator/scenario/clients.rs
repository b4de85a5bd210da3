//! Service apps and native apps of a scenario, with their keys, scopes and roles.

use std::sync::Arc;

use serde_json::Value;

use super::super::oauth::{ClientApp, ClientKeys, ClientKind, GeneratedKey, ScopeGrant, document_of};
use super::super::store::SimulatedOrg;
use super::ad_instance;
use super::people;
use super::problems::ScenarioProblems;
use super::spec::ClientSpec;

/// Granted where the scenario names none: the families that runbooks touch. A `.manage` scope implies its `.read`, yet is asked for
/// by its own name, so both are granted.
const FAMILIES: &[&str] = &[
    "users",
    "groups",
    "apps",
    "profileMappings",
    "schemas",
    "roles",
    "appGrants",
    "agentPools",
    "logs",
    "apiTokens",
    "orgs",
];

pub(super) fn add(org: &mut SimulatedOrg, plan: &ClientSpec, problems: &mut ScenarioProblems) {
    let id = plan.client_id.clone().unwrap_or_else(|| org.ids.next("0oa"));
    if org.oauth.clients.contains_key(&id) {
        problems.add(format!("org {:?}: there are two clients {id:?}", org.name));
        return;
    }
    people::give_roles(org, &id, "ra1", &plan.roles);
    let scopes = plan.scopes.clone().unwrap_or_else(all_scopes);
    let grants = grants(org, &scopes);
    let client = ClientApp {
        id: id.clone(),
        label: plan.label.clone(),
        kind: kind(org, plan, problems),
        active: plan.active,
        keys: keys(org, plan, problems),
        grants,
        dpop: plan.dpop,
    };
    let mut app = ad_instance::blank_app(org, "oidc_client", &client.label);
    app.id.clone_from(&id);
    if !client.active {
        "INACTIVE".clone_into(&mut app.status);
    }
    app.document = document_of(&client);
    org.apps.insert(id.clone(), app);
    org.oauth.clients.insert(id, client);
}

/// Grants of these scopes.
pub(super) fn grants(org: &mut SimulatedOrg, scopes: &[String]) -> Vec<ScopeGrant> {
    let now = org.now();
    let grant = |scope: &String| ScopeGrant { id: org.ids.next("oag"), scope: scope.clone(), created: now };
    scopes.iter().map(grant).collect()
}

fn kind(org: &SimulatedOrg, plan: &ClientSpec, problems: &mut ScenarioProblems) -> ClientKind {
    match plan.kind.as_str() {
        "service" => return ClientKind::Service,
        "native" => {}
        other => problems.add(format!(
            "org {:?}: client {:?} has the unknown type {other:?}: service or native",
            org.name, plan.label
        )),
    }
    ClientKind::Native
}

fn keys(org: &SimulatedOrg, plan: &ClientSpec, problems: &mut ScenarioProblems) -> ClientKeys {
    let Some(keys) = &plan.keys else {
        return ClientKeys::Generated(Arc::new(GeneratedKey::default()));
    };
    if keys.iter().any(|key: &Value| key.get("d").is_some()) {
        problems.add(format!("org {:?}: client {:?} has a private key among its public ones", org.name, plan.label));
    }
    ClientKeys::Given(keys.clone())
}

fn all_scopes() -> Vec<String> {
    FAMILIES.iter().flat_map(|family| ["read", "manage"].map(|verb| format!("okta.{family}.{verb}"))).collect()
}
