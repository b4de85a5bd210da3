//! What an approval says.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::super::org_identity::OrgIdentity;
use crate::run::actor::OrgAccount;

pub(super) const ISSUER: &str = "okta-runbook";

/// What is signed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ApprovalClaims {
    pub(super) iss: String,
    /// The account of the machine on which it was signed. Information.
    pub(super) sub: String,
    /// The org's address.
    pub(super) aud: String,
    /// When, in seconds since 1970.
    pub(super) iat: i64,
    /// Digest of the plan.
    pub(super) plan: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ticket: Option<String>,
    #[serde(flatten)]
    pub(super) bounds: Option<ApprovalBounds>,
}

/// What bounds an approval; older ones have no bounds, and are refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ApprovalBounds {
    /// Tells it from any other one.
    pub(super) jti: String,
    /// Until when a run may begin with it, in seconds since 1970.
    pub(super) exp: i64,
    /// How many runs may begin with it.
    pub(super) runs: u32,
    pub(super) approver: OrgIdentity,
}

/// How far an approval goes, by the command line.
#[derive(Clone, Debug)]
pub(crate) struct ApprovalTerms {
    pub(crate) ticket: Option<String>,
    pub(crate) runs: u32,
    /// By default the profile's.
    pub(crate) valid_for: Option<SignedDuration>,
}

/// Where neither the command line nor the profile says it.
pub(super) const VALID_FOR: SignedDuration = SignedDuration::from_hours(24);

impl ApprovalBounds {
    /// The id is the name of a lock file.
    pub(super) fn has_plain_id(&self) -> bool {
        let plain = |one: char| one.is_ascii_alphanumeric() || one == '-';
        (1..=64).contains(&self.jti.len()) && self.jti.chars().all(plain)
    }

    pub(super) fn account(&self) -> Option<String> {
        self.approver.account.as_ref().map(OrgAccount::words)
    }
}
