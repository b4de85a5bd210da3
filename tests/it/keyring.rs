//! Secrets in the system's keyring: a Secret Service (GNOME's) on a message bus of its own.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::stage::{Ran, Stage, left_out};

/// Runs a shell script with an unlocked keyring that lives as long as the script; nothing where there is no such keyring.
fn with_keyring(stage: &Stage, script: &str) -> Option<Ran> {
    let there =
        ["/usr/bin/gnome-keyring-daemon", "/usr/bin/dbus-run-session"].iter().all(|tool| Path::new(tool).exists());
    if !there {
        left_out("there is no gnome-keyring or no dbus on this machine");
        return None;
    }
    let binary = assert_cmd::cargo::cargo_bin("okta-runbook");
    let folder = binary.parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    stage.write("script.sh", &["mkdir -m 700 -p run\nprintf unlocked | gnome-keyring-daemon --unlock --components=secrets > daemon.log 2>&1\n", script].concat());
    let mut command = Command::new("dbus-run-session");
    command
        .args(["--", "sh", "-eu", "script.sh"])
        .current_dir(stage.folder())
        .env_clear()
        .env("PATH", path)
        .env("HOME", stage.folder())
        .env("XDG_RUNTIME_DIR", stage.folder().join("run"))
        .env("NO_COLOR", "1")
        .env("AD_PASSWORD", stage.password())
        .env("TOKEN", stage.token())
        .env("URL", stage.url());
    Some(Ran::command(&mut command))
}

#[test]
fn a_token_is_kept_in_the_keyring_and_nowhere_else() {
    let stage = Stage::contractors(&json!({}));
    let script = "printf '%s\\n' \"$TOKEN\" | okta-runbook orgs add acme --url \"$URL\" --store keyring
okta-runbook orgs test acme
okta-runbook orgs remove acme
okta-runbook orgs add acme --url \"$URL\" --store keyring < /dev/null || echo none
";
    let Some(ran) = with_keyring(&stage, script) else {
        return;
    };
    ran.exits(0).says(&["added acme", "SUPER_ADMIN", "none"]);
    assert!(!ran.said().contains(stage.token()), "{ran}");
    let profile = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    assert!(!profile.contains(stage.token()));
}

#[test]
fn a_refresh_token_that_was_replaced_is_kept_in_the_keyring() {
    let stage = Stage::with_client(&json!({"label": "People", "type": "native", "clientId": "0oaNative"}));
    stage.options(&json!({"oauth": {"deviceIntervalSeconds": 1}}));
    let org = format!(
        "[orgs.acme]\nurl = \"{}\"\nclient_id = \"0oaNative\"\nrefresh_token = {{ keyring = \"acme\" }}\n",
        stage.url()
    );
    stage.write("okta-runbook.toml", &org);
    // Each use replaces the token: the second test of the org works with what the first one kept.
    let script = "okta-runbook orgs login acme > login.txt &
until grep -q '^enter ' login.txt; do sleep 0.1; done
code=$(sed -n 's/^enter //p' login.txt)
curl -sS --fail -H 'Content-Type: application/json' -d \"{\\\"userCode\\\": \\\"$code\\\", \\\"login\\\": \\\"sam.admin@corp.example\\\"}\" \"$URL/simulator/device\"
wait $!
okta-runbook orgs test acme
okta-runbook orgs test acme
";
    let Some(ran) = with_keyring(&stage, script) else {
        return;
    };
    ran.exits(0).says(&["sam.admin@corp.example"]);
}
