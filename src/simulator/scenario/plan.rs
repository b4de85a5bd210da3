//! The keys of a scenario file.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::super::options::Options;

/// What a simulator starts with. The module's documentation lists the keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Scenario {
    pub(super) orgs: Option<Vec<OrgPlan>>,
    pub(super) directories: Option<Vec<DirectoryPlan>>,
    #[serde(deserialize_with = "count_or_object")]
    pub(super) contractors: Option<Contractors>,
    pub(super) options: Option<Options>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct OrgPlan {
    pub(super) name: String,
    pub(super) subdomain: Option<String>,
    pub(super) custom_domain: Option<String>,
    #[serde(default)]
    pub(super) custom_attributes: Map<String, Value>,
    #[serde(default)]
    pub(super) admin: AdminPlan,
    #[serde(default)]
    pub(super) admins: Vec<AdminPlan>,
    #[serde(default)]
    pub(super) users: Vec<UserPlan>,
    #[serde(default)]
    pub(super) groups: Vec<GroupPlan>,
    #[serde(default)]
    pub(super) rules: Vec<RulePlan>,
    #[serde(default)]
    pub(super) apps: Vec<AppPlan>,
    #[serde(default)]
    pub(super) clients: Vec<ClientPlan>,
    pub(super) options: Option<Options>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AdminPlan {
    pub(super) login: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) roles: Vec<String>,
    pub(super) token: Option<String>,
}

impl Default for AdminPlan {
    fn default() -> Self {
        Self {
            login: "sam.admin@corp.example".to_owned(),
            first_name: "Sam".to_owned(),
            last_name: "Admin".to_owned(),
            roles: vec!["SUPER_ADMIN".to_owned()],
            token: None,
        }
    }
}

/// The token is a secret, also in a simulator: people copy what they see.
impl fmt::Debug for AdminPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminPlan")
            .field("login", &self.login)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct UserPlan {
    pub(super) login: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) email: Option<String>,
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) attributes: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct GroupPlan {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(rename = "type", default = "okta_group")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) members: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RulePlan {
    pub(super) name: String,
    pub(super) expression: String,
    pub(super) groups: Vec<String>,
    #[serde(default = "yes")]
    pub(super) active: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the switches of the Admin Console, one each"
)]
pub(super) struct AppPlan {
    pub(super) active_directory: Option<String>,
    pub(super) app: Option<Value>,
    /// Name of the org that an Org2Org app is connected with.
    pub(super) hub: Option<String>,
    pub(super) label: Option<String>,
    #[serde(default = "yes")]
    pub(super) create_users: bool,
    #[serde(default = "yes")]
    pub(super) update_user_attributes: bool,
    #[serde(default = "yes")]
    pub(super) deactivate_users: bool,
    #[serde(default = "yes")]
    pub(super) sync_password: bool,
    #[serde(default)]
    pub(super) profile_sourcing: bool,
    #[serde(default = "yes")]
    pub(super) update_ou_on_group_change: bool,
    #[serde(default = "one_agent")]
    pub(super) agents: Vec<AgentPlan>,
    pub(super) connected_ous: Option<Vec<String>>,
    #[serde(default = "yes")]
    pub(super) import: bool,
    #[serde(default)]
    pub(super) groups: Vec<AppGroupPlan>,
    #[serde(default)]
    pub(super) users: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ClientPlan {
    pub(super) label: String,
    #[serde(rename = "type", default = "service")]
    pub(super) kind: String,
    pub(super) client_id: Option<String>,
    pub(super) keys: Option<Vec<Value>>,
    pub(super) scopes: Option<Vec<String>>,
    #[serde(default)]
    pub(super) roles: Vec<String>,
    #[serde(default)]
    pub(super) dpop: bool,
    #[serde(default = "yes")]
    pub(super) active: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AgentPlan {
    pub(super) name: String,
    #[serde(default = "yes")]
    pub(super) up: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AppGroupPlan {
    pub(super) group: String,
    pub(super) priority: Option<i64>,
    pub(super) organizational_unit: Option<String>,
    #[serde(default)]
    pub(super) profile: Map<String, Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DirectoryPlan {
    pub(super) domain: String,
    #[serde(default)]
    pub(super) organizational_units: Vec<String>,
    #[serde(default)]
    pub(super) accounts: Vec<AccountPlan>,
    #[serde(default)]
    pub(super) denied: Vec<String>,
    /// A directory that is not simulated.
    pub(super) outside: Option<OutsidePlan>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct OutsidePlan {
    pub(super) url: String,
    pub(super) bind_dn: String,
    /// Name of the environment variable that holds the password.
    pub(super) password_env: String,
    /// Where the agent looks; by default the whole domain.
    pub(super) base: Option<String>,
    pub(super) ca: Option<std::path::PathBuf>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AccountPlan {
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) user_principal_name: String,
    pub(super) organizational_unit: String,
    pub(super) sam_account_name: Option<String>,
    pub(super) cn: Option<String>,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) protected: bool,
}

/// People made up. Those that are left out: the first directory, the first org, the OU `User-Contractor`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Contractors {
    pub(super) count: usize,
    pub(super) organizational_unit: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) org: Option<String>,
}

fn yes() -> bool {
    true
}

fn service() -> String {
    "service".to_owned()
}

fn okta_group() -> String {
    "OKTA_GROUP".to_owned()
}

fn one_agent() -> Vec<AgentPlan> {
    vec![AgentPlan {
        name: "CORP-DC1".to_owned(),
        up: true,
    }]
}

/// `200` or `{"count": 200, …}`. By hand, because an untagged enum would hide what is wrong with the object.
fn count_or_object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Contractors>, D::Error> {
    struct CountOrObject;

    impl<'de> Visitor<'de> for CountOrObject {
        type Value = Option<Contractors>;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a number of contractors, or an object with `count`")
        }

        fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Self::Value, E> {
            let count = usize::try_from(count).map_err(E::custom)?;
            Ok(Some(Contractors {
                count,
                ..Contractors::default()
            }))
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Contractors::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    deserializer.deserialize_any(CountOrObject)
}
