//! Users, groups and rules.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{is_on, yes};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct UserSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) id: Option<String>,
    pub(in crate::simulator) login: String,
    pub(in crate::simulator) first_name: String,
    pub(in crate::simulator) last_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) has_password: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) recovery_question: Option<String>,
    /// When the user signed in last, as Okta writes a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) last_login: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(in crate::simulator) attributes: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct GroupSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) id: Option<String>,
    pub(in crate::simulator) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::simulator) description: String,
    #[serde(rename = "type", default = "okta_group", skip_serializing_if = "is_okta_group")]
    pub(in crate::simulator) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) object_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) source: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(in crate::simulator) attributes: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) members: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct RuleSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) id: Option<String>,
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) expression: String,
    pub(in crate::simulator) groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) exclude: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) exclude_groups: Vec<String>,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) status: Option<String>,
}

impl RuleSpec {
    /// `status`, or what `active` says.
    pub(in crate::simulator) fn status(&self) -> &str {
        let of_switch = if self.active { "ACTIVE" } else { "INACTIVE" };
        self.status.as_deref().unwrap_or(of_switch)
    }
}

fn okta_group() -> String {
    "OKTA_GROUP".to_owned()
}

fn is_okta_group(kind: &String) -> bool {
    *kind == okta_group()
}
