//! Signs each request: with an API token as it is, else with an access token that is fetched once for all who share the
//! client, and renewed before it ends.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use secrecy::SecretString;
use tokio::sync::Mutex;
use url::Url;

use super::auth::{DpopUse, OrgCredentials, ServiceApp, SignedInPerson, authorization, ssws};
use super::error::{OktaError, RequestError};
use super::held_secrets::HeldSecrets;
use super::method::HttpMethod;
use super::proof::ProofKey;
use super::refresh_token::{RefreshToken, to_keep};
use super::sign_in_error::KeyError;
use super::token_endpoint::{self, GrantedToken, TokenEndpoint, TokenScheme};

/// What one client signs with.
#[derive(Debug)]
pub(super) struct ClientSession {
    credentials: OrgCredentials,
    /// All that it has signed with.
    pub(super) secrets: HeldSecrets,
    /// Scopes asked for where the credentials name none.
    least: RwLock<Vec<String>>,
    /// Held while a token is fetched, so that callers at the same time share one.
    state: Mutex<ClientSessionState>,
}

#[derive(Debug, Default)]
struct ClientSessionState {
    held: Option<Arc<HeldToken>>,
    proof: Option<ProofKey>,
    /// The refresh token in use: the configured one, or what replaced it.
    refresh_token: Option<SecretString>,
    /// After an early renewal that failed: when it is tried again.
    retry_from: Option<Instant>,
}

/// An access token in use.
#[derive(Debug)]
struct HeldToken {
    granted: GrantedToken,
    asked: Vec<String>,
}

impl HeldToken {
    /// A quarter of what is left of its life later, so that an org in trouble is not asked with every call.
    fn next_try(&self) -> Instant {
        let now = Instant::now();
        let left = self.granted.until.saturating_duration_since(now);
        now + (left / 4).max(Duration::from_secs(1))
    }
}

/// The headers of one sending, and which access token they carry.
pub(super) struct RequestSignature {
    pub(super) headers: HeaderMap,
    /// `None` for an API token.
    token: Option<Arc<HeldToken>>,
}

impl RequestSignature {
    /// Of a request that everyone may make.
    pub(super) fn none() -> Self {
        Self { headers: HeaderMap::new(), token: None }
    }

    /// Some gateways answer for an access token with the error object of API tokens: what is to be done is another thing.
    pub(super) fn explain(&self, error: OktaError) -> OktaError {
        match error {
            OktaError::Api(mut refusal) if self.token.is_some() && refusal.is("E0000011") => {
                refusal.challenge.get_or_insert_with(|| "invalid_token".to_owned());
                OktaError::Api(refusal)
            }
            other => other,
        }
    }
}

impl ClientSession {
    pub(super) fn new(credentials: OrgCredentials) -> Self {
        Self { secrets: HeldSecrets::of(&credentials), credentials, least: RwLock::default(), state: Mutex::default() }
    }

    /// Keeps out of answers what else the client has of secrets.
    pub(super) fn knowing(self, secrets: &[SecretString]) -> Self {
        self.secrets.keep_all(secrets);
        self
    }

    /// Sets the scopes to ask for where none are configured. A token that was fetched for others is not used again.
    pub(super) fn ask_for(&self, scopes: Vec<String>) {
        *self.least.write().unwrap_or_else(PoisonError::into_inner) = scopes;
    }

    pub(super) fn credentials(&self) -> &OrgCredentials {
        &self.credentials
    }

    /// The headers that sign one sending of a request.
    ///
    /// Asked for before every sending, repetitions included: a proof is bound to method and URL and is good once.
    pub(super) async fn sign(
        &self,
        endpoint: TokenEndpoint<'_>,
        method: HttpMethod,
        url: &Url,
    ) -> Result<RequestSignature, OktaError> {
        if let OrgCredentials::Ssws(token) = &self.credentials {
            let headers = ssws(token)?;
            return Ok(RequestSignature { headers, token: None });
        }
        let mut state = self.state.lock().await;
        let held = self.held(endpoint, &mut state).await?;
        let headers = headers(&held.granted, state.proof.as_ref(), method, url)?;
        Ok(RequestSignature { headers, token: Some(held) })
    }

    /// Drops the access token of a refused request, so that the next one carries a new token. False for an API token.
    pub(super) async fn give_up(&self, signature: &RequestSignature) -> bool {
        let Some(refused) = &signature.token else {
            return false;
        };
        let mut state = self.state.lock().await;
        // Another caller may have renewed it already.
        if state.held.as_ref().is_some_and(|held| Arc::ptr_eq(held, refused)) {
            state.held = None;
        }
        true
    }

    /// The scopes of the access token; `None` for an API token, which has the rights of its owner.
    pub(super) async fn granted(&self, endpoint: TokenEndpoint<'_>) -> Result<Option<Vec<String>>, OktaError> {
        if matches!(self.credentials, OrgCredentials::Ssws(_)) {
            return Ok(None);
        }
        let mut state = self.state.lock().await;
        let held = self.held(endpoint, &mut state).await?;
        Ok(Some(held.granted.scopes.clone()))
    }

    /// The token in hand, or a new one.
    async fn held(
        &self,
        endpoint: TokenEndpoint<'_>,
        state: &mut ClientSessionState,
    ) -> Result<Arc<HeldToken>, OktaError> {
        let asked = self.scopes();
        let now = Instant::now();
        let fitting = state.held.as_ref().filter(|held| held.asked == asked);
        let good = fitting.filter(|held| now < held.granted.until).cloned();
        let Some(old) = good else {
            return self.renewed(endpoint, state, asked).await;
        };
        if now < state.retry_from.unwrap_or(old.granted.renew_from) {
            return Ok(old);
        }
        // What fails is early: the old token is good meanwhile, and nobody waits for another.
        let hasty = TokenEndpoint { max_attempts: 1, ..endpoint };
        match self.renewed(hasty, state, asked.clone()).await {
            Err(OktaError::SignIn(refusal)) if !refusal.is_passing() => Err(OktaError::SignIn(refusal)),
            Err(_) if Instant::now() < old.granted.until => {
                state.retry_from = Some(old.next_try());
                Ok(old)
            }
            Err(_) => self.renewed(endpoint, state, asked).await,
            renewed => renewed,
        }
    }

    async fn renewed(
        &self,
        endpoint: TokenEndpoint<'_>,
        state: &mut ClientSessionState,
        asked: Vec<String>,
    ) -> Result<Arc<HeldToken>, OktaError> {
        let fetched = self.fetch(endpoint, state, &asked).await;
        if let Some(proof) = &state.proof {
            self.secrets.keep_all(proof.parts());
        }
        let granted = fetched?;
        self.secrets.keep(&granted.token);
        state.refresh_token.iter().for_each(|token| self.secrets.keep(token));
        let held = Arc::new(HeldToken { granted, asked });
        state.held = Some(Arc::clone(&held));
        state.retry_from = None;
        Ok(held)
    }

    async fn fetch(
        &self,
        endpoint: TokenEndpoint<'_>,
        state: &mut ClientSessionState,
        asked: &[String],
    ) -> Result<GrantedToken, OktaError> {
        match &self.credentials {
            OrgCredentials::Ssws(_) => Err(RequestError::EmptyToken.into()),
            OrgCredentials::PrivateKeyJwt(app) => fetch_for_app(endpoint, state, app, asked).await,
            OrgCredentials::Refresh(person) => fetch_for_person(endpoint, state, person, asked).await,
        }
    }

    fn scopes(&self) -> Vec<String> {
        let configured = match &self.credentials {
            OrgCredentials::Ssws(_) => &[][..],
            OrgCredentials::PrivateKeyJwt(app) => &app.scopes,
            OrgCredentials::Refresh(person) => &person.scopes,
        };
        if !configured.is_empty() || matches!(self.credentials, OrgCredentials::Refresh(_)) {
            return configured.to_vec();
        }
        let least = self.least.read().unwrap_or_else(PoisonError::into_inner);
        least.clone()
    }
}

async fn fetch_for_app(
    endpoint: TokenEndpoint<'_>,
    state: &mut ClientSessionState,
    app: &ServiceApp,
    asked: &[String],
) -> Result<GrantedToken, OktaError> {
    if asked.is_empty() {
        return Err(RequestError::NoScopes.into());
    }
    prepare(app.dpop, &mut state.proof)?;
    let url = endpoint.token_url()?;
    let form = || token_endpoint::client_credentials(&app.client_id, &app.key, asked, &url);
    endpoint.token(asked, form, &mut state.proof).await
}

async fn fetch_for_person(
    endpoint: TokenEndpoint<'_>,
    state: &mut ClientSessionState,
    person: &SignedInPerson,
    asked: &[String],
) -> Result<GrantedToken, OktaError> {
    let latest = if let Some(latest) = &state.refresh_token {
        latest.clone()
    } else {
        let kept = RefreshToken::parse(&person.refresh_token)?;
        state.proof = kept.proof;
        kept.token
    };
    prepare(person.dpop, &mut state.proof)?;
    let form = || Ok(token_endpoint::refresh(&person.client_id, &latest, asked));
    let granted = endpoint.token(asked, form, &mut state.proof).await?;
    if let (Some(next), Some(keep)) = (to_keep(&granted, state.proof.as_ref()), &person.keep) {
        keep(&next);
    }
    state.refresh_token = granted.refresh_token.clone().or(Some(latest));
    Ok(granted)
}

fn prepare(dpop: DpopUse, proof: &mut Option<ProofKey>) -> Result<(), KeyError> {
    if dpop == DpopUse::Always && proof.is_none() {
        *proof = Some(ProofKey::generate()?);
    }
    Ok(())
}

fn headers(
    granted: &GrantedToken,
    proof: Option<&ProofKey>,
    method: HttpMethod,
    url: &Url,
) -> Result<HeaderMap, OktaError> {
    match (granted.scheme, proof) {
        (TokenScheme::Dpop, Some(proof)) => {
            let mut headers = authorization("DPoP", &granted.token)?;
            let proof = proof.for_call(method, url, &granted.token)?;
            headers.extend(token_endpoint::proof_header(&proof)?);
            Ok(headers)
        }
        _ => Ok(authorization("Bearer", &granted.token)?),
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
