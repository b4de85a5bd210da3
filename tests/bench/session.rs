//! A session at a pseudo-terminal: how soon it asks, and how soon it answers a key.
//!
//! Measured on two cores that others used too, in 75 starts: 20 ms to the prompt at the fastest, 47 to 99 ms in the median as the others
//! were busy; six to twelve times what `--version` takes. It shall be below 30 ms where nothing else runs: the fastest start says that.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use okta_runbook::simulator::Simulator;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use secrecy::ExposeSecret as _;
use serde_json::json;

const BINARY: &str = env!("CARGO_BIN_EXE_okta-runbook");
/// The line editor turns bracketed paste on when it asks.
const ASKED: &str = "\u{1b}[?2004h";

const STARTS: usize = 25;

/// Start to prompt, and keys while `groups` groups are known.
pub(crate) fn session(runtime: &tokio::runtime::Runtime, groups: usize) {
    let options = json!({ "limits": { "enabled": false } });
    let (simulator, http) = runtime.block_on(crate::org(3, &options));
    runtime.block_on(fill(&simulator, &http, groups));
    let folder = tempfile::tempdir().unwrap();
    let starts: Vec<Duration> = (0..STARTS).map(|_| begun(folder.path(), &simulator).1).collect();
    let bare: Vec<Duration> = (0..STARTS).map(|_| version()).collect();
    let fastest = |times: &[Duration]| times.iter().min().copied().unwrap_or_default();
    println!(
        "session: {:.1} ms to the prompt at the fastest (30 ms are wanted), {:.1} in the median; fastest / fastest `--version` = {:.1}",
        millis(fastest(&starts)),
        millis(median(starts.clone())),
        fastest(&starts).as_secs_f64() / fastest(&bare).as_secs_f64()
    );
    let (mut pty, _) = begun(folder.path(), &simulator);
    say(&mut pty, "let all = okta.list_groups(#{ limit: 10000 }).all(); `${all.len()} known`\r");
    until(&mut pty, " known\r\n");
    until(&mut pty, ASKED);
    let keys: Vec<Duration> = "okta.list_group_users(\"Team 04".chars().map(|key| answered(&mut pty, key)).collect();
    let slowest = keys.iter().max().copied().unwrap_or_default();
    println!(
        "keys with {groups} groups known: {:.1} ms the median, {:.1} ms the slowest",
        millis(median(keys)),
        millis(slowest)
    );
    pty.send_control('c').unwrap();
}

async fn fill(simulator: &Simulator, http: &reqwest::Client, groups: usize) {
    let org = &simulator.orgs()[0];
    let token = format!("SSWS {}", org.token.expose_secret());
    for number in 0..groups {
        let body = json!({ "profile": { "name": format!("Team {number:05}") } });
        let request = http.post(format!("{}/api/v1/groups", org.url));
        let request = request.header("Authorization", &token).json(&body);
        request.send().await.unwrap().error_for_status().unwrap();
    }
}

fn begun(folder: &std::path::Path, simulator: &Simulator) -> (PtySession, Duration) {
    let org = &simulator.orgs()[0];
    let mut command = Command::new(BINARY);
    command
        .arg("repl")
        .current_dir(folder)
        .env("TERM", "xterm-256color")
        .env("OKTA_CLIENT_ORGURL", &org.url)
        .env("OKTA_CLIENT_TOKEN", org.token.expose_secret());
    let at = Instant::now();
    let mut pty = spawn_with_options(command, Options::new()).unwrap();
    until(&mut pty, ASKED);
    (pty, at.elapsed())
}

fn version() -> Duration {
    let at = Instant::now();
    let mut command = Command::new(BINARY);
    command.arg("--version").stdout(Stdio::null());
    assert!(command.status().unwrap().success());
    at.elapsed()
}

fn say(pty: &mut PtySession, text: &str) {
    pty.send(text).unwrap();
    pty.flush().unwrap();
}

/// Reads until `text` was seen; looks far more often than the crate's own waiting does.
fn until(pty: &mut PtySession, text: &str) {
    let (mut seen, end) = (String::new(), Instant::now() + Duration::from_secs(60));
    while !seen.ends_with(text) {
        assert!(Instant::now() < end, "{text:?} was not seen in {seen:?}");
        match pty.try_read() {
            Some(letter) => seen.push(letter),
            None => std::thread::sleep(Duration::from_micros(200)),
        }
    }
}

/// From the key to the last of what is drawn for it: 50 ms of silence end it.
fn answered(pty: &mut PtySession, key: char) -> Duration {
    let at = Instant::now();
    say(pty, &key.to_string());
    let mut last = at;
    while last == at || last.elapsed() < Duration::from_millis(50) {
        assert!(at.elapsed() < Duration::from_secs(20), "{key:?} was not answered");
        match pty.try_read() {
            Some(_) => last = Instant::now(),
            None => std::thread::sleep(Duration::from_micros(200)),
        }
    }
    last - at
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
