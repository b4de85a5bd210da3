//! An org by hand, served over real HTTP, for tables of requests and the answers they must get.

mod control;
mod errors;
mod groups;
mod lists;
mod logs;
mod oauth;
mod org2org;
mod rules;
mod sign_in;
mod start;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::server::{ListenAddress, Simulator};
use super::store::{
    ActiveDirectory, AdAgent, AdminRole, ApiToken, AppUser, SimulatedOrg, StoredApp, StoredGroup, StoredUser,
};

pub(super) const ADMIN: &str = "00uAdmin00000000001d7";
pub(super) const JO: &str = "00uJo000000000000001d7";
pub(super) const AD_APP: &str = "0oaAd000000000000001d7";
pub(super) const AD_GROUP: &str = "00gAd000000000000001d7";
pub(super) const STAFF: &str = "00gStaff000000000001d7";

/// A client of orgs without TLS: the machine's root certificates take long to read.
fn http_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client")
}

/// A served org and a client of it.
pub(super) struct ServedOrg {
    simulator: Simulator,
    http: reqwest::Client,
}

/// What came back.
pub(super) struct ReceivedReply {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Value,
}

/// One row of a table: method, path, body, then status, code, summary and cause of the answer.
pub(super) type RequestRow<'a> = (&'a str, &'a str, Value, u16, &'a str, &'a str, &'a str);

impl ServedOrg {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// An org that `change` has had its way with.
    pub(super) async fn with(change: impl FnOnce(&mut SimulatedOrg)) -> Self {
        let mut org = org();
        change(&mut org);
        let simulator = Simulator::serve(vec![org], BTreeMap::new(), ListenAddress::Anywhere).await;
        Self { simulator: simulator.expect("a free port"), http: http_client() }
    }

    pub(super) fn url(&self) -> &str {
        &self.simulator.orgs()[0].url
    }

    pub(super) fn token(&self) -> String {
        self.simulator.orgs()[0].token.expose_secret().to_owned()
    }

    /// A request with a token of one's own, and any headers.
    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        self.http.request(method, format!("{}{path}", self.url()))
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: Value) -> ReceivedReply {
        let mut request = self.request(method, path).header("authorization", format!("SSWS {}", self.token()));
        if body.is_null() {
            request = request.header("content-length", "0");
        } else {
            request = request.json(&body);
        }
        Self::receive(request).await
    }

    pub(super) async fn get(&self, path: &str) -> ReceivedReply {
        self.send("GET", path, Value::Null).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> ReceivedReply {
        self.send("POST", path, body).await
    }

    pub(super) async fn receive(request: reqwest::RequestBuilder) -> ReceivedReply {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        ReceivedReply { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
    }

    /// Sends the rows in their order; an empty code expects no error object.
    pub(super) async fn answers(&self, rows: &[RequestRow<'_>]) {
        for (method, path, body, status, code, summary, cause) in rows {
            let got = self.send(method, path, body.clone()).await;
            let row = format!("{method} {path} {body}: {}", got.body);
            assert_eq!(got.status, *status, "{row}");
            assert_eq!(got.body["errorCode"].as_str().unwrap_or(""), *code, "{row}");
            assert_eq!(got.body["errorSummary"].as_str().unwrap_or(""), *summary, "{row}");
            let first = got.body["errorCauses"][0]["errorSummary"].as_str();
            assert_eq!(first.unwrap_or(""), *cause, "{row}");
        }
    }
}

/// A super admin with a token, Jo, two groups and an AD instance with one agent.
fn org() -> SimulatedOrg {
    let mut org = SimulatedOrg::new("okta", 7);
    org.options.limits.enabled = false;
    add_user(&mut org, ADMIN, "Ada", "Admin", "ada@x.com");
    add_user(&mut org, JO, "Jo", "Smith", "jo@x.com");
    grant(&mut org, ADMIN, "SUPER_ADMIN");
    add_token(&mut org, "00TAdmin00000000001d7", ADMIN, "secret-of-ada");
    add_group(&mut org, STAFF, "Staff", "OKTA_GROUP");
    add_group(&mut org, AD_GROUP, "AD people", "APP_GROUP");
    add_app(&mut org);
    org
}

pub(super) fn add_user(org: &mut SimulatedOrg, id: &str, first: &str, last: &str, login: &str) {
    let now = org.now();
    let profile = json!({"firstName": first, "lastName": last, "email": login, "login": login, "mobilePhone": null, "secondEmail": null});
    org.insert_user(StoredUser {
        id: id.to_owned(),
        status: "ACTIVE".to_owned(),
        created: now,
        activated: Some(now),
        status_changed: Some(now),
        last_updated: now,
        password_changed: Some(now),
        last_login: None,
        profile: profile.as_object().cloned().unwrap_or_default(),
        provider: "OKTA".to_owned(),
        has_password: true,
        recovery_question: None,
        groups: BTreeSet::new(),
    });
}

pub(super) fn grant(org: &mut SimulatedOrg, user: &str, kind: &str) {
    let role = AdminRole { id: org.ids.next("ra1"), kind: kind.to_owned(), created: org.now() };
    org.roles.entry(user.to_owned()).or_default().push(role);
}

pub(super) fn add_token(org: &mut SimulatedOrg, id: &str, owner: &str, secret: &str) {
    let now = org.now();
    let token = ApiToken {
        id: id.to_owned(),
        name: "test".to_owned(),
        owner: owner.to_owned(),
        secret: secret.to_owned(),
        created: now,
        expires: now + 30 * 86_400_000,
        network: "ANYWHERE".to_owned(),
        revoked: false,
    };
    org.tokens.insert(id.to_owned(), token);
}

pub(super) fn add_group(org: &mut SimulatedOrg, id: &str, name: &str, kind: &str) {
    let now = org.now();
    let profile = json!({"name": name, "description": ""});
    let profile = profile.as_object().cloned().unwrap_or_default();
    let group = StoredGroup {
        source: (kind == "APP_GROUP").then(|| AD_APP.to_owned()),
        ..StoredGroup::new(id.to_owned(), kind, profile, now)
    };
    org.groups.insert(id.to_owned(), group);
}

fn add_app(org: &mut SimulatedOrg) {
    let now = org.now();
    let agent = AdAgent {
        id: "a53Agent0000000001d7".to_owned(),
        name: "DC1".to_owned(),
        version: "3.22.0".to_owned(),
        up: true,
        last_connection: now,
    };
    let app = StoredApp {
        id: AD_APP.to_owned(),
        name: "active_directory".to_owned(),
        label: "corp.example".to_owned(),
        status: "ACTIVE".to_owned(),
        created: now,
        last_updated: now,
        features: Vec::new(),
        document: serde_json::Map::new(),
        users: BTreeMap::new(),
        groups: BTreeMap::new(),
        org2org: None,
        active_directory: Some(ActiveDirectory {
            domain: "corp.example".to_owned(),
            agents: vec![agent],
            update_ou_on_group_change: true,
            connected_ous: Vec::new(),
        }),
        unassigned: BTreeMap::new(),
        custom_attributes: serde_json::Map::new(),
        schema_unread: false,
        mappings: super::mappings::defaults(&mut org.ids),
    };
    org.apps.insert(AD_APP.to_owned(), app);
}

/// Makes AD the source of a user's profile.
pub(super) fn source_by_ad(org: &mut SimulatedOrg, user: &str) {
    let now = org.now();
    let Some(app) = org.apps.get_mut(AD_APP) else {
        return;
    };
    app.features.push("PROFILE_MASTERING".to_owned());
    let app_user = AppUser {
        user: user.to_owned(),
        external_id: Some("guid".to_owned()),
        created: now,
        last_updated: now,
        status: "ACTIVE".to_owned(),
        status_changed: now,
        sync_state: "SYNCHRONIZED".to_owned(),
        last_sync: None,
        individual: true,
        granting_group: None,
        user_name: String::new(),
        profile: serde_json::Map::new(),
        security_answer: None,
        syncing_from: None,
    };
    app.users.insert(user.to_owned(), app_user);
}

pub(super) fn person(login: &str) -> Value {
    json!({"profile": {"firstName": "New", "lastName": "Person", "email": login, "login": login}})
}
