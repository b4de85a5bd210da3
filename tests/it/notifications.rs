//! `[notify]`: people who are not at the terminal are told what becomes of a run, and nothing depends on it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::stage::{Ran, Stage};

/// An address that takes one message after another, answered with `status`.
fn webhook(status: &'static str) -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook/s3cretPath", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let _ = sender.send(serde_json::from_slice(&body).unwrap());
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        }
    });
    (address, receiver)
}

fn stage(notify: &str) -> Stage {
    let stage = Stage::contractors(&json!({}));
    let profile = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    stage.write("okta-runbook.toml", &format!("{profile}\n[notify]\n{notify}\n"));
    stage
}

fn play(stage: &Stage, lines: &str, arguments: &[&str]) -> Ran {
    let header = "//! A trial.\nconst ORGS = #{ okta: \"the org\" };\n";
    stage.write("runbooks/trial.rhai", &format!("{header}step(\"All\");\n{lines}\n"));
    Ran::command(stage.command().args(["run", "trial", "--yes", "--output", "json"]).args(arguments))
}

#[test]
fn a_webhook_is_told_of_words_waits_and_ends() {
    let (address, told) = webhook("200 OK");
    let stage = stage("webhook = { env = \"HOOK\" }");
    let script =
        "notify(`begun with ${okta.get_user(\"me\").id != ()}`);\nmanual(\"Look\", #{ how: \"so\", name: \"look\" });";
    stage.write("runbooks/trial.rhai", &format!("const ORGS = #{{ okta: \"the org\" }};\n{script}\n"));
    let waiting =
        Ran::command(stage.command().env("HOOK", &address).args(["run", "trial", "--yes", "--output", "json"]));
    waiting.exits(4);
    let run = waiting.outcome()["run"].as_str().unwrap().to_owned();
    let messages: Vec<Value> = told.try_iter().collect();
    let texts: Vec<&str> = messages.iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(texts[0], "trial on default: begun with true");
    assert!(texts[1].starts_with("trial on default: waiting, 0 written") && texts[1].contains(&run), "{texts:?}");
    assert_eq!(messages.iter().map(|message| message["event"].clone()).collect::<Vec<_>>(), ["note", "waiting"]);
    let resumed = Ran::command(
        stage.command().env("HOOK", &address).args(["resume", &run, "--attest", "look", "--output", "json"]),
    );
    resumed.exits(0);
    let messages: Vec<Value> = told.try_iter().collect();
    let last = messages.last().expect("a message");
    assert!(last["text"].as_str().unwrap().starts_with("trial on default: succeeded"), "{last}");
    // Without its address nothing is begun, since nobody would be told.
    Ran::command(stage.command().args(["run", "trial", "--yes"])).exits(2).says(&["HOOK"]);
}

#[test]
fn what_is_told_has_no_secrets_and_a_failure_to_tell_changes_nothing() {
    let (address, told) = webhook("500 Oops");
    let stage = stage(&format!("webhook = \"{address}\"\non = [\"failed\", \"note\"]"));
    let token = stage.token().to_owned();
    let ran = play(
        &stage,
        &format!("notify(\"token {token} and 00aTokenOfAnotherOrgThatNobodyKnows0000000\"); note(\"went on\");"),
        &[],
    );
    ran.exits(0).says(&["a message was not delivered: the webhook at 127.0.0.1 answered 500"]);
    assert!(!ran.said().contains("s3cretPath"), "{ran}");
    let messages: Vec<Value> = told.try_iter().collect();
    assert_eq!(messages.len(), 1, "nobody wants to know that it ended: {messages:?}");
    assert!(!messages[0].to_string().contains(&token), "{messages:?}");
    assert!(!messages[0].to_string().contains("00aTokenOfAnotherOrg"), "{messages:?}");
    play(&stage, "check(false, \"nothing is wrong\", \"mend it\", \"something is wrong\");", &[]).exits(1);
    let failed = told.try_iter().next().expect("a message");
    assert_eq!((&failed["event"], &failed["outcome"]), (&json!("failed"), &json!("failed")));
    assert!(failed["text"].as_str().unwrap().contains("check failed: something is wrong"), "{failed}");
}

#[cfg(unix)]
#[test]
fn a_command_is_given_the_text_and_the_message() {
    let stage =
        stage("command = [\"sh\", \"-c\", \"cat > message.json; printf %s \\\"$1\\\" > text.txt\", \"x\", \"{text}\"]");
    play(&stage, "note(\"hello\");", &[]).exits(0);
    let text = std::fs::read_to_string(stage.folder().join("text.txt")).unwrap();
    assert!(text.starts_with("trial on default: succeeded, 0 written (run "), "{text}");
    let message = std::fs::read_to_string(stage.folder().join("message.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&message).unwrap()["text"], text.as_str());
    let stage = self::stage("command = [\"no-such-program\"]");
    play(&stage, "note(\"hello\");", &[])
        .exits(0)
        .says(&["a message was not delivered: `no-such-program` cannot be started"]);
}

#[test]
fn what_is_wrong_in_the_profile_file_is_told() {
    for (notify, words) in [
        ("", "[notify] tells nobody"),
        ("command = [\"x\"]\non = [\"soon\"]", "there is no occasion `soon`"),
        ("webhok = \"x\"", "webhok"),
    ] {
        let stage = stage(notify);
        play(&stage, "note(\"hello\");", &[]).exits(2).says(&[words]);
    }
    let stage = stage("webhook = \"http://hooks.example/s3cretPath\"");
    let ran = play(&stage, "note(\"hello\");", &[]);
    ran.exits(0).says(&["a message was not delivered: the webhook's address is not https"]);
    assert!(!ran.said().contains("s3cretPath"), "{ran}");
}
