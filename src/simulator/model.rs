//! Plain data of an org that more than one resource works on. Rules stand elsewhere.

pub(super) mod authorization_server;
pub(super) mod generated_key;
pub(super) mod org2org_app;
pub(super) mod profile_mapping;
pub(super) mod shadow_changes;
