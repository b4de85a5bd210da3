//! How a shadow ends: everything that is otherwise here than in the real org, what was asked for and what followed from it.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::super::store::{SimulatedOrg, StoredApp};
use super::OrgShadow;
use super::local::LocalCaller;
use super::merge::is_same;

impl OrgShadow {
    /// `[{path, before, after, guess}]` by path: of a membership whether it is one, of a directory's account its path is the domain and
    /// the GUID. What is new has no `before`, what is gone no `after`. A guess is what a provisioning job did.
    pub(in crate::simulator) fn ends(&self, org: &SimulatedOrg) -> Value {
        let base = self.base();
        let local = LocalCaller { org, base: &base, principal: "" };
        let known = self.known();
        let guessed = |path: &str| {
            let changed = org.changed.as_ref();
            changed.is_some_and(|changed| changed.guessed.contains(path))
        };
        let mut ends = Vec::new();
        for path in paths(org, known.paths()) {
            let (before, after) = (known.first(&path).cloned(), local.thing(&path));
            if !is_same(before.as_ref(), after.as_ref()) {
                let guess = guessed(&path);
                ends.push(json!({"path": path, "before": before, "after": after, "guess": guess}));
            }
        }
        ends.extend(memberships(org, guessed));
        ends.extend(accounts(org));
        Value::Array(ends)
    }
}

/// Paths of all that was read or made here, but for what only stands for something.
fn paths<'a>(org: &SimulatedOrg, known: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    let mut paths: BTreeSet<String> = known.cloned().collect();
    let named = |user: &&String| org.users[*user].profile.contains_key("login");
    paths.extend(org.users.keys().filter(named).map(|id| format!("/api/v1/users/{id}")));
    let groups = org.groups.keys().filter(|id| **id != org.everyone);
    paths.extend(groups.map(|id| format!("/api/v1/groups/{id}")));
    paths.extend(org.rules.keys().map(|id| format!("/api/v1/groups/rules/{id}")));
    paths.extend(org.apps.values().flat_map(of_app));
    paths
}

fn of_app(app: &StoredApp) -> Vec<String> {
    let own = format!("/api/v1/apps/{}", app.id);
    let pushes = app.org2org.iter().flat_map(|part| part.pushes.keys());
    let users = app.users.keys().map(|id| format!("{own}/users/{id}"));
    let groups = app.groups.keys().map(|id| format!("{own}/groups/{id}"));
    let pushes = pushes.map(|id| format!("{own}/group-push/mappings/{id}"));
    let connection = app.org2org.as_ref().map(|_| format!("{own}/connections/default"));
    let parts = users.chain(groups).chain(pushes).chain(connection);
    parts.chain([own.clone()]).collect()
}

/// Everyone is in a group that no one changes.
fn memberships(org: &SimulatedOrg, guessed: impl Fn(&str) -> bool) -> Vec<Value> {
    let changed = org.changed.iter().flat_map(|changed| &changed.memberships);
    changed
        .filter(|(group, _)| *group != org.everyone)
        .map(|(group, user)| {
            let path = format!("/api/v1/groups/{group}/users/{user}");
            let held = org.groups.get(group);
            let is_one = held.is_some_and(|group| group.members.contains(user));
            let guess = guessed(&path);
            json!({"path": path, "before": !is_one, "after": is_one, "guess": guess})
        })
        .collect()
}

/// What is done in a directory is always a job's doing.
fn accounts(org: &SimulatedOrg) -> Vec<Value> {
    let of_one = |(domain, directory): (
        &String,
        &std::sync::Arc<std::sync::RwLock<super::super::directory::SimulatedDirectory>>,
    )| {
        let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
        let changes = directory.changes().into_iter();
        let row = |(guid, before, after)| json!({"path": format!("{domain}/{guid}"), "before": before, "after": after, "guess": true});
        changes.map(row).collect::<Vec<_>>()
    };
    org.directories.iter().flat_map(of_one).collect()
}
