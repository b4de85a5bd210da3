//! A request as handlers see it, their answer, and Okta's error object.

use serde_json::Value;

use super::store::{Id, Org};

/// A request that passed sign-in and rate limits.
pub(super) struct Request {
    pub(super) method: String,
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
    pub(super) principal: Id,
}

/// An answer: status, JSON body (or none), extra headers such as `Link`.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// Okta's error object before it gets its `errorId`.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) summary: String,
    pub(super) causes: Vec<String>,
}

pub(super) type Reply = Result<Answer, Refusal>;

/// A handler of a resource. Reads take the org shared, writes alone.
#[derive(Clone, Copy)]
pub(super) enum Handler {
    Read(fn(&Org, &Request) -> Reply),
    Write(fn(&mut Org, &Request) -> Reply),
}

/// One row of the route table: method, path pattern with `{name}` parts, the permission it takes, handler.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) pattern: &'static str,
    pub(super) handler: Handler,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Reply {
        Ok(Self {
            status: 200,
            body: Some(body),
            headers: Vec::new(),
        })
    }

    pub(super) fn no_content() -> Reply {
        Ok(Self {
            status: 204,
            body: None,
            headers: Vec::new(),
        })
    }
}

impl Refusal {
    /// E0000007 with the type that Okta puts in parentheses, such as `User` or `AppInstance`.
    pub(super) fn not_found(id: &str, kind: &str) -> Self {
        Self {
            status: 404,
            code: "E0000007",
            summary: format!("Not found: Resource not found: {id} ({kind})"),
            causes: Vec::new(),
        }
    }

    /// E0000001 for `object`, with its causes.
    pub(super) fn validation(object: &str, causes: &[&str]) -> Self {
        Self {
            status: 400,
            code: "E0000001",
            summary: format!("Api validation failed: {object}"),
            causes: causes.iter().map(ToString::to_string).collect(),
        }
    }

    /// Any other code of the catalogue.
    pub(super) fn new(status: u16, code: &'static str, summary: &str) -> Self {
        Self {
            status,
            code,
            summary: summary.to_owned(),
            causes: Vec::new(),
        }
    }
}
