//! A run that is killed at any write is taken up again, and ends as if nothing had happened.
//!
//! A proxy before the simulator knows the writes as they pass: it kills the run before a write reaches the org, after the org did it and
//! before the answer is there, or when the answer was handed over.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, Response};
use okta_runbook::simulator::{Listen, Scenario, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// When the run dies, seen from the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    BeforeTheOrgKnows,
    BeforeTheAnswer,
    AfterTheAnswer,
    /// It lives on, and the connection is cut before the answer.
    OfTheConnection,
}

struct Proxy {
    org: String,
    http: reqwest::Client,
    writes: AtomicUsize,
    /// Writes that the org answered with success.
    carried_out: AtomicUsize,
    /// Number of the write, from 0, and what happens at it.
    plan: Mutex<Option<(usize, Death)>>,
    child: Mutex<Option<Child>>,
}

impl Proxy {
    fn kill(&self) {
        if let Some(child) = self.child.lock().unwrap().as_mut() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    async fn forward(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response<Body> {
        let mut headers = headers;
        headers.remove("host");
        let is_write = method != Method::GET;
        let answer = self
            .http
            .request(method, format!("{}{path}", self.org))
            .headers(headers)
            .body(body)
            .send()
            .await
            .unwrap();
        if is_write && answer.status().is_success() {
            self.carried_out.fetch_add(1, Ordering::SeqCst);
        }
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer
            .headers()
            .iter()
            .filter(|(name, _)| *name != "transfer-encoding")
        {
            response = response.header(name, value);
        }
        response
            .body(Body::from(answer.bytes().await.unwrap()))
            .unwrap()
    }
}

async fn pass(State(proxy): State<Arc<Proxy>>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = parts
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    let death = if parts.method == Method::GET || path.starts_with("/simulator") {
        None
    } else {
        let number = proxy.writes.fetch_add(1, Ordering::SeqCst);
        let mut plan = proxy.plan.lock().unwrap();
        match *plan {
            Some((planned, death)) if planned == number => {
                *plan = None;
                Some(death)
            }
            _ => None,
        }
    };
    if death == Some(Death::BeforeTheOrgKnows) {
        proxy.kill();
        return Response::builder().status(503).body(Body::empty()).unwrap();
    }
    // To its end, though the caller may die meanwhile: what the org was sent counts.
    let forwarding = Arc::clone(&proxy);
    let forward = async move {
        forwarding
            .forward(parts.method, &path, parts.headers, body)
            .await
    };
    let response = tokio::spawn(forward).await.unwrap();
    match death {
        Some(Death::BeforeTheAnswer) => proxy.kill(),
        Some(Death::AfterTheAnswer) => {
            let proxy = Arc::clone(&proxy);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(15)).await;
                proxy.kill();
            });
        }
        // A body shorter than promised: the client sees the connection cut.
        Some(Death::OfTheConnection) => {
            let cut = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
            return Response::builder()
                .status(200)
                .header("content-length", "1000")
                .body(Body::from_stream(cut))
                .unwrap();
        }
        _ => {}
    }
    response
}

/// A simulated org behind a proxy, and a workspace.
struct World {
    runtime: Runtime,
    proxy: Arc<Proxy>,
    url: String,
    token: String,
    folder: tempfile::TempDir,
    password: String,
    _simulator: Simulator,
}

impl World {
    fn new(options: &Value) -> Self {
        let runtime = Runtime::new().unwrap();
        let simulator = runtime
            .block_on(Simulator::start(Scenario::built_in(), Listen::Anywhere))
            .unwrap();
        let org = &simulator.orgs()[0];
        let directory = &simulator.directories()[0];
        let folder = tempfile::tempdir().unwrap();
        let profile = format!(
            "[directories.\"{}\"]\nurl = \"{}\"\nbind_dn = \"{}\"\npassword = {{ env = \"LDAP_PASSWORD\" }}\nbase = \"{}\"\n",
            directory.domain, directory.url, directory.bind_dn, directory.base
        );
        std::fs::write(folder.path().join("okta-runbook.toml"), profile).unwrap();
        let proxy = Arc::new(Proxy {
            org: org.url.clone(),
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
        let world = Self {
            token: org.token.expose_secret().to_owned(),
            password: directory.password.expose_secret().to_owned(),
            runtime,
            proxy,
            url,
            folder,
            _simulator: simulator,
        };
        world.control("PATCH", "options", options);
        world
    }

    fn control(&self, method: &str, what: &str, body: &Value) -> Value {
        let url = format!("{}/simulator/{what}", self.proxy.org);
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
            .env("OKTA_CLIENT_ORGURL", &self.url)
            .env("OKTA_CLIENT_TOKEN", &self.token)
            .env("LDAP_PASSWORD", &self.password)
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

    /// The org and its directory, without what goes on by itself.
    fn state(&self) -> Value {
        let mut state = self.control("GET", "state", &Value::Null);
        forget(&mut state);
        state
    }

    fn carried_out(&self) -> usize {
        self.proxy.carried_out.load(Ordering::SeqCst)
    }
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

fn quick() -> Value {
    json!({ "limits": { "enabled": false }, "jobDelayMs": 20 })
}

/// An uninterrupted run: the state it leaves, and the number of its writes.
fn uninterrupted() -> (Value, usize) {
    let world = World::new(&quick());
    assert!(world.run(RUN, None));
    (world.state(), world.carried_out())
}

fn dies_and_goes_on(number: usize, death: Death, expected: &(Value, usize)) {
    let world = World::new(&quick());
    let ended = world.run(RUN, Some((number, death)));
    let name = format!("write {number}, {death:?}");
    if !ended {
        let run = world.newest();
        let (code, text) = world.output(&["resume", &run, "--yes", "--attest", "all"]);
        assert_eq!(code, Some(0), "{name}: {text}");
        let (code, text) = world.output(&["runs", "verify", &run]);
        assert_eq!(code, Some(0), "{name}: {text}");
    }
    assert_eq!(world.carried_out(), expected.1, "{name}: each write once");
    assert_eq!(world.state(), expected.0, "{name}");
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

fn at_every_write(death: Death) {
    let expected = uninterrupted();
    assert!(expected.1 >= 8, "{}", expected.1);
    for_each_write(expected.1, |number| {
        dies_and_goes_on(number, death, &expected);
    });
}

#[test]
fn a_run_killed_before_the_org_knows_goes_on() {
    at_every_write(Death::BeforeTheOrgKnows);
}

#[test]
fn a_run_killed_before_the_answer_goes_on() {
    at_every_write(Death::BeforeTheAnswer);
}

#[test]
fn a_run_killed_after_the_answer_goes_on() {
    at_every_write(Death::AfterTheAnswer);
}

#[test]
fn a_lost_answer_is_settled_within_the_run() {
    at_every_write(Death::OfTheConnection);
}

#[test]
fn an_undone_run_leaves_no_trace() {
    let world = World::new(&quick());
    let seed = world.state();
    assert!(world.run(RUN, None));
    assert!(world.run(&["undo", &world.newest(), "--yes"], None));
    assert_eq!(world.state(), seed);
}

#[test]
fn an_undo_killed_at_any_write_goes_on() {
    let seed = World::new(&quick()).state();
    for_each_write(uninterrupted().1, |number| {
        let world = World::new(&quick());
        assert!(world.run(RUN, None));
        let run = world.newest();
        assert!(!world.run(
            &["undo", &run, "--yes"],
            Some((number, Death::BeforeTheAnswer))
        ));
        let undo = world.newest();
        let (code, text) = world.output(&["resume", &undo, "--yes"]);
        assert_eq!(code, Some(0), "{number}: {text}");
        assert_eq!(world.state(), seed, "{number}");
    });
}

#[test]
fn a_run_that_died_can_be_undone() {
    let seed = World::new(&quick()).state();
    for_each_write(uninterrupted().1, |number| {
        let world = World::new(&quick());
        assert!(!world.run(RUN, Some((number, Death::BeforeTheAnswer))));
        let (code, text) = world.output(&["undo", &world.newest(), "--yes"]);
        assert_eq!(code, Some(0), "{number}: {text}");
        assert_eq!(world.state(), seed, "{number}");
    });
}

#[test]
fn an_undo_can_be_undone_but_for_what_it_deleted() {
    let world = World::new(&quick());
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
    let world = World::new(&quick());
    assert!(world.run(RUN, None));
    let run = world.newest();
    let state = world.control("GET", "state", &Value::Null);
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
    let request = world
        .proxy
        .http
        .put(path)
        .header("Authorization", format!("SSWS {}", world.token))
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
    let world = World::new(&quick());
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
    assert_eq!((world.state(), world.carried_out()), uninterrupted());
}

#[test]
fn a_changed_runbook_is_refused_with_what_was_changed() {
    let world = World::new(&quick());
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
    let world = World::new(&json!({ "limits": { "enabled": false }, "latencyMs": 300 }));
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
