//! How an org is signed in to, and where the secret of it is.

use super::secret::SecretSource;

/// How an org is signed in to.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// An API token (SSWS).
    Token(SecretSource),
    /// A service app with its private key.
    PrivateKey(PrivateKey),
    /// A person who signs in with `orgs login`; the secret is a refresh token.
    Person(PersonSignIn),
}

/// A service app (OAuth 2.0, `private_key_jwt`).
#[derive(Clone, Debug)]
pub struct PrivateKey {
    pub client_id: String,
    /// PEM or JWK.
    pub key: SecretSource,
    /// The key's id in the app, over the one that a JWK carries.
    pub key_id: Option<String>,
    /// Name in JOSE, such as `RS384`; the key's own by default.
    pub algorithm: Option<String>,
    /// Scopes to ask for; empty is the least that the runbook needs.
    pub scopes: Vec<String>,
    pub dpop: DpopProfile,
}

/// A person's sign-in by device authorization with a Native app.
#[derive(Clone, Debug)]
pub struct PersonSignIn {
    pub client_id: String,
    pub refresh_token: SecretSource,
    /// Scopes to ask for at `orgs login`.
    pub scopes: Vec<String>,
    pub dpop: DpopProfile,
}

/// Whether requests carry a proof of possession.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DpopProfile {
    #[default]
    WhenAsked,
    Always,
}

impl DpopProfile {
    /// By a profile's `dpop` or Okta's `dpopEnabled`.
    pub(super) fn of_setting(on: bool) -> Self {
        if on { Self::Always } else { Self::WhenAsked }
    }
}

impl SignIn {
    /// Where the secret is.
    pub fn secret(&self) -> &SecretSource {
        match self {
            Self::Token(secret) => secret,
            Self::PrivateKey(app) => &app.key,
            Self::Person(person) => &person.refresh_token,
        }
    }
}
