//! What the tests play on: a simulated org and its directory served on loopback, a folder to run in, and the binary.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use okta_runbook::simulator::{ListenAddress, ScenarioSpec, Simulator};
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// The OU in which the contractors are at the start.
pub(crate) const FROM: &str = "OU=User-Contractor,DC=corp,DC=example";
/// The OU to which they are moved.
pub(crate) const TO: &str = "OU=Users,DC=corp,DC=example";
pub(crate) const FROM_GROUP: &str = "AD User-Contractor";
pub(crate) const TO_GROUP: &str = "AD Users";
/// The first of the contractors that the simulator makes.
pub(crate) const ADA: &str = "ada.novak@corp.example";
pub(crate) const BEN: &str = "ben.okafor@corp.example";

const RUNBOOK: &str = "ad/move_user_to_ou";

/// A command of the product in `folder`, with nothing of the caller's environment that it would read.
pub(crate) fn okta_runbook(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("okta-runbook"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("OKTA_") || name.starts_with("XDG_") || name.ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .env("HOME", folder)
        // Proves nothing, and is read nowhere.
        .env("USER", "impostor")
        // Simulated lists show at once what was created, unless a test says otherwise.
        .env("OKTA_RUNBOOK_LIST_LAG", "1s")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// A client of simulated orgs, which have no TLS: the machine's root certificates take long to read.
pub(crate) fn http_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

/// User and host as the operating system names them: `jo on laptop`.
pub(crate) fn system_actor() -> String {
    let told = |command: &str, arguments: &[&str]| {
        let output = Command::new(command).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    format!("{} on {}", told("id", &["-un"]), told("hostname", &[]))
}

/// Says that the test of this thread is left out, for want of what `why` names. Where all must be there it fails.
pub(crate) fn left_out(why: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let told = format!("left out: {test}: {why}\n");
    assert!(std::env::var_os("CI_REQUIRED").is_none(), "{told}");
    // Past the capture of tests that pass.
    std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).unwrap();
}

/// Whether a directory is configured for a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Directory {
    Configured,
    Absent,
}

/// A simulated org `okta` and the directory `corp.example`.
pub(crate) struct Stage {
    runtime: tokio::runtime::Runtime,
    simulator: Simulator,
    client: reqwest::Client,
    folder: tempfile::TempDir,
}

/// An account as the directory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) dn: String,
    pub(crate) guid: String,
    pub(crate) enabled: bool,
}

impl Stage {
    /// Keys of a scenario file; what is left out is the built-in scenario's.
    pub(crate) fn of(scenario: &Value) -> Self {
        let scenario = ScenarioSpec::parse("the test", &scenario.to_string()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let simulator = runtime.block_on(Simulator::start(scenario, ListenAddress::Anywhere)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let stage = Self { runtime, simulator, client: http_client(), folder };
        let profile = stage.profile();
        stage.write("okta-runbook.toml", &profile);
        stage
    }

    /// Three contractors in the OU `FROM`, jobs without delay; `options` are merged into the org's.
    pub(crate) fn contractors(options: &Value) -> Self {
        let stage = Self::of(&json!({"contractors": 3}));
        stage.options(&json!({"limits": {"enabled": false}, "jobDelayMs": 0, "agentTimeoutMs": 200}));
        stage.options(options);
        stage
    }

    fn profile(&self) -> String {
        let directory = &self.simulator.directories()[0];
        format!(
            "[directories.\"{}\"]\nurl = \"{}\"\nbind_dn = \"{}\"\npassword = {{ env = \"AD_PASSWORD\" }}\nbase = \"{}\"\n",
            directory.domain, directory.url, directory.bind_dn, directory.base
        )
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A file that only its owner can read.
    pub(crate) fn write_secret(&self, name: &str, text: &str) {
        self.write(name, text);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(self.folder().join(name), mode).unwrap();
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.simulator.orgs()[0].url
    }

    pub(crate) fn token(&self) -> &str {
        self.simulator.orgs()[0].token.expose_secret()
    }

    /// URL and token of an org by its name.
    pub(crate) fn org(&self, name: &str) -> (&str, &str) {
        let orgs = self.simulator.orgs();
        let org = orgs.iter().find(|org| org.name == name).unwrap();
        (&org.url, org.token.expose_secret())
    }

    pub(crate) fn password(&self) -> &str {
        self.simulator.directories()[0].password.expose_secret()
    }

    pub(crate) fn directory(&self) -> &okta_runbook::simulator::DirectoryAddress {
        &self.simulator.directories()[0]
    }

    /// The product as an admin has it set up: the org by Okta's variables, the directory by the profile file.
    pub(crate) fn command(&self) -> Command {
        let mut command = okta_runbook(self.folder());
        command
            .env("OKTA_CLIENT_ORGURL", self.url())
            .env("OKTA_CLIENT_TOKEN", self.token())
            .env("AD_PASSWORD", self.password());
        command
    }

    /// Contractors in an org with one OIDC client of these keys, which is the service app unless they say otherwise.
    pub(crate) fn with_client(client: &Value) -> Self {
        let stage = Self::of(&json!({
            "directories": [{"domain": "corp.example", "organizationalUnits": ["User-Contractor", "Users"]}],
            "orgs": [{
                "name": "okta",
                "apps": [{"activeDirectory": "corp.example"}],
                "clients": [client],
            }],
            "contractors": 3,
        }));
        stage.options(&json!({"limits": {"enabled": false}, "jobDelayMs": 0, "agentTimeoutMs": 200}));
        stage
    }

    /// Client id and private key of the org's service app.
    pub(crate) fn service_app(&self) -> (&str, &str) {
        self.service_app_of(&self.simulator.orgs()[0].name)
    }

    /// The same of the org of this name.
    pub(crate) fn service_app_of(&self, org: &str) -> (&str, &str) {
        let mut orgs = self.simulator.orgs().iter();
        let org = orgs.find(|it| it.name == org).unwrap();
        let app = org.service_app.as_ref().unwrap();
        (&app.client_id, app.private_key().unwrap().expose_secret())
    }

    /// Profiles that sign in by the service apps of these orgs.
    pub(crate) fn write_profiles_by_key(&self, names: &[&str]) {
        let profile = |name: &&str| {
            let (client_id, key) = self.service_app_of(name);
            self.write_secret(&format!("{name}.pem"), key);
            let url = self.org(name).0;
            format!(
                "[orgs.{name}]\nurl = \"{url}\"\nclient_id = \"{client_id}\"\nprivate_key = {{ file = \"{name}.pem\" }}\n"
            )
        };
        let profiles: String = names.iter().map(profile).collect();
        self.write("okta-runbook.toml", &profiles);
    }

    /// Signs a command in by the private key of the org's service app instead of a token.
    pub(crate) fn by_key(&self, mut command: Command) -> Command {
        let (client_id, key) = self.service_app();
        command
            .env_remove("OKTA_CLIENT_TOKEN")
            .env("OKTA_CLIENT_AUTHORIZATIONMODE", "PrivateKey")
            .env("OKTA_CLIENT_CLIENTID", client_id)
            .env("OKTA_CLIENT_PRIVATEKEY", key);
        command
    }

    /// `run ad/move_user_to_ou` for Ada with all parameters; `more` comes last.
    pub(crate) fn moving(&self, more: &[&str]) -> Command {
        let mut command = self.command();
        command.args(["run", RUNBOOK, "--output", "json"]);
        let names: BTreeSet<&str> =
            more.iter().filter_map(|given| given.split_once('=').map(|(name, _)| name)).collect();
        for (name, value) in [
            ("users", ADA),
            ("directory", "corp.example"),
            ("from_group", FROM_GROUP),
            ("from_ou", FROM),
            ("to_group", TO_GROUP),
            ("to_ou", TO),
        ] {
            if !names.contains(name) {
                command.args(["--param", &format!("{name}={value}")]);
            }
        }
        for given in more {
            // NAME=VALUE is short for a parameter.
            if given.starts_with('-') || !given.contains('=') {
                command.arg(given);
            } else {
                command.args(["--param", given]);
            }
        }
        command
    }

    /// Moves with consent to everything.
    pub(crate) fn move_users(&self, more: &[&str]) -> Ran {
        let mut all = vec!["--yes", "--attest", "all"];
        all.extend(more);
        Ran::of(self.moving(&all).output().unwrap())
    }

    /// The same; `act` is given each event as it is told, while the run goes on.
    pub(crate) fn move_while(&self, more: &[&str], act: impl FnMut(&Value)) -> Ran {
        let mut all = vec!["--yes", "--attest", "all"];
        all.extend(more);
        watched(&mut self.moving(&all), act)
    }

    /// A request with the org's token: status and body.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let org = (self.url(), self.token());
        self.send_to(org, method, path, body)
    }

    /// A request to the org of this URL and token: status and body.
    pub(crate) fn send_to(&self, (url, token): (&str, &str), method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.runtime.block_on(async {
            let mut request = self
                .client
                .request(method.parse().unwrap(), format!("{url}{path}"))
                .header("Authorization", format!("SSWS {token}"));
            request = if body.is_null() { request.header("Content-Length", "0") } else { request.json(body) };
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let text = response.text().await.unwrap();
            (status, serde_json::from_str(&text).unwrap_or_default())
        })
    }

    /// A request that must succeed.
    pub(crate) fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.done("GET", path, &Value::Null)
    }

    pub(crate) fn options(&self, patch: &Value) {
        self.done("PATCH", "/simulator/options", patch);
    }

    pub(crate) fn fault(&self, fault: &Value) {
        self.done("POST", "/simulator/faults", fault);
    }

    /// Something done by hand in the directory.
    pub(crate) fn deed(&self, deed: &Value) {
        self.done("POST", "/simulator/directories/corp.example", deed);
    }

    pub(crate) fn state(&self) -> Value {
        self.get("/simulator/state")
    }

    /// Id of the AD instance.
    pub(crate) fn app(&self) -> String {
        let apps = self.get("/api/v1/apps?filter=name%20eq%20%22active_directory%22");
        apps[0]["id"].as_str().unwrap().to_owned()
    }

    /// What no API shows of the AD instance.
    pub(crate) fn instance(&self, patch: &Value) {
        self.done("PATCH", &format!("/simulator/apps/{}", self.app()), patch);
    }

    /// Makes a group that provisions to `unit`; gives its id.
    pub(crate) fn provisioning_group(&self, name: &str, unit: &str, priority: u32) -> String {
        let group = self.group(name);
        let body = json!({"priority": priority, "profile": {"organizationalUnit": unit}});
        let path = format!("/api/v1/apps/{}/groups/{group}", self.app());
        self.done("PUT", &path, &body);
        group
    }

    pub(crate) fn group(&self, name: &str) -> String {
        let group = self.done("POST", "/api/v1/groups", &json!({"profile": {"name": name}}));
        group["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn join(&self, group: &str, login: &str) {
        let path = format!("/api/v1/groups/{group}/users/{}", self.user(login));
        self.done("PUT", &path, &Value::Null);
    }

    /// Id of a user.
    pub(crate) fn user(&self, login: &str) -> String {
        let state = self.state();
        let users = state["users"].as_object().unwrap();
        let found = users.iter().find(|(_, user)| user["login"] == login);
        found.unwrap_or_else(|| panic!("no user {login}")).0.clone()
    }

    /// The app user as the simulator holds it, `null` when there is none.
    pub(crate) fn app_user(&self, login: &str) -> Value {
        let (app, user) = (self.app(), self.user(login));
        self.state()["apps"][app]["users"][user].clone()
    }

    /// Names of the groups that are assigned to the AD instance and have the user, sorted.
    pub(crate) fn provisioning_groups(&self, login: &str) -> Vec<String> {
        let (app, user, state) = (self.app(), self.user(login), self.state());
        let assigned = state["apps"][app]["groups"].as_object().unwrap();
        let groups = state["groups"].as_object().unwrap();
        let mut names: Vec<String> = groups
            .iter()
            .filter(|(id, _)| assigned.contains_key(*id))
            .filter(|(_, group)| group["members"].as_array().unwrap().contains(&json!(user)))
            .map(|(_, group)| group["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    /// The account of this `userPrincipalName`, `None` when the directory has none.
    pub(crate) fn account(&self, name: &str) -> Option<Account> {
        let directory = self.get("/simulator/directories/corp.example");
        let accounts = directory["accounts"].as_array().unwrap();
        let found = accounts.iter().find(|account| account["userPrincipalName"] == name)?;
        let text = |key: &str| found[key].as_str().unwrap().to_owned();
        Some(Account { dn: text("dn"), guid: text("guid"), enabled: found["enabled"] == true })
    }

    /// Calls other than GET that the org was sent, whatever the answer.
    pub(crate) fn calls_that_write(&self) -> u64 {
        self.calls(|method| method != "GET")
    }

    /// Calls the org was sent, by the counter of the simulator.
    pub(crate) fn calls(&self, fits: impl Fn(&str) -> bool) -> u64 {
        let counters = self.get("/simulator/requests");
        let routes = counters["routes"].as_object().unwrap();
        let fitting = routes.iter().filter(|(route, _)| fits(route.split(' ').next().unwrap_or_default()));
        fitting.map(|(_, count)| count.as_u64().unwrap()).sum()
    }

    /// Forgets the calls so far: those that set the stage.
    pub(crate) fn forget_calls(&self) {
        self.done("POST", "/simulator/requests/reset", &Value::Null);
    }

    /// Where LDAP finds the account of this `userPrincipalName`.
    fn dns_over_ldap(&self, name: &str) -> Vec<String> {
        let directory = self.directory();
        self.runtime.block_on(async {
            let (connection, mut ldap) = ldap3::LdapConnAsync::new(&directory.url).await.unwrap();
            ldap3::drive!(connection);
            let bound = ldap.simple_bind(&directory.bind_dn, self.password()).await;
            bound.unwrap().success().unwrap();
            let filter = format!("(userPrincipalName={name})");
            let found = ldap.search(&directory.base, ldap3::Scope::Subtree, &filter, vec!["cn"]).await;
            let (entries, _) = found.unwrap().success().unwrap();
            let names = entries.into_iter().map(|entry| ldap3::SearchEntry::construct(entry).dn);
            names.collect()
        })
    }

    /// What holds whatever happened: the account is enabled and in one of the two OUs, the user has a provisioning group or is as he was.
    pub(crate) fn assert_safe(&self, login: &str, ran: &Ran) {
        let account = self.account(login).unwrap_or_else(|| panic!("{login} has no account\n{ran}"));
        assert!(account.enabled, "{login} is disabled\n{ran}");
        assert!([FROM, TO].iter().any(|unit| account.dn.ends_with(&format!(",{unit}"))), "{account:?}\n{ran}");
        let held = self.app_user(login);
        assert!(!held.is_null(), "{login} lost his assignment\n{ran}");
        if held["scope"] == "GROUP" {
            let groups = self.provisioning_groups(login);
            assert!(!groups.is_empty(), "{login} has no provisioning group\n{ran}");
        }
    }

    /// The user is where the run should have brought him, in Okta's groups and in the directory.
    pub(crate) fn assert_moved(&self, login: &str, ran: &Ran) {
        let account = self.account(login).unwrap();
        assert!(account.dn.ends_with(&format!(",{TO}")), "{account:?}\n{ran}");
        assert!(account.enabled, "{account:?}\n{ran}");
        assert_eq!(self.dns_over_ldap(login), [account.dn], "{login}\n{ran}");
        assert_eq!(self.provisioning_groups(login), [TO_GROUP], "{login}\n{ran}");
        assert_eq!(self.app_user(login)["scope"], "GROUP", "{login}\n{ran}");
    }
}

/// A finished command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn command(command: &mut Command) -> Self {
        Self::of(command.output().unwrap())
    }

    /// The lines of JSON output.
    pub(crate) fn events(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(read).collect()
    }

    pub(crate) fn events_of(&self, kind: &str) -> Vec<Value> {
        let mut events = self.events();
        events.retain(|event| event["event"] == kind);
        events
    }

    /// The last event, which must be the outcome.
    pub(crate) fn outcome(&self) -> Value {
        let last = self.events().pop().unwrap_or_default();
        assert_eq!(last["event"], "outcome", "{self}");
        last
    }

    /// Everything it said.
    pub(crate) fn said(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Outcomes of the items: `succeeded`, `unchanged`, `failed`, in the order of their keys.
    pub(crate) fn items(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut items: Vec<_> =
            self.events_of("item").iter().map(|item| (text(&item["key"]), text(&item["outcome"]))).collect();
        items.sort();
        items
    }

    /// Messages of the items that failed, each after its key, and of the run.
    pub(crate) fn messages(&self) -> String {
        let items = self.events_of("item");
        let failed = items.iter().filter(|item| item["outcome"] == "failed");
        let mut all: Vec<String> = failed.map(|item| format!("{}: {}", item["key"], item["message"])).collect();
        all.push(self.stderr.clone());
        all.join("\n")
    }

    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> &Self {
        let said = self.said();
        for word in words {
            assert!(said.contains(word), "{word:?} is not said:\n{self}");
        }
        self
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, stdout, stderr } = self;
        writeln!(f, "exit code {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// Runs a command; `act` is given each line of its output, which is JSON, as it comes.
pub(crate) fn watched(command: &mut Command, mut act: impl FnMut(&Value)) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        act(&serde_json::from_str(&line).unwrap_or_default());
        stdout.push_str(&line);
        stdout.push('\n');
    }
    let mut ran = Ran::of(child.wait_with_output().unwrap());
    ran.stdout = stdout;
    ran
}

/// Runs a command at a pseudo-terminal of 120 columns, in the command's folder and environment.
pub(crate) fn at_terminal(command: &Command) -> PtySession {
    let mut terminal = Command::new("sh");
    terminal.args(["-c", "stty cols 120 rows 40; exec \"$@\"", "sh"]);
    terminal.arg(command.get_program()).args(command.get_args());
    terminal.env("TERM", "xterm-256color");
    if let Some(folder) = command.get_current_dir() {
        terminal.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => terminal.env(name, value),
            None => terminal.env_remove(name),
        };
    }
    spawn_with_options(terminal, Options::new().timeout_ms(Some(20_000))).unwrap()
}
