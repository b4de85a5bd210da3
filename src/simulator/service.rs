//! What happens to one request: path, token, limits, permission, body, handler, in Okta's order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::faults::TrafficFault;
use super::headers;
use super::http::{ApiRefusal, ApiReply, ApiRoute, CredentialProbe, PostedForm, RouteHandler, SignedInRequest};
use super::job_runner;
use super::limits::{self, BucketUsage, CallCounting, LimitHeaders};
use super::oauth;
use super::org2org::hub::HubHttp;
use super::permissions;
use super::routes::{self, RouteEndpoint, RouteMatch};
use super::shadow::neighbours::ShadowNeighbours;
use super::sign_in::{self, RequestCaller};
use super::store::{EpochMillis, SimulatedOrg};

/// Header `DPoP`.
const PROOF: HeaderName = HeaderName::from_static("dpop");

/// One org and what its server keeps about the calls to it.
pub(super) struct OrgService {
    org: Arc<RwLock<SimulatedOrg>>,
    usage: Mutex<BucketUsage>,
    faults: Mutex<Vec<TrafficFault>>,
    pub(super) counters: Mutex<CallCounters>,
    pub(super) in_flight: AtomicUsize,
    /// When the next provisioning job is due, by the org's clock.
    next_due: AtomicI64,
    /// The other orgs of a plan, where this one is a shadow.
    neighbours: Option<Arc<ShadowNeighbours>>,
    /// Held by who does provisioning jobs: one after the other.
    pub(super) provisioning: tokio::sync::Mutex<()>,
    line: OnceLock<HubHttp>,
}

/// What was asked of the org since the last reset.
#[derive(Default)]
pub(super) struct CallCounters {
    /// By method and path pattern.
    pub(super) by_route: BTreeMap<(&'static str, &'static str), u64>,
    /// Calls other than GET that were answered with 2xx.
    pub(super) writes: u64,
    /// 429s given.
    pub(super) limited: u64,
}

/// A request as it came off the wire.
pub(super) struct IncomingRequest<'a> {
    /// Given to it here; the answer carries it.
    pub(super) id: String,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    /// Scheme, host and port of the org, as links carry them.
    pub(super) base: String,
    /// What another org said when it was asked ahead of this request.
    pub(super) probe: Option<CredentialProbe>,
}

/// An answer before it gets its ids and dates.
pub(super) struct OutgoingAnswer {
    pub(super) reply: ApiReply,
    pub(super) figures: LimitHeaders,
    /// The org's clock when it answered.
    pub(super) at: EpochMillis,
    pub(super) request_id: String,
}

/// Okta's ids of requests are 32 hexadecimal digits, as recorded.
pub(super) fn new_request_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

impl OrgService {
    pub(super) fn new(org: SimulatedOrg) -> Self {
        Self {
            org: Arc::new(RwLock::new(org)),
            usage: Mutex::default(),
            faults: Mutex::default(),
            counters: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            next_due: AtomicI64::new(0),
            neighbours: None,
            provisioning: tokio::sync::Mutex::default(),
            line: OnceLock::new(),
        }
    }

    /// The same for a shadow of a real org.
    pub(super) fn among(org: SimulatedOrg, neighbours: Arc<ShadowNeighbours>) -> Self {
        Self { neighbours: Some(neighbours), ..Self::new(org) }
    }

    /// The way to other orgs.
    pub(super) fn line(&self) -> &HubHttp {
        self.line.get_or_init(|| HubHttp::new(self.neighbours.clone()))
    }

    /// Refuses a caller who is not signed in.
    pub(super) fn admits(
        &self,
        incoming: &IncomingRequest,
        endpoint: &'static RouteEndpoint,
    ) -> Result<RequestCaller, ApiRefusal> {
        sign_in_of(&self.read(), incoming, endpoint)
    }

    /// Headers for an answer that no handler gave.
    pub(super) fn give(&self, answer: super::http::ApiAnswer) -> OutgoingAnswer {
        let outgoing = self.refuse(unknown_path());
        OutgoingAnswer { reply: Ok(answer), ..outgoing }
    }

    /// Answers a request to Okta's API.
    pub(super) fn call(&self, incoming: &IncomingRequest) -> OutgoingAnswer {
        self.settle_if_due();
        let outgoing = self.respond(incoming);
        if !sign_in::is_public(incoming.path) {
            self.count(incoming.method, &outgoing.reply);
        }
        outgoing
    }

    /// The org, shared. A panic of a handler was told when it happened; the state it left is still the state.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, SimulatedOrg> {
        self.org.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The org, alone.
    pub(super) fn write(&self) -> RwLockWriteGuard<'_, SimulatedOrg> {
        self.org.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Vec<TrafficFault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn counters(&self) -> MutexGuard<'_, CallCounters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the provisioning jobs whose time has come.
    pub(super) fn settle_if_due(&self) {
        let now = self.read().now();
        if now >= self.next_due.load(Ordering::Acquire) {
            self.settle(&mut self.write());
        }
    }

    /// Runs due jobs of an org that is held alone, and notes when the next is due.
    pub(super) fn settle(&self, org: &mut SimulatedOrg) {
        let now = org.now();
        let next = job_runner::run_due(org, now).unwrap_or(EpochMillis::MAX);
        self.next_due.store(next, Ordering::Release);
    }

    /// Headers for a refusal that no handler gave.
    pub(super) fn refuse(&self, refusal: ApiRefusal) -> OutgoingAnswer {
        let org = self.read();
        let endpoint = routes::ROUTES.find("GET", "/api/v1/org");
        let figures = match endpoint {
            RouteMatch::Found(endpoint, _) | RouteMatch::WrongMethod(endpoint) => {
                self.take(&org, endpoint, "", CallCounting::Nothing).0
            }
            RouteMatch::Unknown => limits::concurrency(org.now()),
        };
        OutgoingAnswer { reply: Err(refusal), figures, at: org.now(), request_id: new_request_id() }
    }

    /// The 429 for too many simultaneous calls.
    pub(super) fn refuse_concurrency(&self) -> OutgoingAnswer {
        self.counters().limited += 1;
        let at = self.read().now();
        OutgoingAnswer {
            reply: Err(limits::exceeded_refusal()),
            figures: limits::concurrency(at),
            at,
            request_id: new_request_id(),
        }
    }

    /// The 429 for a limit that others have used up.
    pub(super) fn refuse_rate(&self) -> OutgoingAnswer {
        let refused = self.refuse_concurrency();
        let figures = limits::used_up(refused.at);
        OutgoingAnswer { figures, ..refused }
    }

    fn respond(&self, incoming: &IncomingRequest) -> OutgoingAnswer {
        let (endpoint, parameters) = match routes::ROUTES.find(incoming.method, incoming.path) {
            RouteMatch::Found(endpoint, parameters) => (endpoint, parameters),
            RouteMatch::WrongMethod(_) => return self.refuse(ApiRefusal::wrong_method()),
            RouteMatch::Unknown => return self.refuse(unknown_path()),
        };
        let key = (endpoint.method, endpoint.pattern);
        *self.counters().by_route.entry(key).or_default() += 1;
        self.admit(incoming, endpoint, parameters)
    }

    /// Token, limits, permission; then the handler under the lock it takes.
    fn admit(
        &self,
        incoming: &IncomingRequest,
        endpoint: &'static RouteEndpoint,
        parameters: Vec<String>,
    ) -> OutgoingAnswer {
        let org = self.read();
        let (at, request_id) = (org.now(), incoming.id.clone());
        let caller = match sign_in_of(&org, incoming, endpoint) {
            Ok(caller) => caller,
            Err(refusal) => {
                let figures = self.take(&org, endpoint, "", CallCounting::Nothing).0;
                let reply = Err(refusal);
                return OutgoingAnswer { reply, figures, at, request_id };
            }
        };
        let (figures, allowed) = self.take(&org, endpoint, &caller.token, CallCounting::Call);
        if let (true, Some(RouteHandler::Form(handler))) = (allowed, endpoint.handler()) {
            drop(org);
            let reply = handler(&mut self.write(), &incoming.form());
            return OutgoingAnswer { reply, figures, at, request_id };
        }
        let prepared = if allowed {
            prepare(&org, incoming, endpoint, &caller, parameters)
        } else {
            Err(limits::exceeded_refusal())
        };
        let reply = prepared.and_then(|(route, request)| self.run(org, route, &request, &caller));
        OutgoingAnswer { reply, figures, at, request_id }
    }

    fn run(
        &self,
        org: RwLockReadGuard<'_, SimulatedOrg>,
        route: &ApiRoute,
        request: &SignedInRequest,
        caller: &RequestCaller,
    ) -> ApiReply {
        if let (RouteHandler::Read(handler), false) = (route.handler, caller.renew) {
            return handler(&org, request);
        }
        drop(org);
        let mut org = self.write();
        sign_in::renew(&mut org, &caller.token);
        self.handle(&mut org, route, request)
    }

    /// Runs a handler on an org that is held alone.
    pub(super) fn handle(&self, org: &mut SimulatedOrg, route: &ApiRoute, request: &SignedInRequest) -> ApiReply {
        match route.handler {
            RouteHandler::Read(handler) => handler(org, request),
            // Forms never come this way: they are no JSON.
            RouteHandler::Form(_) => Err(ApiRefusal::malformed()),
            RouteHandler::Write(handler) => {
                org.transaction = Some(request.id.clone());
                org.user_agent.clone_from(&request.user_agent);
                let reply = handler(org, request);
                org.transaction = None;
                org.user_agent = None;
                self.settle(org);
                reply
            }
        }
    }

    fn take(
        &self,
        org: &SimulatedOrg,
        endpoint: &RouteEndpoint,
        token: &str,
        count: CallCounting,
    ) -> (LimitHeaders, bool) {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        limits::count_call(&mut usage, &org.options.limits, endpoint.bucket, token, org.now(), count)
    }

    fn count(&self, method: &str, reply: &ApiReply) {
        match reply {
            Ok(answer) if method != "GET" && answer.status < 300 => self.counters().writes += 1,
            Err(refusal) if refusal.status == 429 => self.counters().limited += 1,
            _ => {}
        }
    }
}

fn sign_in_of(
    org: &SimulatedOrg,
    incoming: &IncomingRequest,
    endpoint: &RouteEndpoint,
) -> Result<RequestCaller, ApiRefusal> {
    if sign_in::is_public(endpoint.pattern) {
        return Ok(RequestCaller { token: String::new(), owner: String::new(), renew: false, access: None });
    }
    let call = oauth::TokenCall {
        method: incoming.method,
        base: &incoming.base(),
        path: incoming.path,
        authorization: headers::text(incoming.headers, &axum::http::header::AUTHORIZATION).unwrap_or_default(),
        proof: headers::text(incoming.headers, &PROOF),
    };
    sign_in::caller(org, &call)
}

fn prepare(
    org: &SimulatedOrg,
    incoming: &IncomingRequest,
    endpoint: &'static RouteEndpoint,
    caller: &RequestCaller,
    parameters: Vec<String>,
) -> Result<(&'static ApiRoute, SignedInRequest), ApiRefusal> {
    if let Some(access) = &caller.access {
        let (base, path) = (incoming.base(), incoming.path);
        oauth::check_scope(access, &base, path, endpoint.method, endpoint.pattern)?;
    }
    if !sign_in::is_public(endpoint.pattern) {
        permissions::check(org, &caller.owner, endpoint.method, endpoint.pattern, &parameters)?;
    }
    let what = format!("{} {}", endpoint.method, endpoint.pattern);
    let route = endpoint.route.ok_or_else(|| ApiRefusal::not_modelled(&what))?;
    headers::check(incoming.headers, !incoming.body.is_empty())?;
    let mut request = incoming.request(parameters)?;
    request.principal.clone_from(&caller.owner);
    request.token.clone_from(&caller.token);
    Ok((route, request))
}

/// The org's URL as the client named it.
pub(super) fn base_of(headers: &HeaderMap) -> String {
    let host = headers::text(headers, &axum::http::header::HOST).unwrap_or_default();
    format!("http://{host}")
}

impl IncomingRequest<'_> {
    fn base(&self) -> String {
        self.base.clone()
    }

    /// Path and query.
    pub(super) fn address(&self) -> String {
        if self.query.is_empty() { self.path.to_owned() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The API token that came with it.
    pub(super) fn ssws(&self) -> Option<String> {
        let authorization = headers::text(self.headers, &axum::http::header::AUTHORIZATION)?;
        sign_in::ssws(authorization).map(str::to_owned)
    }

    /// Whether another shadow's provisioning sent it.
    pub(super) fn is_of_provisioning(&self) -> bool {
        self.headers.contains_key(super::org2org::hub::PROVISIONING)
    }

    /// The request as the authorization server sees it.
    pub(super) fn form(&self) -> PostedForm {
        let base = self.base();
        PostedForm {
            url: format!("{base}{}", self.path),
            base,
            fields: read_query(&String::from_utf8_lossy(self.body)),
            proof: headers::text(self.headers, &PROOF).map(str::to_owned),
        }
    }

    /// The request as handlers see it; the caller is filled in by who knows him.
    pub(super) fn request(&self, parameters: Vec<String>) -> Result<SignedInRequest, ApiRefusal> {
        let text = |name| headers::text(self.headers, name).map(str::to_owned);
        Ok(SignedInRequest {
            id: self.id.clone(),
            path: self.path.to_owned(),
            parameters,
            query: read_query(self.query),
            body: read_body(self.body)?,
            base: self.base(),
            content_type: text(&axum::http::header::CONTENT_TYPE).unwrap_or_default(),
            if_match: text(&axum::http::header::IF_MATCH),
            user_agent: text(&axum::http::header::USER_AGENT),
            probe: self.probe.clone(),
            ..SignedInRequest::default()
        })
    }
}

pub(super) fn read_query(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

fn read_body(bytes: &[u8]) -> Result<Option<Value>, ApiRefusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    serde_json::from_slice(bytes).map(Some).map_err(|_| ApiRefusal::malformed())
}

fn unknown_path() -> ApiRefusal {
    ApiRefusal::new(404, "E0000008", "The requested path was not found")
}
