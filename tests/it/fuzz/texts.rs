//! Files that people and programs write.

use std::fs;
use std::process::Stdio;

use okta_runbook::config::{ProcessEnvironment, RunbookConfig};
use okta_runbook::script::parameters::{self, InvalidRows, MissingValues, ParameterSources, parse_assignments};
use okta_runbook::script::{RunbookHeader, RunbookLibrary, RunbookShelf, ScriptSource, check};
use okta_runbook::simulator::ScenarioSpec;

use super::survives;
use crate::stage::okta_runbook;

const SCRIPTS: &[&str] = &[
    include_str!("../../../runbooks/ad/move_user_to_ou.rhai"),
    include_str!("../../../runbooks/ad/move_user_to_ou_test.rhai"),
    include_str!("../../../runbooks/lib/ad.rhai"),
    include_str!("../../../runbooks/org2org/setup.rhai"),
    "//! Small.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{ n: #{ type: \"integer\", help: \"n\", default: 1 } };\nstep(\"A\");\nlet f = |x| x + params.n;\nfor i in 0..3 { note(`${f.call(i)}`); }\n",
    "each([1, 2], #{ key: \"k\", concurrency: 2, on_failure: \"undo\" }, |x| okta.post(\"/api/v1/groups\", #{}));",
];

const PROFILES: &[&str] = &[
    "[orgs.acme]\nurl = \"https://acme.okta.com\"\ntoken = { env = \"ACME\" }\nproduction = true\n\n[directories.\"corp.example\"]\nurl = \"ldaps://dc1.corp.example\"\nbind_dn = \"CN=R,DC=corp,DC=example\"\npassword = { env = \"AD\" }\nbase = \"DC=corp,DC=example\"\n",
    "[orgs.app]\nurl = \"https://acme.okta.com\"\nclient_id = \"0oa1\"\nprivate_key = { file = \"key.pem\" }\nscopes = [\"okta.users.read\"]\napproval = { required = true, ticket = true, secret = { env = \"S\" }, approvers = { opal = \"opal.pem\" } }\n",
    "[orgs.person]\nurl = \"https://acme.okta.com\"\nclient_id = \"0oa1\"\nrefresh_token = { keyring = \"acme\" }\ndpop = true\n",
];

const CONVENTION: &[&str] = &[
    "okta:\n  client:\n    orgUrl: \"https://acme.okta.com\"\n    token: \"00x\"\n    connectionTimeout: 30\n    requestTimeout: 0\n    rateLimit:\n      maxRetries: 2\n    proxy:\n      host: proxy.corp.example\n      port: 8080\n",
    "okta:\n  client:\n    orgUrl: https://acme.okta.com\n    authorizationMode: PrivateKey\n    clientId: 0oa1\n    scopes: [okta.users.read, okta.groups.read]\n    privateKey: |\n      -----BEGIN PRIVATE KEY-----\n      AAAA\n      -----END PRIVATE KEY-----\n    kid: k1\n",
    "a: &a [x, x]\nb: &b [*a, *a]\nokta: { client: *b }\n",
];

const TABLES: &[&str] = &[
    "login\nada.novak@corp.example\nben.okafor@corp.example\n",
    "login,department\r\n\"ada@x, y\",\"a \"\"b\"\"\"\r\nben@x,\r\n",
    "login;name\nada;é\n# note\n\nben;\n",
];

const JSON_ROWS: &[&str] =
    &["[{\"login\": \"a@x\", \"Name\": 1}, {\"LOGIN\": \"b@x\", \"name\": null}]", "[\"a@x\", 7, [\"b\"], {}]"];

const SCENARIOS: &[&str] = &[
    include_str!("../../../src/simulator/scenarios/org2org.json"),
    include_str!("../../orgs/tiny.json"),
    include_str!("../../orgs/rule_managed.json"),
];

#[test]
fn scripts_are_checked_whatever_they_are() {
    let library = RunbookLibrary::new("no/such/folder".into(), None);
    survives("check", 25, move |mutation| {
        let text = mutation.text(SCRIPTS);
        let source = ScriptSource::new("fuzzed", RunbookShelf::Path, "fuzzed.rhai", text);
        let _ = RunbookHeader::parse(&source);
        let _ = check::check(source, &library);
    });
}

#[test]
fn profile_files_are_read_whatever_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let environment = ProcessEnvironment { here: folder.path().to_owned(), ..ProcessEnvironment::default() };
    survives("okta-runbook.toml", 300, move |mutation| {
        let file = folder.path().join("okta-runbook.toml");
        fs::write(file, mutation.text(PROFILES)).unwrap();
        if let Ok(config) = RunbookConfig::load(&environment, None) {
            let names = config.org_names().into_iter().map(str::to_owned);
            for name in names.collect::<Vec<_>>() {
                let _ = config.org(&name).map(|org| config.warnings(&org));
            }
        }
    });
}

#[test]
fn settings_of_other_clients_are_read_whatever_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let environment = ProcessEnvironment { here: folder.path().to_owned(), ..ProcessEnvironment::default() };
    survives("okta.yaml", 300, move |mutation| {
        let file = folder.path().join("okta.yaml");
        fs::write(file, mutation.text(CONVENTION)).unwrap();
        let config = RunbookConfig::load(&environment, None);
        let _ = config.and_then(|config| config.default_org("--org NAME"));
    });
}

#[test]
fn lists_and_rows_of_files_are_read_whatever_they_are() {
    const HEADER: &str = "const PARAMS = #{ users: #{ type: \"users\", required: false }, rows: #{ type: \"rows\", required: false, unique: \"login\", columns: #{ login: #{}, Name: #{ type: \"integer\", required: false } } } };";
    let folder = tempfile::tempdir().unwrap();
    let source = ScriptSource::new("trial", RunbookShelf::Path, "trial.rhai", HEADER);
    let runbook = RunbookHeader::parse(&source).unwrap();
    survives("CSV", 300, move |mutation| {
        let ending = if mutation.random.bool() { "csv" } else { "json" };
        let file = folder.path().join(format!("users.{ending}"));
        let mut bytes = mutation.text(if ending == "csv" { TABLES } else { JSON_ROWS }).into_bytes();
        if mutation.random.bool() {
            mutation.bytes(&mut bytes);
        }
        fs::write(&file, bytes).unwrap();
        let given = parse_assignments(&["users", "rows"].map(|name| format!("{name}=@{}", file.display()))).unwrap();
        let invalid = if mutation.random.bool() { InvalidRows::Refuse } else { InvalidRows::LeaveOut };
        let outside = ParameterSources { dn: &|_| Ok(()), environment: &|_| None, invalid, ask: &|_| None };
        let _ = parameters::check(&runbook, &given, MissingValues::Examples, &outside);
    });
}

#[test]
fn scenarios_are_read_whatever_they_are() {
    survives("scenario", 100, |mutation| {
        let text = mutation.text(SCENARIOS);
        if let Ok(scenario) = ScenarioSpec::parse("fuzzed.json", &text) {
            let _ = scenario.org_names();
        }
    });
}

#[test]
fn plans_are_read_whatever_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let made = okta_runbook(folder.path())
        .args(["plan", "ad/move_user_to_ou", "--simulator", "--out", "plan.json"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let plan = fs::read_to_string(folder.path().join("plan.json")).unwrap();
    survives("plan", 8, move |mutation| {
        let text = mutation.text(&[&plan]);
        fs::write(folder.path().join("fuzzed.json"), text).unwrap();
        let ended = okta_runbook(folder.path())
            .args(["run", "--plan", "fuzzed.json", "--simulator", "--yes"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(!said.contains("panicked"), "{said}");
        assert!(matches!(ended.status.code(), Some(0..=6)), "{said}");
    });
}
