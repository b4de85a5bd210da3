//! What may go wrong with a call, as facts; the remedies are in `help`.

use std::time::Duration;

use super::api_error::ApiError;
use super::help;
use super::method::{ContentType, HttpMethod};
use super::page_guard::EndlessList;
use super::sign_in_error::{KeyError, SignInError};

/// A call that did not end with an answer to use. No variant holds a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OktaError {
    /// Okta, or a gateway before it, refused the request.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// The request could not be made: nothing was sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The org gave no access token: the request was not sent.
    #[error("{0}")]
    SignIn(Box<SignInError>),
    /// No answer came, or not all of it.
    #[error("{host}: {failure}: {detail}")]
    Transport { failure: TransportFailure, sent: RequestReach, host: String, detail: String },
    /// No answer came in time.
    #[error("{host} did not {} within {} s", if *.sent == RequestReach::No { "accept a connection" } else { "answer" }, .after.as_secs())]
    Timeout { sent: RequestReach, host: String, after: Duration },
    /// An answer came that was not read to its end: what it says of the request nobody knows.
    #[error("{host} answered {status} with more than {} MiB, the most that is read of one answer", .longest.div_ceil(1 << 20))]
    TooLarge {
        sent: RequestReach,
        status: u16,
        host: String,
        /// Bytes.
        longest: usize,
    },
    /// A list that would never end, or that is too large to hold.
    #[error("{0}")]
    EndlessList(EndlessList),
    /// An answer of success that is not JSON: whoever made it, it does not say what became of the request.
    #[error("{host} answered {status} with {} instead of JSON", .content_type.as_deref().unwrap_or("a body of unknown type"))]
    NotJson { status: u16, host: String, content_type: Option<String> },
    /// An answer of success in JSON that is not what this request is answered with.
    #[error("{host} answered {status} with {found} instead of {expected}")]
    WrongBody { status: u16, host: String, expected: &'static str, found: String },
    /// What answers there does not speak Okta's API.
    #[error("{host} answered {status} {}: this does not look like an Okta org", .content_type.as_deref().map_or("without a body".to_owned(), |form| format!("with {form}")))]
    NotOkta {
        /// `No` when it answered the sign-in, before the request itself was sent.
        sent: RequestReach,
        status: u16,
        host: String,
        content_type: Option<String>,
    },
    /// The server sent the caller elsewhere. A redirect is not followed, since the token would travel along.
    #[error("{host} answered {status}, a redirect to {}; redirects are not followed", .to.as_deref().unwrap_or("nowhere"))]
    Redirect {
        /// `No` when it answered the sign-in, before the request itself was sent.
        sent: RequestReach,
        status: u16,
        host: String,
        to: Option<String>,
    },
    /// A page link that leads away from the org. It is not followed, since the token would travel along.
    #[error("the org at {base} gave a link to its next page that leads to {link}, which is not followed")]
    ForeignLink { base: String, link: String },
}

/// Why a request could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("the path `{path}` cannot be called: {reason}")]
    Path { path: String, reason: String },
    #[error("a body of type {content_type} must be {expected}")]
    Body { content_type: ContentType, expected: &'static str },
    #[error("the API token is empty")]
    EmptyToken,
    #[error("the API token has a quote at its beginning or end")]
    QuotedToken,
    #[error("the API token holds a space, line break or another character that no token has")]
    UnusableToken,
    #[error("what was kept of the person's sign-in cannot be read")]
    KeptSignIn,
    #[error("the client id is empty or holds a character that no client id has")]
    ClientId,
    #[error("no scopes are configured for the service app, and the call names none")]
    NoScopes,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the user agent `{0}` cannot be a header's value")]
    UserAgent(String),
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(String),
    #[error("nothing but GET is sent here, and this is a {0}")]
    ReadsOnly(HttpMethod),
}

/// Where the way to the org ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportFailure {
    #[error("the host is unknown")]
    UnknownHost,
    #[error("the connection was refused")]
    Refused,
    #[error("TLS failed")]
    Tls,
    #[error("no connection")]
    NoConnection,
    /// The proxy before the org, which itself was not reached.
    #[error("no way through it")]
    Proxy,
    #[error("the connection was cut")]
    Cut,
}

/// Whether a failed request reached the org: what a journal must know before anything is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestReach {
    /// Certainly not: no connection stood.
    No,
    /// It may have been carried out: the answer is what was lost.
    Maybe,
    /// An answer came.
    Yes,
}

impl OktaError {
    /// Whether the request reached the org.
    pub fn sent(&self) -> RequestReach {
        match self {
            Self::Transport { sent, .. }
            | Self::Timeout { sent, .. }
            | Self::NotOkta { sent, .. }
            | Self::TooLarge { sent, .. }
            | Self::Redirect { sent, .. } => *sent,
            Self::Request(_) | Self::SignIn(_) | Self::ForeignLink { .. } => RequestReach::No,
            Self::Api(_) | Self::NotJson { .. } | Self::WrongBody { .. } | Self::EndlessList(_) => RequestReach::Yes,
        }
    }

    /// Whether the request may have been carried out, though no answer says so. Only Okta's own refusal, or a request that was not sent,
    /// says that it was not: what a gateway answers (a page, a redirect, its own 502 or 403) tells nothing of the org behind it, and an
    /// error within Okta nothing of how far it came.
    pub fn leaves_unknown(&self) -> bool {
        match self {
            Self::Api(refusal) => !refusal.says_not_carried_out(),
            _ => self.sent() != RequestReach::No,
        }
    }

    /// Whether it is an answer of success that cannot be used. To a question it may be asked again.
    pub fn is_unusable_success(&self) -> bool {
        matches!(self, Self::NotJson { .. } | Self::WrongBody { .. })
    }

    /// Whether the org, or the way to it, is in trouble that may be over soon: nothing was refused.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::SignIn(refusal) => refusal.is_passing(),
            Self::Timeout { .. } => true,
            Self::Transport { failure, .. } => {
                matches!(failure, TransportFailure::NoConnection | TransportFailure::Cut)
            }
            _ => false,
        }
    }

    /// The refusal, when Okta gave one.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// HTTP status of the answer, when the org answered the call itself.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::NotJson { status, .. }
            | Self::WrongBody { status, .. }
            | Self::NotOkta { status, .. }
            | Self::Redirect { status, .. } => Some(*status),
            _ => self.api().map(|api| api.status),
        }
    }

    /// Okta's id of the request, for its support and the System Log.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::SignIn(refusal) => refusal.request_id.as_deref(),
            _ => self.api().and_then(|api| api.request_id.as_deref()),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        help::for_error(self)
    }
}

impl From<KeyError> for OktaError {
    fn from(wrong: KeyError) -> Self {
        Self::Request(RequestError::Key(wrong))
    }
}
