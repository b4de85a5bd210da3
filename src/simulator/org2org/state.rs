//! What an Org2Org app has beyond an app.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::super::oauth::GeneratedKey;
use super::super::options::Shown;
use super::super::store::{App, Group, Id, Millis, Org};

/// The provisioning side of one `okta_org2org` app.
pub(in crate::simulator) struct Org2Org {
    pub(in crate::simulator) connection: Connection,
    /// Capabilities of the feature `USER_PROVISIONING`.
    pub(super) outbound: Value,
    /// Capabilities of the feature `INBOUND_PROVISIONING`.
    pub(super) inbound: Value,
    /// "Enable profile sourcing", which no API switches.
    pub(in crate::simulator) profile_sourcing: bool,
    /// By id of the mapping.
    pub(in crate::simulator) pushes: BTreeMap<Id, GroupPush>,
    /// Groups of the hub that an import has shown here: id in this org to id in the hub, which is not known of what was imported elsewhere.
    pub(super) imported: BTreeMap<Id, Option<Id>>,
    /// Users of the hub whose import waits for a confirmation.
    pub(super) review: Vec<Value>,
}

/// The API integration.
#[derive(Default)]
pub(in crate::simulator) struct Connection {
    pub(in crate::simulator) enabled: bool,
    pub(in crate::simulator) base_url: Option<String>,
    pub(super) scheme: Scheme,
    pub(super) key: Arc<GeneratedKey>,
    /// It works with credentials that were given elsewhere, and that nobody here knows.
    pub(super) unseen: bool,
}

#[derive(Clone)]
pub(super) enum Scheme {
    /// An API token of the hub; none before one is given.
    Token(Option<SecretString>),
    /// A service app of the hub that knows this app's public key.
    OAuth2 {
        client_id: String,
        /// AUTO or MANUAL.
        rotation: String,
    },
}

impl Default for Scheme {
    fn default() -> Self {
        Self::Token(None)
    }
}

/// A group push mapping.
pub(in crate::simulator) struct GroupPush {
    pub(in crate::simulator) id: Id,
    pub(in crate::simulator) source: Id,
    /// Id of the target in this org.
    pub(in crate::simulator) target: Id,
    /// Name of the group in the hub when it is made there.
    pub(super) name: String,
    /// The target is in the hub under this name, and its id there is not known here.
    pub(in crate::simulator) unseen: bool,
    /// Id of the target in the hub, once it is there.
    pub(in crate::simulator) hub_group: Option<Id>,
    /// ACTIVE, INACTIVE or ERROR.
    pub(in crate::simulator) status: String,
    pub(super) error: Option<String>,
    pub(super) created: Millis,
    pub(super) last_updated: Millis,
    pub(super) last_push: Option<Millis>,
}

/// The target of a push as its own org shows it by its id: no list has it (help page "Group Push operations").
pub(in crate::simulator) fn target_of_push(org: &Org, id: &str) -> Option<Group> {
    if org.options.assumptions.push_target == Shown::Absent {
        return None;
    }
    let pushes = org.apps.iter().flat_map(|(app, held)| {
        let pushes = held.org2org.iter().flat_map(|part| part.pushes.values());
        pushes.map(move |push| (app, push))
    });
    let (app, push) = pushes.into_iter().find(|(_, push)| push.target == id)?;
    let profile = json!({"name": push.name, "description": ""});
    let profile = profile.as_object().cloned().unwrap_or_default();
    Some(Group { source: Some(app.clone()), ..Group::new(id.to_owned(), "APP_GROUP", profile, push.created) })
}

impl Org2Org {
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

impl Connection {
    /// A connection as another org tells it: without its credentials.
    pub(in crate::simulator) fn read(&mut self, body: &Value) {
        let profile = &body["profile"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.enabled = body["status"] == "ENABLED";
        self.base_url = body["baseUrl"].as_str().map(str::to_owned);
        self.unseen = profile.is_object();
        if body["authScheme"] == "OAUTH2" {
            self.scheme = Scheme::OAuth2 {
                client_id: text(&profile["clientId"]),
                rotation: text(&profile["signing"]["rotationMode"]),
            };
        }
    }
}

impl Connection {
    pub(super) fn is_configured_here(&self) -> bool {
        !self.unseen && matches!(self.scheme, Scheme::OAuth2 { .. })
    }
}

impl GroupPush {
    /// A push as another org tells it; the group in the hub is found by its name.
    pub(in crate::simulator) fn read(body: &Value, name: &str, time: fn(&Value, &str) -> Option<Millis>) -> Self {
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

/// What the hub said to the connection's credentials when they were tried; `Err` is its refusal.
pub(in crate::simulator) type Probe = Result<(), String>;

impl Default for Org2Org {
    /// As recorded of a new app; assumed of the capabilities: all off, as a new integration is in the Admin Console.
    fn default() -> Self {
        let off = json!({"status": "DISABLED"});
        Self {
            connection: Connection::default(),
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

/// Outbound capabilities by their place, each with the feature that shows it.
const OUTBOUND: &[(&str, &str)] = &[
    ("/create/lifecycleCreate/status", "PUSH_NEW_USERS"),
    ("/update/profile/status", "PUSH_PROFILE_UPDATES"),
    ("/update/lifecycleDeactivate/status", "PUSH_USER_DEACTIVATION"),
    ("/update/password/status", "PUSH_PASSWORD_UPDATES"),
];

/// Sets the app's `features` anew. With the API integration off there are none; with it on, imports and group push always (recorded).
pub(in crate::simulator) fn show_features(app: &mut App) {
    let Some(part) = &app.org2org else { return };
    let mut features = Vec::new();
    if part.connection.enabled {
        features = vec!["IMPORT_PROFILE_UPDATES", "GROUP_PUSH", "IMPORT_USER_SCHEMA", "IMPORT_NEW_USERS"];
        features.extend(part.profile_sourcing.then_some("PROFILE_MASTERING"));
        let on = OUTBOUND.iter().filter(|(place, _)| part.outbound.pointer(place) == Some(&json!("ENABLED")));
        features.extend(on.map(|(_, feature)| *feature));
        // Assumed: shown where users are made and deactivated; none of the recorded instances did both.
        let reactivates = ["PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION"];
        if reactivates.iter().all(|one| features.contains(one)) {
            features.push("REACTIVATE_USERS");
        }
    }
    app.features = features.into_iter().map(str::to_owned).collect();
}

/// One push of an app.
pub(super) fn push_mut<'a>(org: &'a mut Org, app: &str, push: &str) -> Option<&'a mut GroupPush> {
    org.apps.get_mut(app)?.org2org.as_mut()?.pushes.get_mut(push)
}
