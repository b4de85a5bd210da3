//! A snapshot of an org is a scenario that nothing can tell from the org's shape, and making one changes nothing.

mod made_up;
mod round_trip;
mod shape;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::pair::Org::{Hub, Spoke};
use crate::pair::Pair;
use crate::stage::{ADA, FROM, Ran, Stage, TO, okta_runbook};

const GROWN: &str = include_str!("../orgs/grown.json");

/// An org that was not made for tests alone: people, groups, rules and apps of all kinds, with names that are nowhere else.
fn grown() -> Stage {
    Stage::of(&serde_json::from_str(GROWN).unwrap())
}

fn snapshot(stage: &Stage, arguments: &[&str]) -> Ran {
    Ran::command(stage.command().arg("snapshot").args(arguments))
}

fn text(stage: &Stage, file: &str) -> String {
    std::fs::read_to_string(stage.folder().join(file)).unwrap()
}

fn scenario(stage: &Stage, file: &str) -> Value {
    serde_json::from_str(&text(stage, file)).unwrap()
}

/// A command as a snapshot tells it, run by a shell that finds the binary, with no org configured.
fn told_command(folder: &Path, ran: &Ran) -> Ran {
    let commands: Vec<&str> = ran.stdout.lines().skip_while(|line| !line.contains("rehearse")).skip(1).collect();
    let binary = assert_cmd::cargo::cargo_bin("okta-runbook");
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let empty = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if file.path().extension().is_some_and(|it| it == "json") {
            std::fs::copy(file.path(), empty.path().join(file.file_name())).unwrap();
        }
    }
    let script = format!("{} --output json", commands.join("\n"));
    let plain = okta_runbook(empty.path());
    let mut shell = Command::new("sh");
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    Ran::command(shell.args(["-euc", &script]).current_dir(empty.path()).env("PATH", path))
}

fn plan(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}\n{ran}"))
}

#[test]
fn an_org_is_only_read() {
    let stage = Stage::contractors(&json!({}));
    stage.forget_calls();
    snapshot(&stage, &["-o", "all.json"]).exits(0).says(&["wrote all.json: 1 org, 4 users", "3 accounts"]);
    snapshot(
        &stage,
        &[
            "-o",
            "move.json",
            "--runbook",
            "ad/move_user_to_ou",
            "-p",
            &format!("users={ADA}"),
            "-p",
            "directory=corp.example",
            "-p",
            "from_group=AD User-Contractor",
            "-p",
            &format!("from_ou={FROM}"),
            "-p",
            "to_group=AD Users",
            "-p",
            &format!("to_ou={TO}"),
        ],
    )
    .exits(0);
    assert_eq!(stage.calls_that_write(), 0);
    assert!(!stage.folder().join(".okta-runbook").exists());
}

#[test]
fn a_procedure_decides_what_is_saved() {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/look.rhai", "//! Look.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ who: #{ type: \"string\" } };\nokta.get_user(params.who);\n");
    let ran = snapshot(&stage, &["-o", "look.json", "--runbook", "look", "-p", &format!("who={ADA}")]);
    ran.exits(0)
        .says(&["1 org, 2 users, 0 groups", &format!("okta-runbook plan look --simulator=look.json -p who={ADA}")]);
    let saved = scenario(&stage, "look.json");
    // The other is who looked.
    let users = saved["orgs"][0]["users"].as_array().unwrap().iter();
    let logins: BTreeSet<&str> = users.filter_map(|user| user["login"].as_str()).collect();
    let admin = saved["orgs"][0]["admin"]["login"].as_str().unwrap();
    assert_eq!(logins, BTreeSet::from([ADA, admin]));
}

#[test]
fn simulated_orgs_can_be_saved_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = okta_runbook(folder.path());
    let ran = Ran::command(command.args(["snapshot", "-o", "pair.json", "--simulator=org2org"]));
    ran.exits(0).says(&["wrote pair.json: 2 orgs"]);
}

#[test]
fn what_the_rehearsal_did_is_not_in_it() {
    let stage = Stage::contractors(&json!({}));
    let runbook = format!(
        "//! Change.\nconst ORGS = #{{ okta: \"the org\" }};\nlet user = okta.get_user(\"{ADA}\");\nokta.add_group(#{{ profile: #{{ name: \"Made\" }} }});\n\
        okta.update_user(user, #{{ profile: #{{ nickName: \"Changed\" }} }});\nokta.deactivate_user(user);\n"
    );
    stage.write("runbooks/change.rhai", &runbook);
    snapshot(&stage, &["-o", "change.json", "--runbook", "change"]).exits(0);
    let saved = text(&stage, "change.json");
    assert!(!saved.contains("Made") && !saved.contains("Changed") && !saved.contains("DEPROVISIONED"), "{saved}");
}

#[test]
fn a_procedure_that_stops_is_told() {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/stop.rhai", &format!("//! Stop.\nconst ORGS = #{{ okta: \"the org\" }};\nokta.get_user(\"{ADA}\");\ncheck(false, \"it goes on\", \"never\");\n"));
    let ran = snapshot(&stage, &["-o", "stop.json", "--runbook", "stop"]);
    ran.exits(0).says(&["the procedure stopped", "it goes on"]);
    assert!(text(&stage, "stop.json").contains(ADA));
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let stage = Stage::contractors(&json!({}));
    stage.write("there.json", "mine");
    stage.forget_calls();
    snapshot(&stage, &["-o", "there.json"]).exits(2).says(&["there.json is there already", "--force"]);
    snapshot(&stage, &["-o", "no/where.json"]).exits(2).says(&["there is no folder no"]);
    assert_eq!(stage.calls(|_| true), 0);
    assert_eq!(text(&stage, "there.json"), "mine");
    snapshot(&stage, &["-o", "there.json", "--force"]).exits(0);
    assert!(text(&stage, "there.json").contains(ADA));
}

#[test]
fn a_wrong_command_line_is_told() {
    let stage = Stage::contractors(&json!({}));
    for (arguments, words) in [
        (&["acmee", "-o", "a.json"][..], &["no org profile is called `acmee`"][..]),
        (&["-o", "a.json", "--simulator=nowhere.json"], &["cannot read the scenario nowhere.json"]),
        (&["-o", "a.json", "-p", "a=b"], &["--runbook"]),
        (&["-o", "a.json", "--org", "a", "--org", "b"], &["each needs a name", "--org NAME=PROFILE"]),
        (&["acme", "-o", "a.json", "--org", "a"], &["cannot be used with"]),
        (&["-o", "a.json", "--runbook", "nowhere"], &["nowhere"]),
    ] {
        let ran = snapshot(&stage, arguments);
        ran.exits(2).says(words);
    }
    assert!(!stage.folder().join("a.json").exists());
}

#[test]
fn what_cannot_be_represented_is_told() {
    let stage = grown();
    let ran = snapshot(&stage, &["-o", "grown.json"]);
    ran.exits(0).says(&[
        "AD instances (1): \"Update OU when the group",
        "API integrations with orgs that are not in the snapshot (1)",
        "apps of kinds that the simulator does not model (1): zanforth_thistleby_1",
        "rules with expressions that the simulator does not know (1)",
        "attributes that are called like a secret (1): left out",
    ]);
}

#[test]
fn secrets_are_not_saved() {
    let stage = grown();
    for more in [&[][..], &["--pseudonyms"]] {
        let ran = snapshot(&stage, &[&["-o", "grown.json", "--force"], more].concat());
        ran.exits(0);
        let said = format!("{ran}{}", text(&stage, "grown.json"));
        assert!(
            !said.contains("unreadable") && !said.contains(stage.token()) && !said.contains(stage.password()),
            "{said}"
        );
    }
}

#[test]
fn who_may_not_see_all_saves_the_rest() {
    let stage = Stage::of(&json!({
        "directories": [{"domain": "corp.example", "organizationalUnits": ["User-Contractor"]}],
        "orgs": [{"name": "okta", "admin": {"login": "rea.der@corp.example", "firstName": "Rea", "lastName": "Der", "roles": ["HELP_DESK_ADMIN"]},
            "apps": [{"activeDirectory": "corp.example"}]}],
        "contractors": 2}));
    let ran = snapshot(&stage, &["-o", "part.json"]);
    ran.exits(0).says(&["3 users", "0 apps", "refused by the org, hence left out", "/api/v1/apps (1)"]);
}

#[test]
fn somebody_stands_for_a_service_app() {
    let stage = Stage::with_client(&json!({"label": "reader", "roles": ["SUPER_ADMIN"]}));
    let mut command = stage.by_key(stage.command());
    let ran = Ran::command(command.args(["snapshot", "-o", "app.json"]));
    ran.exits(0).says(&["read by a service app", "okta"]);
    let saved = scenario(&stage, "app.json");
    assert_eq!(saved["orgs"][0]["admin"]["roles"], json!(["SUPER_ADMIN"]));
}

/// The hub's token is that of the examples, the real one is another.
#[test]
fn a_token_is_exchanged_for_the_example_of_its_parameter() {
    let pair = Pair::with(|scenario| {
        scenario["orgs"][1]["admin"]["token"] = json!("00a-real-token-nobody-shall-see-0000000000");
    });
    let before = [Spoke, Hub].map(|org| pair.get(org, "/simulator/requests")["writes"].clone());
    let words = [
        "snapshot",
        "-o",
        "pair.json",
        "--org",
        "spoke=spoke",
        "--org",
        "hub=hub",
        "--runbook",
        "org2org/setup",
        "-p",
        "hub_token=env:HUB_TOKEN",
        "-p",
        crate::pair::USERS,
        "-p",
        "groups=Hub Research",
    ];
    let ran = pair.ran(&words);
    ran.exits(0);
    let saved = text(&pair.0, "pair.json");
    assert!(!saved.contains("nobody-shall-see") && !ran.said().contains("nobody-shall-see"), "{ran}");
    let mut real = words.to_vec();
    real.retain(|word| *word != "--runbook");
    real.splice(..3, ["plan"]);
    let real = plan(&pair.ran(&[&real[..], &["--output", "json"]].concat()));
    let rehearsed = plan(told_command(pair.0.folder(), &ran).exits(0));
    assert_eq!(shape::deeds(&rehearsed), shape::deeds(&real));
    let after = [Spoke, Hub].map(|org| pair.get(org, "/simulator/requests")["writes"].clone());
    assert_eq!(before, after);
}
