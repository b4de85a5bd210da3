//! Okta's refusals: the error object in the body, and the challenge in the header where the body is empty.

use std::fmt;

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use serde_json::Value;

/// A refusal. Judge it by [`code`](Self::code) first, then by [`status`](Self::status) (Okta's page of error codes);
/// the words change.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ApiError {
    pub status: u16,
    /// Such as `E0000007`.
    pub code: Option<String>,
    pub summary: String,
    /// One sentence each; often none.
    pub causes: Vec<String>,
    /// Okta's number for this error.
    pub error_id: Option<String>,
    /// Header `X-Okta-Request-Id`, which Okta's support asks for.
    pub request_id: Option<String>,
    /// `error` of the header `WWW-Authenticate`, else of an OAuth error object: `insufficient_scope`, `invalid_token`, …
    pub challenge: Option<String>,
    /// Scopes that the header `WWW-Authenticate` asks for, when the access token lacks them.
    pub required_scopes: Vec<String>,
}

impl ApiError {
    /// Whether the refusal has this code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether the access token lacks a scope.
    pub fn lacks_scope(&self) -> bool {
        self.challenge.as_deref() == Some("insufficient_scope")
    }

    /// Whether it was Okta that answered: by its error object, or where the body is empty or an OAuth error by its challenge and request id.
    pub fn is_of_okta(&self) -> bool {
        self.code.is_some() || (self.challenge.is_some() && self.request_id.is_some())
    }

    /// Whether the request was certainly not carried out. A limit (429) is before all execution, whoever sets it; 501 is what a server
    /// says of an operation that it does not have.
    pub fn says_not_carried_out(&self) -> bool {
        match self.status {
            429 => true,
            400..=499 | 501 => self.is_of_okta(),
            _ => false,
        }
    }

    /// Reads a refusal from its status, headers and body (`Null` when empty or no JSON).
    pub(super) fn read(status: u16, headers: &HeaderMap, body: &Value) -> Self {
        let challenge = headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let error = challenge_value(challenge, "error").map(str::to_owned);
        Self {
            status,
            code: text(body, "errorCode"),
            summary: summary(body).or_else(|| challenge_summary(challenge)).unwrap_or_else(|| reason(status)),
            causes: causes(body),
            error_id: text(body, "errorId"),
            request_id: request_id(headers),
            required_scopes: match error.as_deref() {
                Some("insufficient_scope") => scopes(challenge),
                _ => Vec::new(),
            },
            challenge: error.or_else(|| text(body, "error")),
        }
    }
}

/// Status, code, summary, causes, request id: `404 E0000007: Not found: … (request 8f1…)`.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        write!(f, ": {}", self.summary)?;
        if !self.causes.is_empty() {
            write!(f, ": {}", self.causes.join("; "))?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

/// Okta's own summary, else the description of an OAuth error, else what other JSON errors have.
fn summary(body: &Value) -> Option<String> {
    ["errorSummary", "error_description", "message", "error"].into_iter().find_map(|key| text(body, key))
}

fn causes(body: &Value) -> Vec<String> {
    let causes = body.get("errorCauses").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    causes.iter().map(|cause| text(cause, "errorSummary").unwrap_or_else(|| cause.to_string())).collect()
}

fn text(body: &Value, key: &str) -> Option<String> {
    body.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn challenge_summary(challenge: &str) -> Option<String> {
    challenge_value(challenge, "error_description").filter(|text| !text.is_empty()).map(str::to_owned)
}

fn scopes(challenge: &str) -> Vec<String> {
    let names = challenge_value(challenge, "scope").unwrap_or_default();
    names.split_ascii_whitespace().map(str::to_owned).collect()
}

/// A parameter of a challenge, such as `scope="okta.groups.read"`. `error` must not be found in `error_description`,
/// nor `scope` within another parameter's text.
fn challenge_value<'a>(challenge: &'a str, wanted: &str) -> Option<&'a str> {
    // The scheme (`Bearer`, `DPoP`) stands before the first parameter, parted by a space.
    let mut rest = challenge.split_once(' ')?.1;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if name.trim_matches([',', ' ']).eq_ignore_ascii_case(wanted) {
            return Some(value.trim());
        }
        rest = next;
    }
    None
}

fn reason(status: u16) -> String {
    let known = reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("{} (the answer names no reason)", known.unwrap_or("refused"))
}

/// Header `X-Okta-Request-Id`.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get("x-okta-request-id")?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;

    fn read(status: u16, challenge: Option<&'static str>, body: &Value) -> ApiError {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("x-okta-request-id"), HeaderValue::from_static("8f1"));
        if let Some(challenge) = challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        ApiError::read(status, &headers, body)
    }

    #[test]
    fn reads_the_error_object() {
        let body = json!({"errorCode": "E0000001", "errorSummary": "Api validation failed: login", "errorLink": "E0000001",
            "errorId": "oae1", "errorCauses": [{"errorSummary": "login: taken"}, {"errorSummary": "email: bad"}]});
        let refusal = read(400, None, &body);
        assert!(refusal.is("E0000001"));
        assert_eq!(refusal.error_id.as_deref(), Some("oae1"));
        assert_eq!(
            refusal.to_string(),
            "400 E0000001: Api validation failed: login: login: taken; email: bad (request 8f1)"
        );
    }

    #[test]
    fn reads_a_missing_scope_from_the_header_of_an_empty_answer() {
        for challenge in [
            r#"Bearer authorization_uri="http://acme.okta.com/oauth2/v1/authorize", realm="http://acme.okta.com", scope="okta.groups.read okta.apps.read", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", resource="/api/v1/groups/00g1""#,
            r#"DPoP algs="RS256 ES256", authorization_uri="http://acme.okta.com/", error_description="scope=none, error=x", scope="okta.groups.read okta.apps.read", error="insufficient_scope""#,
        ] {
            let refusal = read(403, Some(challenge), &Value::Null);
            assert!(refusal.lacks_scope());
            assert_eq!(refusal.required_scopes, ["okta.groups.read", "okta.apps.read"]);
            assert_eq!(refusal.code, None);
        }
    }

    #[test]
    fn reads_an_expired_access_token() {
        let challenge = r#"Bearer error="invalid_token", error_description="The token has expired.""#;
        let refusal = read(401, Some(challenge), &Value::Null);
        assert_eq!(refusal.challenge.as_deref(), Some("invalid_token"));
        assert_eq!(refusal.summary, "The token has expired.");
    }

    #[test]
    fn only_oktas_own_refusal_says_that_nothing_was_carried_out() {
        let okta = json!({"errorCode": "E0000001", "errorSummary": "no"});
        let gateway = json!({"message": "Forbidden"});
        let challenge = r#"Bearer error="insufficient_scope", scope="okta.groups.manage""#;
        for (status, challenge, body, expected) in [
            (400, None, &okta, true),
            (403, Some(challenge), &Value::Null, true),
            (501, None, &okta, true),
            (429, None, &Value::Null, true),
            (400, None, &gateway, false),
            (403, None, &Value::Null, false),
            (500, None, &okta, false),
            (501, None, &Value::Null, false),
            (504, None, &Value::Null, false),
            (600, None, &okta, false),
        ] {
            let refusal = read(status, challenge, body);
            assert_eq!(refusal.says_not_carried_out(), expected, "{status} {body}");
        }
    }

    #[test]
    fn says_something_when_nothing_is_said() {
        assert_eq!(
            read(502, None, &Value::Null).to_string(),
            "502: Bad Gateway (the answer names no reason) (request 8f1)"
        );
        let oauth = json!({"error": "invalid_dpop_proof", "error_description": "No proof."});
        assert_eq!(read(400, None, &oauth).summary, "No proof.");
    }
}
