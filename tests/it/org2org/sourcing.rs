//! The hub as the source of profiles.

use serde_json::json;

use super::{ADA, run_id};
use crate::pair::Org::{Hub, Spoke};
use crate::pair::Pair;

fn features(pair: &Pair) -> String {
    pair.get(Spoke, &pair.app_path(""))["features"].to_string()
}

/// "Enable profile sourcing" in the Admin Console.
fn switch_sourcing(pair: &Pair, on: bool) {
    let path = format!("/simulator/apps/{}", pair.app());
    pair.done(Spoke, "PATCH", &path, &json!({"profileSourcing": on}));
}

#[test]
fn it_waits_for_what_only_a_person_can_do() {
    let pair = Pair::new();
    pair.set_up(&[]).exits(0);
    let first = pair.run("enable_profile_sourcing", &[]);
    first.exits(4).says(&["profile sourcing is enabled for Org2Org Hub", "Profile & Lifecycle Sourcing"]);
    assert!(!features(&pair).contains("PUSH_NEW_USERS"));
    let id = run_id(&first);
    // Attested though it is not so.
    pair.ran(&["resume", &id, "--attest", "profile-sourcing"])
        .exits(1)
        .says(&["was attested, yet profile sourcing is not enabled"]);
    switch_sourcing(&pair, true);
    let second = pair.run("enable_profile_sourcing", &[]);
    second.exits(4).says(&[
        "the users of hub are imported and confirmed",
        "not linked with spoke: hanna.admin@hub.example, ines.moreau@hub.example",
    ]);
    // Not imported at all, then imported and not confirmed.
    let attested = &["--attest=import"];
    let hasty = pair.run("enable_profile_sourcing", attested);
    hasty.exits(1).says(&["was attested, yet not all users of hub are imported"]);
    let ada = pair.user(Hub, ADA)["id"].as_str().unwrap().to_owned();
    let renamed = json!({"profile": {"firstName": "Adela"}});
    pair.done(Hub, "POST", &format!("/api/v1/users/{ada}"), &renamed);
    pair.import(&json!({}));
    let unconfirmed = pair.run("enable_profile_sourcing", attested);
    unconfirmed.exits(1).says(&[
        "not linked with spoke: hanna.admin@hub.example, ines.moreau@hub.example",
        "was attested, yet not all users of hub are imported",
    ]);
    pair.import(&json!({"confirm": true}));
    let third = pair.ran(&["resume", &run_id(&second)]);
    third.exits(0).says(&[
        "done already: the users of hub are imported and confirmed",
        "ada.novak@spoke.example: names and e-mail are the hub's",
    ]);
    assert_eq!(pair.user(Spoke, ADA)["profile"]["firstName"], "Adela");
    // Another run finds all of it done.
    pair.forget_calls();
    pair.run("enable_profile_sourcing", &[]).exits(0);
    assert_eq!(pair.writes(), 0);
    // What changed since must be imported again.
    pair.done(Hub, "POST", &format!("/api/v1/users/{ada}"), &json!({"profile": {"firstName": "Ada"}}));
    pair.run("enable_profile_sourcing", &[]).exits(4).says(&["the users of hub are imported and confirmed"]);
    undo_waits_for_the_switch(&pair, &id);
}

/// Users must not be pushed where profiles come from.
fn undo_waits_for_the_switch(pair: &Pair, id: &str) {
    pair.ran(&["undo", id, "--yes"]).exits(6).says(&["\"Enable profile sourcing\" is on", "turn it off first"]);
    assert!(!features(pair).contains("PUSH_NEW_USERS"));
    switch_sourcing(pair, false);
    pair.ran(&["undo", id, "--yes"]).exits(0);
    assert!(features(pair).contains("PUSH_NEW_USERS"));
}

#[test]
fn people_whom_nobody_confirms_are_named() {
    let pair = Pair::new();
    pair.set_up(&[]).exits(0);
    switch_sourcing(&pair, true);
    pair.run("enable_profile_sourcing", &["ignored=hanna.admin@hub.example,ines.moreau@hub.example"])
        .exits(0)
        .says(&["4 users of spoke linked with hub"]);
}
