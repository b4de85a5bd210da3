//! Agent pools: the AD agents of each AD instance. A pool's id is the app instance's (recorded).

use serde_json::{Value, json};

use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::pages::{self, PageSize};
use super::store::{ActiveDirectory, AdAgent, EpochMillis, SimulatedOrg, StoredApp};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/agentPools", handler: RouteHandler::Read(list) },
    ApiRoute {
        method: "GET",
        pattern: "/api/v1/agentPools/{poolId}/updates",
        handler: RouteHandler::Read(list_updates),
    },
    ApiRoute {
        method: "GET",
        pattern: "/api/v1/agentPools/{poolId}/updates/settings",
        handler: RouteHandler::Read(get_settings),
    },
];

/// The version that counts as the latest one.
const LATEST: &str = "3.22.0";
const TYPES: &[&str] = &["AD", "IWA", "LDAP", "MFA", "OPP", "RUM", "Radius", "OPA", "SDK"];

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let kind = request.query("poolType").filter(|kind| !kind.is_empty());
    if let Some(kind) = kind.filter(|kind| !TYPES.contains(kind)) {
        return Err(ApiRefusal::mismatch("poolType", kind));
    }
    let size = PageSize { default: page_size(request)?, maximum: 200 };
    pages::of_map(request, size, &org.apps, |app| {
        let directory = app.active_directory.as_ref()?;
        kind.is_none_or(|kind| kind == "AD").then(|| show(app, directory, org.now()))
    })
}

/// Five pools of each type, unless told otherwise.
fn page_size(request: &SignedInRequest) -> Result<usize, ApiRefusal> {
    let Some(text) = request.query("limitPerPoolType") else {
        return Ok(5);
    };
    let size: usize = text.parse().map_err(|_| ApiRefusal::mismatch("limitPerPoolType", text))?;
    Ok(size.max(1))
}

/// Updates of agents are not scheduled here: none, as recorded for unknown pools too.
fn list_updates(_: &SimulatedOrg, _: &SignedInRequest) -> ApiReply {
    ApiAnswer::ok(json!([]))
}

fn get_settings(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = request.parameter(0);
    match org.apps.get(id).filter(|app| app.active_directory.is_some()) {
        Some(_) => Err(ApiRefusal::not_modelled("the update settings of agent pools")),
        None => Err(ApiRefusal::not_found(id, "AppInstance")),
    }
}

fn show(app: &StoredApp, directory: &ActiveDirectory, now: EpochMillis) -> Value {
    let down = directory.agents.iter().filter(|agent| !agent.up).count();
    json!({
        "id": app.id,
        "name": app.label,
        "type": "AD",
        "operationalStatus": pool_status(down, directory.agents.len()),
        "agents": directory.agents.iter().map(|agent| show_agent(app, agent, now)).collect::<Vec<_>>(),
        "disruptedAgents": down,
        "inactiveAgents": 0,
    })
}

/// Assumed: some agents down is DEGRADED, all of them DISRUPTED, none at all INACTIVE.
fn pool_status(down: usize, all: usize) -> &'static str {
    match (down, all) {
        (_, 0) => "INACTIVE",
        (0, _) => "OPERATIONAL",
        (down, all) if down < all => "DEGRADED",
        _ => "DISRUPTED",
    }
}

fn show_agent(app: &StoredApp, agent: &AdAgent, now: EpochMillis) -> Value {
    json!({
        "id": agent.id,
        "type": "AD",
        "operationalStatus": if agent.up { "OPERATIONAL" } else { "DISRUPTED" },
        "updateStatus": null,
        "updateMessage": null,
        "version": agent.version,
        // An agent that is up asks for work all the time.
        "lastConnection": if agent.up { now } else { agent.last_connection },
        "latestGAedVersion": agent.version == LATEST,
        "isLatestGAedVersion": agent.version == LATEST,
        "poolId": app.id,
        "name": agent.name,
        "isHidden": false,
    })
}
