//! Signed JWTs (RFC 7515), and the algorithms that Okta takes.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A JWT taken apart; its signature is not verified yet.
pub(super) struct ParsedJwt<'a> {
    pub(super) header: Value,
    pub(super) claims: Value,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> ParsedJwt<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let read = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).ok();
        Some(Self { header: read(header)?, claims: read(claims)?, signed, signature: decode(signature)? })
    }

    /// Whether the signature is by the key of this JWK, by an algorithm that fits it and that Okta takes.
    pub(super) fn is_signed_by(&self, key: &Value) -> bool {
        let algorithm = self.header["alg"].as_str().unwrap_or_default();
        self.verify(key, algorithm).is_some()
    }

    fn verify(&self, key: &Value, algorithm: &str) -> Option<()> {
        let part = |name: &str| key[name].as_str().and_then(decode);
        let message = self.signed.as_bytes();
        if let Some(parameters) = rsa(algorithm) {
            let key = PublicKeyComponents { n: part("n")?, e: part("e")? };
            return key.verify(parameters, message, &self.signature).ok();
        }
        let (curve, verifier) = elliptic(algorithm)?;
        if key["crv"] != curve {
            return None;
        }
        let point = [vec![4], part("x")?, part("y")?].concat();
        let key = UnparsedPublicKey::new(verifier, point);
        key.verify(message, &self.signature).ok()
    }
}

/// The thumbprint of a public key (RFC 7638).
pub(super) fn thumbprint(key: &Value) -> String {
    let members = match key["kty"].as_str() {
        Some("RSA") => json!({"e": key["e"], "kty": "RSA", "n": key["n"]}),
        _ => json!({"crv": key["crv"], "kty": key["kty"], "x": key["x"], "y": key["y"]}),
    };
    hash(&members.to_string())
}

/// base64url of SHA-256.
pub(in crate::simulator) fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

fn rsa(algorithm: &str) -> Option<&'static RsaParameters> {
    match algorithm {
        "RS256" => Some(&RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

fn elliptic(algorithm: &str) -> Option<(&'static str, &'static dyn VerificationAlgorithm)> {
    match algorithm {
        "ES256" => Some(("P-256", &ECDSA_P256_SHA256_FIXED)),
        "ES384" => Some(("P-384", &ECDSA_P384_SHA384_FIXED)),
        "ES512" => Some(("P-521", &ECDSA_P521_SHA512_FIXED)),
        _ => None,
    }
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}
