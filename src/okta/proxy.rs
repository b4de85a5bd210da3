//! The proxy on the way to an org: one of its own, else the machine's (`HTTPS_PROXY`, `NO_PROXY`, what the system is set to).

use hyper_util::client::proxy::matcher::Matcher;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::base_url::BaseUrl;
use super::error::RequestError;

/// A proxy of its own.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Scheme, host and port.
    pub url: String,
    pub username: Option<String>,
    pub password: Option<SecretString>,
}

impl Proxy {
    pub(super) fn build(&self) -> Result<reqwest::Proxy, RequestError> {
        let proxy = reqwest::Proxy::all(&self.url)
            .map_err(|failure| RequestError::Setup(failure.to_string()))?;
        let password = self
            .password
            .as_ref()
            .map_or("", ExposeSecret::expose_secret);
        Ok(match &self.username {
            Some(name) => proxy.basic_auth(name, password),
            None => proxy,
        })
    }
}

/// Host and port of the proxy that stands before the org, for messages: what fails there is not the org's fault. The HTTP library does
/// not tell, hence it is asked by the same rules.
pub(super) fn before(base: &BaseUrl, own: Option<&Proxy>) -> Option<String> {
    if base.is_loopback() {
        return None;
    }
    if let Some(proxy) = own {
        let url = Url::parse(&proxy.url).ok()?;
        let port = url
            .port()
            .map_or_else(String::new, |port| format!(":{port}"));
        return Some(format!("{}{port}", url.host_str()?));
    }
    let target = base.to_string().parse().ok()?;
    let proxy = Matcher::from_system().intercept(&target)?;
    proxy.uri().authority().map(ToString::to_string)
}
