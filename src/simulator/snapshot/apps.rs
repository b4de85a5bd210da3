//! Apps of a snapshot with their users and groups.

use std::sync::PoisonError;

use serde_json::{Map, Value, json};

use super::super::app_form::{IMPORT_FEATURES, PUSH_FEATURES};
use super::super::mappings;
use super::super::options::Shown;
use super::super::provisioning::has_feature;
use super::super::scenario::{
    AgentSpec, AppGroupSpec, AppSpec, AppUserSpec, HeldAppUserSpec, MappingSpec, MappingSpecDirection,
};
use super::super::store::{ActiveDirectory, AdAgent, AppGroup, AppUser, SimulatedOrg, StoredApp};
use super::SnapshotWriter;
use super::notes::OrgNotes;
use super::people::{other_than, without_secrets};
use super::remarks::SnapshotRemarks;

/// Kinds whose rules the simulator knows, Active Directory and Org2Org apart.
const MODELLED: &[&str] = &["bookmark", "oidc_client", "custom_saml_app"];

const POOLS: &str = "/api/v1/agentPools";

/// What is written of an app's form, and of the parts of it: whatever else is there may be a secret.
const FORM: &[&str] = &["signOnMode", "accessibility", "visibility"];
const SETTINGS: &[&str] = &["baseUrl", "namingContext", "domain", "subDomain"];
const OF_CLIENT: &[&str] = &[
    "application_type",
    "grant_types",
    "response_types",
    "dpop_bound_access_tokens",
    "jwks_uri",
    "consent_method",
    "issuer_mode",
];
const OF_KEY: &[&str] = &["kty", "kid", "use", "alg", "status", "e", "n", "crv", "x", "y"];

/// Gives the AD instances the agents that were told of.
pub(super) fn set_agents(org: &mut SimulatedOrg, noted: &OrgNotes) {
    let told = |address: &str| address.split('?').next() == Some(POOLS);
    let lists = noted.answers().filter(|(address, _)| told(address));
    let pools: Vec<&Value> =
        lists.filter_map(|(_, seen)| seen.body.as_array().filter(|_| seen.status == 200)).flatten().collect();
    if !noted.answers().any(|(address, seen)| told(address) && seen.status == 200) {
        return;
    }
    for app in org.apps.values_mut() {
        let Some(directory) = app.active_directory.as_mut() else {
            continue;
        };
        let own = pools.iter().find(|pool| pool["id"] == app.id.as_str());
        let agents = own.and_then(|pool| pool["agents"].as_array());
        directory.agents = agents.into_iter().flatten().map(agent).collect();
    }
}

fn agent(told: &Value) -> AdAgent {
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    AdAgent {
        id: text("id"),
        name: text("name"),
        version: text("version"),
        up: told["operationalStatus"] == "OPERATIONAL",
        last_connection: 0,
    }
}

impl SnapshotWriter<'_> {
    pub(super) fn apps(&self, remarks: &mut SnapshotRemarks) -> Vec<AppSpec> {
        let apps = self.org.apps.values();
        apps.map(|app| self.app_plan(app, remarks)).collect()
    }

    fn app_plan(&self, app: &StoredApp, remarks: &mut SnapshotRemarks) -> AppSpec {
        let common = AppSpec {
            id: Some(app.id.clone()),
            status: other_than("ACTIVE", &app.status),
            mappings: mapping_plans(app),
            groups: self.app_groups(app, remarks),
            users: self.app_users(app, remarks),
            ..AppSpec::default()
        };
        match (&app.active_directory, &app.org2org) {
            (Some(directory), _) => self.instance(app, directory, common, remarks),
            (None, Some(part)) => {
                let connection = part.connection_plan().map(|mut plan| {
                    plan.base_url.iter_mut().for_each(|url| self.place_text(url));
                    plan
                });
                remarks.of_connection(connection.as_ref());
                AppSpec {
                    connection,
                    capabilities: part.capabilities(),
                    pushes: part.push_plans(self.org),
                    ..self.other(app, common)
                }
            }
            (None, None) => {
                if !MODELLED.contains(&app.name.as_str()) {
                    remarks.kinds.insert(app.name.clone());
                    remarks.foreign += 1;
                }
                self.other(app, common)
            }
        }
    }

    fn instance(
        &self,
        app: &StoredApp,
        directory: &ActiveDirectory,
        common: AppSpec,
        remarks: &mut SnapshotRemarks,
    ) -> AppSpec {
        remarks.instances += 1;
        let on = |index: usize| PUSH_FEATURES.get(index).is_some_and(|one| has_feature(app, one));
        let plan = AppSpec {
            active_directory: Some(directory.domain.clone()),
            label: other_than(&directory.domain, &app.label),
            create_users: on(0),
            update_user_attributes: on(1),
            deactivate_users: on(2),
            sync_password: on(3),
            profile_sourcing: has_feature(app, "PROFILE_MASTERING"),
            agents: directory.agents.iter().map(agent_plan).collect(),
            ..common
        };
        AppSpec { features: self.unusual_features(app), ..plan }
    }

    /// Features that the switches alone would not give.
    fn unusual_features(&self, app: &StoredApp) -> Option<Vec<String>> {
        let known = |feature: &String| PUSH_FEATURES.contains(&feature.as_str()) || feature == "PROFILE_MASTERING";
        let imports = app.features.iter().filter(|feature| !known(feature));
        let mut imports: Vec<&str> = imports.map(String::as_str).collect();
        let mut usual = IMPORT_FEATURES.to_vec();
        imports.sort_unstable();
        usual.sort_unstable();
        let pushes = self.org.options.assumptions.group_push_feature == Shown::Present;
        let creates = has_feature(app, "PUSH_NEW_USERS");
        if imports == usual && (pushes || !creates) {
            return None;
        }
        let mut features = app.features.clone();
        features.extend((pushes && creates).then(|| "GROUP_PUSH".to_owned()));
        Some(features)
    }

    /// An app that is made by its form.
    fn other(&self, app: &StoredApp, common: AppSpec) -> AppSpec {
        let told = app.org2org.is_some() || !app.features.is_empty();
        let client = self.org.oauth.clients.get(&app.id);
        let grants = client.into_iter().flat_map(|client| &client.grants);
        let roles = self.org.roles.get(&app.id).into_iter().flatten();
        AppSpec {
            label: Some(app.label.clone()),
            app: Some(self.form(app)),
            features: told.then(|| app.features.clone()),
            scopes: grants.map(|grant| grant.scope.clone()).collect(),
            roles: roles.map(|role| role.kind.clone()).collect(),
            ..common
        }
    }

    fn form(&self, app: &StoredApp) -> Value {
        let mut form = Map::from_iter([("name".to_owned(), json!(app.name))]);
        let document = Value::Object(app.document.clone());
        form.extend(parts(&document, FORM));
        if let Some(visibility) = form.get_mut("visibility").and_then(Value::as_object_mut) {
            // Its names are made of the app's label.
            visibility.shift_remove("appLinks");
        }
        let template = &document["credentials"]["userNameTemplate"];
        let method = &document["credentials"]["oauthClient"]["token_endpoint_auth_method"];
        let mut credentials = Map::new();
        if template.is_object() {
            credentials.insert("userNameTemplate".to_owned(), template.clone());
        }
        if method.is_string() {
            let client = json!({"token_endpoint_auth_method": method});
            credentials.insert("oauthClient".to_owned(), client);
        }
        form.insert("credentials".to_owned(), credentials.into());
        form.insert("settings".to_owned(), settings(&document["settings"]));
        let mut form = Value::Object(form);
        self.place(&mut form);
        form
    }

    fn app_groups(&self, app: &StoredApp, remarks: &mut SnapshotRemarks) -> Vec<AppGroupSpec> {
        let groups = app.groups.values();
        groups.map(|group| self.app_group(app, group, remarks)).collect()
    }

    fn app_group(&self, app: &StoredApp, held: &AppGroup, remarks: &mut SnapshotRemarks) -> AppGroupSpec {
        let mut profile = held.profile.clone();
        let unit = profile.get("organizationalUnit").and_then(Value::as_str);
        let unit = unit.filter(|unit| self.has_unit(app, unit));
        let organizational_unit = unit.map(str::to_owned);
        if organizational_unit.is_some() {
            profile.shift_remove("organizationalUnit");
        }
        AppGroupSpec {
            group: self.group(&held.group),
            priority: Some(held.priority),
            organizational_unit,
            profile: without_secrets(profile, remarks),
        }
    }

    /// Only an OU that is there can be named.
    fn has_unit(&self, app: &StoredApp, unit: &str) -> bool {
        let domain = app.active_directory.as_ref().map(|it| &it.domain);
        let directory = domain.and_then(|domain| self.org.directories.get(&domain.to_lowercase()));
        directory.is_some_and(|directory| {
            let directory = directory.read().unwrap_or_else(PoisonError::into_inner);
            directory.ou_exists(unit)
        })
    }

    fn app_users(&self, app: &StoredApp, remarks: &mut SnapshotRemarks) -> Vec<AppUserSpec> {
        let users = app.users.values();
        let plans = users.map(|held| AppUserSpec::Held(Box::new(self.app_user(held, remarks))));
        plans.collect()
    }

    fn app_user(&self, held: &AppUser, remarks: &mut SnapshotRemarks) -> HeldAppUserSpec {
        let user = self.user(&held.user);
        HeldAppUserSpec {
            scope: (!held.individual).then(|| "GROUP".to_owned()),
            group: held.granting_group.as_ref().map(|id| self.group(id)),
            status: other_than("ACTIVE", &held.status),
            sync_state: other_than("DISABLED", &held.sync_state),
            external_id: held.external_id.clone(),
            user_name: other_than(&user, &held.user_name),
            profile: without_secrets(held.profile.clone(), remarks),
            user,
        }
    }
}

fn agent_plan(agent: &AdAgent) -> AgentSpec {
    AgentSpec { name: agent.name.clone(), up: agent.up }
}

/// Mappings that were read whole, which then have ids.
fn mapping_plans(app: &StoredApp) -> Vec<MappingSpec> {
    let read = app.mappings.iter().filter(|mapping| !mapping.id.is_empty());
    let plan = |mapping: &mappings::ProfileMapping| MappingSpec {
        id: Some(mapping.id.clone()),
        direction: match mapping.direction {
            mappings::MappingDirection::ToOkta => MappingSpecDirection::ToOkta,
            mappings::MappingDirection::ToApp => MappingSpecDirection::ToApp,
        },
        properties: mapping.properties.clone(),
    };
    read.map(plan).collect()
}

fn parts(of: &Value, names: &[&str]) -> Map<String, Value> {
    let part = |name: &&str| {
        let value = of.get(*name)?;
        Some(((*name).to_owned(), value.clone()))
    };
    names.iter().filter_map(part).collect()
}

fn settings(told: &Value) -> Value {
    let mut settings = json!({"app": parts(&told["app"], SETTINGS)});
    let client = &told["oauthClient"];
    if client.is_object() {
        settings["oauthClient"] = Value::Object(parts(client, OF_CLIENT));
        if let Some(keys) = client["jwks"]["keys"].as_array() {
            let keys = keys.iter().map(|key| Value::Object(parts(key, OF_KEY)));
            settings["oauthClient"]["jwks"] = json!({"keys": keys.collect::<Vec<_>>()});
        }
    }
    settings
}
