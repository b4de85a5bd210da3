//! One HTTP request from the wire to its answer: delays, faults and the cap on simultaneous calls are here, Okta's rules are not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Response;
use axum::http::request::Parts;

use super::connection::ConnectionCutter;
use super::control;
use super::faults::{self, FaultEffect};
use super::headers;
use super::http::ApiRefusal;
use super::org2org::preflight;
use super::reply;
use super::running_org::RunningOrg;
use super::service::{self, IncomingRequest, OrgService};
use super::shadow::OrgShadow;

/// The largest body taken, in bytes.
const LARGEST: usize = 8 << 20;
/// Okta's default number of simultaneous calls.
const CONCURRENCY: usize = 75;

/// Answers one request.
pub(super) async fn answer(
    State(served): State<Arc<RunningOrg>>,
    ConnectInfo(scissors): ConnectInfo<ConnectionCutter>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return reply::of_okta(served.service.refuse(ApiRefusal::malformed()));
    };
    if parts.uri.path().starts_with("/simulator") {
        return control::answer(&served, &incoming(&served, &parts, &body));
    }
    let guard = InFlight::enter(&served.service);
    let response = pass_faults(&served, &guard, &scissors, &parts, &body).await;
    drop(guard);
    response
}

/// Goes through delay, cap and faults to the service.
async fn pass_faults(
    served: &RunningOrg,
    guard: &InFlight<'_>,
    scissors: &ConnectionCutter,
    parts: &Parts,
    body: &Bytes,
) -> Response<Body> {
    let service = &*served.service;
    let (latency, cap) = settings(service);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    if guard.number > cap {
        return reply::of_okta(service.refuse_concurrency());
    }
    let blow = faults::matching_effect(&mut service.faults(), parts.method.as_str(), parts.uri.path());
    match blow {
        Some(FaultEffect::Refuse(blow)) => {
            let outgoing = service.refuse(ApiRefusal::new(blow.status, "", &blow.summary));
            reply::of_okta_as(outgoing, &blow.code)
        }
        Some(FaultEffect::Concurrency) => reply::of_okta(service.refuse_concurrency()),
        Some(FaultEffect::RateLimit) => reply::of_okta(service.refuse_rate()),
        Some(FaultEffect::CutBefore) => {
            scissors.cut();
            Response::new(Body::empty())
        }
        Some(FaultEffect::CutAfter) => {
            let response = call(served, parts, body).await;
            scissors.cut();
            response
        }
        Some(FaultEffect::Delay(milliseconds)) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            call(served, parts, body).await
        }
        None => call(served, parts, body).await,
    }
}

async fn call(served: &RunningOrg, parts: &Parts, body: &Bytes) -> Response<Body> {
    if headers::lacks_length(parts.method.as_str(), &parts.headers) {
        return reply::of_control(411, None);
    }
    let service = &*served.service;
    let mut incoming = incoming(served, parts, body);
    if let Some(shadow) = &served.shadow {
        return reply::of_okta(shadow.answer(service, &mut incoming).await);
    }
    incoming.probe = preflight::ahead(service, &incoming).await;
    reply::of_okta(service.call(&incoming))
}

fn incoming<'a>(served: &RunningOrg, parts: &'a Parts, body: &'a Bytes) -> IncomingRequest<'a> {
    let shadow = served.shadow.as_ref();
    IncomingRequest {
        id: service::new_request_id(),
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body,
        base: shadow.map_or_else(|| service::base_of(&parts.headers), OrgShadow::base),
        probe: None,
    }
}

/// Delay of every answer, and the number of simultaneous calls that are taken.
fn settings(service: &OrgService) -> (u64, usize) {
    let org = service.read();
    let unset = if org.options.limits.enabled { CONCURRENCY } else { usize::MAX };
    (org.options.latency_ms, org.options.concurrency.unwrap_or(unset))
}

/// Counts a call while it is being answered, also when the client goes away.
struct InFlight<'a> {
    service: &'a OrgService,
    /// Calls in flight when this one came, itself included.
    number: usize,
}

impl<'a> InFlight<'a> {
    fn enter(service: &'a OrgService) -> Self {
        let number = service.in_flight.fetch_add(1, Ordering::AcqRel) + 1;
        Self { service, number }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.service.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
