//! Figures, as ratios within one run: `cargo bench`, or one of them: `cargo bench -- session`. Nothing here is asserted: machines are
//! shared and noisy.

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures are what it is for, and they are small"
)]

mod session;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use okta_runbook::okta::{BaseUrl, Client, Credentials, Method, Request, Settings, Silent};
use okta_runbook::simulator::{Listen, Scenario, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|word| word == name);
    if wanted("limits") {
        runtime.block_on(limits());
    }
    if wanted("client") {
        runtime.block_on(client());
    }
    if wanted("move") {
        bulk_move(&runtime, 200);
    }
    if wanted("items") {
        many_items(&runtime, 100_000);
    }
    if wanted("session") {
        session::session(&runtime, 10_000);
    }
}

async fn org(users: usize, options: &Value) -> (Simulator, reqwest::Client) {
    let simulator = Simulator::start(Scenario::built_in().with_users(users), Listen::Anywhere)
        .await
        .unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/simulator/options", simulator.orgs()[0].url);
    http.patch(url)
        .json(options)
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    (simulator, http)
}

fn client_of(simulator: &Simulator) -> Arc<Client> {
    let org = &simulator.orgs()[0];
    let (base, _) = BaseUrl::parse(&org.url).unwrap();
    Arc::new(
        Client::new(
            base,
            Credentials::Ssws(org.token.clone()),
            Settings::default(),
        )
        .unwrap(),
    )
}

async fn calls(client: &Arc<Client>, count: usize, tasks: usize) -> Duration {
    let begun = Instant::now();
    let work = (0..tasks).map(|_| {
        let client = Arc::clone(client);
        tokio::spawn(async move {
            for _ in 0..count / tasks {
                client
                    .send(&Request::new(Method::Get, "/api/v1/apps"), &Silent)
                    .await
                    .unwrap();
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    begun.elapsed()
}

/// The scarce bucket: 50 calls a window for a token, 40 of them ours.
async fn limits() {
    let (window, count) = (20.0, 500);
    let (simulator, http) = org(3, &json!({ "limits": { "windowSeconds": window as u64 } })).await;
    let took = calls(&client_of(&simulator), count, 8).await.as_secs_f64();
    let url = format!("{}/simulator/requests", simulator.orgs()[0].url);
    let requests: Value = http.get(url).send().await.unwrap().json().await.unwrap();
    // Twelve full windows and half of another, which is not paced.
    let ideal = (count as f64 / 40.0).floor() * window;
    println!(
        "limits: time / ideal = {:.3} ({count} calls, {} refused)",
        took / ideal,
        requests["limited"]
    );
}

/// What a call costs beside the same call by reqwest alone.
async fn client() {
    let (simulator, http) = org(3, &json!({ "limits": { "enabled": false } })).await;
    let own = calls(&client_of(&simulator), 8000, 8).await.as_secs_f64();
    let address = &simulator.orgs()[0];
    let (url, token) = (
        format!("{}/api/v1/apps", address.url),
        format!("SSWS {}", address.token.expose_secret()),
    );
    let begun = Instant::now();
    let work = (0..8).map(|_| {
        let (http, url, token) = (http.clone(), url.clone(), token.clone());
        tokio::spawn(async move {
            for _ in 0..1000 {
                let answer = http
                    .get(&url)
                    .header("Authorization", &token)
                    .send()
                    .await
                    .unwrap();
                answer.bytes().await.unwrap();
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    println!(
        "client: time / reqwest alone = {:.2}",
        own / begun.elapsed().as_secs_f64()
    );
}

struct Ran {
    seconds: f64,
    peak: u64,
}

/// Runs the binary and reads its peak memory from the system. Needs Linux.
fn run(folder: &Path, simulator: &Simulator, arguments: &[&str]) -> Ran {
    let org = &simulator.orgs()[0];
    let directory = &simulator.directories()[0];
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_okta-runbook"))
        .args(arguments)
        .current_dir(folder)
        .env("OKTA_CLIENT_ORGURL", &org.url)
        .env("OKTA_CLIENT_TOKEN", org.token.expose_secret())
        .env("LDAP_PASSWORD", directory.password.expose_secret())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    Ran {
        seconds: begun.elapsed().as_secs_f64(),
        peak,
    }
}

fn journal_bytes(folder: &Path) -> u64 {
    std::fs::metadata(folder.join(".okta-runbook/journal.sqlite")).map_or(0, |file| file.len())
}

/// A whole move without limits: calls of a user, and what of them are scarce.
fn bulk_move(runtime: &tokio::runtime::Runtime, users: usize) {
    let (simulator, http) = runtime.block_on(org(
        users,
        &json!({ "limits": { "enabled": false }, "jobDelayMs": 50 }),
    ));
    let folder = tempfile::tempdir().unwrap();
    let directory = &simulator.directories()[0];
    let profile = format!(
        "[directories.\"{}\"]\nurl = \"{}\"\nbind_dn = \"{}\"\npassword = {{ env = \"LDAP_PASSWORD\" }}\nbase = \"{}\"\n",
        directory.domain, directory.url, directory.bind_dn, directory.base
    );
    std::fs::write(folder.path().join("okta-runbook.toml"), profile).unwrap();
    let state = |what: &str| -> Value {
        let url = format!("{}/simulator/{what}", simulator.orgs()[0].url);
        runtime.block_on(async { http.get(url).send().await.unwrap().json().await.unwrap() })
    };
    let org = state("state");
    let app = org["apps"].as_object().unwrap().values().next().unwrap();
    let logins = app["users"]
        .as_object()
        .unwrap()
        .keys()
        .map(|id| org["users"][id]["login"].as_str().unwrap());
    std::fs::write(
        folder.path().join("users.csv"),
        format!("login\n{}\n", logins.collect::<Vec<_>>().join("\n")),
    )
    .unwrap();
    let ran = run(
        folder.path(),
        &simulator,
        &[
            "run",
            "ad/move_user_to_ou",
            "--yes",
            "--attest",
            "all",
            "-p",
            "users=@users.csv",
            "-p",
            "directory=corp.example",
            "-p",
            "from_group=From",
            "-p",
            "from_ou=OU=User-Contractor,DC=corp,DC=example",
            "-p",
            "to_group=To",
            "-p",
            "to_ou=OU=Users,DC=corp,DC=example",
        ],
    );
    let requests = state("requests");
    let total = requests["total"].as_f64().unwrap();
    let below_apps = |(route, count): (&String, &Value)| {
        route
            .contains("/api/v1/apps/{")
            .then(|| count.as_f64().unwrap())
    };
    let scarce: f64 = requests["routes"]
        .as_object()
        .unwrap()
        .iter()
        .filter_map(below_apps)
        .sum();
    println!(
        "move of {users}: {:.2} calls a user, {:.2} of them below /api/v1/apps/{{id}}; {:.1} KB of journal a user; peak {} MB; {:.1} ms a user",
        total / users as f64,
        scarce / users as f64,
        journal_bytes(folder.path()) as f64 / 1024.0 / users as f64,
        ran.peak / 1024,
        ran.seconds * 1000.0 / users as f64,
    );
}

/// Bulk work without calls: what an item costs.
fn many_items(runtime: &tokio::runtime::Runtime, items: usize) {
    let (simulator, _) = runtime.block_on(org(3, &json!({})));
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "//! Many.\nconst ORGS = #{{ okta: \"org\" }};\nconst PARAMS = #{{}};\nstep(\"Many\");\nlet items = [];\nfor number in 0..{items} {{ items.push(number); }}\neach(items, |item| item + 1);\n"
    );
    std::fs::write(folder.path().join("many.rhai"), script).unwrap();
    let ran = run(
        folder.path(),
        &simulator,
        &["run", "many.rhai", "--yes", "--quiet"],
    );
    let shown = run(folder.path(), &simulator, &["runs", "show", "2"]);
    println!(
        "{items} items: {:.1} us an item; {} bytes of journal an item; peak {} MB; `runs show` / run = {:.2} ({:.2} s)",
        ran.seconds * 1e6 / items as f64,
        journal_bytes(folder.path()) / items as u64,
        ran.peak / 1024,
        shown.seconds / ran.seconds,
        shown.seconds,
    );
}
