//! A plan is approved by a second person: by a key of theirs, or by a secret that is shared.

use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::stage::{Ran, Stage, at_terminal};

const FILE: &str = "make.plan.json";
const RUNBOOK: &str = r#"
//! Make a group.
const ORGS = #{ okta: "the org" };
step("Make a group");
okta.add_group(#{ profile: #{ name: "Approved" } });
"#;
const SECRET: &str = "5b0c1f8d7a3e4d60b1c2a9f4e8d7c6b5";

/// A stage with a saved plan, made by opal. `approval` is the table of the org's profile.
fn saved(approval: &str) -> Stage {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/make.rhai", RUNBOOK);
    configure(&stage, approval);
    stage.write_secret("approval.secret", SECRET);
    by(&stage, "opal", &["plan", "make", "--out", FILE]).exits(0);
    stage
}

fn configure(stage: &Stage, approval: &str) {
    let profile = format!(
        "[orgs.acme]\nurl = \"{}\"\ntoken = {{ env = \"OKTA_CLIENT_TOKEN\" }}\n[orgs.acme.approval]\n{approval}",
        stage.url()
    );
    stage.write("okta-runbook.toml", &profile);
}

fn by(stage: &Stage, person: &str, words: &[&str]) -> Ran {
    Ran::command(stage.command().env("USER", person).args(words))
}

fn approve(stage: &Stage, person: &str, more: &[&str]) -> Ran {
    by(
        stage,
        person,
        &[&["plan", "--approve", FILE, "--yes"], more].concat(),
    )
}

fn run(stage: &Stage, more: &[&str]) -> Ran {
    by(
        stage,
        "opal",
        &[&["run", "--plan", FILE, "--yes"], more].concat(),
    )
}

#[track_caller]
fn is_refused(stage: &Stage, ran: &Ran, words: &[&str]) {
    ran.exits(2).says(words);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
}

/// Gives a person a key pair: `NAME.pem` is the public half.
fn key(stage: &Stage, name: &str) {
    let pair = KeyPair::generate().unwrap();
    stage.write_secret(&format!("{name}.key"), &pair.serialize_pem());
    stage.write(&format!("{name}.pem"), &pair.public_key_pem());
}

#[test]
fn a_run_waits_for_the_key_of_another_person() {
    let verifies =
        "required = true\nticket = true\n[orgs.acme.approval.approvers]\nmaria = \"maria.pem\"\n";
    let signs = |name: &str| format!("private_key = {{ file = \"{name}.key\" }}\nticket = true\n");
    let stage = saved(verifies);
    for name in ["maria", "mallory"] {
        key(&stage, name);
    }
    is_refused(
        &stage,
        &run(&stage, &[]),
        &["not approved for `acme`", "plan --approve FILE"],
    );
    configure(&stage, &signs("mallory"));
    approve(&stage, "mallory", &["--ticket", "CHG1"]).exits(0);
    configure(&stage, verifies);
    is_refused(
        &stage,
        &run(&stage, &[]),
        &["a signature of nobody who may approve"],
    );
    configure(&stage, &signs("maria"));
    is_refused(
        &stage,
        &approve(&stage, "maria", &[]),
        &["wants a ticket", "--ticket ID"],
    );
    is_refused(
        &stage,
        &approve(&stage, "opal", &["--ticket", "CHG2"]),
        &["opal made this plan"],
    );
    let approved = approve(&stage, "maria", &["--ticket", "CHG2"]);
    approved
        .exits(0)
        .says(&["add_group", "is approved by maria"]);
    configure(&stage, verifies);
    let ran = run(&stage, &["--output", "json"]);
    ran.exits(0);
    let told = ran.events_of("approved");
    assert_eq!(
        (&told[0]["by"], &told[0]["ticket"]),
        (&json!("maria"), &json!("CHG2"))
    );
    let id = ran.outcome()["run"].as_str().unwrap().to_owned();
    for format in ["html", "json", "markdown"] {
        let report = by(&stage, "opal", &["runs", "report", &id, "--format", format]);
        report.exits(0).says(&["maria", "CHG2"]);
    }
}

#[test]
fn a_plan_that_was_changed_after_its_approval_is_refused() {
    let stage = saved("required = true\nsecret = { file = \"approval.secret\" }\n");
    approve(&stage, "maria", &[]).exits(0);
    let path = stage.folder().join(FILE);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"Approved\"", "\"Admins\"")).unwrap();
    is_refused(&stage, &run(&stage, &[]), &["maria approved another text"]);
    std::fs::write(&path, &text).unwrap();
    let own = by(&stage, "maria", &["run", "--plan", FILE, "--yes"]);
    is_refused(
        &stage,
        &own,
        &["maria approved it, who made the plan or runs it"],
    );
    let ran = run(&stage, &[]);
    ran.exits(0).says(&["the plan is approved by maria"]);
    assert!(!ran.to_string().contains(SECRET), "{ran}");
}

#[test]
fn an_org_that_wants_approvals_is_changed_in_no_other_way() {
    let stage = saved("required = true\nsecret = { file = \"approval.secret\" }\n");
    let words = [
        "`acme` is changed by approved plans alone",
        "plan --approve FILE",
    ];
    is_refused(
        &stage,
        &by(&stage, "opal", &["run", "make", "--yes"]),
        &words,
    );
    let write = "okta.add_group(#{ profile: #{ name: \"Two\" } })";
    let ran = by(&stage, "opal", &["eval", write, "--yes"]);
    ran.says(&words);
    assert_eq!(stage.calls_that_write(), 0, "{ran}");
    let read = by(&stage, "opal", &["eval", "okta.list_groups(#{}).first()"]);
    read.exits(0);
}

#[test]
fn an_approval_can_be_demanded_where_no_profile_does() {
    let stage = saved("secret = { file = \"approval.secret\" }\n");
    let demand = ["--require-approval"];
    is_refused(
        &stage,
        &run(&stage, &demand),
        &["the plan is not approved for `acme`"],
    );
    approve(&stage, "maria", &["--ticket", "CHG7"]).exits(0);
    run(&stage, &demand)
        .exits(0)
        .says(&["approved by maria, ticket CHG7"]);
    let stage = saved("ticket = true\n");
    is_refused(
        &stage,
        &run(&stage, &demand),
        &["`acme` does not say who approves"],
    );
    is_refused(
        &stage,
        &approve(&stage, "maria", &[]),
        &["there is no key here to approve this plan with"],
    );
}

#[test]
fn the_approver_sees_the_plan_and_is_asked() {
    let stage = saved("secret = { file = \"approval.secret\" }\n");
    let mut command = stage.command();
    command
        .env("USER", "maria")
        .args(["plan", "--approve", FILE]);
    Ran::command(&mut command)
        .exits(2)
        .says(&["nobody is there to approve"]);
    let mut terminal = at_terminal(&command);
    terminal.exp_string("add_group").unwrap();
    terminal.exp_string("opal made this plan at").unwrap();
    terminal.send_line("n").unwrap();
    terminal.exp_eof().unwrap();
    let saved: Value =
        serde_json::from_str(&std::fs::read_to_string(stage.folder().join(FILE)).unwrap()).unwrap();
    assert_eq!(saved["approvals"], json!([]));
    let shown = by(&stage, "maria", &["plan", "--show", FILE]);
    shown.exits(0).says(&["add_group", "Approved"]);
    assert_eq!(stage.calls_that_write(), 0);
}

#[test]
fn what_is_wrong_with_an_approval_is_told_at_its_place() {
    let stage = saved("");
    let wrong = |approval: &str, words: &[&str]| {
        configure(&stage, approval);
        is_refused(&stage, &run(&stage, &[]), words);
    };
    wrong(
        "required = true\n",
        &["okta-runbook.toml:4", "tells an approval from another text"],
    );
    wrong(
        "secret = \"0123456789\"\n",
        &["a secret does not belong in this file"],
    );
    wrong(
        "approver = 3\n",
        &["unknown key `approver`", "did you mean `approvers`?"],
    );
    wrong("approvers = { maria = 3 }\n", &["a string is needed here"]);
    stage.write("none.pem", "nothing");
    wrong(
        "required = true\napprovers = { maria = \"none.pem\" }\n",
        &["the plan is not approved"],
    );
    configure(&stage, "secret = { file = \"short\" }\n");
    stage.write_secret("short", "0123456789");
    is_refused(
        &stage,
        &approve(&stage, "maria", &[]),
        &["shorter than 32 bytes", "openssl rand"],
    );
}

#[test]
fn a_run_begun_without_an_approval_is_not_taken_up_when_one_is_wanted() {
    let stage = saved("");
    let waits = "//! Wait.\nconst ORGS = #{ okta: \"the org\" };\nstep(\"Wait\");\nmanual(\"Look\", #{ name: \"look\", how: \"there\" });\nokta.add_group(#{ profile: #{ name: \"Late\" } });\n";
    stage.write("runbooks/wait.rhai", waits);
    let ran = by(
        &stage,
        "opal",
        &["run", "wait", "--yes", "--output", "json"],
    );
    ran.exits(4);
    let id = ran.outcome()["run"].as_str().unwrap().to_owned();
    let resume = ["resume", &id, "--yes", "--attest", "look"];
    configure(
        &stage,
        "required = true\nsecret = { file = \"approval.secret\" }\n",
    );
    let refused = by(&stage, "opal", &resume);
    is_refused(&stage, &refused, &["is changed by approved plans alone"]);
    configure(&stage, "");
    by(&stage, "opal", &resume).exits(0);
}
