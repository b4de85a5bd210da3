//! `orgs`: diagnosis of what stands in the way, and profiles from their making to their end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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

const TEST_FOR_MOVE: &[&str] = &["orgs", "test", "--output", "json", "--runbook", "ad/move_user_to_ou"];

/// By key, for the move of users.
fn testing_for_move(stage: &Stage) -> Ran {
    let mut command = stage.by_key(stage.command());
    let arguments = ["orgs", "test", "--output", "json", "--runbook", "ad/move_user_to_ou"];
    Ran::command(command.args(arguments))
}

/// State and text of each row about `subject`.
fn rows(ran: &Ran, subject: &str) -> Vec<(String, String)> {
    let shown: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran}"));
    let rows = shown["checks"].as_array().unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter()
        .filter(|row| row["subject"] == subject)
        .map(|row| (text(row, "state"), format!("{} / {}", text(row, "found"), text(row, "advice"))))
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
    by_key.exits(0).says(&["service app 0oa", "okta.users.manage", "SUPER_ADMIN"]);
    // For people it is a table.
    let mut table = stage.command();
    let table = Ran::command(table.args(["orgs", "test"]));
    table.exits(0).says(&["| organization", "| what to do"]);
    // Scopes are a long list, which wraps where there is no terminal too.
    let mut table = stage.by_key(stage.command());
    let table = Ran::command(table.args(["orgs", "test"]));
    let widest = table.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(120), "{table}");
    table.exits(0).says(&["okta.users.manage"]);
}

#[test]
fn a_wrong_url_says_nothing_of_the_token() {
    let stage = Stage::with_client(&app(&json!({})));
    let mut command = stage.command();
    command.env("OKTA_CLIENT_ORGURL", "http://127.0.0.1:9");
    let ran = testing(&mut command);
    assert_wrong(&ran, "organization", &["refused", "check the port"]);
    assert!(rows(&ran, "sign-in").is_empty(), "{ran}");
    let no_such_org = json!({"errorCode": "E0000007", "errorSummary": "Not found: Resource not found: null (Org)"});
    for (status, form, body, words) in [
        (200, "text/html", "<html>".to_owned(), "the address of the org itself"),
        (404, "text/html", "<html>".to_owned(), "check the org's URL"),
        (404, "application/json", no_such_org.to_string(), "there is no org of this name"),
        (200, "application/json", "{}".to_owned(), "the address of the org itself"),
    ] {
        let mut command = stage.command();
        command.env("OKTA_CLIENT_ORGURL", answers(status, form, body));
        let ran = testing(&mut command);
        assert_wrong(&ran, "organization", &[words]);
        assert!(!ran.said().contains("carried out"), "{ran}");
        assert!(rows(&ran, "sign-in").is_empty(), "{ran}");
    }
}

/// The URL of a server that answers so, and only once.
fn answers(status: u16, form: &str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {form}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 2048];
        let read = stream.read(&mut bytes).unwrap();
        assert!(!String::from_utf8_lossy(&bytes[..read]).contains("SSWS"));
        stream.write_all([head, body].concat().as_bytes()).unwrap();
    });
    url
}

#[test]
fn a_dead_token_is_told_from_a_missing_role() {
    let stage = Stage::with_client(&app(&json!({"roles": []})));
    let mut dead = stage.command();
    dead.env("OKTA_CLIENT_TOKEN", "00dead");
    assert_wrong(&testing(&mut dead), "sign-in", &["E0000011", "create another"]);
    let no_role = testing(&mut stage.by_key(stage.command()));
    assert_wrong(&no_role, "roles", &["no admin role", "assign an admin role"]);
}

#[test]
fn a_missing_scope_is_named() {
    let scopes = ["okta.users.read", "okta.apps.manage", "okta.roles.read"];
    let stage = Stage::with_client(&app(&json!({"scopes": scopes})));
    let ran = testing_for_move(&stage);
    assert_wrong(&ran, "scopes", &["missing:", "okta.groups.manage", "Okta API Scopes"]);
}

#[test]
fn a_key_that_the_app_no_longer_has_is_told() {
    let (stage, other) = (Stage::with_client(&app(&json!({}))), Stage::with_client(&app(&json!({}))));
    let mut command = stage.by_key(stage.command());
    command.env("OKTA_CLIENT_PRIVATEKEY", other.service_app().1);
    assert_wrong(&testing(&mut command), "sign-in", &["invalid_client", "does not belong"]);
}

#[test]
fn a_key_that_was_deactivated_in_the_app_is_told() {
    let stage = Stage::with_client(&app(&json!({})));
    let client = stage.service_app().0;
    let whole = stage.get(&format!("/api/v1/apps/{client}"));
    assert_eq!((&whole["name"], &whole["label"]), (&json!("oidc_client"), &json!("Runbooks")));
    assert_eq!(whole["credentials"]["oauthClient"]["client_id"], client);
    let jwks = format!("/api/v1/apps/{client}/credentials/jwks");
    let id = stage.get(&jwks)[0]["id"].as_str().unwrap().to_owned();
    let life = |step: &str| {
        stage.done("POST", &format!("{jwks}/{id}/lifecycle/{step}"), &Value::Null);
        testing(&mut stage.by_key(stage.command()))
    };
    assert_wrong(&life("deactivate"), "sign-in", &["invalid_client", "no active public key of that id", "Public Keys"]);
    life("activate").exits(0);
    stage.done("POST", &format!("/api/v1/apps/{client}/lifecycle/deactivate"), &Value::Null);
    let ran = testing(&mut stage.by_key(stage.command()));
    assert_wrong(&ran, "sign-in", &["invalid_client", "the app is inactive"]);
}

#[test]
fn a_clock_ten_minutes_off_is_told_with_its_side() {
    for (advance, side) in [(600_000, "behind"), (-600_000, "ahead of")] {
        let stage = Stage::with_client(&app(&json!({})));
        stage.done("POST", "/simulator/clock", &json!({"advanceMs": advance}));
        let ran = testing(&mut stage.by_key(stage.command()));
        assert_wrong(&ran, "clock", &[side, "NTP"]);
        assert_wrong(&ran, "sign-in", &[side, "invalid_client"]);
        // An API token works all the same, and the clock is wrong.
        let ran = testing(&mut stage.command());
        assert_wrong(&ran, "clock", &[side, "works all the same"]);
        assert_eq!(rows(&ran, "sign-in")[0].0, "ok", "{ran}");
    }
}

#[test]
fn a_role_that_is_too_small_is_told_when_the_runbook_is_named() {
    let stage = Stage::with_client(&app(&json!({"roles": ["USER_ADMIN"]})));
    let ran = testing(&mut stage.by_key(stage.command()));
    let told = &rows(&ran, "roles")[0].1;
    assert!(told.contains("--runbook NAME"), "{told}");
    let ran = testing_for_move(&stage);
    assert_wrong(&ran, "rights", &["may not read apps, agentPools", "assign a role"]);
    let reader = Stage::of(&json!({
        "directories": [{"domain": "corp.example"}],
        "orgs": [{
            "name": "okta",
            "admin": {"login": "rea.der@corp.example", "firstName": "Rea", "lastName": "Der", "roles": ["READ_ONLY_ADMIN"]},
            "apps": [{"activeDirectory": "corp.example"}],
        }],
    }));
    let ran = testing(&mut reader.command());
    let told = &rows(ran.exits(0), "roles")[0];
    assert!(told.0 == "ok" && told.1.contains("--runbook NAME"), "{told:?}");
    let mut command = reader.command();
    let ran = Ran::command(command.args(TEST_FOR_MOVE));
    assert_wrong(&ran, "rights", &["may not change apps, groups"]);
    let whole = Stage::with_client(&app(&json!({})));
    testing_for_move(&whole).exits(0).says(&["nothing that the runbook needs is refused"]);
}

#[test]
fn agents_that_are_down_are_doubtful_and_told() {
    let stage = Stage::of(&json!({
        "directories": [{"domain": "corp.example"}],
        "orgs": [{"name": "okta", "apps": [{"activeDirectory": "corp.example", "agents": [{"name": "DC1"}, {"name": "DC2"}]}]}],
    }));
    for (up, status, state) in [
        (json!([true, true]), "OPERATIONAL", "ok"),
        (json!([true, false]), "DEGRADED", "?"),
        (json!(false), "DISRUPTED", "?"),
    ] {
        stage.instance(&json!({"agents": up}));
        let ran = testing(&mut stage.command());
        let rows = rows(ran.exits(0), "AD agents");
        assert_eq!(rows[0].0, state, "{ran}");
        assert!(rows[0].1.contains(&format!("corp.example: {status}, 2 agents")), "{ran}");
        assert_eq!(rows[0].1.contains("start the agents"), state == "?", "{ran}");
    }
}

#[test]
fn each_trouble_with_a_directory_is_told() {
    let stage = Stage::contractors(&json!({}));
    let whole = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    let url = &stage.directory().url;
    let base = &stage.directory().base;
    let bind_dn = &stage.directory().bind_dn;
    for (from, to, words) in [
        (bind_dn.as_str(), "CN=Nobody,DC=corp,DC=example", ["invalid credentials", "bind DN"]),
        (base, "DC=other,DC=example", ["other,DC=example", "base"]),
        (url, "ldap://127.0.0.1:9", ["connection was refused", "nothing listens there"]),
        (url, &url.replace("ldap://", "ldaps://"), ["TLS failed", "name its PEM file as `ca`"]),
        (url, "ldap://no-such-host.invalid", ["host is unknown", "check the host's spelling"]),
        ("AD_PASSWORD", "NO_SUCH", ["NO_SUCH", "export NO_SUCH"]),
    ] {
        // The last one is that of `base`: the bind DN ends with it too.
        let (before, after) = whole.rsplit_once(from).unwrap();
        stage.write("okta-runbook.toml", &format!("{before}{to}{after}"));
        let ran = testing(&mut stage.command());
        assert_wrong(&ran, "LDAP", &words);
    }
    stage.write("okta-runbook.toml", &whole);
    let wrong = "not-The-Password-9";
    let ran = testing(stage.command().env("AD_PASSWORD", wrong));
    assert_wrong(&ran, "LDAP", &["invalid credentials", "password is wrong"]);
    assert!(!ran.said().contains(wrong), "{ran}");
}

#[test]
fn an_org_that_is_not_named_is_named_by_its_profile() {
    let folder = tempfile::tempdir().unwrap();
    let org = |name: &str| format!("[orgs.{name}]\nurl = \"http://127.0.0.1:9\"\ntoken = {{ env = \"T\" }}\n");
    std::fs::write(folder.path().join("okta-runbook.toml"), [org("a"), org("b")].concat()).unwrap();
    let ran = Ran::command(okta_runbook(folder.path()).args(["orgs", "test"]));
    ran.exits(2).says(&["several orgs are configured in okta-runbook.toml: a, b", "okta-runbook orgs test NAME"]);
    std::fs::write(folder.path().join("okta-runbook.toml"), org("a")).unwrap();
    let mut command = okta_runbook(folder.path());
    command.env("OKTA_CLIENT_ORGURL", "https://set.okta.com").env("T", "00a");
    let ran = Ran::command(command.args(["orgs", "test"]));
    ran.exits(1).says(&["a (http://127.0.0.1:9)", "OKTA_CLIENT_ORGURL is passed over"]);
}

#[test]
fn a_profile_is_added_listed_used_and_removed() {
    let stage = Stage::with_client(&app(&json!({})));
    let orgs = |arguments: &[&str]| {
        let mut command = stage.command();
        command.env_remove("OKTA_CLIENT_ORGURL").env_remove("OKTA_CLIENT_TOKEN").arg("orgs").args(arguments);
        command
    };
    let mut adding = orgs(&["add", "acme", "--url", stage.url(), "--store", "file"]);
    let mut child = adding.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", stage.token()).unwrap();
    drop(input);
    let added = Ran::of(child.wait_with_output().unwrap());
    added.exits(0).says(&["added acme to okta-runbook.toml"]);
    let secret = stage.folder().join(".local/share/okta-runbook/secrets/acme");
    assert_mode_0600(&secret);
    let text = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    assert!(!text.contains(stage.token()), "{text}");
    Ran::command(&mut orgs(&["list"])).exits(0).says(&["acme", "API token", "okta-runbook.toml"]);
    Ran::command(&mut orgs(&["test", "acme"])).exits(0);
    Ran::command(&mut orgs(&["add", "acme", "--url", stage.url(), "--env", "T"])).exits(2).says(&["already"]);
    Ran::command(&mut orgs(&["remove", "acme"])).exits(0);
    assert!(!secret.exists());
    let text = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    assert!(text.contains("[directories.") && !text.contains("acme"), "{text}");
}

#[cfg(unix)]
fn assert_mode_0600(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn a_person_signs_in_by_code_and_every_run_replaces_the_refresh_token() {
    signs_in(&json!({}), "");
}

/// The refresh token is bound to the key that proved it, which is kept with it.
#[test]
fn a_person_signs_in_with_an_app_that_requires_proofs() {
    signs_in(&json!({"dpop": true}), "");
    signs_in(&json!({"dpop": true}), "dpop = true\n");
}

fn signs_in(more: &Value, in_profile: &str) {
    let mut client = json!({"label": "People", "type": "native", "clientId": "0oaNative"});
    client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let stage = Stage::with_client(&client);
    stage.options(&json!({"oauth": {"deviceIntervalSeconds": 1}}));
    let profile = std::fs::read_to_string(stage.folder().join("okta-runbook.toml")).unwrap();
    let org = format!(
        "{profile}\n[orgs.acme]\nurl = \"{}\"\nclient_id = \"0oaNative\"\nrefresh_token = {{ file = \"refresh\" }}\n{in_profile}",
        stage.url()
    );
    stage.write("okta-runbook.toml", &org);
    let command = || {
        let mut command = stage.command();
        command.env_remove("OKTA_CLIENT_ORGURL").env_remove("OKTA_CLIENT_TOKEN");
        command
    };
    Ran::command(command().args(["orgs", "test", "acme"])).exits(2).says(&["orgs login acme"]);
    let mut login = command();
    let mut child = login.args(["orgs", "login", "acme"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let code = lines.find_map(|line| line.unwrap().strip_prefix("enter ").map(str::to_owned));
    let agreed = json!({"userCode": code, "login": "sam.admin@corp.example"});
    stage.done("POST", "/simulator/device", &agreed);
    assert!(lines.any(|line| line.unwrap() == "signed in to acme"));
    assert!(child.wait().unwrap().success());
    let refresh = || std::fs::read_to_string(stage.folder().join("refresh")).unwrap();
    let first = refresh();
    assert_eq!(first.contains("proof_key"), more["dpop"] == true);
    let tested = Ran::command(command().args(["orgs", "test", "acme"]));
    tested.exits(0).says(&["sam.admin@corp.example", "SUPER_ADMIN"]);
    assert_ne!(refresh(), first);
    // The token that replaced it is good too.
    let again = Ran::command(command().args(["orgs", "test", "acme"]));
    again.exits(0);
    assert_mode_0600(&stage.folder().join("refresh"));
    if more["dpop"] == true {
        the_key_of_a_sign_in_is_shown_nowhere(&stage, &command, &refresh());
    }
    for secret in [first.trim(), refresh().trim()] {
        assert!(!tested.said().contains(secret) && !again.said().contains(secret));
    }
}

/// A script is given the private key that proves the sign-in, and its private number.
fn the_key_of_a_sign_in_is_shown_nowhere(stage: &Stage, command: &dyn Fn() -> Command, kept: &str) {
    let kept: Value = serde_json::from_str(kept).unwrap();
    let key = kept["proof_key"].as_str().unwrap();
    let der = URL_SAFE_NO_PAD.decode(key).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
    let number = pair.private_key().as_be_bytes().unwrap();
    let number = URL_SAFE_NO_PAD.encode(number.as_ref());
    for secret in [key, &number] {
        let org = ["--org", "okta=acme"];
        crate::kept_secret::assert_given_word_is_nowhere(stage, &command(), secret, &org);
    }
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
        command.env_remove("OKTA_CLIENT_ORGURL").env_remove("OKTA_CLIENT_TOKEN").env("ACME", stage.token()).args(more);
        command
    };
    stage.forget_calls();
    Ran::command(&mut moving(&[])).exits(2).says(&["production org", "--production acme"]);
    assert_eq!(stage.calls_that_write(), 0);
    // A person reads text.
    let in_person = |more: &[&str]| {
        let told = moving(more);
        let mut command = stage.command();
        command.env_remove("OKTA_CLIENT_ORGURL").env_remove("OKTA_CLIENT_TOKEN").env("ACME", stage.token());
        let arguments = told.get_args().filter(|word| *word != "--output" && *word != "json");
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
    assert_eq!(ran.events_of("performed"), Vec::<serde_json::Value>::new(), "{ran}");
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
    let profiles = [profile("spoke", spoke, "SPOKE"), profile("hub", hub, "HUB"), profile("alias", &alias, "SPOKE")];
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
