//! What a failure of the HTTP library means: where the way ended, and whether the request may have arrived.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use super::base_url::BaseUrl;
use super::client_settings::ClientSettings;
use super::error::{OktaError, RequestReach, TransportFailure};
use super::proxy;
use super::response::RawResponse;

/// How the org is reached, for messages: its address, the proxy before it, and the time-outs in force.
#[derive(Clone, Debug)]
pub(super) struct OrgRoute {
    address: String,
    proxy: Option<String>,
    connect: Duration,
    request: Duration,
}

impl OrgRoute {
    pub(super) fn of(base: &BaseUrl, settings: &ClientSettings) -> Self {
        Self {
            address: base.address(),
            proxy: proxy::proxy_before(settings.through.as_ref().unwrap_or(base), settings.proxy.as_ref()),
            connect: settings.connect_timeout,
            request: settings.request_timeout,
        }
    }

    /// Whom a connection is made to.
    fn next(&self) -> String {
        match &self.proxy {
            Some(proxy) => format!("the proxy {proxy} on the way to {}", self.address),
            None => self.address.clone(),
        }
    }
}

/// Sends a request and reads its whole answer, of at most `longest_answer` bytes. No more is read of a longer one: it could be without end.
pub(super) async fn exchange(
    request: reqwest::RequestBuilder,
    longest_answer: usize,
    way: &OrgRoute,
) -> Result<RawResponse, OktaError> {
    let sorted = |failure: reqwest::Error| sort(&failure, way);
    let mut response = request.send().await.map_err(sorted)?;
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(sorted)? {
        if bytes.len() + chunk.len() > longest_answer {
            return Err(OktaError::TooLarge {
                sent: RequestReach::Maybe,
                status,
                host: way.address.clone(),
                longest: longest_answer,
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(RawResponse { status, headers, bytes })
}

/// Sorts a failure. Only what fails before a connection stands (name, connection, TLS) is certainly unsent.
fn sort(failure: &reqwest::Error, way: &OrgRoute) -> OktaError {
    let unsent = failure.is_connect() || failure.is_builder();
    let sent = if unsent { RequestReach::No } else { RequestReach::Maybe };
    if failure.is_timeout() {
        let (host, after) = if unsent { (way.next(), way.connect) } else { (way.address.clone(), way.request) };
        return OktaError::Timeout { sent, host, after };
    }
    let (kind, host) = match unsent.then(|| unsent_failure(failure)) {
        None => (TransportFailure::Cut, way.address.clone()),
        // TLS begins behind the proxy.
        Some(TransportFailure::Tls) => (TransportFailure::Tls, way.address.clone()),
        Some(_) if way.proxy.is_some() => (TransportFailure::Proxy, way.next()),
        Some(kind) => (kind, way.address.clone()),
    };
    OktaError::Transport { failure: kind, sent, host, detail: innermost_cause(failure).to_string() }
}

fn unsent_failure(failure: &reqwest::Error) -> TransportFailure {
    if failure.is_dns() {
        TransportFailure::UnknownHost
    } else if is_refused(failure) {
        TransportFailure::Refused
    } else if is_tls(failure) {
        TransportFailure::Tls
    } else {
        TransportFailure::NoConnection
    }
}

fn is_refused(failure: &reqwest::Error) -> bool {
    let mut causes = causes(failure).filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused)
}

fn is_tls(failure: &reqwest::Error) -> bool {
    causes(failure).any(wraps_tls)
}

/// rustls' errors travel inside of `io::Error`, once or twice, whose source skips the error it wraps.
fn wraps_tls(cause: &(dyn StdError + 'static)) -> bool {
    let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    cause.is::<rustls::Error>() || wrapped.is_some_and(|inner| wraps_tls(inner))
}

fn causes<'a>(failure: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(failure.source(), |&cause| cause.source())
}

/// The last cause tells most. The outer ones repeat the URL.
fn innermost_cause(failure: &reqwest::Error) -> &dyn StdError {
    causes(failure).last().map_or(failure as &dyn StdError, |cause| cause)
}
