//! What is configured: an org to call, a directory to look into, and where each was read.

use std::fmt;
use std::path::{Path, PathBuf};

use super::approval::ApprovalProfile;
use super::environment::ProcessEnvironment;
use super::network::NetworkProfile;
use super::secret::SecretSource;
use super::sign_in::SignIn;

/// An Okta org under the name a person gave it.
#[derive(Clone, Debug)]
pub struct OrgProfile {
    /// Name in `okta-runbook.toml`; `default` for an org from Okta's own variables or `okta.yaml`.
    pub profile: String,
    /// As written; the client checks what it may connect to.
    pub url: String,
    pub sign_in: SignIn,
    /// A person's mark that mistakes here are costly.
    pub production: bool,
    pub approval: ApprovalProfile,
    /// What those who work on this org share: the journal is sealed by it, so that each of them can verify what another ran. Without one
    /// the credentials seal, and only who has the same can verify.
    pub journal_key: Option<SecretSource>,
    pub network: NetworkProfile,
    pub origin: ProfileOrigin,
}

impl OrgProfile {
    /// Whether it was read in this file.
    pub(super) fn is_of(&self, file: &Path) -> bool {
        matches!(&self.origin, ProfileOrigin::File { path, .. } if path == file)
    }
}

/// A directory (LDAP) in which results may be verified.
#[derive(Clone, Debug)]
pub struct DirectoryProfile {
    /// DNS name of the domain, such as `corp.example`; the same in any case.
    pub domain: String,
    /// `ldap://…` or `ldaps://…`.
    pub url: String,
    pub bind_dn: String,
    pub password: SecretSource,
    /// Where searches begin; by default the domain's own naming context (`DC=corp,DC=example`).
    pub base: String,
    /// PEM file of the authority that signed the directory's certificate.
    pub ca: Option<PathBuf>,
    pub security: DirectorySecurity,
    pub origin: ProfileOrigin,
}

impl DirectoryProfile {
    /// What should be known when it is used, such as a password file that others can read.
    pub fn warning(&self, environment: &ProcessEnvironment) -> Option<String> {
        self.password.warning(environment)
    }
}

/// How a connection to a directory is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectorySecurity {
    /// TLS from the first byte.
    Ldaps,
    /// TLS after the `StartTLS` operation, before the bind.
    StartTls,
    /// No protection: loopback, or by the profile's explicit word.
    Plain,
}

/// Where a profile was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileOrigin {
    /// A file and a line, counted from one.
    File { path: PathBuf, line: usize },
    /// A variable of the environment.
    Variable(String),
}

impl fmt::Display for ProfileOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
        }
    }
}
