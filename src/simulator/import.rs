//! "Import now": what is in the directory, taken into Okta. No API triggers it in Okta; here the control surface does.

use std::collections::HashMap;
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::agent;
use super::apps;
use super::directory::DirectoryAccount;
use super::http::{ApiAnswer, ApiRefusal, ApiReply, SignedInRequest};
use super::log::{self, LogEvent};
use super::org2org;
use super::provisioning::{self, has_feature, note};
use super::store::{AppUser, EpochMillis, OktaId, SimulatedOrg, StoredApp};

/// How much of the directory is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ImportExtent {
    /// Everything below the connected OUs; accounts that are not there any more are let go.
    Full,
    /// A full one of long ago: it has left no trace in the log.
    Before,
    /// What changed; it does not see what was moved out of scope (support articles).
    Incremental,
}

/// What an import did, by number of accounts.
#[derive(Default)]
pub(super) struct ImportCounts {
    matched: usize,
    updated: usize,
    removed: usize,
    /// User names of accounts that no Okta user has.
    unmatched: Vec<String>,
}

/// `POST /simulator/import` `{"app": ID, "kind": "full" | "incremental"}`; the only AD instance when `app` is left out.
///
/// Of an Org2Org app `{"app": ID}` starts one, which ends by itself, and `{"app": ID, "confirm": true}` confirms what it left for review.
pub(super) fn import(org: &mut SimulatedOrg, request: &SignedInRequest) -> ApiReply {
    let body = request.body.as_ref().unwrap_or(&Value::Null);
    let kind = match body.get("kind").and_then(Value::as_str) {
        None | Some("full") => ImportExtent::Full,
        Some("incremental") => ImportExtent::Incremental,
        Some(_) => {
            return Err(ApiRefusal::validation("kind", &["give `full` or `incremental`"]));
        }
    };
    let named = body.get("app").and_then(Value::as_str);
    if let Some(app) = named.filter(|app| org2org::is_one(org, app)) {
        org2org::start_import(org, app, body.get("confirm") == Some(&json!(true)))?;
        return ApiAnswer::with_status(202, json!({}));
    }
    let app = chosen_app(org, named)?;
    if agent::is_down(org, &app) {
        return Err(ApiRefusal::new(504, "E0000241", "No connected agents."));
    }
    read_anew(org, &app)?;
    let done = run(org, &app, kind);
    ApiAnswer::ok(
        json!({"matched": done.matched, "updated": done.updated, "removed": done.removed, "unmatched": done.unmatched}),
    )
}

fn chosen_app(org: &SimulatedOrg, app: Option<&str>) -> Result<OktaId, ApiRefusal> {
    if let Some(id) = app {
        let app = apps::find(org, id)?;
        return match app.active_directory {
            Some(_) => Ok(app.id.clone()),
            None => Err(ApiRefusal::validation("app", &["it is no Active Directory instance"])),
        };
    }
    let mut instances = org.apps.values().filter(|app| app.active_directory.is_some());
    match (instances.next(), instances.next()) {
        (Some(app), None) => Ok(app.id.clone()),
        _ => Err(ApiRefusal::validation("app", &["name the Active Directory instance by its id"])),
    }
}

/// Imports the accounts of an AD instance.
///
/// Matching is exact, by login or e-mail, and confirmed at once; other accounts stay for review.
pub(super) fn run(org: &mut SimulatedOrg, app: &str, kind: ImportExtent) -> ImportCounts {
    let mut done = ImportCounts::default();
    if kind != ImportExtent::Before {
        record_event(org, app, "system.import.start", "Start import");
    }
    let accounts = in_scope(org, app);
    let linked = links(org, app);
    let emails = emails(org);
    let known = KnownAccounts { linked: &linked, emails: &emails, tells: kind != ImportExtent::Before };
    for account in &accounts {
        import_account(org, app, account, &known, &mut done);
    }
    if kind == ImportExtent::Full {
        done.removed = let_go(org, app, &accounts);
    }
    record_event(org, app, "system.import.complete", "Complete import");
    done
}

struct KnownAccounts<'a> {
    /// `externalId` to user.
    linked: &'a HashMap<String, OktaId>,
    /// Lower-cased e-mail to user.
    emails: &'a HashMap<String, OktaId>,
    tells: bool,
}

/// Reads the directory of the instance anew, where it is not simulated.
fn read_anew(org: &SimulatedOrg, app: &str) -> Result<(), ApiRefusal> {
    let connection = org.apps.get(app).and_then(|app| app.active_directory.as_ref());
    let domain = connection.map(|connection| connection.domain.to_lowercase());
    let Some(directory) = domain.and_then(|domain| org.directories.get(&domain)) else {
        return Ok(());
    };
    let mut directory = directory.write().unwrap_or_else(PoisonError::into_inner);
    directory.synchronize().map_err(|refusal| ApiRefusal::new(502, "E0000009", &refusal.to_string()))
}

/// Accounts below the connected OUs; the directory's own service account is none of them.
fn in_scope(org: &SimulatedOrg, app: &str) -> Vec<DirectoryAccount> {
    let Some(connection) = org.apps.get(app).and_then(|app| app.active_directory.as_ref()) else {
        return Vec::new();
    };
    let Some(directory) = org.directories.get(&connection.domain.to_lowercase()) else {
        return Vec::new();
    };
    let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
    let service = directory.bind_account().user_principal_name().to_owned();
    let mut accounts = std::collections::BTreeMap::new();
    for unit in &connection.connected_ous {
        let found = directory.accounts_under(unit).filter(|account| account.user_principal_name != service);
        accounts.extend(found.map(|account| (account.guid, account.clone())));
    }
    accounts.into_values().collect()
}

fn links(org: &SimulatedOrg, app: &str) -> HashMap<String, OktaId> {
    let users = org.apps.get(app).into_iter().flat_map(|app| app.users.values());
    users.filter_map(|held| Some((held.external_id.clone()?, held.user.clone()))).collect()
}

fn emails(org: &SimulatedOrg) -> HashMap<String, OktaId> {
    let users = org.users.values().filter(|user| user.status != "DEPROVISIONED");
    users.map(|user| (user.attribute("email").to_lowercase(), user.id.clone())).collect()
}

fn import_account(
    org: &mut SimulatedOrg,
    app: &str,
    account: &DirectoryAccount,
    known: &KnownAccounts,
    done: &mut ImportCounts,
) {
    if let Some(user) = known.linked.get(&account.guid.base64()) {
        done.updated += usize::from(refresh(org, app, user, account));
        return;
    }
    match find_match(org, account, known.emails) {
        Some(user) => {
            link(org, app, &user, account);
            done.matched += 1;
            if known.tells {
                note(org, "system.import.user.match", "Match user by import", app, &user, None);
                note(org, "system.import.user_match.confirm", "Confirm match of imported user", app, &user, None);
            }
        }
        None => done.unmatched.push(account.user_principal_name.clone()),
    }
}

/// A move made in the directory is seen here. True when the app user changed.
fn refresh(org: &mut SimulatedOrg, app: &str, user: &str, account: &DirectoryAccount) -> bool {
    let now = org.now();
    let Some(held) = org.apps.get_mut(app).and_then(|app| app.users.get_mut(user)) else {
        return false;
    };
    let before = held.profile.clone();
    agent::adopt(held, account);
    let changed = held.profile != before;
    if changed {
        held.last_updated = now;
        note(org, "system.import.user.update", "Update user by import", app, user, None);
    }
    changed
}

fn find_match(org: &SimulatedOrg, account: &DirectoryAccount, emails: &HashMap<String, OktaId>) -> Option<OktaId> {
    let by_login = org.logins.get(&account.user_principal_name.to_lowercase());
    let by_email = || emails.get(&account.attribute("mail")?.to_lowercase());
    let user = org.users.get(by_login.or_else(by_email)?)?;
    (user.status != "DEPROVISIONED").then(|| user.id.clone())
}

/// Confirms a match: an individual assignment with the account behind it, or the account behind an assignment that waits.
fn link(org: &mut SimulatedOrg, app: &str, user: &str, account: &DirectoryAccount) {
    let now = org.now();
    let Some(mut held) = taken_or_new(org, app, user, now) else {
        return;
    };
    agent::adopt(&mut held, account);
    held.user_name.clone_from(&account.user_principal_name);
    "ACTIVE".clone_into(&mut held.status);
    "SYNCHRONIZED".clone_into(&mut held.sync_state);
    held.last_sync = Some(now);
    if let Some(app) = org.apps.get_mut(app) {
        app.unassigned.remove(user);
        app.users.insert(user.to_owned(), held);
    }
}

fn taken_or_new(org: &mut SimulatedOrg, app: &str, user: &str, now: EpochMillis) -> Option<AppUser> {
    let present = org.apps.get_mut(app)?.users.remove(user);
    present.or_else(|| provisioning::new_app_user(org, app, user, now))
}

/// Lets go of the users whose account a full import did not find: gone, or moved out of the connected OUs.
fn let_go(org: &mut SimulatedOrg, app: &str, accounts: &[DirectoryAccount]) -> usize {
    let seen: std::collections::HashSet<String> = accounts.iter().map(|account| account.guid.base64()).collect();
    let lost = links(org, app).into_iter().filter(|(account, _)| !seen.contains(account));
    let lost: Vec<OktaId> = lost.map(|(_, user)| user).collect();
    let sourced = org.apps.get(app).is_some_and(|app: &StoredApp| has_feature(app, "PROFILE_MASTERING"));
    for user in &lost {
        note(org, "system.import.user.delete", "Delete user by import", app, user, None);
        if sourced {
            deactivate(org, user);
        } else if let Some(app) = org.apps.get_mut(app) {
            // Disconnected: the account is out of sight, so nothing is done to it.
            app.users.remove(user);
        }
    }
    lost.len()
}

/// Assumed: "deactivate" is what the import settings say of users that are gone from their source.
fn deactivate(org: &mut SimulatedOrg, user: &str) {
    let now = org.now();
    if let Some(user) = org.users.get_mut(user) {
        "DEPROVISIONED".clone_into(&mut user.status);
        user.status_changed = Some(now);
        user.last_updated = now;
    }
    provisioning::user_deactivated(org, user);
}

fn record_event(org: &mut SimulatedOrg, app: &str, kind: &'static str, words: &str) {
    let event = LogEvent::new(kind, words).on_app(org, app);
    log::record(org, event);
}
