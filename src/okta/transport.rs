//! What a failure of the HTTP library means: where the way ended, and whether the request may have arrived.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use super::client::Settings;
use super::error::{Error, Failure, Sent};
use super::response::Answer;

/// The time-outs in force, to name the one that ran out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) request: Duration,
}

impl Timeouts {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            connect: settings.connect_timeout,
            request: settings.request_timeout,
        }
    }
}

/// Sends a request and reads the whole answer.
pub(super) async fn exchange(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let mut response = request.send().await?;
    let headers = std::mem::take(response.headers_mut());
    let status = response.status().as_u16();
    Ok(Answer {
        status,
        headers,
        bytes: response.bytes().await?.to_vec(),
    })
}

/// Sorts a failure. Only what fails before a connection stands (name, connection, TLS) is certainly unsent.
pub(super) fn sort(failure: &reqwest::Error, host: String, timeouts: Timeouts) -> Error {
    let unsent = failure.is_connect() || failure.is_builder();
    let sent = if unsent { Sent::No } else { Sent::Maybe };
    if failure.is_timeout() {
        let after = if unsent {
            timeouts.connect
        } else {
            timeouts.request
        };
        return Error::Timeout { sent, host, after };
    }
    let kind = if unsent {
        unsent_failure(failure)
    } else {
        Failure::Cut
    };
    Error::Transport {
        failure: kind,
        sent,
        host,
        detail: innermost(failure).to_string(),
    }
}

fn unsent_failure(failure: &reqwest::Error) -> Failure {
    if failure.is_dns() {
        Failure::UnknownHost
    } else if is_refused(failure) {
        Failure::Refused
    } else if is_tls(failure) {
        Failure::Tls
    } else {
        Failure::NoConnection
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
    let wrapped = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    cause.is::<rustls::Error>() || wrapped.is_some_and(|inner| wraps_tls(inner))
}

fn causes<'a>(failure: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(failure.source(), |&cause| cause.source())
}

/// The last cause tells most. The outer ones repeat the URL.
fn innermost(failure: &reqwest::Error) -> &dyn StdError {
    causes(failure)
        .last()
        .map_or(failure as &dyn StdError, |cause| cause)
}
