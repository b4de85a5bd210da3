//! Directories and their accounts.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{is_off, is_on, yes};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct DirectorySpec {
    pub(in crate::simulator) domain: String,
    #[serde(default, skip_serializing_if = "is_off")]
    pub(in crate::simulator) imagined: bool,
    #[serde(default)]
    pub(in crate::simulator) organizational_units: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) accounts: Vec<AccountSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) denied: Vec<String>,
    /// A directory that is not simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) outside: Option<LiveDirectorySpec>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct LiveDirectorySpec {
    pub(in crate::simulator) url: String,
    pub(in crate::simulator) bind_dn: String,
    /// Name of the environment variable that holds the password.
    pub(in crate::simulator) password_env: String,
    /// Where the agent looks; by default the whole domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) base: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) ca: Option<PathBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct AccountSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) guid: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::simulator) first_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::simulator) last_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::simulator) user_principal_name: String,
    pub(in crate::simulator) organizational_unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) sam_account_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) cn: Option<String>,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) enabled: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    pub(in crate::simulator) protected: bool,
    /// Attributes by AD's names, each a text or several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) attributes: Option<Map<String, Value>>,
}
