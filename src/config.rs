//! Org profiles, directories, and where their secrets are: files and environment become one [`RunbookConfig`].
//!
//! The only reader of the environment. It knows nothing of the network: a URL is checked for its form, and the
//! client decides what it connects to. A secret is read when it is asked for, never while loading.

mod address;
mod approval;
mod environment;
mod list_lag;
mod network;
mod notify;
mod okta_convention;
mod problem;
mod profile;
mod profile_file;
mod secret;
mod secret_text;
mod sign_in;
pub mod system_keyring;

use std::path::{Path, PathBuf};

pub use address::wrong_org_url;
pub use approval::ApprovalProfile;
pub use environment::ProcessEnvironment;
pub use list_lag::from_variable as list_lag_from_variable;
pub use network::{NetworkProfile, ProxyProfile, check_proxy_variables, proxy_addresses};
pub use notify::{NotifyOccasion, NotifyProfile};
use problem::nearest;
pub use profile::{DirectoryProfile, DirectorySecurity, OrgProfile, ProfileOrigin};
use profile_file::ProfileSet;
pub use secret::SecretSource;
pub use sign_in::{DpopProfile, PersonSignIn, PrivateKey, SignIn};

use crate::error::CommandError;

/// Name of a profile file, here and in the user's configuration folder.
pub const PROFILE_FILE: &str = "okta-runbook.toml";

/// Whose profile file is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileScope {
    /// `okta-runbook.toml` here.
    Project,
    /// That in the user's configuration folder.
    User,
}

/// What is configured, from every place at once.
#[derive(Clone, Debug)]
pub struct RunbookConfig {
    environment: ProcessEnvironment,
    profiles: ProfileSet,
    /// Profile files in which was looked, the nearest first, whether they exist or not.
    looked: Vec<PathBuf>,
}

impl RunbookConfig {
    /// Reads the profile files. The file given (`--config`) or named by `OKTA_RUNBOOK_CONFIG` stands alone; else the
    /// one in the current directory is laid over the one in `$XDG_CONFIG_HOME/okta-runbook`, profile by profile.
    ///
    /// # Errors
    /// A file that was named and is not there, and every problem of every file, all in one error.
    pub fn load(environment: &ProcessEnvironment, given: Option<&Path>) -> Result<Self, CommandError> {
        let mut config = Self { environment: environment.clone(), profiles: ProfileSet::default(), looked: Vec::new() };
        match named_file(environment, given)? {
            Some(file) => config.looked.push(file),
            None => config.looked = usual_files(environment),
        }
        config.read_profiles()?;
        Ok(config)
    }

    /// The org under this profile name; `default` is that of Okta's own settings, unless a profile is so named.
    ///
    /// # Errors
    /// No such profile: with the nearest names and the files in which was looked.
    pub fn org(&self, name: &str) -> Result<OrgProfile, CommandError> {
        match self.profiles.orgs.get(name) {
            Some(profile) => Ok(profile.clone()),
            None if name == okta_convention::PROFILE => {
                okta_convention::org(&self.environment)?.ok_or_else(|| self.no_org())
            }
            None => Err(self.unknown_org(name)),
        }
    }

    /// The org when none is named: the only profile of the nearest file that has any, else the org of Okta's own settings
    /// (`OKTA_CLIENT_*`, `./okta.yaml`, `~/.okta/okta.yaml`). `naming` is how one is named on this command line.
    ///
    /// # Errors
    /// The nearest file has several profiles; or Okta's settings are incomplete or not supported; or nothing is configured.
    pub fn default_org(&self, naming: &str) -> Result<OrgProfile, CommandError> {
        for file in &self.looked {
            let profiles = self.profiles.orgs.values().filter(|org| org.is_of(file));
            match profiles.collect::<Vec<_>>()[..] {
                [] => {}
                [only] => return Ok(only.clone()),
                ref several => return Err(self.several_orgs(file, several, naming)),
            }
        }
        okta_convention::org(&self.environment)?.ok_or_else(|| self.no_org())
    }

    /// Who is told of runs: as the nearest profile file says.
    pub fn notify(&self) -> Option<&NotifyProfile> {
        self.profiles.notify.as_ref()
    }

    /// A warning when `profile`, which nobody named, is another org than the one that `OKTA_CLIENT_ORGURL` names.
    pub fn passed_over(&self, profile: &OrgProfile) -> Option<String> {
        let url = okta_convention::url_of_variables(&self.environment)?;
        let ProfileOrigin::File { path, .. } = &profile.origin else {
            return None;
        };
        let same = url.trim_end_matches('/') == profile.url.trim_end_matches('/');
        (!same).then(|| {
            let file = self.environment.shown(path);
            format!(
                "OKTA_CLIENT_ORGURL is passed over: the profile `{}` of {file} comes first; `{}` names the org of the variables",
                profile.profile,
                okta_convention::PROFILE
            )
        })
    }

    /// The directory that holds this domain, compared in any case; nothing when none is configured.
    pub fn directory(&self, domain: &str) -> Option<&DirectoryProfile> {
        self.profiles.directories.get(&domain.to_lowercase())
    }

    /// All directories, by domain.
    pub fn directories(&self) -> impl Iterator<Item = &DirectoryProfile> {
        self.profiles.directories.values()
    }

    /// The org profiles of the files, by name.
    pub fn orgs(&self) -> impl Iterator<Item = &OrgProfile> {
        self.profiles.orgs.values()
    }

    /// The file that a new profile is written to: the one that was named, else that of the project or of the user.
    pub fn profile_file(&self, of: ProfileScope) -> Option<&Path> {
        let place = match of {
            ProfileScope::Project => self.looked.first(),
            ProfileScope::User => self.looked.last(),
        };
        place.map(PathBuf::as_path)
    }

    /// Where a secret is kept in a file when that was asked for.
    pub fn secret_file(&self, profile: &str) -> Option<PathBuf> {
        let data = self.environment.data_home.as_ref()?;
        Some(data.join("okta-runbook/secrets").join(profile))
    }

    /// Names of the org profiles, in order.
    pub fn org_names(&self) -> Vec<&str> {
        self.profiles.orgs.keys().map(String::as_str).collect()
    }

    /// Folder of the journal: `OKTA_RUNBOOK_HOME`, else `.okta-runbook` here.
    pub fn workspace(&self) -> PathBuf {
        let here = &self.environment.here;
        match self.environment.variable("OKTA_RUNBOOK_HOME") {
            Some(folder) => self.environment.path(here, folder),
            None => here.join(".okta-runbook"),
        }
    }

    /// Folder of the user's own runbooks, `$XDG_DATA_HOME/okta-runbook/runbooks`; none on a system without a home.
    pub fn user_runbooks(&self) -> Option<PathBuf> {
        let data = self.environment.data_home.as_ref()?;
        Some(data.join("okta-runbook/runbooks"))
    }

    /// What is not wrong with an org that is used but should be known, such as a secret file that others can read. One a line.
    pub fn warnings(&self, profile: &OrgProfile) -> Vec<String> {
        let secret = profile.sign_in.secret().warning(&self.environment);
        let mut warnings: Vec<String> = secret.into_iter().collect();
        warnings.extend(profile.journal_key.iter().filter_map(|key| key.warning(&self.environment)));
        warnings.extend(profile.approval.warnings(&self.environment));
        if !self.profiles.orgs.contains_key(&profile.profile) {
            warnings.extend(okta_convention::warnings(&self.environment));
        }
        warnings
    }

    /// What the configuration was read from; a secret is read against it.
    pub fn environment(&self) -> &ProcessEnvironment {
        &self.environment
    }

    /// The farthest file first, so that a nearer one replaces its profiles.
    fn read_profiles(&mut self) -> Result<(), CommandError> {
        let mut reports = Vec::new();
        for file in self.looked.iter().rev() {
            let Some(text) = text(&self.environment, file)? else {
                continue;
            };
            let (profiles, wrong) = profile_file::read(&self.environment, file, &text);
            self.profiles.orgs.extend(profiles.orgs);
            self.profiles.directories.extend(profiles.directories);
            self.profiles.notify = profiles.notify.or_else(|| self.profiles.notify.take());
            reports.extend(wrong);
        }
        problem::join_reports(&reports)
    }

    fn several_orgs(&self, file: &Path, several: &[&OrgProfile], naming: &str) -> CommandError {
        let names: Vec<&str> = several.iter().map(|org| org.profile.as_str()).collect();
        let error = CommandError::usage(format!(
            "several orgs are configured in {}: {}",
            self.environment.shown(file),
            names.join(", ")
        ));
        let error = error.help(format!("name one: {naming}"));
        match okta_convention::org(&self.environment) {
            Ok(Some(_)) => error
                .help(format!("`{}` is the org of Okta's own settings (OKTA_CLIENT_ORGURL)", okta_convention::PROFILE)),
            _ => error,
        }
    }

    fn unknown_org(&self, name: &str) -> CommandError {
        let error = CommandError::usage(format!("no org profile is called `{name}`"));
        let error = match nearest(name, self.org_names()) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        };
        let error = match self.org_names().as_slice() {
            [] => error,
            names => error.help(format!("configured: {}", names.join(", "))),
        };
        let error = match okta_convention::org(&self.environment) {
            Ok(None) => error,
            Ok(Some(_)) | Err(_) => error.help(format!(
                "the org of Okta's own settings (OKTA_CLIENT_ORGURL) is called `{}`",
                okta_convention::PROFILE
            )),
        };
        error.help(self.where_looked())
    }

    fn no_org(&self) -> CommandError {
        CommandError::usage("no org is configured")
            .help("set OKTA_CLIENT_ORGURL and OKTA_CLIENT_TOKEN")
            .help(format!("or write [orgs.NAME] with url and token in {PROFILE_FILE}"))
            .help("or try it without an org: --simulator")
            .help(self.where_looked())
    }

    fn where_looked(&self) -> String {
        let files: Vec<_> = self.looked.iter().map(|file| self.environment.shown(file)).collect();
        format!("looked in {}", files.join(" and "))
    }
}

/// The one file that a person named, which then must be there.
fn named_file(environment: &ProcessEnvironment, given: Option<&Path>) -> Result<Option<PathBuf>, CommandError> {
    let (file, by) = match (given, environment.variable("OKTA_RUNBOOK_CONFIG")) {
        (Some(file), _) => (environment.here.join(file), "--config"),
        (None, Some(file)) => (environment.path(&environment.here, file), "OKTA_RUNBOOK_CONFIG"),
        (None, None) => return Ok(None),
    };
    if file.is_file() {
        return Ok(Some(file));
    }
    let shown = environment.shown(&file);
    Err(CommandError::usage(format!("the profile file {shown}, named by {by}, is not there")))
}

fn usual_files(environment: &ProcessEnvironment) -> Vec<PathBuf> {
    let user = environment.config_home.as_ref();
    let user = user.map(|folder| folder.join("okta-runbook").join(PROFILE_FILE));
    [Some(environment.here.join(PROFILE_FILE)), user].into_iter().flatten().collect()
}

fn text(environment: &ProcessEnvironment, file: &Path) -> Result<Option<String>, CommandError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let shown = environment.shown(file);
            Err(CommandError::usage(format!("the profile file {shown} cannot be read: {error}")))
        }
    }
}

#[cfg(test)]
mod tests;
