//! A proxy before each org that knows the writes of a run as they pass.

use std::net::SocketAddr;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, Response};

/// When the run dies, seen from the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    BeforeTheOrgKnows,
    BeforeTheAnswer,
    /// When it has taken in the answer and asks the next thing: the answer need not be on disk yet.
    AfterTheAnswer,
    /// It lives on, and the connection is cut before the answer.
    OfTheConnection,
}

pub(super) struct Proxy {
    pub(super) http: reqwest::Client,
    writes: AtomicUsize,
    /// Writes that an org answered with success.
    carried_out: AtomicUsize,
    /// Number of the write, from 0, and what happens at it.
    plan: Mutex<Option<(usize, Death)>>,
    /// It dies at the next request.
    dies_next: AtomicBool,
    child: Mutex<Option<Child>>,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            writes: AtomicUsize::new(0),
            carried_out: AtomicUsize::new(0),
            plan: Mutex::new(None),
            dies_next: AtomicBool::new(false),
            child: Mutex::new(None),
        }
    }
}

/// What stands before one org.
#[derive(Clone)]
struct Gate {
    proxy: Arc<Proxy>,
    org: String,
}

impl Proxy {
    /// Stands before an org from now on.
    pub(super) async fn before(self: &Arc<Self>, org: &str) -> SocketAddr {
        let gate = Gate {
            proxy: Arc::clone(self),
            org: org.to_owned(),
        };
        let router = Router::new().fallback(pass).with_state(gate);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// Counts from here.
    pub(super) fn forget(&self) {
        self.carried_out.store(0, Ordering::SeqCst);
    }

    pub(super) fn carried_out(&self) -> usize {
        self.carried_out.load(Ordering::SeqCst)
    }

    pub(super) fn plan(&self, plan: Option<(usize, Death)>) {
        self.writes.store(0, Ordering::SeqCst);
        self.dies_next.store(false, Ordering::SeqCst);
        *self.plan.lock().unwrap() = plan;
    }

    /// Waits until the process ended, and tells whether it did so by itself with success.
    pub(super) fn watch(&self, child: Child) -> bool {
        *self.child.lock().unwrap() = Some(child);
        loop {
            let ended = self.child.lock().unwrap().as_mut().unwrap().try_wait();
            if let Some(status) = ended.unwrap() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn kill(&self) {
        if let Some(child) = self.child.lock().unwrap().as_mut() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What happens at this write.
    fn death(&self) -> Option<Death> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        let mut plan = self.plan.lock().unwrap();
        let (_, death) = plan.take_if(|(planned, _)| *planned == number)?;
        Some(death)
    }
}

impl Gate {
    /// The host stays the one that was called, so that links and audiences are the proxy's.
    async fn forward(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
        counts: bool,
    ) -> Response<Body> {
        let url = format!("{}{path}", self.org);
        let request = self.proxy.http.request(method, url).headers(headers);
        let answer = request.body(body).send().await.unwrap();
        if counts && answer.status().is_success() {
            self.proxy.carried_out.fetch_add(1, Ordering::SeqCst);
        }
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if *name != "transfer-encoding" {
                response = response.header(name, value);
            }
        }
        let body = answer.bytes().await.unwrap();
        response.body(Body::from(body)).unwrap()
    }
}

fn is_of_product(request: &Request<Body>) -> bool {
    let agent = request.headers().get("user-agent");
    let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or("");
    agent.starts_with("okta-runbook")
}

/// Writes of the product count; what provisioning sends to the hub does not.
fn counts(request: &Request<Body>) -> bool {
    let path = request.uri().path();
    is_of_product(request) && request.method() != Method::GET && !path.ends_with("/token")
}

async fn pass(State(gate): State<Gate>, request: Request<Body>) -> Response<Body> {
    let counts = counts(&request);
    if is_of_product(&request) && gate.proxy.dies_next.swap(false, Ordering::SeqCst) {
        gate.proxy.kill();
        return Response::builder().status(503).body(Body::empty()).unwrap();
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let path = path.to_owned();
    let proxy = Arc::clone(&gate.proxy);
    let death = if counts { proxy.death() } else { None };
    if death == Some(Death::BeforeTheOrgKnows) {
        proxy.kill();
        return Response::builder().status(503).body(Body::empty()).unwrap();
    }
    // To its end, though the caller may die meanwhile: what the org was sent counts.
    let forward = async move {
        gate.forward(parts.method, &path, parts.headers, body, counts)
            .await
    };
    let response = tokio::spawn(forward).await.unwrap();
    match death {
        Some(Death::BeforeTheAnswer) => proxy.kill(),
        Some(Death::AfterTheAnswer) => proxy.dies_next.store(true, Ordering::SeqCst),
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
