//! How an org is reached, where that is configured; what is absent has its usual value.

use std::time::Duration;

use secrecy::SecretString;

use super::environment::ProcessEnvironment;
use crate::error::CommandError;

/// The way to an org.
#[derive(Clone, Debug, Default)]
pub struct NetworkProfile {
    /// Over the system's (`HTTPS_PROXY`).
    pub proxy: Option<ProxyProfile>,
    pub connect_timeout: Option<Duration>,
    pub request_timeout: Option<Duration>,
    /// How often a call that met a rate limit is sent again.
    pub max_retries: Option<u32>,
    /// Added to the user agent.
    pub user_agent: Option<String>,
    /// How long its lists may not show what was created.
    pub list_lag: Option<Duration>,
}

/// A proxy of its own.
#[derive(Clone, Debug)]
pub struct ProxyProfile {
    /// Scheme, host and port.
    pub url: String,
    pub username: Option<String>,
    pub password: Option<SecretString>,
}

/// Variables that name the proxy of an org by https; of each pair the first that is set counts.
const VARIABLES: [[&str; 2]; 2] = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];

/// Variables that name a proxy, by https or not.
const ALL_VARIABLES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

/// The addresses of the machine's proxies, which may hold passwords.
pub fn proxy_addresses(environment: &ProcessEnvironment) -> impl Iterator<Item = &str> {
    let set = |name: &&str| environment.variables.get(*name).map(String::as_str);
    ALL_VARIABLES.iter().filter_map(set).filter(|value| !value.is_empty())
}

/// Refuses what the HTTP library would pass over, and with it the proxy.
///
/// # Errors
/// A variable names no proxy. Its value is not shown: it may hold a password.
pub fn check_proxy_variables(environment: &ProcessEnvironment) -> Result<(), CommandError> {
    for pair in VARIABLES {
        let set = pair.iter().find_map(|name| Some((name, environment.variables.get(*name)?)));
        if let Some((name, value)) = set
            && !value.is_empty()
            && !is_proxy(value)
        {
            return Err(CommandError::usage(format!("{name} is not the address of a proxy"))
                .help("write it as http://proxy.corp.example:3128, or unset it"));
        }
    }
    Ok(())
}

/// Whether a text is the address of a proxy; without a scheme it is one by http.
pub(super) fn is_proxy(text: &str) -> bool {
    let scheme = if text.contains("://") { "" } else { "http://" };
    let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
    url::Url::parse(&format!("{scheme}{text}"))
        .is_ok_and(|url| schemes.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_names_no_proxy_is_refused_and_not_shown() {
        for (value, good) in [
            ("", true),
            ("proxy.corp.example:3128", true),
            ("http://jo:pw@proxy:3128/", true),
            ("socks5h://127.0.0.1:1080", true),
            ("http://", false),
            ("ftp://SECRET@proxy", false),
            ("http://proxy:SECRET", false),
            ("http://pro xy:SECRET", false),
        ] {
            let mut environment = ProcessEnvironment::default();
            environment.variables.insert("https_proxy".into(), value.into());
            let checked = check_proxy_variables(&environment);
            assert_eq!(checked.is_ok(), good, "{value}");
            assert!(!format!("{checked:?}").contains("SECRET"));
        }
    }
}
