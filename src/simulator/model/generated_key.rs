//! A service app's key pair, made when it is first looked at: RSA takes a moment, and most simulators are never asked for it.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Value, json};

/// RSA of 2048 bits, as the Admin Console makes them.
#[derive(Default)]
pub(in crate::simulator) struct GeneratedKey(OnceLock<Option<KeyPair>>);

struct KeyPair {
    pem: SecretString,
    public: Value,
}

impl GeneratedKey {
    /// Its id in the app.
    pub(in crate::simulator) const ID: &'static str = "simulated-key-1";

    /// The private key as PEM (PKCS#8); `None` when the system has no randomness.
    pub(in crate::simulator) fn pem(&self) -> Option<&SecretString> {
        self.pair().map(|pair| &pair.pem)
    }

    /// The public key as JWK.
    pub(in crate::simulator) fn public(&self) -> Option<&Value> {
        self.pair().map(|pair| &pair.public)
    }

    /// Whether it was looked at.
    pub(in crate::simulator) fn is_made(&self) -> bool {
        self.0.get().is_some()
    }

    fn pair(&self) -> Option<&KeyPair> {
        self.0.get_or_init(KeyPair::generate).as_ref()
    }
}

impl KeyPair {
    fn generate() -> Option<Self> {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
        let der: Pkcs8V1Der = key.as_der().ok()?;
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let public = key.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero();
        let exponent = public.exponent().big_endian_without_leading_zero();
        Some(Self {
            pem: pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref())).into(),
            public: json!({
                "kty": "RSA", "use": "sig", "kid": GeneratedKey::ID, "alg": "RS256",
                "n": number(modulus), "e": number(exponent),
            }),
        })
    }
}
