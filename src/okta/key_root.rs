//! What keys for other purposes than signing in are derived from.

use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};

const SALT: &[u8] = b"okta-runbook";

/// The secret that keys are derived from, by itself of no other use.
pub(super) fn root_of(secret: &[u8]) -> Prk {
    Salt::new(HKDF_SHA256, SALT).extract(secret)
}
