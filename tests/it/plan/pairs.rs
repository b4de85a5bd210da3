//! Spokes and hubs as chance makes them, and what one of the Org2Org runbooks is asked for there.

use serde_json::{Value, json};

use super::worlds::Chance;
use crate::pair::Org::{Hub, Spoke};
use crate::pair::{HUB_TOKEN, Pair};
use crate::stage::Ran;

const PEOPLE: [&str; 5] = [
    "ada.novak@spoke.example",
    "ben.okafor@spoke.example",
    "chloe.dubois@spoke.example",
    "dana.kim@spoke.example",
    "emil.berg@spoke.example",
];
const GROUPS: [&str; 2] = ["Hub Research", "Hub Finance"];
const STATUSES: [&str; 4] = ["active_with_pass", "active_without_pass", "pending_with_pass", "pending_without_pass"];
const LABEL: &str = "Org2Org Hub";

/// Two orgs, and a runbook with its parameters.
pub(super) struct Provisioning {
    pub(super) pair: Pair,
    pub(super) runbook: &'static str,
    pub(super) parameters: Vec<String>,
}

pub(super) fn draw(seed: u64) -> Provisioning {
    let mut chance = Chance::new(seed);
    let pair = Pair::with(|scenario| hub_people(&mut chance, scenario));
    if chance.percent(65) {
        part_way(&mut chance, &pair);
    }
    settle(&pair);
    let (runbook, parameters) = asked(&mut chance);
    Provisioning { pair, runbook, parameters }
}

/// What was begun is over before anyone looks.
fn settle(pair: &Pair) {
    for org in [Spoke, Hub] {
        while pair.get(org, "/simulator/state")["jobs"] != 0 {
            std::thread::yield_now();
        }
    }
}

/// Some are in the hub already, in whatever state.
fn hub_people(chance: &mut Chance, scenario: &mut Value) {
    let users = scenario["orgs"][1]["users"].as_array_mut().unwrap();
    for login in chance.some(&PEOPLE, 20) {
        let status = chance.one(&["ACTIVE", "STAGED", "DEPROVISIONED", "SUSPENDED"]);
        users.push(json!({"login": login, "firstName": "Other", "lastName": "Person", "status": status}));
    }
    let mut groups = Vec::new();
    for name in GROUPS {
        if chance.trouble(20) {
            groups.push(json!({"name": name}));
        }
    }
    scenario["orgs"][1]["groups"] = json!(groups);
    let spoke = scenario["orgs"][0]["users"].as_array_mut().unwrap();
    for user in spoke {
        if chance.trouble(6) {
            user["status"] = json!("SUSPENDED");
        }
    }
}

/// The app may be there, connected, with people and groups.
fn part_way(chance: &mut Chance, pair: &Pair) {
    let url = if chance.trouble(8) { "https://other.okta.com" } else { pair.url(Hub) };
    let body = json!({"name": "okta_org2org", "label": LABEL, "signOnMode": "SAML_2_0", "settings": {"app": {"baseUrl": url}}});
    let app = pair.done(Spoke, "POST", "/api/v1/apps", &body);
    let own = format!("/api/v1/apps/{}", app["id"].as_str().unwrap());
    if !chance.percent(80) {
        return;
    }
    let body = json!({"baseUrl": pair.url(Hub), "profile": {"authScheme": "TOKEN", "token": HUB_TOKEN}});
    let path = format!("{own}/connections/default?activate=true");
    pair.done(Spoke, "POST", &path, &body);
    let on = |on: bool| json!({"status": if on { "ENABLED" } else { "DISABLED" }});
    let switches = json!({"create": {"lifecycleCreate": on(!chance.trouble(20))},
        "update": {"profile": on(chance.percent(80)), "lifecycleDeactivate": on(chance.percent(80))}});
    pair.done(Spoke, "PUT", &format!("{own}/features/USER_PROVISIONING"), &switches);
    for login in chance.some(&PEOPLE, 35) {
        let id = pair.user(Spoke, login)["id"].clone();
        let body = json!({"id": id, "scope": "USER", "profile": {"initialStatus": chance.one(&STATUSES)}});
        pair.send(Spoke, "POST", &format!("{own}/users"), &body);
    }
    settle(pair);
    for name in GROUPS {
        let group = pair.group(Spoke, name)["id"].clone();
        if chance.trouble(15) {
            let path = format!("{own}/groups/{}", group.as_str().unwrap());
            pair.send(Spoke, "PUT", &path, &json!({}));
        } else if chance.percent(30) {
            let body = json!({"sourceGroupId": group, "targetGroupName": name, "status": "ACTIVE"});
            pair.send(Spoke, "POST", &format!("{own}/group-push/mappings"), &body);
        }
    }
}

fn asked(chance: &mut Chance) -> (&'static str, Vec<String>) {
    let mut users: Vec<String> =
        chance.some(&PEOPLE, 60).iter().map(|login| format!("{login}={}", chance.one(&STATUSES))).collect();
    users.push(format!("{}={}", PEOPLE[4], STATUSES[1]));
    users.dedup_by_key(|user| user.split('=').next().unwrap_or_default().to_owned());
    let users = format!("users={}", users.join(","));
    let groups = if chance.percent(50) { "groups=Hub Research" } else { "groups=Hub Research,Hub Finance" };
    let token = "hub_token=env:TOKEN_OF_HUB".to_owned();
    let timeout = "timeout=3".to_owned();
    match chance.one(&[
        "configure_provisioning",
        "configure_provisioning_oauth",
        "assign_users",
        "push_groups",
        "setup",
        "setup",
        "assign_users",
        "push_groups",
    ]) {
        "configure_provisioning" => ("configure_provisioning", vec![token]),
        "configure_provisioning_oauth" => ("configure_provisioning_oauth", vec![]),
        "assign_users" => ("assign_users", vec![users, timeout]),
        "push_groups" => ("push_groups", vec![groups.to_owned(), timeout]),
        _ => ("setup", vec![token, users, groups.to_owned(), timeout]),
    }
}

impl Provisioning {
    pub(super) fn ran(&self, command: &[&str]) -> Ran {
        let runbook = format!("org2org/{}", self.runbook);
        let mut arguments = vec![command[0], &runbook];
        arguments.extend(&command[1..]);
        arguments.extend(["--org", "spoke=spoke", "--org", "hub=hub", "--output", "json"]);
        for parameter in &self.parameters {
            arguments.extend(["--param", parameter]);
        }
        self.pair.ran(&arguments)
    }
}
