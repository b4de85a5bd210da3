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
        .filter(|path| from_file(environment, path).is_ok_and(|settings| settings.token.is_some()))
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
        }
    }

    fn check_mode(&self, environment: &Environment) -> Result<(), Error> {
        let Some(mode) = &self.mode else {
            return Ok(());
        };
        if mode.value.eq_ignore_ascii_case("SSWS") {
            return Ok(());
        }
        let at = shown(environment, &mode.origin);
        Err(Error::usage(format!(
            "the authorization mode {} ({at}) is not supported by this version",
            mode.value
        ))
        .help("use an API token: set the mode to SSWS, and the token in OKTA_CLIENT_TOKEN"))
    }

    fn into_org(self, environment: &Environment) -> Result<Option<OrgProfile>, Error> {
        match (self.url, self.token) {
            (None, None) => Ok(None),
            (Some(url), Some(token)) => profile(environment, url, token).map(Some),
            (Some(url), None) => Err(half(environment, "a URL", &url.origin, "a token")
                .help("set OKTA_CLIENT_TOKEN, or okta.client.token in ~/.okta/okta.yaml")),
            (None, Some(token)) => Err(half(environment, "a token", &token.origin, "a URL")
                .help("set OKTA_CLIENT_ORGURL, or okta.client.orgUrl in ~/.okta/okta.yaml")),
        }
    }
}

fn half(environment: &Environment, has: &str, origin: &Origin, lacks: &str) -> Error {
    let at = shown(environment, origin);
    Error::usage(format!("Okta's settings have {has} ({at}) and not {lacks}"))
}

fn profile(
    environment: &Environment,
    url: Setting<String>,
    token: Setting<SecretString>,
) -> Result<OrgProfile, Error> {
    use secrecy::ExposeSecret as _;
    if let Some(wrong) = wrong_url(&url.value, &["https", "http"]) {
        let at = shown(environment, &url.origin);
        return Err(
            Error::usage(format!("the org's URL ({at}) cannot be used: {wrong}"))
                .help("write it as https://acme.okta.com"),
        );
    }
    if token.value.expose_secret().contains(['{', '}', '<', '>']) {
        let at = shown(environment, &token.origin);
        return Err(
            Error::usage(format!("the token ({at}) is still a placeholder"))
                .help("create a token in the Admin Console under Security > API > Tokens"),
        );
    }
    Ok(OrgProfile {
        profile: PROFILE.into(),
        url: url.value,
        token: SecretSource::Value(token.value),
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
    let (Some(url), Some(token)) = (&here.url, &home.token) else {
        return Ok(());
    };
    let decided = variables.url.is_some() || variables.token.is_some() || here.token.is_some();
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
struct Client {
    #[serde(default)]
    org_url: Option<Spanned<String>>,
    #[serde(default)]
    token: Option<Spanned<String>>,
    #[serde(default)]
    authorization_mode: Option<Spanned<String>>,
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
    })
}

fn parse(text: &str) -> Result<Document, serde_saphyr::Error> {
    let document: Option<Document> = serde_saphyr::from_str(text)?;
    Ok(document.unwrap_or_default())
}

fn located(path: &Path, setting: &Spanned<String>) -> Option<Setting<String>> {
    let value = setting.value.trim().to_owned();
    let line = usize::try_from(setting.referenced.line()).unwrap_or(usize::MAX);
    let path = path.to_owned();
    (!value.is_empty()).then_some(Setting {
        value,
        origin: Origin::File { path, line },
    })
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
