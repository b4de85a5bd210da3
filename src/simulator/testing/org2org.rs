//! A spoke that provisions into a hub, both served over real HTTP.

mod groups;
mod imports;
mod people;

use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::super::{ListenAddress, ScenarioSpec, Simulator};
use super::ReceivedReply;

const HUB_TOKEN: &str = "00simulated-hub-token-of-the-examples-0000";

/// Spoke, hub and the app between them.
struct OrgPair {
    simulator: Simulator,
    http: reqwest::Client,
    app: String,
}

#[derive(Clone, Copy)]
enum PairSide {
    Spoke,
    Hub,
}

use PairSide::{Hub, Spoke};

impl OrgPair {
    /// The built-in orgs with an app that is not connected.
    async fn new() -> Self {
        let scenario = ScenarioSpec::find("org2org").expect("the built-in scenario");
        let simulator = Simulator::start(scenario, ListenAddress::Anywhere).await;
        let mut pair =
            Self { simulator: simulator.expect("free ports"), http: super::http_client(), app: String::new() };
        let options = json!({"jobDelayMs": 10, "limits": {"enabled": false}});
        for side in [Spoke, Hub] {
            pair.ok(side, "PATCH", "/simulator/options", &options).await;
        }
        let body = json!({"name": "okta_org2org", "label": "Hub", "signOnMode": "SAML_2_0",
            "settings": {"app": {"baseUrl": pair.url(Hub)}}});
        pair.app = pair.ok(Spoke, "POST", "/api/v1/apps", &body).await["id"].as_str().expect("an id").to_owned();
        pair
    }

    /// The same, connected, with all To App features on.
    async fn connected() -> Self {
        let pair = Self::new().await;
        let body = pair.token_body(HUB_TOKEN);
        pair.ok(Spoke, "POST", "/api/v1/apps/{app}/connections/default?activate=true", &body).await;
        let on = json!({"status": "ENABLED"});
        let body = json!({"create": {"lifecycleCreate": on}, "update": {"profile": on, "lifecycleDeactivate": on}});
        pair.ok(Spoke, "PUT", "/api/v1/apps/{app}/features/USER_PROVISIONING", &body).await;
        pair
    }

    fn token_body(&self, token: &str) -> Value {
        json!({"baseUrl": self.url(Hub), "profile": {"authScheme": "TOKEN", "token": token}})
    }

    async fn assumes(&self, assumption: Value) {
        let options = json!({"assumptions": assumption});
        self.ok(Spoke, "PATCH", "/simulator/options", &options).await;
    }

    fn address(&self, side: PairSide) -> &super::super::OrgAddress {
        &self.simulator.orgs()[side as usize]
    }

    fn url(&self, side: PairSide) -> String {
        self.address(side).url.clone()
    }

    async fn send(&self, side: PairSide, method: &str, path: &str, body: &Value) -> ReceivedReply {
        let url = format!("{}{}", self.url(side), path.replace("{app}", &self.app));
        let method = method.parse().expect("a method");
        let token = self.address(side).token.expose_secret();
        let request = self.http.request(method, url).header("authorization", format!("SSWS {token}"));
        let request = if body.is_null() { request.header("content-length", "0") } else { request.json(body) };
        super::ServedOrg::receive(request).await
    }

    async fn ok(&self, side: PairSide, method: &str, path: &str, body: &Value) -> Value {
        let got = self.send(side, method, path, body).await;
        assert!(got.status < 300, "{method} {path}: {} {}", got.status, got.body);
        got.body
    }

    async fn get(&self, side: PairSide, path: &str) -> Value {
        self.ok(side, "GET", path, &Value::Null).await
    }

    async fn user(&self, side: PairSide, first: &str) -> Value {
        let users = self.get(side, "/api/v1/users?limit=200").await;
        let login = format!("{first}@");
        let mut users = users.as_array().expect("a list").iter().filter(|user| {
            let held = user["profile"]["login"].as_str().unwrap_or_default();
            held.starts_with(&login.replace('@', "."))
        });
        users.next().cloned().unwrap_or_default()
    }

    async fn assign(&self, first: &str, profile: &Value) -> ReceivedReply {
        let user = self.user(Spoke, first).await;
        let body = json!({"id": user["id"], "scope": "USER", "profile": profile});
        let got = self.send(Spoke, "POST", "/api/v1/apps/{app}/users", &body).await;
        self.settled().await;
        got
    }

    /// `status syncState` in the spoke, `status` in the hub.
    async fn tells(&self, first: &str) -> String {
        let user = self.user(Spoke, first).await;
        let id = user["id"].as_str().expect("an id");
        let held = self.send(Spoke, "GET", &format!("/api/v1/apps/{{app}}/users/{id}"), &Value::Null).await.body;
        let hub = self.user(Hub, first).await;
        assert!(held["externalId"].is_null() || held["externalId"] == hub["id"], "{held} {hub}");
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        format!("{} {} | {}", text(&held["status"]), text(&held["syncState"]), text(&hub["status"]))
    }

    /// Waits until nothing is left to do.
    async fn settled(&self) {
        let started = Instant::now();
        while self.get(Spoke, "/simulator/state").await["jobs"] != 0 {
            assert!(started.elapsed() < Duration::from_secs(20), "jobs remain");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn group(&self, side: PairSide, name: &str) -> Value {
        let groups = self.get(side, "/api/v1/groups?limit=200").await;
        let mut groups = groups.as_array().expect("a list").iter();
        groups.find(|group| group["profile"]["name"] == name).cloned().unwrap_or_default()
    }

    async fn push(&self, group: &str, target: &Value) -> ReceivedReply {
        let source = self.group(Spoke, group).await;
        let mut body = json!({"sourceGroupId": source["id"]});
        body.as_object_mut().expect("an object").extend(target.as_object().cloned().expect("an object"));
        let got = self.send(Spoke, "POST", "/api/v1/apps/{app}/group-push/mappings", &body).await;
        self.settled().await;
        got
    }

    async fn members(&self, side: PairSide, group: &str) -> Vec<String> {
        let group = self.group(side, group).await;
        let path = format!("/api/v1/groups/{}/users", group["id"].as_str().expect("the group"));
        let users = self.get(side, &path).await;
        let logins = users.as_array().expect("a list").iter();
        let mut names: Vec<String> =
            logins.map(|user| user["profile"]["firstName"].as_str().unwrap_or_default().to_owned()).collect();
        names.sort();
        names
    }

    async fn task(&self) -> String {
        let tasks = self.get(Spoke, "/simulator/tasks").await;
        tasks[0]["message"].as_str().unwrap_or_default().to_owned()
    }
}

fn cause(got: &ReceivedReply) -> String {
    let summary = got.body["errorCauses"][0]["errorSummary"].as_str();
    format!("{} {} {}", got.status, got.body["errorCode"].as_str().unwrap_or(""), summary.unwrap_or(""))
}

#[tokio::test]
async fn a_connection_is_made_tried_and_never_shows_its_token() {
    let pair = OrgPair::new().await;
    let path = "/api/v1/apps/{app}/connections/default";
    let fresh = pair.get(Spoke, path).await;
    assert_eq!((&fresh["status"], &fresh["authScheme"]), (&json!("DISABLED"), &json!("TOKEN")));
    assert!(fresh["_links"]["activate"].is_object() && fresh["profile"].is_null());
    let dead = pair.token_body("00dead");
    let stored = pair.ok(Spoke, "POST", path, &dead).await;
    assert_eq!((&stored["status"], &stored["profile"]), (&json!("DISABLED"), &json!({"authScheme": "TOKEN"})));
    let refused = pair.send(Spoke, "POST", &format!("{path}/lifecycle/activate"), &Value::Null).await;
    assert!(cause(&refused).starts_with("400 E0000001 Error authenticating: 401"), "{}", cause(&refused));
    pair.assumes(json!({"connectionCheck": "never"})).await;
    pair.ok(Spoke, "POST", &format!("{path}/lifecycle/activate"), &Value::Null).await;
    assert_eq!(pair.get(Spoke, path).await["status"], "ENABLED");
    pair.assumes(json!({"connectionCheck": "at_activation"})).await;
    let live = pair.token_body(HUB_TOKEN);
    let shown = pair.ok(Spoke, "POST", &format!("{path}?activate=true"), &live).await;
    assert_eq!((&shown["status"], &shown["baseUrl"]), (&json!("ENABLED"), &json!(pair.url(Hub))));
    assert!(shown["_links"]["deactivate"].is_object());
    assert!(!pair.get(Spoke, "/simulator/state").await.to_string().contains(HUB_TOKEN));
    pair.ok(Spoke, "POST", &format!("{path}/lifecycle/deactivate"), &Value::Null).await;
    assert_eq!(pair.get(Spoke, "/api/v1/apps/{app}").await["features"], json!([]));
    for (body, words) in [
        (json!({"profile": {"authScheme": "TOKEN"}}), "token: The field cannot be left blank"),
        (json!({"profile": {"authScheme": "OAUTH2"}}), "clientId: The field cannot be left blank"),
        (json!({"profile": {"authScheme": "BASIC"}}), "authScheme: must be TOKEN or OAUTH2"),
        (json!({}), "profile: The field cannot be left blank"),
    ] {
        let got = pair.send(Spoke, "POST", path, &body).await;
        assert_eq!(cause(&got), format!("400 E0000001 {words}"));
    }
}

#[tokio::test]
async fn features_are_told_once_the_connection_is_on() {
    let pair = OrgPair::new().await;
    let path = "/api/v1/apps/{app}/features";
    let off = pair.send(Spoke, "GET", path, &Value::Null).await;
    assert_eq!(cause(&off), "400 E0000001 Provisioning is not enabled for the app instance.");
    let pair = OrgPair::connected().await;
    let listed = pair.get(Spoke, path).await;
    assert_eq!((&listed[0]["name"], &listed[1]["name"]), (&json!("USER_PROVISIONING"), &json!("INBOUND_PROVISIONING")));
    let outbound = &listed[0]["capabilities"];
    assert_eq!(outbound["create"]["lifecycleCreate"]["status"], "ENABLED");
    assert_eq!(
        outbound["update"]["password"],
        json!({"status": "DISABLED", "seed": "RANDOM", "change": "KEEP_EXISTING"})
    );
    let features = pair.get(Spoke, "/api/v1/apps/{app}").await["features"].clone();
    assert_eq!(
        features,
        json!([
            "IMPORT_PROFILE_UPDATES",
            "GROUP_PUSH",
            "IMPORT_USER_SCHEMA",
            "IMPORT_NEW_USERS",
            "PUSH_NEW_USERS",
            "PUSH_PROFILE_UPDATES",
            "PUSH_USER_DEACTIVATION",
            "REACTIVATE_USERS"
        ])
    );
    let rules = listed[1]["capabilities"].clone();
    for (name, body, expected) in [
        ("USER_PROVISIONING", json!({"create": {"lifecycleCreate": {"status": "ON"}}}), "400 E0000003 "),
        ("USER_PROVISIONING", json!({"update": {"password": {"change": "CYCLE"}}}), "400 E0000003 "),
        ("USER_PROVISIONING", json!({"delete": {}}), "400 E0000003 "),
        ("INBOUND_PROVISIONING", json!({"importRules": rules["importRules"]}), "400 E0000003 "),
        ("INBOUND_PROVISIONING", rules.clone(), "200  "),
        ("SOMETHING", json!({}), "404 E0000007 "),
    ] {
        let got = pair.send(Spoke, "PUT", &format!("{path}/{name}"), &body).await;
        assert_eq!(cause(&got), expected, "{name} {body}");
    }
}

#[tokio::test]
async fn each_initial_status_has_its_user_in_the_hub() {
    let pair = OrgPair::connected().await;
    for (first, initial, expected) in [
        ("ada", "active_with_pass", "ACTIVE SYNCHRONIZED | ACTIVE"),
        ("ben", "active_without_pass", "PROVISIONED SYNCHRONIZED | PROVISIONED"),
        ("chloe", "pending_with_pass", "PROVISIONED SYNCHRONIZED | STAGED"),
        ("dana", "pending_without_pass", "PROVISIONED SYNCHRONIZED | STAGED"),
        ("emil", "active", "STAGED ERROR | -"),
    ] {
        let profile =
            json!({"initialStatus": initial, "securityQuestion": "First pet?", "securityAnswer": "Rex the cat"});
        let got = pair.assign(first, &profile).await;
        assert_eq!(got.status, 200, "{}", got.body);
        assert!(!got.body.to_string().contains("Rex"), "{}", got.body);
        assert_eq!(pair.tells(first).await, expected, "{initial}: {}", pair.task().await);
    }
    assert!(pair.task().await.ends_with("Invalid value for initialStatus field (code notOneOf)"));
    let state = pair.get(Hub, "/simulator/state").await;
    let users = state["users"].as_object().expect("users");
    let told =
        |login: &str| users.values().find(|user| user["login"] == format!("{login}@spoke.example")).expect("the user");
    assert_eq!((&told("chloe.dubois")["hasPassword"], &told("dana.kim")["hasPassword"]), (&json!(true), &json!(false)));
    assert_eq!(told("ada.novak")["recoveryQuestion"], "First pet?");
    assert_eq!(told("ada.novak")["profile"]["department"], "Research");
}

#[tokio::test]
async fn what_the_hub_refuses_becomes_a_task_and_can_be_repeated() {
    let pair = OrgPair::connected().await;
    let hub_admin = pair.user(Hub, "hanna").await;
    let id = hub_admin["id"].as_str().expect("an id");
    let role = pair.get(Hub, &format!("/api/v1/users/{id}/roles")).await[0]["id"].clone();
    pair.ok(Hub, "POST", &format!("/api/v1/users/{id}/roles"), &json!({"type": "USER_ADMIN"})).await;
    pair.ok(Hub, "DELETE", &format!("/api/v1/users/{id}/roles/{}", role.as_str().expect("an id")), &Value::Null).await;
    let active = json!({"initialStatus": "active_with_pass"});
    pair.assign("ada", &active).await;
    assert_eq!(pair.tells("ada").await, "ACTIVE SYNCHRONIZED | ACTIVE");
    let role = pair.push("Hub Research", &json!({"targetGroupName": "Research"})).await;
    let mapping = format!("/api/v1/apps/{{app}}/group-push/mappings/{}", role.body["id"].as_str().expect("an id"));
    let told = pair.get(Spoke, &mapping).await;
    assert_eq!(told["status"], "ERROR");
    assert!(told["errorSummary"].as_str().is_some_and(|text| text.starts_with("403")), "{told}");
    pair.ok(Hub, "DELETE", "/api/v1/api-tokens/current", &Value::Null).await;
    pair.assign("ben", &active).await;
    assert!(pair.task().await.contains("401"), "{}", pair.task().await);
    let log = pair.get(Spoke, "/simulator/log").await.to_string();
    assert!(log.contains("application.integration.authentication_failure"));
    pair.ok(Spoke, "POST", "/simulator/tasks/retry", &json!({})).await;
    pair.settled().await;
    assert!(pair.task().await.contains("401"));
}

#[tokio::test]
async fn users_are_linked_updated_deactivated_and_reactivated() {
    let pair = OrgPair::connected().await;
    let active = json!({"initialStatus": "active_with_pass"});
    let profile = json!({"login": "ada.novak@spoke.example", "email": "ada.novak@spoke.example", "firstName": "Ada", "lastName": "N."});
    let made = pair.ok(Hub, "POST", "/api/v1/users?activate=false", &json!({"profile": profile})).await;
    pair.assign("ada", &active).await;
    let hub = pair.user(Hub, "ada").await;
    assert_eq!(
        (&hub["id"], &hub["status"], &hub["profile"]["lastName"]),
        (&made["id"], &json!("ACTIVE"), &json!("Novak"))
    );
    let ada = pair.user(Spoke, "ada").await["id"].as_str().expect("an id").to_owned();
    pair.ok(Spoke, "POST", &format!("/api/v1/users/{ada}"), &json!({"profile": {"department": "Maths"}})).await;
    pair.settled().await;
    assert_eq!(pair.user(Hub, "ada").await["profile"]["department"], "Maths");
    pair.ok(Spoke, "DELETE", &format!("/api/v1/apps/{{app}}/users/{ada}"), &Value::Null).await;
    pair.settled().await;
    assert_eq!(pair.tells("ada").await, "- - | -");
    let hub = pair.get(Hub, "/api/v1/users/ada.novak@spoke.example").await;
    assert_eq!(hub["status"], "DEPROVISIONED");
    pair.assign("ada", &active).await;
    assert_eq!(pair.tells("ada").await, "ACTIVE SYNCHRONIZED | ACTIVE");
    // With "Create" off nobody is looked for.
    let off = json!({"create": {"lifecycleCreate": {"status": "DISABLED"}}});
    pair.ok(Spoke, "PUT", "/api/v1/apps/{app}/features/USER_PROVISIONING", &off).await;
    pair.assign("ben", &active).await;
    assert!(pair.tells("ben").await.ends_with("| -"));
    let got = pair.assign("chloe", &json!({"firstName": "C."})).await;
    assert_eq!((got.status, &got.body["errorCode"]), (403, &json!("E0000075")));
    let got = pair.assign("chloe", &json!({"shoeSize": "9"})).await;
    assert_eq!(cause(&got), "400 E0000001 Property name 'shoeSize' is not defined in profile");
}

#[tokio::test]
async fn a_pushed_group_has_the_members_who_are_provisioned() {
    let pair = OrgPair::connected().await;
    let active = json!({"initialStatus": "active_with_pass"});
    pair.assign("ada", &active).await;
    let got = pair.push("Hub Research", &json!({"targetGroupName": "Research"})).await;
    assert_eq!((got.status, &got.body["status"]), (200, &json!("ACTIVE")));
    let mapping = format!("/api/v1/apps/{{app}}/group-push/mappings/{}", got.body["id"].as_str().expect("an id"));
    assert!(pair.get(Spoke, &mapping).await["lastPush"].is_string());
    assert_eq!(pair.members(Hub, "Research").await, ["Ada"]);
    let log = pair.get(Spoke, "/simulator/log").await.to_string();
    assert!(log.contains("app.user_management.grouppush.mapping.okta.users.ignored"));
    // Who is provisioned later is missing until the group is pushed anew.
    pair.assign("ben", &active).await;
    assert_eq!(pair.members(Hub, "Research").await, ["Ada"]);
    for status in ["INACTIVE", "ACTIVE"] {
        pair.ok(Spoke, "PATCH", &mapping, &json!({"status": status})).await;
    }
    pair.settled().await;
    assert_eq!(pair.members(Hub, "Research").await, ["Ada", "Ben"]);
    // Changes follow.
    let group = pair.group(Spoke, "Hub Research").await["id"].as_str().expect("an id").to_owned();
    let ben = pair.user(Spoke, "ben").await["id"].as_str().expect("an id").to_owned();
    pair.ok(Spoke, "DELETE", &format!("/api/v1/groups/{group}/users/{ben}"), &Value::Null).await;
    pair.settled().await;
    assert_eq!(pair.members(Hub, "Research").await, ["Ada"]);
    let again = pair.push("Hub Research", &json!({"targetGroupName": "Other"})).await;
    assert_eq!(cause(&again), "400 E0000001 The group is already pushed to this application.");
    let refused = pair.send(Spoke, "DELETE", &format!("{mapping}?deleteTargetGroup=true"), &Value::Null).await;
    assert!(cause(&refused).starts_with("400 E0000001 An active group push mapping"));
    pair.ok(Spoke, "PATCH", &mapping, &json!({"status": "INACTIVE"})).await;
    let missing = pair.send(Spoke, "DELETE", &mapping, &Value::Null).await;
    assert_eq!(missing.body["errorCode"], "E0000028");
    pair.ok(Spoke, "DELETE", &format!("{mapping}?deleteTargetGroup=true"), &Value::Null).await;
    pair.settled().await;
    assert!(pair.group(Hub, "Research").await.is_null());
}

#[tokio::test]
async fn a_name_that_the_hub_has_is_linked_or_refused() {
    for (answer, status, members) in [("link", "ACTIVE", vec!["Ada"]), ("create", "ERROR", vec!["Inès"])] {
        let pair = OrgPair::connected().await;
        pair.assumes(json!({"pushedNameTaken": answer})).await;
        pair.assign("ada", &json!({"initialStatus": "active_with_pass"})).await;
        let group = pair.ok(Hub, "POST", "/api/v1/groups", &json!({"profile": {"name": "Research"}})).await;
        let ines = pair.user(Hub, "ines").await;
        let path =
            format!("/api/v1/groups/{}/users/{}", group["id"].as_str().expect("id"), ines["id"].as_str().expect("id"));
        pair.ok(Hub, "PUT", &path, &Value::Null).await;
        let got = pair.push("Hub Research", &json!({"targetGroupName": "Research"})).await;
        let mapping = format!("/api/v1/apps/{{app}}/group-push/mappings/{}", got.body["id"].as_str().expect("an id"));
        assert_eq!(pair.get(Spoke, &mapping).await["status"], status);
        assert_eq!(pair.members(Hub, "Research").await, members);
    }
}

#[tokio::test]
async fn uncertain_answers_follow_their_options() {
    let pair = OrgPair::connected().await;
    for (answer, expected) in [
        ("active_with_pass", "ACTIVE"),
        ("active_without_pass", "PROVISIONED"),
        ("pending_with_pass", "STAGED"),
        ("pending_without_pass", "STAGED"),
    ] {
        pair.assumes(json!({"initialStatusOmitted": answer})).await;
        pair.assign("ada", &json!({})).await;
        assert!(pair.tells("ada").await.ends_with(expected), "{answer}");
        let ada = pair.user(Hub, "ada").await["id"].as_str().expect("an id").to_owned();
        let held = pair.user(Spoke, "ada").await["id"].as_str().expect("an id").to_owned();
        pair.ok(Spoke, "DELETE", &format!("/api/v1/apps/{{app}}/users/{held}"), &Value::Null).await;
        pair.settled().await;
        pair.ok(Hub, "DELETE", &format!("/api/v1/users/{ada}"), &Value::Null).await;
    }
    pair.assumes(json!({"laterMembers": "added", "answerStatus": "described", "groupPushRefusal": "bad_request"}))
        .await;
    let got = pair.push("Hub Research", &json!({"targetGroupName": "Research"})).await;
    assert_eq!(got.status, 201);
    pair.assign("ben", &json!({"initialStatus": "active_with_pass"})).await;
    pair.settled().await;
    assert_eq!(pair.members(Hub, "Research").await, ["Ben"]);
    let refused = pair.push("Hub Research", &json!({"targetGroupName": "Research"})).await;
    assert_eq!(refused.body["errorCode"], "E0000027");
}

#[tokio::test]
async fn an_import_matches_creates_and_sources() {
    let pair = OrgPair::connected().await;
    pair.assign("ada", &json!({"initialStatus": "active_with_pass"})).await;
    pair.ok(Hub, "POST", "/api/v1/groups", &json!({"profile": {"name": "Hub people"}})).await;
    let import = json!({"app": pair.app});
    pair.ok(Spoke, "POST", "/simulator/import", &import).await;
    pair.settled().await;
    assert!(pair.user(Spoke, "ines").await.is_null(), "not before the import is confirmed");
    assert_eq!(pair.group(Spoke, "Hub people").await["type"], "APP_GROUP");
    pair.ok(Spoke, "POST", "/simulator/import", &json!({"app": pair.app, "confirm": true})).await;
    pair.settled().await;
    assert_eq!(pair.user(Spoke, "ines").await["status"], "STAGED");
    // The hub becomes the source of profiles.
    pair.ok(Spoke, "PATCH", "/simulator/apps/{app}", &json!({"profileSourcing": true})).await;
    let ada = pair.user(Hub, "ada").await["id"].as_str().expect("an id").to_owned();
    pair.ok(Hub, "POST", &format!("/api/v1/users/{ada}"), &json!({"profile": {"title": "Director"}})).await;
    pair.ok(Spoke, "POST", "/simulator/import", &import).await;
    pair.settled().await;
    let held = pair.user(Spoke, "ada").await;
    assert_eq!(held["profile"]["title"], "Director");
    let id = held["id"].as_str().expect("an id");
    let got = pair.send(Spoke, "POST", &format!("/api/v1/users/{id}"), &json!({"profile": {"title": "None"}})).await;
    assert_eq!((got.status, &got.body["errorCode"]), (403, &json!("E0000023")));
    let got = pair
        .send(Spoke, "POST", &format!("/api/v1/apps/{{app}}/users/{id}"), &json!({"profile": {"locale": "fr"}}))
        .await;
    assert_eq!((got.status, &got.body["errorCode"]), (405, &json!("E0000076")));
}

#[tokio::test]
async fn a_service_app_of_the_hub_stands_in_for_the_token() {
    let pair = OrgPair::new().await;
    let keys = format!("{}/api/v1/apps/{}/connections/default/jwks", pair.url(Spoke), pair.app);
    let body = json!({"name": "oidc_client", "label": "From the spoke", "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "private_key_jwt"}},
        "settings": {"oauthClient": {"application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"], "jwks_uri": keys}}});
    let client = pair.ok(Hub, "POST", "/api/v1/apps", &body).await;
    let id = client["credentials"]["oauthClient"]["client_id"].as_str().expect("a client id").to_owned();
    let connection = json!({"baseUrl": pair.url(Hub), "profile": {"authScheme": "OAUTH2", "clientId": id, "signing": {"rotationMode": "AUTO"}}});
    let path = "/api/v1/apps/{app}/connections/default?activate=true";
    let refused = pair.send(Spoke, "POST", path, &connection).await;
    assert!(cause(&refused).contains("scopes are not configured"), "{}", cause(&refused));
    for scope in ["okta.users.manage", "okta.groups.manage"] {
        let body = json!({"issuer": pair.url(Hub), "scopeId": scope});
        pair.ok(Hub, "POST", &format!("/api/v1/apps/{id}/grants"), &body).await;
    }
    let refused = pair.send(Spoke, "POST", path, &connection).await;
    assert!(cause(&refused).contains("403"), "{}", cause(&refused));
    pair.ok(Hub, "POST", &format!("/oauth2/v1/clients/{id}/roles"), &json!({"type": "SUPER_ADMIN"})).await;
    let shown = pair.ok(Spoke, "POST", path, &connection).await;
    assert_eq!((&shown["status"], &shown["profile"]["clientId"]), (&json!("ENABLED"), &json!(id)));
    let on = json!({"create": {"lifecycleCreate": {"status": "ENABLED"}}});
    pair.ok(Spoke, "PUT", "/api/v1/apps/{app}/features/USER_PROVISIONING", &on).await;
    pair.assign("ada", &json!({"initialStatus": "active_with_pass"})).await;
    assert_eq!(pair.tells("ada").await, "ACTIVE SYNCHRONIZED | ACTIVE");
    let grants = pair.get(Hub, &format!("/api/v1/apps/{id}/grants")).await;
    assert_eq!(grants.as_array().map(Vec::len), Some(2));
    let answer = pair.http.get(keys).send().await.expect("an answer");
    let public: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    assert_eq!(public["jwks"]["keys"][0]["kty"], "RSA");
    assert!(public["jwks"]["keys"][0]["d"].is_null());
}
