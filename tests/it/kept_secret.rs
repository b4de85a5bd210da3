//! What an org answers with in confidence stays so, and what stands in the place of a secret is never sent.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use crate::stage::{Ran, Stage, watched};

const HEADER: &str = "//! Try it.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ token: #{ type: \"secret\", required: false } };\nstep(\"a\");\n";

fn stage(script: &str) -> Stage {
    let stage = Stage::contractors(&json!({}));
    stage.write("s.rhai", &format!("{HEADER}{script}"));
    stage
}

fn run(stage: &Stage, more: &[&str]) -> Ran {
    Ran::command(stage.command().args(["run", "s.rhai", "--yes"]).args(more))
}

fn last_run(stage: &Stage) -> String {
    let listed = Ran::command(stage.command().args(["runs", "--output", "json"]));
    let runs: Value = serde_json::from_str(&listed.stdout).unwrap();
    runs[0]["run"].as_str().unwrap().to_owned()
}

/// Whether a text is in any file below the stage's folder but scripts and profiles, or in what was said.
#[track_caller]
fn assert_nowhere(stage: &Stage, ran: &[&Ran], secret: &str) {
    for one in ran {
        assert!(!one.said().contains(secret), "{one}");
    }
    assert_not_below(stage.folder(), secret);
}

#[track_caller]
fn assert_not_below(folder: &Path, secret: &str) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|it| it != "rhai" && it != "toml") {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "{} holds {secret}", path.display());
            }
        }
    }
}

const CREATED: &str = "let u = okta.create_user(#{ activate: false, profile: #{ firstName: \"A\", lastName: \"B\", email: \"a1@corp.example\", login: \"a1@corp.example\" } });\n";

/// Starts a run, interrupts it when it tells "now", and returns what was said.
fn interrupted_at_now(stage: &Stage) -> Ran {
    let mut command = stage.command();
    command.args(["run", "s.rhai", "--yes", "--output", "json"]);
    // A process that kills itself leaves what a power cut would: the script waits after the note.
    let mut child_command = Command::new("sh");
    child_command.args(["-c", "echo $$ > pid; exec \"$@\"", "sh"]);
    child_command.arg(command.get_program()).args(command.get_args());
    child_command.current_dir(stage.folder());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => child_command.env(name, value),
            None => child_command.env_remove(name),
        };
    }
    let pid = stage.folder().join("pid");
    watched(&mut child_command, move |event| {
        if event["event"] == "note" && event["words"] == "now" {
            let pid = std::fs::read_to_string(&pid).unwrap();
            Command::new("kill").args(["-9", pid.trim()]).status().unwrap();
        }
    })
}

const PAUSE: &str = "note(\"now\");\ntry { wait_until(#{ timeout: 30, every: 1 }, || false); } catch (e) { }\n";
const SHORT_PAUSE: &str = "try { wait_until(#{ timeout: 1, every: 1 }, || false); } catch (e) { }\n";

#[test]
#[cfg(unix)]
fn a_one_time_token_that_the_record_lacks_is_not_replaced_by_its_mark() {
    let script = format!(
        "{CREATED}let made = okta.activate_user(u.id, #{{ sendEmail: false }});\n{PAUSE}okta.update_user(u.id, #{{ profile: #{{ nickName: made.activationToken }} }});\n"
    );
    let stage = stage(&script);
    interrupted_at_now(&stage);
    let edited = script.replace(PAUSE, &format!("note(\"now\");\n{SHORT_PAUSE}"));
    stage.write("s.rhai", &format!("{HEADER}{edited}"));
    let resumed = Ran::command(stage.command().args(["resume", &last_run(&stage), "--yes", "--accept-edits"]));
    resumed.exits(1).says(&["activationToken", "is not known", "undo this run"]);
    let user = stage.get("/api/v1/users/a1@corp.example");
    assert_eq!(user["profile"]["nickName"], Value::Null, "{resumed}");
}

#[test]
#[cfg(unix)]
fn a_secret_that_can_be_read_again_is_read_again() {
    let script = format!(
        "let seen = okta.list_groups(#{{ q: \"Holder\" }}).first();\nokta.add_group(#{{ profile: #{{ name: \"G\" }} }});\n{PAUSE}\
         okta.replace_group(seen.id, #{{ profile: #{{ name: \"Holder 2\", description: seen.profile.description }} }});\n"
    );
    let stage = stage(&script);
    let secret = format!("00{}", "aB3-_x9Q".repeat(5));
    let body = json!({"profile": {"name": "Holder", "description": secret}});
    let group = stage.done("POST", "/api/v1/groups", &body);
    let first = interrupted_at_now(&stage);
    let edited = script.replace(PAUSE, &format!("note(\"now\");\n{SHORT_PAUSE}"));
    stage.write("s.rhai", &format!("{HEADER}{edited}"));
    let run = last_run(&stage);
    let mut resume = stage.command();
    let resumed = Ran::command(resume.args(["resume", &run, "--yes", "--accept-edits"]));
    resumed.exits(0);
    let path = format!("/api/v1/groups/{}", group["id"].as_str().unwrap());
    let after = stage.get(&path);
    assert_eq!(after["profile"]["name"], "Holder 2");
    assert_eq!(after["profile"]["description"], secret);
    // What an undo sets lacks the secret too, which is as it was.
    let undone = Ran::command(stage.command().args(["undo", &run, "--yes"]));
    undone.exits(0);
    let before = stage.get(&path);
    assert_eq!(before["profile"]["name"], "Holder");
    assert_eq!(before["profile"]["description"], secret);
    assert_nowhere(&stage, &[&first, &resumed, &undone], &secret);
}

#[test]
fn a_mark_is_not_sent_however_it_comes_into_a_call() {
    let attempts = [
        "okta.add_group(#{ profile: #{ name: \"G\", description: \"(redacted)\" } });",
        "okta.post(\"/api/v1/groups\", #{ profile: #{ name: \"G\", description: `x ${params.token}` } });",
        "let p = \"/api/v1/groups\"; post(okta, p, #{ profile: #{ name: \"G\", \"(redacted)\": 1 } });",
        "each([1], |n| okta.add_group(#{ profile: #{ name: \"G\", description: \"•••\" } }));",
        "okta.list_groups(#{ q: `${params.token}` }).all(); okta.add_group(#{ profile: #{ name: \"G\" } });",
        "okta.get_user(\"(redacted)\"); okta.add_group(#{ profile: #{ name: \"G\" } });",
    ];
    for attempt in attempts {
        let stage = stage(attempt);
        stage.forget_calls();
        let mut command = stage.command();
        command.env("TOKEN", "a-token-of-14").args(["run", "s.rhai", "--yes", "--param", "token=env:TOKEN"]);
        let ran = Ran::command(&mut command);
        assert_eq!(ran.code, Some(1), "{attempt}\n{ran}");
        ran.says(&["stands in the place of a secret", "was not sent"]);
        assert_eq!(stage.calls_that_write(), 0, "{attempt}");
    }
    let stage = stage("");
    for line in [
        "okta.post(\"/api/v1/groups\", #{ profile: #{ name: \"(redacted)\" } })",
        "okta.add_group(#{ profile: #{ name: \"•••\" } })",
    ] {
        let ran = Ran::command(stage.command().args(["eval", line, "--yes"]));
        ran.exits(1).says(&["`profile.name`", "was not sent"]);
    }
    assert_eq!(stage.calls_that_write(), 0);
}

#[test]
fn a_secret_parameter_reaches_a_call_by_path() {
    let stage = stage("okta.post(\"/api/v1/groups\", #{ profile: #{ name: \"G\", description: params.token } });");
    let mut command = stage.command();
    command.env("TOKEN", "a-token-of-14").args(["run", "s.rhai", "--yes", "--param", "token=env:TOKEN"]);
    let ran = Ran::command(&mut command);
    ran.exits(0);
    let group = stage.get("/api/v1/groups?q=G");
    assert_eq!(group[0]["profile"]["description"], "a-token-of-14");
    assert_nowhere(&stage, &[&ran], "a-token-of-14");
}

#[test]
fn one_time_links_are_shown_nowhere_and_can_be_passed_on() {
    let script = format!(
        "{CREATED}let made = okta.activate_user(u.id, #{{ sendEmail: false }});\nnote(made); note(`go to ${{made.activationUrl}}`); print(made.activationToken);\n\
         table([\"x\"], [[made]]); check(made.activationToken != (), \"there is one\"); remark(`${{made}}`);\n\
         okta.update_user(u.id, #{{ profile: #{{ nickName: made.activationToken }} }});\n\
         let again = okta.get_user(u.id); note(`again ${{again.profile.nickName}}`);\n"
    );
    let stage = stage(&script);
    let ran = run(&stage, &["-v"]);
    ran.exits(0).says(&["•••"]);
    let token = stage.get("/api/v1/users/a1@corp.example")["profile"]["nickName"].as_str().unwrap().to_owned();
    assert!(token.len() > 7, "{token}");
    let id = last_run(&stage);
    let mut told = vec![ran];
    for form in ["html", "json", "junit", "markdown"] {
        let file = format!("report.{form}");
        told.push(Ran::command(stage.command().args(["runs", "report", &id, "--format", form, "--out", &file])));
    }
    told.push(Ran::command(stage.command().args(["runs", "show", &id, "-v"])));
    assert_nowhere(&stage, &told.iter().collect::<Vec<_>>(), &token);
}

/// Runs a script that is given `word` and repeats it wherever it can; `command` is the binary with its environment.
#[track_caller]
pub(crate) fn assert_given_word_is_nowhere(stage: &Stage, environment: &Command, word: &str, more: &[&str]) {
    stage.write(
        "echo.rhai",
        "//! Say it.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ word: #{ type: \"string\" } };\nstep(\"a\");\n\
         let w = params.word;\nnote(w); print(`it is ${w}`); table([\"x\"], [[w]]); remark(w);\n\
         try { okta.get_group(w); } catch (e) { note(e.message); }\n\
         let g = okta.list_groups().first(); note(`${g} ${w}`);\nthrow `stopped at ${w}`;\n",
    );
    let again = |arguments: &[&str]| {
        let mut command = Command::new(environment.get_program());
        command.current_dir(environment.get_current_dir().unwrap());
        for (name, value) in environment.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Ran::command(command.args(arguments))
    };
    let param = format!("word={word}");
    let run = ["run", "echo.rhai", "--yes", "-v", "--param", &param];
    let ran = again(&[&run, more].concat());
    ran.exits(1).says(&["stopped at (redacted)"]);
    let planned = again(&[&["plan", "echo.rhai", "--param", &param], more].concat());
    let id = last_run(stage);
    let shown = again(&["runs", "show", &id, "-v"]);
    let report = again(&["runs", "report", &id, "--format", "json"]);
    for one in [&ran, &planned, &shown, &report] {
        assert!(!one.said().contains(word), "{one}");
    }
    // Beside it stands what the secret was read from.
    assert_not_below(&stage.folder().join(".okta-runbook"), word);
}

#[test]
fn the_password_of_a_proxy_is_shown_nowhere() {
    let stage = Stage::contractors(&json!({}));
    for (name, address) in
        [("HTTPS_PROXY", "http://jo:pr0xy%2FPass-77@127.0.0.1:9"), ("all_proxy", "jo:pr0xy%2FPass-77@127.0.0.1:9")]
    {
        let mut command = stage.command();
        command.env(name, address);
        // jo:pr0xy/Pass-77
        for word in ["pr0xy/Pass-77", "pr0xy%2FPass-77", "am86cHIweHkvUGFzcy03Nw=="] {
            assert_given_word_is_nowhere(&stage, &command, word, &[]);
        }
    }
    let mut command = stage.command();
    command.envs([
        ("OKTA_CLIENT_PROXY_HOST", "127.0.0.1"),
        ("OKTA_CLIENT_PROXY_PORT", "9"),
        ("OKTA_CLIENT_PROXY_USERNAME", "jo"),
        ("OKTA_CLIENT_PROXY_PASSWORD", "pr0xy/Pass-77"),
    ]);
    assert_given_word_is_nowhere(&stage, &command, "pr0xy/Pass-77", &[]);
}

#[test]
fn the_private_key_of_a_service_app_is_shown_nowhere() {
    let client = json!({"label": "Runbooks", "roles": ["SUPER_ADMIN"]});
    let stage = Stage::with_client(&client);
    let command = stage.by_key(stage.command());
    let key = stage.service_app().1.to_owned();
    let lines: Vec<&str> = key.lines().filter(|line| !line.contains("---")).collect();
    let whole = lines.concat();
    for word in [lines[0], lines[1], &whole] {
        assert_given_word_is_nowhere(&stage, &command, word, &[]);
    }
}

/// A password that Okta draws is shown once, to who passes it on.
#[test]
fn a_temporary_password_is_shown_nowhere_and_can_be_passed_on() {
    let made = "okta.activate_user(u.id, #{ sendEmail: false }); let made = okta.expire_password_with_temp_password(u.id);\n\
                let by_path = okta.post(`/api/v1/users/${u.id}/lifecycle/expire_password_with_temp_password`);\n";
    let script = format!(
        "{CREATED}{made}note(made); note(`it is ${{made.tempPassword}}`); print(by_path.tempPassword); table([\"x\"], [[made]]);\n\
         okta.update_user(u.id, #{{ profile: #{{ nickName: made.tempPassword, title: by_path.tempPassword }} }});\n\
         let again = okta.get_user(u.id); note(`again ${{again.profile.nickName}} ${{again.profile.title}}`);\n"
    );
    let stage = stage(&script);
    let ran = run(&stage, &["-v"]);
    ran.exits(0).says(&["•••"]);
    let id = last_run(&stage);
    let told = [
        Ran::command(stage.command().args(["runs", "report", &id, "--format", "json"])),
        Ran::command(stage.command().args(["runs", "show", &id, "-v"])),
        ran,
    ];
    let profile = stage.get("/api/v1/users/a1@corp.example")["profile"].clone();
    for field in ["nickName", "title"] {
        let password = profile[field].as_str().unwrap();
        assert_eq!(password.len(), 8, "{profile}");
        assert_nowhere(&stage, &told.iter().collect::<Vec<_>>(), password);
    }
}

#[test]
fn literals_that_may_be_secrets_are_not_recorded_and_a_resume_goes_on() {
    let script = "let b = #{ password: `LITbacktick` };\nlet plain = \"LITplain\"; let c = #{ token:\n  plain };\nlet h = #{ \"Authorization\": \"SSWS LITauth\" };\n\
                  let k = `-----BEGIN PRIVATE KEY-----\nLITpem\n-----END PRIVATE KEY-----`;\nokta.add_group(#{ profile: #{ name: \"First\" } });\n\
                  manual(\"look\", #{ name: \"look\", how: \"look\" });\nokta.add_group(#{ profile: #{ name: \"G\" } });\n";
    let stage = stage(script);
    let ran = run(&stage, &[]);
    for literal in ["LITbacktick", "LITplain", "LITauth", "LITpem"] {
        assert_nowhere(&stage, &[&ran], literal);
    }
    let resumed = Ran::command(stage.command().args(["resume", &last_run(&stage), "--yes", "--attest", "look"]));
    resumed.exits(0);
    assert!(stage.get("/api/v1/groups?q=G").as_array().unwrap().iter().any(|group| group["profile"]["name"] == "G"));
}

/// An org that repeats the caller's credentials, and answers with what it should not show.
fn echo(headers: &HeaderMap, path: &str) -> Response {
    let sent = headers["authorization"].to_str().unwrap().to_owned();
    let escaped = sent.chars().fold(String::new(), |mut text, c| {
        write!(text, "\\u{:04x}", u32::from(c)).unwrap();
        text
    });
    let (status, body) = match path {
        "/api/v1/groups/bad" => {
            (400, json!({"errorCode": "E0000001", "errorSummary": format!("bad header {sent}")}).to_string())
        }
        "/api/v1/groups/html" => (400, format!("<p>{sent}</p>")),
        _ => (
            200,
            format!(
                "{{\"id\": \"00g1\", \"echo\": \"{sent}\", \"escaped\": \"{escaped}\", \"profile\": {{\"name\": \"\\u009b31m\\u202eA\"}}}}"
            ),
        ),
    };
    let answer =
        Response::builder().status(status).header("content-type", "application/json").header("x-okta-request-id", "r1");
    answer.body(Body::from(body)).unwrap()
}

#[test]
fn what_an_org_repeats_of_the_callers_credentials_is_nowhere() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(|State(()): State<()>, request: Request| async move {
        let (parts, body) = request.into_parts();
        to_bytes(body, 10_000).await.unwrap();
        echo(&parts.headers, parts.uri.path())
    });
    runtime.spawn(async move { axum::serve(listener, app.with_state(())).await });
    let stage = Arc::new(stage(
        "let g = okta.get_group(\"00g1\"); note(g); table([g]);\nfor id in [\"bad\", \"html\"] { try { okta.get_group(id); } catch (e) { note(e.message); note(e); } }\nokta.get_group(\"bad\");\n",
    ));
    let token = format!("00{}", "aB3-_x9Q".repeat(5));
    let mut ran = Vec::new();
    for arguments in [
        &["run", "s.rhai", "--yes", "-v"][..],
        &["eval", "okta.get_group(\"00g1\")"],
        &["eval", "okta.get_group(\"bad\")"],
    ] {
        let mut command = stage.command();
        command.env("OKTA_CLIENT_ORGURL", &url).env("OKTA_CLIENT_TOKEN", &token).args(arguments);
        ran.push(Ran::command(&mut command));
    }
    ran[0].exits(1).says(&["bad header SSWS (redacted)"]);
    assert_nowhere(&stage, &ran.iter().collect::<Vec<_>>(), &token);
    for one in &ran {
        assert!(!one.said().contains(['\u{9b}', '\u{202e}']), "{one:?}", one = one.said());
    }
    ran[1].exits(0).says(&["\\u009b31m\\u202eA"]);
}
