//! How the org is reached, in the words of Okta's SDKs.

use std::time::Duration;

use secrecy::SecretString;

use super::super::environment::ProcessEnvironment;
use super::super::network::{NetworkProfile, ProxyProfile, is_proxy};
use super::{ConventionSetting, show_origin};
use crate::error::CommandError;

/// Texts as they were found.
#[derive(Default)]
pub(super) struct NetworkSettings {
    pub(super) proxy_host: Option<ConventionSetting<String>>,
    pub(super) proxy_port: Option<ConventionSetting<String>>,
    pub(super) proxy_username: Option<ConventionSetting<String>>,
    pub(super) proxy_password: Option<ConventionSetting<SecretString>>,
    pub(super) connection_timeout: Option<ConventionSetting<String>>,
    pub(super) request_timeout: Option<ConventionSetting<String>>,
    pub(super) max_retries: Option<ConventionSetting<String>>,
    pub(super) user_agent: Option<ConventionSetting<String>>,
}

impl NetworkSettings {
    /// The same, but for a proxy: its credentials are for its own host.
    pub(super) fn without_proxy(self) -> Self {
        Self { proxy_host: None, proxy_port: None, proxy_username: None, proxy_password: None, ..self }
    }

    pub(super) fn over(self, farther: Self) -> Self {
        Self {
            proxy_host: self.proxy_host.or(farther.proxy_host),
            proxy_port: self.proxy_port.or(farther.proxy_port),
            proxy_username: self.proxy_username.or(farther.proxy_username),
            proxy_password: self.proxy_password.or(farther.proxy_password),
            connection_timeout: self.connection_timeout.or(farther.connection_timeout),
            request_timeout: self.request_timeout.or(farther.request_timeout),
            max_retries: self.max_retries.or(farther.max_retries),
            user_agent: self.user_agent.or(farther.user_agent),
        }
    }

    pub(super) fn read(self, environment: &ProcessEnvironment) -> Result<NetworkProfile, CommandError> {
        let seconds = |setting, name| -> Result<Option<Duration>, CommandError> {
            let seconds = number::<u64>(environment, setting, name, "a number of seconds")?;
            // The SDKs take 0 for no limit of their own; here it leaves the usual one.
            Ok(seconds.filter(|it| *it > 0).map(Duration::from_secs))
        };
        Ok(NetworkProfile {
            connect_timeout: seconds(self.connection_timeout, "connectionTimeout")?,
            request_timeout: seconds(self.request_timeout, "requestTimeout")?,
            max_retries: number(environment, self.max_retries, "rateLimit.maxRetries", "a number")?,
            user_agent: self.user_agent.map(|setting| setting.value),
            list_lag: None,
            proxy: match (self.proxy_host, self.proxy_port) {
                (Some(host), port) => Some(ProxyProfile {
                    url: proxy_url(environment, &host, port)?,
                    username: self.proxy_username.map(|setting| setting.value),
                    password: self.proxy_password.map(|setting| setting.value),
                }),
                (None, Some(port)) => {
                    let at = show_origin(environment, &port.origin);
                    return Err(CommandError::usage(format!("there is a proxy's port ({at}) and no host"))
                        .help("set OKTA_CLIENT_PROXY_HOST, or okta.client.proxy.host"));
                }
                (None, None) => None,
            },
        })
    }
}

fn number<T: std::str::FromStr>(
    environment: &ProcessEnvironment,
    setting: Option<ConventionSetting<String>>,
    name: &str,
    wanted: &str,
) -> Result<Option<T>, CommandError> {
    let Some(setting) = setting else {
        return Ok(None);
    };
    setting.value.parse().map(Some).map_err(|_| {
        let at = show_origin(environment, &setting.origin);
        CommandError::usage(format!("{name} ({at}) is not {wanted}"))
    })
}

fn proxy_url(
    environment: &ProcessEnvironment,
    host: &ConventionSetting<String>,
    port: Option<ConventionSetting<String>>,
) -> Result<String, CommandError> {
    let at = show_origin(environment, &host.origin);
    let port = number::<u16>(environment, port, "proxy.port", "a port")?;
    let scheme = if host.value.contains("://") { "" } else { "http://" };
    let address = host.value.trim_end_matches('/');
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let url = format!("{scheme}{address}{port}");
    if is_proxy(&url) {
        return Ok(url);
    }
    Err(CommandError::usage(format!("the proxy ({at}) is no address of a host"))
        .help("write its host by name, such as proxy.corp.example, and its port by itself"))
}
