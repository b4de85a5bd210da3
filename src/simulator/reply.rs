//! The bytes of an answer: status, Okta's headers, JSON.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::http::{ApiAnswer, ApiRefusal};
use super::limits::LimitHeaders;
use super::service::OutgoingAnswer;
use super::store::{EpochMillis, real_time};

const REQUEST_ID: &str = "x-okta-request-id";

/// An answer of Okta's API.
pub(super) fn of_okta(outgoing: OutgoingAnswer) -> Response<Body> {
    let code = outgoing.reply.as_ref().err().map_or("", |refusal| refusal.code);
    of_okta_as(outgoing, code)
}

/// The same with an error code that need not be Okta's.
pub(super) fn of_okta_as(outgoing: OutgoingAnswer, code: &str) -> Response<Body> {
    let (status, body, extra) = match outgoing.reply {
        Ok(ApiAnswer { status, body, headers }) => (status, body, headers),
        Err(ApiRefusal { status, challenge: Some(challenge), .. }) => {
            (status, None, vec![("www-authenticate", challenge)])
        }
        Err(refusal) => (refusal.status, Some(error(&refusal, code)), Vec::new()),
    };
    let mut response = with_body(status, body.as_ref());
    add(&mut response, REQUEST_ID, &outgoing.request_id);
    add_standard(&mut response, outgoing.figures, outgoing.at);
    for (name, value) in extra {
        add(&mut response, name, &value);
    }
    response
}

/// An answer of the control surface.
pub(super) fn of_control(status: u16, body: Option<&Value>) -> Response<Body> {
    with_body(status, body)
}

/// Okta's error object.
fn error(refusal: &ApiRefusal, code: &str) -> Value {
    let causes = refusal.causes.iter().map(|cause| json!({"errorSummary": cause}));
    json!({
        "errorCode": code,
        "errorSummary": refusal.summary,
        "errorLink": code,
        "errorId": error_id(),
        "errorCauses": causes.collect::<Vec<_>>(),
    })
}

fn error_id() -> String {
    let rest: String = std::iter::repeat_with(fastrand::alphanumeric).take(22).collect();
    format!("oae{rest}")
}

fn with_body(status: u16, body: Option<&Value>) -> Response<Body> {
    let bytes = body.map(Value::to_string);
    let mut response = Response::new(bytes.map_or_else(Body::empty, Body::from));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if body.is_some() {
        add(&mut response, "content-type", "application/json");
    }
    response
}

fn add_standard(response: &mut Response<Body>, figures: LimitHeaders, at: EpochMillis) {
    add(response, "x-rate-limit-limit", &figures.limit.to_string());
    add(response, "x-rate-limit-remaining", &figures.remaining.to_string());
    add(response, "x-rate-limit-reset", &figures.reset.to_string());
    add(response, "cache-control", "no-cache, no-store");
    // The server library sets `Date` by the machine's clock; an org whose clock is shifted must tell its own.
    if (at - real_time()).abs() > 1000 {
        add(response, "date", &http_date(at));
    }
}

fn http_date(at: EpochMillis) -> String {
    let at = jiff::Timestamp::from_second(at.div_euclid(1000)).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Adds a header; a value that no header may hold (a line break in a link) is left out.
fn add(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        let name = header::HeaderName::from_static(name);
        response.headers_mut().append(name, value);
    }
}
