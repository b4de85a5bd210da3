//! What the directory or its agent refuses during a move: a clear message, and a user who keeps his provisioning group.

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP};

/// The last step before the directory is asked to move anything.
const JOIN: &str = "Join the group of the destination OU";

/// A stage on which a job takes long enough to act before it.
fn slow() -> Stage {
    Stage::contractors(&json!({"jobDelayMs": 600, "agentTimeoutMs": 200}))
}

/// Moves Ada, and acts when the run begins `step`.
fn move_and_act_at(stage: &Stage, step: &str, more: &[&str], act: impl Fn(&Stage)) -> Ran {
    let mut acted = false;
    let mut all = vec!["timeout=6"];
    all.extend(more);
    let ran = stage.move_while(&all, |event| {
        if event["event"] == "step" && event["title"] == step {
            act(stage);
            acted = true;
        }
    });
    assert!(acted, "there is no step {step:?}\n{ran}");
    ran
}

/// One failure: when and what goes wrong, what is said of it, and what an admin does about it.
struct Row {
    name: &'static str,
    step: &'static str,
    break_it: fn(&Stage),
    says: &'static [&'static str],
    mend: fn(&Stage),
}

fn deny(stage: &Stage) {
    stage.deed(&json!({"do": "deny", "dn": TO}));
}

fn allow(stage: &Stage) {
    stage.deed(&json!({"do": "allow", "dn": TO}));
}

fn agents(stage: &Stage, up: bool) {
    stage.instance(&json!({"agents": up}));
}

const ROWS: &[Row] = &[
    Row {
        name: "the agent stops",
        step: JOIN,
        break_it: |stage| agents(stage, false),
        says: &["timed out waiting for agent", "Dashboard > Agents", "Dashboard > Tasks"],
        mend: |stage| agents(stage, true),
    },
    Row {
        name: "the agent stops before the conversion",
        step: "Convert the individual assignments into group assignments",
        break_it: |stage| agents(stage, false),
        says: &["timed out waiting for agent", "Dashboard > Agents", "Dashboard > Tasks"],
        mend: |stage| agents(stage, true),
    },
    Row {
        name: "the service account has no rights",
        step: JOIN,
        break_it: deny,
        says: &["Access Denied", "Create User objects", "Delete User objects"],
        mend: allow,
    },
    Row {
        name: "the account is protected from deletion",
        step: JOIN,
        break_it: |stage| stage.deed(&json!({"do": "protect", "account": ADA})),
        says: &["Access Denied", "protected from deletion"],
        mend: |stage| stage.deed(&json!({"do": "unprotect", "account": ADA})),
    },
    Row {
        name: "the destination is deleted",
        step: JOIN,
        break_it: |stage| stage.deed(&json!({"do": "delete_ou", "dn": TO})),
        says: &["There is no such object on the server", "create OU=Users,DC=corp,DC=example in Active Directory"],
        mend: |stage| stage.deed(&json!({"do": "create_ou", "dn": TO})),
    },
    Row {
        name: "an account of the same name appears",
        step: JOIN,
        break_it: |stage| {
            stage.deed(
                &json!({"do": "create_account", "organizationalUnit": TO, "firstName": "Ada", "lastName": "Novak",
                "userPrincipalName": "ada.two@corp.example", "samAccountName": "ada.two"}),
            );
        },
        says: &["The object already exists", "rename or move the other account"],
        mend: |stage| stage.deed(&json!({"do": "delete_account", "account": "ada.two"})),
    },
];

#[test]
fn what_the_directory_refuses_is_told_and_can_be_mended() {
    std::thread::scope(|scope| {
        for row in ROWS {
            scope.spawn(|| {
                let stage = slow();
                let ran = move_and_act_at(&stage, row.step, &[], row.break_it);
                println(row.name, &ran);
                ran.exits(1);
                assert_told(&ran, row.says);
                stage.assert_safe(ADA, &ran);
                assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP, TO_GROUP], "{}", row.name);
                assert!(stage.account(ADA).unwrap().dn.ends_with(FROM), "{}", row.name);

                (row.mend)(&stage);
                stage.options(&json!({"jobDelayMs": 0}));
                stage.done("POST", "/simulator/tasks/retry", &Value::Null);
                let again = stage.move_users(&[]);
                again.exits(0);
                stage.assert_moved(ADA, &again);
            });
        }
    });
}

/// The message of a failed user names him, the group, the OU, and what to do.
#[track_caller]
fn assert_told(ran: &Ran, words: &[&str]) {
    let items = ran.events_of("item");
    let failed = items.iter().find(|item| item["outcome"] == "failed");
    let message = failed.unwrap_or_else(|| panic!("nobody failed\n{ran}"))["message"].as_str().unwrap();
    for word in [ADA, TO_GROUP, TO, "help:"].iter().chain(words) {
        assert!(message.contains(word), "{word:?} is not in: {message}\n{ran}");
    }
}

#[test]
fn an_account_that_vanished_is_told() {
    let stage = slow();
    let ran = move_and_act_at(&stage, JOIN, &[], |stage| {
        stage.deed(&json!({"do": "delete_account", "account": ADA}));
    });
    ran.exits(1);
    assert_told(&ran, &["Matching user not found", "gone from Active Directory"]);
    assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP, TO_GROUP]);
}

#[test]
fn an_option_that_is_off_moves_nothing_and_is_told_when_the_time_is_over() {
    let stage = Stage::contractors(&json!({}));
    stage.instance(&json!({"updateOuOnGroupChange": false}));
    let ran = stage.move_users(&["timeout=3"]);
    ran.exits(1);
    assert_told(&ran, &["waited 3 s in vain", "Update OU when the group that provisions a user to AD changes"]);
    stage.assert_safe(ADA, &ran);
    assert_eq!(stage.provisioning_groups(ADA), [FROM_GROUP, TO_GROUP]);
    // Turned on, it works on what was changed before.
    stage.instance(&json!({"updateOuOnGroupChange": true}));
    let again = stage.move_users(&[]);
    again.exits(0);
    stage.assert_moved(ADA, &again);
}

#[test]
fn rights_that_were_never_there_are_told() {
    let stage = Stage::contractors(&json!({}));
    deny(&stage);
    let ran = stage.move_users(&[]);
    ran.exits(1);
    assert_told(&ran, &["Access Denied"]);
    stage.assert_safe(ADA, &ran);
}

#[test]
fn a_refusal_is_told_without_a_directory_too() {
    let stage = Stage::contractors(&json!({}));
    stage.set_directory(crate::stage::Directory::Absent);
    deny(&stage);
    let ran = stage.move_users(&["timeout=8"]);
    ran.exits(1);
    assert_told(&ran, &["Access Denied"]);
    stage.assert_safe(ADA, &ran);
}

#[test]
fn one_user_who_fails_does_not_hold_up_the_others() {
    let stage = Stage::contractors(&json!({}));
    stage.deed(&json!({"do": "protect", "account": ADA}));
    let ran = stage.move_users(&[&format!("users={ADA},{BEN}")]);
    ran.exits(3);
    assert_eq!(ran.items(), [(ADA.into(), "failed".into()), (BEN.into(), "succeeded".into())]);
    assert_eq!(ran.outcome()["outcome"], "partly");
    stage.assert_safe(ADA, &ran);
    stage.assert_moved(BEN, &ran);
}

#[test]
fn where_leaving_moves_the_account_a_refusal_is_told_as_well() {
    let stage = Stage::contractors(&json!({}));
    stage.provisioning_group(FROM_GROUP, FROM, 0);
    stage.provisioning_group(TO_GROUP, TO, 1);
    deny(&stage);
    let ran = stage.move_users(&[]);
    ran.exits(1);
    assert_told(&ran, &["Access Denied"]);
    stage.assert_safe(ADA, &ran);
    assert_eq!(stage.provisioning_groups(ADA), [TO_GROUP]);
    allow(&stage);
    stage.done("POST", "/simulator/tasks/retry", &Value::Null);
    stage.wait_for("the retried job", |stage| stage.account(ADA).unwrap().dn.ends_with(TO));
    let again = stage.move_users(&[]);
    again.exits(0);
    assert_eq!(again.items(), [(ADA.into(), "unchanged".into())]);
}

#[test]
fn a_user_deactivated_during_the_run_is_told() {
    let stage = slow();
    let write = json!({"method": "PUT", "path": "/api/v1/groups/*/users", "action": "delay", "delayMs": 800});
    stage.fault(&write);
    let ran = move_and_act_at(&stage, "Join the group of the present OU", &[], |stage| {
        let path = format!("/api/v1/users/{}/lifecycle/deactivate", stage.user(ADA));
        stage.done("POST", &path, &Value::Null);
    });
    ran.exits(1);
    assert!(ran.messages().contains(ADA), "{ran}");
}

#[test]
fn a_lost_answer_of_a_write_does_not_lose_the_user() {
    let stage = Stage::contractors(&json!({}));
    stage.fault(&json!({"method": "DELETE", "path": "/api/v1/groups/*/users", "action": "cut_after"}));
    let ran = stage.move_users(&[]);
    stage.assert_safe(ADA, &ran);
    if ran.code != Some(0) {
        stage.move_users(&[]).exits(0);
    }
    stage.assert_moved(ADA, &ran);
}

#[test]
fn a_write_that_okta_refuses_is_told_with_its_request() {
    let stage = Stage::contractors(&json!({}));
    stage.fault(&json!({"method": "POST", "path": "/api/v1/apps/*/users", "action": "status", "status": 403,
        "errorCode": "E0000117", "errorSummary": "Cannot assign apps or update app profiles for an inactive user."}));
    let ran = stage.move_users(&[]);
    ran.exits(1);
    let messages = ran.messages();
    assert!(messages.contains("E0000117") && messages.contains("request "), "{ran}");
    stage.assert_safe(ADA, &ran);
    stage.move_users(&[]).exits(0);
}

fn println(name: &str, ran: &Ran) {
    // Shown only for a test that fails.
    let text = format!("{name}\n{ran}\n");
    assert!(std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()).is_ok());
}

impl Stage {
    pub(crate) fn wait_for(&self, what: &str, fact: impl Fn(&Self) -> bool) {
        for _ in 0..200 {
            if fact(self) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("waited in vain for {what}");
    }
}
