//! Seals: what tells an entry that this product wrote from one that somebody else computed.
//!
//! The chain of digests has no secret: whoever can write the file can compute it again. A seal is a code (HMAC) over an entry's digest by
//! a key that is derived from a secret that the journal does not hold: what the admins of the run's org share, or the credentials. Each
//! entry has one, and so has the end of each run: a run without its last entries is a whole chain, and only the seal of its end tells that
//! they are missing. A run that was put back to an earlier time, when its seals held, or taken out, is told by the runs that began later: they
//! name it (see `run_order`). What nothing can tell is that the last runs were taken out whole, that a run lost what was added to it since the
//! last run that names it began, and that a whole folder was put back: all that is left was genuine then.

use std::fmt;

use aws_lc_rs::hmac;
use secrecy::SecretString;

use super::chain::{EntryDigest, hex};
use crate::okta::{DerivedKey, OktaClient, OrgCredentials};

const PURPOSE: &str = "seal of a journal's entries";
const NAMING: &[u8] = b"key id";
const ENTRY: &[u8] = b"entry";
const END: &[u8] = b"end";
const ID: usize = 8;

/// The key of seals. Never shown; its id may be.
#[derive(Clone)]
pub struct SealKey {
    id: KeyId,
    key: hmac::Key,
}

/// What a key is known by: nobody can find the key from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; ID]);

/// A seal as the file has it: the id of its key, and the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntrySeal {
    pub(super) key: KeyId,
    code: EntryDigest,
}

impl SealKey {
    /// The keys of an org's client, the one that seals first; none when there is nothing to derive one from.
    pub fn of_client(client: &OktaClient) -> impl Iterator<Item = Self> {
        client.derived_keys(PURPOSE).map(|derived| Self::of(&derived))
    }

    /// The key of credentials that nothing is sent with.
    pub fn of_credentials(credentials: &OrgCredentials) -> Option<Self> {
        credentials.derived_key(PURPOSE).as_ref().map(Self::of)
    }

    /// The key of the secret that an org's admins share.
    pub fn of_secret(secret: &SecretString) -> Option<Self> {
        DerivedKey::of_secret(secret, PURPOSE).as_ref().map(Self::of)
    }

    fn of(derived: &DerivedKey) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, derived.expose_bytes());
        let mut id = [0; ID];
        id.copy_from_slice(&hmac::sign(&key, NAMING).as_ref()[..ID]);
        Self { id: KeyId(id), key }
    }

    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Seals an entry.
    pub(super) fn entry(&self, run: &str, seq: i64, digest: &EntryDigest) -> EntrySeal {
        self.seal(ENTRY, run, seq, digest)
    }

    /// Seals the end of a run that has `length` entries, the last of this digest.
    pub(super) fn end(&self, run: &str, length: i64, head: &EntryDigest) -> EntrySeal {
        self.seal(END, run, length, head)
    }

    /// No beginning is that of the other, and all but the run's id at the end has a fixed length: no two seals are over the same bytes.
    fn seal(&self, what: &[u8], run: &str, number: i64, digest: &EntryDigest) -> EntrySeal {
        let mut code = hmac::Context::with_key(&self.key);
        code.update(what);
        code.update(&number.to_be_bytes());
        code.update(digest);
        code.update(run.as_bytes());
        let mut bytes = EntryDigest::default();
        bytes.copy_from_slice(code.sign().as_ref());
        EntrySeal { key: self.id, code: bytes }
    }
}

impl EntrySeal {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        [self.key.0.as_slice(), self.code.as_slice()].concat()
    }

    /// `None` when these bytes are no seal.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (key, code) = bytes.split_at_checked(ID)?;
        Some(Self { key: KeyId(key.try_into().ok()?), code: code.try_into().ok()? })
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(token: &str) -> SealKey {
        SealKey::of_credentials(&OrgCredentials::Ssws(token.into())).expect("a key")
    }

    #[test]
    fn a_seal_is_of_one_key_run_place_and_digest() {
        let seal = key("a").entry("r", 1, &[1; 32]);
        assert_eq!(seal, key("a").entry("r", 1, &[1; 32]));
        assert_eq!(EntrySeal::parse(&seal.to_bytes()), Some(seal));
        for other in [
            key("b").entry("r", 1, &[1; 32]),
            key("a").entry("s", 1, &[1; 32]),
            key("a").entry("r", 2, &[1; 32]),
            key("a").entry("r", 1, &[2; 32]),
            key("a").end("r", 1, &[1; 32]),
        ] {
            assert_ne!(seal, other);
        }
    }

    #[test]
    fn a_key_shows_its_id_alone() {
        let key = key("SECRET");
        assert_eq!(format!("{key:?}"), format!("SealKey {{ id: {}, .. }}", key.id()));
    }
}
