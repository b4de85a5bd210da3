//! The Org2Org runbooks between two simulated orgs.

use serde_json::{Value, json};

use crate::pair::Org::{Hub, Spoke};
use crate::pair::{HUB_TOKEN, Pair, USERS};
use crate::stage::{Ran, okta_runbook};

const ADA: &str = "ada.novak@spoke.example";
const BEN: &str = "ben.okafor@spoke.example";

/// Every answer that is not the default, of the options that matter to provisioning into another org.
pub(crate) const ANSWERS: &[(&str, &str)] = &[
    ("connectionCheck", "never"),
    ("initialStatusOmitted", "pending_without_pass"),
    ("pushedNameTaken", "create"),
    ("laterMembers", "added"),
    ("groupPushRefusal", "bad_request"),
    ("answerStatus", "described"),
    ("assignExistingAppUser", "conflict"),
    ("missingAppUserType", "user"),
    ("syncState", "disabled"),
];

fn statuses(pair: &Pair) -> Vec<String> {
    ["ada.novak", "ben.okafor", "chloe.dubois", "dana.kim"]
        .map(|name| {
            pair.user(Hub, &format!("{name}@spoke.example"))["status"]
                .as_str()
                .unwrap_or("-")
                .to_owned()
        })
        .into()
}

fn run_id(ran: &Ran) -> String {
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
    assert!(
        !ran.said().contains(HUB_TOKEN) && !ran.said().contains("an answer for examples"),
        "{ran}"
    );
}

#[test]
fn setup_makes_everything_once_and_undo_takes_it_back() {
    let pair = Pair::new();
    let before = pair.picture();
    let ran = pair.set_up(&[
        "security_question=First pet?",
        "security_answer=env:THE_ANSWER",
    ]);
    ran.exits(0);
    assert_eq!(
        statuses(&pair),
        ["ACTIVE", "PROVISIONED", "STAGED", "STAGED"]
    );
    assert_eq!(pair.user(Hub, ADA)["recoveryQuestion"], "First pet?");
    assert_eq!(pair.members(Hub, "Hub Research"), [ADA, BEN]);
    let state = pair.get(Spoke, "/simulator/state");
    let app = &state["apps"][pair.app()];
    assert_eq!(
        (&app["connection"]["enabled"], &app["connection"]["baseUrl"]),
        (&json!(true), &json!(pair.url(Hub)))
    );
    for secret in [HUB_TOKEN, "Rex the", "Rex the \\\"cat"] {
        assert!(!ran.said().contains(secret), "{ran}");
    }
    pair.forget_calls();
    pair.set_up(&[
        "security_question=First pet?",
        "security_answer=env:THE_ANSWER",
    ])
    .exits(0);
    assert_eq!(pair.writes(), 0, "a second run writes nothing");
    let undone = pair.ran(&["undo", &run_id(&ran), "--yes"]);
    undone.exits(0);
    assert_eq!(pair.picture(), before, "{undone}");
    assert_eq!(
        statuses(&pair),
        ["DEPROVISIONED"; 4],
        "deactivated, not deleted"
    );
}

#[test]
fn the_parts_do_what_the_whole_does() {
    let pair = Pair::new();
    let before = pair.picture();
    let connected = pair.connect(&["sync_password=true"]);
    connected.exits(0);
    let features = pair.get(Spoke, &format!("/api/v1/apps/{}", pair.app()))["features"].to_string();
    assert!(features.contains("PUSH_PASSWORD_UPDATES"), "{features}");
    pair.0.write(
        "users.csv",
        "login,why\nada.novak@spoke.example=pending_without_pass,x\nben.okafor@spoke.example,y\n",
    );
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
fn every_output_says_which_org() {
    let pair = Pair::new();
    let ran = pair.set_up(&["--output=json"]);
    ran.exits(0);
    for event in ran.events().iter().filter(|event| event["kind"] == "write") {
        assert_eq!(event["org"], "spoke", "{event}");
    }
    ran.says(&["\"hub\"", "\"spoke\""]);
}

#[test]
fn tokens_that_will_not_do_are_caught_before_the_first_write() {
    let small = Pair::with(|scenario| {
        scenario["orgs"][1]["admin"]["roles"] = json!(["USER_ADMIN", "APP_ADMIN"]);
    });
    small.stops(
        |pair| pair.connect(&[]),
        1,
        &[
            "hanna.admin@hub.example is a super admin of hub",
            "groups not",
        ],
    );
    let pair = Pair::new();
    pair.0.write("dead", "00dead-token-of-nobody");
    pair.stops(
        |pair| pair.run("configure_provisioning", &["hub_token=file:dead"]),
        1,
        &[
            "the given token is one of hub and alive",
            "let a super admin of the hub make a new one",
        ],
    );
    // With a token of the wrong role the connection's own test passes, and groups would fail.
    let mut command = small.command(&[
        "run",
        "org2org/configure_provisioning",
        "--yes",
        "--org",
        "spoke=spoke",
        "--org",
        "hub=hub",
    ]);
    Ran::command(&mut command)
        .exits(2)
        .says(&["`hub_token` is missing"]);
}

#[test]
fn wrong_orgs_are_caught_before_the_first_write() {
    let pair = Pair::new();
    pair.stops(
        |pair| {
            pair.ran(&[
                "run",
                "org2org/setup",
                "--yes",
                "--org",
                "spoke=hub",
                "--org",
                "hub=hub",
                "--param",
                "hub_token=env:TOKEN_OF_HUB",
                "--param",
                USERS,
                "--param",
                "groups=x",
            ])
        },
        2,
        &["same org"],
    );
    pair.stops(
        |pair| {
            pair.ran(&[
                "run",
                "org2org/setup",
                "--yes",
                "--org",
                "spoke=hub",
                "--org",
                "hub=spoke",
                "--param",
                "hub_token=env:TOKEN_OF_HUB",
                "--param",
                USERS,
                "--param",
                "groups=Hub Research",
            ])
        },
        1,
        &[
            "the given token is one of hub and alive",
            "swapped",
            "ada.novak@spoke.example is a user of spoke",
        ],
    );
    pair.connect(&[]).exits(0);
    pair.stops(
        |pair| {
            pair.ran(&[
                "run",
                "org2org/push_groups",
                "--yes",
                "--org",
                "spoke=hub",
                "--org",
                "hub=spoke",
                "--param",
                "groups=x",
            ])
        },
        1,
        &["has the Org2Org app"],
    );
    // The app points elsewhere.
    let path = format!("/api/v1/apps/{}", pair.app());
    let mut app = pair.get(Spoke, &path);
    app["settings"]["app"]["baseUrl"] = json!("https://other.okta.com");
    pair.done(Spoke, "PUT", &path, &app);
    pair.stops(
        |pair| pair.connect(&[]),
        1,
        &[
            "the base URL of Org2Org Hub is that of hub",
            "https://other.okta.com",
            "correct_base_url",
        ],
    );
    pair.connect(&["correct_base_url=true"]).exits(0);
    assert_eq!(
        pair.get(Spoke, &path)["settings"]["app"]["baseUrl"],
        pair.url(Hub)
    );
}

#[test]
fn an_integration_or_features_that_are_off_are_caught() {
    let pair = Pair::new();
    pair.stops(
        |pair| pair.assign(ADA, &[]),
        1,
        &["spoke has the Org2Org app Org2Org Hub"],
    );
    pair.connect(&["create_users=false"]).exits(0);
    pair.stops(
        |pair| pair.assign(ADA, &[]),
        1,
        &["\"Create Users\" is on for Org2Org Hub"],
    );
    let path = format!(
        "/api/v1/apps/{}/connections/default/lifecycle/deactivate",
        pair.app()
    );
    pair.done(Spoke, "POST", &path, &Value::Null);
    pair.stops(
        |pair| pair.assign(ADA, &[]),
        1,
        &["the API integration of Org2Org Hub is on"],
    );
    pair.stops(
        |pair| pair.push("Hub Research", &[]),
        1,
        &["the API integration of Org2Org Hub is on"],
    );
}

#[test]
fn people_who_cannot_be_provisioned_are_all_named_before_the_first_write() {
    let pair = Pair::with(|scenario| {
        scenario["orgs"][0]["users"][1]["attributes"]["lastName"] = Value::Null;
        scenario["orgs"][0]["users"][2]["status"] = json!("SUSPENDED");
    });
    pair.connect(&[]).exits(0);
    pair.0.write("users.csv", "login\nada.novak@spoke.example=actve\nben.okafor@spoke.example\nchloe.dubois@spoke.example\nnobody@spoke.example\nemil.berg@spoke.example\nemil.berg@spoke.example=pending_with_pass\n");
    pair.stops(
        |pair| pair.assign("@users.csv", &["security_question=First pet?"]),
        1,
        &[
            "users.csv:2: actve is an initial status",
            "users.csv:3: ben.okafor@spoke.example has all that hub requires",
            "lastName",
            "users.csv:4: chloe.dubois@spoke.example may be assigned (he is SUSPENDED)",
            "users.csv:5: nobody@spoke.example is a user of spoke",
            "users.csv:7: emil.berg@spoke.example is listed once",
            "security question and answer are given both or not at all",
        ],
    );
}

#[test]
fn what_the_hub_refuses_later_is_named_for_whom_it_happened() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.done(Hub, "POST", "/simulator/faults", &json!({"method": "POST", "path": "/api/v1/users", "times": 1, "action": "status", "status": 400, "errorCode": "E0000001"}));
    let ran = pair.assign(
        &format!("{ADA},{BEN}"),
        &["initial_status=active_with_pass"],
    );
    ran.exits(3)
        .says(&["was provisioned to hub, but: Automatic provisioning of user"]);
    let made = statuses(&pair)[..2]
        .iter()
        .filter(|status| *status == "ACTIVE")
        .count();
    assert_eq!(made, 1, "{ran}");
}

#[test]
fn groups_that_must_not_be_pushed_are_caught_before_the_first_write() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    pair.assign(ADA, &["initial_status=active_with_pass"])
        .exits(0);
    let (app, group) = (
        pair.app(),
        pair.group(Spoke, "Hub Finance")["id"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    pair.done(
        Spoke,
        "PUT",
        &format!("/api/v1/apps/{app}/groups/{group}"),
        &json!({"profile": {"initialStatus": "pending_without_pass"}}),
    );
    settle(&pair);
    pair.stops(
        |pair| pair.push("Hub Finance,Hub Res", &[]),
        1,
        &[
            "Hub Finance does not assign users to the app",
            "Hub Res is a group of spoke's own",
        ],
    );
    let made = pair.done(
        Hub,
        "POST",
        "/api/v1/groups",
        &json!({"profile": {"name": "Hub Research"}}),
    );
    let ines = pair.user(Hub, "ines.moreau@hub.example")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    pair.done(
        Hub,
        "PUT",
        &format!(
            "/api/v1/groups/{}/users/{ines}",
            made["id"].as_str().unwrap()
        ),
        &Value::Null,
    );
    pair.stops(
        |pair| pair.push("Hub Research", &[]),
        1,
        &["hub has no group Hub Research yet", "--param link=true"],
    );
    pair.stops(
        |pair| pair.push("Hub Research", &["link=true"]),
        1,
        &["import the groups of the hub first"],
    );
    pair.done(Spoke, "POST", "/simulator/import", &json!({"app": app}));
    settle(&pair);
    let linked = pair.push("Hub Research", &["link=true"]);
    linked.exits(0).says(&[
        "ben.okafor@spoke.example is in Hub Research and not in hub: he is not assigned to the app",
    ]);
    assert_eq!(pair.members(Hub, "Hub Research"), [ADA]);
    pair.ran(&["undo", &run_id(&linked), "--yes"]).exits(0);
    assert!(
        !pair.group(Hub, "Hub Research").is_null(),
        "what was there before the run stays"
    );
}

fn settle(pair: &Pair) {
    for _ in 0..500 {
        if pair.get(Spoke, "/simulator/state")["jobs"] == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("jobs remain");
}

#[test]
fn members_who_come_later_are_pushed_by_the_next_run() {
    for later in ["missing", "added"] {
        let pair = Pair::new();
        pair.options(Spoke, &json!({"assumptions": {"laterMembers": later}}));
        pair.connect(&[]).exits(0);
        pair.assign(ADA, &["initial_status=active_with_pass"])
            .exits(0);
        pair.push("Hub Research", &[])
            .exits(0)
            .says(&["ben.okafor@spoke.example is in Hub Research and not in hub"]);
        assert_eq!(pair.members(Hub, "Hub Research"), [ADA]);
        pair.assign(BEN, &["initial_status=active_with_pass"])
            .exits(0);
        pair.push("Hub Research", &[]).exits(0);
        assert_eq!(pair.members(Hub, "Hub Research"), [ADA, BEN]);
    }
}

#[test]
fn the_procedure_holds_under_every_answer_that_is_not_known() {
    // They wait more than they work.
    std::thread::scope(|scope| {
        for (option, answer) in ANSWERS {
            scope.spawn(move || holds_under(&json!({*option: answer})));
        }
    });
}

fn holds_under(assumption: &Value) {
    let pair = Pair::new();
    for org in [Spoke, Hub] {
        pair.options(org, &json!({"assumptions": assumption}));
    }
    let ran = pair.set_up(&[]);
    assert_eq!(ran.code, Some(0), "{assumption}: {ran}");
    let expected = ["ACTIVE", "PROVISIONED", "STAGED", "STAGED"];
    assert_eq!(statuses(&pair), expected, "{assumption}");
    let undone = pair.ran(&["undo", &run_id(&ran), "--yes"]);
    assert_eq!(undone.code, Some(0), "{assumption}: {undone}");
}

#[test]
fn a_service_app_of_the_hub_does_without_a_token() {
    let pair = Pair::new();
    let before = pair.picture();
    let ran = pair.run("configure_provisioning_oauth", &[]);
    ran.exits(0)
        .says(&["→ hub", "grant_consent_to_scope", "assign_role_to_client"]);
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
    pair.run(
        "configure_provisioning_oauth",
        &["roles=USER_ADMIN,GROUP_MEMBERSHIP_ADMIN"],
    )
    .exits(0);
    pair.assign(&format!("{BEN}=active_with_pass"), &[])
        .exits(0);
    pair.push("Hub Research", &[]).exits(1).says(&[
        "Hub Research was pushed to hub, but: 403",
        "too small a role in hub",
    ]);
}

#[test]
fn a_user_who_was_in_the_hub_is_linked_and_not_deactivated_by_an_undo() {
    let pair = Pair::new();
    pair.connect(&[]).exits(0);
    let profile = json!({"login": ADA, "email": ADA, "firstName": "Ada", "lastName": "N."});
    let body =
        json!({"profile": profile, "credentials": {"password": {"value": "a-long-password"}}});
    pair.done(Hub, "POST", "/api/v1/users", &body);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let ran = pair.assign(ADA, &["initial_status=pending_without_pass"]);
    ran.exits(0);
    assert_eq!(pair.user(Hub, ADA)["status"], "ACTIVE");
    let undone = pair.ran(&["undo", &run_id(&ran), "--yes"]);
    undone
        .exits(6)
        .says(&["was in hub before he was assigned", "Deactivate Users"]);
    assert_eq!(pair.user(Hub, ADA)["status"], "ACTIVE");
}

#[test]
fn profile_sourcing_waits_for_what_only_a_person_can_do() {
    let pair = Pair::new();
    pair.set_up(&[]).exits(0);
    let app = pair.app();
    let first = pair.run("enable_profile_sourcing", &[]);
    first.exits(4).says(&[
        "\"Enable profile sourcing\" is on for Org2Org Hub",
        "Profile & Lifecycle Sourcing",
    ]);
    let features = pair.get(Spoke, &format!("/api/v1/apps/{app}"))["features"].to_string();
    assert!(!features.contains("PUSH_NEW_USERS"), "{features}");
    let id = run_id(&first);
    // Attested though it is not so.
    pair.ran(&["resume", &id, "--attest", "profile-sourcing"])
        .exits(1)
        .says(&["was attested, yet it is not so"]);
    pair.done(
        Spoke,
        "PATCH",
        &format!("/simulator/apps/{app}"),
        &json!({"profileSourcing": true}),
    );
    let second = pair.run("enable_profile_sourcing", &[]);
    second
        .exits(4)
        .says(&["the users of hub are imported and confirmed"]);
    let hasty = pair.run("enable_profile_sourcing", &["--attest=import"]);
    hasty.exits(1).says(&["was attested, yet it is not so"]);
    let ada = pair.user(Hub, ADA)["id"].as_str().unwrap().to_owned();
    pair.done(
        Hub,
        "POST",
        &format!("/api/v1/users/{ada}"),
        &json!({"profile": {"firstName": "Adela"}}),
    );
    pair.done(Spoke, "POST", "/simulator/import", &json!({"app": app}));
    settle(&pair);
    let third = pair.ran(&["resume", &run_id(&second), "--attest", "import"]);
    third.exits(0).says(&["firstName is the hub's"]);
    assert_eq!(pair.user(Spoke, ADA)["profile"]["firstName"], "Adela");
    pair.ran(&["undo", &id, "--yes"]).exits(0);
    let features = pair.get(Spoke, &format!("/api/v1/apps/{app}"))["features"].to_string();
    assert!(features.contains("PUSH_NEW_USERS"), "{features}");
}
