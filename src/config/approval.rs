//! How plans for an org are approved by a second person, and where the keys for that are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;

use super::environment::ProcessEnvironment;
use super::secret::SecretSource;

/// What a profile says of approvals.
#[derive(Clone, Debug, Default)]
pub struct ApprovalProfile {
    /// The org is changed by approved plans alone, and by the undo of their runs.
    pub required: bool,
    /// An approval names a ticket.
    pub ticket: bool,
    /// How long an approval is valid where it is not said when it is given.
    pub valid_for: Option<SignedDuration>,
    /// Known to those who approve and to those who run: it signs, and tells a signature.
    pub secret: Option<SecretSource>,
    /// The approver's own, which signs.
    pub private_key: Option<SecretSource>,
    /// Files with the public keys of those who approve (PEM), by name.
    pub approvers: BTreeMap<String, PathBuf>,
}

impl ApprovalProfile {
    /// Whether a signature can be told from another here.
    pub fn can_verify(&self) -> bool {
        self.secret.is_some() || !self.approvers.is_empty()
    }

    pub(super) fn warnings(&self, environment: &ProcessEnvironment) -> Vec<String> {
        let secrets = [&self.secret, &self.private_key].into_iter().flatten();
        secrets.filter_map(|secret| secret.warning(environment)).collect()
    }
}
