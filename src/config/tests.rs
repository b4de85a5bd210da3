use super::*;

/// A project folder and a user's configuration folder with profile files in them.
struct Place {
    folder: tempfile::TempDir,
    environment: Environment,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("here")).unwrap();
        std::fs::create_dir_all(path("config/okta-runbook")).unwrap();
        let environment = Environment {
            here: path("here"),
            config_home: Some(path("config")),
            data_home: Some(path("data")),
            ..Environment::default()
        };
        Self {
            folder,
            environment,
        }
    }

    fn file(self, path: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(path), text).unwrap();
        self
    }

    fn here(self, text: &str) -> Self {
        self.file("here/okta-runbook.toml", text)
    }

    fn user(self, text: &str) -> Self {
        self.file("config/okta-runbook/okta-runbook.toml", text)
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.variables.insert(name.into(), value.into());
        self
    }

    fn load(&self) -> Config {
        Config::load(&self.environment, None).unwrap()
    }
}

fn org(name: &str, host: &str) -> String {
    format!("[orgs.{name}]\nurl = \"https://{host}\"\ntoken = {{ env = \"T\" }}\n")
}

#[test]
fn a_nearer_file_replaces_a_profile_and_leaves_the_others() {
    let place = Place::new()
        .user(&[org("acme", "far.okta.com"), org("hub", "hub.okta.com")].concat())
        .here(&org("acme", "near.okta.com"));
    let config = place.load();
    assert_eq!(config.org("acme").unwrap().url, "https://near.okta.com");
    assert_eq!(config.org("hub").unwrap().url, "https://hub.okta.com");
}

#[test]
fn a_named_file_stands_alone_and_the_command_line_comes_first() {
    let place = Place::new()
        .here(&org("here", "here.okta.com"))
        .file("here/a.toml", &org("a", "a.okta.com"))
        .file("here/b.toml", &org("b", "b.okta.com"))
        .variable("OKTA_RUNBOOK_CONFIG", "a.toml");
    assert_eq!(place.load().org_names(), ["a"]);
    let config = Config::load(&place.environment, Some(Path::new("b.toml"))).unwrap();
    assert_eq!(config.org_names(), ["b"]);
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let place = Place::new().variable("OKTA_RUNBOOK_CONFIG", "none.toml");
    let error = Config::load(&place.environment, None).unwrap_err();
    assert_eq!(
        error.message,
        "the profile file none.toml, named by OKTA_RUNBOOK_CONFIG, is not there"
    );
}

#[test]
fn the_default_org_is_oktas_own_else_the_only_profile() {
    let place = Place::new().here(&org("acme", "acme.okta.com"));
    assert_eq!(place.load().default_org().unwrap().profile, "acme");
    let place = place
        .variable("OKTA_CLIENT_ORGURL", "https://set.okta.com")
        .variable("OKTA_CLIENT_TOKEN", "00set");
    let config = place.load();
    assert_eq!(config.default_org().unwrap().url, "https://set.okta.com");
    assert_eq!(
        config.org("default").unwrap().origin,
        Origin::Variable("OKTA_CLIENT_ORGURL".into())
    );
    assert!(!format!("{config:?}{:?}", config.default_org()).contains("00set"));
}

#[test]
fn several_profiles_are_listed_when_none_is_named() {
    let config = Place::new()
        .here(&[org("hub", "h.okta.com"), org("acme", "a.okta.com")].concat())
        .load();
    let error = config.default_org().unwrap_err();
    assert_eq!(error.message, "several orgs are configured: acme, hub");
    assert_eq!(error.exit, crate::error::Exit::Usage);
}

#[test]
fn an_unknown_profile_is_answered_with_the_nearest_and_the_files() {
    let place = Place::new().here(&org("acme", "acme.okta.com"));
    let error = place.load().org("acmee").unwrap_err();
    assert_eq!(error.message, "no org profile is called `acmee`");
    let user = place
        .folder
        .path()
        .join("config/okta-runbook/okta-runbook.toml");
    assert_eq!(
        error.help,
        [
            "did you mean `acme`?".to_owned(),
            "configured: acme".to_owned(),
            format!("looked in okta-runbook.toml and {}", user.display()),
        ]
    );
}

#[test]
fn problems_of_all_files_come_in_one_error() {
    let place = Place::new().here("a = 1\n").user("b = 2\n");
    let error = Config::load(&place.environment, None).unwrap_err();
    assert!(
        error
            .message
            .starts_with("2 problems in the profile files\n\nunknown key `b`\n")
    );
    assert!(error.message.contains("\n\nunknown key `a`\n"), "{error}");
}

#[test]
fn a_directory_is_found_in_any_case() {
    let place = Place::new().here(
        "[directories.\"Corp.Example\"]\nurl = \"ldaps://dc\"\nbind_dn = \"CN=a\"\npassword = { env = \"P\" }\n",
    );
    let config = place.load();
    assert_eq!(
        config.directory("CORP.example").unwrap().domain,
        "Corp.Example"
    );
    assert!(config.directory("other.example").is_none());
}

#[test]
fn folders_follow_the_environment() {
    let place = Place::new();
    let config = place.load();
    assert_eq!(
        config.workspace(),
        place.environment.here.join(".okta-runbook")
    );
    let data = place.folder.path().join("data/okta-runbook/runbooks");
    assert_eq!(config.user_runbooks(), Some(data));
    let config = place.variable("OKTA_RUNBOOK_HOME", "/srv/runs").load();
    assert_eq!(config.workspace(), Path::new("/srv/runs"));
}

#[cfg(unix)]
#[test]
fn secret_files_that_others_can_read_are_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new()
        .here("[orgs.acme]\nurl = \"https://acme.okta.com\"\ntoken = { file = \"token\" }\n")
        .file("here/token", "00abc")
        .file("here/okta.yaml", "okta:\n  client:\n    token: 00abc\n");
    for (file, mode) in [("here/token", 0o640), ("here/okta.yaml", 0o644)] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.folder.path().join(file), permissions).unwrap();
    }
    assert_eq!(
        place.load().warnings(),
        [
            "token holds a secret and others can read it (mode 640); run: chmod 600 token",
            "okta.yaml holds a secret and others can read it (mode 644); run: chmod 600 okta.yaml",
        ]
    );
}
