//! A request as handlers see it, their answer, and Okta's error object.

use serde_json::Value;

use super::store::{OktaId, SimulatedOrg};

/// A request that passed sign-in and rate limits.
#[derive(Default)]
pub(super) struct SignedInRequest {
    /// What the answer's `X-Okta-Request-Id` will say.
    pub(super) id: String,
    /// Path without query, percent-encoded as received.
    pub(super) path: String,
    /// Values of the `{…}` parts of the route's path, percent-decoded, in order.
    pub(super) parameters: Vec<String>,
    /// Query parameters, percent-decoded, in order.
    pub(super) query: Vec<(String, String)>,
    /// Parsed JSON body; `None` when the body was empty.
    pub(super) body: Option<Value>,
    /// Scheme, host and port that the client used: links must carry it.
    pub(super) base: String,
    /// The admin whose token came with the request.
    pub(super) principal: OktaId,
    /// The token itself, by id.
    pub(super) token: OktaId,
    /// The `Content-Type` that was sent; users trim their form by it.
    pub(super) content_type: String,
    pub(super) if_match: Option<String>,
    pub(super) user_agent: Option<String>,
    /// What another org said when it was asked before this request was answered.
    pub(super) probe: Option<CredentialProbe>,
}

/// A form posted to the authorization server, and where to.
#[derive(Default)]
pub(super) struct PostedForm {
    /// The endpoint's URL as the client called it.
    pub(super) url: String,
    /// Scheme, host and port of it.
    pub(super) base: String,
    pub(super) fields: Vec<(String, String)>,
    /// Header `DPoP`.
    pub(super) proof: Option<String>,
}

/// What the hub said to the connection's credentials when they were tried; `Err` is its refusal.
pub(super) type CredentialProbe = Result<(), String>;

/// An answer: status, JSON body (or none), extra headers such as `Link`.
pub(super) struct ApiAnswer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// Okta's error object before it gets its `errorId`.
#[derive(Clone, Debug)]
pub(super) struct ApiRefusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) summary: String,
    pub(super) causes: Vec<String>,
    /// Header `WWW-Authenticate`; the body is empty then.
    pub(super) challenge: Option<String>,
}

pub(super) type ApiReply = Result<ApiAnswer, ApiRefusal>;

/// A handler of a resource. Reads take the org shared, writes alone.
#[derive(Clone, Copy)]
pub(super) enum RouteHandler {
    Read(fn(&SimulatedOrg, &SignedInRequest) -> ApiReply),
    Write(fn(&mut SimulatedOrg, &SignedInRequest) -> ApiReply),
    /// A form of the authorization server, which signs its sender in itself.
    Form(fn(&mut SimulatedOrg, &PostedForm) -> ApiReply),
}

/// One row of the route table: method, path pattern with `{name}` parts, the permission it takes, handler.
pub(super) struct ApiRoute {
    pub(super) method: &'static str,
    pub(super) pattern: &'static str,
    pub(super) handler: RouteHandler,
}

impl SignedInRequest {
    /// The first value of a query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let pair = self.query.iter().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// The same request without what filters a list: the links of some lists forget it (recorded).
    pub(super) fn for_pages(&self) -> Self {
        let of_page = |(name, _): &&(String, String)| matches!(name.as_str(), "limit" | "after");
        Self {
            path: self.path.clone(),
            base: self.base.clone(),
            query: self.query.iter().filter(of_page).cloned().collect(),
            ..Self::default()
        }
    }

    /// A boolean query parameter, or `default`.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, ApiRefusal> {
        match self.query(name) {
            None | Some("") => Ok(default),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => Err(ApiRefusal::mismatch(name, text)),
        }
    }

    /// The value of the path's part number `index`.
    pub(super) fn parameter(&self, index: usize) -> &str {
        self.parameters.get(index).map_or("", String::as_str)
    }

    /// The body as an object; a missing one or another JSON value is not well-formed.
    pub(super) fn object(&self) -> Result<&serde_json::Map<String, Value>, ApiRefusal> {
        self.body.as_ref().and_then(Value::as_object).ok_or_else(ApiRefusal::malformed)
    }
}

impl PostedForm {
    /// A field that is there and not empty.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(key, _)| key == name);
        field.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The scopes asked for.
    pub(super) fn scopes(&self) -> Vec<String> {
        let scopes = self.field("scope").unwrap_or_default();
        scopes.split_whitespace().map(str::to_owned).collect()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "handlers end with these")]
impl ApiAnswer {
    pub(super) fn with_status(status: u16, body: Value) -> ApiReply {
        Ok(Self { status, body: Some(body), headers: Vec::new() })
    }

    pub(super) fn ok(body: Value) -> ApiReply {
        Ok(Self { status: 200, body: Some(body), headers: Vec::new() })
    }

    pub(super) fn no_content() -> ApiReply {
        Ok(Self { status: 204, body: None, headers: Vec::new() })
    }
}

impl ApiRefusal {
    /// E0000007 with the type that Okta puts in parentheses, such as `User` or `AppInstance`.
    pub(super) fn not_found(id: &str, kind: &str) -> Self {
        Self {
            status: 404,
            code: "E0000007",
            summary: format!("Not found: Resource not found: {id} ({kind})"),
            causes: Vec::new(),
            challenge: None,
        }
    }

    /// E0000001 for `object`, with its causes.
    pub(super) fn validation(object: &str, causes: &[&str]) -> Self {
        Self {
            status: 400,
            code: "E0000001",
            summary: format!("Api validation failed: {object}"),
            causes: causes.iter().map(ToString::to_string).collect(),
            challenge: None,
        }
    }

    /// E0000003: the body is no JSON, or not of the form asked for.
    pub(super) fn malformed() -> Self {
        Self::new(400, "E0000003", "The request body was not well-formed.")
    }

    /// E0000022: the path does not take this method.
    pub(super) fn wrong_method() -> Self {
        Self::new(405, "E0000022", "The endpoint does not support the provided HTTP method")
    }

    /// E0000006: the token's owner lacks the permission, or nobody has it.
    pub(super) fn forbidden() -> Self {
        Self::new(403, "E0000006", "You do not have permission to perform the requested action")
    }

    /// E0000038: a lifecycle step that the user's status does not allow.
    pub(super) fn wrong_status() -> Self {
        Self::new(403, "E0000038", "This operation is not allowed in the user's current status.")
    }

    /// E0000037 for a query parameter of another type.
    pub(super) fn mismatch(name: &str, value: &str) -> Self {
        let summary = format!("Type mismatch exception.  Could not read {value:?} as {name}.");
        Self::new(400, "E0000037", &summary)
    }

    /// E0000060: Okta has it, the simulator has not.
    pub(super) fn not_modelled(what: &str) -> Self {
        Self::new(501, "E0000060", "Unsupported operation.").cause(&format!("{what} is not modelled by the simulator"))
    }

    /// What is wrong with an access token: the header tells all.
    pub(super) fn challenge(status: u16, challenge: String) -> Self {
        Self { challenge: Some(challenge), ..Self::new(status, "", "") }
    }

    /// Adds a cause.
    pub(super) fn cause(mut self, cause: &str) -> Self {
        self.causes.push(cause.to_owned());
        self
    }

    /// Any other code of the catalogue.
    pub(super) fn new(status: u16, code: &'static str, summary: &str) -> Self {
        Self { status, code, summary: summary.to_owned(), causes: Vec::new(), challenge: None }
    }
}
