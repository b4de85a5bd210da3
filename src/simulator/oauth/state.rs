//! What the authorization server keeps: clients, the tokens it gave, and what may be used only once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::super::store::{Id, Millis};
use super::device::Authorization;
use super::generated_key::GeneratedKey;
use super::proof::Nonces;

/// The authorization server of one org.
#[derive(Default)]
pub(in crate::simulator) struct State {
    /// By client id.
    pub(in crate::simulator) clients: BTreeMap<Id, ClientApp>,
    /// Access tokens by themselves.
    pub(super) access: HashMap<String, Arc<Access>>,
    pub(super) refresh: HashMap<String, Refresh>,
    /// Device authorizations by device code.
    pub(super) devices: HashMap<String, Authorization>,
    /// Ids of assertions and proofs that were used, with the time from which they need not be remembered. Calls that only read
    /// use proofs up too, hence the lock.
    pub(super) used: Mutex<HashMap<String, Millis>>,
    pub(super) nonces: Nonces,
}

/// An OIDC app that may ask for tokens.
pub(in crate::simulator) struct ClientApp {
    pub(in crate::simulator) id: Id,
    pub(in crate::simulator) label: String,
    pub(in crate::simulator) kind: ClientKind,
    pub(in crate::simulator) active: bool,
    pub(in crate::simulator) keys: Keys,
    /// Scopes granted to it.
    pub(in crate::simulator) grants: Vec<Grant>,
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
pub(in crate::simulator) struct Grant {
    pub(in crate::simulator) id: Id,
    pub(in crate::simulator) scope: String,
    pub(in crate::simulator) created: Millis,
}

impl ClientApp {
    /// The granted scopes.
    pub(super) fn scopes(&self) -> Vec<String> {
        self.grants.iter().map(|grant| grant.scope.clone()).collect()
    }
}

/// Public keys of a service app.
pub(in crate::simulator) enum Keys {
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
pub(in crate::simulator) struct Access {
    /// The client id of a service app, else the user's id.
    pub(in crate::simulator) principal: Id,
    pub(in crate::simulator) client: Id,
    pub(in crate::simulator) scopes: Vec<String>,
    pub(super) expires: Millis,
    /// Thumbprint of the key it is bound to.
    pub(super) bound_to: Option<String>,
}

/// A refresh token's meaning.
pub(super) struct Refresh {
    pub(super) user: Id,
    pub(super) client: Id,
    pub(super) scopes: Vec<String>,
    /// A token of a public client is bound to the key of the proof it was asked for with (RFC 9449, section 5).
    pub(super) bound_to: Option<String>,
}

/// Why something may not be used again.
pub(super) struct AlreadyUsed;

impl State {
    /// Notes that `id` was used; it is remembered until `until`.
    pub(super) fn use_up(&self, id: &str, until: Millis, now: Millis) -> Result<(), AlreadyUsed> {
        let mut used = self.used.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        used.retain(|_, until| *until > now);
        match used.insert(id.to_owned(), until) {
            None => Ok(()),
            Some(_) => Err(AlreadyUsed),
        }
    }
}
