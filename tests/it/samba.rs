//! A real Active Directory (Samba's) behind the simulator's agent: what is moved is really moved, and what such a server refuses is
//! told by the runbook.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::stage::{ADA, BEN, FROM, FROM_GROUP, Ran, TO, TO_GROUP, left_out, okta_runbook, watched};

const ADMIN_PASSWORD: &str = "Passw0rd!of-the-test";
const SERVICE_PASSWORD: &str = "Svc-Passw0rd!of-the-test";
const SERVICE: &str = "svc-okta@corp.example";
const BASE: &str = "DC=corp,DC=example";
/// In milliseconds.
const HOUR: u64 = 3_600_000;

/// A domain of its own; its server stops with the value.
struct Domain {
    folder: tempfile::TempDir,
    ip: String,
    server: Option<Child>,
}

/// Runs by its own on loopback, where ports 389 and 636 are fixed: every test has an address of its own, 127.0.20.`number`.
fn domain(number: u8) -> Option<Domain> {
    let there = ["/usr/sbin/samba", "/usr/bin/ldapsearch"].iter().all(|tool| Path::new(tool).exists());
    let root = Command::new("id").arg("-u").output();
    let root = root.is_ok_and(|output| output.stdout == b"0\n");
    if !(there && root) {
        left_out("Samba's domain controller needs root, and the packages of .ci/run");
        return None;
    }
    let mut domain = Domain { folder: tempfile::tempdir().unwrap(), ip: format!("127.0.20.{number}"), server: None };
    domain.starts();
    Some(domain)
}

impl Domain {
    fn starts(&mut self) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let server = Command::new(root.join("tests/samba/start.sh"))
            .arg(root.join("target/samba/seed"))
            .arg(self.folder.path().join("samba"))
            .arg(&self.ip)
            .env("AD_ADMIN_PASSWORD", ADMIN_PASSWORD)
            .env("AD_SERVICE_PASSWORD", SERVICE_PASSWORD)
            .stdin(Stdio::null())
            .spawn();
        self.server = Some(server.unwrap());
        let address: SocketAddr = format!("{}:636", self.ip).parse().unwrap();
        let patience = Instant::now() + Duration::from_secs(90);
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < patience, "no server at {address}");
            let ended = self.server.as_mut().unwrap().try_wait().unwrap();
            assert_eq!(ended, None, "the server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn stops(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("samba/tls/ca.pem")
    }

    /// A tool of `OpenLDAP`, as the domain's administrator.
    fn tool(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        command.env("LDAPTLS_CACERT", self.ca()).args(["-H", &format!("ldaps://{}", self.ip)]).args([
            "-x",
            "-D",
            "administrator@corp.example",
            "-w",
            ADMIN_PASSWORD,
        ]);
        command
    }

    /// Attributes of the account of this `userPrincipalName` by their names, `dn` among them.
    fn account(&self, name: &str) -> Value {
        let mut search = self.tool("ldapsearch");
        search.args(["-LLL", "-o", "ldif-wrap=no", "-b", BASE]);
        search.arg(format!("(userPrincipalName={name})"));
        search.args(["objectGUID", "userAccountControl"]);
        let ran = Ran::command(&mut search);
        let pairs = ran.stdout.lines().filter(|line| !line.starts_with('#'));
        let pairs = pairs.filter_map(|line| line.split_once(": "));
        pairs.map(|(name, value)| (name.trim_end_matches(':').to_owned(), json!(value))).collect()
    }

    /// Applies changes in LDIF, by hand as it were.
    fn change(&self, ldif: &str) {
        let file = self.folder.path().join("change.ldif");
        std::fs::write(&file, ldif).unwrap();
        let mut modify = self.tool("ldapmodify");
        Ran::command(modify.arg("-f").arg(file)).exits(0);
    }

    /// Jobs of the agent begin at once.
    fn scenario(&self, agent: &str) -> PathBuf {
        self.scenario_with(agent, &json!({}), 0)
    }

    fn scenario_with(&self, agent: &str, outside: &Value, job_delay: u64) -> PathBuf {
        let person =
            |first: &str, last: &str, login: &str| json!({"login": login, "firstName": first, "lastName": last});
        let mut settings = json!({
            "url": format!("ldaps://{}", self.ip), "bindDn": agent, "passwordEnv": "AGENT_PASSWORD", "ca": self.ca(),
        });
        settings.as_object_mut().unwrap().extend(outside.as_object().unwrap().clone());
        let scenario = json!({
            "directories": [{"domain": "corp.example", "outside": settings}],
            "orgs": [{
                "name": "okta",
                "users": [person("Ada", "Novak", ADA), person("Ben", "Okafor", BEN)],
                "apps": [{"activeDirectory": "corp.example", "users": [ADA, BEN]}],
                "options": {"limits": {"enabled": false}, "jobDelayMs": job_delay, "agentTimeoutMs": 500},
            }],
        });
        let path = self.folder.path().join("scenario.json");
        std::fs::write(&path, scenario.to_string()).unwrap();
        path
    }

    /// The shipped runbook on an embedded simulator whose agent works here as `agent`.
    fn moving(&self, agent: &str, to: &str) -> Command {
        let mut command = self.runbook(to);
        command.arg(format!("--simulator={}", self.scenario(agent).display())).env("AGENT_PASSWORD", SERVICE_PASSWORD);
        command
    }

    /// The same on a simulator that is served.
    fn moving_in(&self, served: &Served) -> Command {
        let mut command = self.runbook(TO);
        command
            .args(["--attest", "all"])
            .env("OKTA_CLIENT_ORGURL", served.org["url"].as_str().unwrap())
            .env("OKTA_CLIENT_TOKEN", served.org["token"].as_str().unwrap());
        command
    }

    fn runbook(&self, to: &str) -> Command {
        let mut command = okta_runbook(self.folder.path());
        command.args(["run", "ad/move_user_to_ou", "--yes", "--output", "json"]);
        for (name, value) in [
            ("users", ADA),
            ("directory", "corp.example"),
            ("from_group", FROM_GROUP),
            ("from_ou", FROM),
            ("to_group", TO_GROUP),
            ("to_ou", to),
            ("timeout", "20"),
        ] {
            command.args(["--param", &format!("{name}={value}")]);
        }
        command
    }

    /// Moves; `act` is done when the write that has the agent move the account was answered, and before the agent begins: its job is
    /// due in an hour, to which the org's clock is then advanced.
    fn move_and(&mut self, act: impl Fn(&mut Self)) -> Ran {
        let served = Served::new(self, &self.scenario_with(SERVICE, &json!({}), HOUR));
        let mut command = self.moving_in(&served);
        let mut acted = false;
        let ran = watched(&mut command, |event| {
            let joins = event["step"] == "Join the group of the destination OU";
            if event["event"] == "performed" && joins {
                act(self);
                let hour = json!({"advanceMs": HOUR});
                served.sends("POST", "/simulator/clock", &hour);
                acted = true;
            }
        });
        assert!(acted, "{ran}");
        ran
    }

    fn set_password(&self, account: &str, password: &str) {
        let quoted = format!("\"{password}\"");
        let bytes: Vec<u8> = quoted.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let encoded = STANDARD.encode(bytes);
        self.change(&format!(
            "dn: CN={account},CN=Users,{BASE}\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: {encoded}\n"
        ));
    }

    /// A profile for the run's own look into the directory.
    fn looks_into_it(&self) {
        let profile = format!(
            "[directories.\"corp.example\"]\nurl = \"ldaps://{}\"\nbind_dn = \"{SERVICE}\"\npassword = {{ env = \"AD_PASSWORD\" }}\nca = \"{}\"\n",
            self.ip,
            self.ca().display()
        );
        std::fs::write(self.folder.path().join("okta-runbook.toml"), profile).unwrap();
    }

    fn is_in(&self, name: &str, unit: &str) -> bool {
        let account = self.account(name);
        account["dn"].as_str().unwrap().ends_with(&format!(",{unit}"))
    }
}

impl Drop for Domain {
    fn drop(&mut self) {
        self.stops();
    }
}

fn other_ada(unit: &str) -> String {
    format!(
        "dn: CN=Ada Novak,{unit}\nchangetype: add\nobjectClass: user\ncn: Ada Novak\nsAMAccountName: ada2\nuserAccountControl: 546\n"
    )
}

#[test]
fn an_account_is_moved_and_stays_itself() {
    let Some(domain) = domain(1) else { return };
    let before = domain.account(ADA);
    let ran = Ran::command(&mut domain.moving(SERVICE, TO));
    ran.exits(0);
    let after = domain.account(ADA);
    assert_eq!(after["dn"], json!(format!("CN=Ada Novak,{TO}")), "{ran}");
    assert_eq!(after["objectGUID"], before["objectGUID"]);
    assert_eq!(after["userAccountControl"], before["userAccountControl"]);
    assert!(domain.is_in(BEN, FROM), "{ran}");
    assert!(!ran.said().contains(SERVICE_PASSWORD));
    // The simulated org begins anew with each run, the directory does not: who has arrived has nothing to be moved.
    let again = Ran::command(&mut domain.moving(SERVICE, TO));
    again.exits(0);
    assert_eq!(domain.account(ADA), after);
}

#[test]
fn an_ou_that_is_not_there_stops_the_run_before_it_writes() {
    let Some(domain) = domain(2) else { return };
    let ran = Ran::command(&mut domain.moving(SERVICE, "OU=Nowhere,DC=corp,DC=example"));
    ran.exits(1).says(&["Active Directory does not have OU=Nowhere"]);
    assert_eq!(ran.events_of("performed"), Vec::<Value>::new());
}

#[test]
fn an_ou_that_goes_away_during_the_run_is_told() {
    let Some(mut domain) = domain(3) else { return };
    let ran = domain.move_and(|domain| {
        domain.change(&format!("dn: {TO}\nchangetype: delete\n"));
    });
    ran.exits(1).says(&["There is no such object on the server", "create OU=Users"]);
    assert!(domain.is_in(ADA, FROM), "{ran}");
}

#[test]
fn a_name_that_is_taken_is_told_before_and_during_the_run() {
    let Some(mut domain) = domain(4) else { return };
    let during = domain.move_and(|domain| domain.change(&other_ada(TO)));
    during.exits(1).says(&["The object already exists", "rename or move the other account"]);
    assert!(domain.is_in(ADA, FROM), "{during}");
    let before = Ran::command(&mut domain.moving(SERVICE, TO));
    before.exits(1).says(&["has another account named"]);
    assert_eq!(before.events_of("performed"), Vec::<Value>::new());
}

#[test]
fn missing_rights_of_the_agents_account_are_told() {
    let Some(domain) = domain(5) else { return };
    let locked = Ran::command(&mut domain.moving(SERVICE, "OU=Locked,DC=corp,DC=example"));
    locked.exits(1).says(&["Access Denied", "Create User objects"]);
    assert!(domain.is_in(ADA, FROM), "{locked}");
    let reader = Ran::command(&mut domain.moving("svc-reader@corp.example", TO));
    reader.exits(1).says(&["Access Denied"]);
    assert!(domain.is_in(ADA, FROM), "{reader}");
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let Some(domain) = domain(6) else { return };
    let mut command = domain.moving(SERVICE, TO);
    command.env("AGENT_PASSWORD", "not-this-one");
    let ran = Ran::command(&mut command);
    ran.exits(2).says(&["The supplied credential is invalid"]);
    assert!(!ran.said().contains("not-this-one"), "{ran}");
}

/// The agent signs in anew when its connection broke.
#[test]
fn a_password_of_the_agents_account_that_was_changed_fails_its_job() {
    let Some(mut domain) = domain(9) else { return };
    let ran = domain.move_and(|domain| {
        // The former password is taken for an hour more, the one before it is not.
        for password in ["Another-Passw0rd!", "And-An0ther-one!"] {
            domain.set_password("svc-okta", password);
        }
        domain.stops();
        domain.starts();
    });
    ran.exits(1).says(&["The supplied credential is invalid", ADA]);
    assert!(domain.is_in(ADA, FROM), "{ran}");
}

#[test]
fn a_wrong_password_of_the_runs_own_look_stops_it_before_it_writes() {
    let Some(domain) = domain(10) else { return };
    let served = Served::new(&domain, &domain.scenario(SERVICE));
    domain.looks_into_it();
    let with = |password: &str| {
        let mut command = domain.moving_in(&served);
        Ran::command(command.env("AD_PASSWORD", password))
    };
    let wrong = with("not-this-one");
    wrong.exits(1).says(&["invalid credentials", "password is wrong"]);
    assert!(!wrong.said().contains("not-this-one"), "{wrong}");
    assert_eq!(wrong.events_of("performed"), Vec::<Value>::new());
    with(SERVICE_PASSWORD).exits(0);
    assert!(domain.is_in(ADA, TO));
}

#[test]
fn a_base_of_the_agents_narrows_what_it_sees() {
    let Some(domain) = domain(11) else { return };
    let accounts = |base: &str| {
        let scenario = domain.scenario_with(SERVICE, &json!({"base": base}), 0);
        let served = Served::new(&domain, &scenario);
        let found = served.sends("GET", "/simulator/directories/corp.example", &Value::Null);
        let found = found["accounts"].as_array().unwrap().iter();
        found.filter(|account| account["dn"].as_str().unwrap().ends_with(FROM)).count()
    };
    assert_eq!(accounts(BASE), 3);
    assert_eq!(accounts(FROM), 3);
    assert_eq!(accounts(TO), 0);
    let scenario = domain.scenario_with(SERVICE, &json!({"base": "OU=Nowhere,DC=corp,DC=example"}), 0);
    let mut command = Served::command(&domain, &scenario);
    Ran::command(&mut command).exits(2).says(&["there is no OU=Nowhere,DC=corp,DC=example"]);
}

#[test]
fn a_server_that_goes_down_leaves_nobody_half_moved_untold() {
    let Some(mut domain) = domain(7) else { return };
    let ran = domain.move_and(Domain::stops);
    ran.exits(1).says(&[ADA, "The LDAP server is unavailable"]);
    domain.starts();
    assert!(domain.is_in(ADA, FROM), "{ran}");
    let again = Ran::command(&mut domain.moving(SERVICE, TO));
    again.exits(0);
    assert!(domain.is_in(ADA, TO), "{again}");
}

/// `okta-runbook simulator`, stopped with the value.
struct Served {
    process: Child,
    org: Value,
}

impl Served {
    fn command(domain: &Domain, scenario: &Path) -> Command {
        let mut command = okta_runbook(domain.folder.path());
        command.args(["simulator", "--json", "--scenario"]).arg(scenario).env("AGENT_PASSWORD", SERVICE_PASSWORD);
        command
    }

    fn new(domain: &Domain, scenario: &Path) -> Self {
        let mut command = Self::command(domain, scenario);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { process, org: ready["orgs"]["okta"].clone() }
    }

    fn sends(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.org["url"].as_str().unwrap());
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--fail-with-body", "-X", method, &url, "-H", "Content-Type: application/json"])
            .args(["-H", &format!("Authorization: SSWS {}", self.org["token"].as_str().unwrap())]);
        if method != "GET" {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            curl.args(["-d", &body]);
        }
        let ran = Ran::command(&mut curl);
        ran.exits(0);
        serde_json::from_str(&ran.stdout).unwrap_or_default()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn eventually(holds: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < patience, "it never came to be");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_agent_creates_enables_and_disables_accounts() {
    let Some(domain) = domain(8) else { return };
    let served = Served::new(&domain, &domain.scenario(SERVICE));
    let profile = json!({"login": "dora.quist@corp.example", "email": "dora.quist@corp.example", "firstName": "Dora", "lastName": "Quist"});
    let user = served.sends("POST", "/api/v1/users?activate=true", &json!({"profile": profile}));
    let group = served.sends("POST", "/api/v1/groups", &json!({"profile": {"name": "New in AD"}}));
    let apps = served.sends("GET", "/api/v1/apps", &Value::Null);
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let assignment = json!({"priority": 0, "profile": {"organizationalUnit": TO}});
    let (group, user) = (id(&group), id(&user));
    served.sends("PUT", &format!("/api/v1/apps/{}/groups/{group}", id(&apps[0])), &assignment);
    let member = format!("/api/v1/groups/{group}/users/{user}");
    served.sends("PUT", &member, &Value::Null);
    let control = |wanted: &str| {
        let account = domain.account("dora.quist@corp.example");
        account["userAccountControl"] == wanted && account["dn"] == format!("CN=Dora Quist,{TO}")
    };
    eventually(|| control("512"));
    served.sends("DELETE", &member, &Value::Null);
    eventually(|| control("514"));
}
