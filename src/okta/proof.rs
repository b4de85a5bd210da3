//! Proof of possession (`DPoP`, RFC 9449 and Okta's page on it): a key of this process, and a signed proof for each request.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

use super::key_parts;
use super::method::HttpMethod;
use super::sign_in_error::KeyError;

/// A key made for this process and kept in memory alone: an access token that is bound to it is useless elsewhere. Only that of a
/// refresh token is kept with it.
pub(super) struct ProofKey {
    key: EncodingKey,
    /// PKCS#8 in base64url.
    text: SecretString,
    /// By which it is known where somebody repeats it.
    parts: Vec<SecretString>,
    public: Jwk,
    /// The last nonce that the token endpoint gave; good for 24 hours (Okta's page on `DPoP`).
    nonce: Mutex<Option<String>>,
}

impl ProofKey {
    pub(super) fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let der = pair.and_then(|pair| pair.to_pkcs8v1());
        let der = der.map_err(|_| KeyError::Signature)?;
        Self::of(der.as_ref())
    }

    /// The key that [`text`](Self::text) told.
    pub(super) fn parse(text: &SecretString) -> Result<Self, KeyError> {
        let der = URL_SAFE_NO_PAD.decode(text.expose_secret());
        let der = der.map_err(|_| KeyError::Unknown)?;
        Self::of(&der)
    }

    fn of(der: &[u8]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der);
        let pair = pair.map_err(|_| KeyError::Kind)?;
        let text = SecretString::from(URL_SAFE_NO_PAD.encode(der));
        let mut parts = key_parts::of_curve(&pair);
        parts.push(text.clone());
        let key = EncodingKey::from_ec_der(der);
        let public = Jwk::from_encoding_key(&key, Algorithm::ES256);
        let public = public.map_err(|_| KeyError::Signature)?;
        Ok(Self { key, text, parts, public, nonce: Mutex::default() })
    }

    /// The private key, for whoever keeps it.
    pub(super) fn text(&self) -> &SecretString {
        &self.text
    }

    pub(super) fn parts(&self) -> &[SecretString] {
        &self.parts
    }

    /// Keeps the nonce of an answer for the next request for a token.
    pub(super) fn keep_nonce(&self, nonce: &str) {
        let mut kept = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(nonce.to_owned());
    }

    /// A proof for a request to the token endpoint, with the nonce if one is known.
    pub(super) fn for_token(&self, url: &Url) -> Result<String, KeyError> {
        let mut claims = claims(HttpMethod::Post, url);
        let nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(nonce) = nonce.as_deref() {
            claims["nonce"] = json!(nonce);
        }
        self.sign(&claims)
    }

    /// A proof for a call to the API, bound to the access token.
    pub(super) fn for_call(&self, method: HttpMethod, url: &Url, token: &SecretString) -> Result<String, KeyError> {
        let mut claims = claims(method, url);
        let hash = digest(&SHA256, token.expose_secret().as_bytes());
        claims["ath"] = json!(URL_SAFE_NO_PAD.encode(hash.as_ref()));
        self.sign(&claims)
    }

    fn sign(&self, claims: &serde_json::Value) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("dpop+jwt".to_owned());
        header.jwk = Some(self.public.clone());
        jsonwebtoken::encode(&header, claims, &self.key).map_err(|_| KeyError::Signature)
    }
}

/// `htu` goes without query and fragment.
fn claims(method: HttpMethod, url: &Url) -> serde_json::Value {
    let mut target = url.clone();
    target.set_query(None);
    target.set_fragment(None);
    json!({
        "htm": method.as_str(),
        "htu": target.as_str(),
        "iat": Timestamp::now().as_second(),
        "jti": uuid::Uuid::new_v4().to_string(),
    })
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey(redacted)")
    }
}
