//! `orgs`: diagnosis of what stands in the way, and profiles from their making to their end.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::stage::{ADA, Ran, Stage, at_terminal, okta_runbook};

fn app(more: &Value) -> Value {
    let mut app = json!({"label": "Runbooks", "roles": ["SUPER_ADMIN"]});
    for (key, value) in more.as_object().unwrap() {
        app[key] = value.clone();
    }
    app
}

fn testing(command: &mut Command) -> Ran {
    Ran::command(command.args(["orgs", "test", "--output", "json"]))
}

/// State and text of each row about `subject`.
fn rows(ran: &Ran, subject: &str) -> Vec<(String, String)> {
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran}"));
    let rows = shown["checks"].as_array().unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter()
        .filter(|row| row["subject"] == subject)
        .map(|row| {
            (
                text(row, "state"),
                format!("{} / {}", text(row, "found"), text(row, "advice")),
            )
        })
        .collect()
}

#[track_caller]
fn assert_wrong(ran: &Ran, subject: &str, words: &[&str]) {
    ran.exits(1);
    let rows = rows(ran, subject);
    let wrong = rows.iter().find(|(state, _)| state == "WRONG");
    let (_, told) = wrong.unwrap_or_else(|| panic!("{subject} is not wrong\n{ran}"));
    for word in words {
        assert!(told.contains(word), "{word:?} is not in {told:?}");
    }
}

#[test]
fn a_healthy_org_shows_who_calls_it_and_what_he_may() {
    let stage = Stage::with_client(&app(&json!({})));
    let by_token = testing(&mut stage.command());
    by_token.exits(0).says(&[
        "Identity Engine",
        "sam.admin@corp.example",
        "SUPER_ADMIN",
        "rate limit",
        "OPERATIONAL",
        "corp.example at ldap://",
    ]);
    let by_key = testing(&mut stage.by_key(stage.command()));
    by_key
        .exits(0)
        .says(&["service app 0oa", "okta.users.manage", "SUPER_ADMIN"]);
    // For people it is a table.
    let mut table = stage.command();
    Ran::command(table.args(["orgs", "test"]))
        .exits(0)
        .says(&["| organization", "| what to do"]);
}

#[test]
fn a_wrong_url_says_nothing_of_the_token() {
    let stage = Stage::with_client(&app(&json!({})));
    let mut command = stage.command();
    command.env("OKTA_CLIENT_ORGURL", "http://127.0.0.1:9");
    let ran = testing(&mut command);
    assert_wrong(&ran, "organization", &["refused", "check the port"]);
    assert!(rows(&ran, "sign-in").is_empty(), "{ran}");
}

#[test]
fn a_dead_token_is_told_from_a_missing_role() {
    let stage = Stage::with_client(&app(&json!({"roles": []})));
    let mut dead = stage.command();
    dead.env("OKTA_CLIENT_TOKEN", "00dead");
    assert_wrong(
        &testing(&mut dead),
        "sign-in",
        &["E0000011", "create another"],
    );
    let no_role = testing(&mut stage.by_key(stage.command()));
    assert_wrong(
        &no_role,
        "roles",
        &["no admin role", "assign an admin role"],
    );
}

#[test]
fn a_missing_scope_is_named() {
    let scopes = ["okta.users.read", "okta.apps.manage", "okta.roles.read"];
    let stage = Stage::with_client(&app(&json!({"scopes": scopes})));
    let mut command = stage.by_key(stage.command());
    let ran = Ran::command(command.args([
        "orgs",
        "test",
        "--output",
        "json",
        "--runbook",
        "ad/move_user_to_ou",
    ]));
    assert_wrong(
        &ran,
        "scopes",
        &["missing:", "okta.groups.manage", "Okta API Scopes"],
    );
}

#[test]
fn a_key_that_the_app_no_longer_has_is_told() {
    let (stage, other) = (
        Stage::with_client(&app(&json!({}))),
        Stage::with_client(&app(&json!({}))),
    );
    let mut command = stage.by_key(stage.command());
    command.env("OKTA_CLIENT_PRIVATEKEY", other.service_app().1);
    assert_wrong(
        &testing(&mut command),
        "sign-in",
        &["invalid_client", "does not belong"],
    );
}

#[test]
fn a_clock_ten_minutes_off_is_told_with_its_side() {
    for (advance, side) in [(600_000, "behind"), (-600_000, "ahead of")] {
        let stage = Stage::with_client(&app(&json!({})));
        stage.done("POST", "/simulator/clock", &json!({"advanceMs": advance}));
        let ran = testing(&mut stage.by_key(stage.command()));
        assert_wrong(&ran, "clock", &[side, "NTP"]);
        assert_wrong(&ran, "sign-in", &[side, "invalid_client"]);
    }
}

#[test]
fn a_profile_is_added_listed_used_and_removed() {
    let stage = Stage::with_client(&app(&json!({})));
    let orgs = |arguments: &[&str]| {
        let mut command = stage.command();
        command
            .env_remove("OKTA_CLIENT_ORGURL")
            .env_remove("OKTA_CLIENT_TOKEN")
            .arg("orgs")
            .args(arguments);
        command
    };
    let mut adding = orgs(&["add", "acme", "--url", stage.url(), "--store", "file"]);
    let mut child = adding
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", stage.token()).unwrap();
    drop(input);
    let added = Ran::of(child.wait_with_output().unwrap());
    added.exits(0).says(&["added acme to okta-runbook.toml"]);
    let secret = stage
        .folder()
        .join(".local/share/okta-runbook/secrets/acme");
    assert_mode_0600(&secret);
    let text = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    assert!(!text.contains(stage.token()), "{text}");
    Ran::command(&mut orgs(&["list"]))
        .exits(0)
        .says(&["acme", "API token", "okta-runbook.toml"]);
    Ran::command(&mut orgs(&["test", "acme"])).exits(0);
    Ran::command(&mut orgs(&[
        "add",
        "acme",
        "--url",
        stage.url(),
        "--env",
        "T",
    ]))
    .exits(2)
    .says(&["already"]);
    Ran::command(&mut orgs(&["remove", "acme"])).exits(0);
    assert!(!secret.exists());
    let text = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    assert!(
        text.contains("[directories.") && !text.contains("acme"),
        "{text}"
    );
}

#[cfg(unix)]
fn assert_mode_0600(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn a_person_signs_in_by_code_and_every_run_replaces_the_refresh_token() {
    let stage =
        Stage::with_client(&json!({"label": "People", "type": "native", "clientId": "0oaNative"}));
    stage.options(&json!({"oauth": {"deviceIntervalSeconds": 1}}));
    let profile = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    let org = format!(
        "{profile}\n[orgs.acme]\nurl = \"{}\"\nclient_id = \"0oaNative\"\nrefresh_token = {{ file = \"refresh\" }}\n",
        stage.url()
    );
    stage.write("okta-runbook.toml", &org);
    let command = || {
        let mut command = stage.command();
        command
            .env_remove("OKTA_CLIENT_ORGURL")
            .env_remove("OKTA_CLIENT_TOKEN");
        command
    };
    Ran::command(command().args(["orgs", "test", "acme"]))
        .exits(2)
        .says(&["orgs login acme"]);
    let mut login = command();
    let mut child = login
        .args(["orgs", "login", "acme"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let code = lines.find_map(|line| line.unwrap().strip_prefix("enter ").map(str::to_owned));
    let agreed = json!({"userCode": code, "login": "sam.admin@corp.example"});
    stage.done("POST", "/simulator/device", &agreed);
    assert!(lines.any(|line| line.unwrap() == "signed in to acme"));
    assert!(child.wait().unwrap().success());
    let refresh = || std::fs::read_to_string(stage.folder().join("refresh")).unwrap();
    let first = refresh();
    Ran::command(command().args(["orgs", "test", "acme"]))
        .exits(0)
        .says(&["sam.admin@corp.example", "SUPER_ADMIN"]);
    assert_ne!(refresh(), first);
    // The token that replaced it is good too.
    Ran::command(command().args(["orgs", "test", "acme"])).exits(0);
    assert_mode_0600(&stage.folder().join("refresh"));
}

#[test]
fn a_production_org_is_not_changed_before_its_name_is_given() {
    let stage = Stage::contractors(&json!({}));
    let profile = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    let org = format!(
        "{profile}\n[orgs.acme]\nurl = \"{}\"\nproduction = true\ntoken_command = \"printenv ACME\"\n",
        stage.url()
    );
    stage.write("okta-runbook.toml", &org);
    let moving = |more: &[&str]| {
        let mut command = stage.moving(&["--yes", "--attest", "all", "--org", "acme"]);
        command
            .env_remove("OKTA_CLIENT_ORGURL")
            .env_remove("OKTA_CLIENT_TOKEN")
            .env("ACME", stage.token())
            .args(more);
        command
    };
    stage.forget_calls();
    Ran::command(&mut moving(&[]))
        .exits(2)
        .says(&["production org", "--production acme"]);
    assert_eq!(stage.calls_that_write(), 0);
    // A person reads text.
    let in_person = |more: &[&str]| {
        let told = moving(more);
        let mut command = stage.command();
        command
            .env_remove("OKTA_CLIENT_ORGURL")
            .env_remove("OKTA_CLIENT_TOKEN")
            .env("ACME", stage.token());
        let arguments = told
            .get_args()
            .filter(|word| *word != "--output" && *word != "json");
        command.args(arguments);
        at_terminal(&command)
    };
    let mut mistyped = in_person(&[]);
    mistyped.exp_string("type its name: ").unwrap();
    mistyped.send_line("acmee").unwrap();
    mistyped.exp_eof().unwrap();
    assert_eq!(stage.calls_that_write(), 0);
    let mut typed = in_person(&[]);
    typed.exp_string("type its name: ").unwrap();
    typed.send_line("acme").unwrap();
    let rest = typed.exp_eof().unwrap();
    assert!(rest.contains("Succeeded after"), "{rest}");
    let ran = Ran::command(&mut moving(&["--production", "acme"]));
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    assert_eq!(
        ran.events_of("performed"),
        Vec::<serde_json::Value>::new(),
        "{ran}"
    );
}

#[test]
fn two_names_for_one_org_are_refused() {
    let stage = Stage::of(&json!({
        "directories": [{"domain": "corp.example"}],
        "orgs": [{"name": "spoke"}, {"name": "hub"}],
    }));
    let script = "//! Two.\nconst ORGS = #{ spoke: \"one\", hub: \"other\" };\nstep(\"Write\");\nspoke.add_group(#{ profile: #{ name: \"In the spoke\" } });\nhub.add_group(#{ profile: #{ name: \"In the hub\" } });\n";
    stage.write("runbooks/two.rhai", script);
    let ((spoke, spoke_token), (hub, hub_token)) = (stage.org("spoke"), stage.org("hub"));
    // Another address of the spoke, as a custom domain is.
    let alias = spoke.replace("127.0.0.1", "localhost");
    let profile = |name: &str, url: &str, token: &str| {
        format!("[orgs.{name}]\nurl = \"{url}\"\ntoken = {{ env = \"{token}\" }}\n")
    };
    let profiles = [
        profile("spoke", spoke, "SPOKE"),
        profile("hub", hub, "HUB"),
        profile("alias", &alias, "SPOKE"),
    ];
    stage.write("okta-runbook.toml", &profiles.concat());
    let running = |hub_profile: &str| {
        let mut command = okta_runbook(stage.folder());
        command
            .args(["run", "two", "--yes", "--org", "spoke=spoke", "--org"])
            .arg(format!("hub={hub_profile}"))
            .env("SPOKE", spoke_token)
            .env("HUB", hub_token);
        Ran::command(&mut command)
    };
    let ran = running("alias");
    ran.exits(2).says(&["`hub` and `spoke` are the same org"]);
    assert_eq!(stage.calls_that_write(), 0);
    running("hub").exits(0);
}
