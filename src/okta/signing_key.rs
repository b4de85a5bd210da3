//! The private key of a service app, and the signature it makes.
//!
//! Reads what Okta's Admin Console, its SDKs and openssl give: PEM (PKCS#8, PKCS#1, SEC 1) and JWK.

use std::fmt::{self, Write as _};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hkdf::Prk;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::key_parts;
use super::key_root::root_of;
use super::sign_in_error::KeyError;
use super::signing_algorithm::SigningAlgorithm;

/// A private key with the algorithm it signs by. Never shown.
pub struct SigningKey {
    algorithm: SigningAlgorithm,
    key: KeyMaterial,
    thumbprint: String,
    key_id: Option<String>,
    /// Pieces of its text by which it is known where somebody repeats it.
    parts: Vec<SecretString>,
    /// What keys for other purposes are derived from.
    root: Prk,
}

enum KeyMaterial {
    Common(EncodingKey),
    /// P-521, which the JWT library does not know.
    P521(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// Reads a key in PEM (its line breaks may be written `\n`, as in a variable) or JWK.
    ///
    /// # Errors
    /// It is neither, encrypted, public, or of a kind that Okta does not take. No error quotes the key.
    pub fn parse(text: &SecretString) -> Result<Self, KeyError> {
        let text = text.expose_secret().trim();
        if text.starts_with('{') {
            Ok(from_jwk(text)?.known_by(key_parts::of_jwk(text)))
        } else if text.contains("-----BEGIN") {
            let text = text.replace("\\n", "\n");
            from_pem(&text)
        } else {
            Err(KeyError::Unknown)
        }
    }

    fn known_by(mut self, parts: Vec<SecretString>) -> Self {
        self.parts.extend(parts);
        self
    }

    pub(super) fn parts(&self) -> &[SecretString] {
        &self.parts
    }

    /// Names the key by its id in the service app, over the one that a JWK carries.
    #[must_use]
    pub fn with_key_id(mut self, key_id: Option<String>) -> Self {
        self.key_id = key_id.or(self.key_id);
        self
    }

    /// Signs by another algorithm of the key's family; an RSA key signs by RS256 unless told otherwise.
    ///
    /// # Errors
    /// The algorithm is of another family or curve.
    pub fn with_algorithm(mut self, algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        if self.algorithm != algorithm && !(self.algorithm.is_rsa() && algorithm.is_rsa()) {
            return Err(KeyError::Algorithm { key: self.algorithm, asked: algorithm });
        }
        self.algorithm = algorithm;
        Ok(self)
    }

    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// SHA-256 of the public half, in hexadecimal: tells one key from another, whatever form it was read in.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    pub(super) fn root(&self) -> &Prk {
        &self.root
    }

    /// A signed JWT of these claims.
    ///
    /// # Errors
    /// The claims are no JSON object, or the key does not sign.
    pub fn sign(&self, claims: &impl Serialize) -> Result<SecretString, KeyError> {
        let signed = match &self.key {
            KeyMaterial::Common(key) => self.sign_common(key, claims)?,
            KeyMaterial::P521(key) => self.sign_p521(key, claims)?,
        };
        Ok(signed.into())
    }

    fn sign_common(&self, key: &EncodingKey, claims: &impl Serialize) -> Result<String, KeyError> {
        let algorithm = self.algorithm.of_library().ok_or(KeyError::Signature)?;
        let mut header = Header::new(algorithm);
        header.kid.clone_from(&self.key_id);
        jsonwebtoken::encode(&header, claims, key).map_err(|_| KeyError::Signature)
    }

    /// The compact form of RFC 7515.
    fn sign_p521(&self, key: &EcdsaKeyPair, claims: &impl Serialize) -> Result<String, KeyError> {
        let mut header = json!({"typ": "JWT", "alg": "ES512"});
        if let Some(key_id) = &self.key_id {
            header["kid"] = json!(key_id);
        }
        let claims = serde_json::to_vec(claims).map_err(|_| KeyError::Signature)?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let message = [encode(header.to_string().as_bytes()), encode(&claims)].join(".");
        let signature = key.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signature.map_err(|_| KeyError::Signature)?;
        Ok([message, encode(signature.as_ref())].join("."))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// The curves with the algorithm that goes with each.
static CURVES: [(&str, SigningAlgorithm, &EcdsaSigningAlgorithm); 3] = [
    ("P-256", SigningAlgorithm::Es256, &ECDSA_P256_SHA256_FIXED_SIGNING),
    ("P-384", SigningAlgorithm::Es384, &ECDSA_P384_SHA384_FIXED_SIGNING),
    ("P-521", SigningAlgorithm::Es512, &ECDSA_P521_SHA512_FIXED_SIGNING),
];

fn from_pem(text: &str) -> Result<SigningKey, KeyError> {
    let blocks = pem::parse_many(text).map_err(|_| KeyError::Pem)?;
    // `openssl ecparam -genkey` writes the curve's parameters first.
    let block = blocks.iter().find(|block| block.tag() != "EC PARAMETERS");
    let block = block.ok_or(KeyError::Pem)?;
    if block.headers().get("DEK-Info").is_some() || block.tag().starts_with("ENCRYPTED") {
        return Err(KeyError::Encrypted);
    }
    let key = match block.tag() {
        "RSA PRIVATE KEY" => rsa(RsaKeyPair::from_der(block.contents()), None),
        "EC PRIVATE KEY" => elliptic(block.contents()).ok_or(KeyError::Kind),
        "PRIVATE KEY" => {
            elliptic(block.contents()).map_or_else(|| rsa(RsaKeyPair::from_pkcs8(block.contents()), None), Ok)
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => Err(KeyError::Public),
        _ => Err(KeyError::Kind),
    }?;
    Ok(key.known_by(key_parts::of_pem(text, block.contents())))
}

fn elliptic(der: &[u8]) -> Option<SigningKey> {
    CURVES.iter().find_map(|(_, algorithm, curve)| {
        let pair = EcdsaKeyPair::from_private_key_der(curve, der).ok()?;
        on_curve(*algorithm, pair, None).ok()
    })
}

fn on_curve(algorithm: SigningAlgorithm, pair: EcdsaKeyPair, key_id: Option<String>) -> Result<SigningKey, KeyError> {
    let thumbprint = hexadecimal(pair.public_key().as_ref());
    let der = pair.to_pkcs8v1().map_err(|_| KeyError::Kind)?;
    let root = root_of(der.as_ref());
    let parts = key_parts::of_curve(&pair);
    let key = if algorithm == SigningAlgorithm::Es512 {
        KeyMaterial::P521(Box::new(pair))
    } else {
        KeyMaterial::Common(EncodingKey::from_ec_der(der.as_ref()))
    };
    Ok(SigningKey { algorithm, key, thumbprint, key_id, parts, root })
}

/// The JWT library takes RSA keys as PKCS#1, which it finds itself in PKCS#8.
fn rsa(
    pair: Result<RsaKeyPair, aws_lc_rs::error::KeyRejected>,
    key_id: Option<String>,
) -> Result<SigningKey, KeyError> {
    let pair = pair.map_err(|_| KeyError::Kind)?;
    let der: Pkcs8V1Der = pair.as_der().map_err(|_| KeyError::Kind)?;
    let text = pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()));
    let key = EncodingKey::from_rsa_pem(text.as_bytes()).map_err(|_| KeyError::Kind)?;
    Ok(SigningKey {
        algorithm: SigningAlgorithm::Rs256,
        key: KeyMaterial::Common(key),
        thumbprint: hexadecimal(pair.public_key().as_ref()),
        key_id,
        parts: key_parts::of_rsa(der.as_ref()),
        root: root_of(der.as_ref()),
    })
}

fn hexadecimal(public: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, public);
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A private JWK (RFC 7518, section 6). Numbers are base64url without padding.
#[derive(Deserialize)]
struct PrivateJwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<SecretString>,
    p: Option<SecretString>,
    q: Option<SecretString>,
    dp: Option<SecretString>,
    dq: Option<SecretString>,
    qi: Option<SecretString>,
}

fn from_jwk(text: &str) -> Result<SigningKey, KeyError> {
    let jwk: PrivateJwk = serde_json::from_str(text).map_err(|_| KeyError::Jwk)?;
    if jwk.d.is_none() {
        return Err(KeyError::Public);
    }
    let key = match jwk.kty.as_str() {
        "RSA" => rsa_jwk(&jwk),
        "EC" => elliptic_jwk(&jwk),
        _ => Err(KeyError::Kind),
    }?;
    match jwk.alg.as_deref() {
        None => Ok(key),
        Some(name) => key.with_algorithm(SigningAlgorithm::parse(name).ok_or(KeyError::Kind)?),
    }
}

fn rsa_jwk(jwk: &PrivateJwk) -> Result<SigningKey, KeyError> {
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n: number(jwk.n.as_deref())?, e: number(jwk.e.as_deref())? },
        d: secret_number(jwk.d.as_ref())?,
        p: secret_number(jwk.p.as_ref())?,
        q: secret_number(jwk.q.as_ref())?,
        dP: secret_number(jwk.dp.as_ref())?,
        dQ: secret_number(jwk.dq.as_ref())?,
        qInv: secret_number(jwk.qi.as_ref())?,
    };
    rsa(RsaKeyPair::from_components(&components), jwk.kid.clone())
}

fn elliptic_jwk(jwk: &PrivateJwk) -> Result<SigningKey, KeyError> {
    let curve = jwk.crv.as_deref().unwrap_or_default();
    let curve = CURVES.iter().find(|(name, ..)| *name == curve);
    let (_, algorithm, curve) = curve.ok_or(KeyError::Kind)?;
    let mut point = vec![4];
    point.extend(number(jwk.x.as_deref())?);
    point.extend(number(jwk.y.as_deref())?);
    let private = secret_number(jwk.d.as_ref())?;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(curve, &private, &point);
    on_curve(*algorithm, pair.map_err(|_| KeyError::Jwk)?, jwk.kid.clone())
}

fn number(text: Option<&str>) -> Result<Vec<u8>, KeyError> {
    let text = text.ok_or(KeyError::Jwk)?.trim_end_matches('=');
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Jwk)
}

fn secret_number(text: Option<&SecretString>) -> Result<Vec<u8>, KeyError> {
    number(text.map(ExposeSecret::expose_secret))
}

#[cfg(test)]
#[path = "signing_key_tests.rs"]
mod tests;
