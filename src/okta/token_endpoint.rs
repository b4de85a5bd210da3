//! One exchange with the org's token endpoint, and the dance around its nonces.
//!
//! The org authorization server alone issues tokens for the Management API (Okta's guide to service apps), so its
//! address follows from the org's: `/oauth2/v1/token`.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::api_error::request_id;
use super::base_url::BaseUrl;
use super::concealment::conceal_sent;
use super::error::{OktaError, RequestError, RequestReach, TransportFailure};
use super::limits::{self, WaitObserver};
use super::proof::ProofKey;
use super::response::RawResponse;
use super::sign_in_error::{KeyError, SignInError};
use super::signing_key::SigningKey;
use super::transport::{self, OrgRoute};

pub(super) const TOKEN: &str = "/oauth2/v1/token";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Bytes of the longest answer that is read: a token and its scopes are a few thousand.
const LONGEST_ANSWER: usize = 1 << 20;
/// Okta allows an hour; an assertion is sent at once, so minutes suffice. In seconds.
const ASSERTION_LIFE: i64 = 300;
/// How often a form is sent at most while the org, or the way to it, is in trouble.
const TRIES: u32 = 3;

/// What a form field holds.
pub(super) type FormField = (&'static str, SecretString);

/// What is sent once: Okta has used up an assertion's id (`jti`) and a proof's, whatever it answered.
pub(super) struct TokenPosting {
    pub(super) form: Vec<FormField>,
    pub(super) proof: Option<String>,
}

/// An endpoint of the org for OAuth, with the means to call it.
#[derive(Clone, Copy)]
pub(super) struct TokenEndpoint<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) base: &'a BaseUrl,
    pub(super) way: &'a OrgRoute,
    /// How often a form is sent that meets a limit or trouble, the first time included.
    pub(super) max_attempts: u32,
    pub(super) observer: &'a dyn WaitObserver,
}

/// An access token with what the org said of it.
#[derive(Debug)]
pub(super) struct GrantedToken {
    pub(super) token: SecretString,
    pub(super) scheme: TokenScheme,
    pub(super) scopes: Vec<String>,
    pub(super) until: Instant,
    /// When it should be renewed.
    pub(super) renew_from: Instant,
    pub(super) refresh_token: Option<SecretString>,
}

/// How the token is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenScheme {
    Bearer,
    Dpop,
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: SecretString,
    token_type: String,
    expires_in: u64,
    #[serde(default)]
    scope: String,
    refresh_token: Option<SecretString>,
}

impl TokenPosting {
    /// What no message may repeat.
    fn secrets(&self) -> Vec<SecretString> {
        let fields = self.form.iter();
        let secrets = fields.filter(|(name, _)| matches!(*name, "client_assertion" | "refresh_token" | "device_code"));
        let proof = self.proof.iter().map(|proof| proof.as_str().into());
        secrets.map(|(_, value)| value.clone()).chain(proof).collect()
    }
}

impl TokenEndpoint<'_> {
    pub(super) fn token_url(&self) -> Result<Url, RequestError> {
        self.base.target(TOKEN, &[])
    }

    /// Asks for a token. `form` is asked for before each sending. `proof` is made when the org asks for one, and then used from then on.
    pub(super) async fn token(
        &self,
        scopes: &[String],
        form: impl Fn() -> Result<Vec<FormField>, KeyError>,
        proof: &mut Option<ProofKey>,
    ) -> Result<GrantedToken, OktaError> {
        // Once for a proof, once for a nonce; whoever asks for more will ask for ever.
        for _ in 0..2 {
            match self.ask(scopes, &form, proof.as_ref()).await {
                Err(OktaError::SignIn(refusal)) if wants_proof(&refusal, proof.as_ref()) => {
                    if proof.is_none() {
                        *proof = Some(ProofKey::generate()?);
                    }
                }
                answered => return answered,
            }
        }
        self.ask(scopes, &form, proof.as_ref()).await
    }

    async fn ask(
        &self,
        scopes: &[String],
        form: &impl Fn() -> Result<Vec<FormField>, KeyError>,
        proof: Option<&ProofKey>,
    ) -> Result<GrantedToken, OktaError> {
        let url = self.token_url()?;
        let posting =
            || Ok(TokenPosting { form: form()?, proof: proof.map(|proof| proof.for_token(&url)).transpose()? });
        let answer = self.post(&url, posting).await?;
        let nonce = answer.headers.get("dpop-nonce");
        if let (Some(proof), Some(nonce)) = (proof, nonce.and_then(|nonce| nonce.to_str().ok())) {
            proof.keep_nonce(nonce);
        }
        let body = judge(TOKEN, self.base, &answer, scopes)?;
        read_grant(body, scopes).ok_or_else(|| not_json(self.base, &answer))
    }

    /// Sends a form, made anew for each sending. A limit is waited out as for any call, trouble of the org or of the way to it for a
    /// moment: a form that is sent twice gives another token at worst.
    pub(super) async fn post(
        &self,
        url: &Url,
        posting: impl Fn() -> Result<TokenPosting, OktaError>,
    ) -> Result<RawResponse, OktaError> {
        let mut attempt = 1;
        loop {
            let answer = self.once(url.clone(), &posting()?).await;
            match self.pause(url, &answer, attempt) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return answer,
            }
            attempt += 1;
        }
    }

    /// How long to wait before the form is sent again, if it is. A limit's wait is told first.
    fn pause(&self, url: &Url, answer: &Result<RawResponse, OktaError>, attempt: u32) -> Option<Duration> {
        match answer {
            Ok(answer) if answer.status == 429 => {
                let wait = limits::pause(&answer.headers, url.path(), attempt);
                (attempt < self.max_attempts).then(|| {
                    self.observer.waiting(&wait);
                    wait.duration
                })
            }
            Ok(answer) if answer.status < 500 => None,
            Err(failure) if !failure.is_passing() => None,
            _ => (attempt < self.max_attempts.min(TRIES)).then(|| limits::back_off(attempt)),
        }
    }

    async fn once(&self, url: Url, posting: &TokenPosting) -> Result<RawResponse, OktaError> {
        let mut request = self
            .http
            .post(url)
            .header(ACCEPT, "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encode_form(&posting.form));
        if let Some(proof) = &posting.proof {
            request = request.headers(proof_header(proof)?);
        }
        let answer = transport::exchange(request, LONGEST_ANSWER, self.way).await;
        let mut answer = answer.map_err(unsent)?;
        if answer.status >= 400 {
            conceal_sent(&mut answer, &posting.secrets());
        }
        Ok(answer)
    }
}

fn encode_form(form: &[FormField]) -> String {
    let pairs = form.iter().map(|(name, value)| (name, value.expose_secret()));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The header `DPoP`.
pub(super) fn proof_header(proof: &str) -> Result<HeaderMap, RequestError> {
    let mut value = HeaderValue::try_from(proof).map_err(|failure| RequestError::Setup(failure.to_string()))?;
    value.set_sensitive(true);
    let name = reqwest::header::HeaderName::from_static("dpop");
    Ok(HeaderMap::from_iter([(name, value)]))
}

/// The form of a service app's request, with a new assertion each time.
pub(super) fn client_credentials(
    client_id: &str,
    key: &SigningKey,
    scopes: &[String],
    audience: &Url,
) -> Result<Vec<FormField>, KeyError> {
    let now = Timestamp::now().as_second();
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": audience.as_str(),
        "iat": now, "exp": now + ASSERTION_LIFE, "jti": uuid::Uuid::new_v4().to_string(),
    });
    Ok(vec![
        ("grant_type", "client_credentials".into()),
        ("scope", scopes.join(" ").into()),
        ("client_assertion_type", ASSERTION_TYPE.into()),
        ("client_assertion", key.sign(&claims)?),
    ])
}

/// The form that trades a refresh token for an access token.
pub(super) fn refresh(client_id: &str, token: &SecretString, scopes: &[String]) -> Vec<FormField> {
    let mut form =
        vec![("grant_type", "refresh_token".into()), ("client_id", client_id.into()), ("refresh_token", token.clone())];
    if !scopes.is_empty() {
        form.push(("scope", scopes.join(" ").into()));
    }
    form
}

/// The body of a success, or the refusal.
pub(super) fn judge(
    endpoint: &'static str,
    base: &BaseUrl,
    answer: &RawResponse,
    scopes: &[String],
) -> Result<Value, OktaError> {
    let body = serde_json::from_slice::<Value>(&answer.bytes).ok();
    match (answer.status, body) {
        (200..=299, Some(body)) => Ok(body),
        (200..=299, None) => Err(not_json(base, answer)),
        (_, Some(body)) if body["error"].is_string() => {
            let text = |key: &str| body[key].as_str().map(str::to_owned);
            let error = text("error").unwrap_or_default();
            let description = text("error_description");
            Err(refusal_error(endpoint, answer, scopes, &error, description))
        }
        _ => match answer.judge(base.host()) {
            // A gateway's trouble or a limit: told as a refused sign-in, since the call itself was not sent.
            Err(OktaError::Api(refusal)) => Err(refusal_error(
                endpoint,
                answer,
                scopes,
                refusal.code.as_deref().unwrap_or("without an error object"),
                Some(refusal.summary.clone()),
            )),
            Err(failure) => Err(unsent(failure)),
            Ok(_) => Err(not_json(base, answer)),
        },
    }
}

fn refusal_error(
    endpoint: &'static str,
    answer: &RawResponse,
    scopes: &[String],
    error: &str,
    description: Option<String>,
) -> OktaError {
    let date = limits::date(&answer.headers);
    OktaError::SignIn(Box::new(SignInError {
        endpoint,
        status: answer.status,
        error: error.to_owned(),
        description,
        request_id: request_id(&answer.headers),
        clock_ahead: date.map(|date| Timestamp::now().as_second() - date.as_second()),
        scopes: scopes.to_vec(),
    }))
}

/// A proof is missing, or it lacks the nonce that has just been given.
fn wants_proof(refusal: &SignInError, proof: Option<&ProofKey>) -> bool {
    refusal.is("use_dpop_nonce") || (refusal.is("invalid_dpop_proof") && proof.is_none())
}

fn read_grant(body: Value, asked: &[String]) -> Option<GrantedToken> {
    let wire: TokenResponse = serde_json::from_value(body).ok()?;
    let scheme = if wire.token_type.eq_ignore_ascii_case("dpop") { TokenScheme::Dpop } else { TokenScheme::Bearer };
    // Okta's live for a day at most (documentation of access policies); a number without end is none.
    let life = Duration::from_secs(wire.expires_in.min(30 * 86_400));
    // A tenth of its life, five minutes at most: a slow call or a clock that drifts must not outlive the token.
    let margin = (life / 10).min(Duration::from_secs(300));
    let now = Instant::now();
    let scopes: Vec<_> = wire.scope.split_whitespace().map(str::to_owned).collect();
    Some(GrantedToken {
        token: wire.access_token,
        scheme,
        // A server that grants what was asked for need not repeat it (RFC 6749, section 5.1).
        scopes: if scopes.is_empty() { asked.to_vec() } else { scopes },
        until: now + life,
        renew_from: now + life.saturating_sub(margin),
        refresh_token: wire.refresh_token,
    })
}

fn not_json(base: &BaseUrl, answer: &RawResponse) -> OktaError {
    OktaError::NotOkta {
        sent: RequestReach::No,
        status: answer.status,
        host: base.host().to_owned(),
        content_type: None,
    }
}

/// While a token is fetched the call itself is certainly not sent.
fn unsent(error: OktaError) -> OktaError {
    match error {
        OktaError::Transport { failure, host, detail, .. } => OktaError::Transport {
            failure: if failure == TransportFailure::Cut { TransportFailure::NoConnection } else { failure },
            sent: RequestReach::No,
            host,
            detail,
        },
        OktaError::Timeout { host, after, .. } => OktaError::Timeout { sent: RequestReach::No, host, after },
        OktaError::NotOkta { status, host, content_type, .. } => {
            OktaError::NotOkta { sent: RequestReach::No, status, host, content_type }
        }
        OktaError::Redirect { status, host, to, .. } => {
            OktaError::Redirect { sent: RequestReach::No, status, host, to }
        }
        OktaError::TooLarge { status, host, longest, .. } => {
            OktaError::TooLarge { sent: RequestReach::No, status, host, longest }
        }
        other => other,
    }
}
