//! Okta orgs and their Active Directories as a real server on loopback.
//!
//! The simulator answers over HTTP and LDAP with Okta's and AD's own rules, so that a client cannot tell. It imports nothing of
//! this crate: a misreading of the API in the client cannot hide in both. What is not modelled answers 501, never a made-up success.

mod app_groups;
mod app_users;
mod apps;
mod directory;
mod dn;
mod http;
mod ids;
mod ldap;
mod options;
mod provisioning;
mod store;
