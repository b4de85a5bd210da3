use super::*;

/// A project folder and a user's configuration folder with profile files in them.
struct ConfigPlace {
    folder: tempfile::TempDir,
    environment: ProcessEnvironment,
}

impl ConfigPlace {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("here")).unwrap();
        std::fs::create_dir_all(path("config/okta-runbook")).unwrap();
        let environment = ProcessEnvironment {
            here: path("here"),
            config_home: Some(path("config")),
            data_home: Some(path("data")),
            ..ProcessEnvironment::default()
        };
        Self { folder, environment }
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

    fn load(&self) -> RunbookConfig {
        RunbookConfig::load(&self.environment, None).unwrap()
    }
}

fn org(name: &str, host: &str) -> String {
    format!("[orgs.{name}]\nurl = \"https://{host}\"\ntoken = {{ env = \"T\" }}\n")
}

#[test]
fn a_nearer_file_replaces_a_profile_and_leaves_the_others() {
    let place = ConfigPlace::new()
        .user(&[org("acme", "far.okta.com"), org("hub", "hub.okta.com")].concat())
        .here(&org("acme", "near.okta.com"));
    let config = place.load();
    assert_eq!(config.org("acme").unwrap().url, "https://near.okta.com");
    assert_eq!(config.org("hub").unwrap().url, "https://hub.okta.com");
}

#[test]
fn a_named_file_stands_alone_and_the_command_line_comes_first() {
    let place = ConfigPlace::new()
        .here(&org("here", "here.okta.com"))
        .file("here/a.toml", &org("a", "a.okta.com"))
        .file("here/b.toml", &org("b", "b.okta.com"))
        .variable("OKTA_RUNBOOK_CONFIG", "a.toml");
    assert_eq!(place.load().org_names(), ["a"]);
    let config = RunbookConfig::load(&place.environment, Some(Path::new("b.toml"))).unwrap();
    assert_eq!(config.org_names(), ["b"]);
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let place = ConfigPlace::new().variable("OKTA_RUNBOOK_CONFIG", "none.toml");
    let error = RunbookConfig::load(&place.environment, None).unwrap_err();
    assert_eq!(error.message, "the profile file none.toml, named by OKTA_RUNBOOK_CONFIG, is not there");
}

const HOW: &str = "--org NAME";

#[test]
fn the_default_org_is_the_projects_then_the_users_then_oktas_own() {
    let own = ConfigPlace::new()
        .variable("OKTA_CLIENT_ORGURL", "https://set.okta.com")
        .variable("OKTA_CLIENT_TOKEN", "00set");
    // A file with directories alone leaves the org to Okta's settings.
    let own = own.here("[directories.corp]\nurl = \"ldaps://d\"\nbind_dn = \"CN=a\"\npassword = { env = \"P\" }\n");
    let found = own.load().default_org(HOW).unwrap();
    assert_eq!(found.url, "https://set.okta.com");
    assert_eq!(own.load().passed_over(&found), None);
    let user = own.user(&org("far", "far.okta.com"));
    assert_eq!(user.load().default_org(HOW).unwrap().profile, "far");
    let project = user.here(&org("acme", "acme.okta.com"));
    let config = project.load();
    let found = config.default_org(HOW).unwrap();
    assert_eq!(found.profile, "acme");
    let passed_over = config.passed_over(&found).unwrap();
    assert!(passed_over.contains("`acme` of okta-runbook.toml"), "{passed_over}");
    // By its name the other is there still.
    let own = config.org("default").unwrap();
    assert_eq!(own.origin, ProfileOrigin::Variable("OKTA_CLIENT_ORGURL".into()));
    assert!(!format!("{config:?}{own:?}").contains("00set"));
}

#[test]
fn several_profiles_of_the_nearest_file_are_listed_when_none_is_named() {
    let place = ConfigPlace::new()
        .user(&org("far", "f.okta.com"))
        .here(&[org("hub", "h.okta.com"), org("acme", "a.okta.com")].concat())
        .file("here/okta.yaml", "okta:\n  client:\n    orgUrl: https://o.okta.com\n    token: 00a\n");
    let error = place.load().default_org(HOW).unwrap_err();
    assert_eq!(error.message, "several orgs are configured in okta-runbook.toml: acme, hub");
    assert_eq!(error.help[0], "name one: --org NAME");
    assert!(error.help[1].starts_with("`default` is"), "{error:?}");
    assert_eq!(error.exit, crate::error::CommandExit::Usage);
}

#[test]
fn an_unknown_profile_is_answered_with_the_nearest_and_the_files() {
    let place = ConfigPlace::new().here(&org("acme", "acme.okta.com"));
    let error = place.load().org("acmee").unwrap_err();
    assert_eq!(error.message, "no org profile is called `acmee`");
    let user = place.folder.path().join("config/okta-runbook/okta-runbook.toml");
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
    let place = ConfigPlace::new().here("a = 1\n").user("b = 2\n");
    let error = RunbookConfig::load(&place.environment, None).unwrap_err();
    assert!(error.message.starts_with("2 problems in the profile files\n\nunknown key `b`\n"));
    assert!(error.message.contains("\n\nunknown key `a`\n"), "{error}");
}

#[test]
fn a_directory_is_found_in_any_case() {
    let place = ConfigPlace::new()
        .here("[directories.\"Corp.Example\"]\nurl = \"ldaps://dc\"\nbind_dn = \"CN=a\"\npassword = { env = \"P\" }\n");
    let config = place.load();
    assert_eq!(config.directory("CORP.example").unwrap().domain, "Corp.Example");
    assert!(config.directory("other.example").is_none());
}

#[test]
fn folders_follow_the_environment() {
    let place = ConfigPlace::new();
    let config = place.load();
    assert_eq!(config.workspace(), place.environment.here.join(".okta-runbook"));
    let data = place.folder.path().join("data/okta-runbook/runbooks");
    assert_eq!(config.user_runbooks(), Some(data));
    let config = place.variable("OKTA_RUNBOOK_HOME", "/srv/runs").load();
    assert_eq!(config.workspace(), Path::new("/srv/runs"));
}

#[cfg(unix)]
#[test]
fn secret_files_that_others_can_read_are_warned_of_where_they_are_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = ConfigPlace::new()
        .here("[orgs.acme]\nurl = \"https://acme.okta.com\"\ntoken = { file = \"token\" }\n")
        .file("here/token", "00abc")
        .file(
            "here/okta.yaml",
            "okta:\n  client:\n    orgUrl: https://o.okta.com\n    token: 00abc\n    orgurl: x\n    cache: {enabled: true}\n",
        )
        .variable("OKTA_CLIENT_CLIENT_ID", "0oa1");
    for (file, mode) in [("here/token", 0o640), ("here/okta.yaml", 0o644)] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.folder.path().join(file), permissions).unwrap();
    }
    let config = place.load();
    let warnings = |name: &str| config.warnings(&config.org(name).unwrap());
    assert_eq!(warnings("acme"), ["token holds a secret and others can read it (mode 640); run: chmod 600 token"]);
    assert_eq!(
        warnings("default"),
        [
            "OKTA_CLIENT_CLIENT_ID is set and has no effect here",
            "okta.yaml holds a secret and others can read it (mode 644); run: chmod 600 okta.yaml",
            "okta.yaml: okta.client.orgurl has no effect here",
        ]
    );
}
