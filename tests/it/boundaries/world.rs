//! Simulated orgs behind a proxy, a workspace, and the runs in it.

use std::ffi::OsStr;
use std::io::{Read as _, Seek as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use okta_runbook::simulator::{ListenAddress, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::picture;
use super::procedures::Procedure;
use super::proxy::{Death, Proxy, Spoiled};

/// The orgs of a procedure, after what comes before it.
pub(super) struct World {
    pub(super) runtime: Runtime,
    pub(super) proxy: Arc<Proxy>,
    pub(super) folder: tempfile::TempDir,
    pub(super) procedure: &'static Procedure,
    pub(super) simulator: Simulator,
    /// Of the proxies, by org.
    urls: Vec<String>,
    /// For the commands: secrets.
    environment: Vec<(String, String)>,
    /// Seconds after which a client gives up; the product's own when there are none.
    pub(super) request_timeout: Option<u64>,
    /// The newest run of what comes before the procedure.
    staged: Option<String>,
}

/// How a process ended.
pub(super) struct Ended {
    /// `None` when it was killed.
    pub(super) code: Option<i32>,
    /// What it printed.
    pub(super) text: String,
}

impl Ended {
    pub(super) fn well(&self) -> bool {
        self.code == Some(0)
    }
}

/// What happens to a process.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    Nothing,
    Dies(usize, Death),
    /// It dies after so much time, wherever it is then.
    DiesAfter(Duration),
    /// The same after it has sent so many writes.
    DiesAfterWrites(usize, Duration),
    Spoiled(Spoiled),
}

pub(super) const BINARY: &str = env!("CARGO_BIN_EXE_okta-runbook");

impl World {
    pub(super) fn new(procedure: &'static Procedure) -> Self {
        let runtime = Runtime::new().unwrap();
        let scenario = (procedure.scenario)();
        let simulator = runtime.block_on(Simulator::start(scenario, ListenAddress::Anywhere)).unwrap();
        let proxy = Arc::new(Proxy::default());
        let address = |org: &okta_runbook::simulator::OrgAddress| {
            let address: SocketAddr = runtime.block_on(proxy.before(&org.url));
            format!("http://{address}")
        };
        let urls: Vec<String> = simulator.orgs().iter().map(address).collect();
        let mut world = Self {
            folder: tempfile::tempdir().unwrap(),
            environment: secrets(&simulator),
            request_timeout: None,
            staged: None,
            runtime,
            proxy,
            procedure,
            simulator,
            urls,
        };
        std::fs::write(world.folder.path().join("okta-runbook.toml"), world.profiles()).unwrap();
        for org in 0..world.urls.len() {
            world.control(org, "PATCH", "options", &quick());
        }
        (procedure.staged)(&world);
        world.staged = world.newest_of_all();
        world.proxy.forget();
        world
    }

    fn profiles(&self) -> String {
        let several = self.urls.iter().filter(|_| self.urls.len() > 1);
        let orgs = self.simulator.orgs().iter().zip(several);
        let orgs = orgs.map(|(org, url)| {
            let name = &org.name;
            format!("[orgs.{name}]\nurl = \"{url}\"\ntoken = {{ env = \"{}_TOKEN\" }}\n", name.to_uppercase())
        });
        let directories = self.simulator.directories().iter().map(|directory| {
            format!(
                "[directories.\"{}\"]\nurl = \"{}\"\nbind_dn = \"{}\"\npassword = {{ env = \"LDAP_PASSWORD\" }}\nbase = \"{}\"\n",
                directory.domain, directory.url, directory.bind_dn, directory.base
            )
        });
        orgs.chain(directories).collect()
    }

    /// A script of one org, run as `run small.rhai`.
    pub(super) fn script(&self, text: &str) {
        let header = "//! Small.\nconst ORGS = #{ okta: \"the org\" };\nconst PARAMS = #{};\nstep(\"Work\");\n";
        let path = self.folder.path().join("small.rhai");
        std::fs::write(path, [header, text].concat()).unwrap();
    }

    /// A request to the org itself.
    fn request(&self, org: usize, method: &str, path: &str, body: &Value) -> Value {
        let address = &self.simulator.orgs()[org];
        let url = format!("{}{path}", address.url);
        let token = format!("SSWS {}", address.token.expose_secret());
        let request = self.proxy.http.request(method.parse().unwrap(), url);
        let request = request.header("Authorization", token);
        let request = if body.is_null() { request.header("Content-Length", "0") } else { request.json(body) };
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap().error_for_status().unwrap();
            answer.json().await.unwrap_or_default()
        })
    }

    pub(super) fn control(&self, org: usize, method: &str, what: &str, body: &Value) -> Value {
        self.request(org, method, &format!("/simulator/{what}"), body)
    }

    pub(super) fn post(&self, org: usize, path: &str, body: &Value) -> Value {
        self.request(org, "POST", path, body)
    }

    pub(super) fn put(&self, org: usize, path: &str) -> Value {
        self.request(org, "PUT", path, &Value::Null)
    }

    /// Id of the first thing of a kind whose JSON has this text.
    pub(super) fn id(&self, org: usize, kind: &str, text: &str) -> String {
        let state = self.control(org, "GET", "state", &Value::Null);
        let mut things = state[kind].as_object().unwrap().iter();
        let found = things.find(|(_, thing)| thing.to_string().contains(text));
        found.unwrap_or_else(|| panic!("no {text}")).0.clone()
    }

    /// The Org2Org app of the spoke.
    pub(super) fn app(&self) -> String {
        self.id(0, "apps", "okta_org2org")
    }

    /// "Import Now".
    pub(super) fn import(&self) {
        self.control(0, "POST", "import", &json!({"app": self.app()}));
        self.settle();
    }

    /// Waits until the queues of all orgs are empty.
    pub(super) fn settle(&self) {
        let idle = |org| self.control(org, "GET", "state", &Value::Null)["jobs"] == 0;
        while !(0..self.urls.len()).all(idle) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn connect(&self) {
        self.succeeds(&[
            "run",
            "org2org/configure_provisioning",
            "--yes",
            "--org",
            "spoke=spoke",
            "--org",
            "hub=hub",
            "-p",
            "hub_token=env:GIVEN_TOKEN",
        ]);
    }

    pub(super) fn assign(&self, users: &str) {
        self.succeeds(&[
            "run",
            "org2org/assign_users",
            "--yes",
            "--org",
            "spoke=spoke",
            "--org",
            "hub=hub",
            "-p",
            users,
        ]);
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(BINARY, arguments)
    }

    /// The same of the binary at another place.
    pub(super) fn command_of(&self, binary: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("OKTA_RUNBOOK_LIST_LAG", "1s")
            .env("HOME", self.folder.path())
            .env("ANSWER", "a \"very\" good dog")
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(seconds) = self.request_timeout {
            command.env("OKTA_CLIENT_REQUESTTIMEOUT", seconds.to_string());
        }
        if self.urls.len() == 1 {
            let token = self.simulator.orgs()[0].token.expose_secret();
            command.env("OKTA_CLIENT_ORGURL", &self.urls[0]).env("OKTA_CLIENT_TOKEN", token);
        }
        command
    }

    /// Runs the procedure until the end or the planned death; `true` when it ended by itself with success.
    pub(super) fn run(&self, plan: Option<(usize, Death)>) -> bool {
        self.runs(self.procedure.arguments, plan)
    }

    /// The same with other arguments.
    pub(super) fn runs(&self, arguments: &[&str], plan: Option<(usize, Death)>) -> bool {
        self.proxy.plan(plan);
        let mut command = self.command(arguments);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.proxy.watch(child.unwrap())
    }

    /// Starts a process, and waits for its end. What it sent has arrived then.
    pub(super) fn ends(&self, arguments: &[&str], fate: Fate) -> Ended {
        let (writes, limit) = match fate {
            Fate::DiesAfter(limit) => (0, Some(limit)),
            Fate::DiesAfterWrites(writes, limit) => (writes, Some(limit)),
            _ => (0, None),
        };
        match fate {
            Fate::Dies(number, death) => self.proxy.plan(Some((number, death))),
            Fate::Spoiled(spoiled) => self.proxy.spoil(spoiled),
            Fate::Nothing | Fate::DiesAfter(_) | Fate::DiesAfterWrites(..) => self.proxy.plan(None),
        }
        // A pipe would be full one day, since nobody reads until the end.
        let mut printed = tempfile::tempfile().unwrap();
        let mut command = self.command(arguments);
        command.stdin(Stdio::null());
        command.stdout(printed.try_clone().unwrap());
        command.stderr(printed.try_clone().unwrap());
        let status = self.proxy.watch_until(command.spawn().unwrap(), writes, limit);
        let mut bytes = Vec::new();
        printed.rewind().unwrap();
        printed.read_to_end(&mut bytes).unwrap();
        Ended { code: status.code(), text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub(super) fn output(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&text).into_owned())
    }

    #[track_caller]
    pub(super) fn succeeds(&self, arguments: &[&str]) {
        let (code, text) = self.output(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {text}");
    }

    /// Takes up the newest run, which must end well.
    #[track_caller]
    pub(super) fn resumes(&self, name: &str) {
        let run = self.newest();
        let (code, text) = self.output(&self.resuming(&run));
        assert_eq!(code, Some(0), "{name}: {text}");
        let (code, text) = self.output(&["runs", "verify", &run]);
        assert_eq!(code, Some(0), "{name}: {text}");
    }

    /// What takes up a run of the procedure, with the parameters that no journal keeps.
    pub(super) fn resuming<'a>(&self, run: &'a str) -> Vec<&'a str> {
        let mut arguments = vec!["resume", run, "--yes", "--attest", "all"];
        for secret in self.procedure.secrets {
            arguments.extend(["-p", secret]);
        }
        arguments
    }

    /// Takes the newest run back, which must leave nothing.
    #[track_caller]
    pub(super) fn undoes(&self, name: &str) {
        (self.procedure.by_hand)(self, false);
        let (code, text) = self.output(&["undo", &self.newest(), "--yes"]);
        assert_eq!(code, Some(0), "{name}: {text}");
        (self.procedure.by_hand)(self, true);
    }

    pub(super) fn newest(&self) -> String {
        self.newest_of_all().unwrap()
    }

    /// The newest run since the procedure is at hand; `None` when a process died before it was in the journal.
    pub(super) fn newest_of_procedure(&self) -> Option<String> {
        self.newest_of_all().filter(|run| self.staged.as_ref() != Some(run))
    }

    fn newest_of_all(&self) -> Option<String> {
        let runs = serde_json::from_str::<Value>(&self.output(&["runs", "--output", "json"]).1);
        Some(runs.ok()?[0]["run"].as_str()?.to_owned())
    }

    /// The orgs and their directories, without what goes on by itself.
    pub(super) fn state(&self) -> Value {
        self.settle();
        let state = |org| picture::of(self.control(org, "GET", "state", &Value::Null));
        (0..self.urls.len()).map(state).collect()
    }

    /// With the names of the variables that hold them.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &(String, String)> {
        self.environment.iter()
    }

    pub(super) fn carried_out(&self) -> usize {
        self.proxy.carried_out()
    }
}

fn secrets(simulator: &Simulator) -> Vec<(String, String)> {
    let orgs = simulator.orgs().iter();
    let mut secrets: Vec<(String, String)> = orgs
        .map(|org| {
            let token = org.token.expose_secret().to_owned();
            (format!("{}_TOKEN", org.name.to_uppercase()), token)
        })
        .collect();
    if let Some(hub) = simulator.orgs().get(1) {
        let token = hub.token.expose_secret().to_owned();
        secrets.push(("GIVEN_TOKEN".to_owned(), token));
    }
    let directories = simulator.directories().iter();
    secrets.extend(directories.map(|directory| {
        let password = directory.password.expose_secret().to_owned();
        ("LDAP_PASSWORD".to_owned(), password)
    }));
    secrets
}

fn quick() -> Value {
    json!({ "limits": { "enabled": false }, "jobDelayMs": 20 })
}
