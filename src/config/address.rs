//! What a URL in a profile tells by its form alone, and a domain by its name.

use super::profile::DirectorySecurity;

/// Why a text is not the URL of an org by its form; nothing if it may be one.
pub fn wrong_org_url(written: &str) -> Option<String> {
    wrong_url(written, &["https", "http"])
}

/// What `set NAME="…"` in cmd.exe and some readers of `.env` files leave around a value, and what a word processor makes of it.
const QUOTES: [char; 9] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '«'];

/// Why a text is not a URL of one of these schemes; nothing if it is one.
pub(super) fn wrong_url(written: &str, schemes: &[&str]) -> Option<String> {
    if written.starts_with(QUOTES) || written.ends_with(QUOTES) {
        return Some("it has quotes around it, or one quote: write it without".into());
    }
    if written.contains(['{', '}', '<', '>']) {
        return Some("this is still a placeholder".into());
    }
    let wanted = schemes.join(":// or ");
    match url::Url::parse(written) {
        Ok(url) if !schemes.contains(&url.scheme()) => Some(format!("it must begin with {wanted}://")),
        Ok(url) if url.host_str().is_none_or(str::is_empty) => Some("it names no host".into()),
        Ok(url) if url.password().is_some() => Some("a password in a URL ends in logs".into()),
        Ok(_) => None,
        Err(url::ParseError::RelativeUrlWithoutBase) => Some(format!("it must begin with {wanted}://")),
        Err(error) => Some(error.to_string()),
    }
}

/// `ldaps://` says it itself; `ldap://` is protected unless it stays on this machine.
pub(super) fn default_security(url: &str) -> DirectorySecurity {
    match url::Url::parse(url) {
        Ok(url) if url.scheme() == "ldaps" => DirectorySecurity::Ldaps,
        Ok(url) if is_loopback(&url) => DirectorySecurity::Plain,
        _ => DirectorySecurity::StartTls,
    }
}

/// Only the names that cannot be elsewhere: `localhost` and literal loopback addresses.
fn is_loopback(url: &url::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The naming context of a domain: `corp.example` is `DC=corp,DC=example` (RFC 2247).
pub(super) fn naming_context(domain: &str) -> String {
    let labels: Vec<_> = domain.split('.').map(|label| format!("DC={label}")).collect();
    labels.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_follows_the_scheme_and_the_host() {
        for (url, expected) in [
            ("ldaps://dc1.corp.example", DirectorySecurity::Ldaps),
            ("LDAPS://dc1.corp.example", DirectorySecurity::Ldaps),
            ("ldap://dc1.corp.example", DirectorySecurity::StartTls),
            ("ldap://localhost.corp.example", DirectorySecurity::StartTls),
            ("ldap://localhost:3890", DirectorySecurity::Plain),
            ("ldap://127.0.0.1:3890", DirectorySecurity::Plain),
            ("ldap://[::1]:3890", DirectorySecurity::Plain),
        ] {
            assert_eq!(default_security(url), expected, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said() {
        for (written, expected) in [
            ("https://acme.okta.com", None),
            ("https://{yourOktaDomain}", Some("this is still a placeholder")),
            ("acme.okta.com", Some("it must begin with https://")),
            ("ftp://acme.okta.com", Some("it must begin with https://")),
            ("https://jo:pw@acme.okta.com", Some("a password in a URL ends in logs")),
            ("https://", Some("empty host")),
            ("\"https://acme.okta.com\"", Some("it has quotes around it, or one quote: write it without")),
            ("'https://acme.okta.com", Some("it has quotes around it, or one quote: write it without")),
            ("https://acme.okta.com”", Some("it has quotes around it, or one quote: write it without")),
        ] {
            assert_eq!(wrong_url(written, &["https"]).as_deref(), expected, "{written}");
        }
    }
}
