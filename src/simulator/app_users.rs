//! Users of an app: assignment, profile, scope.

use serde_json::{Map, Value, json};

use super::apps;
use super::http::{ApiAnswer, ApiRefusal, ApiReply, ApiRoute, RouteHandler, SignedInRequest};
use super::mappings;
use super::options::{
    AssignExistingAppUser, DnAttribute, GroupScopeWithoutGroup, MissingAppUserType, Shown, SyncStateShown,
};
use super::pages::{self, PageSize};
use super::provisioning::{self, ProfilePush, has_feature};
use super::schemas::{self, AttributeMutability, SECURITY_ANSWER};
use super::store::{AppUser, JobKind, SimulatedOrg, StoredApp, StoredUser};
use super::wire::{self, date, optional_date};

pub(super) const ROUTES: &[ApiRoute] = &[
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/users", handler: RouteHandler::Read(list) },
    ApiRoute { method: "POST", pattern: "/api/v1/apps/{appId}/users", handler: RouteHandler::Write(assign) },
    ApiRoute { method: "GET", pattern: "/api/v1/apps/{appId}/users/{userId}", handler: RouteHandler::Read(get) },
    ApiRoute { method: "POST", pattern: "/api/v1/apps/{appId}/users/{userId}", handler: RouteHandler::Write(update) },
    ApiRoute {
        method: "DELETE",
        pattern: "/api/v1/apps/{appId}/users/{userId}",
        handler: RouteHandler::Write(unassign),
    },
];

const SIZE: PageSize = PageSize { default: 50, maximum: 500 };

/// The app user as Okta shows it.
pub(super) fn show(org: &SimulatedOrg, app: &StoredApp, held: &AppUser, request: &SignedInRequest) -> Value {
    let base = &request.base;
    let mut links = json!({
        "app": wire::link(base, &format!("/api/v1/apps/{}", app.id)),
        "user": wire::link(base, &format!("/api/v1/users/{}", held.user)),
    });
    let granting = held.granting_group.as_ref().and_then(|group| org.groups.get(group));
    if let Some(group) = granting.filter(|_| org.options.assumptions.group_link == Shown::Present) {
        links["group"] = json!({"name": group.name(), "href": format!("{base}/api/v1/groups/{}", group.id)});
    }
    let mut value = json!({
        "id": held.user,
        "externalId": held.external_id,
        "created": date(held.created),
        "lastUpdated": date(held.last_updated),
        "scope": scope(held),
        "status": held.status,
        "statusChanged": date(held.status_changed),
        "passwordChanged": null,
        "syncState": sync_state(org, app, held),
    });
    if held.last_sync.is_some() {
        value["lastSync"] = optional_date(held.last_sync);
    }
    value["credentials"] = json!({"userName": held.user_name});
    value["profile"] = Value::Object(profile(org, held));
    if request.query("expand") == Some("user") {
        value["_embedded"] = json!({"user": org.users.get(&held.user).map(embed_user)});
    }
    value["_links"] = links;
    value
}

fn scope(held: &AppUser) -> &'static str {
    if held.individual { "USER" } else { "GROUP" }
}

/// DISABLED where nothing is pushed (Okta's API description); SYNCING from when the agent has the job.
fn sync_state<'a>(org: &SimulatedOrg, app: &StoredApp, held: &'a AppUser) -> &'a str {
    let pushes = has_feature(app, "PUSH_NEW_USERS") || has_feature(app, "PUSH_PROFILE_UPDATES");
    if org.options.assumptions.sync_state == SyncStateShown::Disabled || !pushes {
        return "DISABLED";
    }
    match held.syncing_from {
        Some(from) if held.sync_state == "OUT_OF_SYNC" && org.now() >= from => "SYNCING",
        _ => &held.sync_state,
    }
}

fn profile(org: &SimulatedOrg, held: &AppUser) -> Map<String, Value> {
    let renamed = org.options.assumptions.dn_attribute == DnAttribute::DistinguishedName;
    let entries = held.profile.iter().map(|(name, value)| {
        let name = if renamed && name == "dn" { "distinguishedName" } else { name };
        (name.to_owned(), value.clone())
    });
    entries.collect()
}

fn embed_user(user: &StoredUser) -> Value {
    json!({"id": user.id, "status": user.status, "created": date(user.created), "activated": optional_date(user.activated),
        "lastUpdated": date(user.last_updated), "profile": user.profile})
}

fn list(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    let prefix = request.query("q").unwrap_or_default().to_lowercase();
    pages::of_map(request, SIZE, &app.users, |held| is_named(org, held, &prefix).then(|| show(org, app, held, request)))
}

/// `q` is the start of user name, first name, last name or e-mail.
fn is_named(org: &SimulatedOrg, held: &AppUser, prefix: &str) -> bool {
    let starts = |text: &str| text.to_lowercase().starts_with(prefix);
    prefix.is_empty()
        || starts(&held.user_name)
        || org
            .users
            .get(&held.user)
            .is_some_and(|user| ["firstName", "lastName", "email"].iter().any(|name| starts(user.attribute(name))))
}

fn get(org: &SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    let held = find(org, app, request.parameter(1))?;
    ApiAnswer::ok(show(org, app, held, request))
}

fn find<'a>(org: &SimulatedOrg, app: &'a StoredApp, user: &str) -> Result<&'a AppUser, ApiRefusal> {
    app.users.get(user).ok_or_else(|| {
        // The type for a user who exists but is not assigned is not recorded.
        let kind = match org.options.assumptions.missing_app_user_type {
            MissingAppUserType::AppUser => "AppUser",
            MissingAppUserType::User => "User",
            MissingAppUserType::AppInstance => "AppInstance",
        };
        ApiRefusal::not_found(user, kind)
    })
}

fn answer(org: &SimulatedOrg, request: &SignedInRequest, user: &str) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    ApiAnswer::ok(show(org, app, find(org, app, user)?, request))
}

fn assign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let body = request.object()?;
    let id = body
        .get("id")
        .and_then(Value::as_str)
        .ok_or_else(|| ApiRefusal::validation("id", &["id: The field cannot be left blank"]))?;
    let change = AppUserChange::read(body)?;
    let app = apps::find(org, request.parameter(0))?;
    let user = org.users.get(id).ok_or_else(|| ApiRefusal::not_found(id, "User"))?;
    check_active(user)?;
    change.check(app, app.users.get(id), ProvisionOccasion::Assignment)?;
    if app.users.contains_key(id) {
        if org.options.assumptions.assign_existing_app_user == AssignExistingAppUser::Conflict {
            return Err(ApiRefusal::new(409, "E0000062", "The specified user is already assigned to the application."));
        }
        let change = AppUserChange { scope: change.scope.or(Some(AssignmentScope::User)), ..change };
        return apply(org, request, id, &change);
    }
    // A scope of GROUP needs a group, as the conversion of an assignment does.
    let grouped = change.scope == Some(AssignmentScope::Group);
    if grouped && super::effective_group::effective(app, user).is_none() {
        return Err(no_group());
    }
    let app = app.id.clone();
    let now = org.now();
    if let Some(mut held) = provisioning::new_app_user(org, &app, id, now) {
        change.write(&mut held);
        provisioning::add(org, &app, held);
    }
    if grouped {
        provisioning::convert_to_group(org, &app, id);
    }
    answer(org, request, id)
}

/// Assumed: only a deactivated user is inactive here; a staged or suspended one keeps his assignments.
fn check_active(user: &StoredUser) -> Result<(), ApiRefusal> {
    if user.status == "DEPROVISIONED" {
        let words = "Cannot assign apps or update app profiles for an inactive user.";
        return Err(ApiRefusal::new(403, "E0000117", words));
    }
    Ok(())
}

fn update(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let change = AppUserChange::read(request.object()?)?;
    let app = apps::find(org, request.parameter(0))?;
    let id = request.parameter(1);
    let held = find(org, app, id)?;
    if let Some(user) = org.users.get(id) {
        check_active(user)?;
    }
    change.check(app, Some(held), ProvisionOccasion::Update)?;
    apply(org, request, id, &change)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AssignmentScope {
    User,
    Group,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ProvisionOccasion {
    Assignment,
    Update,
}

/// What a request body wants of an app user.
struct AppUserChange<'a> {
    scope: Option<AssignmentScope>,
    profile: Option<&'a Map<String, Value>>,
    user_name: Option<&'a str>,
    password: bool,
}

impl<'a> AppUserChange<'a> {
    fn read(body: &'a Map<String, Value>) -> Result<Self, ApiRefusal> {
        let scope = match body.get("scope") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text == "USER" => Some(AssignmentScope::User),
            Some(Value::String(text)) if text == "GROUP" => Some(AssignmentScope::Group),
            Some(_) => return Err(ApiRefusal::malformed()),
        };
        let object = |key: &str| match body.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(ApiRefusal::malformed()),
        };
        let credentials = object("credentials")?;
        Ok(Self {
            scope,
            profile: object("profile")?,
            user_name: credentials.and_then(|it| it.get("userName")).and_then(Value::as_str),
            password: credentials.is_some_and(|it| it.contains_key("password")),
        })
    }

    /// Refuses what may not be written, before anything is.
    fn check(&self, app: &StoredApp, held: Option<&AppUser>, occasion: ProvisionOccasion) -> Result<(), ApiRefusal> {
        if self.password {
            let words = "Credentials should not be set on this resource based on the scheme.";
            return Err(ApiRefusal::new(400, "E0000041", words));
        }
        let modelled = app.active_directory.is_some() || app.org2org.is_some();
        let Some(profile) = self.profile.filter(|_| modelled) else {
            return Ok(());
        };
        if held.is_some() && has_feature(app, "PROFILE_MASTERING") {
            let words = "Cannot modify the app user because it is mastered by an external app.";
            return Err(ApiRefusal::new(405, "E0000076", words));
        }
        for (name, value) in profile {
            // A client that sends back what it read changes nothing.
            let same = held.is_some_and(|held| held.profile.get(name) == Some(value));
            if !same {
                check_attribute(app, name, occasion)?;
            }
        }
        Ok(())
    }

    fn write(&self, held: &mut AppUser) {
        let given = self.profile.into_iter().flatten();
        for (name, value) in given {
            if name == SECURITY_ANSWER {
                held.security_answer = value.as_str().map(Into::into);
            } else {
                held.profile.insert(name.clone(), value.clone());
            }
        }
        if let Some(user_name) = self.user_name {
            user_name.clone_into(&mut held.user_name);
        }
    }
}

/// Only attributes that no mapping fills may be given at an assignment (Okta's API description); later, none that is pushed.
fn check_attribute(app: &StoredApp, name: &str, occasion: ProvisionOccasion) -> Result<(), ApiRefusal> {
    let forbidden = |code, why: &str| {
        Err(ApiRefusal::new(403, code, &format!("Cannot modify the {name} attribute because it {why}.")))
    };
    match schemas::mutability(app, name) {
        None if app.schema_unread => {
            return Err(ApiRefusal::not_modelled(&format!(
                "the attribute {name:?} of an app whose schema cannot be read"
            )));
        }
        None => {
            let cause = format!("Property name '{name}' is not defined in profile");
            return Err(ApiRefusal::validation("appUser", &[&cause]));
        }
        Some(AttributeMutability::ReadOnly) => return forbidden("E0000077", "is read-only"),
        Some(AttributeMutability::Immutable) => return forbidden("E0000078", "is immutable"),
        Some(AttributeMutability::ReadWrite | AttributeMutability::WriteOnly) => {}
    }
    let pushed = mappings::is_pushed(app, name) && has_feature(app, "PUSH_PROFILE_UPDATES");
    if pushed || (occasion == ProvisionOccasion::Assignment && mappings::is_mapped(app, name)) {
        return forbidden("E0000075", "has a field mapping and profile push is enabled");
    }
    Ok(())
}

fn apply(org: &mut SimulatedOrg, request: &SignedInRequest, user: &str, change: &AppUserChange) -> ApiReply {
    let app = request.parameter(0);
    if change.scope == Some(AssignmentScope::Group) {
        check_group(org, app, user)?;
    }
    let now = org.now();
    if let Some(held) = org.apps.get_mut(app).and_then(|app| app.users.get_mut(user)) {
        change.write(held);
        held.last_updated = now;
    }
    match change.scope {
        Some(AssignmentScope::User) => to_individual(org, app, user),
        Some(AssignmentScope::Group) => to_group(org, app, user),
        None => {}
    }
    provisioning::note(
        org,
        "application.user_membership.update",
        "Update user's application membership",
        app,
        user,
        None,
    );
    // Writing the assignment anew pushes it, also past a failed task.
    let failed = org.apps.get(app).and_then(|app| app.users.get(user)).is_some_and(|held| held.sync_state == "ERROR");
    if change.profile.is_some() || change.user_name.is_some() || failed {
        provisioning::push(org, app, user, ProfilePush::Always);
    }
    answer(org, request, user)
}

/// An administrator overrides the group: later changes of groups are ignored.
fn to_individual(org: &mut SimulatedOrg, app: &str, user: &str) {
    if let Some(held) = org.apps.get_mut(app).and_then(|app| app.users.get_mut(user)) {
        held.individual = true;
        held.granting_group = None;
    }
}

/// Okta's user interface offers the conversion only to members of an assigned group; what the API says to others is not known.
fn to_group(org: &mut SimulatedOrg, app: &str, user: &str) {
    let individual = org.apps.get(app).and_then(|app| app.users.get(user)).is_some_and(|held| held.individual);
    let keeps = org.options.assumptions.group_scope_without_group == GroupScopeWithoutGroup::KeepUserScope;
    if !individual || (keeps && !is_in_group(org, app, user)) {
        return;
    }
    if !provisioning::convert_to_group(org, app, user) {
        // Assumed: accepted, then the job that reconciles assignments finds no group and takes the assignment away.
        let now = org.now();
        super::jobs::queue(org, now, app, user, JobKind::Reconcile, None);
    }
}

fn check_group(org: &SimulatedOrg, app: &str, user: &str) -> Result<(), ApiRefusal> {
    let refuses = org.options.assumptions.group_scope_without_group == GroupScopeWithoutGroup::Refuse;
    if refuses && !is_in_group(org, app, user) { Err(no_group()) } else { Ok(()) }
}

fn is_in_group(org: &SimulatedOrg, app: &str, user: &str) -> bool {
    let both = org.apps.get(app).zip(org.users.get(user));
    both.is_some_and(|(app, user)| super::effective_group::effective(app, user).is_some())
}

fn no_group() -> ApiRefusal {
    ApiRefusal::validation("scope", &["The user is not a member of a group that is assigned to the application."])
}

fn unassign(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let app = apps::find(org, request.parameter(0))?;
    let held = find(org, app, request.parameter(1))?;
    if !held.individual {
        return Err(ApiRefusal::new(403, "E0000046", "Deactivate application for user forbidden.").cause(
            "The application cannot be unassigned from the user while their group memberships grant them access to it.",
        ));
    }
    provisioning::unassign(org, request.parameter(0), request.parameter(1));
    ApiAnswer::no_content()
}

#[cfg(test)]
mod tests;
