use secrecy::ExposeSecret as _;

use super::*;

/// A home folder, a current folder, and what is in them.
struct ConventionPlace {
    folder: tempfile::TempDir,
    environment: ProcessEnvironment,
}

impl ConventionPlace {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().join("here");
        let home = folder.path().join("home");
        std::fs::create_dir_all(&here).unwrap();
        std::fs::create_dir_all(home.join(".okta")).unwrap();
        let environment = ProcessEnvironment { here, home: Some(home), ..ProcessEnvironment::default() };
        Self { folder, environment }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.variables.insert(name.into(), value.into());
        self
    }

    fn file(self, path: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(path), text).unwrap();
        self
    }

    fn here(self, client: &str) -> Self {
        self.file("here/okta.yaml", &yaml(client))
    }

    fn home(self, client: &str) -> Self {
        self.file("home/.okta/okta.yaml", &yaml(client))
    }

    /// URL and token, or the error's message.
    fn org(&self) -> Result<Option<(String, String)>, String> {
        let org = super::org(&self.environment).map_err(|error| error.message)?;
        Ok(org.map(|org| {
            let token = org.sign_in.secret().read(&self.environment).unwrap();
            (org.url, token.expose_secret().to_owned())
        }))
    }
}

fn yaml(client: &str) -> String {
    format!("okta:\n  client:\n    connectionTimeout: 30\n    {}\n", client.replace("; ", "\n    "))
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what `Place::org` returns")]
fn find_settings(url: &str, token: &str) -> Result<Option<(String, String)>, String> {
    Ok(Some((url.to_owned(), token.to_owned())))
}

const URL: &str = "OKTA_CLIENT_ORGURL";
const TOKEN: &str = "OKTA_CLIENT_TOKEN";

#[test]
fn variables_come_before_the_project_and_the_project_before_the_home_folder() {
    assert_eq!(ConventionPlace::new().org(), Ok(None));
    let home = "orgUrl: https://home.okta.com; token: 00home";
    let here = "orgUrl: https://here.okta.com; token: 00here";
    assert_eq!(ConventionPlace::new().home(home).org(), find_settings("https://home.okta.com", "00home"));
    assert_eq!(ConventionPlace::new().home(home).here(here).org(), find_settings("https://here.okta.com", "00here"));
    let place = ConventionPlace::new().home(home).here(here);
    let place = place.variable(URL, "https://set.okta.com").variable(TOKEN, "00set");
    assert_eq!(place.org(), find_settings("https://set.okta.com", "00set"));
}

#[test]
fn each_setting_is_taken_from_its_own_nearest_place() {
    let place = ConventionPlace::new().here("orgUrl: https://here.okta.com").variable(TOKEN, "00set");
    assert_eq!(place.org(), find_settings("https://here.okta.com", "00set"));
    let place = ConventionPlace::new().home("token: 00home").variable(URL, "https://set.okta.com");
    assert_eq!(place.org(), find_settings("https://set.okta.com", "00home"));
}

#[test]
fn a_project_does_not_draw_the_home_folders_token_to_its_own_host() {
    let home = "orgUrl: https://home.okta.com; token: 00home";
    let place = ConventionPlace::new().home(home).here("orgUrl: https://evil.example");
    let message = place.org().unwrap_err();
    assert!(message.contains("okta.yaml:4 names another org"), "{message}");
    let same = ConventionPlace::new().home(home).here("orgUrl: https://home.okta.com");
    assert_eq!(same.org(), find_settings("https://home.okta.com", "00home"));
}

#[test]
fn half_settings_other_modes_and_placeholders_are_refused_by_name() {
    for (place, expected) in [
        (
            ConventionPlace::new().variable(URL, "https://a.okta.com"),
            "Okta's settings have a URL (OKTA_CLIENT_ORGURL) and not a token",
        ),
        (ConventionPlace::new().here("token: 00abc"), "Okta's settings have a token (okta.yaml:4) and not a URL"),
        (
            ConventionPlace::new().home("authorizationMode: Bearer; orgUrl: https://a.okta.com"),
            "the authorization mode Bearer (~/.okta/okta.yaml:4) is not supported by this version",
        ),
        (
            ConventionPlace::new().home("authorizationMode: PrivateKey; orgUrl: https://a.okta.com"),
            "Okta's settings say authorization mode PrivateKey, and there is no clientId",
        ),
        (
            ConventionPlace::new().here("orgUrl: https://{yourOktaDomain}; token: 00abc"),
            "the org's URL (okta.yaml:4) cannot be used: this is still a placeholder",
        ),
        (
            ConventionPlace::new().here("orgUrl: https://a.okta.com; token: \"{apiToken}\""),
            "the token (okta.yaml:5) is still a placeholder",
        ),
        (
            ConventionPlace::new().variable(URL, "a.okta.com").variable(TOKEN, "00abc"),
            "the org's URL (OKTA_CLIENT_ORGURL) cannot be used: it must begin with https:// or http://",
        ),
    ] {
        assert_eq!(place.org(), Err(expected.to_owned()));
    }
}

#[test]
fn the_mode_ssws_in_any_case_is_accepted() {
    let place = ConventionPlace::new().here("orgUrl: https://a.okta.com; token: 00abc; authorizationMode: ssws");
    assert_eq!(place.org(), find_settings("https://a.okta.com", "00abc"));
}

#[test]
fn a_token_of_digits_keeps_its_zeros() {
    let place = ConventionPlace::new().here("orgUrl: https://a.okta.com; token: 00123");
    assert_eq!(place.org(), find_settings("https://a.okta.com", "00123"));
}

#[test]
fn a_broken_file_is_named_without_its_content() {
    for text in
        ["okta:\n  client:\n    token: [00abc\n", "okta:\n  client:\n    token:\n      00abc: 1\n", "okta: 00abc\n"]
    {
        let message = ConventionPlace::new().file("here/okta.yaml", text).org().unwrap_err();
        assert!(message.starts_with("okta.yaml:"), "{message}");
        assert!(!message.contains("00abc"), "{message}");
    }
}

#[test]
fn a_file_without_settings_is_as_none() {
    for text in ["", "# nothing\n", "okta:\n", "okta:\n  client:\n", "okta:\n  idx:\n    issuer: x\n"] {
        assert_eq!(ConventionPlace::new().file("here/okta.yaml", text).org(), Ok(None), "{text:?}");
    }
}

#[test]
fn a_service_app_is_read_from_variables_and_files_with_the_names_of_all_sdks() {
    let variables = ConventionPlace::new()
        .variable(URL, "https://a.okta.com")
        .variable("OKTA_CLIENT_AUTHORIZATIONMODE", "PrivateKey")
        .variable("OKTA_CLIENT_CLIENTID", "0oa1")
        .variable("OKTA_CLIENT_PRIVATEKEY", "-----BEGIN PRIVATE KEY-----")
        .variable("OKTA_CLIENT_KID", "k1")
        .variable("OKTA_CLIENT_DPOPENABLED", "true")
        .variable("OKTA_CLIENT_SCOPES", "okta.users.read,okta.groups.read");
    let file = ConventionPlace::new().file("here/a.pem", "key").here(
        "orgUrl: https://a.okta.com; clientId: 0oa1; privateKey: a.pem; privateKeyId: k1; dpopEnabled: true; \
         scopes: [okta.users.read, okta.groups.read]",
    );
    for place in [variables, file] {
        let org = org(&place.environment).unwrap().unwrap();
        let SignIn::PrivateKey(app) = org.sign_in else {
            panic!("{org:?}");
        };
        assert_eq!((app.client_id.as_str(), app.key_id.as_deref()), ("0oa1", Some("k1")));
        assert_eq!(app.scopes, ["okta.users.read", "okta.groups.read"]);
        assert_eq!(app.dpop, DpopProfile::Always);
        match app.key {
            SecretSource::Value(_) => {}
            SecretSource::File(path) => assert!(path.ends_with("here/a.pem"), "{path:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_key_that_is_none_is_never_shown() {
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    let encoded = format!("{body}{body}==");
    let lines = format!("{body}\n{body}\n");
    for text in [encoded.as_str(), &lines, "SECRETpassphrase"] {
        let place = ConventionPlace::new()
            .variable(URL, "https://a.okta.com")
            .variable("OKTA_CLIENT_CLIENTID", "0oa1")
            .variable("OKTA_CLIENT_PRIVATEKEY", text);
        let error = super::org(&place.environment).unwrap_err();
        assert!(error.message.contains("OKTA_CLIENT_PRIVATEKEY"), "{error}");
        let told = format!("{error:?}");
        assert!(!told.contains("MIIE") && !told.contains("SECRET"), "{told}");
    }
}

#[test]
fn a_jwk_may_be_a_mapping_and_its_id_may_be_named_twice() {
    let place = ConventionPlace::new().here(
        "orgUrl: https://a.okta.com; clientId: 0oa1; authorizationMode: PrivateKey; kid: k2; privateKeyId: k1; \
         privateKey: {kty: EC, crv: P-256, kid: 007, key_ops: [sign], x: f83O, y: x_FE, d: jpsQ}",
    );
    let org = org(&place.environment).unwrap().unwrap();
    let SignIn::PrivateKey(app) = &org.sign_in else {
        panic!("{org:?}");
    };
    assert_eq!(app.key_id.as_deref(), Some("k1"));
    let key = app.key.read_text(&place.environment).unwrap();
    let key: serde_json::Value = serde_json::from_str(key.expose_secret()).unwrap();
    assert_eq!((&key["kty"], &key["kid"], &key["d"]), (&"EC".into(), &"007".into(), &"jpsQ".into()));
    assert!(!format!("{org:?}").contains("jpsQ"));
}

#[test]
fn a_proxy_of_the_folder_is_not_told_the_password_of_another() {
    let place = ConventionPlace::new()
        .file(
            "home/.okta/okta.yaml",
            "okta:\n  client:\n    orgUrl: https://a.okta.com\n    token: 00abc\n    proxy: {host: proxy.corp, username: jo, password: SECRET}\n",
        )
        .file(
            "here/okta.yaml",
            "okta:\n  client:\n    proxy: {host: proxy.stranger}\n",
        );
    let org = org(&place.environment).unwrap().unwrap();
    let proxy = org.network.proxy.as_ref().unwrap();
    assert!(proxy.url.contains("proxy.stranger"));
    assert!(proxy.username.is_none() && proxy.password.is_none());
}

#[test]
fn the_network_is_as_the_settings_say() {
    let file = ConventionPlace::new().file(
        "here/okta.yaml",
        "okta:\n  client:\n    orgUrl: https://a.okta.com\n    token: 00abc\n    connectionTimeout: 30\n    \
         requestTimeout: 0\n    rateLimit:\n      maxRetries: 4\n    userAgent: acme/1\n    proxy:\n      \
         host: proxy.corp\n      port: 3128\n      username: jo\n      password: SECRET\n",
    );
    let variables = file
        .variable("OKTA_CLIENT_REQUESTTIMEOUT", "90")
        .variable("OKTA_CLIENT_PROXY_HOST", "https://other.corp/")
        .variable("OKTA_CLIENT_RATELIMIT_MAXRETRIES", "2");
    let org = org(&variables.environment).unwrap().unwrap();
    let network = &org.network;
    let proxy = network.proxy.as_ref().unwrap();
    assert_eq!(proxy.url, "https://other.corp:3128");
    assert_eq!(proxy.username.as_deref(), Some("jo"));
    let seconds = [network.connect_timeout, network.request_timeout];
    assert_eq!(seconds.map(|it| it.unwrap().as_secs()), [30, 90]);
    assert_eq!((network.max_retries, network.user_agent.as_deref()), (Some(2), Some("acme/1")));
    assert!(!format!("{org:?}").contains("SECRET"));
    for (name, value, expected) in [
        (
            "OKTA_CLIENT_CONNECTIONTIMEOUT",
            "soon",
            "connectionTimeout (OKTA_CLIENT_CONNECTIONTIMEOUT) is not a number of seconds",
        ),
        ("OKTA_CLIENT_PROXY_PORT", "99999", "proxy.port (OKTA_CLIENT_PROXY_PORT) is not a port"),
        ("OKTA_CLIENT_PROXY_HOST", "ftp://p", "the proxy (OKTA_CLIENT_PROXY_HOST) is no address of a host"),
    ] {
        let place = ConventionPlace::new()
            .variable(URL, "https://a.okta.com")
            .variable(TOKEN, "00abc")
            .variable("OKTA_CLIENT_PROXY_HOST", "proxy")
            .variable(name, value);
        assert_eq!(place.org(), Err(expected.to_owned()));
    }
}
