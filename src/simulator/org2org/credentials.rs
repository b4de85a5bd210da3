//! An Org2Org app as a scenario gives it, and as a snapshot writes it down. Credentials are in neither: they come of the simulated hub.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::super::model::org2org_app::{ApiConnection, ConnectionScheme, GroupPush, Org2OrgApp};
use super::super::oauth::GeneratedKey;
use super::super::scenario::spec::{AppSpec, ConnectionSpec, PushSpec};
use super::super::store::SimulatedOrg;

const FEATURES: [&str; 2] = ["USER_PROVISIONING", "INBOUND_PROVISIONING"];

/// Gives an app the connection, capabilities and pushes of its plan.
pub(in crate::simulator) fn connect_planned(org: &mut SimulatedOrg, app: &str, plan: &AppSpec) {
    let pushes: Vec<GroupPush> = plan.pushes.iter().map(|one| push(org, one)).collect();
    let Some(app) = org.apps.get_mut(app) else {
        return;
    };
    let Some(part) = app.org2org.as_mut() else {
        return;
    };
    if let Some(connection) = &plan.connection {
        part.connection = connect(connection);
    }
    for (name, capabilities) in &plan.capabilities {
        part.read_feature(name, capabilities);
    }
    let sourcing = |features: &[String]| features.iter().any(|one| one == "PROFILE_MASTERING");
    part.profile_sourcing = plan.features.as_deref().is_some_and(sourcing);
    part.pushes.extend(pushes.into_iter().map(|push| (push.id.clone(), push)));
    if plan.features.is_none() {
        super::app_features::show_features(app);
    }
}

fn connect(plan: &ConnectionSpec) -> ApiConnection {
    let scheme = match &plan.client_id {
        Some(client_id) => ConnectionScheme::OAuth2 {
            client_id: client_id.clone(),
            rotation: plan.rotation_mode.clone().unwrap_or_else(|| "MANUAL".to_owned()),
        },
        // Something has to stand there: a connection without a token is one that was never configured.
        None => ConnectionScheme::Token(Some(SecretString::default())),
    };
    ApiConnection {
        enabled: plan.enabled,
        base_url: plan.base_url.clone(),
        scheme,
        unseen: true,
        ..ApiConnection::default()
    }
}

/// As of a mapping that was made elsewhere: the group of the hub is found by its name.
fn push(org: &SimulatedOrg, plan: &PushSpec) -> GroupPush {
    let source = super::super::scenario::groups::find_group(org, &plan.group);
    let source = source.unwrap_or_else(|| plan.group.clone());
    let named = [&plan.target, &source].into_iter().find_map(|id| Some(org.groups.get(id)?.name().to_owned()));
    let now = org.now();
    GroupPush {
        id: plan.id.clone(),
        source,
        target: plan.target.clone(),
        name: plan.name.clone().or(named).unwrap_or_default(),
        unseen: true,
        hub_group: None,
        status: plan.status.clone(),
        error: plan.error.clone(),
        created: now,
        last_updated: now,
        last_push: Some(now),
    }
}

impl ApiConnection {
    /// Replaces what stands for an org's address.
    pub(in crate::simulator) fn find_hub(&mut self, change: impl FnOnce(&mut String)) {
        if let Some(url) = &mut self.base_url {
            change(url);
        }
    }

    /// The hub is one of the scenario's orgs: it is called with this token of its own, or by a key that its service app is told of.
    pub(in crate::simulator) fn sign_in_with(&mut self, token: &SecretString) -> Option<(String, Arc<GeneratedKey>)> {
        if !self.unseen {
            return None;
        }
        self.unseen = false;
        match &mut self.scheme {
            ConnectionScheme::Token(held) => {
                *held = Some(token.clone());
                None
            }
            ConnectionScheme::OAuth2 { client_id, .. } => Some((client_id.clone(), Arc::clone(&self.key))),
        }
    }
}

impl Org2OrgApp {
    /// What a scenario says of the connection; nothing of one that was never configured.
    pub(in crate::simulator) fn connection_plan(&self) -> Option<ConnectionSpec> {
        let held = &self.connection;
        let (client_id, rotation_mode) = match &held.scheme {
            ConnectionScheme::OAuth2 { client_id, rotation } => (Some(client_id.clone()), Some(rotation.clone())),
            ConnectionScheme::Token(None) if !held.unseen => return None,
            ConnectionScheme::Token(_) => (None, None),
        };
        Some(ConnectionSpec { enabled: held.enabled, base_url: held.base_url.clone(), client_id, rotation_mode })
    }

    /// Capabilities that are not those of a new app.
    pub(in crate::simulator) fn capabilities(&self) -> Map<String, Value> {
        let new = Self::default();
        let held = [&self.outbound, &self.inbound];
        let usual = [&new.outbound, &new.inbound];
        let rows = FEATURES.into_iter().zip(held.into_iter().zip(usual));
        rows.filter(|(_, (held, usual))| held != usual)
            .map(|(name, (held, _))| (name.to_owned(), held.clone()))
            .collect()
    }

    pub(in crate::simulator) fn push_plans(&self, org: &SimulatedOrg) -> Vec<PushSpec> {
        let plan = |push: &GroupPush| PushSpec {
            id: push.id.clone(),
            group: push.source.clone(),
            target: push.target.clone(),
            name: [&push.target, &push.source]
                .iter()
                .all(|id| !org.groups.contains_key(id.as_str()))
                .then(|| push.name.clone()),
            status: push.status.clone(),
            error: push.error.clone(),
        };
        self.pushes.values().map(plan).collect()
    }
}
