//! Runs by a service app: signed assertions, tokens that end, proofs of possession, scopes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::stage::{ADA, BEN, FROM, FROM_GROUP, Ran, Stage, TO, TO_GROUP, okta_runbook, watched};

const ALL: &[&str] = &["--yes", "--attest", "all"];

fn app(more: &Value) -> Value {
    let mut app = json!({"label": "Runbooks", "roles": ["SUPER_ADMIN"]});
    for (key, value) in more.as_object().unwrap() {
        app[key] = value.clone();
    }
    app
}

fn moving(stage: &Stage, more: &[&str]) -> Command {
    let all: Vec<&str> = ALL.iter().chain(more).copied().collect();
    stage.by_key(stage.moving(&all))
}

fn count(stage: &Stage, route: &str) -> u64 {
    stage.get("/simulator/requests")["routes"][route].as_u64().unwrap_or_default()
}

const TOKEN: &str = "POST /oauth2/v1/token";

#[test]
fn a_run_signs_in_once_and_moves_a_user() {
    let stage = Stage::with_client(&app(&json!({})));
    stage.forget_calls();
    let ran = Ran::command(&mut moving(&stage, &[]));
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    assert_eq!(count(&stage, TOKEN), 1, "{ran}");
}

#[test]
fn a_run_longer_than_its_tokens_life_goes_on_without_a_failed_write() {
    let stage = Stage::with_client(&app(&json!({})));
    stage.options(&json!({"latencyMs": 60, "oauth": {"tokenLifeSeconds": 1}}));
    stage.write("users.csv", &format!("login\n{ADA}\n{BEN}\n"));
    stage.forget_calls();
    let ran = Ran::command(&mut moving(&stage, &["users=@users.csv"]));
    ran.exits(0);
    for login in [ADA, BEN] {
        stage.assert_moved(login, &ran);
    }
    assert!(count(&stage, TOKEN) >= 2, "{}", count(&stage, TOKEN));
    assert!(!ran.said().contains("invalid_token"), "{ran}");
}

/// At the first sign-in, and at every renewal of a run that is longer than its token's life.
#[test]
fn a_token_endpoint_in_trouble_fails_no_write() {
    let stage = Stage::with_client(&app(&json!({})));
    stage.options(&json!({"latencyMs": 60, "oauth": {"tokenLifeSeconds": 1}}));
    stage.write("users.csv", &format!("login\n{ADA}\n{BEN}\n"));
    let token = |how: Value| {
        let mut fault = json!({"method": "POST", "path": "/oauth2/v1/token"});
        fault.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        stage.fault(&fault);
    };
    token(json!({"action": "status", "status": 503}));
    token(json!({"action": "cut_after", "after": 2}));
    token(json!({"action": "concurrency", "after": 4}));
    let ran = Ran::command(&mut moving(&stage, &["users=@users.csv"]));
    ran.exits(0);
    for login in [ADA, BEN] {
        stage.assert_moved(login, &ran);
    }
}

/// Okta answers 401 without carrying anything out, so the write is sent again with a new token, once.
#[test]
fn a_refused_token_in_the_middle_is_renewed_once() {
    let stage = Stage::with_client(&app(&json!({})));
    let refused = json!({"method": "PUT", "path": "/api/v1/groups/*/users", "action": "status", "status": 401,
        "errorCode": "E0000011"});
    stage.fault(&refused);
    stage.forget_calls();
    let ran = Ran::command(&mut moving(&stage, &[]));
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    assert_eq!(count(&stage, TOKEN), 2, "{ran}");
    let mut always = refused;
    always["times"] = json!(0);
    stage.fault(&always);
    let ran = Ran::command(&mut moving(&stage, &[&format!("users={BEN}")]));
    assert_ne!(ran.code, Some(0), "{ran}");
    stage.assert_safe(BEN, &ran);
}

#[test]
fn an_app_that_requires_proofs_gets_them() {
    let stage = Stage::with_client(&app(&json!({"dpop": true})));
    stage.forget_calls();
    let ran = Ran::command(&mut moving(&stage, &[]));
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    // Refused for want of a proof, then of a nonce, then granted.
    assert_eq!(count(&stage, TOKEN), 3, "{ran}");
    stage.forget_calls();
    let mut configured = moving(&stage, &[&format!("users={BEN}")]);
    Ran::command(configured.env("OKTA_CLIENT_DPOPENABLED", "true")).exits(0);
    assert_eq!(count(&stage, TOKEN), 2);
}

#[test]
fn a_scope_that_is_not_granted_stops_the_run_before_its_first_write() {
    let scopes = ["okta.users.read", "okta.apps.manage", "okta.agentPools.read", "okta.groups.read"];
    let stage = Stage::with_client(&app(&json!({"scopes": scopes})));
    stage.forget_calls();
    let ran = Ran::command(&mut moving(&stage, &[]));
    ran.exits(2).says(&["lacks scopes", "okta.groups.manage", "Okta API Scopes"]);
    assert_eq!(stage.get("/simulator/requests")["writes"], 0);
}

/// Two orgs whose service apps are granted these scopes, with a profile each, and the runbook `two`.
fn two_orgs(spoke: &[&str], hub: &[&str], script: &str) -> Stage {
    let client = |scopes: &[&str]| json!([{"label": "Runbooks", "roles": ["SUPER_ADMIN"], "scopes": scopes}]);
    let stage = Stage::of(&json!({
        "directories": [{"domain": "corp.example"}],
        "orgs": [{"name": "spoke", "clients": client(spoke)}, {"name": "hub", "clients": client(hub)}],
    }));
    stage.write_profiles_by_key(&["spoke", "hub"]);
    let header = "//! Two.\nconst ORGS = #{ spoke: \"one\", hub: \"other\" };\nstep(\"Do\");\n";
    stage.write("runbooks/two.rhai", &format!("{header}{script}\n"));
    stage
}

fn in_two_orgs(stage: &Stage) -> Ran {
    let mut command = okta_runbook(stage.folder());
    Ran::command(command.args(["run", "two", "--yes", "--org", "spoke=spoke", "--org", "hub=hub"]))
}

#[test]
fn each_org_of_two_needs_its_own_scopes_and_no_others() {
    let script = "fn make(org) { org.add_group(#{ profile: #{ name: \"New\" } }); }\nnote(spoke.list_groups().len());\nmake(hub);";
    let (reads, writes) = (["okta.groups.read"], ["okta.groups.manage"]);
    let stage = two_orgs(&reads, &reads, script);
    let ran = in_two_orgs(&stage);
    ran.exits(2).says(&[
        "the access token for `hub` lacks scopes that the runbook needs: okta.groups.manage",
        "nothing was changed",
    ]);
    assert!(!ran.said().contains("`spoke`"), "{ran}");
    assert_eq!(stage.get("/simulator/requests")["writes"], 0);
    let stage = two_orgs(&reads, &writes, script);
    in_two_orgs(&stage).exits(0);
    let mut check = okta_runbook(stage.folder());
    let checked = Ran::command(check.args(["check", "two", "--output", "json"]));
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!(checked[0]["scopes_by_org"], json!({"hub": writes, "spoke": reads}));
    assert_eq!(checked[0]["operations"][0]["on"], json!(["hub"]));
}

#[test]
fn a_scope_that_one_of_two_orgs_needs_must_be_granted_by_one_of_them() {
    let script = "let orgs = [spoke, hub];\nnote(orgs[1].list_groups().len());";
    let (users, groups) = (["okta.users.read"], ["okta.groups.read"]);
    in_two_orgs(&two_orgs(&users, &users, script)).exits(2).says(&[
        "`spoke` lacks scopes",
        "`hub` lacks scopes",
        "okta.groups.read",
    ]);
    in_two_orgs(&two_orgs(&users, &groups, script))
        .exits(0)
        .says(&["`spoke` lacks scopes that the runbook may need there"]);
}

/// What was not asked for need not be granted.
#[test]
fn a_scope_that_the_profile_leaves_out_is_to_be_added_there() {
    let stage = Stage::with_client(&app(&json!({})));
    let mut command = moving(&stage, &[]);
    let ran = Ran::command(command.env("OKTA_CLIENT_SCOPES", "okta.users.read,okta.apps.manage"));
    ran.exits(2).says(&["lacks scopes", "add okta.agentPools.read, okta.groups.manage", "the `scopes` of `default`"]);
    assert!(!ran.said().contains("Okta API Scopes"), "{ran}");
}

/// What `check` says that the move needs.
fn least_scopes() -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let mut check = okta_runbook(folder.path());
    let checked = Ran::command(check.args(["check", "ad/move_user_to_ou", "--output", "json"]));
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    let scopes = checked[0]["scopes"].as_array().unwrap().clone();
    assert!(scopes.len() > 3, "{scopes:?}");
    scopes
}

/// A plan reads by what it may write with, and the run of it writes.
#[test]
fn a_plan_and_its_run_need_no_more_than_the_least_scopes() {
    let stage = Stage::with_client(&app(&json!({"scopes": least_scopes()})));
    let by_key = |words: &[&str]| {
        let mut command = stage.by_key(stage.command());
        Ran::command(command.args(words))
    };
    let parameters = [
        &format!("users={ADA}"),
        "directory=corp.example",
        &format!("from_group={FROM_GROUP}"),
        &format!("from_ou={FROM}"),
        &format!("to_group={TO_GROUP}"),
        &format!("to_ou={TO}"),
    ];
    let parameters = parameters.map(|parameter| ["--param", parameter]).concat();
    let plan = ["plan", "ad/move_user_to_ou", "--out", "move.json"];
    by_key(&[&plan[..], &parameters].concat()).exits(0);
    by_key(&[&plan[..], &parameters].concat()).exits(2).says(&["move.json is there already"]);
    let ran = by_key(&["run", "--plan", "move.json", "--yes", "--attest", "update-ou"]);
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
}

/// What `check` says a runbook needs is what the org asks for: no less does, and no more is needed.
#[test]
fn the_least_scopes_suffice_and_each_of_them_is_needed() {
    let scopes = least_scopes();
    let stage = Stage::with_client(&app(&json!({"scopes": scopes})));
    let ran = Ran::command(&mut moving(&stage, &[]));
    ran.exits(0);
    stage.assert_moved(ADA, &ran);
    assert!(!ran.said().contains("insufficient_scope"), "{ran}");
    let undone = Ran::command(stage.by_key(stage.command()).args(["undo", &newest(&stage), "--yes"]));
    undone.exits(0);
    assert!(!undone.said().contains("insufficient_scope"), "{undone}");
    for missing in &scopes {
        let fewer: Vec<&Value> = scopes.iter().filter(|scope| *scope != missing).collect();
        let stage = Stage::with_client(&app(&json!({"scopes": fewer})));
        stage.forget_calls();
        let ran = Ran::command(&mut moving(&stage, &[]));
        ran.exits(2).says(&[missing.as_str().unwrap()]);
        let signed_in = count(&stage, TOKEN);
        assert_eq!(stage.calls_that_write(), signed_in, "{ran}");
    }
}

/// The path of the write is computed: a check of the text does not see which scope it needs.
#[test]
fn a_scope_that_no_check_could_see_is_named_before_the_write_and_the_plan_says_so() {
    let scopes = ["okta.groups.read", "okta.users.read"];
    let stage = Stage::with_client(&app(&json!({"scopes": scopes})));
    stage.write(
        "runbooks/hidden.rhai",
        "//! Hide.\nconst ORGS = #{ okta: \"the org\" };\nstep(\"Make\");\nlet paths = [\"/api/v1/groups\"];\nokta.post(paths[0], #{ profile: #{ name: \"New\" } });\n",
    );
    let by_key = |words: &[&str]| {
        let mut command = stage.by_key(stage.command());
        Ran::command(command.args(words))
    };
    by_key(&["plan", "hidden"]).says(&["not known from the text: the path of a call at", "hidden.rhai:5"]);
    stage.forget_calls();
    let ran = by_key(&["run", "hidden", "--yes"]);
    ran.exits(1).says(&["add_group of okta was not sent", "lacks okta.groups.manage", "Okta API Scopes"]);
    assert_eq!(stage.calls_that_write(), count(&stage, TOKEN), "{ran}");
}

#[test]
fn each_refusal_of_a_sign_in_tells_what_to_do() {
    let stage = Stage::with_client(&app(&json!({})));
    let other = Stage::with_client(&app(&json!({})));
    let key = other.service_app().1.to_owned();
    let cases: [(&str, &str, &[&str]); 3] = [
        ("OKTA_CLIENT_PRIVATEKEY", &key, &["invalid_client", "private key does not belong"]),
        ("OKTA_CLIENT_CLIENTID", "0oaOther", &["invalid_client", "client id"]),
        ("OKTA_CLIENT_PRIVATEKEY", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", &["public key"]),
    ];
    for (name, value, words) in cases {
        let mut command = moving(&stage, &[]);
        let ran = Ran::command(command.env(name, value));
        ran.says(words);
        assert!(matches!(ran.code, Some(1 | 2)), "{ran}");
        assert!(!ran.said().contains("PRIVATE KEY-----"), "{ran}");
    }
}

/// Id of the run that began last.
fn newest(stage: &Stage) -> String {
    let runs = Ran::command(stage.command().args(["runs", "--output", "json"]));
    let runs: Value = serde_json::from_str(&runs.stdout).unwrap();
    runs[0]["run"].as_str().unwrap().to_owned()
}

fn holds(folder: &std::path::Path, secret: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, secret);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    })
}

/// No logger is installed, by intent: what libraries would trace has nowhere to go, and `RUST_LOG` changes nothing. What can fail here
/// is ordinary output, errors and the journal, and a logger that somebody adds without leaving the tokens out.
#[test]
fn neither_key_nor_tokens_are_told_at_the_highest_level_of_logs() {
    let stage = Stage::with_client(&app(&json!({"dpop": true})));
    let key = stage.service_app().1.to_owned();
    let line = key.lines().nth(3).unwrap();
    let traced = |mut command: Command| watched(command.env("RUST_LOG", "trace"), |_| {});
    let moved = traced(moving(&stage, &["--verbose"]));
    moved.exits(0);
    let mut testing = stage.by_key(stage.command());
    testing.args(["orgs", "test"]);
    let tested = traced(testing);
    // A refused sign-in, a refused call and a cut one tell the most.
    let again = [&format!("users={BEN}"), "--verbose"];
    let token = json!({"method": "POST", "path": "/oauth2/v1/token"});
    let call = json!({"method": "GET", "path": "/api/v1/users"});
    let mut failed = Vec::new();
    for (mut fault, how) in [
        (token.clone(), json!({"action": "status", "status": 401, "times": 0})),
        (call.clone(), json!({"action": "status", "status": 400})),
        (call, json!({"action": "cut_after", "times": 0})),
    ] {
        fault.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        stage.fault(&fault);
        let ran = traced(moving(&stage, &again));
        assert_ne!(ran.code, Some(0), "{ran}");
        failed.push(ran);
        stage.done("DELETE", "/simulator/faults", &Value::Null);
    }
    // Access tokens of the simulator, as Okta's, and every JWT begin so.
    for secret in [line, "eyJ", "PRIVATE KEY"] {
        for ran in failed.iter().chain([&moved, &tested]) {
            assert!(!ran.said().contains(secret), "{secret}\n{ran}");
        }
        assert!(!holds(&stage.folder().join(".okta-runbook"), secret), "{secret}");
    }
}

/// Refuses one CONNECT as `status`; gives its address, and what it was asked.
fn proxy(status: &'static str) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 1024];
        let read = stream.read(&mut bytes).unwrap();
        write!(stream, "HTTP/1.1 {status}\r\n\r\n").unwrap();
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    });
    (address, asked)
}

fn far_org(variables: &[(&str, &str)]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut command = okta_runbook(folder.path());
    command
        .env("OKTA_CLIENT_ORGURL", "https://acme.okta.example")
        .env("OKTA_CLIENT_TOKEN", "00abc")
        .envs(variables.iter().copied())
        .args(["orgs", "test"]);
    Ran::command(&mut command)
}

#[test]
fn the_proxy_of_the_machine_or_of_oktas_settings_is_asked_for_the_org() {
    let (address, asked) = proxy("407 Who are you");
    let by_machine = far_org(&[("HTTPS_PROXY", &format!("http://{address}"))]);
    by_machine.exits(1).says(&[&format!("the proxy {address} on the way to"), "acme.okta.example", "check the proxy"]);
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("CONNECT acme.okta.example:443"), "{asked}");
    let (address, asked) = proxy("502 No");
    let by_settings = far_org(&[
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("OKTA_CLIENT_PROXY_HOST", "127.0.0.1"),
        ("OKTA_CLIENT_PROXY_PORT", &address.port().to_string()),
        ("OKTA_CLIENT_PROXY_USERNAME", "jo"),
        ("OKTA_CLIENT_PROXY_PASSWORD", "hunter2-SECRET"),
        ("OKTA_CLIENT_USERAGENT", "acme-tools/1"),
    ]);
    by_settings.exits(1);
    let asked = asked.join().unwrap().to_lowercase();
    // jo:hunter2-SECRET
    assert!(asked.contains("basic am86ahvudgvymi1trunsrvq="), "{asked}");
    assert!(asked.contains(" acme-tools/1"), "{asked}");
    assert!(!by_settings.said().contains("SECRET"), "{by_settings}");
}

/// The org is not to blame.
#[test]
fn a_proxy_that_is_dead_or_none_is_told_as_such() {
    let dead = far_org(&[("HTTPS_PROXY", "http://jo:SECRET@127.0.0.1:9")]);
    dead.exits(1).says(&["the proxy 127.0.0.1:9", "check the proxy", "HTTPS_PROXY"]);
    assert!(!dead.said().contains("nothing listens at acme"), "{dead}");
    assert!(!dead.said().contains("SECRET"), "{dead}");
    let none = far_org(&[("https_proxy", "http://jo:SECRET@")]);
    none.exits(2).says(&["https_proxy is not the address of a proxy"]);
    assert!(!none.said().contains("SECRET"), "{none}");
}

/// Answers one request over TLS with an org's public metadata; gives the certificate.
fn org_over_tls() -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut bytes = [0; 2048];
            // A client that does not trust the certificate ends here.
            if stream.read(&mut bytes).is_ok_and(|read| read > 0) {
                let body = r#"{"id":"00oabcd1234EFGH5678","pipeline":"idx"}"#;
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    (port, made.cert.pem())
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_named_and_not_otherwise() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (port, certificate) = org_over_tls();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, certificate).unwrap();
    let test = || {
        let mut command = okta_runbook(folder.path());
        command
            .env("OKTA_CLIENT_ORGURL", format!("https://localhost:{port}"))
            .env("OKTA_CLIENT_TOKEN", "00abc")
            .args(["orgs", "test"]);
        command
    };
    Ran::command(&mut test()).exits(1).says(&["TLS failed"]);
    let trusted = Ran::command(test().env("SSL_CERT_FILE", &file));
    trusted.says(&["00oabcd1234EFGH5678", "Identity Engine"]);
}
