//! A plan is approved by a second person: by a key of theirs, or by a secret that is shared.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
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

/// Tokens of the people of these tests. The account that anybody else signs in to is opal's.
const TOKENS: &[(&str, &str)] = &[
    ("opal", "00opalopalopalopalopalopalopalopalopalopal"),
    ("maria", "00mariamariamariamariamariamariamariamaria"),
    ("mallory", "00mallorymallorymallorymallorymallorymal"),
];

/// A stage with a saved plan, made by opal. `approval` is the table of the org's profile.
fn saved(approval: &str) -> Stage {
    let admin = |(name, token): &(&str, &str)| json!({"login": format!("{name}@corp.example"), "firstName": name, "lastName": "Admin", "token": token});
    let stage = Stage::of(&json!({
        "directories": [{"domain": "corp.example", "organizationalUnits": ["User-Contractor", "Users"]}],
        "orgs": [{
            "name": "okta",
            "apps": [{"activeDirectory": "corp.example"}],
            "clients": [{"label": "A service", "roles": ["SUPER_ADMIN"]}],
            "admins": TOKENS.iter().map(admin).collect::<Vec<_>>(),
        }],
        "contractors": 3,
        "options": {"limits": {"enabled": false}},
    }));
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
    Ran::command(as_person(&mut stage.command(), person).args(words))
}

fn as_person<'a>(command: &'a mut Command, person: &str) -> &'a mut Command {
    let own = TOKENS.iter().find(|(name, _)| *name == person);
    let (_, token) = own.unwrap_or(&TOKENS[0]);
    command.env("OKTA_CLIENT_TOKEN", token).env("USER", person)
}

fn approve(stage: &Stage, person: &str, more: &[&str]) -> Ran {
    by(stage, person, &[&["plan", "--approve", FILE, "--yes"], more].concat())
}

fn run(stage: &Stage, more: &[&str]) -> Ran {
    by(stage, "opal", &[&["run", "--plan", FILE, "--yes"], more].concat())
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
    let verifies = "required = true\nticket = true\n[orgs.acme.approval.approvers]\nmaria = \"maria.pem\"\n";
    let signs = |name: &str| format!("private_key = {{ file = \"{name}.key\" }}\nticket = true\n");
    let stage = saved(verifies);
    for name in ["maria", "mallory"] {
        key(&stage, name);
    }
    is_refused(&stage, &run(&stage, &[]), &["not approved for `acme`", "plan --approve FILE"]);
    configure(&stage, &signs("mallory"));
    approve(&stage, "mallory", &["--ticket", "CHG1"]).exits(0);
    configure(&stage, verifies);
    is_refused(&stage, &run(&stage, &[]), &["a signature of nobody who may approve"]);
    configure(&stage, &signs("maria"));
    is_refused(&stage, &approve(&stage, "maria", &[]), &["wants a ticket", "--ticket ID"]);
    is_refused(&stage, &approve(&stage, "opal", &["--ticket", "CHG2"]), &["opal@corp.example, as ", " made this plan"]);
    let approved = approve(&stage, "maria", &["--ticket", "CHG2"]);
    approved.exits(0).says(&["add_group", "is approved by maria@corp.example at okta, as "]);
    configure(&stage, verifies);
    let ran = run(&stage, &["--output", "json"]);
    ran.exits(0);
    let told = ran.events_of("approved");
    assert_eq!((&told[0]["by"], &told[0]["ticket"]), (&json!("maria"), &json!("CHG2")));
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
    is_refused(&stage, &run(&stage, &[]), &["maria@corp.example approved another text"]);
    std::fs::write(&path, &text).unwrap();
    let own = by(&stage, "maria", &["run", "--plan", FILE, "--yes"]);
    is_refused(&stage, &own, &["maria@corp.example approved it, who made the plan or runs it"]);
    let ran = run(&stage, &[]);
    ran.exits(0).says(&["the plan is approved by maria@corp.example"]);
    assert!(!ran.to_string().contains(SECRET), "{ran}");
}

#[test]
fn an_org_that_wants_approvals_is_changed_in_no_other_way() {
    let stage = saved("required = true\nsecret = { file = \"approval.secret\" }\n");
    let words = ["`acme` is changed by approved plans alone", "plan --approve FILE"];
    is_refused(&stage, &by(&stage, "opal", &["run", "make", "--yes"]), &words);
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
    is_refused(&stage, &run(&stage, &demand), &["the plan is not approved for `acme`"]);
    approve(&stage, "maria", &["--ticket", "CHG7"]).exits(0);
    run(&stage, &demand).exits(0).says(&["approved by maria@corp.example, ticket CHG7"]);
    let stage = saved("ticket = true\n");
    is_refused(&stage, &run(&stage, &demand), &["`acme` does not say who approves"]);
    is_refused(&stage, &approve(&stage, "maria", &[]), &["there is no key here to approve this plan with"]);
}

#[test]
fn the_approver_sees_the_plan_and_is_asked() {
    let stage = saved("secret = { file = \"approval.secret\" }\n");
    let mut command = stage.command();
    as_person(&mut command, "maria").args(["plan", "--approve", FILE]);
    Ran::command(&mut command).exits(2).says(&["nobody is there to approve"]);
    let mut terminal = at_terminal(&command);
    terminal.exp_string("add_group").unwrap();
    terminal.exp_string(" made this plan at").unwrap();
    terminal.send_line("n").unwrap();
    terminal.exp_eof().unwrap();
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(stage.folder().join(FILE)).unwrap()).unwrap();
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
    wrong("required = true\n", &["okta-runbook.toml:4", "tells an approval from another text"]);
    wrong("secret = \"0123456789\"\n", &["a secret does not belong in this file"]);
    wrong("approver = 3\n", &["unknown key `approver`", "did you mean `approvers`?"]);
    wrong("approvers = { maria = 3 }\n", &["a string is needed here"]);
    stage.write("none.pem", "nothing");
    wrong("required = true\napprovers = { maria = \"none.pem\" }\n", &["the plan is not approved"]);
    configure(&stage, "secret = { file = \"short\" }\n");
    stage.write_secret("short", "0123456789");
    is_refused(&stage, &approve(&stage, "maria", &[]), &["shorter than 32 bytes", "openssl rand"]);
}

#[test]
fn a_run_begun_without_an_approval_is_not_taken_up_when_one_is_wanted() {
    let stage = saved("");
    let waits = "//! Wait.\nconst ORGS = #{ okta: \"the org\" };\nstep(\"Wait\");\nmanual(\"Look\", #{ name: \"look\", how: \"there\" });\nokta.add_group(#{ profile: #{ name: \"Late\" } });\n";
    stage.write("runbooks/wait.rhai", waits);
    let ran = by(&stage, "opal", &["run", "wait", "--yes", "--output", "json"]);
    ran.exits(4);
    let id = ran.outcome()["run"].as_str().unwrap().to_owned();
    let resume = ["resume", &id, "--yes", "--attest", "look"];
    configure(&stage, "required = true\nsecret = { file = \"approval.secret\" }\n");
    let refused = by(&stage, "opal", &resume);
    is_refused(&stage, &refused, &["is changed by approved plans alone"]);
    configure(&stage, "");
    by(&stage, "opal", &resume).exits(0);
}

const BY_SECRET: &str = "required = true\nsecret = { file = \"approval.secret\" }\n";

fn plan_file(stage: &Stage) -> Value {
    let text = std::fs::read_to_string(stage.folder().join(FILE)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn one_account_cannot_plan_and_approve_whatever_the_machine_calls_it() {
    let stage = saved(BY_SECRET);
    for person in ["opal", "bob", "x"] {
        is_refused(
            &stage,
            &approve(&stage, person, &[]),
            &["opal@corp.example, as ", " made this plan", "the same account or key cannot approve it"],
        );
    }
    assert_eq!(plan_file(&stage)["approvals"], json!([]));
    // A secret that is shared, and nobody who signs in.
    let mut command = stage.command();
    command.env_remove("OKTA_CLIENT_TOKEN").env("USER", "bob").args(["plan", "--approve", FILE, "--yes"]);
    Ran::command(&mut command).exits(2).says(&["nothing tells who approves"]);
    // A service app is no person.
    let (client_id, service_key) = stage.service_app();
    stage.write_secret("service.pem", service_key);
    let by_app = format!("client_id = \"{client_id}\"\nprivate_key = {{ file = \"service.pem\" }}\n");
    stage.write(
        "okta-runbook.toml",
        &format!("[orgs.acme]\nurl = \"{}\"\n{by_app}[orgs.acme.approval]\n{BY_SECRET}", stage.url()),
    );
    approve(&stage, "maria", &[]).exits(2).says(&["a service app, which is no person, signs in to it"]);
    // The same key for both, with another account or without one.
    let own = "private_key = { file = \"opal.key\" }\n";
    key(&stage, "opal");
    configure(&stage, own);
    by(&stage, "opal", &["plan", "make", "--out", FILE, "--force"]).exits(0);
    is_refused(&stage, &approve(&stage, "maria", &[]), &["the same account or key cannot approve it"]);
}

#[test]
fn the_key_is_the_identity_of_who_does_not_sign_in() {
    let verifies = "required = true\n[orgs.acme.approval.approvers]\nmaria = \"maria.pem\"\n";
    let stage = saved(verifies);
    key(&stage, "maria");
    configure(&stage, "private_key = { file = \"maria.key\" }\n");
    let mut command = stage.command();
    command.env_remove("OKTA_CLIENT_TOKEN").args(["plan", "--approve", FILE, "--yes"]);
    Ran::command(&mut command).exits(0).says(&["the key alone tells who approves"]);
    configure(&stage, verifies);
    run(&stage, &[]).exits(0).says(&["approved by maria"]);
}

#[test]
fn a_shared_secret_does_not_count_where_approvers_have_keys() {
    let keys = "[orgs.acme.approval.approvers]\nmaria = \"maria.pem\"\n";
    let stage = saved(BY_SECRET);
    key(&stage, "maria");
    approve(&stage, "maria", &[]).exits(0);
    configure(&stage, &format!("{BY_SECRET}{keys}"));
    is_refused(&stage, &run(&stage, &[]), &["a shared secret, which does not count where approvers have keys"]);
    is_refused(&stage, &approve(&stage, "maria", &[]), &["there is no key here to approve this plan with"]);
}

#[test]
fn an_approval_is_for_as_many_runs_as_it_says() {
    let stage = saved(BY_SECRET);
    for times in [1, 2] {
        by(&stage, "opal", &["plan", "make", "--out", FILE, "--force"]).exits(0);
        approve(&stage, "maria", &["--times", &times.to_string()]).exits(0);
        let mut last = String::new();
        for _ in 0..times {
            let ran = run(&stage, &["--output", "json"]);
            ran.exits(0);
            last = ran.outcome()["run"].as_str().unwrap().to_owned();
            let undo = by(&stage, "opal", &["undo", &last, "--yes", "--output", "json"]);
            undo.exits(0);
            // Nor by undoing the undo.
            let undo = undo.outcome()["run"].as_str().unwrap().to_owned();
            stage.forget_calls();
            is_refused(&stage, &by(&stage, "opal", &["undo", &undo, "--yes"]), &["is changed by approved plans alone"]);
        }
        let used = format!("run {last} used it at 20");
        is_refused(&stage, &run(&stage, &[]), &["not approved for `acme`", &used]);
    }
}

/// What is done to the claims of an approval.
type Change<'a> = &'a dyn Fn(&mut Value);

/// Who knows the secret can sign what they like: the claims are judged all the same.
#[test]
fn what_an_approval_lacks_or_says_wrongly_is_refused() {
    let stage = saved(BY_SECRET);
    approve(&stage, "maria", &[]).exits(0);
    let plan = plan_file(&stage);
    let token = plan["approvals"][0].as_str().unwrap();
    let body = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    let maker = &plan["made_by"]["okta"];
    let forged = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims.clone();
        change(&mut claims);
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let token = jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap();
        let mut plan = plan.clone();
        plan["approvals"] = json!([token]);
        stage.write(FILE, &plan.to_string());
        run(&stage, &[])
    };
    let cases: [(Change, &str); 7] = [
        (&|claims| claims["exp"] = json!(1_000_000_000), "which is over"),
        (&|claims| claims["iat"] = json!(99_999_999_999_i64), "still to come"),
        (&|claims| claims["approver"]["org_id"] = json!("00oOther"), "approved it for"),
        (&|claims| claims["approver"]["account"] = Value::Null, "no account of a person tells who"),
        (&|claims| claims["approver"] = maker.clone(), "who made the plan or runs it"),
        (&|claims| claims["jti"] = json!("../x"), "an older approval"),
        (
            &|claims| {
                claims
                    .as_object_mut()
                    .unwrap()
                    .retain(|name, _| ["iss", "sub", "aud", "iat", "plan"].contains(&name.as_str()));
            },
            "approve the plan again",
        ),
    ];
    for (change, words) in cases {
        is_refused(&stage, &forged(change), &[words]);
    }
    forged(&|_| ()).exits(0);
}
