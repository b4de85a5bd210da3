//! The Org2Org runbooks between two simulated orgs.

mod awaited;
mod examples;
mod outputs;
mod scopes;
mod sourcing;
mod traps;
mod undoing;
mod who;

use serde_json::{Value, json};

use crate::pair::Org::{Hub, Spoke};
use crate::pair::{HUB_TOKEN, Pair};
use crate::stage::{Ran, okta_runbook};

pub(crate) const ADA: &str = "ada.novak@spoke.example";
pub(crate) const BEN: &str = "ben.okafor@spoke.example";

/// Every answer that is not the default, of the options that matter to provisioning into another org.
pub(crate) const ANSWERS: &[(&str, &str)] = &[
    ("connectionCheck", "never"),
    ("initialStatusOmitted", "active_without_pass"),
    ("initialStatusOmitted", "pending_with_pass"),
    ("initialStatusOmitted", "pending_without_pass"),
    ("pushedNameTaken", "create"),
    ("laterMembers", "added"),
    ("groupPushRefusal", "bad_request"),
    ("answerStatus", "described"),
    ("assignExistingAppUser", "conflict"),
    ("missingAppUserType", "user"),
    ("missingAppUserType", "app_instance"),
    ("missingPushType", "app_instance"),
    ("pushTarget", "absent"),
    ("repeatedPush", "existing"),
    ("deleteActivePush", "delete"),
    ("repeatedActivation", "refuse"),
    ("repeatedMemberWrite", "refuse"),
    ("syncState", "disabled"),
];

pub(crate) fn statuses(pair: &Pair) -> Vec<String> {
    ["ada.novak", "ben.okafor", "chloe.dubois", "dana.kim"]
        .map(|name| pair.user(Hub, &format!("{name}@spoke.example"))["status"].as_str().unwrap_or("-").to_owned())
        .into()
}

pub(crate) fn run_id(ran: &Ran) -> String {
    let text = ran.said();
    let at = text.rfind("(run ").expect("the run's name") + 5;
    text[at..].split(')').next().unwrap().to_owned()
}

#[test]
fn setup_works_out_of_the_box() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = okta_runbook(folder.path());
    let ran = Ran::command(command.args(["run", "org2org/setup", "--simulator", "--yes"]));
    ran.exits(0).says(&[
        "hub: chloe.dubois@spoke.example is STAGED (pending_with_pass)",
        "| hub   | group Hub Research         | -      | 2 members",
        "Succeeded",
    ]);
    assert!(!ran.said().contains(HUB_TOKEN) && !ran.said().contains("an answer for examples"), "{ran}");
}

#[test]
fn setup_makes_everything_once_and_undo_takes_it_back() {
    let pair = Pair::new();
    let before = pair.picture();
    let ran = pair.set_up(&["security_question=First pet?", "security_answer=env:THE_ANSWER"]);
    ran.exits(0);
    assert_eq!(statuses(&pair), ["ACTIVE", "PROVISIONED", "STAGED", "STAGED"]);
    assert_eq!(pair.user(Hub, ADA)["recoveryQuestion"], "First pet?");
    assert_eq!(pair.members(Hub, "Hub Research"), [ADA, BEN]);
    let state = pair.get(Spoke, "/simulator/state");
    let app = &state["apps"][pair.app()];
    assert_eq!((&app["connection"]["enabled"], &app["connection"]["baseUrl"]), (&json!(true), &json!(pair.url(Hub))));
    for secret in [HUB_TOKEN, "Rex the", "Rex the \\\"cat"] {
        assert!(!ran.said().contains(secret), "{ran}");
    }
    pair.forget_calls();
    pair.set_up(&["security_question=First pet?", "security_answer=env:THE_ANSWER"]).exits(0);
    assert_eq!(pair.writes(), 0, "a second run writes nothing");
    let undone = pair.ran(&["undo", &run_id(&ran), "--yes"]);
    undone.exits(0);
    assert_eq!(pair.picture(), before, "{undone}");
    assert_eq!(statuses(&pair), ["DEPROVISIONED"; 4], "deactivated, not deleted");
}

#[test]
fn the_parts_do_what_the_whole_does() {
    let pair = Pair::new();
    let before = pair.picture();
    let connected = pair.connect(&["sync_password=true"]);
    connected.exits(0);
    let features = pair.get(Spoke, &format!("/api/v1/apps/{}", pair.app()))["features"].to_string();
    assert!(features.contains("PUSH_PASSWORD_UPDATES"), "{features}");
    pair.0
        .write("users.csv", "login,why\nada.novak@spoke.example=pending_without_pass,x\nben.okafor@spoke.example,y\n");
    let assigned = pair.assign("@users.csv", &["initial_status=active_with_pass"]);
    assigned.exits(0);
    assert_eq!(statuses(&pair)[..2], ["STAGED", "ACTIVE"]);
    let pushed = pair.push("Hub Research", &[]);
    pushed.exits(0);
    assert_eq!(pair.members(Hub, "Hub Research"), [ADA, BEN]);
    pair.forget_calls();
    pair.connect(&["sync_password=true"]).exits(0);
    pair.assign("@users.csv", &[]).exits(0);
    pair.push("Hub Research", &[]).exits(0);
    assert_eq!(pair.writes(), 0);
    for ran in [&pushed, &assigned, &connected] {
        pair.ran(&["undo", &run_id(ran), "--yes"]).exits(0);
    }
    assert_eq!(pair.picture(), before);
}

#[test]
fn members_who_come_later_are_pushed_by_the_next_run() {
    for later in ["missing", "added"] {
        let pair = Pair::new();
        pair.options(Spoke, &json!({"assumptions": {"laterMembers": later}}));
        pair.connect(&[]).exits(0);
        pair.assign(ADA, &["initial_status=active_with_pass"]).exits(0);
        pair.push("Hub Research", &[]).exits(0).says(&["ben.okafor@spoke.example is in Hub Research and not in hub"]);
        assert_eq!(pair.members(Hub, "Hub Research"), [ADA]);
        pair.assign(BEN, &["initial_status=active_with_pass"]).exits(0);
        pair.push("Hub Research", &[]).exits(0);
        assert_eq!(pair.members(Hub, "Hub Research"), [ADA, BEN]);
    }
}

#[test]
fn the_procedures_hold_under_every_answer_that_is_not_known() {
    // They wait more than they work.
    for some in ANSWERS.chunks(6) {
        std::thread::scope(|scope| {
            for (option, answer) in some {
                scope.spawn(move || {
                    let assumption = json!({*option: answer});
                    the_whole_holds_under(&assumption);
                    the_parts_hold_under(&assumption);
                });
            }
        });
    }
}

fn assuming(assumption: &Value) -> Pair {
    let pair = Pair::new();
    for org in [Spoke, Hub] {
        pair.options(org, &json!({"assumptions": assumption}));
    }
    pair
}

#[track_caller]
fn ends_well(ran: &Ran, assumption: &Value) {
    assert_eq!(ran.code, Some(0), "{assumption}: {ran}");
}

/// Set up, sourced from the hub, and taken back.
fn the_whole_holds_under(assumption: &Value) {
    let pair = assuming(assumption);
    let ran = pair.set_up(&[]);
    ends_well(&ran, assumption);
    let expected = ["ACTIVE", "PROVISIONED", "STAGED", "STAGED"];
    assert_eq!(statuses(&pair), expected, "{assumption}");
    let path = format!("/simulator/apps/{}", pair.app());
    let sourcing = |on: bool| pair.done(Spoke, "PATCH", &path, &json!({"profileSourcing": on}));
    sourcing(true);
    let ignored = "ignored=hanna.admin@hub.example,ines.moreau@hub.example";
    let sourced = pair.run("enable_profile_sourcing", &[ignored]);
    ends_well(&sourced, assumption);
    sourcing(false);
    for ran in [&sourced, &ran] {
        ends_well(&pair.ran(&["undo", &run_id(ran), "--yes"]), assumption);
    }
    assert!(!pair.has_app(), "{assumption}");
}

/// Connected by a service app, with a group that is linked and pushed anew, and taken back.
fn the_parts_hold_under(assumption: &Value) {
    let pair = assuming(assumption);
    let connected = pair.run("configure_provisioning_oauth", &[]);
    let first = pair.assign(ADA, &["initial_status=active_with_pass"]);
    let group = json!({"profile": {"name": "Hub Research"}});
    let group = pair.done(Hub, "POST", "/api/v1/groups", &group);
    let ines = pair.user(Hub, "ines.moreau@hub.example")["id"].clone();
    let [group, ines] = [&group["id"], &ines].map(|id| id.as_str().unwrap());
    let path = format!("/api/v1/groups/{group}/users/{ines}");
    pair.done(Hub, "PUT", &path, &Value::Null);
    pair.import(&json!({}));
    let linked = pair.push("Hub Research", &["link=true"]);
    let second = pair.assign(BEN, &["initial_status=active_with_pass"]);
    let again = pair.push("Hub Research", &[]);
    for ran in [&connected, &first, &linked, &second, &again] {
        ends_well(ran, assumption);
    }
    assert_eq!(pair.members(Hub, "Hub Research"), [ADA, BEN], "{assumption}");
    for ran in [&again, &second, &linked, &first, &connected] {
        ends_well(&pair.ran(&["undo", &run_id(ran), "--yes"]), assumption);
    }
    // Accounts that the undo of an assignment deactivated may still be members, if Okta had added them by itself.
    let mut members = pair.members(Hub, "Hub Research");
    members.retain(|login| pair.user(Hub, login)["status"] != "DEPROVISIONED");
    assert_eq!(members, ["ines.moreau@hub.example"], "{assumption}");
}

#[test]
fn a_service_app_of_the_hub_does_without_a_token() {
    let pair = Pair::new();
    let before = pair.picture();
    let ran = pair.run("configure_provisioning_oauth", &[]);
    ran.exits(0).says(&["→ hub", "grant_consent_to_scope", "assign_role_to_client"]);
    pair.forget_calls();
    pair.run("configure_provisioning_oauth", &[]).exits(0);
    assert_eq!(pair.writes(), 0);
    let assigned = pair.assign(&format!("{ADA}=active_with_pass"), &[]);
    assigned.exits(0);
    let pushed = pair.push("Hub Research", &[]);
    pushed.exits(0);
    assert_eq!(pair.members(Hub, "Hub Research"), [ADA]);
    for ran in [&pushed, &assigned, &ran] {
        pair.ran(&["undo", &run_id(ran), "--yes"]).exits(0);
    }
    assert_eq!(pair.picture(), before);
    // Roles that make users and no groups.
    pair.run("configure_provisioning_oauth", &["roles=USER_ADMIN,GROUP_MEMBERSHIP_ADMIN"]).exits(0);
    pair.assign(&format!("{BEN}=active_with_pass"), &[]).exits(0);
    pair.push("Hub Research", &[])
        .exits(1)
        .says(&["Hub Research was not pushed to hub: 403", "too small a role in hub"]);
}
