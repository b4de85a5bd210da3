//! The keys of a scenario file. What says nothing is not written.

mod apps;
mod directories;
mod people;

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::super::options::OrgOptions;

pub(in crate::simulator) use apps::{
    AgentSpec, AppGroupSpec, AppSpec, AppUserSpec, ClientSpec, ConnectionSpec, HeldAppUserSpec, MappingSpec,
    MappingSpecDirection, PushSpec,
};
pub(in crate::simulator) use directories::{AccountSpec, DirectorySpec, LiveDirectorySpec};
pub(in crate::simulator) use people::{GroupSpec, RuleSpec, UserSpec};

/// What a simulator starts with. The module's documentation lists the keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ScenarioSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) directories: Option<Vec<DirectorySpec>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) orgs: Option<Vec<OrgSpec>>,
    #[serde(deserialize_with = "count_or_object", skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) contractors: Option<ContractorSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) options: Option<OrgOptions>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct OrgSpec {
    pub(in crate::simulator) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) subdomain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) custom_domain: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(in crate::simulator) custom_attributes: Map<String, Value>,
    #[serde(default, skip_serializing_if = "is_off")]
    pub(in crate::simulator) settled: bool,
    #[serde(default)]
    pub(in crate::simulator) admin: AdminSpec,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) admins: Vec<AdminSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) users: Vec<UserSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) groups: Vec<GroupSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) rules: Vec<RuleSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) apps: Vec<AppSpec>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::simulator) clients: Vec<ClientSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) options: Option<OrgOptions>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct AdminSpec {
    pub(in crate::simulator) login: String,
    pub(in crate::simulator) first_name: String,
    pub(in crate::simulator) last_name: String,
    pub(in crate::simulator) roles: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::simulator) token: Option<String>,
}

impl Default for AdminSpec {
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
impl fmt::Debug for AdminSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminPlan").field("login", &self.login).field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// People made up. Those that are left out: the first directory, the first org, the OU `User-Contractor`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::simulator) struct ContractorSpec {
    pub(in crate::simulator) count: usize,
    pub(in crate::simulator) organizational_unit: Option<String>,
    pub(in crate::simulator) directory: Option<String>,
    pub(in crate::simulator) org: Option<String>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "Serde asks so")]
fn is_on(it: &bool) -> bool {
    *it
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "Serde asks so")]
fn is_off(it: &bool) -> bool {
    !*it
}

/// `200` or `{"count": 200, …}`. By hand, because an untagged enum would hide what is wrong with the object.
fn count_or_object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ContractorSpec>, D::Error> {
    struct CountOrObject;

    impl<'de> Visitor<'de> for CountOrObject {
        type Value = Option<ContractorSpec>;

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a number of contractors, or an object with `count`")
        }

        fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Self::Value, E> {
            let count = usize::try_from(count).map_err(E::custom)?;
            Ok(Some(ContractorSpec { count, ..ContractorSpec::default() }))
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            ContractorSpec::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    deserializer.deserialize_any(CountOrObject)
}
