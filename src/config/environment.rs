//! What the process was started with. Taken once, so that everything after it is a pure function of files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// Variables and folders of the process; tests make their own.
#[derive(Clone, Default)]
pub struct ProcessEnvironment {
    pub variables: BTreeMap<String, String>,
    /// The current directory.
    pub here: PathBuf,
    /// Absent where the system knows none, as in some containers.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`, by default `~/.config`.
    pub config_home: Option<PathBuf>,
    /// `$XDG_DATA_HOME`, by default `~/.local/share`.
    pub data_home: Option<PathBuf>,
    /// The user that the process runs as, as the operating system names them, whatever variables say.
    pub system_user: Option<String>,
    /// The machine, as the operating system names it.
    pub host: Option<String>,
}

impl ProcessEnvironment {
    /// Reads the process. A variable that is not UTF-8 is kept with replacement characters.
    pub fn from_process() -> Self {
        let variables = std::env::vars_os().map(|(name, value)| (lossy_text(&name), lossy_text(&value))).collect();
        let folders = etcetera::choose_base_strategy().ok();
        Self {
            variables,
            here: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            home: folders.as_ref().map(|f| f.home_dir().to_owned()),
            config_home: folders.as_ref().map(BaseStrategy::config_dir),
            data_home: folders.as_ref().map(BaseStrategy::data_dir),
            system_user: system_user(),
            host: gethostname::gethostname().into_string().ok(),
        }
    }

    /// The value of a variable; one that is set but empty counts as not set, as shells treat `${NAME:-}`.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// User and machine: `jo@laptop`. Information, no proof.
    pub fn os_account(&self) -> Option<String> {
        let user = self.system_user.as_ref()?;
        Some(format!("{user}@{}", self.host.as_deref().unwrap_or("")))
    }

    /// A path as a person wrote it: `~/` is the home folder, a relative path counts from `folder`.
    pub(crate) fn path(&self, folder: &Path, written: &str) -> PathBuf {
        match (written.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => folder.join(written),
        }
    }

    /// A path as short as it can be said: relative to the current directory, or from `~`.
    pub(crate) fn shown(&self, path: &Path) -> String {
        if let Ok(rest) = path.strip_prefix(&self.here) {
            return rest.display().to_string();
        }
        match self.home.as_ref().map(|home| path.strip_prefix(home)) {
            Some(Ok(rest)) => format!("~/{}", rest.display()),
            _ => path.display().to_string(),
        }
    }
}

/// Variables hold secrets, so only their names are shown.
impl std::fmt::Debug for ProcessEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("here", &self.here)
            .field("home", &self.home)
            .field("config_home", &self.config_home)
            .field("data_home", &self.data_home)
            .field("system_user", &self.system_user)
            .field("host", &self.host)
            .finish()
    }
}

/// The name of the account that runs this; on Unix by its number, which stands for it where no name belongs to it, as in some
/// containers.
fn system_user() -> Option<String> {
    let name = whoami::username().ok();
    #[cfg(unix)]
    let name = name.or_else(|| Some(format!("uid {}", nix::unistd::geteuid())));
    name
}

fn lossy_text(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_not_set() {
        let mut environment = ProcessEnvironment::default();
        environment.variables.insert("A".into(), String::new());
        environment.variables.insert("B".into(), "b".into());
        assert_eq!(environment.variable("A"), None);
        assert_eq!(environment.variable("B"), Some("b"));
    }

    #[test]
    fn debug_shows_names_of_variables_and_no_value() {
        let mut environment = ProcessEnvironment::default();
        environment.variables.insert("OKTA_CLIENT_TOKEN".into(), "00secret".into());
        let debug = format!("{environment:?}");
        assert!(debug.contains("OKTA_CLIENT_TOKEN"));
        assert!(!debug.contains("00secret"));
    }

    #[test]
    fn paths_are_shown_short_and_read_from_their_folder() {
        let environment = ProcessEnvironment {
            here: "/home/jo/work".into(),
            home: Some("/home/jo".into()),
            ..ProcessEnvironment::default()
        };
        assert_eq!(environment.shown(Path::new("/home/jo/work/a/b")), "a/b");
        assert_eq!(environment.shown(Path::new("/home/jo/c")), "~/c");
        assert_eq!(environment.shown(Path::new("/etc/d")), "/etc/d");
        assert_eq!(environment.path(Path::new("/etc"), "~/t"), Path::new("/home/jo/t"));
        assert_eq!(environment.path(Path::new("/etc"), "t"), Path::new("/etc/t"));
        assert_eq!(environment.path(Path::new("/etc"), "/t"), Path::new("/t"));
    }
}
