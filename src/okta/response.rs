//! An answer: its facts read from status, headers and body.

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use serde_json::Value;
use url::Url;

use super::api_error::{ApiError, request_id};
use super::error::{OktaError, RequestReach};
use super::limits::{self, RateLimit};
use super::pages::NextPage;

/// An answer of success.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiResponse {
    pub status: u16,
    /// `Null` when empty.
    pub body: Value,
    /// Header `X-Okta-Request-Id`.
    pub request_id: Option<String>,
    /// Where the list goes on. Its page may be empty; a list ends where there is none.
    pub next: Option<NextPage>,
    pub rate: Option<RateLimit>,
    /// The server's time.
    pub date: Option<Timestamp>,
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct RawResponse {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl RawResponse {
    /// Sorts an answer into success and the kinds of refusal.
    pub(super) fn judge(&self, host: &str) -> Result<ApiResponse, OktaError> {
        match self.status {
            200..=299 => self.success(host),
            300..=399 => Err(self.redirect(host)),
            _ => Err(self.refusal(host)),
        }
    }

    fn success(&self, host: &str) -> Result<ApiResponse, OktaError> {
        let body = self.json().ok_or_else(|| OktaError::NotJson {
            status: self.status,
            host: host.to_owned(),
            content_type: self.content_type(),
        })?;
        Ok(ApiResponse {
            status: self.status,
            body,
            request_id: request_id(&self.headers),
            next: NextPage::read(&self.headers),
            rate: RateLimit::read(&self.headers),
            date: limits::date(&self.headers),
        })
    }

    fn redirect(&self, host: &str) -> OktaError {
        let location = self.headers.get(LOCATION).and_then(|value| value.to_str().ok());
        // The host alone: the rest may hold what is nobody's business.
        let to = location.map(|text| match Url::parse(text) {
            Ok(url) => url.host_str().unwrap_or("an address without a host").to_owned(),
            Err(_) => format!("a path of {host}"),
        });
        OktaError::Redirect { sent: RequestReach::Yes, status: self.status, host: host.to_owned(), to }
    }

    fn refusal(&self, host: &str) -> OktaError {
        if self.is_foreign() {
            return OktaError::NotOkta {
                sent: RequestReach::Yes,
                status: self.status,
                host: host.to_owned(),
                content_type: self.content_type(),
            };
        }
        let body = self.json().unwrap_or(Value::Null);
        OktaError::Api(Box::new(ApiError::read(self.status, &self.headers, &body)))
    }

    /// Whether a refusal is not of Okta's making: nothing marks it as Okta's, and no gateway's trouble (5xx) or
    /// limit (429) explains that.
    fn is_foreign(&self) -> bool {
        let okta = request_id(&self.headers).is_some() || self.headers.contains_key("www-authenticate");
        let gateway = self.status >= 500 || self.status == 429;
        let object = self.json().is_some_and(|body| body.is_object());
        !okta && !gateway && !object
    }

    fn json(&self) -> Option<Value> {
        if self.bytes.iter().all(u8::is_ascii_whitespace) {
            return Some(Value::Null);
        }
        serde_json::from_slice(&self.bytes).ok()
    }

    /// The media type without its parameters; `None` when there is no body.
    fn content_type(&self) -> Option<String> {
        if self.bytes.is_empty() {
            return None;
        }
        let value = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = value.and_then(|text| text.split(';').next()).map(str::trim);
        Some(media.unwrap_or("a body of unknown type").to_owned())
    }
}
