//! The hub as Okta's provisioning service calls it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, LINK};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::super::model::org2org_app::{ApiConnection, ConnectionScheme};
use super::super::oauth::GeneratedKey;
use super::super::page_chain::PageChain;
use super::super::shadow::neighbours::ShadowNeighbours;
use super::super::store::StoredApp;

/// A call that met a limit, or an error of the hub's own, is tried so often.
const TRIES: u32 = 4;
/// Time to the second try; it doubles from try to try.
const PAUSE: Duration = Duration::from_millis(250);
/// Scopes that the guide to Org2Org by OAuth 2.0 grants.
const SCOPES: &str = "okta.users.manage okta.groups.manage";

/// Header of a shadow's calls to another: what they do there is what provisioning may bring about.
pub(in crate::simulator) const PROVISIONING: &str = "x-planned-provisioning";
/// Time that the hub has for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The way to other orgs. From a shadow it leads to shadows alone.
pub(in crate::simulator) struct HubHttp {
    /// To orgs without TLS, as those beside it are: the machine's root certificates take long to read.
    plain: reqwest::Client,
    /// To others, made when it is first used.
    secured: OnceLock<reqwest::Client>,
    neighbours: Option<Arc<ShadowNeighbours>>,
}

impl HubHttp {
    pub(in crate::simulator) fn new(neighbours: Option<Arc<ShadowNeighbours>>) -> Self {
        let plain = http_client().tls_certs_only([]).build().unwrap_or_default();
        Self { plain, secured: OnceLock::new(), neighbours }
    }

    /// Whether the org of a URL may be called.
    pub(super) fn reaches(&self, url: &str) -> bool {
        self.address(url).is_some()
    }

    fn address(&self, url: &str) -> Option<String> {
        match &self.neighbours {
            Some(neighbours) => neighbours.redirect(url),
            None => Some(url.to_owned()),
        }
    }

    pub(super) fn request(&self, method: Method, url: &str) -> Result<reqwest::RequestBuilder, HubFailure> {
        let address = self
            .address(url)
            .ok_or_else(|| HubFailure { status: 0, reason: "the target is no part of this plan".to_owned() })?;
        let secured = || self.secured.get_or_init(|| http_client().build().unwrap_or_default());
        let http = if address.starts_with("http:") { &self.plain } else { secured() };
        let request = http.request(method, address);
        Ok(match &self.neighbours {
            Some(_) => request.header(PROVISIONING, "1"),
            None => request,
        })
    }

    /// A token that is good at a hub whose real credentials nobody here knows.
    fn token_for(&self, url: &str) -> Result<SecretString, HubFailure> {
        let neighbours = self.neighbours.as_ref().ok_or_else(|| HubFailure {
            status: 0,
            reason: "nobody here knows the credentials of the connection".to_owned(),
        })?;
        // What is no part of a plan is not called in any case.
        let neighbour = neighbours.find(url);
        Ok(neighbour.map(|it| it.token).unwrap_or_default())
    }
}

/// Without proxy: hubs are near.
fn http_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().timeout(TIMEOUT)
}

/// A hub and how to sign in there.
#[derive(Clone)]
pub(super) struct HubConnection {
    base: String,
    credentials: HubCredentials,
}

#[derive(Clone)]
pub(super) enum HubCredentials {
    Token(SecretString),
    Key {
        client_id: String,
        key: Arc<GeneratedKey>,
    },
    /// Given elsewhere, and working there.
    Unseen,
}

/// Why a call did not do what it should.
#[derive(Clone, Debug)]
pub(super) struct HubFailure {
    /// 0 when there was no answer.
    pub(super) status: u16,
    pub(super) reason: String,
}

/// A hub with an `Authorization` that is good for a few calls.
pub(super) struct HubSession<'a> {
    line: &'a HubHttp,
    base: &'a str,
    authorization: String,
}

impl HubConnection {
    /// The hub of an app whose API integration is on.
    pub(super) fn of(app: &StoredApp) -> Option<Self> {
        let part = app.org2org.as_ref()?;
        super::is_connected(app).then(|| Self::behind(&part.connection))?
    }

    /// The hub of a connection that has credentials, whether it is on or not.
    pub(super) fn behind(connection: &ApiConnection) -> Option<Self> {
        let base = connection.base_url.clone()?;
        if connection.unseen {
            let credentials = HubCredentials::Unseen;
            return Some(Self { base, credentials });
        }
        Self::with(base, &connection.scheme, &connection.key)
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }

    pub(super) fn with(base: String, scheme: &ConnectionScheme, key: &Arc<GeneratedKey>) -> Option<Self> {
        let credentials = match scheme {
            ConnectionScheme::Token(token) => HubCredentials::Token(token.clone()?),
            ConnectionScheme::OAuth2 { client_id, .. } => {
                HubCredentials::Key { client_id: client_id.clone(), key: Arc::clone(key) }
            }
        };
        Some(Self { base, credentials })
    }

    /// Signs in where that takes a call of its own.
    pub(super) async fn sign_in<'a>(&'a self, line: &'a HubHttp) -> Result<HubSession<'a>, HubFailure> {
        let authorization = match &self.credentials {
            HubCredentials::Token(token) => format!("SSWS {}", token.expose_secret()),
            HubCredentials::Key { client_id, key } => {
                let token = access_token(line, &self.base, client_id, key).await?;
                format!("Bearer {}", token.expose_secret())
            }
            HubCredentials::Unseen => {
                let token = line.token_for(&self.base)?;
                format!("SSWS {}", token.expose_secret())
            }
        };
        Ok(HubSession { line, base: &self.base, authorization })
    }
}

/// A token for the service app, which the hub verifies by the public key of the connection.
async fn access_token(
    line: &HubHttp,
    base: &str,
    client_id: &str,
    key: &GeneratedKey,
) -> Result<SecretString, HubFailure> {
    let url = format!("{base}/oauth2/v1/token");
    let assertion = assertion(&url, client_id, key)
        .ok_or_else(|| HubFailure { status: 0, reason: "the connection has no key to sign with".to_owned() })?;
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", SCOPES),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request =
        line.request(Method::POST, &url)?.header("content-type", "application/x-www-form-urlencoded").body(body);
    let (_, body) = receive(request).await?;
    let token = body["access_token"].as_str().unwrap_or_default();
    Ok(SecretString::from(token))
}

fn assertion(audience: &str, client_id: &str, key: &GeneratedKey) -> Option<String> {
    let now = super::super::store::real_time() / 1000;
    let header = jsonwebtoken::Header {
        kid: Some(GeneratedKey::ID.to_owned()),
        ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256)
    };
    let claims = json!({"iss": client_id, "sub": client_id, "aud": audience, "iat": now, "exp": now + 300,
        "jti": uuid::Uuid::new_v4().to_string()});
    let pem = key.pem()?.expose_secret();
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(pem.as_bytes()).ok()?;
    jsonwebtoken::encode(&header, &claims, &key).ok()
}

impl HubSession<'_> {
    pub(super) async fn get(&self, path: &str) -> Result<Value, HubFailure> {
        Ok(self.send(Method::GET, path, None).await?.1)
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, HubFailure> {
        Ok(self.send(Method::POST, path, Some(body)).await?.1)
    }

    pub(super) async fn put(&self, path: &str, body: Option<&Value>) -> Result<Value, HubFailure> {
        Ok(self.send(Method::PUT, path, body).await?.1)
    }

    /// What is gone already is deleted.
    pub(super) async fn delete(&self, path: &str) -> Result<(), HubFailure> {
        match self.send(Method::DELETE, path, None).await {
            Err(failure) if failure.status != 404 => Err(failure),
            _ => Ok(()),
        }
    }

    /// What a path leads to, `None` for 404.
    pub(super) async fn find(&self, path: &str) -> Result<Option<Value>, HubFailure> {
        match self.get(path).await {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.status == 404 => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// All items of a list, page after page.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<Value>, HubFailure> {
        let (mut items, mut chain) = (Vec::new(), PageChain::default());
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let followed = chain.follow(&path);
            followed.map_err(|reason| HubFailure { status: 0, reason })?;
            let (link, page) = self.send(Method::GET, &path, None).await?;
            items.extend(page.as_array().cloned().unwrap_or_default());
            next = link.as_deref().and_then(path_of);
        }
        Ok(items)
    }

    /// Repeats what a limit or an error of the hub refused.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Option<String>, Value), HubFailure> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.send_once(method.clone(), path, body).await {
                Err(failure) if matches!(failure.status, 429 | 500..) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
        self.send_once(method, path, body).await
    }

    async fn send_once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Option<String>, Value), HubFailure> {
        let request = self
            .line
            .request(method.clone(), &format!("{}{path}", self.base))?
            .header(AUTHORIZATION, &self.authorization);
        let request = match body {
            Some(body) => request.json(body),
            None if method == Method::GET => request,
            None => request.header("content-length", "0"),
        };
        receive(request).await
    }
}

/// The link to the next page, and the body; a status beyond 299 is a failure.
async fn receive(request: reqwest::RequestBuilder) -> Result<(Option<String>, Value), HubFailure> {
    let unreachable = |error: reqwest::Error| HubFailure {
        status: 0,
        reason: format!("the target could not be reached: {}", error.without_url()),
    };
    let response = request.send().await.map_err(unreachable)?;
    let (status, next) = (response.status(), next_page(&response));
    let text = response.text().await.map_err(unreachable)?;
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    if status.is_success() { Ok((next, body)) } else { Err(failure(status, &body)) }
}

/// Path and query of a link, whose host may be another name of the hub.
fn path_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    rest.find('/').map(|at| rest[at..].to_owned())
}

fn next_page(response: &reqwest::Response) -> Option<String> {
    let links = response.headers().get_all(LINK).iter();
    let mut links = links.filter_map(|link| link.to_str().ok());
    let link = links.find(|link| link.contains("rel=\"next\""))?;
    Some(link.split('>').next()?.trim_start_matches('<').to_owned())
}

/// Okta's error object, or OAuth's.
fn failure(status: StatusCode, body: &Value) -> HubFailure {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let causes = body["errorCauses"].as_array().into_iter().flatten();
    let mut parts = vec![text(&body["errorSummary"]), text(&body["error_description"])];
    parts.extend(causes.map(|cause| text(&cause["errorSummary"])));
    parts.retain(|part| !part.is_empty());
    HubFailure { status: status.as_u16(), reason: format!("{status}: {}", parts.join("; ")) }
}
