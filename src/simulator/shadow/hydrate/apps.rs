//! Apps, their users and their groups.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::super::super::directory::{ObjectGuid, ReportedAccount, SimulatedDirectory};
use super::super::super::mappings;
use super::super::super::oauth;
use super::super::super::options::Shown;
use super::super::super::org2org;
use super::super::super::store::{ActiveDirectory, AdAgent, AppGroup, AppUser, SimulatedOrg, StoredApp};
use super::fields::{first, linked_id, object, text, texts, time};
use super::people::take_user;

/// Members of an app's JSON that are the store's own fields.
const OF_APP: &[&str] =
    &["id", "orn", "name", "label", "status", "lastUpdated", "created", "features", "_links", "_embedded"];

pub(in super::super) fn app(org: &mut SimulatedOrg, _: &[String], body: &Value) {
    let id = text(body, "id");
    if id.is_empty() || !org.is_news(format!("/api/v1/apps/{id}")) {
        return;
    }
    let name = text(body, "name");
    let connects = name == "active_directory";
    let document = object(body).into_iter().filter(|(name, _)| !OF_APP.contains(&name.as_str()));
    let created = time(body, "created").unwrap_or_default();
    let mut held = StoredApp {
        id: id.clone(),
        label: text(body, "label"),
        status: text(body, "status"),
        created,
        last_updated: time(body, "lastUpdated").unwrap_or(created),
        features: texts(&body["features"]),
        document: document.collect(),
        users: BTreeMap::new(),
        groups: BTreeMap::new(),
        active_directory: connects.then(|| instance(body)),
        org2org: (name == org2org::NAME).then(|| org2org::Org2OrgApp::of_features(&texts(&body["features"]))),
        unassigned: BTreeMap::new(),
        mappings: mappings::unread_mappings(),
        custom_attributes: serde_json::Map::new(),
        schema_unread: true,
        name,
    };
    if connects {
        show_group_push(org, &mut held);
    }
    if let Some(client) = oauth::keyless_client_of(&held) {
        org.oauth.clients.insert(id.clone(), client);
    }
    org.apps.insert(id, held);
}

/// The feature is told by the simulator itself where the real org tells it.
fn show_group_push(org: &mut SimulatedOrg, app: &mut StoredApp) {
    let pushes = app.features.iter().any(|one| one == "GROUP_PUSH");
    org.options.assumptions.group_push_feature = if pushes { Shown::Present } else { Shown::Absent };
    app.features.retain(|one| one != "GROUP_PUSH");
}

/// What no API shows is taken as it has to be for accounts to follow; a person attests it.
fn instance(body: &Value) -> ActiveDirectory {
    let domain = body["settings"]["app"]["namingContext"].as_str();
    let domain = domain.map_or_else(|| text(body, "label"), str::to_owned);
    let agent = AdAgent {
        id: "agent".to_owned(),
        name: "agent".to_owned(),
        version: String::new(),
        up: true,
        last_connection: 0,
    };
    ActiveDirectory { domain, agents: vec![agent], update_ou_on_group_change: true, connected_ous: Vec::new() }
}

pub(in super::super) fn app_user(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    take_user(org, &body["_embedded"]["user"]);
    let (app, id) = (first(parameters), text(body, "id"));
    let known = org.apps.get(app).map(|app| app.users.contains_key(&id));
    if id.is_empty() || known != Some(false) {
        return;
    }
    if !org.is_news(format!("/api/v1/apps/{app}/users/{id}")) {
        return;
    }
    let created = time(body, "created").unwrap_or_default();
    let held = AppUser {
        user: id.clone(),
        external_id: body["externalId"].as_str().map(str::to_owned),
        created,
        last_updated: time(body, "lastUpdated").unwrap_or(created),
        status: text(body, "status"),
        status_changed: time(body, "statusChanged").unwrap_or(created),
        sync_state: text(body, "syncState"),
        last_sync: time(body, "lastSync"),
        individual: body["scope"] == "USER",
        granting_group: linked_id(body, "group"),
        user_name: text(&body["credentials"], "userName"),
        profile: object(&body["profile"]),
        security_answer: None,
        syncing_from: None,
    };
    let Some(instance) = org.apps.get_mut(app) else {
        return;
    };
    let account = account(instance, &held);
    instance.users.insert(id, held);
    if let Some(account) = account {
        assume_account(org, &account);
    }
}

/// The account that an app user of a directory is linked to.
struct LinkedAccount {
    domain: String,
    guid: ObjectGuid,
    dn: String,
    name: String,
    sam_account_name: String,
    sid: String,
    attributes: Vec<(&'static str, String)>,
}

fn account(app: &StoredApp, held: &AppUser) -> Option<LinkedAccount> {
    let profile = &held.profile;
    let dn = profile.get("dn").or_else(|| profile.get("distinguishedName"));
    let known = |name: &str| {
        let value = profile.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    Some(LinkedAccount {
        domain: app.active_directory.as_ref()?.domain.to_lowercase(),
        guid: ObjectGuid::from_base64(held.external_id.as_deref()?)?,
        dn: dn?.as_str()?.to_owned(),
        name: held.user_name.clone(),
        sam_account_name: known("samAccountName"),
        sid: known("objectSid"),
        attributes: mappings::ad_attributes(profile),
    })
}

/// A directory that cannot be looked at is taken to be as Okta has its accounts.
fn assume_account(org: &mut SimulatedOrg, account: &LinkedAccount) {
    let known = org.directories.contains_key(&account.domain);
    let Some(changed) = &mut org.changed else {
        return;
    };
    if known && !changed.imagined.contains(&account.domain) {
        return;
    }
    changed.imagined.insert(account.domain.clone());
    let directory = org
        .directories
        .entry(account.domain.clone())
        .or_insert_with(|| Arc::new(RwLock::new(SimulatedDirectory::unknown(&account.domain))));
    let mut directory = directory.write().unwrap_or_else(PoisonError::into_inner);
    directory.imagine(&ReportedAccount {
        guid: account.guid,
        dn: &account.dn,
        user_principal_name: &account.name,
        sam_account_name: &account.sam_account_name,
        sid: &account.sid,
        attributes: account.attributes.clone(),
    });
}

pub(in super::super) fn app_group(org: &mut SimulatedOrg, parameters: &[String], body: &Value) {
    let (app, id) = (first(parameters), text(body, "id"));
    let known = org.apps.get(app).map(|app| app.groups.contains_key(&id));
    if id.is_empty() || known != Some(false) {
        return;
    }
    if !org.is_news(format!("/api/v1/apps/{app}/groups/{id}")) {
        return;
    }
    if let Some(instance) = org.apps.get_mut(app) {
        let held = AppGroup {
            group: id.clone(),
            priority: body["priority"].as_i64().unwrap_or_default(),
            profile: object(&body["profile"]),
            last_updated: time(body, "lastUpdated").unwrap_or_default(),
        };
        instance.groups.insert(id, held);
    }
}
