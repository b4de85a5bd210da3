//! The ways in which an answer is spoiled on its way from the org, which did what it was asked.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Response;
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::wire::Line;

/// An answer of an org, read to its end.
pub(super) struct Answer {
    pub(super) status: u16,
    /// But for those of the transport.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Spoil {
    /// The connection ends within the body.
    Cut,
    /// A page for people, with success.
    Html,
    BadGateway,
    GatewayTimeout,
    /// When the client has given up.
    Late,
    /// Success without a body.
    Empty,
    /// An array for an object, an object for an array, a text for nothing.
    WrongType,
    /// A gateway sends the request a second time, and hands over what the org says to that.
    Duplicate,
    Reset,
    /// A few bytes at a time.
    Drip,
}

impl Spoil {
    pub(super) const ALL: [Self; 10] = [
        Self::Cut,
        Self::Html,
        Self::BadGateway,
        Self::GatewayTimeout,
        Self::Late,
        Self::Empty,
        Self::WrongType,
        Self::Duplicate,
        Self::Reset,
        Self::Drip,
    ];

    /// What the client gets of it.
    pub(super) async fn spoiled(self, answer: Answer, line: &Line) -> Response<Body> {
        match self {
            Self::Cut => cut(&answer),
            Self::Html => page(200, "Please sign in"),
            Self::BadGateway => page(502, "Bad Gateway"),
            Self::GatewayTimeout => page(504, "Gateway Time-out"),
            Self::Late => std::future::pending().await,
            Self::Empty => with(200, "application/json", Body::empty()),
            Self::WrongType => {
                let body = other_type(&answer.body).to_string();
                with(200, "application/json", body.into())
            }
            // The second answer is what it is.
            Self::Duplicate => answer.into_response(),
            Self::Reset => {
                line.reset();
                answer.into_response()
            }
            Self::Drip => drip(&answer),
        }
    }
}

impl Answer {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Of what a successful answer is about.
    pub(super) fn id(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let id = body["id"].as_str().filter(|_| self.is_success());
        id.map(str::to_owned)
    }

    fn head(&self) -> axum::http::response::Builder {
        let response = Response::builder().status(self.status);
        self.headers.iter().fold(response, |response, (name, value)| response.header(name, value.as_slice()))
    }

    pub(super) fn into_response(self) -> Response<Body> {
        self.head().body(self.body.into()).unwrap()
    }
}

fn with(status: u16, kind: &str, body: Body) -> Response<Body> {
    let response = Response::builder().status(status);
    response.header("content-type", kind).body(body).unwrap()
}

fn page(status: u16, title: &str) -> Response<Body> {
    let text = format!("<html><head><title>{title}</title></head><body>{title}</body></html>");
    with(status, "text/html", text.into())
}

/// A body shorter than promised.
fn cut(answer: &Answer) -> Response<Body> {
    let half = answer.body.slice(..answer.body.len() / 2);
    let broken = Err(std::io::Error::other("cut"));
    let parts = futures::stream::iter([Ok(half), broken]);
    let promised = answer.body.len().max(100);
    let status = if answer.body.is_empty() { 200 } else { answer.status };
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("content-length", promised)
        .body(Body::from_stream(parts))
        .unwrap()
}

fn drip(answer: &Answer) -> Response<Body> {
    let size = answer.body.len().div_ceil(20).max(1);
    let drops: Vec<Bytes> = answer.body.chunks(size).map(Bytes::copy_from_slice).collect();
    let drops = futures::stream::iter(drops).then(|drop| async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok::<_, std::io::Error>(drop)
    });
    answer.head().body(Body::from_stream(drops)).unwrap()
}

fn other_type(body: &Bytes) -> Value {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => json!([Value::Object(fields)]),
        Ok(Value::Array(_)) => {
            json!({"errorCode": "E0000009", "errorSummary": "Internal Server Error"})
        }
        _ => json!("done"),
    }
}
