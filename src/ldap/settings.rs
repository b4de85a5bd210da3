//! Where a directory is and who asks, checked before anything is sent.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::dn::Dn;

/// How to reach a directory. `Debug` does not show the password.
#[derive(Clone, Debug)]
pub struct LdapSettings {
    /// `ldaps://host[:636]` or `ldap://host[:389]`.
    pub url: String,
    pub security: LdapSecurity,
    /// A DN, or in Active Directory also `user@domain` or `DOMAIN\user`.
    pub bind_dn: String,
    pub password: SecretString,
    /// Where searches for users begin.
    pub base: Dn,
    /// A PEM file of the certificate authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
    pub connect_timeout: Duration,
}

/// How `ldap://` is protected; `ldaps://` is TLS from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LdapSecurity {
    /// `StartTLS`, but plain to this machine.
    #[default]
    Automatic,
    /// `StartTLS`, whatever the host.
    StartTls,
    /// Plain, whatever the host: the password travels in the clear.
    Plain,
}

/// Why settings cannot be used. The URL is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LdapSettingsError {
    #[error("the directory's URL does not parse ({0}); write ldaps://host or ldap://host")]
    Url(url::ParseError),
    #[error("the directory's URL begins with ldaps:// or ldap://, not {0}://")]
    Scheme(String),
    #[error("the directory's URL names no host")]
    NoHost,
    #[error("the directory's URL ends after host and port; bind DN, password and base are settings of their own")]
    TooMuch,
    #[error("ldaps:// is TLS from the start; use ldap:// with StartTLS or plain")]
    Contradiction,
    #[error("the bind DN is empty")]
    NoBindDn,
    // RFC 4513 section 5.1.2: a server takes a name without password for an anonymous caller and reports success.
    #[error("the password is empty: a directory would take that for an anonymous caller")]
    NoPassword,
    #[error("the certificate file {path} cannot be used: {reason}")]
    Ca { path: PathBuf, reason: String },
}

impl LdapSettings {
    /// Settings with the usual time-out of 10 s, the system's certificate authorities and automatic security.
    pub fn new(url: impl Into<String>, bind_dn: impl Into<String>, password: SecretString, base: Dn) -> Self {
        Self {
            url: url.into(),
            security: LdapSecurity::Automatic,
            bind_dn: bind_dn.into(),
            password,
            base,
            ca: None,
            connect_timeout: Duration::from_secs(10),
        }
    }

    /// Refuses what could not work or would not be safe. Reads no file and sends nothing.
    pub fn check(&self) -> Result<(), LdapSettingsError> {
        self.target().map(drop)
    }

    /// The URL to connect to and how.
    pub(super) fn target(&self) -> Result<LdapAddress, LdapSettingsError> {
        let url = Url::parse(&self.url).map_err(LdapSettingsError::Url)?;
        check_url(&url)?;
        if self.bind_dn.trim().is_empty() {
            return Err(LdapSettingsError::NoBindDn);
        }
        if self.password.expose_secret().is_empty() {
            return Err(LdapSettingsError::NoPassword);
        }
        let protection = self.protection(&url)?;
        Ok(LdapAddress { url, protection })
    }

    fn protection(&self, url: &Url) -> Result<LdapProtection, LdapSettingsError> {
        match (url.scheme(), self.security) {
            ("ldaps", LdapSecurity::Automatic) => Ok(LdapProtection::Tls),
            ("ldaps", _) => Err(LdapSettingsError::Contradiction),
            (_, LdapSecurity::Plain) => Ok(LdapProtection::None),
            (_, LdapSecurity::Automatic) if is_loopback(url) => Ok(LdapProtection::None),
            (_, LdapSecurity::Automatic | LdapSecurity::StartTls) => Ok(LdapProtection::StartTls),
        }
    }
}

/// A checked address.
#[derive(Clone, Debug)]
pub(super) struct LdapAddress {
    pub(super) url: Url,
    pub(super) protection: LdapProtection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LdapProtection {
    None,
    StartTls,
    Tls,
}

impl LdapAddress {
    /// Host and port, for messages.
    pub(super) fn address(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

fn check_url(url: &Url) -> Result<(), LdapSettingsError> {
    if !matches!(url.scheme(), "ldap" | "ldaps") {
        return Err(LdapSettingsError::Scheme(url.scheme().to_owned()));
    }
    if url.host_str().unwrap_or_default().is_empty() {
        return Err(LdapSettingsError::NoHost);
    }
    let user_info = !url.username().is_empty() || url.password().is_some();
    let rest = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
    if user_info || rest { Err(LdapSettingsError::TooMuch) } else { Ok(()) }
}

/// The URL parser leaves the host of `ldap:` a text: addresses are told here.
fn is_loopback(url: &Url) -> bool {
    match url.host_str().map(Host::parse) {
        Some(Ok(Host::Ipv4(address))) => address.is_loopback(),
        Some(Ok(Host::Ipv6(address))) => address.is_loopback(),
        Some(Ok(Host::Domain(name))) => name == "localhost",
        Some(Err(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, security: LdapSecurity) -> LdapSettings {
        let base = Dn::parse("DC=corp,DC=example").expect("a base");
        LdapSettings { security, ..LdapSettings::new(url, "CN=reader,DC=corp,DC=example", "SECRET".into(), base) }
    }

    #[test]
    fn the_password_goes_in_the_clear_only_where_that_is_said() {
        for (url, security, expected) in [
            ("ldaps://dc1.corp.example", LdapSecurity::Automatic, LdapProtection::Tls),
            ("ldap://dc1.corp.example", LdapSecurity::Automatic, LdapProtection::StartTls),
            ("ldap://127.evil.example", LdapSecurity::Automatic, LdapProtection::StartTls),
            ("ldap://10.0.0.1:389", LdapSecurity::Automatic, LdapProtection::StartTls),
            ("ldap://127.0.0.1:3890", LdapSecurity::Automatic, LdapProtection::None),
            ("ldap://[::1]:3890/", LdapSecurity::Automatic, LdapProtection::None),
            ("ldap://localhost", LdapSecurity::Automatic, LdapProtection::None),
            ("ldap://127.0.0.1", LdapSecurity::StartTls, LdapProtection::StartTls),
            ("ldap://dc1.corp.example", LdapSecurity::Plain, LdapProtection::None),
        ] {
            let target = settings(url, security).target().expect(url);
            assert_eq!(target.protection, expected, "{url}");
        }
    }

    #[test]
    fn refuses_what_cannot_work() {
        let refused = |url| settings(url, LdapSecurity::Automatic).check().expect_err(url);
        assert_eq!(refused("dc1.corp.example"), LdapSettingsError::Url(url::ParseError::RelativeUrlWithoutBase));
        assert_eq!(refused("https://dc1"), LdapSettingsError::Scheme("https".into()));
        assert_eq!(refused("ldap:///DC=x"), LdapSettingsError::NoHost);
        assert_eq!(refused("ldap://u:p@dc1"), LdapSettingsError::TooMuch);
        assert_eq!(refused("ldap://dc1/DC=x"), LdapSettingsError::TooMuch);
        assert_eq!(settings("ldaps://dc1", LdapSecurity::Plain).check(), Err(LdapSettingsError::Contradiction));
        let usual = || settings("ldaps://dc1", LdapSecurity::Automatic);
        assert_eq!(LdapSettings { bind_dn: " ".into(), ..usual() }.check(), Err(LdapSettingsError::NoBindDn));
        assert_eq!(LdapSettings { password: "".into(), ..usual() }.check(), Err(LdapSettingsError::NoPassword));
        assert!(!format!("{:?}", usual()).contains("SECRET"));
    }
}
