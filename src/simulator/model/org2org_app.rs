//! What an Org2Org app has beyond an app.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::super::ids::OktaId;
use super::super::org_clock::EpochMillis;
use super::generated_key::GeneratedKey;

/// The provisioning side of one `okta_org2org` app.
pub(in crate::simulator) struct Org2OrgApp {
    pub(in crate::simulator) connection: ApiConnection,
    /// Capabilities of the feature `USER_PROVISIONING`.
    pub(in crate::simulator) outbound: Value,
    /// Capabilities of the feature `INBOUND_PROVISIONING`.
    pub(in crate::simulator) inbound: Value,
    /// "Enable profile sourcing", which no API switches.
    pub(in crate::simulator) profile_sourcing: bool,
    /// By id of the mapping.
    pub(in crate::simulator) pushes: BTreeMap<OktaId, GroupPush>,
    /// Groups of the hub that an import has shown here: id in this org to id in the hub, which is not known of what was imported elsewhere.
    pub(in crate::simulator) imported: BTreeMap<OktaId, Option<OktaId>>,
    /// Users of the hub whose import waits for a confirmation.
    pub(in crate::simulator) review: Vec<Value>,
}

/// The API integration.
#[derive(Default)]
pub(in crate::simulator) struct ApiConnection {
    pub(in crate::simulator) enabled: bool,
    pub(in crate::simulator) base_url: Option<String>,
    pub(in crate::simulator) scheme: ConnectionScheme,
    pub(in crate::simulator) key: Arc<GeneratedKey>,
    /// It works with credentials that were given elsewhere, and that nobody here knows.
    pub(in crate::simulator) unseen: bool,
}

#[derive(Clone)]
pub(in crate::simulator) enum ConnectionScheme {
    /// An API token of the hub; none before one is given.
    Token(Option<SecretString>),
    /// A service app of the hub that knows this app's public key.
    OAuth2 {
        client_id: String,
        /// AUTO or MANUAL.
        rotation: String,
    },
}

impl Default for ConnectionScheme {
    fn default() -> Self {
        Self::Token(None)
    }
}

/// A group push mapping.
pub(in crate::simulator) struct GroupPush {
    pub(in crate::simulator) id: OktaId,
    pub(in crate::simulator) source: OktaId,
    /// Id of the target in this org.
    pub(in crate::simulator) target: OktaId,
    /// Name of the group in the hub when it is made there.
    pub(in crate::simulator) name: String,
    /// The target is in the hub under this name, and its id there is not known here.
    pub(in crate::simulator) unseen: bool,
    /// Id of the target in the hub, once it is there.
    pub(in crate::simulator) hub_group: Option<OktaId>,
    /// ACTIVE, INACTIVE or ERROR.
    pub(in crate::simulator) status: String,
    pub(in crate::simulator) error: Option<String>,
    pub(in crate::simulator) created: EpochMillis,
    pub(in crate::simulator) last_updated: EpochMillis,
    pub(in crate::simulator) last_push: Option<EpochMillis>,
}

impl Org2OrgApp {
    /// Of an app that another org tells of, by its features.
    pub(in crate::simulator) fn of_features(features: &[String]) -> Self {
        let sourcing = features.iter().any(|one| one == "PROFILE_MASTERING");
        Self { profile_sourcing: sourcing, ..Self::default() }
    }

    /// A group that came by an import nobody here has seen.
    pub(in crate::simulator) fn imported_before(&mut self, group: &str) {
        self.imported.entry(group.to_owned()).or_default();
    }

    /// Capabilities as another org tells them.
    pub(in crate::simulator) fn read_feature(&mut self, name: &str, capabilities: &Value) {
        match name {
            "USER_PROVISIONING" => self.outbound = capabilities.clone(),
            "INBOUND_PROVISIONING" => self.inbound = capabilities.clone(),
            _ => {}
        }
    }
}

impl ApiConnection {
    /// A connection as another org tells it: without its credentials.
    pub(in crate::simulator) fn read(&mut self, body: &Value) {
        let profile = &body["profile"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.enabled = body["status"] == "ENABLED";
        self.base_url = body["baseUrl"].as_str().map(str::to_owned);
        self.unseen = profile.is_object();
        if body["authScheme"] == "OAUTH2" {
            self.scheme = ConnectionScheme::OAuth2 {
                client_id: text(&profile["clientId"]),
                rotation: text(&profile["signing"]["rotationMode"]),
            };
        }
    }

    pub(in crate::simulator) fn is_configured_here(&self) -> bool {
        !self.unseen && matches!(self.scheme, ConnectionScheme::OAuth2 { .. })
    }
}

impl GroupPush {
    /// A push as another org tells it; the group in the hub is found by its name.
    pub(in crate::simulator) fn read(body: &Value, name: &str, time: fn(&Value, &str) -> Option<EpochMillis>) -> Self {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let created = time(body, "created").unwrap_or_default();
        Self {
            id: text("id"),
            source: text("sourceGroupId"),
            target: text("targetGroupId"),
            name: name.to_owned(),
            unseen: true,
            hub_group: None,
            status: text("status"),
            error: body["errorSummary"].as_str().map(str::to_owned),
            created,
            last_updated: time(body, "lastUpdated").unwrap_or(created),
            last_push: time(body, "lastPush"),
        }
    }
}

impl Default for Org2OrgApp {
    /// As recorded of a new app; assumed of the capabilities: all off, as a new integration is in the Admin Console.
    fn default() -> Self {
        let off = json!({"status": "DISABLED"});
        Self {
            connection: ApiConnection::default(),
            outbound: json!({
                "create": {"lifecycleCreate": off},
                "update": {"profile": off, "lifecycleDeactivate": off,
                    "password": {"status": "DISABLED", "seed": "RANDOM", "change": "KEEP_EXISTING"}},
            }),
            inbound: json!({
                "importSettings": {
                    "username": {"userNameFormat": "EMAIL"},
                    "schedule": {"status": "DISABLED", "fullImport": null, "incrementalImport": null},
                },
                "importRules": {"userCreateAndMatch": {
                    "exactMatchCriteria": "USERNAME", "allowPartialMatch": true, "autoConfirmPartialMatch": false,
                    "autoConfirmExactMatch": false, "autoConfirmNewUsers": false, "autoActivateNewUsers": false,
                }},
            }),
            profile_sourcing: false,
            pushes: BTreeMap::new(),
            imported: BTreeMap::new(),
            review: Vec::new(),
        }
    }
}
