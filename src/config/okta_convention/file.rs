//! `okta.yaml`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::super::environment::ProcessEnvironment;
use super::super::profile::ProfileOrigin;
use super::network::NetworkSettings;
use super::{ConventionSetting, ConventionSettings, secret};
use crate::error::CommandError;

/// The parts of `okta.yaml` that matter here; the rest (caches, logs) belongs to the SDKs.
#[derive(Default, Deserialize)]
struct OktaYaml {
    #[serde(default)]
    okta: Option<OktaSection>,
}

#[derive(Default, Deserialize)]
struct OktaSection {
    #[serde(default)]
    client: Option<ClientSection>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientSection {
    #[serde(default)]
    org_url: Option<Spanned<String>>,
    #[serde(default)]
    token: Option<Spanned<String>>,
    #[serde(default)]
    authorization_mode: Option<Spanned<String>>,
    #[serde(default)]
    client_id: Option<Spanned<String>>,
    #[serde(default)]
    private_key: Option<Spanned<KeySection>>,
    // The name differs between Okta's SDKs, and one file may serve several of them.
    #[serde(default)]
    private_key_id: Option<Spanned<String>>,
    #[serde(default)]
    key_id: Option<Spanned<String>>,
    #[serde(default)]
    kid: Option<Spanned<String>>,
    #[serde(default)]
    scopes: Option<Spanned<ScopesSection>>,
    #[serde(default)]
    dpop_enabled: Option<Spanned<bool>>,
    #[serde(default)]
    proxy: Option<ProxySection>,
    #[serde(default)]
    connection_timeout: Option<Spanned<String>>,
    #[serde(default)]
    request_timeout: Option<Spanned<String>>,
    #[serde(default)]
    rate_limit: Option<RateLimitSection>,
    #[serde(default)]
    user_agent: Option<Spanned<String>>,
    #[serde(default)]
    user_agent_extra: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
struct ProxySection {
    #[serde(default)]
    host: Option<Spanned<String>>,
    #[serde(default)]
    port: Option<Spanned<String>>,
    #[serde(default)]
    username: Option<Spanned<String>>,
    #[serde(default)]
    password: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RateLimitSection {
    #[serde(default)]
    max_retries: Option<Spanned<String>>,
}

/// PEM, a path, or a JWK: as a text, or as a mapping, which becomes the text.
struct KeySection(String);

/// The members of a private JWK that count here (RFC 7518, section 6).
const JWK_MEMBERS: &[&str] = &["kty", "kid", "alg", "crv", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"];

impl<'de> Deserialize<'de> for KeySection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = KeySection;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a private key as text or as the members of a JWK")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<KeySection, E> {
        Ok(KeySection(text.trim().to_owned()))
    }

    /// Each member is asked for as text: YAML would take some for numbers, and the name `y` for true.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeySection, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if JWK_MEMBERS.contains(&name.as_str()) {
                members.insert(name, map.next_value::<String>()?.into());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(KeySection(Value::Object(members).to_string()))
    }
}

/// A list, or one text with commas or spaces.
#[derive(Deserialize)]
#[serde(untagged)]
enum ScopesSection {
    List(Vec<String>),
    Text(String),
}

pub(super) fn from_file(environment: &ProcessEnvironment, path: &Path) -> Result<ConventionSettings, CommandError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(ConventionSettings::default());
        }
        Err(error) => {
            let shown = environment.shown(path);
            return Err(CommandError::usage(format!("{shown} cannot be read: {error}")));
        }
    };
    let document = parse(&text).map_err(|error| not_yaml(&environment.shown(path), &error))?;
    let client = document.okta.and_then(|okta| okta.client).unwrap_or_default();
    let setting = |setting: Option<Spanned<String>>| setting.and_then(|it| locate_setting(path, &it));
    let (proxy, rates) = (client.proxy.unwrap_or_default(), client.rate_limit.unwrap_or_default());
    let private_key = client.private_key.map(|key| {
        let text = key.value.0.clone();
        setting_at(path, &key, text)
    });
    let private_key = private_key.filter(|key| !key.value.is_empty());
    Ok(ConventionSettings {
        url: setting(client.org_url),
        token: setting(client.token).map(secret),
        mode: setting(client.authorization_mode),
        client_id: setting(client.client_id),
        private_key: private_key.map(secret),
        key_id: setting(client.private_key_id).or_else(|| setting(client.key_id)).or_else(|| setting(client.kid)),
        scopes: client.scopes.map(|scopes| {
            let text = match &scopes.value {
                ScopesSection::List(list) => list.join(" "),
                ScopesSection::Text(text) => text.clone(),
            };
            setting_at(path, &scopes, text)
        }),
        dpop: client.dpop_enabled.map(|on| setting_at(path, &on, on.value.to_string())),
        network: NetworkSettings {
            proxy_host: setting(proxy.host),
            proxy_port: setting(proxy.port),
            proxy_username: setting(proxy.username),
            proxy_password: setting(proxy.password).map(secret),
            connection_timeout: setting(client.connection_timeout),
            request_timeout: setting(client.request_timeout),
            max_retries: setting(rates.max_retries),
            user_agent: setting(client.user_agent).or_else(|| setting(client.user_agent_extra)),
        },
    })
}

/// What is read below `client`.
const READ: &[&str] = &[
    "orgUrl",
    "token",
    "authorizationMode",
    "clientId",
    "privateKey",
    "privateKeyId",
    "keyId",
    "kid",
    "scopes",
    "dpopEnabled",
    "proxy",
    "connectionTimeout",
    "requestTimeout",
    "rateLimit",
    "userAgent",
    "userAgentExtra",
];
/// What concerns the inside of an SDK.
const INNER: &[&str] = &["cache", "logging"];

/// Settings below `client` that have no effect here.
pub(super) fn not_heeded(environment: &ProcessEnvironment, path: &Path) -> Vec<String> {
    #[derive(Deserialize)]
    struct Names {
        okta: Option<ClientSection>,
    }
    #[derive(Deserialize)]
    struct ClientSection {
        #[expect(clippy::zero_sized_map_values, reason = "a set is no mapping to the reader")]
        client: Option<BTreeMap<String, IgnoredAny>>,
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let names = serde_saphyr::from_str::<Option<Names>>(&text).ok().flatten();
    let client = names.and_then(|names| names.okta?.client).unwrap_or_default();
    let others = client.into_keys().filter(|name| !READ.contains(&name.as_str()) && !INNER.contains(&name.as_str()));
    let shown = environment.shown(path);
    others.map(|name| format!("{shown}: okta.client.{name} has no effect here")).collect()
}

fn parse(text: &str) -> Result<OktaYaml, serde_saphyr::Error> {
    let document: Option<OktaYaml> = serde_saphyr::from_str(text)?;
    Ok(document.unwrap_or_default())
}

fn setting_at<T>(path: &Path, place: &Spanned<T>, value: String) -> ConventionSetting<String> {
    let line = usize::try_from(place.referenced.line()).unwrap_or(usize::MAX);
    let path = path.to_owned();
    ConventionSetting { value, origin: ProfileOrigin::File { path, line } }
}

fn locate_setting(path: &Path, setting: &Spanned<String>) -> Option<ConventionSetting<String>> {
    let value = setting.value.trim().to_owned();
    (!value.is_empty()).then(|| setting_at(path, setting, value))
}

/// The reader's own words may quote the file, and with it a token; so only the place is told.
fn not_yaml(shown: &str, error: &serde_saphyr::Error) -> CommandError {
    let place =
        error.location().map_or_else(String::new, |location| format!(":{}:{}", location.line(), location.column()));
    CommandError::usage(format!("{shown}{place}: this is not YAML of the form that Okta's SDKs read"))
        .help("okta, then client below it, then orgUrl and token below that, each indented with spaces")
}
