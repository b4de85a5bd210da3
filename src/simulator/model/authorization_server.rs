//! What the authorization server keeps: clients, the tokens it gave, and what may be used only once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::super::ids::OktaId;
use super::super::org_clock::EpochMillis;
use super::generated_key::GeneratedKey;

const DAY: EpochMillis = 86_400_000;

/// The authorization server of one org.
#[derive(Default)]
pub(in crate::simulator) struct AuthorizationServer {
    /// By client id.
    pub(in crate::simulator) clients: BTreeMap<OktaId, ClientApp>,
    /// Access tokens by themselves.
    pub(in crate::simulator) access: HashMap<String, Arc<AccessToken>>,
    pub(in crate::simulator) refresh: HashMap<String, RefreshGrant>,
    /// Device authorizations by device code.
    pub(in crate::simulator) devices: HashMap<String, DeviceAuthorization>,
    /// Ids of assertions and proofs that were used, with the time from which they need not be remembered. Calls that only read
    /// use proofs up too, hence the lock.
    pub(in crate::simulator) used: Mutex<HashMap<String, EpochMillis>>,
    pub(in crate::simulator) nonces: EndpointNonces,
}

/// An OIDC app that may ask for tokens.
pub(in crate::simulator) struct ClientApp {
    pub(in crate::simulator) id: OktaId,
    pub(in crate::simulator) label: String,
    pub(in crate::simulator) kind: ClientKind,
    pub(in crate::simulator) active: bool,
    pub(in crate::simulator) keys: ClientKeys,
    /// Scopes granted to it.
    pub(in crate::simulator) grants: Vec<ScopeGrant>,
    /// `dpop_bound_access_tokens`
    pub(in crate::simulator) dpop: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum ClientKind {
    /// Signs in by its key.
    Service,
    /// A person signs in with it.
    Native,
}

/// Consent of an administrator that an app may have a scope.
pub(in crate::simulator) struct ScopeGrant {
    pub(in crate::simulator) id: OktaId,
    pub(in crate::simulator) scope: String,
    pub(in crate::simulator) created: EpochMillis,
}

impl ClientApp {
    /// The granted scopes.
    pub(in crate::simulator) fn scopes(&self) -> Vec<String> {
        self.grants.iter().map(|grant| grant.scope.clone()).collect()
    }
}

/// Public keys of a service app.
pub(in crate::simulator) enum ClientKeys {
    /// JWKs that the scenario gives, or that are registered.
    Given(Vec<Value>),
    /// Those that this address served when they were last asked for (`jwks_uri`).
    At {
        url: String,
        fetched: Vec<Value>,
    },
    Generated(Arc<GeneratedKey>),
}

/// An access token's meaning.
pub(in crate::simulator) struct AccessToken {
    /// The client id of a service app, else the user's id.
    pub(in crate::simulator) principal: OktaId,
    pub(in crate::simulator) client: OktaId,
    pub(in crate::simulator) scopes: Vec<String>,
    pub(in crate::simulator) expires: EpochMillis,
    /// Thumbprint of the key it is bound to.
    pub(in crate::simulator) bound_to: Option<String>,
}

/// A refresh token's meaning.
pub(in crate::simulator) struct RefreshGrant {
    pub(in crate::simulator) user: OktaId,
    pub(in crate::simulator) client: OktaId,
    pub(in crate::simulator) scopes: Vec<String>,
    /// A token of a public client is bound to the key of the proof it was asked for with (RFC 9449, section 5).
    pub(in crate::simulator) bound_to: Option<String>,
}

/// Why something may not be used again.
pub(in crate::simulator) struct AlreadyUsed;

impl AuthorizationServer {
    /// Notes that `id` was used; it is remembered until `until`.
    pub(in crate::simulator) fn use_up(
        &self,
        id: &str,
        until: EpochMillis,
        now: EpochMillis,
    ) -> Result<(), AlreadyUsed> {
        let mut used = self.used.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        used.retain(|_, until| *until > now);
        match used.insert(id.to_owned(), until) {
            None => Ok(()),
            Some(_) => Err(AlreadyUsed),
        }
    }
}

/// Nonces of the token endpoint: a new one every 24 hours, the old ones taken for 3 days.
#[derive(Default)]
pub(in crate::simulator) struct EndpointNonces(Vec<(String, EpochMillis)>);

impl EndpointNonces {
    /// The nonce of today.
    pub(in crate::simulator) fn current(&mut self, now: EpochMillis) -> String {
        self.0.retain(|(_, since)| since + 3 * DAY > now);
        if let Some((nonce, _)) = self.0.last().filter(|(_, since)| since + DAY > now) {
            return nonce.clone();
        }
        let nonce: String = std::iter::repeat_with(fastrand::alphanumeric).take(32).collect();
        self.0.push((nonce.clone(), now));
        nonce
    }

    pub(in crate::simulator) fn takes(&self, nonce: &str, now: EpochMillis) -> bool {
        let mut nonces = self.0.iter();
        nonces.any(|(known, since)| known == nonce && since + 3 * DAY > now)
    }
}

/// One device's wish to sign a person in.
pub(in crate::simulator) struct DeviceAuthorization {
    pub(in crate::simulator) client: OktaId,
    pub(in crate::simulator) scopes: Vec<String>,
    pub(in crate::simulator) user_code: String,
    pub(in crate::simulator) expires: EpochMillis,
    pub(in crate::simulator) polled: Option<EpochMillis>,
    pub(in crate::simulator) answer: Option<PersonsAnswer>,
}

/// What the person said.
pub(in crate::simulator) enum PersonsAnswer {
    Agreed(OktaId),
    Refused,
}
