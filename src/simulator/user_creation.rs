//! `POST /users`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::http::{ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::log::{self, LogEvent};
use super::membership_changes;
use super::memberships;
use super::rule_membership;
use super::store::{OktaId, SimulatedOrg, StoredUser};
use super::user_profile::{self, UserCredentials};
use super::users;

pub(super) const ROUTES: &[ApiRoute] =
    &[ApiRoute { method: "POST", pattern: "/api/v1/users", handler: RouteHandler::Write(create) }];

/// `groupIds` takes at most so many.
const MOST_GROUPS: usize = 20;

/// Creates a user: STAGED, PROVISIONED without a password, ACTIVE with one.
fn create(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let body = request.object()?;
    let profile = user_profile::profile(body)?.cloned().unwrap_or_default();
    let credentials = user_profile::credentials(body)?;
    user_profile::check(org, &profile, None)?;
    check_provider(request, &credentials)?;
    check_kind(org, body)?;
    let groups = groups(org, body)?;
    let status = status(request, &credentials)?;
    let id = insert(org, profile, credentials, status);
    log_creation(org, request, &id);
    for group in groups {
        membership_changes::add(org, &group, &id, Some(&request.principal));
    }
    rule_membership::evaluate_user(org, &id);
    let user = users::find(org, request, &id)?;
    users::answer(org, request, user)
}

fn status(request: &SignedInRequest, credentials: &UserCredentials) -> Result<&'static str, ApiRefusal> {
    let activate = request.flag("activate", true)?;
    let has_password = credentials.password || credentials.provider.as_deref() == Some("FEDERATION");
    Ok(match (activate, has_password, request.query("nextLogin")) {
        (false, ..) => "STAGED",
        (true, true, Some("changePassword")) => "PASSWORD_EXPIRED",
        (true, true, _) => "ACTIVE",
        (true, false, _) => "PROVISIONED",
    })
}

/// Only federated and social users are made by API; those of a directory come by import or sign-in.
fn check_provider(request: &SignedInRequest, credentials: &UserCredentials) -> Result<(), ApiRefusal> {
    let asked = request.flag("provider", false)?;
    match credentials.provider.as_deref() {
        None | Some("OKTA") => Ok(()),
        Some("FEDERATION" | "SOCIAL") if asked => Ok(()),
        Some(kind) => {
            let cause = format!("provider: A user with the provider {kind} cannot be created");
            Err(ApiRefusal::validation("provider", &[&cause]))
        }
    }
}

fn check_kind(org: &SimulatedOrg, body: &Map<String, Value>) -> Result<(), ApiRefusal> {
    let kind = body.get("type").map(|kind| &kind["id"]);
    if kind.is_some_and(|id| *id != json!(org.user_type) && *id != json!("default")) {
        return Err(ApiRefusal::validation("type", &["type: The user type does not exist"]));
    }
    if body.get("realmId").is_some_and(|realm| !realm.is_null()) {
        return Err(ApiRefusal::not_modelled("realmId"));
    }
    Ok(())
}

fn groups(org: &SimulatedOrg, body: &Map<String, Value>) -> Result<Vec<OktaId>, ApiRefusal> {
    let ids = match body.get("groupIds") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(ids)) => ids,
        Some(_) => return Err(ApiRefusal::malformed()),
    };
    if ids.len() > MOST_GROUPS {
        return Err(ApiRefusal::validation("groupIds", &["groupIds: At most 20 groups can be given"]));
    }
    ids.iter()
        .map(|id| {
            let id = id.as_str().ok_or_else(ApiRefusal::malformed)?;
            memberships::writable_group(org, id)?;
            Ok(id.to_owned())
        })
        .collect()
}

fn insert(org: &mut SimulatedOrg, profile: Map<String, Value>, credentials: UserCredentials, status: &str) -> OktaId {
    let (id, now) = (org.ids.next("00u"), org.now());
    let began = (status != "STAGED").then_some(now);
    if let Some(secret) = credentials.secret {
        org.passwords.insert(id.clone(), secret);
    }
    let mut profile = profile;
    // Both are always shown (recorded), null when not given.
    for name in ["mobilePhone", "secondEmail"] {
        profile.entry(name).or_insert(Value::Null);
    }
    org.insert_user(StoredUser {
        id: id.clone(),
        status: status.to_owned(),
        created: now,
        activated: began,
        status_changed: began,
        last_updated: now,
        password_changed: credentials.password.then_some(now),
        last_login: None,
        profile,
        provider: credentials.provider.unwrap_or_else(|| "OKTA".to_owned()),
        has_password: credentials.password,
        recovery_question: credentials.question,
        groups: BTreeSet::new(),
    });
    id
}

fn log_creation(org: &mut SimulatedOrg, request: &SignedInRequest, id: &str) {
    let event =
        |kind, message: &str, org: &SimulatedOrg| LogEvent::new(kind, message).by(&request.principal).on_user(org, id);
    let created = event("user.lifecycle.create", "Create Okta user", org);
    log::record(org, created);
    if org.users.get(id).is_some_and(|user| user.activated.is_some()) {
        let activated = event("user.lifecycle.activate", "Activate Okta user", org);
        log::record(org, activated);
    }
}
