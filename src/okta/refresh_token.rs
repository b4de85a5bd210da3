//! A refresh token as it is kept from one run to the next.
//!
//! Alone it is a text without spaces. One that is bound to a key (RFC 9449, section 5: those of a public client that proves possession)
//! is of use only with that key, so both are kept as one secret, a JSON object of one line.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::error::RequestError;
use super::proof::ProofKey;
use super::token_endpoint::{GrantedToken, TokenScheme};

/// A refresh token, and the key that it is bound to.
pub(super) struct RefreshToken {
    pub(super) token: SecretString,
    pub(super) proof: Option<ProofKey>,
}

#[derive(Deserialize)]
struct BoundToken {
    refresh_token: SecretString,
    proof_key: SecretString,
}

impl RefreshToken {
    /// Reads what was kept.
    pub(super) fn parse(kept: &SecretString) -> Result<Self, RequestError> {
        if !kept.expose_secret().starts_with('{') {
            let token = kept.clone();
            return Ok(Self { token, proof: None });
        }
        let bound: BoundToken = serde_json::from_str(kept.expose_secret()).map_err(|_| RequestError::KeptSignIn)?;
        let proof = ProofKey::parse(&bound.proof_key).map_err(|_| RequestError::KeptSignIn)?;
        Ok(Self { token: bound.refresh_token, proof: Some(proof) })
    }
}

/// What to keep of an answer: its refresh token, with the key where it is bound to one.
pub(super) fn to_keep(granted: &GrantedToken, proof: Option<&ProofKey>) -> Option<SecretString> {
    let token = granted.refresh_token.as_ref()?;
    Some(match proof.filter(|_| granted.scheme == TokenScheme::Dpop) {
        None => token.clone(),
        Some(proof) => json!({
            "refresh_token": token.expose_secret(),
            "proof_key": proof.text().expose_secret(),
        })
        .to_string()
        .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_token_is_kept_with_its_key_and_another_alone() {
        let granted = |scheme| GrantedToken {
            token: "eyJ".into(),
            scheme,
            scopes: Vec::new(),
            until: std::time::Instant::now(),
            renew_from: std::time::Instant::now(),
            refresh_token: Some("SECRET".into()),
        };
        let key = ProofKey::generate().expect("a key");
        let alone = to_keep(&granted(TokenScheme::Bearer), Some(&key)).expect("a token");
        assert_eq!(alone.expose_secret(), "SECRET");
        let kept = to_keep(&granted(TokenScheme::Dpop), Some(&key)).expect("a token");
        assert!(kept.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()));
        let read = RefreshToken::parse(&kept).expect("what was kept");
        assert_eq!(read.token.expose_secret(), "SECRET");
        let again = read.proof.expect("the key");
        assert_eq!(again.text().expose_secret(), key.text().expose_secret());
        for broken in ["{\"refresh_token\":\"SECRET\"}", "{\"refresh_token\":\"SECRET\",\"proof_key\":\"AAEC\"}"] {
            let wrong = RefreshToken::parse(&broken.into()).err().expect(broken);
            assert!(!format!("{wrong} {wrong:?}").contains("SECRET"));
        }
    }
}
