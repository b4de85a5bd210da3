//! Okta's own settings, as its SDKs read them: `OKTA_CLIENT_*` variables over `./okta.yaml` over `~/.okta/okta.yaml`,
//! each setting by itself.

mod file;
mod network;
mod variables;

use std::path::PathBuf;

use secrecy::SecretString;

use super::address::wrong_org_url;
use super::approval::ApprovalProfile;
use super::environment::ProcessEnvironment;
use super::network::NetworkProfile;
use super::profile::{OrgProfile, ProfileOrigin};
use super::secret::{SecretSource, readable_by_others};
use super::sign_in::{DpopProfile, PrivateKey, SignIn};
use crate::error::CommandError;
use file::from_file;
use network::NetworkSettings;
use variables::from_variables;

/// Name of the org that these settings describe.
pub(super) const PROFILE: &str = "default";

/// The org that Okta's settings describe; nothing when they name neither a URL nor a token.
pub(super) fn org(environment: &ProcessEnvironment) -> Result<Option<OrgProfile>, CommandError> {
    let variables = from_variables(environment);
    let here = from_file(environment, &environment.here.join("okta.yaml"))?;
    let mut home = match home_file(environment) {
        Some(path) => from_file(environment, &path)?,
        None => ConventionSettings::default(),
    };
    // A folder that somebody else made may name a proxy of his own, who shall not be told a person's password.
    if here.network.proxy_host.is_some() {
        home.network = home.network.without_proxy();
    }
    refuse_home_token_elsewhere(environment, &variables, &here, &home)?;
    let settings = variables.over(here).over(home);
    settings.check_mode(environment)?;
    settings.into_org(environment)
}

/// What should be known to whom this org is used: settings files with a secret that others can read, and settings that nothing here
/// heeds.
pub(super) fn warnings(environment: &ProcessEnvironment) -> Vec<String> {
    let mut warnings = variables::not_heeded(environment);
    for path in files(environment) {
        let settings = from_file(environment, &path);
        let holds_secret = |it: ConventionSettings| {
            let proxy = it.network.proxy_password.is_some();
            it.token.is_some() || it.private_key.is_some() || proxy
        };
        if settings.is_ok_and(holds_secret) {
            warnings.extend(readable_by_others(environment, &path));
        }
        warnings.extend(file::not_heeded(environment, &path));
    }
    warnings
}

/// Whether the variables name an org, which the files of others do not change.
pub(super) fn url_of_variables(environment: &ProcessEnvironment) -> Option<&str> {
    environment.variable(variables::URL)
}

fn files(environment: &ProcessEnvironment) -> impl Iterator<Item = PathBuf> {
    let here = environment.here.join("okta.yaml");
    [Some(here), home_file(environment)].into_iter().flatten()
}

fn home_file(environment: &ProcessEnvironment) -> Option<PathBuf> {
    Some(environment.home.as_ref()?.join(".okta/okta.yaml"))
}

/// One level of settings, or several laid over each other.
#[derive(Default)]
struct ConventionSettings {
    url: Option<ConventionSetting<String>>,
    token: Option<ConventionSetting<SecretString>>,
    mode: Option<ConventionSetting<String>>,
    client_id: Option<ConventionSetting<String>>,
    private_key: Option<ConventionSetting<SecretString>>,
    key_id: Option<ConventionSetting<String>>,
    scopes: Option<ConventionSetting<String>>,
    dpop: Option<ConventionSetting<String>>,
    network: NetworkSettings,
}

struct ConventionSetting<T> {
    value: T,
    origin: ProfileOrigin,
}

impl ConventionSettings {
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
            network: self.network.over(farther.network),
        }
    }

    fn check_mode(&self, environment: &ProcessEnvironment) -> Result<(), CommandError> {
        let Some(mode) = &self.mode else {
            return Ok(());
        };
        if ["SSWS", "PrivateKey"].iter().any(|known| mode.value.eq_ignore_ascii_case(known)) {
            return Ok(());
        }
        let at = show_origin(environment, &mode.origin);
        Err(CommandError::usage(format!(
            "the authorization mode {} ({at}) is not supported by this version",
            mode.value
        ))
        .help("use an API token: set the mode to SSWS, and the token in OKTA_CLIENT_TOKEN")
        .help("or a service app: set the mode to PrivateKey, with OKTA_CLIENT_CLIENTID and OKTA_CLIENT_PRIVATEKEY"))
    }

    fn into_org(mut self, environment: &ProcessEnvironment) -> Result<Option<OrgProfile>, CommandError> {
        let network = std::mem::take(&mut self.network);
        let Some((url, sign_in)) = self.into_url_and_sign_in(environment)? else {
            return Ok(None);
        };
        let mut profile = profile(environment, url, sign_in)?;
        profile.network = network.read(environment)?;
        Ok(Some(profile))
    }

    fn into_url_and_sign_in(
        self,
        environment: &ProcessEnvironment,
    ) -> Result<Option<(ConventionSetting<String>, SignIn)>, CommandError> {
        if self.is_by_key() {
            return self.into_app(environment).map(Some);
        }
        match (self.url, self.token) {
            (None, None) => Ok(None),
            (Some(url), Some(token)) => {
                let token = api_token(environment, token)?;
                Ok(Some((url, SignIn::Token(token))))
            }
            (Some(url), None) => Err(half_configured(environment, "a URL", &url.origin, "a token")
                .help("set OKTA_CLIENT_TOKEN, or okta.client.token in ~/.okta/okta.yaml")),
            (None, Some(token)) => Err(half_configured(environment, "a token", &token.origin, "a URL")
                .help("set OKTA_CLIENT_ORGURL, or okta.client.orgUrl in ~/.okta/okta.yaml")),
        }
    }
}

impl ConventionSettings {
    /// The mode says so; without a mode, a key and no token do.
    fn is_by_key(&self) -> bool {
        match &self.mode {
            Some(mode) => mode.value.eq_ignore_ascii_case("PrivateKey"),
            None => self.token.is_none() && self.private_key.is_some(),
        }
    }

    fn into_app(self, environment: &ProcessEnvironment) -> Result<(ConventionSetting<String>, SignIn), CommandError> {
        let missing = |name: &str, key: &str| {
            CommandError::usage(format!("Okta's settings say authorization mode PrivateKey, and there is no {key}"))
                .help(format!("set {name}, or okta.client.{key} in ~/.okta/okta.yaml"))
        };
        let url = self.url.ok_or_else(|| missing("OKTA_CLIENT_ORGURL", "orgUrl"))?;
        let client_id = self.client_id.ok_or_else(|| missing("OKTA_CLIENT_CLIENTID", "clientId"))?;
        let key = self.private_key.ok_or_else(|| missing("OKTA_CLIENT_PRIVATEKEY", "privateKey"))?;
        let on = |setting: ConventionSetting<String>| setting.value.eq_ignore_ascii_case("true");
        let app = PrivateKey {
            client_id: client_id.value,
            key: key_source(environment, key)?,
            key_id: self.key_id.map(|setting| setting.value),
            algorithm: None,
            scopes: self.scopes.map_or_else(Vec::new, |text| words(&text.value)),
            dpop: DpopProfile::of_setting(self.dpop.is_some_and(on)),
        };
        Ok((url, SignIn::PrivateKey(app)))
    }
}

/// Okta's SDKs take the key itself (PEM or JWK) or the path of its file in the same setting. What is neither is never shown: it may
/// be a key without the lines around it.
fn key_source(
    environment: &ProcessEnvironment,
    key: ConventionSetting<SecretString>,
) -> Result<SecretSource, CommandError> {
    use secrecy::ExposeSecret as _;
    let text = key.value.expose_secret().trim();
    if text.starts_with('{') || text.contains("-----BEGIN") {
        return Ok(SecretSource::Value(key.value));
    }
    let folder = match &key.origin {
        ProfileOrigin::File { path, .. } => path.parent().unwrap_or(&environment.here),
        ProfileOrigin::Variable(_) => &environment.here,
    };
    let path = environment.path(folder, text);
    if path.is_file() {
        return Ok(SecretSource::File(path));
    }
    let at = show_origin(environment, &key.origin);
    Err(CommandError::usage(format!(
        "the private key ({at}) is neither a key in PEM or JWK nor the path of a file that is there"
    ))
    .help(
        "give the whole key, its line -----BEGIN PRIVATE KEY----- included, or a path from the folder of the setting",
    ))
}

/// Scopes as the SDKs take them: separated by commas or spaces.
fn words(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn half_configured(environment: &ProcessEnvironment, has: &str, origin: &ProfileOrigin, lacks: &str) -> CommandError {
    let at = show_origin(environment, origin);
    CommandError::usage(format!("Okta's settings have {has} ({at}) and not {lacks}"))
}

fn api_token(
    environment: &ProcessEnvironment,
    token: ConventionSetting<SecretString>,
) -> Result<SecretSource, CommandError> {
    use secrecy::ExposeSecret as _;
    if token.value.expose_secret().contains(['{', '}', '<', '>']) {
        let at = show_origin(environment, &token.origin);
        return Err(CommandError::usage(format!("the token ({at}) is still a placeholder"))
            .help("create a token in the Admin Console under Security > API > Tokens"));
    }
    Ok(SecretSource::Value(token.value))
}

fn profile(
    environment: &ProcessEnvironment,
    url: ConventionSetting<String>,
    sign_in: SignIn,
) -> Result<OrgProfile, CommandError> {
    if let Some(wrong) = wrong_org_url(&url.value) {
        let at = show_origin(environment, &url.origin);
        return Err(CommandError::usage(format!("the org's URL ({at}) cannot be used: {wrong}"))
            .help("write it as https://acme.okta.com"));
    }
    Ok(OrgProfile {
        profile: PROFILE.into(),
        url: url.value,
        sign_in,
        production: false,
        approval: ApprovalProfile::default(),
        journal_key: None,
        network: NetworkProfile::default(),
        origin: url.origin,
    })
}

/// A folder with somebody's `okta.yaml` in it must not draw the token of the home folder to another host. The SDKs
/// allow it; a token that has left cannot be called back.
fn refuse_home_token_elsewhere(
    environment: &ProcessEnvironment,
    variables: &ConventionSettings,
    here: &ConventionSettings,
    home: &ConventionSettings,
) -> Result<(), CommandError> {
    let (Some(url), Some(token)) = (&here.url, home.token.as_ref().or(home.private_key.as_ref())) else {
        return Ok(());
    };
    let brings = |settings: &ConventionSettings| settings.token.is_some() || settings.private_key.is_some();
    let decided = variables.url.is_some() || brings(variables) || brings(here);
    let same = home.url.as_ref().is_some_and(|own| own.value == url.value);
    if decided || same {
        return Ok(());
    }
    let (url, token) = (show_origin(environment, &url.origin), show_origin(environment, &token.origin));
    Err(CommandError::usage(format!("{url} names another org than the one the token in {token} is for"))
        .help("set OKTA_CLIENT_TOKEN to a token of that org, or OKTA_CLIENT_ORGURL to confirm its URL"))
}

fn show_origin(environment: &ProcessEnvironment, origin: &ProfileOrigin) -> String {
    match origin {
        ProfileOrigin::File { path, line } => format!("{}:{line}", environment.shown(path)),
        ProfileOrigin::Variable(name) => name.clone(),
    }
}

fn secret(setting: ConventionSetting<String>) -> ConventionSetting<SecretString> {
    ConventionSetting { value: SecretString::from(setting.value), origin: setting.origin }
}

#[cfg(test)]
mod tests;
