//! What an org knows its caller by.

use std::fmt;
use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::error::RequestError;
use super::signing_key::SigningKey;

/// What an org knows its caller by. A service app and a signed-in person get an access token from the org itself, which
/// is fetched when the first call is made and renewed before it ends.
#[derive(Debug)]
#[non_exhaustive]
pub enum OrgCredentials {
    /// An API token (header `Authorization: SSWS …`).
    Ssws(SecretString),
    /// An OAuth 2.0 service app that signs in by its private key.
    PrivateKeyJwt(Box<ServiceApp>),
    /// A person who has signed in by [`device::begin`](super::device::begin).
    Refresh(Box<SignedInPerson>),
}

/// A service app (Applications > API Services).
#[derive(Debug)]
pub struct ServiceApp {
    pub client_id: String,
    pub key: SigningKey,
    /// Scopes to ask for. Empty: those given by [`Client::ask_for`](super::OktaClient::ask_for).
    pub scopes: Vec<String>,
    pub dpop: DpopUse,
}

/// A person's lasting sign-in with a Native app.
pub struct SignedInPerson {
    pub client_id: String,
    /// As it was given by the sign-in: one that is bound to a key holds this key too.
    pub refresh_token: SecretString,
    /// Scopes to ask for. Empty: all that the person agreed to.
    pub scopes: Vec<String>,
    pub dpop: DpopUse,
    /// Called with the refresh token that replaces the one used: Okta may end the old one at once.
    pub keep: Option<TokenKeeper>,
}

/// Puts a new refresh token where the next run finds it.
pub type TokenKeeper = Arc<dyn Fn(&SecretString) + Send + Sync>;

/// Whether requests carry a proof of possession.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DpopUse {
    /// From the first time the org asks for one.
    #[default]
    WhenAsked,
    /// From the first request on.
    Always,
}

impl OrgCredentials {
    /// Refuses what could never be sent, before anything is.
    pub(super) fn check(&self) -> Result<(), RequestError> {
        match self {
            Self::Ssws(token) => ssws(token).map(drop),
            Self::PrivateKeyJwt(app) => check_client_id(&app.client_id),
            Self::Refresh(person) => {
                check_client_id(&person.client_id)?;
                check_secret(&person.refresh_token)
            }
        }
    }
}

impl fmt::Debug for SignedInPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("client_id", &self.client_id)
            .field("scopes", &self.scopes)
            .field("dpop", &self.dpop)
            .finish_non_exhaustive()
    }
}

/// `set NAME="…"` in cmd.exe keeps the quotes, as some readers of `.env` files do; no token has one.
const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];

fn check_client_id(client_id: &str) -> Result<(), RequestError> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'`".contains(&byte);
    let fits = !client_id.is_empty() && client_id.bytes().all(is_plain);
    fits.then_some(()).ok_or(RequestError::ClientId)
}

fn check_secret(secret: &SecretString) -> Result<(), RequestError> {
    let secret = secret.expose_secret();
    if secret.is_empty() {
        return Err(RequestError::EmptyToken);
    }
    if secret.starts_with(QUOTES) || secret.ends_with(QUOTES) {
        return Err(RequestError::QuotedToken);
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RequestError::UnusableToken);
    }
    Ok(())
}

/// The header of an API token.
pub(super) fn ssws(token: &SecretString) -> Result<HeaderMap, RequestError> {
    authorization("SSWS", token)
}

/// The header `Authorization` of a scheme, marked so that no log shows it.
pub(super) fn authorization(scheme: &str, token: &SecretString) -> Result<HeaderMap, RequestError> {
    check_secret(token)?;
    let mut value = HeaderValue::try_from(format!("{scheme} {}", token.expose_secret()))
        .map_err(|_| RequestError::UnusableToken)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let credentials = OrgCredentials::Ssws("00abcSECRET".into());
        assert!(!format!("{credentials:?}").contains("SECRET"));
        assert!(!format!("{:?}", ssws(&"00abcSECRET".into())).contains("SECRET"));
        let person = OrgCredentials::Refresh(Box::new(SignedInPerson {
            client_id: "0oa1".to_owned(),
            refresh_token: "SECRET".into(),
            scopes: Vec::new(),
            dpop: DpopUse::WhenAsked,
            keep: None,
        }));
        assert!(!format!("{person:?}").contains("SECRET"));
    }

    #[test]
    fn a_token_with_a_line_break_is_refused_without_showing_it() {
        for bad in ["00abcSECRET\n", "00abc SECRET", "00abcSECRET\u{e9}"] {
            let refused = OrgCredentials::Ssws(bad.into()).check().expect_err("refused");
            assert!(!format!("{refused} {refused:?}").contains("SECRET"));
        }
        assert!(matches!(OrgCredentials::Ssws("".into()).check(), Err(RequestError::EmptyToken)));
        for quoted in ["\"00abcSECRET\"", "'00abcSECRET'", "00abcSECRET\"", "“00abcSECRET”"] {
            let refused = OrgCredentials::Ssws(quoted.into()).check().expect_err("refused");
            assert!(matches!(refused, RequestError::QuotedToken));
            assert!(!format!("{refused} {refused:?}").contains("SECRET"));
        }
        assert!(check_client_id("\"0oa1\"").is_err());
    }
}
