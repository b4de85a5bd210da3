//! Why the directory refuses a change, in the words that Okta shows of it.

/// A refused change. `Display` gives AD's words as Okta's failed tasks and log events repeat them; the fields say what it was about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::simulator) enum ChangeRefusal {
    /// The OU, or another object of the call, does not exist.
    #[error("There is no such object on the server")]
    NoSuchObject { dn: String },
    /// The name is taken below this parent, or `sAMAccountName` or `userPrincipalName` in the domain.
    #[error("The object already exists")]
    AlreadyExists {
        /// `dn`, `sAMAccountName` or `userPrincipalName`.
        attribute: &'static str,
        value: String,
    },
    /// The service account may not do this here, or the object is protected from accidental deletion.
    #[error("Access Denied")]
    AccessDenied { dn: String },
    /// There is no account of this GUID (any more).
    #[error("Matching user not found.")]
    AccountNotFound,
    #[error("An invalid dn syntax has been specified")]
    InvalidDn { dn: String },
    /// An OU that still holds something.
    #[error("The directory service can perform the requested operation only on a leaf object")]
    NotALeaf { dn: String },
    /// A name or attribute that cannot be set so.
    #[error("The attribute syntax specified to the directory service is invalid")]
    InvalidAttribute { attribute: String },
    /// A directory outside does not answer; .NET's words, which the agent is written in.
    #[error("The LDAP server is unavailable.")]
    Unavailable { detail: String },
    /// A directory outside does not take the agent's password.
    #[error("The supplied credential is invalid.")]
    InvalidCredential,
    /// Another result code of a directory outside.
    #[error("LDAP error {code}: {text}")]
    Other { code: u32, text: String },
    /// Only a simulated directory can be told this.
    #[error("this directory is not simulated: change it where it is")]
    NotSimulated,
}

impl ChangeRefusal {
    /// With what was found of a directory outside, which the agent's words leave out.
    pub(in crate::simulator) fn in_detail(&self) -> String {
        match self {
            Self::Unavailable { detail } => format!("{self} {detail}"),
            _ => self.to_string(),
        }
    }
}
