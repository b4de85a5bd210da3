//! Apps with their users and groups, and OIDC clients.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{is_off, is_on, yes};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the switches of the Admin Console, one each")]
pub(in crate::simulator) struct AppSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) active_directory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) app: Option<Value>,
    /// Name of the org that an Org2Org app is connected with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) hub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) status: Option<String>,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) create_users: bool,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) update_user_attributes: bool,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) deactivate_users: bool,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) sync_password: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    pub(in crate::simulator) profile_sourcing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) features: Option<Vec<String>>,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) update_ou_on_group_change: bool,
    #[serde(default = "one_agent", skip_serializing_if = "is_one_agent")]
    pub(in crate::simulator) agents: Vec<AgentSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) connected_ous: Option<Vec<String>>,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) import: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) connection: Option<ConnectionSpec>,
    /// By name of the feature.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(in crate::simulator) capabilities: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) pushes: Vec<PushSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) mappings: Vec<MappingSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) groups: Vec<AppGroupSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) users: Vec<AppUserSpec>,
}

impl Default for AppSpec {
    fn default() -> Self {
        Self {
            id: None,
            active_directory: None,
            app: None,
            hub: None,
            label: None,
            status: None,
            create_users: true,
            update_user_attributes: true,
            deactivate_users: true,
            sync_password: true,
            profile_sourcing: false,
            features: None,
            update_ou_on_group_change: true,
            agents: one_agent(),
            connected_ous: None,
            import: true,
            connection: None,
            capabilities: Map::new(),
            pushes: Vec::new(),
            mappings: Vec::new(),
            scopes: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            users: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct AgentSpec {
    pub(in crate::simulator) name: String,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) up: bool,
}

/// The API integration of an Org2Org app, without its credentials.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct ConnectionSpec {
    #[serde(default = "yes")]
    pub(in crate::simulator) enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) base_url: Option<String>,
    /// Of the service app in the hub; an API token's connection has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) rotation_mode: Option<String>,
}

/// A group push mapping.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct PushSpec {
    pub(in crate::simulator) id: String,
    pub(in crate::simulator) group: String,
    /// Id of the target in this org.
    pub(in crate::simulator) target: String,
    /// The group's name in the hub, when it is not the source's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) name: Option<String>,
    pub(in crate::simulator) status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) error: Option<String>,
}

/// One direction of a profile mapping.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct MappingSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) id: Option<String>,
    pub(in crate::simulator) direction: MappingSpecDirection,
    pub(in crate::simulator) properties: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::simulator) enum MappingSpecDirection {
    ToOkta,
    ToApp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct AppGroupSpec {
    pub(in crate::simulator) group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) priority: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) organizational_unit: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(in crate::simulator) profile: Map<String, Value>,
}

/// A user who is assigned one by one, or an app user as he is.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(in crate::simulator) enum AppUserSpec {
    Assigned(String),
    Held(Box<HeldAppUserSpec>),
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct HeldAppUserSpec {
    pub(in crate::simulator) user: String,
    /// USER or GROUP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) scope: Option<String>,
    /// The group that grants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) sync_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) user_name: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(in crate::simulator) profile: Map<String, Value>,
}

/// By hand, because an untagged enum would hide what is wrong with the object.
impl<'de> Deserialize<'de> for AppUserSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LoginOrObject;

        impl<'de> Visitor<'de> for LoginOrObject {
            type Value = AppUserSpec;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a login, or an object with `user`")
            }

            fn visit_str<E: serde::de::Error>(self, login: &str) -> Result<Self::Value, E> {
                Ok(AppUserSpec::Assigned(login.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let held = HeldAppUserSpec::deserialize(MapAccessDeserializer::new(map))?;
                Ok(AppUserSpec::Held(Box::new(held)))
            }
        }

        deserializer.deserialize_any(LoginOrObject)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct ClientSpec {
    pub(in crate::simulator) label: String,
    #[serde(rename = "type", default = "service")]
    pub(in crate::simulator) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) keys: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "is_off")]
    pub(in crate::simulator) dpop: bool,
    #[serde(default = "yes", skip_serializing_if = "is_on")]
    pub(in crate::simulator) active: bool,
}

fn service() -> String {
    "service".to_owned()
}

fn one_agent() -> Vec<AgentSpec> {
    vec![AgentSpec { name: "CORP-DC1".to_owned(), up: true }]
}

fn is_one_agent(agents: &Vec<AgentSpec>) -> bool {
    *agents == one_agent()
}
