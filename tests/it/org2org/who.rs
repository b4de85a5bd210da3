//! Who and what is meant in the hub: the account that the app links or names, and the group that a mapping pushes.

use serde_json::{Value, json};

use super::{ADA, BEN};
use crate::pair::Org::{Hub, Spoke};
use crate::pair::Pair;

fn hub_user(pair: &Pair, login: &str, email: &str) -> String {
    let profile = json!({"login": login, "email": email, "firstName": "Ada", "lastName": "N."});
    let body = json!({"profile": profile, "credentials": {"password": {"value": "a-long-password"}}});
    let user = pair.done(Hub, "POST", "/api/v1/users", &body);
    user["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_user_of_the_hub_with_the_login_as_email_is_somebody_else() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    let suspended = hub_user(&pair, "ada@hub.example", ADA);
    pair.done(Hub, "POST", &format!("/api/v1/users/{suspended}/lifecycle/suspend"), &Value::Null);
    hub_user(&pair, "ben@hub.example", BEN);
    hub_user(&pair, "adm-ben@hub.example", BEN);
    let ran = pair.assign(&format!("{ADA},{BEN}"), &["initial_status=active_with_pass"]);
    ran.exits(0);
    assert!(!ran.said().contains("was in hub before"), "{ran}");
    for login in [ADA, BEN] {
        assert_eq!(pair.user(Hub, login)["status"], "ACTIVE", "{ran}");
    }
    assert_eq!(pair.user(Hub, "ada@hub.example")["status"], "SUSPENDED");
}

#[test]
fn the_template_of_the_app_says_who_somebody_is_in_the_hub() {
    for (template, name) in [
        ("${source.email}", "ada@mail.example"),
        ("${source.firstName}.${source.lastName}@hub.example", "Ada.Novak@hub.example"),
        ("${fn:substringBefore(source.login, \"@\")}@hub.example", "ada.novak@hub.example"),
    ] {
        let pair = Pair::with(|scenario| {
            scenario["orgs"][0]["users"][0]["email"] = json!("ada@mail.example");
        });
        pair.connect(&[]).exits(0);
        let path = pair.app_path("");
        let mut app = pair.get(Spoke, &path);
        app["credentials"]["userNameTemplate"] = json!({"template": template, "type": "BUILT_IN"});
        pair.done(Spoke, "PUT", &path, &app);
        // One of the hub has her login, and she is another.
        hub_user(&pair, ADA, "other@hub.example");
        let there = hub_user(&pair, name, "third@hub.example");
        let ran = pair.assign(ADA, &["initial_status=pending_with_pass"]);
        ran.exits(0).says(&["ada.novak@spoke.example was in hub before (ACTIVE)"]);
        let user = pair.user(Spoke, ADA)["id"].as_str().unwrap().to_owned();
        let linked = pair.get(Spoke, &pair.app_path(&format!("/users/{user}")));
        assert_eq!(linked["externalId"], there, "{template}: {ran}");
    }
}

#[test]
fn an_email_of_two_users_of_the_spoke_is_a_row_among_the_others() {
    let pair = Pair::with(|scenario| {
        for at in [0, 1] {
            scenario["orgs"][0]["users"][at]["email"] = json!("shared@spoke.example");
        }
    });
    pair.connect(&[]).exits(0);
    pair.0.write("users.csv", "login\nshared@spoke.example\nnobody@spoke.example\n..\n");
    pair.stops(
        |pair| pair.assign("@users.csv", &[]),
        1,
        &[
            "users.csv:2: shared@spoke.example names 2 users",
            ADA,
            BEN,
            "users.csv:3: nobody@spoke.example is not a user of spoke",
            "users.csv:4: .. cannot name a user of spoke",
        ],
    );
}

fn push_as(pair: &Pair, name: &str) {
    let group = pair.group(Spoke, "Hub Research")["id"].clone();
    let body = json!({"sourceGroupId": group, "targetGroupName": name, "status": "ACTIVE"});
    pair.done(Spoke, "POST", &pair.app_path("/group-push/mappings"), &body);
    pair.settle();
}

/// Ada and Ben provisioned and pushed under another name than that of the source, where the hub's admin has added somebody.
fn pushed_under_another_name() -> Pair {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.assign(&format!("{ADA},{BEN}"), &["initial_status=active_with_pass"]).exits(0);
    push_as(&pair, "Spoke1 - Research");
    let [group, user] = [&pair.group(Hub, "Spoke1 - Research"), &pair.user(Hub, "ines.moreau@hub.example")]
        .map(|it| it["id"].as_str().unwrap().to_owned());
    pair.done(Hub, "PUT", &format!("/api/v1/groups/{group}/users/{user}"), &Value::Null);
    pair
}

#[test]
fn a_group_that_is_pushed_under_another_name_is_pushed() {
    let pair = pushed_under_another_name();
    pair.stops(|pair| pair.push("Hub Research", &[]), 0, &["Hub Research is pushed as Spoke1 - Research"]);
    assert_eq!(pair.members(Hub, "Spoke1 - Research").len(), 3);
    // Whom a push takes out is named by the group that it is done to.
    let ben = pair.user(Hub, BEN)["id"].as_str().unwrap().to_owned();
    let group = pair.group(Hub, "Spoke1 - Research")["id"].as_str().unwrap().to_owned();
    pair.done(Hub, "DELETE", &format!("/api/v1/groups/{group}/users/{ben}"), &Value::Null);
    pair.push("Hub Research", &[])
        .exits(0)
        .says(&["It takes out of Spoke1 - Research of hub: ines.moreau@hub.example"]);
    assert_eq!(pair.members(Hub, "Spoke1 - Research"), [ADA, BEN]);
}

#[test]
fn where_the_target_is_not_shown_nothing_is_pushed_blindly() {
    let pair = pushed_under_another_name();
    pair.options(Spoke, &json!({"assumptions": {"pushTarget": "absent"}}));
    pair.stops(
        |pair| pair.push("Hub Research", &[]),
        1,
        &["hub has no group Hub Research that Hub Research is pushed to", "pushed under another name"],
    );
    assert_eq!(pair.members(Hub, "Spoke1 - Research").len(), 3);
}

#[test]
fn a_group_of_the_hub_that_is_gone_is_told_before_the_first_write() {
    let pair = pushed_under_another_name();
    let group = pair.group(Hub, "Spoke1 - Research")["id"].as_str().unwrap().to_owned();
    pair.done(Hub, "DELETE", &format!("/api/v1/groups/{group}"), &Value::Null);
    pair.stops(
        |pair| pair.push("Hub Research", &[]),
        1,
        &["hub has no group Spoke1 - Research that Hub Research is pushed to", "renamed or deleted in hub", "unlink"],
    );
}

#[test]
fn groups_that_are_not_okta_s_own_are_told_as_what_they_are() {
    let pair = Pair::with(|scenario| {
        scenario["orgs"][0]["groups"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "Domain Users", "type": "APP_GROUP"}));
        scenario["orgs"][1]["groups"] = json!([{"name": "Hub Research", "type": "APP_GROUP"}]);
    });
    pair.connect(&[]).exits(0);
    pair.stops(
        |pair| {
            let ran = pair.push("Everyone,Domain Users,Hub Research", &[]);
            assert!(!ran.said().contains("check the spelling"), "{ran}");
            ran
        },
        1,
        &[
            "Everyone is no group of spoke's own",
            "it is built in",
            "Domain Users is no group of spoke's own",
            "the group of an app or a directory (APP_GROUP)",
            "hub already has a group Hub Research",
            "hub may make no second group of that name",
        ],
    );
}

#[test]
fn groups_that_look_alike_are_told() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    let (composed, decomposed) = ("B\u{fc}ro", "Bu\u{308}ro");
    let make = |org, name: &str| {
        pair.done(org, "POST", "/api/v1/groups", &json!({"profile": {"name": name}}));
    };
    make(Spoke, decomposed);
    pair.push(composed, &[]).exits(0);
    make(Spoke, composed);
    pair.stops(|pair| pair.push(composed, &[]), 1, &["names several groups of spoke", "look like that"]);
}
