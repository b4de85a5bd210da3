//! An org on a virtual clock whose handlers are called without a server: tests read as sentences about users, groups and OUs.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::ScenarioSpec;
use super::http::{RouteHandler, SignedInRequest};
use super::job_runner;
use super::options::OrgOptions;
use super::routes::{self, RouteMatch, RouteTable};
use super::store::{AppUser, OktaId, SimulatedOrg};

/// Two provisioning groups, not assigned yet; Ada, Ben and Chloé imported one by one; Dana without an account; Everyone but Dana in AD.
const SCENARIO: &str = r#"{
    "directories": [{"domain": "corp.example", "organizationalUnits": ["User-Contractor", "Users"]}],
    "orgs": [{"name": "okta",
        "users": [{"login": "dana.kim@corp.example", "firstName": "Dana", "lastName": "Kim"}],
        "groups": [{"name": "from"}, {"name": "to"}, {"name": "other"}],
        "apps": [{"activeDirectory": "corp.example"}]}],
    "contractors": 3}"#;

const ADMIN: &str = "sam.admin@corp.example";

/// An org with its AD instance.
pub(super) struct RuleFixture {
    pub(super) org: SimulatedOrg,
    pub(super) app: OktaId,
}

impl RuleFixture {
    /// The org with `from` assigned at priority 1 and `to` at 0, each with its OU.
    pub(super) fn new() -> Self {
        Self::bare().assign("from", 1, "OU=User-Contractor,DC=corp,DC=example").assign(
            "to",
            0,
            "OU=Users,DC=corp,DC=example",
        )
    }

    /// The same with options, such as one answer among the assumptions.
    pub(super) fn assuming(assumption: &Value) -> Self {
        let mut stage = Self::new();
        let options = json!({"assumptions": assumption});
        stage.org.options = serde_json::from_value::<OrgOptions>(options).expect("an assumption");
        stage
    }

    /// The org without assigned groups.
    pub(super) fn bare() -> Self {
        let world = ScenarioSpec::parse("stage", SCENARIO).and_then(ScenarioSpec::build).expect("a world");
        let org = world.orgs.into_iter().next().expect("an org");
        let app = org.apps.keys().next().cloned().expect("an AD instance");
        Self { org, app }
    }

    pub(super) fn assign(self, group: &str, priority: i64, unit: &str) -> Self {
        let body = json!({"priority": priority, "profile": {"organizationalUnit": unit}});
        self.does("PUT", &format!("/api/v1/apps/{{app}}/groups/{{{group}}}"), &body)
    }

    pub(super) fn join(self, user: &str, group: &str) -> Self {
        self.does("PUT", &format!("/api/v1/groups/{{{group}}}/users/{{{user}}}"), &Value::Null)
    }

    pub(super) fn leave(self, user: &str, group: &str) -> Self {
        self.does("DELETE", &format!("/api/v1/groups/{{{group}}}/users/{{{user}}}"), &Value::Null)
    }

    pub(super) fn scope(self, user: &str, scope: &str) -> Self {
        self.does("POST", &format!("/api/v1/apps/{{app}}/users/{{{user}}}"), &json!({"scope": scope}))
    }

    /// Something in the Admin Console.
    pub(super) fn console(self, patch: &Value) -> Self {
        self.controls("PATCH", "/simulator/apps/{app}", patch)
    }

    /// Something by hand in AD.
    pub(super) fn in_ad(self, deed: &Value) -> Self {
        self.controls("POST", "/simulator/directories/corp.example", deed)
    }

    /// A call that must succeed.
    pub(super) fn does(mut self, method: &str, path: &str, body: &Value) -> Self {
        let (status, answer) = self.call(method, path, body);
        assert!(status < 300, "{method} {path}: {status} {answer}");
        self
    }

    pub(super) fn controls(mut self, method: &str, path: &str, body: &Value) -> Self {
        let (status, answer) = self.dispatch(&routes::CONTROL_ROUTES, method, path, body);
        assert!(status < 300, "{method} {path}: {status} {answer}");
        self
    }

    /// A call of Okta's API: status, and body or error code.
    pub(super) fn call(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.dispatch(&routes::ROUTES, method, path, body)
    }

    fn dispatch(&mut self, table: &'static RouteTable, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let path = self.fill(path);
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let RouteMatch::Found(endpoint, parameters) = table.find(method, path) else {
            panic!("no route {method} {path}");
        };
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let request = SignedInRequest {
            path: path.to_owned(),
            parameters,
            query: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            body: (!body.is_null()).then(|| body.clone()),
            base: "http://okta".to_owned(),
            principal: self.id(ADMIN),
            ..SignedInRequest::default()
        };
        let reply = match endpoint.route.map(|route| route.handler) {
            Some(RouteHandler::Read(handler)) => handler(&self.org, &request),
            Some(RouteHandler::Write(handler)) => handler(&mut self.org, &request),
            Some(RouteHandler::Form(_)) => panic!("{path} takes a form"),
            None => panic!("{method} {path} is not modelled"),
        };
        match reply {
            Ok(answer) => (answer.status, answer.body.unwrap_or_default()),
            Err(refusal) => {
                (refusal.status, json!({"code": refusal.code, "summary": refusal.summary, "causes": refusal.causes}))
            }
        }
    }

    /// Lets the jobs run that are due now.
    pub(super) fn after(mut self, milliseconds: i64) -> Self {
        self.org.clock_offset += milliseconds;
        let now = self.org.now();
        job_runner::run_due(&mut self.org, now);
        self
    }

    /// Lets all jobs end, those that follow from others too.
    pub(super) fn settled(self) -> Self {
        self.after(2_100).after(2_100)
    }

    /// The id behind a login, the first name of a login, or a group's name.
    pub(super) fn id(&self, name: &str) -> OktaId {
        let user =
            self.org.users.values().find(|user| user.login() == name || user.login().split('.').next() == Some(name));
        let group = self.org.groups.values().find(|group| group.name() == name);
        let found = user.map(|user| user.id.clone()).or_else(|| group.map(|group| group.id.clone()));
        found.unwrap_or_else(|| panic!("nobody and nothing is called {name}"))
    }

    fn fill(&self, path: &str) -> String {
        let mut parts = path.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').expect("a closed brace");
            filled.push_str(&if name == "app" { self.app.clone() } else { self.id(name) });
            filled.push_str(rest);
        }
        filled
    }

    pub(super) fn held(&self, user: &str) -> Option<&AppUser> {
        self.org.apps[&self.app].users.get(&self.id(user))
    }

    /// `scope status syncState OU-in-Okta OU-in-AD enabled`, or `-` for what is not there.
    pub(super) fn tells(&self, user: &str) -> String {
        let okta = self.held(user).map_or("-".to_owned(), |held| {
            let scope = if held.individual { "USER" } else { "GROUP" };
            format!(
                "{scope} {} {} {}",
                held.status,
                held.sync_state,
                unit(held.profile.get("dn").and_then(Value::as_str))
            )
        });
        let directory = self.org.directories["corp.example"].read().unwrap_or_else(PoisonError::into_inner);
        let login = self.org.users[&self.id(user)].login();
        let account = directory.by_user_principal_name(login);
        let enabled = account.map_or("-", |account| if account.enabled { "enabled" } else { "disabled" });
        format!("{okta} | {} {enabled}", unit(account.map(|account| account.dn.as_str())))
    }

    pub(super) fn reasons(&self) -> Vec<&str> {
        self.org.tasks.iter().map(|task| task.message.as_str()).collect()
    }

    /// Event types about this user since the start, agents' own left out.
    pub(super) fn events(&self) -> Vec<&str> {
        let kinds = self.org.log.iter().filter_map(|event| event["eventType"].as_str());
        kinds.filter(|kind| !kind.starts_with("system.agent")).collect()
    }
}

/// The relative name of the OU that a DN is in.
fn unit(dn: Option<&str>) -> String {
    dn.and_then(|dn| dn.split(',').nth(1)).unwrap_or("-").to_owned()
}
