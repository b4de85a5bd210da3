//! The steps from one status of a user to another.

use serde_json::json;

use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::log::{self, LogEvent};
use super::provisioning;
use super::store::{SimulatedOrg, StoredUser};
use super::users;

const DELETION: ApiRoute =
    ApiRoute { method: "DELETE", pattern: "/api/v1/users/{id}", handler: RouteHandler::Write(delete) };

macro_rules! steps {
    ($($step:literal => $handler:ident),+ $(,)?) => {
        pub(super) const ROUTES: &[ApiRoute] = &[DELETION, $(ApiRoute {
            method: "POST",
            pattern: concat!("/api/v1/users/{id}/lifecycle/", $step),
            handler: RouteHandler::Write($handler),
        }),+];
    };
}

steps! {
    "activate" => activate,
    "reactivate" => reactivate,
    "deactivate" => deactivate,
    "suspend" => suspend,
    "unsuspend" => unsuspend,
    "unlock" => unlock,
    "expire_password" => expire_password,
    "expire_password_with_temp_password" => expire_password_with_temp_password,
    "reset_password" => reset_password,
    "reset_factors" => reset_factors,
}

/// STAGED or DEPROVISIONED to ACTIVE, or to PROVISIONED without a password.
fn activate(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let send_email = request.flag("sendEmail", true)?;
    let id = users::find_id(org, request)?;
    match status(org, &id) {
        "STAGED" | "DEPROVISIONED" => {}
        "SUSPENDED" => return Err(ApiRefusal::wrong_status()),
        _ => {
            return Err(ApiRefusal::new(403, "E0000016", "Activation failed because the user is already active"));
        }
    }
    let now = org.now();
    let has_password = org.users.get(&id).is_some_and(|user| user.has_password);
    set_status(org, &id, if has_password { "ACTIVE" } else { "PROVISIONED" });
    if let Some(user) = org.users.get_mut(&id) {
        user.activated = Some(now);
    }
    // The groups that he kept while he was deactivated grant their apps again.
    provisioning::membership_changed(org, &id);
    log_lifecycle(org, request, &id, "user.lifecycle.activate", "Activate Okta user");
    activation(org, request, send_email)
}

/// A new activation link.
fn reactivate(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let send_email = request.flag("sendEmail", false)?;
    let id = users::find_id(org, request)?;
    allow(org, &id, &["PROVISIONED", "RECOVERY"])?;
    log_lifecycle(org, request, &id, "user.lifecycle.reactivate", "Reactivate Okta user");
    activation(org, request, send_email)
}

fn activation(org: &mut SimulatedOrg, request: &SignedInRequest, send_email: bool) -> ApiReply {
    if send_email {
        return ApiAnswer::ok(json!({}));
    }
    let token = org.ids.characters(20);
    let url = format!("{}/welcome/{token}", request.base);
    ApiAnswer::ok(json!({"activationUrl": url, "activationToken": token}))
}

/// Any status to DEPROVISIONED. Assumed: E0000038 when that is the status already.
fn deactivate(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = users::find_id(org, request)?;
    if status(org, &id) == "DEPROVISIONED" {
        return Err(ApiRefusal::wrong_status());
    }
    deprovision(org, request, &id);
    ApiAnswer::ok(json!({}))
}

/// `DELETE /users/{id}`: the first deactivates, the second deletes.
fn delete(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = users::find_id(org, request)?;
    if status(org, &id) != "DEPROVISIONED" {
        deprovision(org, request, &id);
        return ApiAnswer::no_content();
    }
    log_lifecycle(org, request, &id, "user.lifecycle.delete.initiated", "Delete Okta user initiated");
    provisioning::user_deleted(org, &id);
    let completed = LogEvent::new("user.lifecycle.delete.completed", "Delete Okta user completed")
        .by(&request.principal)
        .on_user(org, &id);
    forget(org, &id);
    log::record(org, completed);
    ApiAnswer::no_content()
}

fn deprovision(org: &mut SimulatedOrg, request: &SignedInRequest, id: &str) {
    set_status(org, id, "DEPROVISIONED");
    if let Some(user) = org.users.get_mut(id) {
        // Assumed: credentials go with the deactivation; who is activated again sets a new password.
        user.has_password = false;
        org.passwords.remove(id);
    }
    log_lifecycle(org, request, id, "user.lifecycle.deactivate", "Deactivate Okta user");
    provisioning::user_deactivated(org, id);
}

/// Takes a user out of everything that names him.
fn forget(org: &mut SimulatedOrg, id: &str) {
    let Some(user) = org.users.remove(id) else {
        return;
    };
    org.logins.remove(&user.login().to_lowercase());
    org.passwords.remove(id);
    for group in &user.groups {
        if let Some(group) = org.groups.get_mut(group) {
            group.members.remove(id);
        }
    }
    for granted in org.rule_grants.values_mut() {
        granted.remove(id);
    }
    org.roles.remove(id);
    org.recent.memberships.retain(|change| change.user != id);
    for app in org.apps.values_mut() {
        app.users.remove(id);
    }
}

fn suspend(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    step(
        org,
        request,
        ("ACTIVE", "SUSPENDED"),
        "Cannot suspend a user that is not active",
        ("user.lifecycle.suspend", "Suspend Okta user"),
    )
}

fn unsuspend(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    step(
        org,
        request,
        ("SUSPENDED", "ACTIVE"),
        "Cannot unsuspend a user that is not suspended",
        ("user.lifecycle.unsuspend", "Unsuspend Okta user"),
    )
}

/// A step from one status only; assumed: E0000001 from any other (the API description lists 400).
fn step(
    org: &mut SimulatedOrg,
    request: &SignedInRequest,
    (from, to): (&str, &str),
    otherwise: &str,
    (kind, message): (&'static str, &str),
) -> ApiReply {
    let id = users::find_id(org, request)?;
    if status(org, &id) != from {
        return Err(ApiRefusal::validation("status", &[otherwise]));
    }
    set_status(org, &id, to);
    log_lifecycle(org, request, &id, kind, message);
    ApiAnswer::ok(json!({}))
}

fn unlock(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = users::find_id(org, request)?;
    if status(org, &id) != "LOCKED_OUT" {
        return Err(ApiRefusal::new(403, "E0000032", "Unlock is not allowed for this user.")
            .cause("The user is not locked out."));
    }
    set_status(org, &id, "ACTIVE");
    log_lifecycle(org, request, &id, "user.account.unlock_by_admin", "Unlock user account by admin");
    ApiAnswer::ok(json!({}))
}

fn expire_password(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = users::find_id(org, request)?;
    expire(org, request, &id)?;
    let user = users::find(org, request, &id)?;
    users::answer(org, request, user)
}

fn expire_password_with_temp_password(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = users::find_id(org, request)?;
    expire(org, request, &id)?;
    let password = org.ids.characters(8);
    ApiAnswer::ok(json!({"tempPassword": password}))
}

fn expire(org: &mut SimulatedOrg, request: &SignedInRequest, id: &str) -> Result<(), ApiRefusal> {
    allow(org, id, &["ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"])?;
    set_status(org, id, "PASSWORD_EXPIRED");
    log_lifecycle(org, request, id, "user.account.expire_password", "Expire user's password");
    Ok(())
}

fn reset_password(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = users::find_id(org, request)?;
    if request.query("sendEmail").is_none() {
        return Err(ApiRefusal::new(400, "E0000028", "The request is missing a required parameter."));
    }
    let send_email = request.flag("sendEmail", true)?;
    allow(org, &id, &["ACTIVE", "PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT"])?;
    set_status(org, &id, "RECOVERY");
    log_lifecycle(org, request, &id, "user.account.reset_password", "Reset password by admin");
    if send_email {
        return ApiAnswer::ok(json!({}));
    }
    let token = org.ids.characters(20);
    let url = format!("{}/reset_password/{token}", request.base);
    ApiAnswer::ok(json!({"resetPasswordUrl": url}))
}

/// Factors are not modelled: there are none, so there is nothing to reset.
fn reset_factors(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let id = users::find_id(org, request)?;
    log_lifecycle(org, request, &id, "user.mfa.factor.reset_all", "Reset all factors for user");
    ApiAnswer::ok(json!({}))
}

fn status<'a>(org: &'a SimulatedOrg, id: &str) -> &'a str {
    org.users.get(id).map_or("", |user| user.status.as_str())
}

fn allow(org: &SimulatedOrg, id: &str, statuses: &[&str]) -> Result<(), ApiRefusal> {
    if statuses.contains(&status(org, id)) {
        return Ok(());
    }
    Err(ApiRefusal::wrong_status())
}

fn set_status(org: &mut SimulatedOrg, id: &str, status: &str) {
    let now = org.now();
    if let Some(user) = org.users.get_mut(id) {
        let StoredUser { status: old, status_changed, last_updated, .. } = user;
        status.clone_into(old);
        *status_changed = Some(now);
        *last_updated = now;
    }
}

fn log_lifecycle(org: &mut SimulatedOrg, request: &SignedInRequest, id: &str, kind: &'static str, message: &str) {
    let event = LogEvent::new(kind, message).by(&request.principal).on_user(org, id);
    log::record(org, event);
}
