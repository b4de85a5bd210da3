//! Parameters of type `secret`: they reach the org, and nothing else.

use std::process::Command;

use serde_json::{Value, json};

use crate::stage::{Ran, Stage, at_terminal, okta_runbook};

const SECRET: &str = "tangerine \"42\" dream";

const SCRIPT: &str = r#"//! Put a secret into the org.
const ORGS = #{ okta: "the org" };
const PARAMS = #{ answer: #{ type: "secret", help: "answer to the security question" }, more: #{ type: "secret", required: false } };

step("Write");

note(`the answer is ${params.answer}, as text ${"" + params.answer}, in a map ${#{ a: params.answer }}`);
remark(`kept: ${params.answer}`);
table([#{ name: "x", secret: params.answer }]);
check(params.more == (), "nothing more is given");
okta.add_group(#{ profile: #{ name: "Holder", description: params.answer } });
manual("somebody looked", #{ name: "look", how: `with ${params.answer}` });

step("Look");

let found = okta.list_groups(#{ search: `profile.name eq ${quoted("Holder")}` }).first();
check(found.profile.name == "Holder", `there is ${found.profile.name}`);
"#;

fn stage() -> Stage {
    let stage = Stage::contractors(&json!({}));
    stage.write("runbooks/keep.rhai", SCRIPT);
    stage.write("answer", &format!("{SECRET}\n"));
    stage
}

fn command(stage: &Stage, arguments: &[&str]) -> Command {
    let mut command = stage.command();
    command.env("THE_ANSWER", SECRET).args(arguments);
    command
}

fn run(stage: &Stage, more: &[&str]) -> Ran {
    let all = ["run", "keep", "--yes"].iter().chain(more);
    Ran::command(&mut command(stage, &all.copied().collect::<Vec<_>>()))
}

fn description(stage: &Stage) -> Value {
    let org = stage.state();
    let mut groups = org["groups"].as_object().unwrap().values();
    let holder = groups.find(|group| group["profile"]["name"] == "Holder");
    holder.unwrap()["profile"]["description"].clone()
}

/// Whether the secret, as it is or in JSON, is in any file of the folder but the one that it was given in.
fn assert_nowhere(stage: &Stage, ran: &Ran) {
    let forms = [SECRET.to_owned(), SECRET.replace('"', "\\\"")];
    for form in &forms {
        assert!(!ran.said().contains(form), "{ran}");
    }
    let mut folders = vec![stage.folder().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "answer" {
                files += 1;
                let bytes = std::fs::read(&path).unwrap();
                for form in &forms {
                    let found = bytes.windows(form.len()).any(|part| part == form.as_bytes());
                    assert!(!found, "{} holds the secret", path.display());
                }
            }
        }
    }
    assert!(files > 2, "the journal was not looked at");
}

#[test]
fn a_secret_reaches_the_org_and_nothing_else() {
    for given in ["answer=env:THE_ANSWER", "answer=file:answer"] {
        let stage = stage();
        let ran = run(&stage, &["--attest", "all", "--verbose", "--param", given]);
        ran.exits(0).says(&["the answer is •••"]);
        assert_eq!(description(&stage), json!(SECRET));
        assert_nowhere(&stage, &ran);
        for form in ["html", "json", "junit", "markdown"] {
            let mut report = okta_runbook(stage.folder());
            let reported = Ran::command(report.args(["runs", "report", "2", "--format", form]));
            reported.exits(0);
            assert_nowhere(&stage, &reported);
        }
        let shown = Ran::command(okta_runbook(stage.folder()).args(["runs", "show", "2"]));
        shown.exits(0);
        assert_nowhere(&stage, &shown);
    }
}

/// A plan is made to be handed on: what it says of the org's end holds no secret, neither one that is made nor one that was there.
#[test]
fn a_plan_holds_no_secret_that_it_writes() {
    let stage = stage();
    stage.write("runbooks/several.rhai", r#"//! Put a secret into a group, an app and a person.
const ORGS = #{ okta: "the org" };
const PARAMS = #{ answer: #{ type: "secret", help: "an answer" }, last: #{ type: "string", help: "a last name" } };
step("Write");
okta.add_group(#{ profile: #{ name: "Holder", description: params.answer } });
okta.create_application(#{ name: "bookmark", label: "B", signOnMode: "BOOKMARK", settings: #{ app: #{ url: "https://b.example" }, notes: #{ admin: params.answer } } });
let ada = okta.get_user("ada.novak@corp.example");
okta.update_user(ada.id, #{ profile: #{ nickName: params.answer, lastName: params.last } });
"#);
    let given = ["several", "--param", "answer=file:answer", "--param"];
    let plans: [&[&str]; 3] = [
        &["--force", "--out", "plan.json"],
        &["--output", "json", "--force", "--out", "other.json"],
        &["--output", "html", "--force", "--out", "plan.html"],
    ];
    let looked_at = |last: &str| {
        for plan in plans {
            let planned = [&["plan"], given.as_slice(), &[last], plan].concat();
            let planned = Ran::command(&mut command(&stage, &planned));
            planned.exits(0);
            assert_nowhere(&stage, &planned);
        }
        let plan: Value = serde_json::from_slice(&std::fs::read(stage.folder().join("plan.json")).unwrap()).unwrap();
        assert!(plan.to_string().contains("(redacted)") && plan.to_string().contains("nickName"), "{plan}");
    };
    looked_at("last=Novak-Moe");
    let done = [&["run"], given.as_slice(), &["last=Novak-Moe", "--yes"]].concat();
    Ran::command(&mut command(&stage, &done)).exits(0);
    // Now it is what was there before.
    stage.write(
        "runbooks/several.rhai",
        r#"//! Take a secret from a person.
const ORGS = #{ okta: "the org" };
const PARAMS = #{ answer: #{ type: "secret", help: "an answer" }, last: #{ type: "string", help: "a last name" } };
step("Write");
check(params.answer != "", "it is given");
let ada = okta.get_user("ada.novak@corp.example");
okta.update_user(ada.id, #{ profile: #{ nickName: params.last } });
"#,
    );
    looked_at("last=Moe");
}

/// An undo has no parameters: what it reads where the run wrote a secret is the secret.
#[test]
fn an_undo_writes_the_secrets_of_its_run_nowhere() {
    let stage = stage();
    let script = "//! Put a secret into a person.\nconst ORGS = #{ okta: \"the org\" };\n\
                  const PARAMS = #{ answer: #{ type: \"secret\", help: \"an answer\" } };\nstep(\"Write\");\n\
                  okta.update_user(\"ada.novak@corp.example\", #{ profile: #{ nickName: params.answer } });\n";
    stage.write("runbooks/person.rhai", script);
    let given = ["run", "person", "--yes", "--param", "answer=env:THE_ANSWER"];
    let ran = Ran::command(&mut command(&stage, &given));
    ran.exits(0);
    let nickname = || stage.get("/api/v1/users/ada.novak@corp.example")["profile"]["nickName"].clone();
    assert_eq!(nickname(), SECRET);
    assert_nowhere(&stage, &ran);
    let undone = Ran::command(stage.command().args(["undo", "2", "--yes", "--verbose"]));
    undone.exits(0);
    assert_eq!(nickname(), Value::Null);
    assert_nowhere(&stage, &undone);
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let stage = stage();
    let ran = run(&stage, &["--attest", "all", "--param", &format!("answer={SECRET}")]);
    ran.exits(2).says(&["others can read it", "answer=env:NAME"]);
    assert!(!ran.said().contains(SECRET), "{ran}");
    let ran = run(&stage, &["--attest", "all"]);
    ran.exits(2).says(&["`answer` is missing: answer to the security question"]);
    let mut short = command(&stage, &["run", "keep", "--yes", "--param", "answer=env:SHORT"]);
    let ran = Ran::command(short.env("SHORT", "abc"));
    ran.exits(2).says(&["fewer than 4 characters"]);
}

#[test]
fn a_person_is_asked_for_it_without_echo() {
    let stage = stage();
    let mut pty = at_terminal(&command(&stage, &["run", "keep", "--yes", "--attest", "all"]));
    pty.exp_string("answer (answer to the security question): ").unwrap();
    pty.send_line(SECRET).unwrap();
    let rest = pty.exp_eof().unwrap();
    assert!(rest.contains("Succeeded after"), "{rest}");
    assert!(!rest.contains("tangerine"), "{rest}");
    assert_eq!(description(&stage), json!(SECRET));
}

#[test]
fn a_resumed_run_asks_for_it_again() {
    let stage = stage();
    let ran = run(&stage, &["--param", "answer=env:THE_ANSWER"]);
    ran.exits(4);
    assert_nowhere(&stage, &ran);
    let resumed = |more: &[&str]| {
        let all = ["resume", "2", "--yes", "--attest", "all"].iter().chain(more);
        Ran::command(&mut command(&stage, &all.copied().collect::<Vec<_>>()))
    };
    resumed(&[]).exits(2).says(&["`answer` is missing"]);
    stage.forget_calls();
    let ended = resumed(&["--param", "answer=env:THE_ANSWER"]);
    ended.exits(0);
    assert_eq!(stage.calls_that_write(), 0, "{ended}");
    assert_nowhere(&stage, &ended);
}

#[test]
fn a_resumed_run_asks_for_a_secret_that_may_be_left_out_when_it_was_given() {
    let script = r#"//! Wait with a secret.
const ORGS = #{ okta: "the org" };
const PARAMS = #{ answer: #{ type: "secret", help: "an answer", required: false } };

step("Wait");

manual("somebody looked", #{ name: "look", how: "look" });
if params.answer != () { okta.add_group(#{ profile: #{ name: "Holder", description: params.answer } }); }
"#;
    for given in [true, false] {
        let stage = stage();
        stage.write("runbooks/keep.rhai", script);
        let parameter = ["--param", "answer=env:THE_ANSWER"];
        run(&stage, if given { &parameter } else { &[] }).exits(4);
        let resume = ["resume", "2", "--yes", "--attest", "all"];
        let resumed = Ran::command(&mut command(&stage, &resume));
        if !given {
            resumed.exits(0);
            continue;
        }
        resumed.exits(2).says(&["`answer` is missing"]);
        let all = [&resume[..], &parameter].concat();
        Ran::command(&mut command(&stage, &all)).exits(0);
        assert_eq!(description(&stage), json!(SECRET));
    }
}
