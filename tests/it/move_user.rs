//! Moving users, as it should go.

use std::process::Command;

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, Directory, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP, okta_runbook};

#[test]
fn the_first_command_moves_the_example_users_and_shows_before_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["run", "ad/move_user_to_ou", "--simulator", "--yes"];
    let ran = Ran::command(okta_runbook(folder.path()).args(arguments));
    ran.exits(0).says(&[
        "Join the group of the destination OU",
        "Verify in Okta and in Active Directory",
        "| ada.novak@corp.example    | before | USER  |          | CN=Ada Novak,OU=User-Contractor,DC=corp,DC=example",
        "|                           | after  | GROUP | AD Users | CN=Ada Novak,OU=Users,DC=corp,DC=example",
        "Succeeded after",
        "3 items",
    ]);
}

#[test]
fn a_user_is_moved_in_okta_and_in_the_directory_and_a_second_run_writes_nothing() {
    let stage = Stage::contractors(&json!({}));
    let before = stage.account(ADA).unwrap();
    assert!(before.dn.ends_with(FROM));
    let ran = stage.move_users(&["users=ada.novak@corp.example,BEN.Okafor@corp.example"]);
    ran.exits(0);
    for login in [ADA, BEN] {
        stage.assert_moved(login, &ran);
    }
    assert_eq!(stage.account(ADA).unwrap().guid, before.guid);
    assert_eq!(stage.app_user(ADA)["profile"]["dn"], stage.account(ADA).unwrap().dn);
    assert_eq!(ran.items(), [(ADA.into(), "succeeded".into()), (BEN.into(), "succeeded".into())]);
    let outcome = ran.outcome();
    assert_eq!(outcome["outcome"], "succeeded");
    assert!(outcome["run"].is_string() && outcome.get("remarks").is_none(), "{outcome}");

    stage.forget_calls();
    let again = stage.move_users(&[&format!("users={ADA},{BEN}")]);
    again.exits(0);
    assert_eq!(stage.calls_that_write(), 0, "{again}");
    assert_eq!(again.items(), [(ADA.into(), "unchanged".into()), (BEN.into(), "unchanged".into())]);
    assert_eq!(again.outcome()["counts"]["writes"], 0);
}

#[test]
fn a_user_who_has_moved_already_is_left_alone_while_another_is_moved() {
    let stage = Stage::contractors(&json!({}));
    stage.move_users(&[]).exits(0);
    let ran = stage.move_users(&[&format!("users={ADA},{BEN}")]);
    ran.exits(0);
    assert_eq!(ran.items(), [(ADA.into(), "unchanged".into()), (BEN.into(), "succeeded".into())]);
    stage.assert_moved(BEN, &ran);
}

#[test]
fn without_a_directory_okta_alone_is_asked_and_the_outcome_says_so() {
    let stage = Stage::contractors(&json!({}));
    let ran = stage.move_without_directory(&[]);
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    let remarks = ran.outcome()["remarks"].to_string();
    assert!(remarks.contains("Active Directory was not looked at"), "{remarks}");
}

#[test]
fn what_was_begun_is_ended_by_the_next_run() {
    let stage = Stage::contractors(&json!({}));
    let from = stage.provisioning_group(FROM_GROUP, FROM, 1);
    let to = stage.provisioning_group(TO_GROUP, TO, 0);
    // Ada is in the former group only, Ben in both and converted: each is taken up where he stands.
    stage.join(&from, ADA);
    stage.join(&from, BEN);
    let path = format!("/api/v1/apps/{}/users/{}", stage.app(), stage.user(BEN));
    stage.done("POST", &path, &json!({"scope": "GROUP"}));
    stage.join(&to, BEN);
    let ran = stage.move_users(&[&format!("users={ADA},{BEN}")]);
    ran.exits(0);
    for login in [ADA, BEN] {
        stage.assert_moved(login, &ran);
    }
}

#[test]
fn whichever_group_has_the_better_priority_the_user_arrives() {
    // Priorities of the former and the destination group; none: the run makes and assigns it.
    let rows = [(Some(0), Some(1)), (Some(1), Some(0)), (Some(5), None), (None, Some(5)), (None, None)];
    std::thread::scope(|scope| {
        for (from, to) in rows {
            scope.spawn(move || {
                let stage = Stage::contractors(&json!({}));
                if let Some(priority) = from {
                    stage.provisioning_group(FROM_GROUP, FROM, priority);
                }
                if let Some(priority) = to {
                    stage.provisioning_group(TO_GROUP, TO, priority);
                }
                let ran = stage.move_users(&[]);
                ran.exits(0);
                stage.assert_moved(ADA, &ran);
            });
        }
    });
}

#[test]
fn assignments_that_exist_keep_their_priority_and_ou() {
    let stage = Stage::contractors(&json!({}));
    let other = stage.provisioning_group("AD Others", "OU=Others,DC=corp,DC=example", 0);
    let from = stage.provisioning_group(FROM_GROUP, FROM, 3);
    let ran = stage.move_users(&[]);
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    let groups = stage.state()["apps"][stage.app()]["groups"].clone();
    assert_eq!((&groups[&other]["priority"], &groups[&from]["priority"]), (&json!(0), &json!(3)), "{groups}");
}

/// Moves 200 users that a CSV lists, with the rate limits of a small org scaled to seconds, and looks with the client of `OpenLDAP`.
#[test]
fn two_hundred_users_of_a_csv_are_moved_and_ldapsearch_finds_each() {
    let stage = Stage::of(&json!({"contractors": 200}));
    // 50 calls a second of the scarce limit: that of an hour in a minute.
    stage.options(&json!({"jobDelayMs": 100, "limits": {"windowSeconds": 1, "scale": 5}}));
    let logins = contractors(&stage);
    assert_eq!(logins.len(), 200);
    let rows: Vec<String> = logins.iter().map(|login| format!("\"contractor, moving\",{login}")).collect();
    stage.write("users.csv", &format!("\u{feff}remark,login\r\n{}\r\n", rows.join("\r\n")));
    let ran = stage.move_users(&["users=@users.csv"]);
    ran.exits(0);
    assert_eq!(ran.items().iter().filter(|(_, outcome)| outcome == "succeeded").count(), 200);
    let Some(found) = ldapsearch(&stage, TO) else {
        return;
    };
    for login in &logins {
        assert!(found.contains(&format!("userPrincipalName: {login}\n")), "{login} is not in {TO}");
    }
    let left = ldapsearch(&stage, FROM).unwrap_or_default();
    assert!(!left.contains("userPrincipalName:"), "{left}");
}

/// Logins of everyone who is assigned to the AD instance.
fn contractors(stage: &Stage) -> Vec<String> {
    let users = stage.get(&format!("/api/v1/apps/{}/users?limit=500", stage.app()));
    let name = |user: &Value| user["credentials"]["userName"].as_str().unwrap().to_owned();
    users.as_array().unwrap().iter().map(name).collect()
}

/// The accounts right in an OU by Debian's ldap-utils. Where that is not installed this part is left out, but not in CI.
fn ldapsearch(stage: &Stage, unit: &str) -> Option<String> {
    let directory = stage.directory();
    let output = Command::new("ldapsearch")
        .args(["-x", "-LLL", "-o", "ldif-wrap=no", "-H", &directory.url])
        .args(["-D", &directory.bind_dn, "-w", stage.password()])
        .args(["-b", unit, "-s", "one", "(objectClass=user)", "userPrincipalName"])
        .output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            assert!(std::env::var_os("CI_REQUIRED").is_none(), "ldapsearch: {error}");
            std::io::Write::write_all(&mut std::io::stderr(), b"left out: ldapsearch is not installed\n").unwrap();
            None
        }
    }
}

impl Stage {
    fn move_without_directory(&self, more: &[&str]) -> Ran {
        self.set_directory(Directory::Absent);
        self.move_users(more)
    }

    pub(crate) fn set_directory(&self, directory: Directory) {
        match directory {
            Directory::Absent => self.write("okta-runbook.toml", ""),
            Directory::Configured => {}
        }
    }
}

/// What is read one by one for few users is read by pages for many.
#[test]
fn many_users_are_looked_at_with_fewer_reads_than_users() {
    let users = 60;
    let stage = Stage::of(&json!({ "contractors": users }));
    stage.options(&json!({"limits": {"enabled": false}, "jobDelayMs": 0}));
    let logins = assigned(&stage);
    assert_eq!(logins.len(), users);
    let ran = stage.move_users(&[&format!("users={}", logins.join(","))]);
    ran.exits(0);
    let reads = ran.outcome()["counts"]["reads"].as_u64().unwrap();
    assert!(reads < users as u64, "{reads} reads");
    for login in logins {
        assert!(stage.account(&login).unwrap().dn.ends_with(TO), "{login}");
    }
}

/// Logins of the users who are assigned to the stage's app.
fn assigned(stage: &Stage) -> Vec<String> {
    let org = stage.state();
    let users = org["apps"][stage.app()]["users"].as_object().unwrap();
    let login = |id: &String| org["users"][id]["login"].as_str().unwrap().to_owned();
    users.keys().map(login).collect()
}

/// What a run or an undo wrote itself a moment ago is nobody else's change, though reads do not show it yet.
#[test]
fn an_undo_of_memberships_that_are_read_late_takes_all_of_it_back() {
    for lag in [300, 1500] {
        let stage = Stage::of(&json!({ "contractors": 8 }));
        let off = json!({ "enabled": false });
        stage.options(&json!({"limits": off, "membershipLagMs": lag, "jobDelayMs": 300}));
        // As many that lists are read while others are written.
        let logins = assigned(&stage);
        assert!(logins.len() > 6, "{logins:?}");
        let ran = stage.move_users(&[&format!("users={}", logins.join(","))]);
        ran.exits(0);
        let run = ran.outcome()["run"].as_str().unwrap().to_owned();
        Ran::command(stage.command().args(["undo", &run, "--yes"])).exits(0);
        assert_eq!(stage.app_user(ADA)["scope"], "USER");
        assert!(stage.account(ADA).unwrap().dn.ends_with(FROM));
        assert!(stage.provisioning_groups(ADA).is_empty());
    }
}

#[test]
fn an_undo_right_after_a_membership_that_is_not_seen_yet_is_no_change_of_somebody() {
    let stage = Stage::contractors(&json!({"membershipLagMs": 2000}));
    let group = stage.group("Everybody else");
    let header = "//! Join.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\nstep(\"Join\");\n";
    let join = format!("okta.assign_user_to_group(\"{group}\", okta.get_user(\"{ADA}\"));");
    stage.write("runbooks/join.rhai", &[header, join.as_str()].concat());
    let run = ["run", "join", "--yes", "--output", "json"];
    let ran = Ran::command(stage.command().args(run));
    ran.exits(0);
    let run = ran.outcome()["run"].as_str().unwrap().to_owned();
    Ran::command(stage.command().args(["undo", &run, "--yes"])).exits(0);
    let members = &stage.state()["groups"][&group]["members"];
    assert_eq!(*members, json!([]));
}
