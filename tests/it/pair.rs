//! A simulated spoke and its hub, and runs of the Org2Org runbooks between them.

use std::process::Command;

use serde_json::{Value, json};

use crate::stage::{Ran, Stage, okta_runbook};

pub(crate) const ORGS: &str = include_str!("../../src/simulator/scenarios/org2org.json");
/// The token that the hub of the examples has.
pub(crate) const HUB_TOKEN: &str = "00simulated-hub-token-of-the-examples-0000";
/// A user of each initial status.
pub(crate) const USERS: &str = "users=ada.novak@spoke.example=active_with_pass,ben.okafor@spoke.example=active_without_pass,chloe.dubois@spoke.example=pending_with_pass,dana.kim@spoke.example=pending_without_pass";

/// Both orgs, with profiles of their names.
pub(crate) struct Pair(pub(crate) Stage);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Org {
    Spoke,
    Hub,
}

use Org::{Hub, Spoke};

impl Pair {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The orgs of the built-in scenario, changed.
    pub(crate) fn with(change: impl FnOnce(&mut Value)) -> Self {
        let mut scenario: Value = serde_json::from_str(ORGS).unwrap();
        scenario["directories"] = json!([{"domain": "corp.example"}]);
        scenario["options"] = json!({"limits": {"enabled": false}, "jobDelayMs": 0});
        change(&mut scenario);
        Self::of(Stage::of(&scenario))
    }

    /// The orgs `spoke` and `hub` of a stage.
    pub(crate) fn of(stage: Stage) -> Self {
        let pair = Self(stage);
        let profile = |name: &str| {
            let (url, _) = pair.0.org(name);
            format!("[orgs.{name}]\nurl = \"{url}\"\ntoken = {{ env = \"{}_TOKEN\" }}\n", name.to_uppercase())
        };
        let profiles = [profile("spoke"), profile("hub")].concat();
        pair.0.write("okta-runbook.toml", &profiles);
        pair
    }

    fn name(org: Org) -> &'static str {
        match org {
            Spoke => "spoke",
            Hub => "hub",
        }
    }

    pub(crate) fn url(&self, org: Org) -> &str {
        self.0.org(Self::name(org)).0
    }

    /// The binary with the tokens of both orgs.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = okta_runbook(self.0.folder());
        command
            .env("SPOKE_TOKEN", self.0.org("spoke").1)
            .env("HUB_TOKEN", self.0.org("hub").1)
            .env("TOKEN_OF_HUB", HUB_TOKEN)
            .env("THE_ANSWER", "Rex the \"cat\"")
            .args(arguments);
        command
    }

    pub(crate) fn ran(&self, arguments: &[&str]) -> Ran {
        Ran::command(&mut self.command(arguments))
    }

    /// Runs `org2org/NAME` between the two with these parameters; an argument that is an option stays as it is.
    pub(crate) fn run(&self, name: &str, parameters: &[&str]) -> Ran {
        self.run_with(["spoke=spoke", "hub=hub"], name, parameters)
    }

    /// The same with these profiles as spoke and hub.
    pub(crate) fn run_with(&self, orgs: [&str; 2], name: &str, parameters: &[&str]) -> Ran {
        let runbook = format!("org2org/{name}");
        let [spoke, hub] = orgs;
        let mut arguments = vec!["run", &runbook, "--yes", "--org", spoke, "--org", hub];
        for parameter in parameters {
            if !parameter.starts_with("--") {
                arguments.push("--param");
            }
            arguments.push(parameter);
        }
        self.ran(&arguments)
    }

    /// The whole procedure with the users of each status and one group.
    pub(crate) fn set_up(&self, more: &[&str]) -> Ran {
        let parameters = ["hub_token=env:TOKEN_OF_HUB", USERS, "groups=Hub Research", "timeout=20"];
        self.run("setup", &[&parameters, more].concat())
    }

    pub(crate) fn connect(&self, more: &[&str]) -> Ran {
        let parameters = ["hub_token=env:TOKEN_OF_HUB"];
        self.run("configure_provisioning", &[&parameters, more].concat())
    }

    pub(crate) fn assign(&self, users: &str, more: &[&str]) -> Ran {
        let users = format!("users={users}");
        let parameters = [users.as_str(), "timeout=10"];
        self.run("assign_users", &[&parameters, more].concat())
    }

    pub(crate) fn push(&self, groups: &str, more: &[&str]) -> Ran {
        let groups = format!("groups={groups}");
        let parameters = [groups.as_str(), "timeout=10"];
        self.run("push_groups", &[&parameters, more].concat())
    }

    pub(crate) fn send(&self, org: Org, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.0.send_to(self.0.org(Self::name(org)), method, path, body)
    }

    #[track_caller]
    pub(crate) fn done(&self, org: Org, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(org, method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub(crate) fn get(&self, org: Org, path: &str) -> Value {
        self.done(org, "GET", path, &Value::Null)
    }

    pub(crate) fn options(&self, org: Org, patch: &Value) {
        self.done(org, "PATCH", "/simulator/options", patch);
    }

    /// Waits until the queue of the spoke is empty.
    #[track_caller]
    pub(crate) fn settle(&self) {
        for _ in 0..1000 {
            if self.get(Spoke, "/simulator/state")["jobs"] == 0 {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("jobs remain");
    }

    /// "Import Now" of the spoke's app, and what follows from it.
    pub(crate) fn import(&self, more: &Value) {
        let mut body = json!({"app": self.app()});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.done(Spoke, "POST", "/simulator/import", &body);
        self.settle();
    }

    /// Path of the spoke's app, with what comes after.
    pub(crate) fn app_path(&self, rest: &str) -> String {
        format!("/api/v1/apps/{}{rest}", self.app())
    }

    /// Makes an active user in the hub; gives his id.
    pub(crate) fn hub_user(&self, login: &str) -> String {
        let profile = json!({"login": login, "email": login, "firstName": "Ada", "lastName": "N."});
        let body = json!({"profile": profile, "credentials": {"password": {"value": "a-long-password"}}});
        let user = self.done(Hub, "POST", "/api/v1/users", &body);
        user["id"].as_str().unwrap().to_owned()
    }

    /// Turns a To App switch of the spoke's app, by its place among the capabilities.
    pub(crate) fn switch(&self, capabilities: &Value) {
        let path = self.app_path("/features/USER_PROVISIONING");
        self.done(Spoke, "PUT", &path, capabilities);
    }

    /// The one Org2Org app of the spoke.
    pub(crate) fn app(&self) -> String {
        self.app_of_spoke().expect("the app")
    }

    pub(crate) fn has_app(&self) -> bool {
        self.app_of_spoke().is_some()
    }

    fn app_of_spoke(&self) -> Option<String> {
        let state = self.get(Spoke, "/simulator/state");
        let mut apps = state["apps"].as_object().unwrap().iter();
        let found = apps.find(|(_, app)| app["name"] == "okta_org2org");
        found.map(|(id, _)| id.clone())
    }

    /// A user as the org's state has him, `Null` when there is none.
    pub(crate) fn user(&self, org: Org, login: &str) -> Value {
        let state = self.get(org, "/simulator/state");
        let users = state["users"].as_object().unwrap();
        let found = users.iter().find(|(_, user)| user["login"] == login);
        found.map_or(Value::Null, |(id, user)| {
            let mut user = user.clone();
            user["id"] = json!(id);
            user
        })
    }

    pub(crate) fn group(&self, org: Org, name: &str) -> Value {
        let state = self.get(org, "/simulator/state");
        let groups = state["groups"].as_object().unwrap();
        let found = groups.iter().find(|(_, group)| group["name"] == name);
        found.map_or(Value::Null, |(id, group)| {
            let mut group = group.clone();
            group["id"] = json!(id);
            group
        })
    }

    /// Logins of a group's members, in order.
    pub(crate) fn members(&self, org: Org, name: &str) -> Vec<String> {
        let state = self.get(org, "/simulator/state");
        let group = self.group(org, name);
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let login = |id: &Value| state["users"][id.as_str().unwrap()]["login"].as_str().unwrap().to_owned();
        let mut logins: Vec<String> = members.iter().map(login).collect();
        logins.sort();
        logins
    }

    /// Calls other than GET that were sent to both orgs since they were forgotten, those of provisioning included.
    pub(crate) fn writes(&self) -> u64 {
        let of = |org: Org| {
            let counters = self.get(org, "/simulator/requests");
            let routes = counters["routes"].as_object().unwrap().clone();
            let writing = routes.into_iter().filter(|(route, _)| !route.starts_with("GET "));
            writing.map(|(_, count)| count.as_u64().unwrap()).sum::<u64>()
        };
        of(Spoke) + of(Hub)
    }

    pub(crate) fn forget_calls(&self) {
        for org in [Spoke, Hub] {
            self.done(org, "POST", "/simulator/requests/reset", &Value::Null);
        }
    }

    /// Runs something that must stop before the first write, with these words.
    #[track_caller]
    pub(crate) fn stops(&self, run: impl FnOnce(&Self) -> Ran, code: i32, words: &[&str]) {
        self.forget_calls();
        let ran = run(self);
        ran.exits(code).says(words);
        assert_eq!(self.writes(), 0, "{ran}");
    }

    /// What matters of both orgs: apps of the spoke, users and groups of the hub. A user who was deactivated is as good as none.
    pub(crate) fn picture(&self) -> Value {
        let (spoke, hub) = (self.get(Spoke, "/simulator/state"), self.get(Hub, "/simulator/state"));
        let users = hub["users"].as_object().unwrap().values();
        let users = users.filter(|user| user["status"] != "DEPROVISIONED");
        let users: Vec<Value> = users.map(|user| json!([user["login"], user["status"], user["profile"]])).collect();
        let groups = hub["groups"].as_object().unwrap().values();
        let groups: Vec<Value> = groups.map(|group| group["name"].clone()).collect();
        let clients = self.get(Hub, "/api/v1/apps");
        json!({"apps": spoke["apps"], "users": users, "groups": groups, "hub apps": clients})
    }
}
