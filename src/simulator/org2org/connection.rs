//! `/apps/{a}/connections/default`: the API integration.

use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::super::apps;
use super::super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::super::log::{self, LogEvent};
use super::super::model::org2org_app::{ApiConnection, ConnectionScheme};
use super::super::options::{ConnectionCheck, RepeatedActivation};
use super::super::store::{SimulatedOrg, StoredApp};
use super::app_features::show_features;

pub(in crate::simulator) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/connections/default", handler: RouteHandler::Read(get) },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/apps/{appId}/connections/default",
        handler: RouteHandler::Write(update),
    },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/apps/{appId}/connections/default/lifecycle/activate",
        handler: RouteHandler::Write(activate),
    },
    ApiRoute {
        method: "POST",
        pattern: "/api/v1/apps/{appId}/connections/default/lifecycle/deactivate",
        handler: RouteHandler::Write(deactivate),
    },
    ApiRoute {
        method: "GET",
        pattern: "/api/v1/apps/{appId}/connections/default/jwks",
        handler: RouteHandler::Read(jwks),
    },
];

/// Recorded of an app kind without a connection: no error, also not where something is changed; assumed of AD.
fn unknown() -> Value {
    json!({"status": "UNKNOWN", "profile": {"authScheme": "UNKNOWN"}})
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    ApiAnswer::ok(show(app, request))
}

fn show(app: &StoredApp, request: &SignedInRequest) -> Value {
    let Some(part) = &app.org2org else {
        return unknown();
    };
    let connection = &part.connection;
    let own = format!("{}/api/v1/apps/{}/connections/default", request.base, app.id);
    let (status, verb) = if connection.enabled { ("ENABLED", "deactivate") } else { ("DISABLED", "activate") };
    let links = json!({
        "self": {"href": own, "hints": {"allow": ["POST", "GET"]}},
        verb: {"href": format!("{own}/lifecycle/{verb}"), "hints": {"allow": ["POST"]}},
    });
    match &connection.scheme {
        // Never configured, as recorded: without base URL and profile.
        ConnectionScheme::Token(None) => json!({"authScheme": "TOKEN", "status": status, "_links": links}),
        ConnectionScheme::Token(Some(_)) => {
            json!({"authScheme": "TOKEN", "status": status, "baseUrl": connection.base_url,
            "profile": {"authScheme": "TOKEN"}, "_links": links})
        }
        ConnectionScheme::OAuth2 { client_id, rotation } => {
            json!({"authScheme": "OAUTH2", "status": status, "baseUrl": connection.base_url,
            "profile": {"authScheme": "OAUTH2", "clientId": client_id, "signing": {"rotationMode": rotation}}, "_links": links})
        }
    }
}

/// What a body makes of the connection.
pub(super) fn read(body: &Map<String, Value>) -> Result<(Option<String>, ConnectionScheme), ApiRefusal> {
    let profile = body
        .get("profile")
        .and_then(Value::as_object)
        .ok_or_else(|| invalid("profile: The field cannot be left blank"))?;
    let text = |name: &str| {
        let text = profile.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    let scheme = match text("authScheme") {
        Some("TOKEN") => {
            let token = text("token").ok_or_else(|| invalid("token: The field cannot be left blank"))?;
            ConnectionScheme::Token(Some(SecretString::from(token)))
        }
        Some("OAUTH2") => ConnectionScheme::OAuth2 {
            client_id: text("clientId").ok_or_else(|| invalid("clientId: The field cannot be left blank"))?.to_owned(),
            rotation: rotation(profile)?,
        },
        _ => return Err(invalid("authScheme: must be TOKEN or OAUTH2")),
    };
    let base_url = body.get("baseUrl").and_then(Value::as_str);
    Ok((base_url.map(without_slash), scheme))
}

fn rotation(profile: &Map<String, Value>) -> Result<String, ApiRefusal> {
    match profile.get("signing").map(|signing| &signing["rotationMode"]) {
        None | Some(Value::Null) => Ok("MANUAL".to_owned()),
        Some(Value::String(mode)) if matches!(mode.as_str(), "AUTO" | "MANUAL") => Ok(mode.clone()),
        Some(_) => Err(invalid("rotationMode: must be AUTO or MANUAL")),
    }
}

pub(super) fn without_slash(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

fn update(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    let Some(part) = &app.org2org else {
        return ApiAnswer::ok(unknown());
    };
    let (base_url, scheme) = read(request.object()?)?;
    // The base URL of the general settings is what a connection without one has (assumed).
    let known = base_url.or_else(|| part.connection.base_url.clone()).or_else(|| setting(app));
    let activates = request.flag("activate", false)?;
    if activates {
        check_probe(org, request)?;
    }
    change(org, request, |connection| {
        connection.base_url = known;
        connection.scheme = scheme;
        connection.unseen = false;
        // Assumed: new credentials that nobody activated are not in use.
        connection.enabled = activates;
    });
    get(org, request)
}

/// The base URL of the app's general settings.
pub(super) fn setting(app: &StoredApp) -> Option<String> {
    let settings = app.document.get("settings")?;
    settings["app"]["baseUrl"].as_str().map(without_slash)
}

fn activate(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    if let Some(part) = &app.org2org {
        let refuses = org.options.assumptions.repeated_activation == RepeatedActivation::Refuse;
        if part.connection.enabled && refuses {
            return Err(invalid("The connection is ENABLED already."));
        }
        check_probe(org, request)?;
        change(org, request, |connection| connection.enabled = true);
    }
    ApiAnswer::no_content()
}

fn deactivate(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    apps::find(org, request.parameter(0))?;
    change(org, request, |connection| connection.enabled = false);
    ApiAnswer::no_content()
}

/// Whether Okta tries the credentials when a connection is activated is not recorded: assumed, unless the option says otherwise.
fn check_probe(org: &SimulatedOrg, request: &SignedInRequest) -> Result<(), ApiRefusal> {
    if org.options.assumptions.connection_check == ConnectionCheck::Never {
        return Ok(());
    }
    match &request.probe {
        Some(Ok(())) => Ok(()),
        Some(Err(reason)) => {
            Err(invalid(&format!("Error authenticating: {reason}. Verify that the credentials are correct.")))
        }
        None => Err(invalid("There are no credentials to authenticate with.")),
    }
}

fn change(org: &mut SimulatedOrg, request: &SignedInRequest, change: impl FnOnce(&mut ApiConnection)) {
    let id = request.parameter(0);
    let now = org.now();
    let Some(app) = org.apps.get_mut(id) else {
        return;
    };
    if let Some(part) = &mut app.org2org {
        change(&mut part.connection);
        app.last_updated = now;
        show_features(app);
        let event = LogEvent::new("application.configuration.update", "Update application configuration")
            .by(&request.principal)
            .on_app(org, id);
        log::record(org, event);
    }
}

/// The public key that the hub's service app verifies this connection with; public itself.
fn jwks(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    let part = app.org2org.as_ref();
    let key = part.and_then(|part| part.connection.key.public());
    let key = key.ok_or_else(|| ApiRefusal::not_found(request.parameter(0), "AppInstance"))?;
    ApiAnswer::ok(json!({"jwks": {"keys": [key]}}))
}

fn invalid(cause: &str) -> ApiRefusal {
    ApiRefusal::validation("connection", &[cause])
}
