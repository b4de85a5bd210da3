//! What Okta asks of a request's headers, and says in those of its answers.

use axum::http::{HeaderMap, header};

use super::http::ApiRefusal;

/// 400 E0000019/21 for a wrong `Accept` or `Content-Type`, E0000018 for a body without a type.
pub(super) fn check(headers: &HeaderMap, has_body: bool) -> Result<(), ApiRefusal> {
    if let Some(accept) = text(headers, &header::ACCEPT)
        && !accept.split(',').any(is_acceptable)
    {
        return Err(bad_request("E0000019", "do not match supported values."));
    }
    match text(headers, &header::CONTENT_TYPE) {
        None if has_body => Err(bad_request("E0000018", "not set.")),
        Some(kind) if has_body && !is_json(kind) => Err(bad_request("E0000021", "do not match supported values.")),
        _ => Ok(()),
    }
}

/// A POST or PUT has to tell the length of its body, be it 0.
pub(super) fn lacks_length(method: &str, headers: &HeaderMap) -> bool {
    matches!(method, "POST" | "PUT")
        && !headers.contains_key(header::CONTENT_LENGTH)
        && !headers.contains_key(header::TRANSFER_ENCODING)
}

/// A header as text; one that is no text counts as absent.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_acceptable(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.is_empty() || matches!(kind, "*/*" | "application/*") || is_json(kind)
}

/// Okta's own `application/json; okta-response=…` and `application/…+json` included.
fn is_json(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") || kind.ends_with("+json")
}

fn bad_request(code: &'static str, end: &str) -> ApiRefusal {
    let summary = format!("Bad request.  Accept and/or Content-Type headers are likely {end}");
    ApiRefusal::new(400, code, &summary)
}
