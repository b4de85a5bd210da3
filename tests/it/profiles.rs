//! Org profiles as `orgs add` writes them, and secrets that were put in the wrong place.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::stage::{Ran, okta_runbook};

fn adding(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = okta_runbook(folder);
    command.args(["orgs", "add"]).args(arguments);
    command
}

/// With a secret on standard input.
fn piped(mut command: Command, secret: &str) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, secret.as_bytes()).unwrap();
    drop(input);
    Ran::of(child.wait_with_output().unwrap())
}

/// As a token of Okta's looks.
fn token() -> String {
    format!("00{}", "aB3-_x".repeat(7))
}

#[test]
fn what_would_break_every_run_is_not_written() {
    const URL: &str = "https://acme.okta.com";
    let folder = tempfile::tempdir().unwrap();
    let token = token();
    for (arguments, words) in [
        (["acme", "--url", "acme.okta.com", "--env", "T", ""], "must begin with https://"),
        (["acme", "--url", "https://{yourOktaDomain}", "--env", "T", ""], "still a placeholder"),
        (["acme", "--url", "https://acme.okta.com/app", "--env", "T", ""], "ends after the host"),
        (["acme", "--url", "http://acme.okta.com", "--env", "T", ""], "write https://acme.okta.com"),
        (["", "--url", URL, "--env", "T", ""], "`` cannot name a profile"),
        (["a/b", "--url", URL, "--env", "T", ""], "cannot name a profile"),
        (["acme", "--url", URL, "--env", &token, ""], "not the name of a variable"),
        (["acme", "--url", URL, "--file", &token, ""], "looks like the secret itself"),
        (["acme", "--url", URL, "--command", &token, ""], "looks like the secret itself"),
        (["acme", "--url", URL, "--env", "T", "--person"], "in the keyring or in a file"),
        (["acme", "--url", URL, "--command", "cat t", "--person"], "in the keyring or in a file"),
    ] {
        let mut arguments: Vec<&str> = arguments.to_vec();
        if arguments.pop() == Some("--person") {
            arguments.extend(["--person", "--client-id", "0oa1"]);
        }
        let ran = Ran::command(&mut adding(folder.path(), &arguments));
        ran.exits(2).says(&[words]);
        assert!(!ran.said().contains(&token), "{ran}");
        assert!(!folder.path().join("okta-runbook.toml").exists(), "{ran}");
    }
    // The Admin Console's address is that of the org, with a warning.
    let ran =
        Ran::command(&mut adding(folder.path(), &["acme", "--url", "https://acme-admin.okta.com/", "--env", "T"]));
    ran.exits(0).says(&["Admin Console"]);
    let text = std::fs::read_to_string(folder.path().join("okta-runbook.toml")).unwrap();
    assert!(text.contains("url = \"https://acme.okta.com\""), "{text}");
}

#[test]
fn a_relative_path_of_a_key_counts_from_where_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let profile = |more: &[&str]| {
        let mut arguments = vec!["--url", "https://acme.okta.com", "--client-id", "0oa1", "--file", "acme.pem"];
        arguments.splice(0..0, more.iter().copied());
        Ran::command(&mut adding(folder.path(), &arguments)).exits(0);
    };
    profile(&["here"]);
    profile(&["far", "--user"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("okta-runbook.toml").contains("file = \"acme.pem\""));
    let user = read(".config/okta-runbook/okta-runbook.toml");
    let path = folder.path().canonicalize().unwrap().join("acme.pem");
    assert!(user.contains(&format!("file = \"{}\"", path.display())), "{user}");
}

#[cfg(unix)]
#[test]
fn secrets_of_names_that_are_alike_are_kept_apart() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join(".local/share/okta-runbook/secrets");
    std::fs::create_dir_all(&secrets).unwrap();
    let stale = secrets.join("acme.new");
    std::fs::write(&stale, "stale").unwrap();
    std::fs::set_permissions(&stale, std::fs::Permissions::from_mode(0o644)).unwrap();
    for name in ["acme.new", "acme.x", "acme"] {
        let arguments = [name, "--url", "https://acme.okta.com", "--store", "file"];
        piped(adding(folder.path(), &arguments), &format!("secret of {name}")).exits(0);
    }
    for name in ["acme.new", "acme.x", "acme"] {
        let file = secrets.join(name);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("secret of {name}\n"));
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    assert_eq!(std::fs::read_dir(&secrets).unwrap().count(), 3);
}

/// Where no keyring is, as on servers.
#[test]
fn without_a_keyring_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = adding(folder.path(), &["acme", "--url", "https://acme.okta.com", "--store", "keyring"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere");
    piped(command, "00abc").exits(2).says(&["keyring", "--store file"]);
    assert!(!folder.path().join("okta-runbook.toml").exists());
}

#[test]
fn a_key_or_token_in_the_wrong_place_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    let with_key = |value: &str| {
        let mut command = okta_runbook(folder.path());
        command
            .env("OKTA_CLIENT_ORGURL", "https://acme.okta.com")
            .env("OKTA_CLIENT_CLIENTID", "0oa1")
            .env("OKTA_CLIENT_PRIVATEKEY", value)
            .args(["orgs", "test"]);
        Ran::command(&mut command)
    };
    for value in [body.repeat(8), format!("{body}\n{body}\n{body}\n")] {
        let ran = with_key(&value);
        ran.exits(2).says(&["OKTA_CLIENT_PRIVATEKEY", "neither a key in PEM or JWK nor"]);
        assert!(!ran.said().contains("MIIE"), "{ran}");
    }
    let token = token();
    let text = format!("[orgs.acme]\nurl = \"https://acme.okta.com\"\ntoken = {{ env = \"{token}\" }}\n");
    std::fs::write(folder.path().join("okta-runbook.toml"), text).unwrap();
    let ran = Ran::command(okta_runbook(folder.path()).args(["orgs", "test", "acme"]));
    ran.exits(2).says(&["okta-runbook.toml:3", "not the name of a variable"]);
    assert!(!ran.said().contains(&token), "{ran}");
}

/// A secret file of a profile that is not used is nobody's business.
#[cfg(unix)]
#[test]
fn a_warning_comes_with_the_profile_it_is_about() {
    use std::os::unix::fs::PermissionsExt as _;
    const WARNING: &str = "open holds a secret and others can read it";
    let folder = tempfile::tempdir().unwrap();
    let org = |name: &str, place: &str| format!("[orgs.{name}]\nurl = \"http://127.0.0.1:9\"\ntoken = {{ {place} }}\n");
    let profiles = [org("open", "file = \"open\""), org("other", "env = \"OTHER\"")];
    std::fs::write(folder.path().join("okta-runbook.toml"), profiles.concat()).unwrap();
    let secret = folder.path().join("open");
    std::fs::write(&secret, "00abc").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = |arguments: &[&str]| {
        let mut command = okta_runbook(folder.path());
        Ran::command(command.env("OTHER", "00def").args(arguments)).said()
    };
    assert!(said(&["orgs", "test", "open"]).contains(WARNING));
    assert!(!said(&["orgs", "test", "other"]).contains(WARNING));
    assert!(!said(&["list"]).contains(WARNING));
}
