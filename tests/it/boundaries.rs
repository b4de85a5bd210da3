//! A run that is killed at any write is taken up again, and ends as if nothing had happened.
//!
//! A proxy before the simulator knows the writes as they pass: it kills the run before a write reaches the org, after the org did it and
//! before the answer is there, or when the answer was handed over.

mod proxy;

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use okta_runbook::simulator::{Listen, Scenario, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use proxy::{Death, Proxy, pass};

/// What is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Procedure {
    /// From one OU to another, in the org behind the proxy.
    Move,
    /// Provisioning from the org behind the proxy into another.
    Org2Org,
}

use Procedure::{Move, Org2Org};

/// A simulated org behind a proxy, and a workspace.
struct World {
    runtime: Runtime,
    proxy: Arc<Proxy>,
    folder: tempfile::TempDir,
    procedure: Procedure,
    /// For the commands: addresses and secrets.
    environment: Vec<(&'static str, String)>,
    simulator: Simulator,
}

impl World {
    fn new(procedure: Procedure) -> Self {
        let runtime = Runtime::new().unwrap();
        let scenario = match procedure {
            Move => Scenario::built_in(),
            Org2Org => Scenario::find("org2org").unwrap(),
        };
        let simulator = runtime
            .block_on(Simulator::start(scenario, Listen::Anywhere))
            .unwrap();
        let proxy = Arc::new(Proxy {
            org: simulator.orgs()[0].url.clone(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            writes: AtomicUsize::new(0),
            carried_out: AtomicUsize::new(0),
            plan: Mutex::new(None),
            child: Mutex::new(None),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&proxy));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().unwrap();
        let (profile, environment) = match procedure {
            Move => of_move(&simulator, &url),
            Org2Org => of_org2org(&simulator, &url),
        };
        std::fs::write(folder.path().join("okta-runbook.toml"), profile).unwrap();
        let world = Self {
            runtime,
            proxy,
            folder,
            procedure,
            environment,
            simulator,
        };
        for org in 0..world.simulator.orgs().len() {
            world.control(org, "PATCH", "options", &quick());
        }
        world
    }

    fn arguments(&self) -> &'static [&'static str] {
        arguments(self.procedure)
    }

    fn control(&self, org: usize, method: &str, what: &str, body: &Value) -> Value {
        let url = format!("{}/simulator/{what}", self.simulator.orgs()[org].url);
        let request = self.proxy.http.request(method.parse().unwrap(), url);
        let request = if method == "GET" {
            request
        } else {
            request.json(body)
        };
        self.runtime.block_on(async {
            request
                .send()
                .await
                .unwrap()
                .error_for_status()
                .unwrap()
                .json()
                .await
                .unwrap()
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_okta-runbook"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs until the end or the planned death; `true` when it ended by itself with success.
    fn run(&self, arguments: &[&str], plan: Option<(usize, Death)>) -> bool {
        self.proxy.writes.store(0, Ordering::SeqCst);
        *self.proxy.plan.lock().unwrap() = plan;
        let mut command = self.command(arguments);
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        *self.proxy.child.lock().unwrap() = Some(child);
        loop {
            let ended = self
                .proxy
                .child
                .lock()
                .unwrap()
                .as_mut()
                .unwrap()
                .try_wait()
                .unwrap();
            if let Some(status) = ended {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn output(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    fn newest(&self) -> String {
        let (_, runs) = self.output(&["runs", "--output", "json"]);
        let runs: Value = serde_json::from_str(&runs).unwrap();
        runs[0]["run"].as_str().unwrap().to_owned()
    }

    /// The orgs and their directories, without what goes on by itself.
    fn state(&self) -> Value {
        let orgs = 0..self.simulator.orgs().len();
        let states = orgs.map(|org| {
            let mut state = self.control(org, "GET", "state", &Value::Null);
            forget(&mut state);
            without_deactivated(&mut state);
            state
        });
        states.collect()
    }

    fn carried_out(&self) -> usize {
        self.proxy.carried_out.load(Ordering::SeqCst)
    }
}

/// Whom provisioning made and deactivated again is as good as gone: no undo deletes people.
fn without_deactivated(org: &mut Value) {
    let users = org["users"].as_object_mut().unwrap();
    let gone: Vec<String> = users
        .iter()
        .filter(|(_, user)| user["status"] == "DEPROVISIONED")
        .map(|(id, _)| id.clone())
        .collect();
    users.retain(|id, _| !gone.contains(id));
    for group in org["groups"].as_object_mut().unwrap().values_mut() {
        let members = group["members"].as_array_mut().unwrap();
        members.retain(|id| !gone.iter().any(|gone| *id == **gone));
    }
}

/// Equal, or the lines in which they differ.
#[track_caller]
fn assert_same(left: &Value, right: &Value, name: &str) {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let (left, right) = (pretty(left), pretty(right));
    assert!(
        left == right,
        "{name}: {}",
        diffy::create_patch(&right, &left)
    );
}

type Setting = (String, Vec<(&'static str, String)>);

fn of_move(simulator: &Simulator, url: &str) -> Setting {
    let (org, directory) = (&simulator.orgs()[0], &simulator.directories()[0]);
    let profile = format!(
        "[directories.\"{}\"]\nurl = \"{}\"\nbind_dn = \"{}\"\npassword = {{ env = \"LDAP_PASSWORD\" }}\nbase = \"{}\"\n",
        directory.domain, directory.url, directory.bind_dn, directory.base
    );
    let password = directory.password.expose_secret().to_owned();
    let environment = vec![
        ("OKTA_CLIENT_ORGURL", url.to_owned()),
        ("OKTA_CLIENT_TOKEN", org.token.expose_secret().to_owned()),
        ("LDAP_PASSWORD", password),
    ];
    (profile, environment)
}

fn of_org2org(simulator: &Simulator, url: &str) -> Setting {
    let [spoke, hub] = simulator.orgs() else {
        panic!("a spoke and a hub")
    };
    let profile = format!(
        "[orgs.spoke]\nurl = \"{url}\"\ntoken = {{ env = \"SPOKE_TOKEN\" }}\n[orgs.hub]\nurl = \"{}\"\ntoken = {{ env = \"HUB_TOKEN\" }}\n",
        hub.url
    );
    let environment = vec![
        ("SPOKE_TOKEN", spoke.token.expose_secret().to_owned()),
        ("HUB_TOKEN", hub.token.expose_secret().to_owned()),
    ];
    (profile, environment)
}

/// Times and logs differ from run to run.
fn forget(value: &mut Value) {
    const PASSING: &[&str] = &[
        "now",
        "events",
        "log",
        "created",
        "lastUpdated",
        "lastMembershipUpdated",
        "statusChanged",
        "lastSync",
        "expires",
        "expiresAt",
        "lastConnection",
        "tasks",
        "activated",
        "passwordChanged",
        "updated",
        "jobs",
        // The hub has another port each time.
        "baseUrl",
    ];
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !PASSING.contains(&name.as_str()));
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}

const RUN: &[&str] = &[
    "run",
    "ad/move_user_to_ou",
    "--yes",
    "--attest",
    "all",
    "-p",
    "users=ada.novak@corp.example",
    "-p",
    "directory=corp.example",
    "-p",
    "from_group=AD User-Contractor",
    "-p",
    "from_ou=OU=User-Contractor,DC=corp,DC=example",
    "-p",
    "to_group=AD Users",
    "-p",
    "to_ou=OU=Users,DC=corp,DC=example",
];

/// One user, so that ids do not depend on who comes first.
const SET_UP: &[&str] = &[
    "run",
    "org2org/setup",
    "--yes",
    "--org",
    "spoke=spoke",
    "--org",
    "hub=hub",
    "-p",
    "hub_token=env:HUB_TOKEN",
    "-p",
    "users=ada.novak@spoke.example=active_with_pass",
    "-p",
    "groups=Hub Research",
];

fn arguments(procedure: Procedure) -> &'static [&'static str] {
    match procedure {
        Move => RUN,
        Org2Org => SET_UP,
    }
}

fn quick() -> Value {
    json!({ "limits": { "enabled": false }, "jobDelayMs": 20 })
}

/// An uninterrupted run: the state it leaves, and the number of its writes.
fn uninterrupted(procedure: Procedure) -> (Value, usize) {
    let world = World::new(procedure);
    assert!(world.run(world.arguments(), None));
    (world.state(), world.carried_out())
}

fn dies_and_goes_on(procedure: Procedure, number: usize, death: Death, expected: &(Value, usize)) {
    let world = World::new(procedure);
    let ended = world.run(world.arguments(), Some((number, death)));
    let name = format!("write {number}, {death:?}");
    if !ended {
        let run = world.newest();
        let mut arguments = vec!["resume", &run, "--yes", "--attest", "all"];
        if procedure == Org2Org {
            arguments.extend(["-p", "hub_token=env:HUB_TOKEN"]);
        }
        let (code, text) = world.output(&arguments);
        assert_eq!(code, Some(0), "{name}: {text}");
        let (code, text) = world.output(&["runs", "verify", &run]);
        assert_eq!(code, Some(0), "{name}: {text}");
    }
    // The token of a connection, the second write, cannot be read back, so that a lost answer lets it be set again.
    let again = usize::from(procedure == Org2Org && number <= 1);
    let carried_out = world.carried_out();
    let allowed = expected.1..=expected.1 + again;
    assert!(
        allowed.contains(&carried_out),
        "{name}: each write once, not {carried_out}"
    );
    assert_same(&world.state(), &expected.0, &name);
}

/// Does `work` for every number below `count`, two at a time: they wait more than they work.
fn for_each_write(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= count {
                        return;
                    }
                    work(number);
                }
            });
        }
    });
}

fn at_every_write(procedure: Procedure, death: Death) {
    let expected = uninterrupted(procedure);
    assert!(expected.1 >= 5, "{}", expected.1);
    for_each_write(expected.1, |number| {
        dies_and_goes_on(procedure, number, death, &expected);
    });
}

#[test]
fn a_setup_of_two_orgs_killed_at_any_write_goes_on() {
    for death in [
        Death::BeforeTheOrgKnows,
        Death::BeforeTheAnswer,
        Death::AfterTheAnswer,
        Death::OfTheConnection,
    ] {
        at_every_write(Org2Org, death);
    }
}

#[test]
fn a_run_killed_before_the_org_knows_goes_on() {
    at_every_write(Move, Death::BeforeTheOrgKnows);
}

#[test]
fn a_run_killed_before_the_answer_goes_on() {
    at_every_write(Move, Death::BeforeTheAnswer);
}

#[test]
fn a_run_killed_after_the_answer_goes_on() {
    at_every_write(Move, Death::AfterTheAnswer);
}

#[test]
fn a_lost_answer_is_settled_within_the_run() {
    at_every_write(Move, Death::OfTheConnection);
}

#[test]
fn an_undone_run_leaves_no_trace() {
    for procedure in [Move, Org2Org] {
        let world = World::new(procedure);
        let seed = world.state();
        assert!(world.run(world.arguments(), None));
        assert!(world.run(&["undo", &world.newest(), "--yes"], None));
        assert_same(&world.state(), &seed, "after the undo");
    }
}

#[test]
fn an_undo_killed_at_any_write_goes_on() {
    for procedure in [Move, Org2Org] {
        let seed = World::new(procedure).state();
        for_each_write(uninterrupted(procedure).1, |number| {
            let world = World::new(procedure);
            assert!(world.run(world.arguments(), None));
            let run = world.newest();
            assert!(!world.run(
                &["undo", &run, "--yes"],
                Some((number, Death::BeforeTheAnswer))
            ));
            let undo = world.newest();
            let (code, text) = world.output(&["resume", &undo, "--yes"]);
            assert_eq!(code, Some(0), "{number}: {text}");
            assert_same(&world.state(), &seed, &number.to_string());
        });
    }
}

#[test]
fn a_run_that_died_can_be_undone() {
    for procedure in [Move, Org2Org] {
        let seed = World::new(procedure).state();
        for_each_write(uninterrupted(procedure).1, |number| {
            let world = World::new(procedure);
            assert!(!world.run(world.arguments(), Some((number, Death::BeforeTheAnswer))));
            let (code, text) = world.output(&["undo", &world.newest(), "--yes"]);
            assert_eq!(code, Some(0), "{number}: {text}");
            assert_same(&world.state(), &seed, &number.to_string());
        });
    }
}

#[test]
fn an_undo_can_be_undone_but_for_what_it_deleted() {
    let world = World::new(Move);
    assert!(world.run(RUN, None));
    let after = world.state();
    assert!(world.run(&["undo", &world.newest(), "--yes"], None));
    let (code, text) = world.output(&["undo", &world.newest(), "--yes"]);
    // What the run created was deleted by the undo, and a deleted group does not come back.
    assert_eq!(code, Some(6), "{text}");
    assert!(
        text.contains("what was deleted cannot be brought back"),
        "{text}"
    );
    assert_ne!(world.state(), after);
}

#[test]
fn an_undo_leaves_alone_what_somebody_changed_since() {
    let world = World::new(Move);
    assert!(world.run(RUN, None));
    let run = world.newest();
    let state = world.control(0, "GET", "state", &Value::Null);
    let id_of = |kind: &str, text: &str| {
        let found = state[kind]
            .as_object()
            .unwrap()
            .iter()
            .find(|(_, thing)| thing.to_string().contains(text));
        found.unwrap().0.clone()
    };
    let (group, user) = (
        id_of("groups", "\"AD Users\""),
        id_of("users", "ben.okafor@corp.example"),
    );
    let path = format!("{}/api/v1/groups/{group}/users/{user}", world.proxy.org);
    let token = world.simulator.orgs()[0].token.expose_secret();
    let request = world
        .proxy
        .http
        .put(path)
        .header("Authorization", format!("SSWS {token}"))
        .header("Content-Length", "0");
    assert!(
        world
            .runtime
            .block_on(request.send())
            .unwrap()
            .status()
            .is_success()
    );
    let (code, text) = world.output(&["undo", &run, "--yes"]);
    assert_eq!(code, Some(6), "{text}");
    assert!(
        text.contains("the group has members that the run did not bring"),
        "{text}"
    );
}

#[test]
fn a_run_that_waits_for_a_person_goes_on_when_it_is_attested() {
    let world = World::new(Move);
    let without: Vec<&str> = RUN
        .iter()
        .copied()
        .filter(|word| !["--attest", "all"].contains(word))
        .collect();
    let (code, text) = world.output(&without);
    assert_eq!(code, Some(4), "{text}");
    assert_eq!(world.carried_out(), 0);
    let run = world.newest();
    let (code, text) = world.output(&["resume", &run, "--yes", "--attest", "update-ou"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!((world.state(), world.carried_out()), uninterrupted(Move));
}

#[test]
fn a_changed_runbook_is_refused_with_what_was_changed() {
    let world = World::new(Move);
    let script = world.folder.path().join("small.rhai");
    let text = "//! Small.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\nstep(\"Make\");\nokta.add_group(#{ profile: #{ name: \"A\" } });\nokta.add_group(#{ profile: #{ name: \"B\" } });\n";
    std::fs::write(&script, text).unwrap();
    assert!(!world.run(
        &["run", "small.rhai", "--yes"],
        Some((1, Death::BeforeTheOrgKnows))
    ));
    std::fs::write(&script, text.replace("\"B\"", "\"C\"")).unwrap();
    let run = world.newest();
    let (code, text) = world.output(&["resume", &run, "--yes"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("-okta.add_group(#{ profile: #{ name: \"B\" } });")
            && text.contains("+okta.add_group(#{ profile: #{ name: \"C\" } });"),
        "{text}"
    );
    let (code, text) = world.output(&["resume", &run, "--yes", "--accept-edits"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(world.carried_out(), 2);
}

#[test]
fn a_run_that_goes_on_elsewhere_is_refused_with_its_holder() {
    let world = World::new(Move);
    world.control(0, "PATCH", "options", &json!({ "latencyMs": 300 }));
    let mut first = world
        .command(RUN)
        .env("USER", "pat")
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let run = loop {
        let (_, runs) = world.output(&["runs", "--output", "json"]);
        if let Some(run) = serde_json::from_str::<Value>(&runs).unwrap()[0]["run"].as_str() {
            break run.to_owned();
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let (code, text) = world.output(&["resume", &run, "--yes"]);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("is being worked on by pat, process"),
        "{text}"
    );
}
