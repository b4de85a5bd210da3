//! A proxy that knows the writes as they pass.

use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, Response};

/// When the run dies, seen from the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    BeforeTheOrgKnows,
    BeforeTheAnswer,
    AfterTheAnswer,
    /// It lives on, and the connection is cut before the answer.
    OfTheConnection,
}

pub(super) struct Proxy {
    pub(super) org: String,
    pub(super) http: reqwest::Client,
    pub(super) writes: AtomicUsize,
    /// Writes that the org answered with success.
    pub(super) carried_out: AtomicUsize,
    /// Number of the write, from 0, and what happens at it.
    pub(super) plan: Mutex<Option<(usize, Death)>>,
    pub(super) child: Mutex<Option<Child>>,
}

impl Proxy {
    fn kill(&self) {
        if let Some(child) = self.child.lock().unwrap().as_mut() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    async fn forward(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response<Body> {
        let mut headers = headers;
        headers.remove("host");
        let is_write = method != Method::GET;
        let answer = self
            .http
            .request(method, format!("{}{path}", self.org))
            .headers(headers)
            .body(body)
            .send()
            .await
            .unwrap();
        if is_write && answer.status().is_success() {
            self.carried_out.fetch_add(1, Ordering::SeqCst);
        }
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer
            .headers()
            .iter()
            .filter(|(name, _)| *name != "transfer-encoding")
        {
            response = response.header(name, value);
        }
        response
            .body(Body::from(answer.bytes().await.unwrap()))
            .unwrap()
    }
}

pub(super) async fn pass(
    State(proxy): State<Arc<Proxy>>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = parts
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    let death = if parts.method == Method::GET || path.starts_with("/simulator") {
        None
    } else {
        let number = proxy.writes.fetch_add(1, Ordering::SeqCst);
        let mut plan = proxy.plan.lock().unwrap();
        match *plan {
            Some((planned, death)) if planned == number => {
                *plan = None;
                Some(death)
            }
            _ => None,
        }
    };
    if death == Some(Death::BeforeTheOrgKnows) {
        proxy.kill();
        return Response::builder().status(503).body(Body::empty()).unwrap();
    }
    // To its end, though the caller may die meanwhile: what the org was sent counts.
    let forwarding = Arc::clone(&proxy);
    let forward = async move {
        forwarding
            .forward(parts.method, &path, parts.headers, body)
            .await
    };
    let response = tokio::spawn(forward).await.unwrap();
    match death {
        Some(Death::BeforeTheAnswer) => proxy.kill(),
        Some(Death::AfterTheAnswer) => {
            let proxy = Arc::clone(&proxy);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(15)).await;
                proxy.kill();
            });
        }
        // A body shorter than promised: the client sees the connection cut.
        Some(Death::OfTheConnection) => {
            let cut = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
            return Response::builder()
                .status(200)
                .header("content-length", "1000")
                .body(Body::from_stream(cut))
                .unwrap();
        }
        _ => {}
    }
    response
}
