//! "Import Now" by each of its rules.

use serde_json::{Value, json};

use super::OrgPair;
use super::PairSide::{Hub, Spoke};

impl OrgPair {
    /// Sets rules of the import and the form of user names, and imports.
    async fn import(&self, rules: &Value, username: &Value) {
        let path = "/api/v1/apps/{app}/features/INBOUND_PROVISIONING";
        let body = json!({"importSettings": {"username": username}, "importRules": {"userCreateAndMatch": rules}});
        self.ok(Spoke, "PUT", path, &body).await;
        let body = json!({"app": self.app});
        self.ok(Spoke, "POST", "/simulator/import", &body).await;
        self.settled().await;
    }

    async fn hub_user(&self, login: &str, email: &str, first: &str, last: &str) -> String {
        let profile = json!({"login": login, "email": email, "firstName": first, "lastName": last});
        let made = self.ok(Hub, "POST", "/api/v1/users", &json!({"profile": profile})).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Login of the spoke's user who is linked with an account.
    async fn linked(&self, account: &str) -> Value {
        let users = self.get(Spoke, "/api/v1/apps/{app}/users?expand=user&limit=500").await;
        let mut users = users.as_array().expect("a list").iter();
        let found = users.find(|user| user["externalId"] == account);
        found.map_or(Value::Null, |user| user["_embedded"]["user"]["profile"]["login"].clone())
    }

    /// The spoke's user of a login, `Null` when there is none.
    async fn found(&self, login: &str) -> Value {
        let got = self.send(Spoke, "GET", &format!("/api/v1/users/{login}"), &Value::Null).await;
        if got.status == 404 { Value::Null } else { got.body }
    }
}

#[tokio::test]
async fn matches_are_exact_or_partial_and_confirm_themselves_by_the_rules() {
    // Login, e-mail and names in the hub; the rules; who it is here then.
    let ada = "ada.novak@spoke.example";
    let rows: &[(&str, &str, &str, Value, Option<&str>)] = &[
        (ada, ada, "X", json!({"autoConfirmExactMatch": true}), Some(ada)),
        (ada, ada, "X", json!({"autoConfirmExactMatch": false}), None),
        ("a@hub.example", ada, "X", json!({"exactMatchCriteria": "EMAIL", "autoConfirmExactMatch": true}), Some(ada)),
        ("a@hub.example", "a@hub.example", "Ada", json!({"autoConfirmPartialMatch": true}), Some(ada)),
        (
            "a@hub.example",
            "a@hub.example",
            "Ada",
            json!({"autoConfirmPartialMatch": true, "allowPartialMatch": false}),
            None,
        ),
        ("a@hub.example", "a@hub.example", "Ada", json!({"autoConfirmPartialMatch": false}), None),
    ];
    for (login, email, first, rules, expected) in rows {
        let pair = OrgPair::connected().await;
        let account = pair.hub_user(login, email, first, "Novak").await;
        pair.import(rules, &json!({})).await;
        assert_eq!(pair.linked(&account).await, json!(expected), "{login} {email} {first} {rules}");
    }
}

#[tokio::test]
async fn new_users_are_made_named_and_activated_by_the_rules() {
    let mine = "new.one@hub.example";
    let custom = json!({"userNameFormat": "CUSTOM", "userNameExpression": "appuser.firstName + \"@else.example\""});
    let rows = [
        (json!({"autoConfirmNewUsers": false}), json!({}), mine, Value::Null),
        (json!({"autoConfirmNewUsers": true}), json!({}), mine, json!("STAGED")),
        (json!({"autoConfirmNewUsers": true, "autoActivateNewUsers": true}), json!({}), mine, json!("PROVISIONED")),
        (json!({"autoConfirmNewUsers": true}), custom, "Newone@else.example", json!("STAGED")),
    ];
    for (rules, username, login, status) in rows {
        let pair = OrgPair::connected().await;
        pair.hub_user("n@hub.example", mine, "Newone", "Person").await;
        pair.import(&rules, &username).await;
        assert_eq!(pair.found(login).await["status"], status, "{rules} {username}");
    }
}

#[tokio::test]
async fn imported_groups_follow_and_go() {
    let pair = OrgPair::connected().await;
    let made = pair.ok(Hub, "POST", "/api/v1/groups", &json!({"profile": {"name": "Hub people"}})).await;
    let path = format!("/api/v1/groups/{}", made["id"].as_str().expect("an id"));
    pair.import(&json!({}), &json!({})).await;
    pair.ok(Hub, "PUT", &path, &json!({"profile": {"name": "Hub persons"}})).await;
    pair.import(&json!({}), &json!({})).await;
    assert_eq!(pair.group(Spoke, "Hub persons").await["type"], "APP_GROUP");
    pair.ok(Hub, "DELETE", &path, &Value::Null).await;
    pair.import(&json!({}), &json!({})).await;
    assert!(pair.group(Spoke, "Hub persons").await.is_null());
    let log = pair.get(Spoke, "/simulator/log").await.to_string();
    for kind in [
        "group.start",
        "group.create",
        "group.update",
        "group.delete",
        "group.complete",
        "user.start",
        "user_matching.complete",
    ] {
        assert!(log.contains(&format!("system.import.{kind}")), "{kind}");
    }
}
