//! What a simulator starts with: orgs, directories and people, from a JSON file.
//!
//! Everything may be left out; `{}` is the built-in scenario, `{"contractors": 200}` the built-in one with 200 contractors. Keys:
//!
//! | key | is |
//! |---|---|
//! | `directories[]` | `domain`; `organizationalUnits[]` (names or DNs, parents first; `CN=…` is a container); `accounts[]`; `denied[]` (OUs where the agent's service account has no rights); `imagined` (false) |
//! | `directories[].imagined` | it is known from Okta alone: nobody can look at it, and an OU that is not listed is there all the same |
//! | `directories[].outside` | a directory that is not simulated, which the agent then changes over LDAP: `url`, `bindDn`, `passwordEnv` (name of a variable), `base` (the domain's), `ca` (file) |
//! | `directories[].accounts[]` | `firstName`, `lastName`, `userPrincipalName`, `organizationalUnit`; `samAccountName`, `cn`, `enabled`, `protected`, `guid` (base64), `attributes` (all of them by AD's names, a text or several each; names and e-mail when left out) |
//! | `orgs[]` | `name`, `subdomain`, `customDomain` (a host name that leads here too, such as `localhost`), `customAttributes` (of users: name to definition, `{"title", "type", "required"}`), `settled`, `admin`, `admins[]`, `users[]`, `groups[]`, `rules[]`, `apps[]`, `clients[]`, `options` |
//! | `orgs[].settled` | (false) everything is as it is listed: no import runs, no rule fills a group and no group assigns an app before the start; apps may be of any kind |
//! | `orgs[].admin`, `admins[]` | `login` (perhaps of one of `users[]`), `firstName`, `lastName`, `roles[]` (SUPER_ADMIN), `token` (random); a token each |
//! | `orgs[].users[]` | `login`, `firstName`, `lastName`; `id`, `email`, `status` (ACTIVE), `provider` (OKTA), `hasPassword` (by the status), `recoveryQuestion`, `lastLogin`, `attributes` |
//! | `orgs[].groups[]` | `name`; `id`, `description`, `type` (OKTA_GROUP, or APP_GROUP, BUILT_IN), `objectClass`, `source` (id or label of an APP_GROUP's app), `attributes` (of the profile), `members[]` (logins or ids) |
//! | `orgs[].rules[]` | `name`, `expression`, `groups[]`; `id`, `exclude[]` (logins or ids), `excludeGroups[]`, `active` (true), `status` (INVALID) |
//! | `orgs[].apps[]` | either `activeDirectory` (a domain) with the AD keys, or `app` (a body as for `POST /api/v1/apps`), or `hub` (name of the org that an Org2Org app is connected with, the switches as for AD); all: `id`, `label`, `status` (ACTIVE), `features[]` (those of the switches), `mappings[]`, `groups[]`, `users[]` (logins, assigned one by one, or app users as they are) |
//! | AD keys | `createUsers`, `updateUserAttributes`, `deactivateUsers`, `syncPassword` (true), `profileSourcing` (false), `updateOuOnGroupChange` (true), `agents[]` (`name`, `up`), `connectedOus[]` (all), `import` (true: accounts are matched to users before the start) |
//! | `orgs[].apps[].groups[]` | `group` (name or id); `priority` (appended), `organizationalUnit`, `profile` |
//! | `orgs[].apps[].users[]` | `user` (login or id); `scope` (USER), `group` (that grants it), `status` (ACTIVE), `syncState` (DISABLED), `externalId` (of an account, its `guid`), `userName`, `profile` |
//! | `orgs[].apps[].mappings[]` | `direction` (toOkta, toApp), `properties`; `id` |
//! | of an Org2Org app | `connection` (`enabled`, `baseUrl`, and of one by OAuth 2.0 `clientId`, `rotationMode`), `capabilities` (by name of the feature), `pushes[]` (`id`, `group`, `target`, `name`, `status`, `error`) |
//! | of a service app | `scopes[]`, `roles[]` |
//! | `{hub.url}` | in the form of an app, and in `baseUrl`: the address of the org `hub`. A connection with it works: credentials are the simulator's own |
//! | `orgs[].clients[]` | OIDC apps that get access tokens: `label`; `type` (`service`, or `native` for people), `clientId`, `keys[]` (public JWKs; one is generated), `scopes[]` granted (those of users, groups, apps and all that runbooks touch), `roles[]`, `dpop` (false), `active` (true) |
//! | `contractors` | a number, or `count`, `organizationalUnit`, `directory`, `org`: people made up, each with an Okta user and an account |
//! | `options` | for every org that has none of its own; see the control surface's `/simulator/options` |

mod ad_instance;
pub(super) mod addresses;
mod build;
mod built;
mod clients;
mod connected;
mod contractors;
mod directories;
pub(super) mod groups;
mod people;
mod problems;
mod settled_state;
pub(super) mod spec;

use std::path::Path;

use super::error::SimulatorError;

pub(super) use addresses::settle;
pub(super) use built::BuiltScenario;
pub(super) use settled_state::each_text;
pub use spec::ScenarioSpec;
pub(super) use spec::{
    AccountSpec, AdminSpec, AgentSpec, AppGroupSpec, AppSpec, AppUserSpec, ConnectionSpec, DirectorySpec, GroupSpec,
    HeldAppUserSpec, MappingSpec, MappingSpecDirection, OrgSpec, RuleSpec, UserSpec,
};

/// An AD domain `corp.example` with OUs `User-Contractor` and `Users`, and the org `okta` with 24 contractors imported from it one
/// by one; no provisioning groups yet.
const BUILT_IN: &str = include_str!("scenarios/corp_example.json");

/// The same, connected, with one user who is provisioned.
const CONNECTED: &str = include_str!("scenarios/org2org_connected.json");

/// The same again, with the hub's people in the spoke, and profile sourcing switched on.
const SOURCING: &str = include_str!("scenarios/org2org_sourcing.json");

/// Two orgs, `spoke` with people and groups and `hub` with its admin; nothing connects them yet.
const ORG2ORG: &str = include_str!("scenarios/org2org.json");

impl ScenarioSpec {
    /// The scenario of the product's examples.
    pub fn built_in() -> Self {
        // The file is part of the program; a test reads it.
        Self::parse("the built-in scenario", BUILT_IN).unwrap_or_default()
    }

    /// The built-in scenario that has orgs of these names; the examples' own when none has.
    pub fn built_in_for<'a>(orgs: impl IntoIterator<Item = &'a str>) -> Self {
        let org2org = Self::parse("the built-in scenario org2org", ORG2ORG).unwrap_or_default();
        let named = |name: &str| org2org.orgs.iter().flatten().any(|org| org.name == name);
        if orgs.into_iter().all(named) { org2org } else { Self::built_in() }
    }

    /// A built-in scenario of Org2Org, or a file: `org2org`, `org2org_connected` (the spoke provisions into the hub) or
    /// `org2org_sourcing` (the hub is the source of profiles besides).
    pub fn find(name: &str) -> Result<Self, SimulatorError> {
        match name {
            "org2org" => Self::parse("the built-in scenario org2org", ORG2ORG),
            "org2org_connected" => Self::parse("the built-in scenario org2org_connected", CONNECTED),
            "org2org_sourcing" => Self::parse("the built-in scenario org2org_sourcing", SOURCING),
            path => Self::read(Path::new(path)),
        }
    }

    /// Reads a scenario file. What it leaves out comes from the built-in scenario.
    pub fn read(path: &Path) -> Result<Self, SimulatorError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| SimulatorError::Read { path: path.display().to_string(), reason: error.to_string() })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// The same scenario with `count` contractors.
    #[must_use]
    pub fn with_users(mut self, count: usize) -> Self {
        self.contractors.get_or_insert_default().count = count;
        self
    }

    /// Parses a scenario; `name` is what an error calls it.
    pub fn parse(name: &str, text: &str) -> Result<Self, SimulatorError> {
        serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            SimulatorError::Scenario(format!("{name}:{line}:{column}: {message}"))
        })
    }

    /// Names of its orgs, in its order.
    pub fn org_names(&self) -> Vec<String> {
        let completed = self.clone().completed();
        let orgs = completed.orgs.into_iter().flatten();
        orgs.map(|org| org.name).collect()
    }

    /// Builds the orgs and directories. Everything wrong with the scenario is told at once.
    pub(super) fn build(self) -> Result<BuiltScenario, SimulatorError> {
        build::build(self.completed())
    }

    /// Fills in from the built-in scenario what is left out.
    fn completed(mut self) -> Self {
        if self.orgs.is_some() {
            return self;
        }
        let built_in = Self::built_in();
        self.orgs = built_in.orgs;
        self.directories = self.directories.or(built_in.directories);
        self.contractors = self.contractors.or(built_in.contractors);
        self
    }
}

#[cfg(test)]
mod tests;
