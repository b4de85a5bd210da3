//! Users: read, list, create. What changes them is in `user_changes` and `user_lifecycle`.

use serde_json::{Map, Value, json};

use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::store::{SimulatedOrg, StoredUser};
use super::wire::{date, link, optional_date, post_link};

pub(super) const ROUTES: &[ApiRoute] =
    &[ApiRoute { method: "GET", pattern: "/api/v1/users/{id}", handler: RouteHandler::Read(get) }];

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let user = find(org, request, request.parameter(0))?;
    answer(org, request, user)
}

/// A user by id, `me`, login, or login without its domain when that names one user only. A login with a slash is no key, encoded or not:
/// Okta takes the path for another one.
pub(super) fn find<'a>(
    org: &'a SimulatedOrg,
    request: &SignedInRequest,
    key: &str,
) -> Result<&'a StoredUser, ApiRefusal> {
    if key.contains('/') {
        return Err(ApiRefusal::wrong_method());
    }
    let id = if key == "me" { &request.principal } else { key };
    org.users
        .get(id)
        .or_else(|| org.users.get(org.logins.get(&key.to_lowercase())?))
        .or_else(|| by_short_login(org, key))
        .ok_or_else(|| ApiRefusal::not_found(key, "User"))
}

/// The same for writing, by id.
pub(super) fn find_id(org: &SimulatedOrg, request: &SignedInRequest) -> Result<String, ApiRefusal> {
    find(org, request, request.parameter(0)).map(|user| user.id.clone())
}

fn by_short_login<'a>(org: &'a SimulatedOrg, key: &str) -> Option<&'a StoredUser> {
    // An id is never a login's beginning, so most misses stop here.
    if key.contains('@') || key.is_empty() || (key.len() == 20 && key.starts_with("00u")) {
        return None;
    }
    let beginning = format!("{}@", key.to_lowercase());
    let mut fitting = org.logins.iter().filter(|(login, _)| login.starts_with(&beginning));
    let (_, id) = fitting.next()?;
    if fitting.next().is_some() {
        return None;
    }
    org.users.get(id)
}

/// A whole user with its `ETag`.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it")]
pub(super) fn answer(org: &SimulatedOrg, request: &SignedInRequest, user: &StoredUser) -> ApiReply {
    let mut body = show(org, &request.base, user);
    trim(&mut body, &request.content_type);
    Ok(ApiAnswer { status: 200, body: Some(body), headers: vec![("etag", etag(user))] })
}

/// Names the state of a user, for `If-Match`.
pub(super) fn etag(user: &StoredUser) -> String {
    format!("W/\"{}\"", user.last_updated)
}

/// A user as a single read shows it, with the links that its status allows.
pub(super) fn show(org: &SimulatedOrg, base: &str, user: &StoredUser) -> Value {
    with_links(org, user, &links(org, base, user))
}

/// A user as lists show it: of the links only `self`.
pub(super) fn show_in_list(org: &SimulatedOrg, base: &str, user: &StoredUser) -> Value {
    let own = link(base, &format!("/api/v1/users/{}", user.id));
    with_links(org, user, &json!({"self": own}))
}

fn with_links(org: &SimulatedOrg, user: &StoredUser, links: &Value) -> Value {
    json!({
        "id": user.id,
        "status": user.status,
        "created": date(user.created),
        "activated": optional_date(user.activated),
        "statusChanged": optional_date(user.status_changed),
        "lastLogin": optional_date(user.last_login),
        "lastUpdated": date(user.last_updated),
        "passwordChanged": optional_date(user.password_changed),
        "type": {"id": org.user_type},
        "profile": user.profile,
        "credentials": credentials(user),
        "_links": links,
    })
}

/// A password set shows as `{}`, a recovery question without its answer.
fn credentials(user: &StoredUser) -> Value {
    let mut shown = Map::new();
    if user.has_password {
        shown.insert("password".to_owned(), json!({}));
    }
    if let Some(question) = &user.recovery_question {
        shown.insert("recovery_question".to_owned(), json!({"question": question}));
    }
    let name = if user.provider == "ACTIVE_DIRECTORY" { domain_of(user) } else { user.provider.clone() };
    shown.insert("provider".to_owned(), json!({"type": user.provider, "name": name}));
    Value::Object(shown)
}

/// Assumed: the provider of a delegated user bears the name of the domain in his login.
fn domain_of(user: &StoredUser) -> String {
    let domain = user.login().split_once('@').map(|(_, domain)| domain);
    domain.unwrap_or("ACTIVE_DIRECTORY").to_owned()
}

/// Link names by status (recorded), and the call each stands for.
fn links(org: &SimulatedOrg, base: &str, user: &StoredUser) -> Value {
    let path = format!("/api/v1/users/{}", user.id);
    let mut shown = Map::new();
    for (name, call) in actions(&user.status) {
        let target = if call.is_empty() { path.clone() } else { format!("{path}/{call}") };
        let mut action = post_link(base, &target);
        if *name == "delete" {
            action["method"] = Value::from("DELETE");
        }
        shown.insert((*name).to_owned(), action);
    }
    shown.insert("self".to_owned(), link(base, &path));
    let schema = format!("/api/v1/meta/schemas/user/{}", org.user_schema);
    shown.insert("schema".to_owned(), link(base, &schema));
    let kind = format!("/api/v1/meta/types/user/{}", org.user_type);
    shown.insert("type".to_owned(), link(base, &kind));
    Value::Object(shown)
}

fn actions(status: &str) -> &'static [(&'static str, &'static str)] {
    match status {
        "STAGED" => &[("activate", "lifecycle/activate"), ("resetFactors", "lifecycle/reset_factors")],
        "PROVISIONED" => &[
            ("suspend", "lifecycle/suspend"),
            ("resetPassword", "lifecycle/reset_password"),
            ("reactivate", "lifecycle/reactivate"),
            ("resetFactors", "lifecycle/reset_factors"),
            ("deactivate", "lifecycle/deactivate"),
        ],
        "SUSPENDED" => &[
            ("unsuspend", "lifecycle/unsuspend"),
            ("resetFactors", "lifecycle/reset_factors"),
            ("deactivate", "lifecycle/deactivate"),
        ],
        "DEPROVISIONED" => {
            &[("activate", "lifecycle/activate"), ("delete", ""), ("resetFactors", "lifecycle/reset_factors")]
        }
        "LOCKED_OUT" => &[
            ("unlock", "lifecycle/unlock"),
            ("resetPassword", "lifecycle/reset_password"),
            ("resetFactors", "lifecycle/reset_factors"),
            ("deactivate", "lifecycle/deactivate"),
        ],
        _ => &[
            ("suspend", "lifecycle/suspend"),
            ("resetPassword", "lifecycle/reset_password"),
            ("forgotPassword", "credentials/forgot_password"),
            ("expirePassword", "lifecycle/expire_password"),
            ("changeRecoveryQuestion", "credentials/change_recovery_question"),
            ("resetFactors", "lifecycle/reset_factors"),
            ("changePassword", "credentials/change_password"),
            ("deactivate", "lifecycle/deactivate"),
        ],
    }
}

/// `Content-Type: application/json; okta-response=omitCredentials,…` leaves parts out.
fn trim(body: &mut Value, content_type: &str) {
    let omits = |what: &str| {
        let told = content_type.split("okta-response=").nth(1);
        told.is_some_and(|list| list.split(',').any(|it| it.trim().trim_matches('"') == what))
    };
    let Some(shown) = body.as_object_mut() else {
        return;
    };
    if omits("omitCredentials") {
        shown.shift_remove("credentials");
    }
    if omits("omitCredentialsLinks")
        && let Some(links) = shown.get_mut("_links").and_then(Value::as_object_mut)
    {
        links.retain(|name, _| {
            !matches!(
                name.as_str(),
                "changePassword"
                    | "changeRecoveryQuestion"
                    | "forgotPassword"
                    | "resetPassword"
                    | "expirePassword"
                    | "resetFactors"
            )
        });
    }
}
