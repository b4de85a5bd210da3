//! A proxy before each org that knows the writes of a run as they pass.

use std::net::SocketAddr;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Request, Response};

use super::spoil::{Answer, Spoil};
use super::wire::{Line, Lines};

/// No process takes longer than this, whatever else the machine does.
const HANGS: Duration = Duration::from_secs(900);

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

/// Which of the answers is spoiled: those to reads and to writes are counted apart, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoiled {
    Read(usize, Spoil),
    Write(usize, Spoil),
}

/// A write that an org carried out: method and path.
pub(super) type Deed = (String, String);

pub(super) struct Proxy {
    pub(super) http: reqwest::Client,
    writes: AtomicUsize,
    reads: AtomicUsize,
    /// Writes that an org answered with success.
    carried_out: AtomicUsize,
    /// Number of the write, from 0, and what happens at it.
    plan: Mutex<Option<(usize, Death)>>,
    /// It dies at the next request.
    dies_next: AtomicBool,
    spoiled: Mutex<Option<Spoiled>>,
    deeds: Mutex<Vec<Deed>>,
    /// A request that was sent twice made two things.
    made_two: AtomicBool,
    /// Requests that are on their way to an org, though their sender may be dead.
    under_way: AtomicUsize,
    child: Mutex<Option<Child>>,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            http: crate::stage::http_client(),
            writes: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            carried_out: AtomicUsize::new(0),
            plan: Mutex::new(None),
            dies_next: AtomicBool::new(false),
            spoiled: Mutex::new(None),
            deeds: Mutex::new(Vec::new()),
            made_two: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
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
        let gate = Gate { proxy: Arc::clone(self), org: org.to_owned() };
        let router = Router::new().fallback(pass).with_state(gate);
        let service = router.into_make_service_with_connect_info::<Line>();
        let lines = Lines(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = lines.address();
        tokio::spawn(async move { axum::serve(lines, service).await });
        address
    }

    /// Counts from here.
    pub(super) fn forget(&self) {
        self.carried_out.store(0, Ordering::SeqCst);
        self.deeds.lock().unwrap().clear();
    }

    /// What the orgs carried out since it was last asked.
    pub(super) fn take_deeds(&self) -> Vec<Deed> {
        std::mem::take(&mut *self.deeds.lock().unwrap())
    }

    pub(super) fn made_two(&self) -> bool {
        self.made_two.load(Ordering::SeqCst)
    }

    /// Reads of the process that was started last.
    pub(super) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    /// Writes of the process that was started last, whether or not they were carried out.
    pub(super) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    pub(super) fn carried_out(&self) -> usize {
        self.carried_out.load(Ordering::SeqCst)
    }

    pub(super) fn plan(&self, plan: Option<(usize, Death)>) {
        self.writes.store(0, Ordering::SeqCst);
        self.reads.store(0, Ordering::SeqCst);
        self.dies_next.store(false, Ordering::SeqCst);
        *self.plan.lock().unwrap() = plan;
        *self.spoiled.lock().unwrap() = None;
    }

    /// Spoils one answer to the process that is started next.
    pub(super) fn spoil(&self, spoiled: Spoiled) {
        self.plan(None);
        *self.spoiled.lock().unwrap() = Some(spoiled);
    }

    /// Waits until the process ended, and tells whether it did so by itself with success.
    pub(super) fn watch(&self, child: Child) -> bool {
        self.watch_until(child, 0, None).success()
    }

    /// Waits until the process ended, which it does by force after `limit`, counted from when it has sent so many writes. What it sent has
    /// arrived when this returns.
    pub(super) fn watch_until(&self, child: Child, writes: usize, limit: Option<Duration>) -> ExitStatus {
        let begun = Instant::now();
        let mut counts_from = None;
        *self.child.lock().unwrap() = Some(child);
        let status = loop {
            let ended = self.child.lock().unwrap().as_mut().unwrap().try_wait();
            if let Some(status) = ended.unwrap() {
                break status;
            }
            if self.writes() >= writes {
                counts_from.get_or_insert_with(Instant::now);
            }
            if let (Some(limit), Some(from)) = (limit, counts_from)
                && from.elapsed() >= limit
            {
                self.kill();
            }
            assert!(begun.elapsed() < HANGS, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        while self.under_way.load(Ordering::SeqCst) > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        status
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

    /// How the answer to the next read or write is spoiled; writes were counted by [`Self::death`].
    fn spoiling(&self, is_write: bool) -> Option<Spoil> {
        let number =
            if is_write { self.writes.load(Ordering::SeqCst) - 1 } else { self.reads.fetch_add(1, Ordering::SeqCst) };
        let mut spoiled = self.spoiled.lock().unwrap();
        let taken = spoiled.take_if(|spoiled| match spoiled {
            Spoiled::Read(planned, _) => !is_write && *planned == number,
            Spoiled::Write(planned, _) => is_write && *planned == number,
        })?;
        let (Spoiled::Read(_, spoil) | Spoiled::Write(_, spoil)) = taken;
        Some(spoil)
    }
}

impl Gate {
    /// The host stays the one that was called, so that links and audiences are the proxy's.
    async fn forward(&self, method: Method, path: &str, headers: HeaderMap, body: Bytes, counts: bool) -> Answer {
        let url = format!("{}{path}", self.org);
        let request = self.proxy.http.request(method.clone(), url).headers(headers);
        let answer = request.body(body).send().await.unwrap();
        let headers = answer.headers().iter();
        let headers = headers.filter(|(name, _)| *name != "transfer-encoding");
        let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let answer = Answer {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            body: answer.bytes().await.unwrap(),
        };
        if counts && answer.is_success() {
            self.proxy.carried_out.fetch_add(1, Ordering::SeqCst);
            let path = path.split('?').next().unwrap_or_default();
            let deed = (method.to_string(), path.to_owned());
            self.proxy.deeds.lock().unwrap().push(deed);
        }
        answer
    }
}

fn is_of_product(request: &Request<Body>) -> bool {
    let agent = request.headers().get("user-agent");
    let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or("");
    agent.starts_with("okta-runbook")
}

/// Calls of the product count; what provisioning sends to the hub does not, nor does a sign-in.
fn counts(request: &Request<Body>) -> bool {
    is_of_product(request) && !request.uri().path().ends_with("/token")
}

async fn pass(
    State(gate): State<Gate>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request<Body>,
) -> Response<Body> {
    let counts = counts(&request);
    let is_write = counts && request.method() != Method::GET;
    if is_of_product(&request) && gate.proxy.dies_next.swap(false, Ordering::SeqCst) {
        gate.proxy.kill();
        return Response::builder().status(503).body(Body::empty()).unwrap();
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let path = path.to_owned();
    let proxy = Arc::clone(&gate.proxy);
    let death = if is_write { proxy.death() } else { None };
    if death == Some(Death::BeforeTheOrgKnows) {
        proxy.kill();
        return Response::builder().status(503).body(Body::empty()).unwrap();
    }
    let spoil = if counts { proxy.spoiling(is_write) } else { None };
    // To its end, though the caller may die meanwhile: what the org was sent counts.
    proxy.under_way.fetch_add(1, Ordering::SeqCst);
    let forward = async move {
        let (method, headers) = (parts.method, parts.headers);
        let again = (spoil == Some(Spoil::Duplicate)).then(|| (method.clone(), headers.clone(), body.clone()));
        let mut answer = gate.forward(method, &path, headers, body, is_write).await;
        if let Some((method, headers, body)) = again {
            // What is sent a second time was asked for once.
            let second = gate.forward(method, &path, headers, body, false).await;
            let made_two = answer.id().is_some_and(|id| second.id().is_some_and(|other| other != id));
            gate.proxy.made_two.fetch_or(made_two, Ordering::SeqCst);
            answer = second;
        }
        gate.proxy.under_way.fetch_sub(1, Ordering::SeqCst);
        answer
    };
    let answer = tokio::spawn(forward).await.unwrap();
    match death {
        Some(Death::BeforeTheAnswer) => proxy.kill(),
        Some(Death::AfterTheAnswer) => proxy.dies_next.store(true, Ordering::SeqCst),
        Some(Death::OfTheConnection) => return Spoil::Cut.spoiled(answer, &line).await,
        _ => {}
    }
    match spoil {
        Some(spoil) => spoil.spoiled(answer, &line).await,
        None => answer.into_response(),
    }
}
