//! How a request proves who sends it.

use std::fmt;
use std::future::{Ready, ready};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::error::RequestError;
use super::request::Method;

/// What an org knows its caller by.
#[non_exhaustive]
pub enum Credentials {
    /// An API token (header `Authorization: SSWS …`).
    Ssws(SecretString),
}

impl Credentials {
    /// The headers that sign one sending of a request.
    ///
    /// Asked for before every sending, repetitions included, and awaited: a `DPoP` proof is bound to method and URL and is
    /// good once, and an access token may have to be fetched first. An API token needs neither.
    pub(super) fn headers(
        &self,
        _method: Method,
        _url: &Url,
    ) -> Ready<Result<HeaderMap, RequestError>> {
        ready(match self {
            Self::Ssws(token) => ssws(token),
        })
    }

    /// Refuses what could never be sent, before anything is.
    pub(super) fn check(&self) -> Result<(), RequestError> {
        match self {
            Self::Ssws(token) => ssws(token).map(drop),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssws(_) => f.write_str("Ssws(redacted)"),
        }
    }
}

fn ssws(token: &SecretString) -> Result<HeaderMap, RequestError> {
    let token = token.expose_secret();
    if token.is_empty() {
        return Err(RequestError::EmptyToken);
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RequestError::UnusableToken);
    }
    let mut value =
        HeaderValue::try_from(format!("SSWS {token}")).map_err(|_| RequestError::UnusableToken)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let credentials = Credentials::Ssws("00abcSECRET".into());
        assert_eq!(format!("{credentials:?}"), "Ssws(redacted)");
        let Credentials::Ssws(token) = &credentials;
        assert!(!format!("{:?}", ssws(token)).contains("SECRET"));
    }

    #[test]
    fn a_token_with_a_line_break_is_refused_without_showing_it() {
        for bad in ["00abcSECRET\n", "00abc SECRET", "00abcSECRET\u{e9}"] {
            let refused = Credentials::Ssws(bad.into()).check().expect_err("refused");
            assert!(!format!("{refused} {refused:?}").contains("SECRET"));
        }
        assert!(matches!(
            Credentials::Ssws("".into()).check(),
            Err(RequestError::EmptyToken)
        ));
    }
}
