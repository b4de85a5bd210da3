//! Figures, as ratios within one run: `cargo bench`, or one of them: `cargo bench -- session`. Nothing here is asserted: machines are
//! shared and noisy.

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures are what it is for, and they are small"
)]

mod bulk;
mod client;
mod session;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use okta_runbook::simulator::{ListenAddress, ScenarioSpec, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::Value;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let named: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|word| word == name);
    if wanted("limits") {
        runtime.block_on(client::limits());
        bulk::limits(&runtime, 500);
        bulk::crowding(&runtime, 400);
    }
    if wanted("client") {
        runtime.block_on(client::cost());
    }
    if wanted("move") {
        bulk::whole_move(&runtime, 200);
        bulk::whole_move(&runtime, 1000);
    }
    if wanted("items") {
        for items in [10_000, 100_000] {
            bulk::plain_items(&runtime, items);
            bulk::maps(&runtime, items);
        }
    }
    if wanted("session") {
        session::session(&runtime, 10_000);
    }
}

async fn org(users: usize, options: &Value) -> (Simulator, reqwest::Client) {
    let simulator =
        Simulator::start(ScenarioSpec::built_in().with_users(users), ListenAddress::Anywhere).await.unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/simulator/options", simulator.orgs()[0].url);
    http.patch(url).json(options).send().await.unwrap().error_for_status().unwrap();
    (simulator, http)
}

/// What the simulator of an org tells about itself.
fn told(runtime: &tokio::runtime::Runtime, simulator: &Simulator, what: &str) -> Value {
    let url = format!("{}/simulator/{what}", simulator.orgs()[0].url);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    runtime.block_on(async { http.get(url).send().await.unwrap().json().await.unwrap() })
}

/// Calls so far in the scarce bucket: below an app.
fn scarce(requests: &Value) -> f64 {
    let routes = requests["routes"].as_object().unwrap().iter();
    routes.filter(|(route, _)| route.contains("/api/v1/apps/{")).map(|(_, count)| count.as_f64().unwrap()).sum()
}

struct Ran {
    seconds: f64,
    /// Seconds of computing, to a hundredth.
    computing: f64,
    /// Peak memory in MB.
    peak: f64,
}

/// Runs the binary and reads its peak memory and its time of computing from the system. Needs Linux.
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
    let of_process = |id: u32, what: &str| std::fs::read_to_string(format!("/proc/{id}/{what}")).unwrap_or_default();
    let (mut peak, mut computing) = (0, 0);
    while child.try_wait().unwrap().is_none() {
        let id = child.id();
        peak = peak.max(peak_of(&of_process(id, "status")));
        computing = computing.max(ticks_of(&of_process(id, "stat")));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success(), "{arguments:?}");
    Ran { seconds: begun.elapsed().as_secs_f64(), computing: computing as f64 / 100.0, peak: peak as f64 / 1024.0 }
}

/// Kilobytes.
fn peak_of(status: &str) -> u64 {
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kilobytes.unwrap_or_default()
}

/// Hundredths of a second in user and system mode. The name of the program, in brackets, may hold spaces.
fn ticks_of(stat: &str) -> u64 {
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let fields = rest.split_whitespace().skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

fn journal_bytes(folder: &Path) -> u64 {
    std::fs::metadata(folder.join(".okta-runbook/journal.sqlite")).map_or(0, |file| file.len())
}
