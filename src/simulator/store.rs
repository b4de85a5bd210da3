//! The state of one simulated org. Rules live in the resource modules; this file only says what there is.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, RwLock};

use serde_json::{Map, Value};

use super::directory::Directory;

/// An Okta id: 20 characters with a type prefix.
pub(super) type Id = String;
/// Milliseconds since the Unix epoch, UTC.
pub(super) type Millis = i64;

/// One org and everything in it.
pub(super) struct Org {
    /// Name of the org in the scenario, such as `okta` or `hub`.
    pub(super) name: String,
    pub(super) id: Id,
    pub(super) subdomain: String,
    pub(super) ids: super::ids::Ids,
    pub(super) users: BTreeMap<Id, User>,
    /// Lower-cased login to user.
    pub(super) logins: HashMap<String, Id>,
    pub(super) groups: BTreeMap<Id, Group>,
    pub(super) rules: BTreeMap<Id, Rule>,
    pub(super) apps: BTreeMap<Id, App>,
    pub(super) tokens: BTreeMap<Id, Token>,
    /// Role assignments by user.
    pub(super) roles: BTreeMap<Id, Vec<Role>>,
    /// System Log events in Okta's wire form, oldest first.
    pub(super) log: Vec<Value>,
    /// Failed provisioning jobs as the Admin Console's dashboard shows them.
    pub(super) tasks: Vec<Task>,
    /// Provisioning jobs waiting for their time, by due time.
    pub(super) jobs: VecDeque<Job>,
    pub(super) options: super::options::Options,
    /// Active Directories by lower-cased domain name; shared with the LDAP server.
    pub(super) directories: BTreeMap<String, Arc<RwLock<Directory>>>,
}

pub(super) struct User {
    pub(super) id: Id,
    /// STAGED, PROVISIONED, ACTIVE, SUSPENDED, DEPROVISIONED, …
    pub(super) status: String,
    pub(super) created: Millis,
    pub(super) activated: Option<Millis>,
    pub(super) status_changed: Option<Millis>,
    pub(super) last_updated: Millis,
    pub(super) password_changed: Option<Millis>,
    pub(super) profile: Map<String, Value>,
    /// `credentials.provider.type`, such as OKTA or ACTIVE_DIRECTORY.
    pub(super) provider: String,
    pub(super) has_password: bool,
    /// Question only; the answer is never shown.
    pub(super) recovery_question: Option<String>,
    pub(super) groups: BTreeSet<Id>,
}

pub(super) struct Group {
    pub(super) id: Id,
    /// OKTA_GROUP, APP_GROUP or BUILT_IN.
    pub(super) kind: String,
    pub(super) object_class: String,
    pub(super) profile: Map<String, Value>,
    pub(super) created: Millis,
    pub(super) last_updated: Millis,
    pub(super) last_membership_updated: Millis,
    pub(super) members: BTreeSet<Id>,
    /// The app instance of an APP_GROUP.
    pub(super) source: Option<Id>,
}

pub(super) struct Rule {
    pub(super) id: Id,
    pub(super) name: String,
    /// INACTIVE, ACTIVE or INVALID.
    pub(super) status: String,
    pub(super) created: Millis,
    pub(super) last_updated: Millis,
    /// `conditions` and `actions` in wire form; exclusions are kept in `conditions.people.users.exclude`.
    pub(super) conditions: Value,
    pub(super) actions: Value,
}

pub(super) struct App {
    pub(super) id: Id,
    /// Okta's app key, such as `active_directory` or `okta_org2org`.
    pub(super) name: String,
    pub(super) label: String,
    pub(super) status: String,
    pub(super) created: Millis,
    pub(super) last_updated: Millis,
    pub(super) features: Vec<String>,
    /// The rest of the wire form (settings, credentials, visibility …) as given or recorded.
    pub(super) document: Map<String, Value>,
    pub(super) users: BTreeMap<Id, AppUser>,
    pub(super) groups: BTreeMap<Id, AppGroup>,
    /// Present when this is an `active_directory` instance.
    pub(super) active_directory: Option<ActiveDirectory>,
}

pub(super) struct AppUser {
    pub(super) user: Id,
    pub(super) external_id: Option<String>,
    pub(super) created: Millis,
    pub(super) last_updated: Millis,
    pub(super) status: String,
    pub(super) status_changed: Millis,
    pub(super) sync_state: String,
    pub(super) last_sync: Option<Millis>,
    pub(super) individual: bool,
    /// The group that grants it, when not individual: the effective group.
    pub(super) granting_group: Option<Id>,
    pub(super) user_name: String,
    pub(super) profile: Map<String, Value>,
}

pub(super) struct AppGroup {
    pub(super) group: Id,
    pub(super) priority: i64,
    pub(super) profile: Map<String, Value>,
    pub(super) last_updated: Millis,
}

/// What an AD instance has beyond an app, most of it invisible to the API (set over `/simulator/`).
pub(super) struct ActiveDirectory {
    pub(super) domain: String,
    pub(super) agents: Vec<Agent>,
    /// "Create users", "Update attributes", "Deactivate users", "Sync password" show in `features`; these do not:
    /// "Update OU when the group that provisions a user to AD changes".
    pub(super) update_ou_on_group_change: bool,
    /// DNs of "User OUs connected to Okta".
    pub(super) connected_ous: Vec<String>,
}

pub(super) struct Agent {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) up: bool,
    pub(super) last_connection: Millis,
}

pub(super) struct Token {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) owner: Id,
    /// The token itself; never shown by the API.
    pub(super) secret: String,
    pub(super) created: Millis,
    pub(super) expires: Millis,
    /// ANYWHERE, or ZONE that does not include the caller.
    pub(super) network: String,
    pub(super) revoked: bool,
}

pub(super) struct Role {
    pub(super) id: Id,
    /// SUPER_ADMIN, APP_ADMIN, …
    pub(super) kind: String,
    pub(super) created: Millis,
}

/// A failed provisioning job that waits for an admin.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) app: Id,
    pub(super) user: Id,
    pub(super) message: String,
    pub(super) at: Millis,
}

pub(super) struct Job {
    pub(super) due: Millis,
    pub(super) app: Id,
    pub(super) user: Id,
    pub(super) kind: JobKind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum JobKind {
    /// Create or link the account, or bring it to the effective group's OU and push attributes.
    Provision,
    /// Disable the account.
    Deactivate,
}
