//! Procedures that people write for themselves: short, checked, planned, run and looked at in the org.

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, Ran, Stage};

const CHLOE: &str = "chloe.dubois@corp.example";

fn stage(scenario: &Value) -> Stage {
    let stage = Stage::of(scenario);
    stage.options(&json!({"limits": {"enabled": false}, "jobDelayMs": 0}));
    stage
}

/// Puts a procedure of `tests/procedures` into the folder, as its author has it.
fn write(stage: &Stage, name: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/procedures/{name}.rhai"));
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.lines().count() <= 40, "{name} is short");
    stage.write(&format!("runbooks/{name}.rhai"), &text);
    Ran::command(stage.command().args(["check", name])).exits(0).says(&["nothing found"]);
}

fn run(stage: &Stage, name: &str, parameters: &[&str]) -> Ran {
    let mut command = stage.command();
    command.args(["run", name, "--yes", "--output", "json"]);
    for parameter in parameters {
        command.args(["-p", parameter]);
    }
    Ran::command(&mut command)
}

fn saved(stage: &Stage, ran: &Ran, name: &str) -> String {
    let run = ran.outcome()["run"].as_str().unwrap().to_owned();
    Ran::command(stage.command().args(["runs", "files", &run, name])).exits(0).stdout.clone()
}

fn status(stage: &Stage, login: &str) -> Value {
    stage.get(&format!("/api/v1/users/{login}"))["status"].clone()
}

#[test]
fn users_who_have_not_signed_in_are_deactivated() {
    let person = |login: &str, last: Value| {
        let mut person = json!({"login": login, "firstName": "A", "lastName": "B"});
        if !last.is_null() {
            person["lastLogin"] = last;
        }
        person
    };
    let today = jiff::Timestamp::now().to_string();
    let users =
        json!([person(ADA, json!("2020-01-02T03:04:05.000Z")), person(BEN, json!(today)), person(CHLOE, Value::Null)]);
    let stage = stage(
        &json!({"directories": [{"domain": "corp.example"}], "orgs": [{"name": "okta", "users": users, "admins": [{"login": "sam@x.example", "roles": ["SUPER_ADMIN"]}]}]}),
    );
    write(&stage, "deactivate_unused_users");
    stage.write("users.csv", &format!("UserPrincipalName\n{ADA}\n{BEN}\n{CHLOE}\nno@body\n"));
    run(&stage, "deactivate_unused_users", &["users=@users.csv"])
        .exits(1)
        .says(&["users.csv:5: no@body is not a user of this org"]);
    stage.write("users.csv", &format!("UserPrincipalName\n{ADA}\n{BEN}\n{CHLOE}\n"));
    // The plan knows when people signed in, as the org does.
    let planned = Ran::command(stage.command().args(["plan", "deactivate_unused_users", "-p", "users=@users.csv"]));
    planned.exits(0).says(&["deactivate_user"]);
    assert!(!planned.said().contains(BEN), "{planned}");
    let ran = run(&stage, "deactivate_unused_users", &["users=@users.csv"]);
    ran.exits(0);
    assert_eq!([ADA, BEN, CHLOE].map(|login| status(&stage, login)), ["DEPROVISIONED", "ACTIVE", "ACTIVE"]);
    let expected = format!("login,last_login,deactivated\n{ADA},2020-01-02T03:04:05.000Z,true\n");
    assert!(saved(&stage, &ran, "users.csv").starts_with(&expected), "{}", saved(&stage, &ran, "users.csv"));
    // Who has never signed in counts from when the user was made.
    run(&stage, "deactivate_unused_users", &["users=@users.csv", "days=-1"]).exits(0);
    assert_eq!([BEN, CHLOE].map(|login| status(&stage, login)), ["DEPROVISIONED", "DEPROVISIONED"]);
}

#[test]
fn members_are_added_and_removed_by_a_table() {
    let stage = Stage::contractors(&json!({}));
    write(&stage, "change_members");
    let (staff, guests) = (stage.group("Staff"), stage.group("Guests, all"));
    stage.join(&guests, BEN);
    stage.write("c.csv", &format!("login;group;action\r\n{ADA};Staff;\r\n{ADA};Guests, all;add\r\n{BEN};Guests, all;remove\r\n{BEN};Nobody;\r\n"));
    run(&stage, "change_members", &["changes=@c.csv"])
        .exits(1)
        .says(&["c.csv:5: ben.okafor@corp.example names 0 groups of Okta called Nobody, not one"]);
    stage.write(
        "c.csv",
        &format!("login;group;action\r\n{ADA};Staff;\r\n{ADA};Guests, all;add\r\n{BEN};Guests, all;remove\r\n"),
    );
    let ran = run(&stage, "change_members", &["changes=@c.csv"]);
    ran.exits(0);
    let members = |group: &str| {
        let users = stage.get(&format!("/api/v1/groups/{group}/users"));
        users
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["profile"]["login"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!((members(&staff), members(&guests)), (vec![ADA.to_owned()], vec![ADA.to_owned()]));
    let run = ran.outcome()["run"].as_str().unwrap().to_owned();
    Ran::command(stage.command().args(["undo", &run, "--yes"])).exits(0);
    assert_eq!((members(&staff), members(&guests)), (vec![], vec![BEN.to_owned()]));
}

#[test]
fn individual_assignments_that_a_group_gives_too_are_converted() {
    let user = |login: &str| json!({"login": login, "firstName": "A", "lastName": "B"});
    let stage = stage(&json!({"directories": [{"domain": "corp.example"}], "orgs": [{
        "name": "okta",
        "users": [user(ADA), user(BEN), user(CHLOE)],
        "admins": [{"login": "sam@x.example", "roles": ["SUPER_ADMIN"]}],
        "groups": [{"name": "Sales", "members": [ADA, CHLOE]}],
        "apps": [{"app": {"name": "bookmark", "signOnMode": "BOOKMARK"}, "label": "Salesforce",
            "groups": [{"group": "Sales"}], "users": [{"user": ADA}, {"user": BEN}]}],
    }]}));
    write(&stage, "convert_assignments");
    let ran = run(&stage, "convert_assignments", &["app=Salesforce"]);
    ran.exits(0);
    let app = stage.get("/api/v1/apps?q=Salesforce")[0]["id"].as_str().unwrap().to_owned();
    let scope = |login: &str| stage.get(&format!("/api/v1/apps/{app}/users/{}", stage.user(login)))["scope"].clone();
    assert_eq!([ADA, BEN, CHLOE].map(scope), ["GROUP", "USER", "GROUP"]);
    let file = saved(&stage, &ran, "converted.csv");
    assert_eq!(file.lines().count(), 2, "{file}");
    run(&stage, "convert_assignments", &["app=salesforce"]).exits(1).says(&["0 apps are called salesforce"]);
}
