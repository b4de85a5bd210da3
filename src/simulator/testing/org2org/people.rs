//! Passwords that are kept in sync, reactivation, attributes of the app's own.

use serde_json::{Value, json};

use super::PairSide::{Hub, Spoke};
use super::{OrgPair, cause};

impl OrgPair {
    async fn events(&self, kind: &str) -> usize {
        let log = self.get(Spoke, "/simulator/log").await;
        let events = log.as_array().expect("a list").iter();
        events.filter(|event| event["eventType"] == kind).count()
    }

    async fn set_password(&self, first: &str, password: &str) {
        let user = self.user(Spoke, first).await;
        let path = format!("/api/v1/users/{}", user["id"].as_str().expect("an id"));
        let body = json!({"credentials": {"password": {"value": password}}});
        self.ok(Spoke, "POST", &path, &body).await;
        self.settled().await;
    }

    async fn sync_password(&self, seed: &str, change: &str) {
        let password = json!({"status": "ENABLED", "seed": seed, "change": change});
        let path = "/api/v1/apps/{app}/features/USER_PROVISIONING";
        let body = json!({"update": {"password": password}});
        self.ok(Spoke, "PUT", path, &body).await;
    }
}

#[tokio::test]
async fn passwords_are_the_oktas_and_follow_as_the_settings_say() {
    let active = json!({"initialStatus": "active_with_pass"});
    for (seed, change, seeded, followed) in [("OKTA", "CHANGE", 1, 1), ("RANDOM", "KEEP_EXISTING", 0, 0)] {
        let pair = OrgPair::connected().await;
        pair.sync_password(seed, change).await;
        pair.set_password("ada", "a first long password").await;
        pair.assign("ada", &active).await;
        let made = pair.user(Hub, "ada").await["passwordChanged"].clone();
        assert!(made.is_string(), "{made}");
        assert_eq!(pair.events("application.provision.user.push_okta_password").await, seeded);
        assert_eq!(pair.events("application.provision.user.password").await, 1 - seeded);
        pair.ok(Hub, "POST", "/simulator/clock", &json!({"advanceMs": 60_000})).await;
        pair.set_password("ada", "a second long password").await;
        let now = pair.user(Hub, "ada").await["passwordChanged"].clone();
        assert_eq!(pair.events("application.provision.user.push_password").await, followed);
        assert_eq!(usize::from(now != made), followed, "{seed} {change}");
    }
}

#[tokio::test]
async fn who_was_deactivated_is_reactivated_whatever_the_status_asked_for() {
    for (status, expected) in [
        ("active_with_pass", "ACTIVE"),
        ("active_without_pass", "PROVISIONED"),
        ("pending_with_pass", "PROVISIONED"),
        ("pending_without_pass", "PROVISIONED"),
    ] {
        let pair = OrgPair::connected().await;
        let profile = json!({"login": "ada.novak@spoke.example", "email": "ada.novak@spoke.example", "firstName": "Ada", "lastName": "N"});
        let made = pair.ok(Hub, "POST", "/api/v1/users?activate=false", &json!({"profile": profile})).await;
        let path = format!("/api/v1/users/{}/lifecycle/deactivate", made["id"].as_str().expect("an id"));
        pair.ok(Hub, "POST", &path, &json!({})).await;
        pair.assign("ada", &json!({"initialStatus": status})).await;
        assert_eq!(pair.user(Hub, "ada").await["status"], expected, "{status}");
        assert_eq!(pair.events("application.provision.user.reactivate").await, 1);
    }
    let features = OrgPair::connected().await.get(Spoke, "/api/v1/apps?limit=200").await;
    assert!(features.to_string().contains("REACTIVATE_USERS"), "{features}");
}

#[tokio::test]
async fn an_app_has_attributes_of_its_own_and_hands_them_on() {
    let pair = OrgPair::connected().await;
    let path = "/api/v1/meta/schemas/apps/{app}/default";
    let body = |definition: Value| json!({"definitions": {"custom": {"properties": {"badge": definition}}}});
    let wrong = pair.send(Spoke, "POST", path, &body(json!({"title": "Badge", "type": "shape"}))).await;
    assert_eq!(cause(&wrong), "400 E0000001 badge.type: is no type of an attribute");
    let schema = pair.ok(Spoke, "POST", path, &body(json!({"title": "Badge", "type": "string"}))).await;
    let custom = &schema["definitions"]["custom"]["properties"]["badge"];
    assert_eq!((&custom["title"], &custom["mutability"]), (&json!("Badge"), &json!("READ_WRITE")));
    let got = pair.assign("ada", &json!({"initialStatus": "active_with_pass", "badge": "7"})).await;
    assert_eq!(got.body["profile"]["badge"], "7");
    // The hub has no such attribute.
    assert!(pair.task().await.contains("Property name 'badge' is not defined"), "{}", pair.task().await);
    pair.ok(Spoke, "POST", path, &body(Value::Null)).await;
    let schema = pair.get(Spoke, path).await;
    assert_eq!(schema["definitions"]["custom"]["properties"], json!({}));
}

#[tokio::test]
async fn what_is_active_is_activated_again_or_not() {
    let pair = OrgPair::connected().await;
    let paths = ["/api/v1/apps/{app}/lifecycle/activate", "/api/v1/apps/{app}/connections/default/lifecycle/activate"];
    for path in paths {
        pair.ok(Spoke, "POST", path, &json!({})).await;
    }
    pair.assumes(json!({"repeatedActivation": "refuse"})).await;
    for path in paths {
        let refused = pair.send(Spoke, "POST", path, &json!({})).await;
        assert_eq!((refused.status, &refused.body["errorCode"]), (400, &json!("E0000001")), "{path}");
    }
}
