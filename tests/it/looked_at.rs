//! That a write would change nothing is said by what is there when it is to be sent: whatever the user is called, and whoever changed it
//! since it was read.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::stage::{ADA, Ran, Stage};

const HEADER: &str = "//! A script.\nconst ORGS = #{ okta: \"org\" };\nstep(\"All\");\n";

fn run(stage: &Stage, script: &str) -> Ran {
    stage.write("runbooks/looks.rhai", &[HEADER, script].concat());
    Ran::command(stage.command().args(["run", "looks", "--yes"]))
}

fn status(stage: &Stage) -> Value {
    stage.state()["users"][stage.user(ADA)]["status"].clone()
}

/// Those of the run's own sign-in included.
fn reads_of_users(stage: &Stage) -> u64 {
    let counters = stage.get("/simulator/requests");
    let routes = counters["routes"].as_object().unwrap().iter();
    let of_users = routes.filter(|(route, _)| route.starts_with("GET /api/v1/users/{"));
    of_users.map(|(_, count)| count.as_u64().unwrap()).sum()
}

/// What is read by one name is not taken for what is there after a write by another.
#[test]
fn a_user_is_one_whatever_the_name_in_a_call() {
    for lag in [0, 1500] {
        let stage = Stage::contractors(&json!({ "membershipLagMs": lag }));
        let id = stage.user(ADA);
        let upper = ADA.to_uppercase();
        let group = stage.group("Everybody else");
        let names = [ADA, &id, &upper, "ada.novak"];
        for one in names {
            for other in names {
                let script = format!(
                    "okta.get_user(\"{other}\"); okta.suspend_user(\"{one}\"); okta.unsuspend_user(\"{other}\");"
                );
                let ran = run(&stage, &script);
                ran.exits(0);
                assert_eq!(status(&stage), "ACTIVE", "{one} and {other}: {ran}");
                let script = format!(
                    "okta.assign_user_to_group(\"{group}\", \"{one}\"); okta.unassign_user_from_group(\"{group}\", \"{other}\");"
                );
                let ran = run(&stage, &script);
                ran.exits(0);
                let members = &stage.state()["groups"][&group]["members"];
                assert_eq!(*members, json!([]), "{one} and {other}: {ran}");
                let script = format!(
                    "okta.update_user(\"{one}\", #{{ profile: #{{ nickName: \"X\" }} }}); \
                     okta.update_user(\"{other}\", #{{ profile: #{{ nickName: () }} }});"
                );
                let ran = run(&stage, &script);
                ran.exits(0);
                let profile = &stage.get(&format!("/api/v1/users/{id}"))["profile"];
                assert_eq!(profile["nickName"], Value::Null, "{one} and {other}: {ran}");
            }
        }
    }
}

/// A login that somebody else has now.
#[test]
fn a_login_is_whose_it_is_now() {
    let stage = Stage::contractors(&json!({}));
    let script = format!(
        "let ada = okta.get_user(\"{ADA}\");\n\
         okta.update_user(ada.id, #{{ profile: #{{ login: \"former@corp.example\" }} }});\n\
         okta.update_user(okta.get_user(\"me\").id, #{{ profile: #{{ login: \"{ADA}\" }} }});\n\
         okta.suspend_user(\"{ADA}\");"
    );
    let ran = run(&stage, &script);
    ran.exits(1).says(&["whose sign-in this run uses"]);
    let users = stage.state()["users"].clone();
    let suspended = users.as_object().unwrap().values();
    assert_eq!(suspended.filter(|user| user["status"] == "SUSPENDED").count(), 0, "{ran}");
}

#[test]
fn what_somebody_changed_since_it_was_read_is_written() {
    let stage = Stage::contractors(&json!({}));
    let lifecycle = format!("/api/v1/users/{}/lifecycle", stage.user(ADA));
    stage.done("POST", &format!("{lifecycle}/suspend"), &Value::Null);
    stage.forget_calls();
    let script = format!(
        "okta.get_user(\"{ADA}\");\n\
         try {{ wait_until(#{{ timeout: 3, every: 1, what: \"somebody\" }}, || false); }} catch (late) {{}}\n\
         okta.suspend_user(\"{ADA}\");"
    );
    let ran = thread::scope(|scope| {
        let running = scope.spawn(|| run(&stage, &script));
        // It has read when it waits.
        let begun = Instant::now();
        while reads_of_users(&stage) < 2 && begun.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(50));
        }
        thread::sleep(Duration::from_millis(500));
        stage.done("POST", &format!("{lifecycle}/unsuspend"), &Value::Null);
        running.join().unwrap()
    });
    ran.exits(0).says(&["1 write"]);
    assert_eq!(status(&stage), "SUSPENDED", "{ran}");
}

/// A path that another would be read from is sent by none.
#[test]
fn a_path_is_what_it_seems() {
    let stage = Stage::contractors(&json!({}));
    let me = stage.get("/api/v1/users/me")["id"].as_str().unwrap().to_owned();
    for path in [
        format!("/api/v1/users/{me}/lifecycle/suspend/"),
        format!("/api/v1/users//{me}/lifecycle/suspend"),
        format!("/api/v1/users/{me}/lifecycle/suspend;x=1"),
        format!("/api/v1/users/{me}/lifecycle/%73uspend"),
        format!("/api/v1/%75sers/{me}/lifecycle/suspend"),
    ] {
        stage.forget_calls();
        let ran = run(&stage, &format!("let path = \"{path}\"; okta.post(path, ());"));
        ran.exits(1);
        assert_eq!(stage.calls_that_write(), 0, "{path}: {ran}");
    }
}
