//! The client: signs, sends, waits out limits, follows pages.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use secrecy::SecretString;
use url::Url;

use super::auth::OrgCredentials;
use super::base_url::BaseUrl;
use super::buckets::bucket;
use super::client_settings::ClientSettings;
use super::derived_key::DerivedKey;
use super::error::{OktaError, RequestError};
use super::limits::{self, LimitWait, RateLimit, WaitObserver, WaitReason};
use super::method::HttpMethod;
use super::pages::NextPage;
use super::rate_limiter::{BucketRate, CallSending, RateLimiter};
use super::request::{ApiRequest, EncodedBody};
use super::response::{ApiResponse, RawResponse};
use super::session::{ClientSession, RequestSignature};
use super::token_endpoint::TokenEndpoint;
use super::transport::{self, OrgRoute};

/// What an org says of itself to everyone is some hundred bytes.
const LONGEST_METADATA: usize = 1 << 20;

/// What a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientAccess {
    Full,
    /// GET, and the sign-in.
    Reads,
}

/// A client of one org. Share it: connections are pooled.
#[derive(Debug)]
pub struct OktaClient {
    base: BaseUrl,
    session: Arc<ClientSession>,
    http: reqwest::Client,
    settings: ClientSettings,
    access: ClientAccess,
    way: OrgRoute,
    governor: Arc<RateLimiter>,
}

impl OktaClient {
    /// A client that signs with these credentials. Sends nothing.
    pub fn new(base: BaseUrl, credentials: OrgCredentials, settings: ClientSettings) -> Result<Self, OktaError> {
        credentials.check()?;
        Ok(Self {
            http: http_client(settings.through.as_ref().unwrap_or(&base), &settings)?,
            session: Arc::new(ClientSession::new(credentials).knowing(&settings.all_secrets())),
            access: ClientAccess::Full,
            governor: RateLimiter::new(settings.reserve),
            way: OrgRoute::of(&base, &settings),
            base,
            settings,
        })
    }

    /// The same org under other credentials: connections and what is known of its limits are shared.
    pub fn with_credentials(&self, credentials: OrgCredentials) -> Result<Self, OktaError> {
        credentials.check()?;
        let session = ClientSession::new(credentials).knowing(&self.settings.all_secrets());
        let session = Arc::new(session);
        Ok(Self { session, ..self.shared() })
    }

    /// The same client, sign-in and limits shared, which refuses to send anything but GET.
    #[must_use]
    pub fn read_only(&self) -> Self {
        Self { access: ClientAccess::Reads, ..self.shared() }
    }

    /// What this client signs with, access tokens that it had before included: for who keeps them out of what is written down.
    pub fn secrets(&self) -> Vec<SecretString> {
        self.session.secrets.all()
    }

    /// How it behaves.
    pub fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    fn shared(&self) -> Self {
        Self {
            base: self.base.clone(),
            session: Arc::clone(&self.session),
            http: self.http.clone(),
            settings: self.settings.clone(),
            access: self.access,
            way: self.way.clone(),
            governor: Arc::clone(&self.governor),
        }
    }

    /// The org's address.
    pub fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    /// The keys for another purpose: that of the secret that the org's admins share, if they do, then that of what the org knows this client
    /// by, see [`OrgCredentials::derived_key`].
    pub fn derived_keys(&self, purpose: &str) -> impl Iterator<Item = DerivedKey> {
        let shared = self.settings.shared_secret.as_ref();
        let shared = shared.and_then(|secret| DerivedKey::of_secret(secret, purpose));
        shared.into_iter().chain(self.session.credentials().derived_key(purpose))
    }

    /// How long `calls` calls of this method and path take under their limit, and how many of them a minute takes; `None` before the
    /// first answer of their bucket.
    pub fn estimate(&self, method: HttpMethod, path: &str, calls: u64) -> Option<(u64, Duration)> {
        self.governor.estimate(bucket(method, path), calls)
    }

    /// How long `calls` calls of a bucket take, and how many of them a minute takes; `None` before its first answer.
    pub fn estimate_bucket(&self, bucket: &'static str, calls: u64) -> Option<(u64, Duration)> {
        self.governor.estimate(bucket, calls)
    }

    /// The org's time, as far as its answers told it: never later than it is there.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.governor.now()).unwrap_or_else(|_| Timestamp::now())
    }

    /// The rate limits as far as they are known.
    pub fn rates(&self) -> Vec<BucketRate> {
        self.governor.rates()
    }

    /// Client id of the app that it signs in with; `None` for an API token.
    pub fn client_id(&self) -> Option<&str> {
        match self.session.credentials() {
            OrgCredentials::Ssws(_) => None,
            OrgCredentials::PrivateKeyJwt(app) => Some(&app.client_id),
            OrgCredentials::Refresh(person) => Some(&person.client_id),
        }
    }

    /// Whether its calls are those of a user (`/api/v1/users/me`): an API token's owner, or who signed in. A service app has none.
    pub fn acts_as_user(&self) -> bool {
        !matches!(self.session.credentials(), OrgCredentials::PrivateKeyJwt(_))
    }

    /// Sets the scopes that a service app asks for where its configuration names none: the least that a runbook needs.
    /// Takes effect with the next call.
    pub fn ask_for(&self, scopes: Vec<String>) {
        self.session.ask_for(scopes);
    }

    /// The scopes that the org granted, which may be fewer than were asked for: Okta hands out a token for those that are
    /// granted and says nothing of the rest. `None` for an API token, which has the rights of its owner. Signs in if need be.
    pub async fn granted_scopes(&self, observer: &dyn WaitObserver) -> Result<Option<Vec<String>>, OktaError> {
        self.session.granted(self.endpoint(observer)).await
    }

    /// Reads what an org shows to everyone, such as `/.well-known/okta-organization`. No token goes along, so that it tells whether
    /// the address is an org's before any credential is risked.
    pub async fn look(&self, path: &str) -> Result<ApiResponse, OktaError> {
        let url = self.base.target(path, &[])?;
        let body = ApiRequest::new(HttpMethod::Get, path).encode()?;
        let sending = CallSending::unheeded();
        let longest = if path.starts_with("/.well-known/") {
            self.settings.longest_answer.min(LONGEST_METADATA)
        } else {
            self.settings.longest_answer
        };
        let answer = self.once(HttpMethod::Get, &url, &body, &RequestSignature::none(), longest).await?;
        let rate = RateLimit::read(&answer.headers);
        let date = limits::date(&answer.headers);
        let bucket = bucket(HttpMethod::Get, path);
        self.governor.learn(bucket, rate, date, sending);
        answer.judge(self.base.host())
    }

    /// By how many milliseconds the org's clock is ahead of this machine's, at least; `None` before its first answer. Whole seconds
    /// are all that it tells.
    pub fn clock_ahead(&self) -> Option<i64> {
        self.governor.known_ahead()
    }

    /// Sends a request, when the org's limits allow it. A 429 was not carried out: it is waited out, told to the observer first,
    /// and the request is sent again, up to [`ClientSettings::max_attempts`] times. Dropping the future ends the wait.
    ///
    /// An access token that the org no longer takes (401, so nothing was carried out) is renewed once.
    pub async fn send(&self, request: &ApiRequest, observer: &dyn WaitObserver) -> Result<ApiResponse, OktaError> {
        let url = self.base.target(&request.path, &request.query)?;
        self.repeat(request.method, url, &request.encode()?, observer).await
    }

    /// Fetches the next page of a list by its link as it stands. A link to another scheme, host or port is refused.
    pub async fn next(&self, page: &NextPage, observer: &dyn WaitObserver) -> Result<ApiResponse, OktaError> {
        let url = self.own_link(page)?;
        let body = ApiRequest::new(HttpMethod::Get, url.path()).encode()?;
        self.repeat(HttpMethod::Get, url, &body, observer).await
    }

    fn own_link(&self, page: &NextPage) -> Result<Url, OktaError> {
        let foreign = |link: String| OktaError::ForeignLink { base: self.base.to_string(), link };
        let url = self.base.resolve(page.as_str()).map_err(|_| foreign("an address that does not parse".to_owned()))?;
        if self.base.owns(&url) { Ok(url) } else { Err(foreign(url.origin().ascii_serialization())) }
    }

    async fn repeat(
        &self,
        method: HttpMethod,
        url: Url,
        body: &EncodedBody,
        observer: &dyn WaitObserver,
    ) -> Result<ApiResponse, OktaError> {
        let bucket = bucket(method, url.path());
        let (mut attempt, mut renewal) = (1, TokenRenewal::Possible);
        loop {
            // Signed after the wait: a proof is taken for five minutes only, and the token may end meanwhile.
            let permit = self.governor.admit(bucket, url.path(), observer).await;
            let signature = self.session.sign(self.endpoint(observer), method, &url);
            let signature = signature.await?;
            let longest = self.settings.longest_answer;
            let mut answer = self.once(method, &url, body, &signature, longest).await?;
            self.session.secrets.conceal(&mut answer);
            let sending = permit.sending;
            drop(permit);
            let date = limits::date(&answer.headers);
            if renewal == TokenRenewal::Possible && is_dead_token(&answer) && self.session.give_up(&signature).await {
                renewal = TokenRenewal::Done;
                continue;
            }
            if answer.status != 429 || attempt >= self.settings.max_attempts {
                let rate = RateLimit::read(&answer.headers);
                self.governor.learn(bucket, rate, date, sending);
                let judged = answer.judge(self.base.host());
                return judged.map_err(|refusal| signature.explain(refusal));
            }
            let mut wait = limits::pause(&answer.headers, url.path(), attempt);
            // The limit's window holds back every call of the bucket; of too many simultaneous calls there are fewer from now on.
            match wait.reason {
                WaitReason::Concurrency => self.governor.crowded(sending),
                WaitReason::RateLimit => {
                    wait.is_told = !self.governor.refused(bucket, wait.duration);
                }
            }
            wait_out(&wait, observer).await;
            attempt += 1;
        }
    }

    async fn once(
        &self,
        method: HttpMethod,
        url: &Url,
        body: &EncodedBody,
        signature: &RequestSignature,
        longest_answer: usize,
    ) -> Result<RawResponse, OktaError> {
        if self.access == ClientAccess::Reads && method != HttpMethod::Get {
            return Err(RequestError::ReadsOnly(method).into());
        }
        let through = self.settings.through.as_ref();
        let url = through.map_or_else(|| url.clone(), |through| through.in_place_of(url));
        let request =
            self.http.request(method.into(), url).headers(headers(method, body)?).headers(signature.headers.clone());
        let request = match &body.bytes {
            Some(bytes) => request.body(bytes.clone()),
            None => request,
        };
        transport::exchange(request, longest_answer, &self.way).await
    }

    fn endpoint<'a>(&'a self, observer: &'a dyn WaitObserver) -> TokenEndpoint<'a> {
        TokenEndpoint {
            http: &self.http,
            base: &self.base,
            way: &self.way,
            max_attempts: self.settings.max_attempts.max(1),
            observer,
        }
    }
}

async fn wait_out(wait: &LimitWait, observer: &dyn WaitObserver) {
    observer.waiting(wait);
    tokio::time::sleep(wait.duration).await;
}

/// Whether this call may still fetch another token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TokenRenewal {
    Possible,
    Done,
}

/// A 401 that speaks of the token. E0000015 does not: it is a feature that the org lacks (recorded).
fn is_dead_token(answer: &RawResponse) -> bool {
    if answer.status != 401 {
        return false;
    }
    match answer.judge("") {
        Err(OktaError::Api(refusal)) => refusal.code.is_none() || refusal.is("E0000011"),
        // A page is of a gateway, and says nothing of the token nor of what became of the call.
        Err(OktaError::NotOkta { content_type, .. }) => content_type.is_none(),
        _ => true,
    }
}

/// TLS verification stays as it is: there is no switch to turn it off.
pub(super) fn http_client(base: &BaseUrl, settings: &ClientSettings) -> Result<reqwest::Client, RequestError> {
    let agent = HeaderValue::from_str(&settings.user_agent);
    let agent = agent.map_err(|_| RequestError::UserAgent(settings.user_agent.clone()))?;
    let builder = reqwest::Client::builder()
        .user_agent(agent)
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.request_timeout)
        .redirect(Policy::none())
        .referer(false)
        .tcp_nodelay(true);
    // A proxy cannot reach this machine's loopback, whatever HTTP_PROXY says.
    let builder = match &settings.proxy {
        _ if base.is_loopback() => builder.no_proxy(),
        Some(proxy) => builder.proxy(proxy.build()?),
        None => builder,
    };
    // The machine's root certificates take long to read, and nobody shows one without TLS.
    let builder = if base.is_plain() { builder.tls_certs_only([]) } else { builder };
    builder.build().map_err(|failure| RequestError::Setup(failure.to_string()))
}

fn headers(method: HttpMethod, body: &EncodedBody) -> Result<HeaderMap, RequestError> {
    let content_type = HeaderValue::from_str(&body.content_type);
    let content_type = content_type.map_err(|failure| RequestError::Setup(failure.to_string()))?;
    let mut headers =
        HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json")), (CONTENT_TYPE, content_type)]);
    let may_have_body = matches!(method, HttpMethod::Post | HttpMethod::Put | HttpMethod::Patch);
    if may_have_body && body.bytes.is_none() {
        // Without it Okta answers 411 (its API overview).
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Ok(headers)
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
