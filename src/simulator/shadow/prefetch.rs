//! What of the real org the rules have to know before a write is carried out here.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::super::routes::RouteEndpoint;
use super::super::schemas;
use super::super::service::{IncomingRequest, OrgService};
use super::super::store::{SimulatedOrg, StoredApp};
use super::super::user_profile;
use super::OrgShadow;
use super::known::KnownAnswers;
use super::reading::RuleRead;

/// Apps into which users are provisioned: what groups do there, the rules follow.
const PROVISIONED: [&str; 2] = [
    "/api/v1/apps?filter=name%20eq%20%22active_directory%22&limit=200",
    "/api/v1/apps?filter=name%20eq%20%22okta_org2org%22&limit=200",
];
const RULES: &str = "/api/v1/groups/rules?limit=200";
const USER_SCHEMA: &str = "/api/v1/meta/schemas/user/default";

impl OrgShadow {
    /// Reads what the rules need. What is read may show what else is needed, such as the apps that a group is assigned to. Tells whether
    /// something of it may not be read.
    pub(super) async fn prepare(
        &self,
        service: &OrgService,
        incoming: &IncomingRequest<'_>,
        endpoint: &RouteEndpoint,
        parameters: &[String],
    ) -> Result<RuleRead, String> {
        let body = serde_json::from_slice(incoming.body).unwrap_or_default();
        let (mut done, mut read) = (BTreeSet::new(), RuleRead::Whole);
        loop {
            let mut needs =
                NeededReads { org: &service.read(), known: &mut self.known(), addresses: Vec::new(), single: &done }
                    .of(incoming.method, endpoint.pattern, parameters, &body);
            needs.retain(|address| !done.contains(address));
            if needs.is_empty() {
                return Ok(read);
            }
            for address in needs {
                if self.know(service, &address).await? == RuleRead::Refused {
                    read = RuleRead::Refused;
                }
                done.insert(address);
            }
        }
    }
}

/// Gathers addresses to read.
struct NeededReads<'a> {
    org: &'a SimulatedOrg,
    known: &'a mut KnownAnswers,
    addresses: Vec<String>,
    /// Those that this very write has read already.
    single: &'a BTreeSet<String>,
}

impl NeededReads<'_> {
    fn of(mut self, method: &str, pattern: &str, parameters: &[String], body: &Value) -> Vec<String> {
        let at = |index: usize| parameters.get(index).map_or("", String::as_str);
        let (first, second) = (at(0), at(1));
        let rest = pattern.strip_prefix("/api/v1/").unwrap_or(pattern);
        match rest.split('/').next().unwrap_or_default() {
            "users" if parameters.is_empty() => {
                self.login(body);
                self.add(USER_SCHEMA);
            }
            "users" => {
                self.person(first, None);
                self.attributes(body);
            }
            "groups" if rest.starts_with("groups/rules") => {
                self.add(RULES);
                self.ruled(body);
            }
            "groups" if parameters.is_empty() => self.name(body),
            "groups" if rest.contains("/users/") => {
                self.group(first);
                self.person(second, Some(first));
            }
            "groups" => {
                self.group(first);
                self.name(body);
                if method == "DELETE" {
                    self.members(first);
                    self.everyone_of(first);
                }
            }
            "apps" if !parameters.is_empty() => self.of_app(rest, first, second, body),
            "mappings" => {
                self.add(&format!("/api/v1/mappings/{first}"));
                self.mapped_attributes(first, body);
            }
            "meta" if rest.starts_with("meta/schemas/apps/") => {
                self.app(first);
                self.add(&app_schema(first));
            }
            _ => {}
        }
        self.addresses
    }

    /// What a rule names: the groups that it assigns, and whom it leaves out.
    fn ruled(&mut self, body: &Value) {
        let ids = |at: &str| {
            let ids = body.pointer(at).and_then(Value::as_array);
            let ids = ids.into_iter().flatten().filter_map(Value::as_str);
            ids.map(str::to_owned).collect::<Vec<_>>()
        };
        for group in ids("/actions/assignUserToGroups/groupIds") {
            self.group(&group);
        }
        for user in ids("/conditions/people/users/exclude") {
            self.add(&format!("/api/v1/users/{user}"));
        }
    }

    /// Attributes of a user that only the org's own schema can define.
    fn attributes(&mut self, body: &Value) {
        let mut given = body["profile"].as_object().into_iter().flatten();
        if given.any(|(name, _)| !user_profile::is_base(name)) {
            self.add(USER_SCHEMA);
        }
    }

    /// Attributes of an app's users that only its own schema can define.
    fn app_attributes(&mut self, app: &str, given: &Value) {
        let Some(held) = self.org.apps.get(app) else {
            return;
        };
        let mut given = given.as_object().into_iter().flatten();
        if given.any(|(name, _)| !schemas::is_base(held, name)) {
            self.add(&app_schema(app));
        }
    }

    fn mapped_attributes(&mut self, mapping: &str, body: &Value) {
        let mut apps = self.org.apps.values();
        let of_mapping = apps.find(|app| app.mappings.iter().any(|one| one.id == mapping));
        if let Some(app) = of_mapping {
            self.app_attributes(&app.id, &body["properties"]);
        }
    }

    fn of_app(&mut self, rest: &str, app: &str, second: &str, body: &Value) {
        self.app(app);
        let part = rest.split('/').nth(2).unwrap_or_default();
        match part {
            "users" => {
                let user = body["id"].as_str().unwrap_or(second);
                self.user(user);
                self.app_user(app, user);
                self.decisive_groups(user, app);
                self.app_attributes(app, &body["profile"]);
            }
            "groups" => {
                self.group(second);
                self.members(second);
                self.everyone_of(second);
            }
            "group-push" => {
                let source = body["sourceGroupId"].as_str().unwrap_or_default();
                if !source.is_empty() {
                    self.group(source);
                    self.members(source);
                }
                self.pushed(app);
                // Whom the hub knows by which id.
                let list = format!("/api/v1/apps/{app}/users");
                if !self.known.is_whole(&list) {
                    self.add(&format!("{list}?limit=500"));
                }
            }
            "lifecycle" | "features" | "connections" => self.pushed(app),
            "grants" => self.add(&format!("/api/v1/apps/{app}/grants")),
            _ => {}
        }
    }

    fn add(&mut self, address: &str) {
        self.addresses.push(address.to_owned());
    }

    /// A user whose groups or attributes change: rules and apps look at him.
    fn person(&mut self, user: &str, group: Option<&str>) {
        self.user(user);
        self.add(RULES);
        for address in PROVISIONED {
            self.add(address);
        }
        let Some(id) = self.id_of(user) else { return };
        let apps: Vec<&StoredApp> = self.org.apps.values().filter(|app| is_followed(app)).collect();
        for app in &apps {
            self.add(&format!("/api/v1/apps/{}/groups?limit=200", app.id));
        }
        let touched = |app: &&&StoredApp| group.is_none_or(|group| app.groups.contains_key(group));
        for app in apps.iter().filter(touched) {
            self.app_user(&app.id, &id);
            self.decisive_groups(&id, &app.id);
            self.pushed(&app.id);
        }
        for app in apps.iter().filter(|app| pushes(app, group)) {
            self.app_user(&app.id, &id);
        }
    }

    /// The groups of an app decide over a user by his memberships; so do those that rules ask for.
    fn decisive_groups(&mut self, user: &str, app: &str) {
        let Some(id) = self.id_of(user) else { return };
        let of_app = self.org.apps.get(app).into_iter();
        let mut groups: BTreeSet<String> = of_app.flat_map(|app| app.groups.keys().cloned()).collect();
        let rules = self.org.rules.values().filter(|rule| rule.status == "ACTIVE");
        groups.extend(rules.flat_map(|rule| rule.groups().map(str::to_owned)));
        groups.retain(|group| *group != self.org.everyone && !self.known.is_whole(&members(group)));
        if groups.is_empty() {
            return;
        }
        let single = format!("/api/v1/users/{id}/groups");
        if self.is_single("groups of users", &single) {
            self.add(&single);
            return;
        }
        for group in groups {
            self.members(&group);
        }
    }

    fn app_user(&mut self, app: &str, user: &str) {
        let list = format!("/api/v1/apps/{app}/users");
        let held = self.org.apps.get(app);
        if held.is_some_and(|app| app.users.contains_key(user)) || self.known.is_whole(&list) {
            return;
        }
        let single = format!("{list}/{user}");
        if self.is_single(&list, &single) {
            self.add(&single);
        } else {
            self.add(&format!("{list}?limit=500"));
        }
    }

    /// One by one while they are few, by the list then.
    fn is_single(&mut self, kind: &str, address: &str) -> bool {
        self.single.contains(address) || self.known.take_single(kind)
    }

    /// A group that comes to an app, or goes from it, moves its members.
    fn everyone_of(&mut self, group: &str) {
        let held = self.org.groups.get(group);
        let users: Vec<String> = held.map(|group| group.members.iter().cloned().collect()).unwrap_or_default();
        for user in users {
            self.person(&user, Some(group));
        }
    }

    fn user(&mut self, user: &str) {
        if self.id_of(user).is_none() && !user.is_empty() {
            self.add(&format!("/api/v1/users/{}", encode_segment(user)));
        }
    }

    fn group(&mut self, group: &str) {
        if !self.org.groups.contains_key(group) {
            self.add(&format!("/api/v1/groups/{group}"));
        }
    }

    fn app(&mut self, app: &str) {
        match self.org.apps.get(app) {
            None => self.add(&format!("/api/v1/apps/{app}")),
            Some(held) if held.name == "oidc_client" => {
                self.add(&format!("/api/v1/apps/{app}/grants"));
                self.add(&format!("/oauth2/v1/clients/{app}/roles"));
            }
            Some(held) if is_followed(held) => {
                self.add(&format!("/api/v1/apps/{app}/groups?limit=200"));
            }
            Some(_) => {}
        }
    }

    /// What an Org2Org app has beyond an app.
    fn pushed(&mut self, app: &str) {
        let held = self.org.apps.get(app);
        if held.is_none_or(|app| app.org2org.is_none()) {
            return;
        }
        for part in ["connections/default", "features", "group-push/mappings?limit=1000"] {
            self.add(&format!("/api/v1/apps/{app}/{part}"));
        }
    }

    fn members(&mut self, group: &str) {
        let list = members(group);
        if !self.known.is_whole(&list) {
            self.add(&format!("{list}?limit=1000"));
        }
    }

    /// The holder of a login that a new user shall have.
    fn login(&mut self, body: &Value) {
        if let Some(login) = body["profile"]["login"].as_str() {
            self.user(login);
        }
        self.add(RULES);
    }

    /// Groups of the name that a group shall have.
    fn name(&mut self, body: &Value) {
        let name = &body["profile"]["name"];
        if name.is_string() {
            let search = encode_segment(&format!("profile.name eq {name}"));
            self.add(&format!("/api/v1/groups?search={search}"));
        }
    }

    fn id_of(&self, user: &str) -> Option<String> {
        if self.org.users.contains_key(user) {
            return Some(user.to_owned());
        }
        self.org.logins.get(&user.to_lowercase()).cloned()
    }
}

fn app_schema(app: &str) -> String {
    format!("/api/v1/meta/schemas/apps/{app}/default")
}

fn members(group: &str) -> String {
    format!("/api/v1/groups/{group}/users")
}

/// Whether a group is pushed by an app.
fn pushes(app: &StoredApp, group: Option<&str>) -> bool {
    let pushes = app.org2org.iter().flat_map(|part| part.pushes.values());
    pushes.into_iter().any(|push| Some(push.source.as_str()) == group)
}

/// Whether the rules follow what groups do to the users of an app; of others their groups are not known here.
fn is_followed(app: &StoredApp) -> bool {
    app.active_directory.is_some() || app.org2org.is_some() || !app.groups.is_empty()
}

fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
