//! Okta's own settings, as its SDKs read them: `OKTA_CLIENT_*` variables over `./okta.yaml` over `~/.okta/okta.yaml`,
//! each setting by itself.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::address::wrong_url;
use super::environment::Environment;
use super::profile::{OrgProfile, Origin};
use super::secret::{SecretSource, readable_by_others};
use super::sign_in::{Dpop, PrivateKey, SignIn};
use crate::error::Error;

/// Name of the org that these settings describe.
pub(super) const PROFILE: &str = "default";

/// The org that Okta's settings describe; nothing when they name neither a URL nor a token.
pub(super) fn org(environment: &Environment) -> Result<Option<OrgProfile>, Error> {
    let variables = from_variables(environment);
    let here = from_file(environment, &environment.here.join("okta.yaml"))?;
    let home = match home_file(environment) {
        Some(path) => from_file(environment, &path)?,
        None => Settings::default(),
    };
    refuse_home_token_elsewhere(environment, &variables, &here, &home)?;
    let settings = variables.over(here).over(home);
    settings.check_mode(environment)?;
    settings.into_org(environment)
}

/// Warnings about settings files with a token that others can read.
pub(super) fn warnings(environment: &Environment) -> Vec<String> {
    let files = [
        Some(environment.here.join("okta.yaml")),
        home_file(environment),
    ];
    files
        .into_iter()
        .flatten()
        .filter(|path| {
            from_file(environment, path)
                .is_ok_and(|settings| settings.token.is_some() || settings.private_key.is_some())
        })
        .filter_map(|path| readable_by_others(environment, &path))
        .collect()
}

fn home_file(environment: &Environment) -> Option<PathBuf> {
    Some(environment.home.as_ref()?.join(".okta/okta.yaml"))
}

/// One level of settings, or several laid over each other.
#[derive(Default)]
struct Settings {
    url: Option<Setting<String>>,
    token: Option<Setting<SecretString>>,
    mode: Option<Setting<String>>,
    client_id: Option<Setting<String>>,
    private_key: Option<Setting<SecretString>>,
    key_id: Option<Setting<String>>,
    scopes: Option<Setting<String>>,
    dpop: Option<Setting<String>>,
}

struct Setting<T> {
    value: T,
    origin: Origin,
}

impl Settings {
    /// These settings, and where they are silent the farther ones.
    fn over(self, farther: Self) -> Self {
        Self {
            url: self.url.or(farther.url),
            token: self.token.or(farther.token),
            mode: self.mode.or(farther.mode),
            client_id: self.client_id.or(farther.client_id),
            private_key: self.private_key.or(farther.private_key),
            key_id: self.key_id.or(farther.key_id),
            scopes: self.scopes.or(farther.scopes),
            dpop: self.dpop.or(farther.dpop),
        }
    }

    fn check_mode(&self, environment: &Environment) -> Result<(), Error> {
        let Some(mode) = &self.mode else {
            return Ok(());
        };
        if ["SSWS", "PrivateKey"]
            .iter()
            .any(|known| mode.value.eq_ignore_ascii_case(known))
        {
            return Ok(());
        }
        let at = shown(environment, &mode.origin);
        Err(Error::usage(format!(
            "the authorization mode {} ({at}) is not supported by this version",
            mode.value
        ))
        .help("use an API token: set the mode to SSWS, and the token in OKTA_CLIENT_TOKEN")
        .help("or a service app: set the mode to PrivateKey, with OKTA_CLIENT_CLIENTID and OKTA_CLIENT_PRIVATEKEY"))
    }

    fn into_org(self, environment: &Environment) -> Result<Option<OrgProfile>, Error> {
        if self.is_by_key() {
            return self.into_app(environment).map(Some);
        }
        match (self.url, self.token) {
            (None, None) => Ok(None),
            (Some(url), Some(token)) => {
                let token = api_token(environment, token)?;
                profile(environment, url, SignIn::Token(token)).map(Some)
            }
            (Some(url), None) => Err(half(environment, "a URL", &url.origin, "a token")
                .help("set OKTA_CLIENT_TOKEN, or okta.client.token in ~/.okta/okta.yaml")),
            (None, Some(token)) => Err(half(environment, "a token", &token.origin, "a URL")
                .help("set OKTA_CLIENT_ORGURL, or okta.client.orgUrl in ~/.okta/okta.yaml")),
        }
    }
}

impl Settings {
    /// The mode says so; without a mode, a key and no token do.
    fn is_by_key(&self) -> bool {
        match &self.mode {
            Some(mode) => mode.value.eq_ignore_ascii_case("PrivateKey"),
            None => self.token.is_none() && self.private_key.is_some(),
        }
    }

    fn into_app(self, environment: &Environment) -> Result<OrgProfile, Error> {
        let missing = |name: &str, key: &str| {
            Error::usage(format!(
                "Okta's settings say authorization mode PrivateKey, and there is no {key}"
            ))
            .help(format!(
                "set {name}, or okta.client.{key} in ~/.okta/okta.yaml"
            ))
        };
        let url = self
            .url
            .ok_or_else(|| missing("OKTA_CLIENT_ORGURL", "orgUrl"))?;
        let client_id = self
            .client_id
            .ok_or_else(|| missing("OKTA_CLIENT_CLIENTID", "clientId"))?;
        let key = self
            .private_key
            .ok_or_else(|| missing("OKTA_CLIENT_PRIVATEKEY", "privateKey"))?;
        let on = |setting: Setting<String>| setting.value.eq_ignore_ascii_case("true");
        let app = PrivateKey {
            client_id: client_id.value,
            key: key_source(environment, key),
            key_id: self.key_id.map(|setting| setting.value),
            algorithm: None,
            scopes: self.scopes.map_or_else(Vec::new, |text| words(&text.value)),
            dpop: Dpop::of_setting(self.dpop.is_some_and(on)),
        };
        profile(environment, url, SignIn::PrivateKey(app))
    }
}

/// Okta's SDKs take the key itself (PEM or JWK) or the path of its file in the same setting.
fn key_source(environment: &Environment, key: Setting<SecretString>) -> SecretSource {
    use secrecy::ExposeSecret as _;
    let text = key.value.expose_secret().trim();
    if text.starts_with('{') || text.contains("-----BEGIN") {
        return SecretSource::Value(key.value);
    }
    let folder = match &key.origin {
        Origin::File { path, .. } => path.parent().unwrap_or(&environment.here),
        Origin::Variable(_) => &environment.here,
    };
    SecretSource::File(environment.path(folder, text))
}

/// Scopes as the SDKs take them: separated by commas or spaces.
fn words(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn half(environment: &Environment, has: &str, origin: &Origin, lacks: &str) -> Error {
    let at = shown(environment, origin);
    Error::usage(format!("Okta's settings have {has} ({at}) and not {lacks}"))
}

fn api_token(
    environment: &Environment,
    token: Setting<SecretString>,
) -> Result<SecretSource, Error> {
    use secrecy::ExposeSecret as _;
    if token.value.expose_secret().contains(['{', '}', '<', '>']) {
        let at = shown(environment, &token.origin);
        return Err(
            Error::usage(format!("the token ({at}) is still a placeholder"))
                .help("create a token in the Admin Console under Security > API > Tokens"),
        );
    }
    Ok(SecretSource::Value(token.value))
}

fn profile(
    environment: &Environment,
    url: Setting<String>,
    sign_in: SignIn,
) -> Result<OrgProfile, Error> {
    if let Some(wrong) = wrong_url(&url.value, &["https", "http"]) {
        let at = shown(environment, &url.origin);
        return Err(
            Error::usage(format!("the org's URL ({at}) cannot be used: {wrong}"))
                .help("write it as https://acme.okta.com"),
        );
    }
    Ok(OrgProfile {
        profile: PROFILE.into(),
        url: url.value,
        sign_in,
        production: false,
        origin: url.origin,
    })
}

/// A folder with somebody's `okta.yaml` in it must not draw the token of the home folder to another host. The SDKs
/// allow it; a token that has left cannot be called back.
fn refuse_home_token_elsewhere(
    environment: &Environment,
    variables: &Settings,
    here: &Settings,
    home: &Settings,
) -> Result<(), Error> {
    let (Some(url), Some(token)) = (&here.url, home.token.as_ref().or(home.private_key.as_ref()))
    else {
        return Ok(());
    };
    let brings = |settings: &Settings| settings.token.is_some() || settings.private_key.is_some();
    let decided = variables.url.is_some() || brings(variables) || brings(here);
    let same = home.url.as_ref().is_some_and(|own| own.value == url.value);
    if decided || same {
        return Ok(());
    }
    let (url, token) = (
        shown(environment, &url.origin),
        shown(environment, &token.origin),
    );
    Err(Error::usage(format!(
        "{url} names another org than the one the token in {token} is for"
    ))
    .help("set OKTA_CLIENT_TOKEN to a token of that org, or OKTA_CLIENT_ORGURL to confirm its URL"))
}

fn shown(environment: &Environment, origin: &Origin) -> String {
    match origin {
        Origin::File { path, line } => format!("{}:{line}", environment.shown(path)),
        Origin::Variable(name) => name.clone(),
    }
}

fn from_variables(environment: &Environment) -> Settings {
    let setting = |name: &str| {
        environment.variable(name).map(|value| Setting {
            value: value.trim().to_owned(),
            origin: Origin::Variable(name.to_owned()),
        })
    };
    Settings {
        url: setting("OKTA_CLIENT_ORGURL"),
        token: setting("OKTA_CLIENT_TOKEN").map(secret),
        mode: setting("OKTA_CLIENT_AUTHORIZATIONMODE"),
        client_id: setting("OKTA_CLIENT_CLIENTID"),
        private_key: setting("OKTA_CLIENT_PRIVATEKEY").map(secret),
        // The name differs between Okta's SDKs.
        key_id: setting("OKTA_CLIENT_PRIVATEKEYID")
            .or_else(|| setting("OKTA_CLIENT_KEYID"))
            .or_else(|| setting("OKTA_CLIENT_KID")),
        scopes: setting("OKTA_CLIENT_SCOPES"),
        dpop: setting("OKTA_CLIENT_DPOPENABLED"),
    }
}

fn secret(setting: Setting<String>) -> Setting<SecretString> {
    Setting {
        value: SecretString::from(setting.value),
        origin: setting.origin,
    }
}

/// The parts of `okta.yaml` that matter here; the rest (proxies, caches) belongs to the SDKs.
#[derive(Default, Deserialize)]
struct Document {
    #[serde(default)]
    okta: Option<Okta>,
}

#[derive(Default, Deserialize)]
struct Okta {
    #[serde(default)]
    client: Option<Client>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are Okta's")]
struct Client {
    #[serde(default)]
    org_url: Option<Spanned<String>>,
    #[serde(default)]
    token: Option<Spanned<String>>,
    #[serde(default)]
    authorization_mode: Option<Spanned<String>>,
    #[serde(default)]
    client_id: Option<Spanned<String>>,
    #[serde(default)]
    private_key: Option<Spanned<String>>,
    #[serde(default, alias = "keyId", alias = "kid")]
    private_key_id: Option<Spanned<String>>,
    #[serde(default)]
    scopes: Option<Spanned<Scopes>>,
    #[serde(default)]
    dpop_enabled: Option<Spanned<bool>>,
}

/// A list, or one text with commas or spaces.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scopes {
    List(Vec<String>),
    Text(String),
}

fn from_file(environment: &Environment, path: &Path) -> Result<Settings, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Settings::default());
        }
        Err(error) => {
            let shown = environment.shown(path);
            return Err(Error::usage(format!("{shown} cannot be read: {error}")));
        }
    };
    let document = parse(&text).map_err(|error| not_yaml(&environment.shown(path), &error))?;
    let client = document
        .okta
        .and_then(|okta| okta.client)
        .unwrap_or_default();
    let setting = |setting: Option<Spanned<String>>| setting.and_then(|it| located(path, &it));
    Ok(Settings {
        url: setting(client.org_url),
        token: setting(client.token).map(secret),
        mode: setting(client.authorization_mode),
        client_id: setting(client.client_id),
        private_key: setting(client.private_key).map(secret),
        key_id: setting(client.private_key_id),
        scopes: client.scopes.map(|scopes| {
            let text = match &scopes.value {
                Scopes::List(list) => list.join(" "),
                Scopes::Text(text) => text.clone(),
            };
            setting_at(path, &scopes, text)
        }),
        dpop: client
            .dpop_enabled
            .map(|on| setting_at(path, &on, on.value.to_string())),
    })
}

fn parse(text: &str) -> Result<Document, serde_saphyr::Error> {
    let document: Option<Document> = serde_saphyr::from_str(text)?;
    Ok(document.unwrap_or_default())
}

fn setting_at<T>(path: &Path, place: &Spanned<T>, value: String) -> Setting<String> {
    let line = usize::try_from(place.referenced.line()).unwrap_or(usize::MAX);
    let path = path.to_owned();
    Setting {
        value,
        origin: Origin::File { path, line },
    }
}

fn located(path: &Path, setting: &Spanned<String>) -> Option<Setting<String>> {
    let value = setting.value.trim().to_owned();
    (!value.is_empty()).then(|| setting_at(path, setting, value))
}

/// The reader's own words may quote the file, and with it a token; so only the place is told.
fn not_yaml(shown: &str, error: &serde_saphyr::Error) -> Error {
    let place = error.location().map_or_else(String::new, |location| {
        format!(":{}:{}", location.line(), location.column())
    });
    Error::usage(format!(
        "{shown}{place}: this is not YAML of the form that Okta's SDKs read"
    ))
    .help("okta, then client below it, then orgUrl and token below that, each indented with spaces")
}

#[cfg(test)]
mod tests;
