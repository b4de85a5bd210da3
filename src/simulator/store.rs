//! The state of one simulated org. Rules live in the resource modules; this file only says what there is.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, RwLock};

use serde_json::{Map, Value};

use super::directory::SimulatedDirectory;
pub(super) use super::ids::OktaId;
use super::model::authorization_server::AuthorizationServer;
use super::model::org2org_app::Org2OrgApp;
use super::model::profile_mapping::ProfileMapping;
use super::model::shadow_changes::ShadowChanges;
pub(super) use super::org_clock::{EpochMillis, real_time};

/// One org and everything in it.
pub(super) struct SimulatedOrg {
    /// Name of the org in the scenario, such as `okta` or `hub`.
    pub(super) name: String,
    pub(super) id: OktaId,
    pub(super) subdomain: String,
    /// Host name of a custom domain: another address of the same org.
    pub(super) custom_domain: Option<String>,
    /// Custom attributes of the user schema, as the schema shows them.
    pub(super) custom_attributes: Map<String, Value>,
    /// Of a shadow: the real org's user schema was not read, and may define more.
    pub(super) schema_unread: bool,
    pub(super) ids: super::ids::IdMaker,
    pub(super) users: BTreeMap<OktaId, StoredUser>,
    /// Passwords that were set over the API, by user; never shown.
    pub(super) passwords: HashMap<OktaId, secrecy::SecretString>,
    /// Lower-cased login to user.
    pub(super) logins: HashMap<String, OktaId>,
    pub(super) groups: BTreeMap<OktaId, StoredGroup>,
    pub(super) rules: BTreeMap<OktaId, StoredRule>,
    pub(super) apps: BTreeMap<OktaId, StoredApp>,
    pub(super) tokens: BTreeMap<OktaId, ApiToken>,
    /// Role assignments by user, by group, and by client id of service apps.
    pub(super) roles: BTreeMap<OktaId, Vec<AdminRole>>,
    /// System Log events in Okta's wire form, oldest first.
    pub(super) log: Vec<Value>,
    /// Id of the request that is being answered; `None` while Okta acts by itself.
    pub(super) transaction: Option<String>,
    /// What its client calls itself.
    pub(super) user_agent: Option<String>,
    /// Failed provisioning jobs as the Admin Console's dashboard shows them.
    pub(super) tasks: Vec<FailedTask>,
    /// Provisioning jobs waiting for their time, by due time.
    pub(super) jobs: VecDeque<ProvisioningJob>,
    /// Jobs whose time has come and which another org must be called for, the one in work first.
    pub(super) outbox: VecDeque<ProvisioningJob>,
    pub(super) options: super::options::OrgOptions,
    /// Active Directories by lower-cased domain name; shared with the LDAP server.
    pub(super) directories: BTreeMap<String, Arc<RwLock<SimulatedDirectory>>>,
    pub(super) created: EpochMillis,
    /// Added to the real time; tests shift it.
    pub(super) clock_offset: EpochMillis,
    /// The one user type of the org, and its schema.
    pub(super) user_type: OktaId,
    pub(super) user_schema: OktaId,
    /// The `BUILT_IN` group that holds every user.
    pub(super) everyone: OktaId,
    /// Users that each rule has put into its groups.
    pub(super) rule_grants: BTreeMap<OktaId, BTreeSet<OktaId>>,
    pub(super) recent: RecentChanges,
    /// Users who left the last of the groups by which they were provisioned to a directory, each time anew.
    pub(super) stranded: Vec<OktaId>,
    /// What was changed here, where the org is a shadow of a real one.
    pub(super) changed: Option<ShadowChanges>,
    /// The org authorization server.
    pub(super) oauth: AuthorizationServer,
}

/// Changes that reads may not see yet.
#[derive(Default)]
pub(super) struct RecentChanges {
    pub(super) memberships: VecDeque<MembershipChange>,
    /// New groups and when they were made.
    pub(super) groups: HashMap<OktaId, EpochMillis>,
}

pub(super) struct MembershipChange {
    pub(super) at: EpochMillis,
    pub(super) group: OktaId,
    pub(super) user: OktaId,
    /// Whether the user was a member before the change.
    pub(super) was_member: bool,
}

impl SimulatedOrg {
    /// An org that holds nothing but the group Everyone. The same `seed` gives the same ids.
    pub(super) fn new(name: &str, seed: u64) -> Self {
        let mut ids = super::ids::IdMaker::new(seed, "1d7");
        let now = real_time();
        let everyone = StoredGroup::everyone(ids.next("00g"), now);
        Self {
            name: name.to_owned(),
            id: ids.next("00o"),
            subdomain: name.to_owned(),
            custom_domain: None,
            custom_attributes: Map::new(),
            schema_unread: false,
            user_type: ids.next("oty"),
            user_schema: ids.next("osc"),
            everyone: everyone.id.clone(),
            groups: BTreeMap::from([(everyone.id.clone(), everyone)]),
            ids,
            users: BTreeMap::new(),
            passwords: HashMap::new(),
            logins: HashMap::new(),
            rules: BTreeMap::new(),
            apps: BTreeMap::new(),
            tokens: BTreeMap::new(),
            roles: BTreeMap::new(),
            log: Vec::new(),
            transaction: None,
            user_agent: None,
            tasks: Vec::new(),
            jobs: VecDeque::new(),
            outbox: VecDeque::new(),
            options: super::options::OrgOptions::default(),
            directories: BTreeMap::new(),
            created: now,
            clock_offset: 0,
            rule_grants: BTreeMap::new(),
            recent: RecentChanges::default(),
            changed: None,
            stranded: Vec::new(),
            oauth: AuthorizationServer::default(),
        }
    }

    /// The org's clock.
    pub(super) fn now(&self) -> EpochMillis {
        real_time() + self.clock_offset
    }

    /// Puts a user into the org: index of logins and the group Everyone included.
    pub(super) fn insert_user(&mut self, mut user: StoredUser) {
        user.groups.insert(self.everyone.clone());
        if let Some(everyone) = self.groups.get_mut(&self.everyone) {
            everyone.members.insert(user.id.clone());
        }
        self.logins.insert(user.login().to_lowercase(), user.id.clone());
        self.users.insert(user.id.clone(), user);
    }
}

impl StoredUser {
    pub(super) fn login(&self) -> &str {
        self.attribute("login")
    }

    /// A text attribute of the profile, or the empty text.
    pub(super) fn attribute(&self, name: &str) -> &str {
        self.profile.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// First and last name, as the System Log shows a user.
    pub(super) fn display_name(&self) -> String {
        format!("{} {}", self.attribute("firstName"), self.attribute("lastName"))
    }
}

impl StoredGroup {
    pub(super) fn name(&self) -> &str {
        self.profile.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn description(&self) -> &str {
        let description = self.profile.get("description").and_then(Value::as_str);
        description.unwrap_or_default()
    }

    fn everyone(id: OktaId, now: EpochMillis) -> Self {
        let profile = serde_json::json!({"name": "Everyone", "description": "All users in your organization"});
        let profile = profile.as_object().cloned().unwrap_or_default();
        Self::new(id, "BUILT_IN", profile, now)
    }

    /// A group of Okta's own class that begins now, with nobody in it.
    pub(super) fn new(id: OktaId, kind: &str, profile: Map<String, Value>, now: EpochMillis) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            object_class: "okta:user_group".to_owned(),
            profile,
            created: now,
            last_updated: now,
            last_membership_updated: now,
            members: BTreeSet::new(),
            source: None,
        }
    }
}

pub(super) struct StoredUser {
    pub(super) id: OktaId,
    /// STAGED, PROVISIONED, ACTIVE, SUSPENDED, DEPROVISIONED, …
    pub(super) status: String,
    pub(super) created: EpochMillis,
    pub(super) activated: Option<EpochMillis>,
    pub(super) status_changed: Option<EpochMillis>,
    pub(super) last_updated: EpochMillis,
    pub(super) password_changed: Option<EpochMillis>,
    /// Nobody signs in here: as the scenario or the org has it.
    pub(super) last_login: Option<EpochMillis>,
    pub(super) profile: Map<String, Value>,
    /// `credentials.provider.type`, such as OKTA or `ACTIVE_DIRECTORY`.
    pub(super) provider: String,
    pub(super) has_password: bool,
    /// Question only; the answer is never shown.
    pub(super) recovery_question: Option<String>,
    pub(super) groups: BTreeSet<OktaId>,
}

pub(super) struct StoredGroup {
    pub(super) id: OktaId,
    /// `OKTA_GROUP`, `APP_GROUP` or `BUILT_IN`.
    pub(super) kind: String,
    pub(super) object_class: String,
    pub(super) profile: Map<String, Value>,
    pub(super) created: EpochMillis,
    pub(super) last_updated: EpochMillis,
    pub(super) last_membership_updated: EpochMillis,
    pub(super) members: BTreeSet<OktaId>,
    /// The app instance of an `APP_GROUP`.
    pub(super) source: Option<OktaId>,
}

pub(super) struct StoredRule {
    pub(super) id: OktaId,
    pub(super) name: String,
    /// INACTIVE, ACTIVE or INVALID.
    pub(super) status: String,
    pub(super) created: EpochMillis,
    pub(super) last_updated: EpochMillis,
    /// `conditions` and `actions` in wire form; exclusions are kept in `conditions.people.users.exclude`.
    pub(super) conditions: Value,
    pub(super) actions: Value,
}

pub(super) struct StoredApp {
    pub(super) id: OktaId,
    /// Okta's app key, such as `active_directory` or `okta_org2org`.
    pub(super) name: String,
    pub(super) label: String,
    pub(super) status: String,
    pub(super) created: EpochMillis,
    pub(super) last_updated: EpochMillis,
    pub(super) features: Vec<String>,
    /// The rest of the wire form (settings, credentials, visibility …) as given or recorded.
    pub(super) document: Map<String, Value>,
    pub(super) users: BTreeMap<OktaId, AppUser>,
    pub(super) groups: BTreeMap<OktaId, AppGroup>,
    /// Present when this is an `active_directory` instance.
    pub(super) active_directory: Option<ActiveDirectory>,
    /// Present when this is an `okta_org2org` app.
    pub(super) org2org: Option<Org2OrgApp>,
    /// Users who were unassigned one by one, with the groups that do not assign them again.
    pub(super) unassigned: BTreeMap<OktaId, BTreeSet<OktaId>>,
    /// Custom attributes of the app's users, as the schema shows them.
    pub(super) custom_attributes: Map<String, Value>,
    /// Of a shadow: the real app's schema was not read, and may define more.
    pub(super) schema_unread: bool,
    /// App to Okta, then Okta to app.
    pub(super) mappings: Vec<ProfileMapping>,
}

pub(super) struct AppUser {
    pub(super) user: OktaId,
    pub(super) external_id: Option<String>,
    pub(super) created: EpochMillis,
    pub(super) last_updated: EpochMillis,
    pub(super) status: String,
    pub(super) status_changed: EpochMillis,
    pub(super) sync_state: String,
    pub(super) last_sync: Option<EpochMillis>,
    pub(super) individual: bool,
    /// The group that grants it, when not individual: the effective group.
    pub(super) granting_group: Option<OktaId>,
    pub(super) user_name: String,
    pub(super) profile: Map<String, Value>,
    /// Answer of the security question; written, never shown.
    pub(super) security_answer: Option<secrecy::SecretString>,
    /// When the agent takes the waiting job: from then on `OUT_OF_SYNC` is shown as SYNCING.
    pub(super) syncing_from: Option<EpochMillis>,
}

pub(super) struct AppGroup {
    pub(super) group: OktaId,
    pub(super) priority: i64,
    pub(super) profile: Map<String, Value>,
    pub(super) last_updated: EpochMillis,
}

/// What an AD instance has beyond an app, most of it invisible to the API (set over `/simulator/`).
pub(super) struct ActiveDirectory {
    pub(super) domain: String,
    pub(super) agents: Vec<AdAgent>,
    /// "Create users", "Update attributes", "Deactivate users", "Sync password" show in `features`; these do not:
    /// "Update OU when the group that provisions a user to AD changes".
    pub(super) update_ou_on_group_change: bool,
    /// DNs of "User OUs connected to Okta".
    pub(super) connected_ous: Vec<String>,
}

pub(super) struct AdAgent {
    pub(super) id: OktaId,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) up: bool,
    pub(super) last_connection: EpochMillis,
}

pub(super) struct ApiToken {
    pub(super) id: OktaId,
    pub(super) name: String,
    pub(super) owner: OktaId,
    /// The token itself; never shown by the API.
    pub(super) secret: String,
    pub(super) created: EpochMillis,
    pub(super) expires: EpochMillis,
    /// ANYWHERE, or ZONE that does not include the caller.
    pub(super) network: String,
    pub(super) revoked: bool,
}

#[derive(Clone)]
pub(super) struct AdminRole {
    pub(super) id: OktaId,
    /// `SUPER_ADMIN`, `APP_ADMIN`, …
    pub(super) kind: String,
    pub(super) created: EpochMillis,
}

/// A failed provisioning job that waits for an admin.
#[derive(Clone)]
pub(super) struct FailedTask {
    pub(super) app: OktaId,
    pub(super) user: OktaId,
    pub(super) message: String,
    pub(super) at: EpochMillis,
    /// The account of a failed deactivation, whose app user is gone.
    pub(super) account: Option<String>,
}

#[derive(Clone)]
pub(super) struct ProvisioningJob {
    pub(super) due: EpochMillis,
    pub(super) app: OktaId,
    pub(super) user: OktaId,
    pub(super) kind: JobKind,
    /// The account's `externalId` when the app user that held it is gone; of jobs about groups the mapping's id, or that of the hub's group.
    pub(super) account: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum JobKind {
    /// Create or link the account, or bring it to the effective group's OU and push attributes.
    Provision,
    /// Enable an account that was created.
    Activate,
    /// Disable the account.
    Deactivate,
    /// Take the assignment from a user whom no group assigns.
    Reconcile,
    /// Make or link a pushed group in the hub, and bring its members in line.
    PushGroup,
    /// Give the hub's group the name and description of its source.
    UpdateGroup,
    /// Give the account the user's Okta password.
    PushPassword,
    /// Add or remove one member of a pushed group.
    PushMember,
    /// Delete a group of the hub.
    DeleteGroup,
    /// Import the users and groups of the hub.
    Import,
    /// Confirm what an import has left for review.
    Confirm,
}
