use super::super::profile::DirectorySecurity;
use super::*;

fn read_text(text: &str) -> (ProfileSet, Vec<String>) {
    let environment =
        ProcessEnvironment { here: "/srv/acme".into(), home: Some("/home/jo".into()), ..ProcessEnvironment::default() };
    read(&environment, Path::new("/srv/acme/okta-runbook.toml"), text)
}

fn only_report(text: &str) -> String {
    let (_, reports) = read_text(text);
    assert_eq!(reports.len(), 1, "{reports:#?}");
    reports.into_iter().next().unwrap()
}

const WHOLE: &str = r#"
[orgs.acme]
url = "https://acme.okta.com"
token = { env = "ACME_TOKEN" }
production = true

[orgs.preview.token]
file = "secrets/preview"
[orgs.preview]
url = "http://127.0.0.1:4000"

[directories."Corp.Example"]
url = "ldap://dc1.corp.example"
bind_dn = "CN=reader,DC=corp,DC=example"
password = { command = "pass show corp" }
ca = "~/ca.pem"
"#;

#[test]
fn a_whole_file_gives_its_profiles() {
    let (profiles, reports) = read_text(WHOLE);
    assert_eq!(reports, Vec::<String>::new());
    let acme = &profiles.orgs["acme"];
    assert_eq!(acme.url, "https://acme.okta.com");
    assert!(acme.production);
    assert!(matches!(acme.sign_in.secret(), SecretSource::Env(name) if name == "ACME_TOKEN"));
    assert_eq!(acme.origin.to_string(), "/srv/acme/okta-runbook.toml:2");
    let preview = &profiles.orgs["preview"];
    assert!(!preview.production);
    assert!(
        matches!(preview.sign_in.secret(), SecretSource::File(path) if path == Path::new("/srv/acme/secrets/preview"))
    );
    let corp = &profiles.directories["corp.example"];
    assert_eq!(corp.base, "DC=Corp,DC=Example");
    assert_eq!(corp.security, DirectorySecurity::StartTls);
    assert_eq!(corp.ca.as_deref(), Some(Path::new("/home/jo/ca.pem")));
}

#[test]
fn an_unknown_key_is_shown_with_the_nearest_one() {
    let text = "[orgs.acme]\nurl = \"https://acme.okta.com\"\ntoken = { env = \"T\" }\nprodution = true\n";
    assert_eq!(
        only_report(text),
        "\
unknown key `prodution`
 --> okta-runbook.toml:4:1
  |
4 | prodution = ****
  | ^^^^^^^^^
  |
  = help: did you mean `production`? (known here: url, token, token_command, production, approval, journal_key, client_id, private_key, key_id, algorithm, scopes, dpop, refresh_token, list_lag)"
    );
}

#[test]
fn a_token_in_the_file_is_refused_and_not_shown() {
    let text = "[orgs.acme]\nurl = \"https://acme.okta.com\"\ntoken = \"00abc\"\n";
    assert_eq!(
        only_report(text),
        "\
a token does not belong in this file
 --> okta-runbook.toml:3:9
  |
3 | token = *******
  |         ^^^^^^^ files like this are copied, committed and backed up
  |
  = help: say where it is instead: token = { env = \"NAME\" }, { file = \"path\" } or { command = \"…\" }"
    );
}

#[test]
fn a_file_that_is_not_toml_shows_the_place_and_no_secret() {
    let report = only_report("[orgs.acme]\nurl = \"https://acme.okta.com\"\ntoken = \"00abc\n");
    assert!(report.starts_with("this is not TOML\n --> okta-runbook.toml:3:"), "{report}");
    assert!(!report.contains("00abc"), "{report}");
}

#[test]
fn all_problems_of_a_file_are_reported_in_its_order() {
    let text = r#"
org = 1
[orgs.acme]
url = "acme.okta.com"
token = { env = "A", file = "b" }
production = "yes"
[orgs.hub]
tokn = "00abc"
token = { value = "00abc" }
[directories.corp]
url = "ldaps://dc1"
security = "plain"
password = {}
bind_dn = ""
"#;
    let (profiles, reports) = read_text(text);
    assert!(profiles.orgs.is_empty() && profiles.directories.is_empty());
    let titles: Vec<_> = reports.iter().filter_map(|report| report.lines().next()).collect();
    assert_eq!(
        titles,
        [
            "unknown key `org`",
            "this is not the URL of `acme`",
            "exactly one place is needed, not 2",
            "true or false is needed here, not a value of type string",
            "`hub` has no `url`",
            "unknown key `tokn`",
            "unknown key `value`",
            "this security does not go with the URL's scheme",
            "exactly one place is needed, not 0",
            "`bind_dn` is empty",
        ]
    );
    assert!(!reports.concat().contains("00abc"));
}

#[test]
fn one_domain_in_two_spellings_is_refused() {
    let section = "url = \"ldaps://d\"\nbind_dn = \"CN=a\"\npassword = { env = \"P\" }\n";
    let text = format!("[directories.\"a.example\"]\n{section}[directories.\"A.Example\"]\n{section}");
    let (_, reports) = read_text(&text);
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(reports[0].contains("is here twice"));
}

#[test]
fn an_org_is_signed_in_to_by_command_key_or_person() {
    let text = r#"
[orgs.a]
url = "https://a.okta.com"
token_command = "op read a"

[orgs.b]
url = "https://b.okta.com"
client_id = "0oa1"
private_key = { env = "KEY" }
key_id = "k1"
scopes = ["okta.users.read"]
dpop = true

[orgs.c]
url = "https://c.okta.com"
client_id = "0oa2"
refresh_token = { file = "c" }
"#;
    let (profiles, wrong) = read_text(text);
    assert_eq!(wrong, Vec::<String>::new());
    assert!(
        matches!(&profiles.orgs["a"].sign_in, SignIn::Token(SecretSource::Command(command)) if command == "op read a")
    );
    assert!(matches!(&profiles.orgs["b"].sign_in, SignIn::PrivateKey(app) if app.client_id == "0oa1"
            && app.scopes == ["okta.users.read"] && app.dpop == DpopProfile::Always));
    assert!(matches!(&profiles.orgs["c"].sign_in, SignIn::Person(person) if person.client_id == "0oa2"));
    let text = "[orgs.a]\nurl = \"https://a.okta.com\"\ntoken_command = \"c\"\ntoken = { env = \"T\" }\n";
    assert!(only_report(text).contains("`a` has both `token` and `token_command`"));
}

#[test]
fn a_secret_where_its_place_should_be_is_not_shown() {
    let token = format!("00{}", "aB3-_x".repeat(7));
    for (place, label) in [
        (format!("env = \"{token}\""), "not the name of a variable"),
        (format!("file = \"{token}\""), "no such file is there"),
        (format!("keyring = \"{token}\""), "the secret itself"),
        (format!("command = \"{token}\""), "the secret itself"),
    ] {
        let text = format!("[orgs.a]\nurl = \"https://a.okta.com\"\ntoken = {{ {place} }}\n");
        let report = only_report(&text);
        assert!(report.contains(label), "{report}");
        assert!(!report.contains(&token), "{report}");
    }
}
