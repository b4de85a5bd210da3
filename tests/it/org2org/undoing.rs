//! What an undo restores in both orgs, what it leaves, and what it says of that.

use serde_json::{Value, json};

use super::{ADA, BEN, run_id, statuses};
use crate::pair::Org::{Hub, Spoke};
use crate::pair::Pair;
use crate::stage::Ran;

const CHLOE: &str = "chloe.dubois@spoke.example";

fn undone(pair: &Pair, ran: &Ran) -> Ran {
    pair.ran(&["undo", &run_id(ran), "--yes"])
}

#[test]
fn a_user_who_was_in_the_hub_is_linked_and_not_deactivated_by_an_undo() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.hub_user(ADA);
    let ran = pair.assign(ADA, &["initial_status=pending_without_pass"]);
    ran.exits(0).says(&["ada.novak@spoke.example was in hub before (ACTIVE)"]);
    undone(&pair, &ran).exits(6).says(&["was in hub before he was assigned", "Deactivate Users"]);
    assert_eq!(pair.user(Hub, ADA)["status"], "ACTIVE");
    pair.switch(&json!({"update": {"lifecycleDeactivate": {"status": "DISABLED"}}}));
    undone(&pair, &ran).exits(0);
    assert_eq!(pair.user(Hub, ADA)["status"], "ACTIVE");
    let app = &pair.get(Spoke, "/simulator/state")["apps"][pair.app()];
    assert_eq!(app["users"], json!({}));
}

#[test]
fn what_an_undo_leaves_keeps_the_app_that_it_is_in() {
    let pair = Pair::new();
    pair.hub_user(ADA);
    let chloe = pair.hub_user(CHLOE);
    let path = format!("/api/v1/users/{chloe}/lifecycle/deactivate");
    pair.done(Hub, "POST", &path, &json!({}));
    let ran = pair.set_up(&[]);
    ran.exits(0).says(&["chloe.dubois@spoke.example was in hub before (DEPROVISIONED)"]);
    assert_ne!(pair.user(Hub, CHLOE)["status"], "DEPROVISIONED");
    let first = undone(&pair, &ran);
    first.exits(6).says(&[
        "was in hub before he was assigned",
        "is not taken back, and needs it",
        "| spoke | create_application",
    ]);
    // He is what he was, and those whom the run made are deactivated; the app is still there to be mended.
    assert_eq!(statuses(&pair), ["ACTIVE", "DEPROVISIONED", "DEPROVISIONED", "DEPROVISIONED"]);
    pair.switch(&json!({"update": {"lifecycleDeactivate": {"status": "DISABLED"}}}));
    undone(&pair, &ran).exits(0);
    assert_eq!(pair.user(Hub, ADA)["status"], "ACTIVE");
    assert!(!pair.has_app());
}

#[test]
fn accounts_that_stay_are_counted() {
    let pair = Pair::new();
    pair.connect(&["deactivate_users=false"]).exits(0);
    let users = format!("{ADA}=active_with_pass,{BEN}=active_with_pass,{CHLOE}=pending_with_pass");
    let ran = pair.assign(&users, &[]);
    ran.exits(0);
    undone(&pair, &ran).exits(0).says(&[
        "2 accounts that were provisioned stay ACTIVE in hub, since \"Deactivate Users\" is off: ",
        "1 account that was provisioned stays STAGED in hub, since \"Deactivate Users\" is off: chloe.dubois@spoke.example",
    ]);
    assert_eq!(statuses(&pair)[..3], ["ACTIVE", "ACTIVE", "STAGED"]);
}

#[test]
fn a_setup_after_its_undo_takes_people_up_again() {
    let pair = Pair::new();
    let first = pair.set_up(&[]);
    first.exits(0);
    undone(&pair, &first).exits(0);
    assert_eq!(statuses(&pair), ["DEPROVISIONED"; 4]);
    let second = pair.set_up(&[]);
    second.exits(0).says(&[
        "chloe.dubois@spoke.example was in hub before (DEPROVISIONED); the account was linked and is PROVISIONED now, not STAGED as",
    ]);
    assert_eq!(statuses(&pair), ["ACTIVE", "PROVISIONED", "PROVISIONED", "PROVISIONED"]);
}

#[test]
fn a_corrected_base_url_is_taken_back() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    let path = pair.app_path("");
    let mut app = pair.get(Spoke, &path);
    app["settings"]["app"]["baseUrl"] = json!("https://other.okta.com");
    pair.done(Spoke, "PUT", &path, &app);
    let before = pair.picture();
    let ran = pair.connect(&["correct_base_url=true"]);
    ran.exits(0);
    let url = |pair: &Pair| pair.get(Spoke, &path)["settings"]["app"]["baseUrl"].clone();
    assert_eq!(url(&pair), pair.url(Hub));
    undone(&pair, &ran).exits(0);
    assert_eq!(url(&pair), "https://other.okta.com");
    assert_eq!(pair.picture(), before);
}

#[test]
fn members_whom_a_link_takes_out_are_named_before_and_come_back_with_the_undo() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.assign(ADA, &["initial_status=active_with_pass"]).exits(0);
    let made = json!({"profile": {"name": "Hub Research", "description": "The hub's own"}});
    let made = pair.done(Hub, "POST", "/api/v1/groups", &made);
    let group = made["id"].as_str().unwrap();
    let ines = pair.user(Hub, "ines.moreau@hub.example")["id"].clone();
    let path = format!("/api/v1/groups/{group}/users/{}", ines.as_str().unwrap());
    pair.done(Hub, "PUT", &path, &Value::Null);
    pair.import(&json!({}));
    let linked = pair.push("Hub Research", &["link=true"]);
    linked.exits(0).says(&["It takes out of Hub Research of hub: ines.moreau@hub.example."]);
    assert_eq!(pair.members(Hub, "Hub Research"), [ADA]);
    undone(&pair, &linked).exits(0);
    assert_eq!(pair.members(Hub, "Hub Research"), ["ines.moreau@hub.example"]);
    assert_eq!(pair.group(Hub, "Hub Research")["profile"]["description"], "The hub's own");
}
