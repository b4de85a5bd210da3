//! The wire form of an application.

use serde_json::{Map, Value, json};

use super::http::{ApiRefusal, SignedInRequest};
use super::oauth;
use super::options::Shown;
use super::provisioning::has_feature;
use super::store::{SimulatedOrg, StoredApp};
use super::wire::{self, date};

/// Features of an AD instance with imports only, as recorded of a fresh one without profile sourcing.
pub(super) const IMPORT_FEATURES: &[&str] =
    &["IMPORT_PROFILE_UPDATES", "OUTBOUND_DEL_AUTH", "IMPORT_USER_SCHEMA", "IMPORT_NEW_USERS"];

/// What "To App" switches on, one feature each.
pub(super) const PUSH_FEATURES: &[&str] =
    &["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "PUSH_PASSWORD_UPDATES"];

/// The app as Okta shows it.
pub(super) fn show(org: &SimulatedOrg, app: &StoredApp, request: &SignedInRequest) -> Value {
    let mut value = json!({
        "id": app.id,
        "orn": format!("orn:okta:idp:{}:apps:{}:{}", org.id, app.name, app.id),
        "name": app.name,
        "label": app.label,
        "status": app.status,
        "lastUpdated": date(app.last_updated),
        "created": date(app.created),
        "features": features(org, app),
    });
    if let Some(object) = value.as_object_mut() {
        object.extend(app.document.clone());
        if app.name == "oidc_client" && app.document["credentials"].is_object() {
            object["credentials"]["oauthClient"]["client_id"] = app.id.as_str().into();
        }
        object.insert("_links".to_owned(), links(app, &request.base));
    }
    oauth::show_keys(org, app, &mut value);
    value
}

fn features(org: &SimulatedOrg, app: &StoredApp) -> Vec<String> {
    let mut features = app.features.clone();
    // Whether an AD instance with To App options shows it is not recorded.
    let pushes = app.active_directory.is_some() && has_feature(app, "PUSH_NEW_USERS");
    if pushes && org.options.assumptions.group_push_feature == Shown::Present {
        features.push("GROUP_PUSH".to_owned());
    }
    features
}

fn links(app: &StoredApp, base: &str) -> Value {
    let own = format!("/api/v1/apps/{}", app.id);
    let verb = if app.status == "ACTIVE" { "deactivate" } else { "activate" };
    json!({
        "uploadLogo": {"href": format!("{base}{own}/logo"), "hints": {"allow": ["POST"]}},
        "appLinks": [],
        "groups": wire::link(base, &format!("{own}/groups")),
        "users": wire::link(base, &format!("{own}/users")),
        verb: wire::link(base, &format!("{own}/lifecycle/{verb}")),
    })
}

/// Reads the app's name and the rest of its form from a request body.
pub(super) fn read(body: &Map<String, Value>) -> Result<(String, Map<String, Value>), ApiRefusal> {
    let mode = body.get("signOnMode").and_then(Value::as_str);
    let name = match (body.get("name").and_then(Value::as_str), mode) {
        (Some("active_directory"), _) => {
            return Err(no_instance("An agent's installation creates Active Directory instances."));
        }
        (Some(name @ ("okta_org2org" | "bookmark" | "oidc_client")), _) => name.to_owned(),
        (Some(name), _) => return Err(ApiRefusal::not_modelled(&format!("the application {name:?}"))),
        (None, Some("SAML_2_0")) => "custom_saml_app".to_owned(),
        (None, Some("BOOKMARK")) => "bookmark".to_owned(),
        (None, Some("OPENID_CONNECT")) => "oidc_client".to_owned(),
        (None, Some(mode)) => {
            return Err(ApiRefusal::not_modelled(&format!("the sign-on mode {mode:?}")));
        }
        (None, None) => return Err(no_instance("name or signOnMode must be specified")),
    };
    let needs_base = name == "okta_org2org" && body["settings"]["app"]["baseUrl"].as_str().is_none_or(str::is_empty);
    if needs_base {
        return Err(no_instance("baseUrl: The field cannot be left blank"));
    }
    let document = document(&name, mode, body);
    Ok((name, document))
}

fn no_instance(cause: &str) -> ApiRefusal {
    ApiRefusal::validation("generalSettings", &[cause])
}

/// What is kept of a body; the defaults are those of recorded apps.
fn document(name: &str, mode: Option<&str>, body: &Map<String, Value>) -> Map<String, Value> {
    let kept = |key: &str, default: Value| body.get(key).filter(|value| !value.is_null()).cloned().unwrap_or(default);
    let mode = mode.unwrap_or(match name {
        "oidc_client" => "OPENID_CONNECT",
        "bookmark" => "BOOKMARK",
        _ => "SAML_2_0",
    });
    let mut credentials = kept("credentials", json!({}));
    if credentials.get("userNameTemplate").is_none() && credentials.is_object() {
        credentials["userNameTemplate"] = json!({"template": "${source.login}", "type": "BUILT_IN"});
    }
    let document = json!({
        "accessibility": kept("accessibility", json!({"selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null})),
        "visibility": kept("visibility", json!({"autoSubmitToolbar": false, "hide": {"iOS": false, "web": false}})),
        "signOnMode": mode,
        "credentials": credentials,
        "settings": kept("settings", json!({"app": {}})),
    });
    into_object(document)
}

/// The rest of an AD instance's form, as recorded.
pub(super) fn active_directory(domain: &str) -> Map<String, Value> {
    into_object(json!({
        "accessibility": {"selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null},
        "visibility": {"autoSubmitToolbar": false, "hide": {"iOS": false, "web": false}, "appLinks": {}},
        "signOnMode": null,
        "credentials": {
            "userNameTemplate": {
                "template": "substringBefore(user.login, \"@\") + \"@\" + target_app.namingContext",
                "type": "CUSTOM", "pushStatus": "NOT_CONFIGURED",
            },
            "signing": {},
        },
        "universalLogout": {"status": "UNSUPPORTED"},
        "settings": {
            "app": {
                "jitGroupsAcrossDomains": false, "password": null, "scanRate": null, "searchOrgUnit": null,
                "filterGroupsByOU": false, "namingContext": domain, "login": null, "activationEmail": null,
            },
            "notifications": {"vpn": {"network": {"connection": "DISABLED"}, "message": null, "helpUrl": null}},
            "manualProvisioning": false, "implicitAssignment": false, "emOptInStatus": "NONE",
        },
    }))
}

fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
