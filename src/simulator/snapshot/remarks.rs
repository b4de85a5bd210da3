//! What a snapshot could not represent, or took as it has to be.

use std::collections::{BTreeMap, BTreeSet};

use super::super::routes::{self, RouteMatch};
use super::super::scenario::{ConnectionSpec, ScenarioSpec};
use super::super::shadow::{ABOUT, is_kept};
use super::notes::OrgNotes;

#[derive(Default)]
pub(super) struct SnapshotRemarks {
    /// Admins whose roles were not told, or are none of the simulator's.
    pub(super) roles: u64,
    /// Orgs that were read by no user.
    pub(super) stand_ins: Vec<String>,
    /// Rules whose expression the simulator does not know.
    pub(super) rules: u64,
    /// Groups of which only the assignment to an app was read.
    pub(super) unread: u64,
    /// Attributes that are called like a secret.
    pub(super) secrets: u64,
    /// AD instances.
    pub(super) instances: u64,
    /// Apps of kinds whose rules the simulator does not know, and these kinds.
    pub(super) foreign: u64,
    pub(super) kinds: BTreeSet<String>,
    /// API integrations with an org of the snapshot, and with others.
    connections: u64,
    strange: u64,
    /// Domains of directories that were not looked at.
    pub(super) imagined: Vec<String>,
    /// Reads that were refused, and those whose answers have no place in a scenario, by path pattern.
    refused: BTreeMap<&'static str, u64>,
    dropped: BTreeMap<&'static str, u64>,
}

/// Paths that are of use to the reading itself, or whose answers the simulator gives by itself.
const OWN: &[&str] = &[ABOUT, "/api/v1/agentPools", "/api/v1/logs", "/api/v1/api-tokens", "/api/v1/org"];

impl SnapshotRemarks {
    pub(super) fn of_answers(&mut self, noted: &OrgNotes) {
        for (address, seen) in noted.answers() {
            let path = address.split('?').next().unwrap_or_default();
            let RouteMatch::Found(endpoint, _) = routes::ROUTES.find("GET", path) else {
                continue;
            };
            let pattern = endpoint.pattern;
            match seen.status {
                200 if is_kept(pattern) || OWN.contains(&pattern) => {}
                200 => *self.dropped.entry(pattern).or_default() += 1,
                401 | 403 => *self.refused.entry(pattern).or_default() += 1,
                _ => {}
            }
        }
    }

    pub(super) fn of_connection(&mut self, plan: Option<&ConnectionSpec>) {
        let Some(plan) = plan else { return };
        let known = plan.base_url.as_ref().is_some_and(|url| url.starts_with('{'));
        let counter = if known { &mut self.connections } else { &mut self.strange };
        *counter += 1;
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.counted();
        let named = |names: &[String]| names.join(", ");
        if !self.imagined.is_empty() {
            lines.push(format!(
                "not looked at, hence as Okta has their accounts, with every OU there: the directories of {}",
                named(&self.imagined)
            ));
        }
        if !self.stand_ins.is_empty() {
            lines.push(format!(
                "read by a service app, which is no user: a made-up super admin stands for it in {}",
                named(&self.stand_ins)
            ));
        }
        let told = |patterns: &BTreeMap<&str, u64>| {
            let each = patterns.iter().map(|(pattern, count)| format!("{pattern} ({count})"));
            each.collect::<Vec<_>>().join(", ")
        };
        if !self.refused.is_empty() {
            lines.push(format!("refused by the org, hence left out: {}", told(&self.refused)));
        }
        if !self.dropped.is_empty() {
            lines.push(format!("read, and not represented in a scenario: {}", told(&self.dropped)));
        }
        lines
    }

    fn counted(&self) -> Vec<String> {
        let kinds = self.kinds.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let rows = [
            (
                self.instances,
                "AD instances",
                "\"Update OU when the group that provisions a user to AD changes\" is taken as on, all OUs as connected, all rights of the agent as given, no account as protected, for no API shows them",
            ),
            (
                self.connections,
                "API integrations between orgs of the snapshot",
                "their credentials are not told, tokens of the simulated orgs stand for them",
            ),
            (
                self.strange,
                "API integrations with orgs that are not in the snapshot",
                "nothing can be provisioned there",
            ),
            (
                self.foreign,
                "apps of kinds that the simulator does not model",
                &format!("{kinds}; they have their users and groups, and nothing is provisioned into them"),
            ),
            (self.rules, "rules with expressions that the simulator does not know", "they fill no group"),
            (self.roles, "admins whose roles were not told or are custom ones", "taken for super admins"),
            (self.unread, "groups of which only the assignment to an app was read", "their ids stand for their names"),
            (self.secrets, "attributes that are called like a secret", "left out"),
        ];
        let told = rows.into_iter().filter(|(count, ..)| *count > 0);
        told.map(|(count, what, words)| format!("{what} ({count}): {words}")).collect()
    }
}

/// `2 orgs, 31 users, …`
pub(super) fn contents(scenario: &ScenarioSpec) -> String {
    let orgs = scenario.orgs.iter().flatten().collect::<Vec<_>>();
    let directories = scenario.directories.iter().flatten().collect::<Vec<_>>();
    let rows = [
        (orgs.len(), "org"),
        (orgs.iter().map(|org| org.users.len()).sum(), "user"),
        (orgs.iter().map(|org| org.groups.len()).sum(), "group"),
        (orgs.iter().map(|org| org.rules.len()).sum(), "rule"),
        (orgs.iter().map(|org| org.apps.len()).sum(), "app"),
        (directories.iter().map(|it| it.accounts.len()).sum(), "account"),
    ];
    let told = rows.map(|(count, word)| {
        let ending = if count == 1 { "" } else { "s" };
        format!("{count} {word}{ending}")
    });
    told.join(", ")
}
