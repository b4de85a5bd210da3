//! Random schedules of faults over a bulk move: whatever happens, a run tells the truth and nobody is left without a provisioning group.
//!
//! `OKTA_RUNBOOK_SCHEDULES=1000` tries that many seeds, from `OKTA_RUNBOOK_SEED` on; a failure names its seed.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use okta_runbook::simulator::{ListenAddress, ScenarioSpec, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::seeds::number;

const USERS: usize = 50;

/// Up to eight faults. No more than three on one call in a row: more would be an outage, which ends a run as failed.
fn schedule(random: &mut fastrand::Rng) -> Vec<Value> {
    const ACTIONS: &[&str] = &["status", "cut_before", "cut_after", "delay", "concurrency", "rate_limit"];
    const PATHS: &[(&str, &str)] = &[
        ("PUT", "/api/v1/groups/*/users/*"),
        ("DELETE", "/api/v1/groups/*/users/*"),
        ("POST", "/api/v1/apps/*/users/*"),
        ("PUT", "/api/v1/apps/*/groups/*"),
        ("POST", "/api/v1/groups"),
        ("GET", "/api/v1/groups/*/users"),
        ("GET", "/api/v1/apps/*/users"),
        ("GET", "/api/v1/logs"),
        ("GET", "/api/v1/users/me"),
    ];
    let faults = random.usize(1..=8);
    let fault = |random: &mut fastrand::Rng| {
        let (method, path) = PATHS[random.usize(..PATHS.len())];
        let mut fault = json!({ "method": method, "path": path, "exact": true, "after": random.u64(..40), "times": random.u64(1..=2) });
        let action = ACTIONS[random.usize(..ACTIONS.len())];
        fault["action"] = action.into();
        match action {
            "status" => {
                let status = [500, 502, 503, 504][random.usize(..4)];
                fault["status"] = status.into();
                fault["errorCode"] = "E0000009".into();
                fault["errorSummary"] = "Internal Server Error".into();
            }
            "delay" => fault["delayMs"] = random.u64(1..300).into(),
            _ => {}
        }
        fault
    };
    (0..faults).map(|_| fault(random)).collect()
}

struct Trial {
    runtime: Runtime,
    http: reqwest::Client,
    simulator: Simulator,
    folder: tempfile::TempDir,
}

impl Trial {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = runtime
            .block_on(Simulator::start(ScenarioSpec::built_in().with_users(USERS), ListenAddress::Anywhere))
            .unwrap();
        let trial =
            Self { runtime, http: crate::stage::http_client(), simulator, folder: tempfile::tempdir().unwrap() };
        trial.control(
            "PATCH",
            "options",
            &json!({ "limits": { "enabled": false }, "jobDelayMs": 30, "agentTimeoutMs": 1500 }),
        );
        let directory = &trial.simulator.directories()[0];
        let profile = format!(
            "[directories.\"{}\"]\nurl = \"{}\"\nbind_dn = \"{}\"\npassword = {{ env = \"LDAP_PASSWORD\" }}\nbase = \"{}\"\n",
            directory.domain, directory.url, directory.bind_dn, directory.base
        );
        std::fs::write(trial.folder.path().join("okta-runbook.toml"), profile).unwrap();
        let logins = trial.logins();
        std::fs::write(trial.folder.path().join("users.csv"), format!("login\n{}\n", logins.join("\n"))).unwrap();
        trial
    }

    fn control(&self, method: &str, what: &str, body: &Value) -> Value {
        let url = format!("{}/simulator/{what}", self.simulator.orgs()[0].url);
        let request = self.http.request(method.parse().unwrap(), url);
        let request = if method == "GET" { request } else { request.json(body) };
        let text = self
            .runtime
            .block_on(async { request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap() });
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn logins(&self) -> Vec<String> {
        let state = self.control("GET", "state", &Value::Null);
        let app = state["apps"].as_object().unwrap().values().next().unwrap().clone();
        let users = state["users"].as_object().unwrap();
        let assigned = app["users"].as_object().unwrap().keys();
        assigned.map(|id| users[id]["login"].as_str().unwrap().to_owned()).collect()
    }

    fn run(&self) -> (Option<i32>, Vec<Value>, String) {
        let org = &self.simulator.orgs()[0];
        let output = Command::new(env!("CARGO_BIN_EXE_okta-runbook"))
            .args(["run", "ad/move_user_to_ou", "--yes", "--attest", "all", "--output", "json"])
            .args(["-p", "users=@users.csv", "-p", "directory=corp.example", "-p", "timeout=20"])
            .args(["-p", "from_group=AD User-Contractor", "-p", "from_ou=OU=User-Contractor,DC=corp,DC=example"])
            .args(["-p", "to_group=AD Users", "-p", "to_ou=OU=Users,DC=corp,DC=example"])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("OKTA_RUNBOOK_LIST_LAG", "1s")
            .env("OKTA_CLIENT_ORGURL", &org.url)
            .env("OKTA_CLIENT_TOKEN", org.token.expose_secret())
            .env("LDAP_PASSWORD", self.simulator.directories()[0].password.expose_secret())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let events = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (output.status.code(), events, String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What a run told that did not go well, the first few of it.
fn complaints(events: &[Value]) -> String {
    let bad = events
        .iter()
        .filter(|event| event["passed"] == false || event["event"] == "item" && event["outcome"] == "failed");
    let lines: Vec<String> = bad.take(3).map(Value::to_string).collect();
    lines.join("\n")
}

/// What was done to one user in one group or app more than once, by the org's own log.
fn doubled(log: &Value) -> Option<(String, usize)> {
    let mut deeds: HashMap<String, usize> = HashMap::new();
    for event in log.as_array().into_iter().flatten() {
        let kind = event["eventType"].as_str().unwrap_or_default();
        let counts = kind.starts_with("group.user_membership.")
            || kind.starts_with("application.user_membership.")
            || kind.starts_with("group.lifecycle.")
            || kind.starts_with("group.application_assignment.");
        // Okta itself updates an app user whenever provisioning has followed.
        if counts && event["actor"]["type"] == "User" {
            let targets = event["target"].as_array().into_iter().flatten();
            let targets: Vec<&str> = targets.filter_map(|it| it["alternateId"].as_str()).collect();
            let names = event["target"].as_array().into_iter().flatten();
            let names: Vec<&str> = names.filter_map(|it| it["displayName"].as_str()).collect();
            *deeds.entry(format!("{kind} {targets:?} {names:?}")).or_default() += 1;
        }
    }
    deeds.into_iter().find(|(_, times)| *times > 1)
}

/// What must hold after any run, and why it does not.
fn judge(trial: &Trial, code: Option<i32>, events: &[Value]) -> Result<(), String> {
    let outcome = events.last().ok_or("no outcome")?;
    // An agent that is down for long fails everybody, and then the run has failed.
    let counts = &outcome["counts"];
    let nobody = counts["failed_items"] == USERS;
    if !(matches!(code, Some(0 | 3)) || code == Some(1) && nobody) {
        return Err(format!("exit {code:?}: {outcome}\n{}", complaints(events)));
    }
    let log = trial.control("GET", "log", &Value::Null);
    for loss in ["application.user_membership.remove", "application.provision.user.deactivate"] {
        if log.to_string().contains(loss) {
            return Err(format!("somebody lost his assignment: {loss}"));
        }
    }
    let stranded = trial.control("GET", "stranded", &Value::Null);
    if stranded != json!([]) {
        return Err(format!("in no provisioning group for an instant: {stranded}"));
    }
    if let Some((deed, times)) = doubled(&log) {
        return Err(format!("done {times} times: {deed}"));
    }
    let state = trial.control("GET", "state", &Value::Null);
    let group = |name: &str| {
        let groups = state["groups"].as_object().unwrap();
        groups.values().find(|group| group["profile"]["name"] == name).cloned().unwrap_or_default()
    };
    let (from, to) = (group("AD User-Contractor"), group("AD Users"));
    let is_in = |group: &Value, id: &str| {
        group["members"].as_array().is_some_and(|members| members.iter().any(|member| member == id))
    };
    let accounts = state["directories"]["corp.example"]["accounts"].as_array().unwrap();
    let app = state["apps"].as_object().unwrap().values().next().unwrap();
    let succeeded = |login: &str| {
        events.iter().any(|event| event["event"] == "item" && event["key"] == login && event["outcome"] != "failed")
    };
    for (id, app_user) in app["users"].as_object().unwrap() {
        let login = state["users"][id]["login"].as_str().unwrap();
        if app_user["scope"] == "GROUP" && !is_in(&from, id) && !is_in(&to, id) {
            return Err(format!("{login} is in no provisioning group"));
        }
        let account = accounts.iter().find(|account| account.to_string().contains(login)).ok_or("no account")?;
        let there = account["dn"].as_str().unwrap().ends_with(",OU=Users,DC=corp,DC=example")
            && is_in(&to, id)
            && !is_in(&from, id);
        if succeeded(login) && !there {
            return Err(format!("{login} is told to be moved and is {}", account["dn"]));
        }
        if code == Some(0) && !there {
            return Err(format!("the run succeeded without {login}"));
        }
    }
    let names: Vec<&str> =
        state["groups"].as_object().unwrap().values().filter_map(|group| group["profile"]["name"].as_str()).collect();
    if names.len() != 3 {
        return Err(format!("a group was made twice: {names:?}"));
    }
    Ok(())
}

fn try_seed(seed: u64) -> Result<(), String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let trial = Trial::new();
    let faults = schedule(&mut random);
    for fault in &faults {
        trial.control("POST", "faults", fault);
    }
    let agent_goes_down = random.u8(..4) == 0;
    let app = trial.control("GET", "state", &Value::Null)["apps"].as_object().unwrap().keys().next().unwrap().clone();
    let (code, events, stderr) = std::thread::scope(|scope| {
        if agent_goes_down {
            scope.spawn(|| {
                for (pause, up) in [(random.u64(200..900), false), (random.u64(100..2500), true)] {
                    std::thread::sleep(std::time::Duration::from_millis(pause));
                    trial.control("PATCH", &format!("apps/{app}"), &json!({ "agents": up }));
                }
            });
        }
        trial.run()
    });
    // An agent that is down when the run looks stops it before any write: that is what the look is for.
    let guarded = agent_goes_down && code == Some(1) && events.iter().all(|event| event["event"] != "performed");
    if guarded {
        return Ok(());
    }
    judge(&trial, code, &events).map_err(|why| format!("seed {seed}: {why}\n{}\n{stderr}", Value::from(faults)))
}

#[test]
fn a_run_tells_the_truth_whatever_happens() {
    let (first, count) = (number("OKTA_RUNBOOK_SEED", 1), number("OKTA_RUNBOOK_SCHEDULES", 24));
    let next = AtomicU64::new(first);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    if let Err(why) = try_seed(seed) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {count} schedules:\n{}", wrong.len(), wrong.join("\n"));
}
