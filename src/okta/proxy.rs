//! The proxy on the way to an org: one of its own, else the machine's (`HTTPS_PROXY`, `NO_PROXY`, what the system is set to).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::base_url::BaseUrl;
use super::error::RequestError;

/// A proxy of its own.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// Scheme, host and port.
    pub url: String,
    pub username: Option<String>,
    pub password: Option<SecretString>,
}

impl ProxySettings {
    /// Its password, in each form in which it may be repeated.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        let user = self.username.as_deref().unwrap_or_default();
        let password = self.password.iter().map(ExposeSecret::expose_secret);
        let own = password.flat_map(|password| secrets_of(user, password));
        own.chain(secrets_of_address(&self.url)).collect()
    }

    pub(super) fn build(&self) -> Result<reqwest::Proxy, RequestError> {
        let proxy = reqwest::Proxy::all(&self.url).map_err(|failure| RequestError::Setup(failure.to_string()))?;
        let password = self.password.as_ref().map_or("", ExposeSecret::expose_secret);
        Ok(match &self.username {
            Some(name) => proxy.basic_auth(name, password),
            None => proxy,
        })
    }
}

/// The password in the address of a proxy, in each form in which it may be repeated.
pub fn secrets_of_address(address: &str) -> Vec<SecretString> {
    let scheme = if address.contains("://") { "" } else { "http://" };
    let Ok(url) = Url::parse(&format!("{scheme}{address}")) else {
        return Vec::new();
    };
    let Some(written) = url.password() else {
        return Vec::new();
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    // The parsed address has more of it encoded than the written one may have.
    let between = address.rsplit_once('@').map_or("", |(before, _)| before);
    let as_given = between.rsplit_once(':').map_or("", |(_, password)| password);
    let mut secrets = secrets_of(&decoded(url.username()), &decoded(written));
    secrets.extend([written.into(), as_given.into()]);
    secrets
}

/// A password, and with its user as the header of HTTP has both.
fn secrets_of(user: &str, password: &str) -> Vec<SecretString> {
    if password.is_empty() {
        return Vec::new();
    }
    let header = STANDARD.encode(format!("{user}:{password}"));
    vec![password.into(), header.into()]
}

/// Host and port of the proxy that stands before the org, for messages: what fails there is not the org's fault. The HTTP library does
/// not tell, hence it is asked by the same rules.
pub(super) fn proxy_before(base: &BaseUrl, own: Option<&ProxySettings>) -> Option<String> {
    if base.is_loopback() {
        return None;
    }
    if let Some(proxy) = own {
        let url = Url::parse(&proxy.url).ok()?;
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        return Some(format!("{}{port}", url.host_str()?));
    }
    let target = base.to_string().parse().ok()?;
    let proxy = Matcher::from_system().intercept(&target)?;
    proxy.uri().authority().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_known_in_each_form() {
        for (address, expected) in [
            ("http://proxy:3128", &[][..]),
            ("http://jo@proxy:3128", &[]),
            ("jo:p%2Fw-7@proxy:3128", &["p/w-7", "am86cC93LTc=", "p%2Fw-7", "p%2Fw-7"]),
            ("socks5h://jo:p=w@proxy", &["p=w", "am86cD13", "p%3Dw", "p=w"]),
        ] {
            let found = secrets_of_address(address);
            let found: Vec<&str> = found.iter().map(ExposeSecret::expose_secret).collect();
            assert_eq!(found, expected, "{address}");
        }
    }
}
