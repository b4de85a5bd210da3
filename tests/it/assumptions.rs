//! Answers of Okta's that are not known for certain: under each of them a move ends right, or stops with the user safe.

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, Directory, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP};

/// Every answer of every option that is not the default.
const ANSWERS: &[(&str, &str)] = &[
    ("groupScopeWithoutGroup", "refuse"),
    ("groupScopeWithoutGroup", "keep_user_scope"),
    ("assignExistingAppUser", "conflict"),
    ("priorityOmitted", "first"),
    ("appGroupPutWithoutProfile", "clear"),
    ("unknownOrganizationalUnit", "refuse"),
    ("dnAfterMove", "at_once"),
    ("dnAfterMove", "at_import"),
    ("dnAttribute", "distinguished_name"),
    ("groupLink", "absent"),
    ("groupPushFeature", "absent"),
    ("missingAppUserType", "user"),
    ("missingAppUserType", "app_instance"),
    ("adSourcedMoves", "yes"),
    ("repeatedMemberWrite", "refuse"),
    ("syncState", "disabled"),
];

#[test]
fn every_answer_to_every_assumption_is_listed() {
    let stage = Stage::of(&json!({"contractors": 1}));
    let options = stage.get("/simulator/options");
    for (name, default) in options["assumptions"].as_object().unwrap() {
        // A refusal of another answer names those that there are.
        let wrong = json!({"assumptions": {name: "?"}});
        let (status, told) = stage.send("PATCH", "/simulator/options", &wrong);
        assert_eq!(status, 400, "{told}");
        let told = told.to_string();
        let answers = told.split("expected").nth(1).unwrap().split('`');
        let answers: Vec<&str> = answers.skip(1).step_by(2).collect();
        assert!(answers.len() > 1, "{name}: {told}");
        for answer in answers.into_iter().filter(|answer| default != answer) {
            let mut listed = ANSWERS.iter().chain(crate::org2org::ANSWERS);
            assert!(listed.any(|row| *row == (name, answer)), "{name} {answer}");
        }
    }
}

fn assuming(option: &str, answer: &str) -> Value {
    json!({"assumptions": {option: answer}})
}

/// Where the groups stand before the run.
#[derive(Clone, Copy, Debug)]
enum Priorities {
    NoneYet,
    DestinationBetter,
    FormerBetter,
}

impl Priorities {
    fn set(self, stage: &Stage) {
        let (from, to) = match self {
            Self::NoneYet => return,
            Self::DestinationBetter => (1, 0),
            Self::FormerBetter => (0, 1),
        };
        let mut groups = [(FROM_GROUP, FROM, from), (TO_GROUP, TO, to)];
        groups.sort_by_key(|(_, _, priority)| *priority);
        for (name, unit, priority) in groups {
            stage.provisioning_group(name, unit, priority);
        }
    }
}

/// Moves two users, one of whom has to be told by the exit code alone to be there or not.
fn moves(options: &Value, priorities: Priorities, directory: Directory) {
    let stage = Stage::contractors(options);
    priorities.set(&stage);
    stage.set_directory(directory);
    let ran = stage.move_users(&[&format!("users={ADA},{BEN}"), "timeout=12"]);
    assert_truth(&stage, &ran, &format!("{options} {priorities:?}"));
    assert_eq!(ran.code, Some(0), "{options} {priorities:?}: {ran}");
    stage.forget_calls();
    let again = stage.move_users(&[&format!("users={ADA},{BEN}"), "timeout=12"]);
    assert_truth(&stage, &again, "again");
    assert_eq!((again.code, stage.calls_that_write()), (Some(0), 0), "{options} {priorities:?}: {again}");
}

/// Both are safe, and success means that they have moved.
fn assert_truth(stage: &Stage, ran: &Ran, what: &str) {
    assert!(matches!(ran.code, Some(0 | 1 | 3)), "{what}: {ran}");
    for login in [ADA, BEN] {
        stage.assert_safe(login, ran);
        let told = ran.items().iter().any(|(key, outcome)| key == login && outcome != "failed");
        if ran.code == Some(0) || (ran.code == Some(3) && told) {
            stage.assert_moved(login, ran);
        }
    }
}

/// Runs all rows beside each other: they wait more than they work.
fn beside<T: Sync>(rows: &[T], act: impl Fn(&T) + Sync) {
    for some in rows.chunks(16) {
        std::thread::scope(|scope| {
            for row in some {
                scope.spawn(|| act(row));
            }
        });
    }
}

#[test]
fn moves_end_right_where_joining_moves_the_account() {
    beside(ANSWERS, |(option, answer)| {
        moves(&assuming(option, answer), Priorities::NoneYet, Directory::Configured);
    });
}

#[test]
fn moves_end_right_where_leaving_moves_the_account() {
    beside(ANSWERS, |(option, answer)| {
        moves(&assuming(option, answer), Priorities::FormerBetter, Directory::Configured);
    });
}

#[test]
fn reads_may_lag_behind_writes() {
    let rows = [
        (json!({"membershipLagMs": 2500}), Priorities::NoneYet),
        (json!({"membershipLagMs": 2500}), Priorities::DestinationBetter),
        (json!({"membershipLagMs": 2500}), Priorities::FormerBetter),
        (json!({"newGroupLagMs": 2500}), Priorities::NoneYet),
        (
            json!({"newGroupLagMs": 1500, "membershipLagMs": 1500, "assumptions": {"repeatedMemberWrite": "refuse"}}),
            Priorities::NoneYet,
        ),
    ];
    beside(&rows, |(options, priorities)| {
        moves(options, *priorities, Directory::Configured);
    });
}

/// Without a directory Okta's own record is all there is: where it does not follow, the run does not say that the user has moved.
#[test]
fn without_a_directory_the_run_says_what_okta_says() {
    let rows = [
        (json!({}), Priorities::FormerBetter, 0),
        (assuming("dnAfterMove", "at_once"), Priorities::NoneYet, 0),
        (assuming("dnAttribute", "distinguished_name"), Priorities::NoneYet, 0),
        (assuming("syncState", "disabled"), Priorities::NoneYet, 0),
        (assuming("dnAfterMove", "at_import"), Priorities::NoneYet, 1),
    ];
    beside(&rows, |(options, priorities, code)| {
        let stage = Stage::contractors(options);
        priorities.set(&stage);
        stage.set_directory(Directory::Absent);
        let ran = stage.move_users(&["timeout=6"]);
        stage.assert_safe(ADA, &ran);
        assert_eq!(ran.code, Some(*code), "{options}: {ran}");
        if *code == 0 {
            stage.assert_moved(ADA, &ran);
        }
    });
}

#[test]
fn a_record_that_follows_at_the_next_import_is_remarked() {
    let stage = Stage::contractors(&assuming("dnAfterMove", "at_import"));
    let ran = stage.move_users(&[]);
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    let remarks = ran.outcome()["remarks"].to_string();
    assert!(remarks.contains("follows at the next import"), "{remarks}");
    stage.done("POST", "/simulator/import", &json!({"kind": "incremental"}));
    assert_eq!(stage.app_user(ADA)["profile"]["dn"], stage.account(ADA).unwrap().dn);
    stage.assert_moved(ADA, &ran);
}

/// The loss of the assignment is what the order of the steps avoids: the user is in a provisioning group before he is converted.
#[test]
fn a_conversion_without_a_group_would_lose_the_assignment_and_is_never_asked_for() {
    let stage = Stage::contractors(&json!({}));
    let path = format!("/api/v1/apps/{}/users/{}", stage.app(), stage.user(BEN));
    stage.done("POST", &path, &json!({"scope": "GROUP"}));
    stage.wait_for("the harm", |stage| stage.app_user(BEN).is_null());
    let ran = stage.move_users(&[]);
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
}
