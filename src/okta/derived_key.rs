//! Keys for other purposes than signing in, derived (HKDF, RFC 5869) from what an org knows its caller by, or from what its admins share.
//!
//! Whoever has the secret can derive the same key on any machine; nobody can find the secret from it.

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use secrecy::{ExposeSecret as _, SecretString};

use super::auth::OrgCredentials;
use super::key_root::root_of;
use super::refresh_token::RefreshToken;

/// A key of 256 bits. Never shown.
#[derive(Clone)]
pub struct DerivedKey([u8; 32]);

impl DerivedKey {
    /// The key of a secret for a purpose. `None` cannot be: the library takes keys of this length.
    pub fn of_secret(secret: &SecretString, purpose: &str) -> Option<Self> {
        Self::expand(&root_of(secret.expose_secret().as_bytes()), purpose)
    }

    fn expand(root: &Prk, purpose: &str) -> Option<Self> {
        let mut key = [0; 32];
        let info = [purpose.as_bytes()];
        let derived = root.expand(&info, HKDF_SHA256);
        derived.and_then(|derived| derived.fill(&mut key)).ok()?;
        Some(Self(key))
    }

    /// The key itself, for the one who computes with it.
    pub fn expose_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DerivedKey(redacted)")
    }
}

impl OrgCredentials {
    /// The key of these credentials for a purpose. A private key gives the same one in whatever form it is written; a refresh token that
    /// is bound to a proof key gives the same one however often the org replaces the token. `None` when there is nothing to derive from.
    pub fn derived_key(&self, purpose: &str) -> Option<DerivedKey> {
        let root = match self {
            Self::Ssws(token) => root_of(token.expose_secret().as_bytes()),
            Self::PrivateKeyJwt(app) => app.key.root().clone(),
            Self::Refresh(person) => {
                let kept = RefreshToken::parse(&person.refresh_token).ok()?;
                let secret = kept.proof.as_ref().map_or(&kept.token, |proof| proof.text());
                root_of(secret.expose_secret().as_bytes())
            }
        };
        DerivedKey::expand(&root, purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_credential_and_purpose_has_its_own_key_and_none_is_shown() {
        let key = |token: &str, purpose| {
            let credentials = OrgCredentials::Ssws(token.into());
            credentials.derived_key(purpose).expect("a key")
        };
        let first = key("00aSECRET", "a journal");
        assert_eq!(first.0, key("00aSECRET", "a journal").0);
        assert_ne!(first.0, key("00bSECRET", "a journal").0);
        assert_ne!(first.0, key("00aSECRET", "another").0);
        assert_eq!(format!("{first:?}"), "DerivedKey(redacted)");
    }
}
