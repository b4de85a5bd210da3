//! Orgs as chance makes them: users in several groups, priorities, rules, missing things, parts that are done already.

use serde_json::{Value, json};

use crate::stage::{FROM, FROM_GROUP, Stage, TO, TO_GROUP};

const LOGINS: [&str; 5] = [
    "ada.novak@corp.example",
    "ben.okafor@corp.example",
    "chloe.dubois@corp.example",
    "aaliyah.abdi@corp.example",
    "ingrid.garcia-lopez@corp.example",
];
const OTHER: &str = "OU=Other,DC=corp,DC=example";

/// An org with an AD instance, and what a move there is asked for.
pub(crate) struct Move {
    pub(crate) stage: Stage,
    pub(crate) parameters: Vec<String>,
}

/// Draws; the same seed draws the same.
pub(super) struct Chance {
    random: fastrand::Rng,
    /// Percent of what stands in the way: most worlds are as they should be, some are not at all.
    trouble: u32,
}

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let trouble = if random.u32(..100) < 35 { 100 } else { 2 };
        Self { random, trouble }
    }

    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }

    /// Something in the way that comes in so many percent of the worlds that are in trouble.
    pub(super) fn trouble(&mut self, percent: u32) -> bool {
        self.percent(percent * self.trouble / 100)
    }

    pub(super) fn some<'a>(&mut self, of: &[&'a str], percent: u32) -> Vec<&'a str> {
        let drawn = of.iter().filter(|_| self.random.u32(..100) < percent);
        drawn.copied().collect()
    }

    pub(super) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.random.usize(..of.len())]
    }
}

pub(crate) fn draw(seed: u64) -> Move {
    let mut chance = Chance::new(seed);
    let people = &LOGINS[..chance.random.usize(2..=LOGINS.len())];
    let scenario = scenario(&mut chance, people);
    let stage = Stage::of(&scenario);
    stage.options(&json!({"limits": {"enabled": false}, "jobDelayMs": 0, "agentTimeoutMs": 200}));
    if chance.percent(25) {
        // No directory is configured.
        stage.write("okta-runbook.toml", "");
    }
    part_way(&mut chance, &stage, people);
    let parameters = parameters(&mut chance, people);
    // What was begun is over before anyone looks.
    while stage.state()["jobs"] != 0 {
        std::thread::yield_now();
    }
    Move { stage, parameters }
}

fn scenario(chance: &mut Chance, people: &[&str]) -> Value {
    let mut groups = Vec::new();
    let mut assigned = Vec::new();
    let mut priority = 0;
    let mut names = vec![(TO_GROUP, TO, 60), (FROM_GROUP, FROM, 60)];
    if chance.percent(50) {
        names.reverse();
    }
    let lead = if chance.trouble(60) { TO } else { FROM };
    let staff = if chance.trouble(60) { OTHER } else { FROM };
    names.extend([("Staff", staff, 40), ("Berlin", FROM, 40), ("Lead", lead, 30)]);
    if chance.trouble(50) {
        names.reverse();
    }
    for (name, unit, percent) in names {
        if !chance.percent(percent) {
            continue;
        }
        let assign = chance.percent(75);
        // An unassigned group with members is not assigned by the move.
        let members =
            if assign || !name.starts_with("AD ") || chance.trouble(50) { chance.some(people, 30) } else { Vec::new() };
        let kind = if chance.trouble(10) { "APP_GROUP" } else { "OKTA_GROUP" };
        groups.push(json!({"name": name, "type": kind, "members": members}));
        if assign {
            let unit = if chance.trouble(15) { chance.one(&[FROM, TO, OTHER]) } else { unit };
            assigned.push(json!({"group": name, "priority": priority, "organizationalUnit": unit}));
            priority += 1;
        }
    }
    let known: Vec<&str> = groups.iter().filter_map(|group| group["name"].as_str()).collect();
    let mut rules = Vec::new();
    for number in 0..chance.random.usize(..3) {
        if known.is_empty() {
            break;
        }
        let login = chance.one(people);
        let expression = format!("user.login==\"{login}\"");
        rules.push(json!({"name": format!("Rule {number}"), "expression": expression,
            "groups": [chance.one(&known)], "active": chance.percent(60)}));
    }
    json!({
        "directories": [{"domain": "corp.example", "organizationalUnits": ["User-Contractor", "Users", "Other"]}],
        "orgs": [{"name": "okta", "groups": groups, "rules": rules, "apps": [{
            "activeDirectory": "corp.example", "groups": assigned,
            // What no API shows: a plan cannot know it.
            "updateOuOnGroupChange": !chance.trouble(8),
            "agents": [{"name": "CORP-DC1", "up": !chance.trouble(8)}],
            "profileSourcing": chance.trouble(8),
        }]}],
        "contractors": people.len(),
    })
}

/// Some of it is done, or in the way.
fn part_way(chance: &mut Chance, stage: &Stage, people: &[&str]) {
    // Before anybody may be there by this name.
    if chance.trouble(25) {
        stage.deed(&json!({"do": "create_account", "organizationalUnit": TO, "firstName": "Ada", "lastName": "Novak",
            "userPrincipalName": "other@corp.example", "samAccountName": "other"}));
    }
    let app = stage.app();
    for login in people {
        let user = stage.user(login);
        if chance.percent(25) {
            let path = format!("/api/v1/apps/{app}/users/{user}");
            stage.send("POST", &path, &json!({"scope": "GROUP"}));
        }
        if chance.trouble(8) {
            stage.send("POST", &format!("/api/v1/users/{user}/lifecycle/suspend"), &Value::Null);
        }
        if chance.trouble(8) {
            stage.send("DELETE", &format!("/api/v1/apps/{app}/users/{user}"), &Value::Null);
        }
    }
}

fn parameters(chance: &mut Chance, people: &[&str]) -> Vec<String> {
    let mut users = chance.some(people, 70);
    if users.is_empty() {
        users.push(people[0]);
    }
    if chance.trouble(10) {
        users.push("nobody@corp.example");
    }
    let mut parameters = vec![
        format!("users={}", users.join(",")),
        "directory=corp.example".to_owned(),
        format!("from_group={FROM_GROUP}"),
        format!("from_ou={FROM}"),
        format!("to_group={TO_GROUP}"),
        format!("to_ou={TO}"),
        "timeout=2".to_owned(),
    ];
    if chance.trouble(15) {
        parameters.push("create=false".to_owned());
    }
    if !chance.trouble(50) {
        parameters.push("accept_rule_exclusions=true".to_owned());
    }
    parameters
}
