//! Okta orgs and their Active Directories as a real server on loopback.
//!
//! The simulator answers over HTTP and LDAP with Okta's and AD's own rules, so that a client cannot tell. It imports nothing of
//! this crate: a misreading of the API in the client cannot hide in both. What is not modelled answers 501, never a made-up success.
//!
//! ```text
//! server ─► traffic ─► service: routes ─► sign_in, oauth ─► limits ─► permissions ─► a resource module ─► store
//!    │         └────► control, faults: `/simulator/`, what no Okta has
//!    └────► ldap ─► directory
//! ```
//!
//! `model` holds plain data that more than one resource works on, `store` the org of them.
//!
//! Layers, from the bottom; a file imports of its own and of those before it:
//!
//! 1. Values: `buckets`, `connection`, `dn`, `error`, `faults`, `ids`, `names`, `options`, `org_clock`, `page_chain`
//! 2. State: `directory`, `model`, `store`
//! 3. Rules on it, and how they are asked: `effective_group`, `filter`, `headers`, `http`, `invariants`, `jobs`, `json_patch`, `ldap`,
//!    `limits`, `log`, `membership_lag`, `org`, `pages`, `rule_expression`, `schemas`, `user_profile`, `user_search`, `users`, `wire`
//! 4. Resources and what is asked before them: `active_directory`, `agent`, `agent_pools`, `app_form`, `app_groups`, `app_users`, `apps`,
//!    `dump`, `group_roles`, `group_search`, `groups`, `import`, `job_runner`, `mappings`, `membership_changes`, `memberships`, `oauth`,
//!    `org2org`, `permissions`, `provisioning`, `reply`, `roles`, `routes`, `rule_membership`, `rules`, `running_org`, `scenario`,
//!    `service`, `shadow`, `sign_in`, `snapshot`, `tokens`, `user_changes`, `user_creation`, `user_groups`, `user_lifecycle`
//! 5. The server: `control`, `server`, `traffic`
//!
//! An org may be the shadow of a real one (`shadow`): what the store lacks is then read there, once, and what is changed is changed here
//! alone. `scenario` makes orgs of a file, `snapshot` a file of an org.

mod active_directory;
mod agent;
mod agent_pools;
mod app_form;
mod app_groups;
mod app_users;
mod apps;
mod buckets;
mod connection;
mod control;
mod directory;
mod dn;
mod dump;
mod effective_group;
mod error;
mod faults;
mod filter;
mod group_roles;
mod group_search;
mod groups;
mod headers;
mod http;
mod ids;
mod import;
mod invariants;
mod job_runner;
mod jobs;
mod json_patch;
mod ldap;
mod limits;
mod log;
mod mappings;
mod membership_changes;
mod membership_lag;
mod memberships;
mod model;
mod names;
mod oauth;
mod options;
mod org;
mod org2org;
mod org_clock;
mod page_chain;
mod pages;
mod permissions;
mod provisioning;
mod reply;
mod roles;
mod routes;
mod rule_expression;
mod rule_membership;
mod rules;
mod running_org;
mod scenario;
mod schemas;
mod server;
mod service;
mod shadow;
mod sign_in;
mod snapshot;
mod store;
mod tokens;
mod traffic;
mod user_changes;
mod user_creation;
mod user_groups;
mod user_lifecycle;
mod user_profile;
mod user_search;
mod users;
mod wire;

#[cfg(test)]
mod rule_fixture;
#[cfg(test)]
mod testing;

pub use error::SimulatorError;
pub use scenario::ScenarioSpec;
pub use server::{DirectoryAddress, ListenAddress, OrgAddress, ReadyNotice, ServiceAppAddress, Simulator};
pub use shadow::{AnswerProvenance, UpstreamAnswer, UpstreamOrg, UpstreamRead};
pub use snapshot::{OrgSnapshot, PseudonymTable, SnapshotNotes, StandIn, SurveyProgress, survey};
