//! The variables `OKTA_CLIENT_*`.

use super::super::environment::ProcessEnvironment;
use super::super::profile::ProfileOrigin;
use super::network::NetworkSettings;
use super::{ConventionSetting, ConventionSettings, secret};

const PREFIX: &str = "OKTA_CLIENT_";
pub(super) const URL: &str = "OKTA_CLIENT_ORGURL";

/// What is read of them, without the prefix. The names of a key's id and of the user agent differ between Okta's SDKs.
const READ: &[&str] = &[
    "ORGURL",
    "TOKEN",
    "AUTHORIZATIONMODE",
    "CLIENTID",
    "PRIVATEKEY",
    "PRIVATEKEYID",
    "KEYID",
    "KID",
    "SCOPES",
    "DPOPENABLED",
    "PROXY_HOST",
    "PROXY_PORT",
    "PROXY_USERNAME",
    "PROXY_PASSWORD",
    "CONNECTIONTIMEOUT",
    "REQUESTTIMEOUT",
    "RATELIMIT_MAXRETRIES",
    "USERAGENT",
    "USERAGENTEXTRA",
];
/// What concerns the inside of an SDK.
const INNER: &[&str] = &["CACHE_", "LOGGING_"];

pub(super) fn from_variables(environment: &ProcessEnvironment) -> ConventionSettings {
    let setting = |name: &str| {
        let name = format!("{PREFIX}{name}");
        environment.variable(&name).map(|value| ConventionSetting {
            value: value.trim().to_owned(),
            origin: ProfileOrigin::Variable(name.clone()),
        })
    };
    ConventionSettings {
        url: setting("ORGURL"),
        token: setting("TOKEN").map(secret),
        mode: setting("AUTHORIZATIONMODE"),
        client_id: setting("CLIENTID"),
        private_key: setting("PRIVATEKEY").map(secret),
        key_id: setting("PRIVATEKEYID").or_else(|| setting("KEYID")).or_else(|| setting("KID")),
        scopes: setting("SCOPES"),
        dpop: setting("DPOPENABLED"),
        network: NetworkSettings {
            proxy_host: setting("PROXY_HOST"),
            proxy_port: setting("PROXY_PORT"),
            proxy_username: setting("PROXY_USERNAME"),
            proxy_password: setting("PROXY_PASSWORD").map(secret),
            connection_timeout: setting("CONNECTIONTIMEOUT"),
            request_timeout: setting("REQUESTTIMEOUT"),
            max_retries: setting("RATELIMIT_MAXRETRIES"),
            user_agent: setting("USERAGENT").or_else(|| setting("USERAGENTEXTRA")),
        },
    }
}

/// Variables of Okta's SDKs that are set and have no effect here.
pub(super) fn not_heeded(environment: &ProcessEnvironment) -> Vec<String> {
    let names = environment.variables.keys().filter_map(|name| Some((name, name.strip_prefix(PREFIX)?)));
    names
        .filter(|(_, rest)| !READ.contains(rest))
        .filter(|(_, rest)| !INNER.iter().any(|inner| rest.starts_with(inner)))
        .map(|(name, _)| format!("{name} is set and has no effect here"))
        .collect()
}
