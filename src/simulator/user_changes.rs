//! `POST /users/{id}` changes what is told, `PUT` replaces the whole.

use serde_json::{Map, Value};

use super::http::{ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::log::{self, LogEvent};
use super::org2org;
use super::provisioning;
use super::rule_membership;
use super::store::{SimulatedOrg, StoredUser};
use super::user_profile::{self, UserCredentials};
use super::users;

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "POST", pattern: "/api/v1/users/{id}", handler: RouteHandler::Write(update) },
    ApiRoute { method: "PUT", pattern: "/api/v1/users/{id}", handler: RouteHandler::Write(replace) },
];

/// Partial: attributes told are set, `null` clears.
fn update(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = users::find_id(org, request)?;
    let body = request.object()?;
    let profile = user_profile::profile(body)?.map(|given| {
        let mut merged = org.users[&id].profile.clone();
        merged.extend(given.clone());
        merged
    });
    apply(org, request, &id, profile)
}

/// Full: attributes that are not told are cleared.
fn replace(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = users::find_id(org, request)?;
    let profile = user_profile::profile(request.object()?)?.cloned();
    apply(org, request, &id, Some(profile.unwrap_or_default()))
}

fn apply(org: &mut SimulatedOrg, request: &SignedInRequest, id: &str, profile: Option<Map<String, Value>>) -> ApiReply {
    check_etag(request, users::find(org, request, id)?)?;
    let credentials = user_profile::credentials(request.object()?)?;
    let changed = profile.filter(|profile| *profile != org.users[id].profile);
    if let Some(profile) = &changed {
        check_source(org, id)?;
        user_profile::check(org, profile, Some(id))?;
    }
    set_credentials(org, id, credentials);
    if let Some(profile) = changed {
        set_profile(org, request, id, profile);
    }
    users::answer(org, request, users::find(org, request, id)?)
}

fn check_etag(request: &SignedInRequest, user: &StoredUser) -> Result<(), ApiRefusal> {
    match request.if_match.as_deref() {
        None | Some("*") => Ok(()),
        Some(tag) if tag.trim_start_matches("W/") == users::etag(user).trim_start_matches("W/") => Ok(()),
        Some(_) => Err(ApiRefusal::new(412, "E0000231", "ETag value doesn't match.")),
    }
}

/// A profile that another system sources is that system's.
fn check_source(org: &SimulatedOrg, id: &str) -> Result<(), ApiRefusal> {
    if provisioning::is_sourced(org, id) {
        return Err(ApiRefusal::new(
            403,
            "E0000023",
            "Operation failed because user profile is mastered under another system",
        ));
    }
    Ok(())
}

fn set_credentials(org: &mut SimulatedOrg, id: &str, credentials: UserCredentials) {
    let now = org.now();
    let Some(user) = org.users.get_mut(id) else {
        return;
    };
    if credentials.password {
        user.has_password = true;
        user.password_changed = Some(now);
        user.last_updated = now;
    }
    if credentials.question.is_some() {
        user.recovery_question = credentials.question;
        user.last_updated = now;
    }
    if let Some(secret) = credentials.secret {
        org.passwords.insert(id.to_owned(), secret);
        org2org::password_changed(org, id);
    }
}

fn set_profile(org: &mut SimulatedOrg, request: &SignedInRequest, id: &str, profile: Map<String, Value>) {
    let now = org.now();
    if let Some(user) = org.users.get_mut(id) {
        org.logins.remove(&user.login().to_lowercase());
        user.profile = profile;
        // An ETag must change with every change, also within a millisecond.
        user.last_updated = now.max(user.last_updated + 1);
        org.logins.insert(user.login().to_lowercase(), id.to_owned());
    }
    let event = LogEvent::new("user.account.update_profile", "Update user profile for Okta")
        .by(&request.principal)
        .on_user(org, id);
    log::record(org, event);
    rule_membership::evaluate_user(org, id);
    provisioning::user_changed(org, id);
}
