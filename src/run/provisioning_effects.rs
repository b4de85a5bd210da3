//! What an undo starts in another org of the run: provisioning takes back there what it did, in its own time.
//!
//! What is awaited is decided and journalled before the call is sent that starts it: afterwards the org no longer tells it. An undo that is
//! taken up again, and another undo of the same run, wait for what was recorded.

mod accounts;
mod assignments;
mod deciding;
mod earlier_effects;
mod pushes;
mod recorded;
mod watching;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use earlier_effects::EarlierEffects;

/// What is read of the orgs for it.
pub(super) const READS: &[&str] = &[
    "get_application",
    "get_application_user",
    "get_user",
    "get_group",
    "list_groups",
    "list_group_users",
    "list_assigned_applications_for_group",
    "list_application_group_assignments",
    "list_application_users",
    "list_user_groups",
];

/// What follows in other orgs from one call that takes something back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ProvisioningEffects {
    pub(super) awaited: Vec<AwaitedEffect>,
    /// Accounts that stay: their app deactivates nobody.
    pub(super) staying: Vec<AwaitedAccount>,
    /// Ids of the apps, in the org of the call, through which it comes: it would not come without them.
    pub(super) apps: BTreeSet<String>,
}

/// One change in another org that an undo waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub(super) enum AwaitedEffect {
    /// A user who was provisioned is deactivated (or gone).
    Deactivation { org: String, user: String },
    /// A group that was pushed is gone.
    Deletion { org: String, group: String },
    /// A push that is switched on again brings the members of its targets in line.
    Push(Box<PushEffect>),
}

/// A push that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PushEffect {
    org: String,
    /// The app and the mapping.
    arguments: Vec<String>,
    /// When it was last done.
    last: Value,
    /// Orgs with ids of the groups that are pushed to, and the members that these will have.
    targets: Vec<(String, String)>,
    members: BTreeSet<String>,
}

/// An account in another org that an undo leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AwaitedAccount {
    pub(super) org: String,
    pub(super) login: String,
    pub(super) status: String,
}

impl ProvisioningEffects {
    pub(super) fn is_empty(&self) -> bool {
        self.awaited.is_empty() && self.staying.is_empty()
    }

    /// The same, through this app.
    fn through(mut self, app: &str) -> Self {
        if !self.is_empty() {
            self.apps.insert(app.to_owned());
        }
        self
    }

    fn of(effect: AwaitedEffect) -> Self {
        Self { awaited: vec![effect], ..Self::default() }
    }

    fn extend(&mut self, other: Self) {
        self.awaited.extend(other.awaited);
        self.staying.extend(other.staying);
        self.apps.extend(other.apps);
    }
}

fn has_feature(app: &Value, feature: &str) -> bool {
    let features = app["features"].as_array();
    features.is_some_and(|all| all.iter().any(|one| one == feature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_awaited_is_read_back_as_it_was_recorded() {
        let effects = vec![
            AwaitedEffect::Deactivation { org: "hub".into(), user: "00u1".into() },
            AwaitedEffect::Deletion { org: "hub".into(), group: "00g1".into() },
            AwaitedEffect::Push(Box::new(PushEffect {
                org: "spoke".into(),
                arguments: vec!["0oa1".into(), "gPm1".into()],
                last: json!("2026-11-30T07:00:00Z"),
                targets: vec![("hub".into(), "00g1".into())],
                members: BTreeSet::from(["00u1".into()]),
            })),
        ];
        let aftermath = ProvisioningEffects {
            awaited: effects,
            staying: vec![AwaitedAccount { org: "hub".into(), login: "jo".into(), status: "ACTIVE".into() }],
            apps: BTreeSet::from(["0oa1".into()]),
        };
        let kept = serde_json::to_value(&aftermath).expect("JSON");
        let read: ProvisioningEffects = serde_json::from_value(kept).expect("an aftermath");
        assert_eq!(read, aftermath);
    }
}
