//! The signature of an approval: by a key pair (RSA, P-256, P-384), or by a shared secret (HS256).

use std::path::Path;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};

use super::super::credentials::read_shared;
use super::super::org_identity::approval_key;
use super::claims::{ApprovalClaims, ISSUER};
use crate::config::{ApprovalProfile, OrgProfile, ProcessEnvironment};
use crate::error::CommandError;
use crate::okta::SigningKey;

/// What signs.
pub(super) enum ApprovalSigner {
    Key(Box<SigningKey>),
    Secret(SecretString),
}

impl ApprovalSigner {
    /// The approver's own key, else the shared secret, else nothing. A secret signs nothing where approvers have keys.
    pub(super) fn of(environment: &ProcessEnvironment, profile: &OrgProfile) -> Result<Option<Self>, CommandError> {
        let approval = &profile.approval;
        if let Some(key) = approval_key(environment, profile)? {
            return Ok(Some(Self::Key(Box::new(key))));
        }
        if !approval.approvers.is_empty() {
            return Ok(None);
        }
        let secret = approval.secret.as_ref();
        secret.map(|_| shared_secret(environment, approval).map(Self::Secret)).transpose()
    }

    pub(super) fn sign(&self, claims: &ApprovalClaims) -> Result<String, CommandError> {
        match self {
            Self::Key(key) if key.algorithm() == crate::okta::SigningAlgorithm::Es512 => {
                Err(CommandError::usage("a P-521 key cannot approve").help("use one of RSA, P-256 or P-384"))
            }
            Self::Key(key) => {
                let signed = key.sign(claims).map_err(|error| CommandError::usage(error.to_string()))?;
                Ok(signed.expose_secret().to_owned())
            }
            Self::Secret(secret) => {
                let key = EncodingKey::from_secret(secret.expose_secret().as_bytes());
                let signed = jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key);
                signed.map_err(|error| CommandError::failed(format!("the approval cannot be signed: {error}")))
            }
        }
    }
}

fn shared_secret(environment: &ProcessEnvironment, approval: &ApprovalProfile) -> Result<SecretString, CommandError> {
    let source = approval.secret.as_ref();
    let source = source.ok_or_else(|| CommandError::failed("there is no secret to approve with"))?;
    read_shared(environment, source, "the secret to approve with")
}

/// What signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SignedBy {
    /// The key of this name.
    Key(String),
    /// The secret that approvers and runners share.
    Secret,
}

impl SignedBy {
    /// For evidence: what it is, and what it proves.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Key(_) => "the approver's own key",
            Self::Secret => "a shared secret, which whoever ran this may know: the account is the signer's word",
        }
    }
}

/// Claims with what signed them.
type VerifiedClaims = (ApprovalClaims, SignedBy);

/// What is signed, or why the signature is not taken.
pub(super) fn read(
    environment: &ProcessEnvironment,
    approval: &ApprovalProfile,
    token: &str,
) -> Result<Result<VerifiedClaims, String>, CommandError> {
    let unknown = || Err("a signature of nobody who may approve".to_owned());
    let Ok(header) = jsonwebtoken::decode_header(token) else {
        return Ok(Err("a text that is no signature".to_owned()));
    };
    if header.alg == Algorithm::HS256 {
        if !approval.approvers.is_empty() {
            return Ok(
                Err("a signature by a shared secret, which does not count where approvers have keys".to_owned()),
            );
        }
        if approval.secret.is_none() {
            return Ok(unknown());
        }
        let secret = shared_secret(environment, approval)?;
        let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
        let claims = claims(token, header.alg, &key);
        return Ok(claims.map_or_else(unknown, |claims| Ok((claims, SignedBy::Secret))));
    }
    for (name, path) in &approval.approvers {
        let key = public_key(environment, path)?;
        let keys = [&key.rsa, &key.elliptic];
        let mut read = keys.into_iter().flatten().filter_map(|key| claims(token, header.alg, key));
        if let Some(claims) = read.next() {
            return Ok(Ok((claims, SignedBy::Key(name.clone()))));
        }
    }
    Ok(unknown())
}

/// A public key as far as it is one of a family.
struct PublicKey {
    rsa: Option<DecodingKey>,
    elliptic: Option<DecodingKey>,
}

fn public_key(environment: &ProcessEnvironment, path: &Path) -> Result<PublicKey, CommandError> {
    let shown = environment.shown(path);
    let text = std::fs::read(path)
        .map_err(|error| CommandError::usage(format!("the approver's key {shown} cannot be read: {error}")))?;
    let key = PublicKey { rsa: DecodingKey::from_rsa_pem(&text).ok(), elliptic: DecodingKey::from_ec_pem(&text).ok() };
    if key.rsa.is_none() && key.elliptic.is_none() {
        return Err(CommandError::usage(format!("{shown} is no public key (RSA, P-256 or P-384, as PEM)"))
            .help("write it from the approver's private key: openssl pkey -in private.pem -pubout"));
    }
    Ok(key)
}

/// The claims when the signature is one of this key.
fn claims(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Option<ApprovalClaims> {
    let mut validation = Validation::new(algorithm);
    // When they end and whom they are for is judged with words, by the org's clock.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.set_issuer(&[ISSUER]);
    let read = jsonwebtoken::decode::<ApprovalClaims>(token, key, &validation);
    read.ok().map(|data| data.claims)
}
