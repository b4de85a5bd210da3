//! What may go wrong with a directory, and what to do about it.

use super::dn::{Dn, DnError};
use super::search_guard::EndlessSearch;
use super::settings::LdapSettingsError;

/// A call that did not end with an answer to use. No variant holds the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    #[error(transparent)]
    Settings(#[from] LdapSettingsError),
    /// The directory refused, by a result code.
    #[error("{address} refused to {action}: {code}{}", if .text.is_empty() { String::new() } else { format!(": {}", .text) })]
    Refused { address: String, action: String, code: ResultCode, text: String },
    #[error("{address}: the host is unknown: {detail}")]
    UnknownHost { address: String, detail: String },
    #[error("{address}: the connection was refused")]
    ConnectionRefused { address: String },
    #[error("{address}: TLS failed: {detail}")]
    Tls { address: String, detail: String },
    #[error("{address}: the connection failed: {detail}")]
    Connection { address: String, detail: String },
    #[error("{address} did not answer within {seconds} s when asked to {action}")]
    Timeout { address: String, action: String, seconds: u64 },
    #[error("`{filter}` is no search filter")]
    Filter { filter: String },
    #[error("{address} returned a name that cannot be read: {source}")]
    ReturnedDn { address: String, source: DnError },
    #[error("`{name}` is {} accounts: {}", .dns.len(), .dns.iter().map(|dn| format!("`{dn}`")).collect::<Vec<_>>().join(", "))]
    Ambiguous { name: String, dns: Vec<Dn> },
    #[error("{address} answered a search with something that is no entry")]
    Protocol { address: String },
    /// What answers there does not speak LDAP, or speaks it wrong.
    #[error("{address} answered with something that is not LDAP when asked to {action}")]
    NotLdap { address: String, action: String },
    /// A search that would not end, or that is too large to hold.
    #[error("{address} {endless}; it was asked to {action}")]
    EndlessSearch { address: String, action: String, endless: EndlessSearch },
}

/// A result code of LDAP, RFC 4511 appendix A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultCode(pub u32);

impl ResultCode {
    pub(super) const NO_SUCH_OBJECT: Self = Self(32);
}

impl std::fmt::Display for ResultCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match name(self.0) {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "result code {}", self.0),
        }
    }
}

impl DirectoryError {
    /// The result code, when the directory gave one.
    pub fn code(&self) -> Option<ResultCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Refused { code, text, .. } => for_code(code.0, text)?,
            Self::UnknownHost { .. } => "check the host's spelling, and whether a VPN is needed to resolve it",
            Self::ConnectionRefused { .. } => {
                "nothing listens there; ldaps:// is port 636 and ldap:// is port 389 unless the URL says another"
            }
            Self::Tls { .. } => {
                "if a private authority signed the directory's certificate, name its PEM file as `ca`; the URL's host must be one that the certificate names"
            }
            Self::Connection { .. } | Self::Timeout { .. } => "check the network and the directory, then try again",
            Self::Ambiguous { .. } => "use a name that only one account has, such as its userPrincipalName",
            Self::Filter { .. } => {
                "a filter looks like (&(objectClass=user)(sAMAccountName=jo)); values with *, ( or ) must be escaped"
            }
            Self::NotLdap { .. } => {
                "check the directory's URL, and the proxy or load balancer before it: a directory does not answer so"
            }
            Self::EndlessSearch { endless, .. } => match endless {
                EndlessSearch::Repeated | EndlessSearch::EmptyPages => {
                    "check the directory, and the load balancer before it: a directory does not answer so"
                }
                EndlessSearch::TooManyEntries | EndlessSearch::TooManyBytes => {
                    "narrow the base or the filter, or name the attributes that are needed"
                }
            },
            Self::Settings(_) | Self::ReturnedDn { .. } | Self::Protocol { .. } => return None,
        };
        Some(help.to_owned())
    }
}

fn for_code(code: u32, text: &str) -> Option<&'static str> {
    Some(match code {
        1 if text.contains("bind must be completed") => {
            "the directory answers only after a bind; check the bind DN and password"
        }
        1 => "the directory could not work on it; check the bind DN and password, and the search base",
        7 => "the directory does not take a bind by name and password",
        8 | 13 => "the directory wants TLS: use ldaps://, or ldap:// with StartTLS",
        10 => {
            "the base belongs to another directory server: use the domain controller of its domain, or a base of this one"
        }
        3 | 4 | 11 => "the search is too large for the directory's limits: narrow the base or the filter",
        32 => "no entry of that name: check the DN, letter by letter",
        34 => "the name is not a DN that the directory can read",
        49 => for_bind(text),
        50 => "the bind account may not read there: give it read access to these OUs",
        51 | 52 => "the directory is busy or going down: try again",
        _ => return None,
    })
}

/// Active Directory tells why by a Windows error number, as in `… AcceptSecurityContext error, data 52e, v4563`.
fn for_bind(text: &str) -> &'static str {
    match data_code(text) {
        Some("525") => "there is no such account: check the bind DN",
        Some("52e") => "the password is wrong, or the bind DN is: check both",
        Some("530" | "531") => "the bind account may not sign in at this time or from this machine",
        Some("532") => "the bind account's password has expired: set another",
        Some("533") => "the bind account is disabled: enable it in Active Directory",
        Some("701") => "the bind account has expired: extend it in Active Directory",
        Some("773") => "the bind account must change its password first: sign in with it once, or clear that option",
        Some("775") => "the bind account is locked out: unlock it in Active Directory",
        _ => "the bind DN or the password is wrong",
    }
}

fn data_code(text: &str) -> Option<&str> {
    let after = text.split_once("data ")?.1;
    after.split(|c: char| !c.is_ascii_alphanumeric()).next()
}

fn name(code: u32) -> Option<&'static str> {
    Some(match code {
        1 => "operations error",
        2 => "protocol error",
        3 => "time limit exceeded",
        4 => "size limit exceeded",
        7 => "authentication method not supported",
        8 => "stronger authentication required",
        10 => "referral",
        11 => "administrative limit exceeded",
        12 => "critical extension unavailable",
        13 => "confidentiality required",
        32 => "no such object",
        34 => "invalid DN syntax",
        48 => "inappropriate authentication",
        49 => "invalid credentials",
        50 => "insufficient access rights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwilling to perform",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_bind_is_explained_by_its_data_code() {
        for (data, words) in [
            ("52e", "password is wrong"),
            ("533", "disabled"),
            ("775", "locked"),
            ("701", "expired"),
            ("773", "change its password"),
            ("xyz", "bind DN or the password"),
        ] {
            let text =
                format!("80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data {data}, v4563");
            let refused =
                DirectoryError::Refused { address: "dc1".into(), action: "bind".into(), code: ResultCode(49), text };
            assert!(refused.help().is_some_and(|help| help.contains(words)), "{data}");
            assert!(refused.to_string().starts_with("dc1 refused to bind: invalid credentials (49): 80090308"));
        }
    }

    #[test]
    fn codes_have_remedies() {
        for (code, words) in [
            (1, "bind DN"),
            (8, "TLS"),
            (13, "TLS"),
            (10, "another directory"),
            (32, "letter by letter"),
            (50, "read access"),
        ] {
            assert!(for_code(code, "").is_some_and(|help| help.contains(words)), "{code}");
        }
        assert_eq!(ResultCode(99).to_string(), "result code 99");
    }
}
