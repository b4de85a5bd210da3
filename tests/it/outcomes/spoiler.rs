//! A gateway before an org that spoils answers: what the org did is done, and what is said of it is something else.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, Response};

/// What the caller sees instead of the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spoilt {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: &'static str,
}

/// What happens to one request.
pub(super) enum Fate {
    Passes,
    /// The org carries it out, and the caller is answered so.
    Spoilt(Spoilt),
    /// The org carries it out, and this many bytes of its answer are left off.
    Cut(usize),
    /// The org never sees it.
    Swallowed(Spoilt),
}

/// Decides by method and path, with query.
type Rule = Box<dyn FnMut(&str, &str) -> Fate + Send>;

#[derive(Clone)]
struct Gateway {
    org: String,
    http: reqwest::Client,
    rule: Arc<Mutex<Rule>>,
}

pub(super) struct Spoiler {
    _runtime: tokio::runtime::Runtime,
    rule: Arc<Mutex<Rule>>,
    pub(super) url: String,
}

impl Spoiler {
    pub(super) fn before(org: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_, _| Fate::Passes)));
        let gateway = Gateway { org: org.to_owned(), http: crate::stage::http_client(), rule: Arc::clone(&rule) };
        let router = Router::new().fallback(pass).with_state(gateway);
        let address = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, router).await });
            address
        });
        Self { _runtime: runtime, rule, url: format!("http://{address}") }
    }

    pub(super) fn rule(&self, rule: impl FnMut(&str, &str) -> Fate + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    pub(super) fn passes(&self) {
        self.rule(|_, _| Fate::Passes);
    }
}

async fn pass(State(gateway): State<Gateway>, request: Request<Body>) -> Response<Body> {
    let path = request.uri().path_and_query().unwrap().to_string();
    let method = request.method().clone();
    let fate = (gateway.rule.lock().unwrap())(method.as_str(), &path);
    if let Fate::Swallowed(spoilt) = fate {
        return answer(spoilt);
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let url = format!("{}{path}", gateway.org);
    let sent = gateway.http.request(method, url).headers(parts.headers);
    let came = sent.body(body).send().await.unwrap();
    let (status, headers) = (came.status(), came.headers().clone());
    let mut bytes = came.bytes().await.unwrap();
    match fate {
        Fate::Spoilt(spoilt) if status.is_success() => return answer(spoilt),
        Fate::Cut(count) => bytes = Bytes::copy_from_slice(&bytes[..bytes.len() - count]),
        _ => {}
    }
    let mut response = Response::builder().status(status);
    for (name, value) in &headers {
        if !matches!(name.as_str(), "transfer-encoding" | "content-length") {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(bytes)).unwrap()
}

fn answer(spoilt: Spoilt) -> Response<Body> {
    Response::builder()
        .status(spoilt.status)
        .header("content-type", spoilt.content_type)
        .header("location", "/elsewhere")
        .body(Body::from(spoilt.body))
        .unwrap()
}
