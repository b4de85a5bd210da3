//! `/apps/{a}/features`: what is pushed to the hub and imported from it.

use serde_json::{Value, json};

use super::super::apps;
use super::super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::super::log::{self, LogEvent};
use super::super::model::org2org_app::Org2OrgApp;
use super::super::store::{SimulatedOrg, StoredApp};
use super::app_features::show_features;

pub(in crate::simulator) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/features", handler: RouteHandler::Read(list) },
    ApiRoute {
        method: "GET",
        pattern: "/api/v1/apps/{appId}/features/{featureName}",
        handler: RouteHandler::Read(get),
    },
    ApiRoute {
        method: "PUT",
        pattern: "/api/v1/apps/{appId}/features/{featureName}",
        handler: RouteHandler::Write(replace),
    },
];

const OUTBOUND: &str = "USER_PROVISIONING";
const INBOUND: &str = "INBOUND_PROVISIONING";

/// Places of the capabilities and the values each takes (Okta's API description).
const CHOICES: &[(&str, &[&str])] = &[
    ("/create/lifecycleCreate/status", STATUS),
    ("/update/profile/status", STATUS),
    ("/update/lifecycleDeactivate/status", STATUS),
    ("/update/password/status", STATUS),
    ("/update/password/seed", &["RANDOM", "OKTA"]),
    ("/update/password/change", &["KEEP_EXISTING", "CHANGE"]),
    ("/importSettings/username/userNameFormat", &["EMAIL", "CUSTOM"]),
    ("/importSettings/schedule/status", STATUS),
    ("/importRules/userCreateAndMatch/exactMatchCriteria", &["EMAIL", "USERNAME"]),
];
const STATUS: &[&str] = &["ENABLED", "DISABLED"];

/// Told of `okta_org2org` and few others, never of AD, and only while the API integration is on (recorded causes).
fn find<'a>(org: &'a SimulatedOrg, request: &SignedInRequest) -> Result<(&'a StoredApp, &'a Org2OrgApp), ApiRefusal> {
    let app = apps::find(org, request.parameter(0))?;
    let cause = match &app.org2org {
        Some(part) if part.connection.enabled => return Ok((app, part)),
        Some(_) => "Provisioning is not enabled for the app instance.",
        None => "Provisioning is not supported.",
    };
    Err(ApiRefusal::validation("feature", &[cause]))
}

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let (app, part) = find(org, request)?;
    let features = [OUTBOUND, INBOUND].map(|name| show(app, part, name, request));
    ApiAnswer::ok(json!(features))
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let name = known_feature(request)?;
    let (app, part) = find(org, request)?;
    ApiAnswer::ok(show(app, part, name, request))
}

fn known_feature(request: &SignedInRequest) -> Result<&'static str, ApiRefusal> {
    let name = request.parameter(1);
    let known = [OUTBOUND, INBOUND].into_iter().find(|one| *one == name);
    known.ok_or_else(|| ApiRefusal::not_found(name, "PublicAppFeatureSetName"))
}

/// The feature's own status stays ENABLED with all its capabilities off (recorded).
fn show(app: &StoredApp, part: &Org2OrgApp, name: &str, request: &SignedInRequest) -> Value {
    let (description, capabilities) = if name == OUTBOUND {
        ("User provisioning settings from Okta to a downstream application", &part.outbound)
    } else {
        ("In-bound provisioning settings for provisioning users from an application to Okta", &part.inbound)
    };
    let own = format!("{}/api/v1/apps/{}/features/{name}", request.base, app.id);
    json!({"name": name, "status": "ENABLED", "description": description, "capabilities": capabilities,
        "_links": {"self": {"href": own, "hints": {"allow": ["GET", "PUT"]}}}})
}

fn replace(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let name = known_feature(request)?;
    let (_, part) = find(org, request)?;
    let given = Value::Object(request.object()?.clone());
    let mut whole = if name == OUTBOUND {
        part.outbound.clone()
    } else {
        // The API description requires both parts of the inbound settings.
        if given.get("importSettings").is_none() || given.get("importRules").is_none() {
            return Err(ApiRefusal::malformed());
        }
        part.inbound.clone()
    };
    merge(&mut whole, &given)?;
    check(&whole)?;
    store(org, request, name, whole);
    get(org, request)
}

/// Partial updates are taken; what no capability is called is not well-formed.
fn merge(into: &mut Value, given: &Value) -> Result<(), ApiRefusal> {
    let (Value::Object(into), Value::Object(given)) = (into, given) else {
        return Err(ApiRefusal::malformed());
    };
    for (name, value) in given {
        let free = matches!(name.as_str(), "userNameExpression" | "fullImport" | "incrementalImport");
        match into.get_mut(name) {
            Some(held) if held.is_object() => merge(held, value)?,
            Some(held) => *held = value.clone(),
            None if free => {
                into.insert(name.clone(), value.clone());
            }
            None => return Err(ApiRefusal::malformed()),
        }
    }
    Ok(())
}

fn check(capabilities: &Value) -> Result<(), ApiRefusal> {
    for (place, choices) in CHOICES {
        let Some(value) = capabilities.pointer(place) else {
            continue;
        };
        if !value.as_str().is_some_and(|text| choices.contains(&text)) {
            return Err(ApiRefusal::malformed());
        }
    }
    Ok(())
}

fn store(org: &mut SimulatedOrg, request: &SignedInRequest, name: &str, capabilities: Value) {
    let id = request.parameter(0);
    let now = org.now();
    let Some(app) = org.apps.get_mut(id) else {
        return;
    };
    if let Some(part) = &mut app.org2org {
        let held = if name == OUTBOUND { &mut part.outbound } else { &mut part.inbound };
        *held = capabilities;
        app.last_updated = now;
        show_features(app);
    }
    let event = LogEvent::new("application.configuration.update", "Update application configuration")
        .by(&request.principal)
        .on_app(org, id);
    log::record(org, event);
}
