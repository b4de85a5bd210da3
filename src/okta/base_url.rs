//! The address of an org: checked once, so that nothing later can send a token elsewhere.

use std::fmt;

use url::{Host, Url};

use super::error::RequestError;

/// Where an org is: scheme, host and port, nothing more.
///
/// `https` always; `http` to this machine alone, for a simulator or a recording proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// Why a text is no base URL. The text itself is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    #[error("an org's URL begins with https://, such as https://acme.okta.com; this one has no scheme")]
    NoScheme,
    #[error("the URL does not parse: {0}")]
    Malformed(url::ParseError),
    #[error("the scheme of an org's URL is https, not {0}")]
    Scheme(String),
    #[error("http is allowed to this machine only; write https://{0}: a token must not travel in the clear")]
    PlainHttp(String),
    #[error("the URL holds a user name or password; an org's URL has none, and the token is configured by itself")]
    UserInfo,
    #[error("an org's URL ends after the host; remove `{0}`")]
    Path(String),
    #[error("an org's URL ends after the host; remove everything from `?` on")]
    Query,
    #[error("an org's URL ends after the host; remove everything from `#` on")]
    Fragment,
}

impl BaseUrl {
    /// Reads an org's URL. The second part is a warning: the URL was that of the Admin Console (`acme-admin.okta.com`)
    /// and the org's own host was taken (Okta's API overview documents the API on the org's host).
    pub fn parse(text: &str) -> Result<(Self, Option<String>), BaseUrlError> {
        let text = text.trim();
        if !text.contains("://") {
            return Err(BaseUrlError::NoScheme);
        }
        let mut url = Url::parse(text).map_err(BaseUrlError::Malformed)?;
        check_parts(&url)?;
        check_scheme(&url)?;
        let warning = leave_admin_console(&mut url)?;
        Ok((Self(url), warning))
    }

    /// The host name, without the port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether the org is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether calls go there without TLS, to this machine.
    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Host and port as they stand in the URL, for messages.
    pub(super) fn address(&self) -> String {
        let url = self.to_string();
        url.split_once("://").map_or(url.clone(), |(_, address)| address.to_owned())
    }

    /// The URL of a path of this org. The path begins with `/`, is percent-encoded, and may carry a query.
    pub(super) fn target(&self, path: &str, query: &[(String, String)]) -> Result<Url, RequestError> {
        check_path(path)?;
        let mut url = Url::parse(&format!("{self}{path}"))
            .map_err(|source| RequestError::Path { path: path.to_owned(), reason: source.to_string() })?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        // Cannot differ after the checks above; held here too, because a token depends on it.
        if self.owns(&url) {
            Ok(url)
        } else {
            Err(RequestError::Path { path: path.to_owned(), reason: "it leads to another host".to_owned() })
        }
    }

    /// A URL of another org with this one's scheme, host and port instead.
    pub(super) fn in_place_of(&self, url: &Url) -> Url {
        let mut moved = self.0.clone();
        moved.set_path(url.path());
        moved.set_query(url.query());
        moved
    }

    /// A page link made absolute. Okta's are absolute already and stay as they are.
    pub(super) fn resolve(&self, link: &str) -> Result<Url, url::ParseError> {
        self.0.join(link)
    }

    /// Whether a URL is of this very scheme, host and port, and without user-info.
    pub(super) fn owns(&self, url: &Url) -> bool {
        url.origin() == self.0.origin() && url.username().is_empty() && url.password().is_none()
    }
}

/// The URL without a trailing slash, such as `https://acme.okta.com`.
impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

fn check_parts(url: &Url) -> Result<(), BaseUrlError> {
    if !url.username().is_empty() || url.password().is_some() {
        Err(BaseUrlError::UserInfo)
    } else if url.query().is_some() {
        Err(BaseUrlError::Query)
    } else if url.fragment().is_some() {
        Err(BaseUrlError::Fragment)
    } else if !matches!(url.path(), "" | "/") {
        Err(BaseUrlError::Path(url.path().to_owned()))
    } else {
        Ok(())
    }
}

fn check_scheme(url: &Url) -> Result<(), BaseUrlError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(BaseUrlError::PlainHttp(url.host_str().unwrap_or_default().to_owned())),
        other => Err(BaseUrlError::Scheme(other.to_owned())),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Okta's own domains; a custom domain has no separate host for the Admin Console.
const OKTA_DOMAINS: [&str; 5] = ["okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil"];

fn leave_admin_console(url: &mut Url) -> Result<Option<String>, BaseUrlError> {
    let Some((admin, plain)) = url.host_str().and_then(admin_and_plain_host) else {
        return Ok(None);
    };
    url.set_host(Some(&plain)).map_err(BaseUrlError::Malformed)?;
    Ok(Some(format!("{admin} is the host of the Admin Console; using {plain}")))
}

fn admin_and_plain_host(host: &str) -> Option<(String, String)> {
    let (label, domain) = host.split_once('.')?;
    let org = label.strip_suffix("-admin").filter(|org| !org.is_empty())?;
    OKTA_DOMAINS.contains(&domain).then(|| (host.to_owned(), format!("{org}.{domain}")))
}

fn check_path(path: &str) -> Result<(), RequestError> {
    let refuse = |reason: &str| Err(RequestError::Path { path: path.to_owned(), reason: reason.to_owned() });
    let before_query = path.split('?').next().unwrap_or_default();
    if !path.starts_with('/') {
        refuse("it must begin with `/`")
    } else if path.contains('#') {
        refuse("`#` must be written %23")
    } else if path.contains('\\') {
        refuse("`\\` must be written %5C")
    } else if path.chars().any(|c| c.is_control() || c.is_whitespace()) {
        refuse("spaces and control characters must be percent-encoded")
    } else if before_query.split('/').any(is_dot_segment) {
        // A URL parser resolves such segments: the call would be another than the one that was read.
        refuse("a segment must not be `.` or `..`")
    } else {
        Ok(())
    }
}

fn is_dot_segment(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_orgs_and_this_machine() {
        for (text, shown) in [
            ("https://acme.okta.com", "https://acme.okta.com"),
            (" https://ACME.okta.com/ ", "https://acme.okta.com"),
            ("https://login.acme.example:8443", "https://login.acme.example:8443"),
            ("https://acme.okta.com:443", "https://acme.okta.com"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://127.9.9.9:1", "http://127.9.9.9:1"),
            ("http://localhost:1", "http://localhost:1"),
            ("http://[::1]:1", "http://[::1]:1"),
        ] {
            let (url, warning) = BaseUrl::parse(text).expect(text);
            assert_eq!((url.to_string().as_str(), warning), (shown, None));
        }
    }

    #[test]
    fn leaves_the_admin_console_with_a_warning() {
        for domain in OKTA_DOMAINS {
            let (url, warning) = BaseUrl::parse(&format!("https://acme-admin.{domain}/")).expect(domain);
            assert_eq!(url.to_string(), format!("https://acme.{domain}"));
            assert!(warning.is_some_and(|text| text.contains("acme-admin.")));
        }
        let (url, warning) = BaseUrl::parse("https://acme-admin.example.com").expect("a custom domain");
        assert_eq!((url.host(), warning), ("acme-admin.example.com", None));
    }

    #[test]
    fn refuses_everything_else() {
        for (text, expected) in [
            ("acme.okta.com", BaseUrlError::NoScheme),
            ("http://acme.okta.com", BaseUrlError::PlainHttp("acme.okta.com".into())),
            ("http://localhost.evil.example", BaseUrlError::PlainHttp("localhost.evil.example".into())),
            ("http://128.0.0.1", BaseUrlError::PlainHttp("128.0.0.1".into())),
            ("ftp://acme.okta.com", BaseUrlError::Scheme("ftp".into())),
            ("https://jo:pw@acme.okta.com", BaseUrlError::UserInfo),
            ("https://acme.okta.com/api/v1", BaseUrlError::Path("/api/v1".into())),
            ("https://acme.okta.com/?a=b", BaseUrlError::Query),
            ("https://acme.okta.com/#a", BaseUrlError::Fragment),
            ("https://", BaseUrlError::Malformed(url::ParseError::EmptyHost)),
        ] {
            assert_eq!(BaseUrl::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_path_cannot_change_the_host() {
        let (base, _) = BaseUrl::parse("https://acme.okta.com").expect("a base URL");
        for path in [
            "",
            "api/v1",
            "@evil.example/",
            ".evil.example/",
            ":1/",
            "\\\\evil.example",
            "/a\\b",
            "/a b",
            "/a\nb",
            "/a#b",
            "/api/../x",
            "/api/%2E%2e/x",
            "/.",
        ] {
            assert!(base.target(path, &[]).is_err(), "{path:?}");
        }
        for path in ["//evil.example/x", "/api/v1/users/jo%40x", "/api/v1/users?limit=5", "/a..b"] {
            let url = base.target(path, &[]).expect(path);
            assert_eq!(url.as_str(), format!("https://acme.okta.com{path}"));
        }
    }

    #[test]
    fn a_query_is_encoded() {
        let (base, _) = BaseUrl::parse("https://acme.okta.com").expect("a base URL");
        let query = [("q".to_owned(), "a b&c=d#".to_owned())];
        let url = base.target("/api/v1/users", &query).expect("a target");
        assert_eq!(url.as_str(), "https://acme.okta.com/api/v1/users?q=a+b%26c%3Dd%23");
    }
}
