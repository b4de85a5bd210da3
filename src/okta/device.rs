//! Device authorization (RFC 8628): a person signs in with a browser, anywhere, and this process gets the token.
//!
//! Needs a Native app with the grant types Device Authorization and Refresh Token. `begin` gives a code and where to enter it;
//! `poll` asks whether that was done. What is kept in the end is the refresh token, for [`Person`](super::auth::SignedInPerson).

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::auth::DpopUse;
use super::base_url::BaseUrl;
use super::client::http_client;
use super::client_settings::ClientSettings;
use super::error::{OktaError, RequestReach};
use super::limits::SilentObserver;
use super::proof::ProofKey;
use super::refresh_token::to_keep;
use super::token_endpoint::{self, TokenEndpoint, TokenPosting};
use super::transport::OrgRoute;

const AUTHORIZE: &str = "/oauth2/v1/device/authorize";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What RFC 8628 takes where the server names no interval, and what `slow_down` adds.
const STEP: Duration = Duration::from_secs(5);
/// No code is good for longer than a day, and nobody waits longer than a minute between two questions, whatever the server says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// A sign-in under way.
pub struct DeviceSignIn {
    base: BaseUrl,
    http: reqwest::Client,
    way: OrgRoute,
    settings: ClientSettings,
    client_id: String,
    code: SecretString,
    proof: Option<ProofKey>,
    /// What the person enters.
    pub user_code: String,
    /// Where it is entered.
    pub verification_uri: String,
    /// The same with the code in it, for a link or a QR code.
    pub verification_uri_complete: Option<String>,
    /// How long the code is good, from its beginning.
    pub expires_in: Duration,
    /// How long to wait before each [`poll`](Self::poll).
    pub interval: Duration,
}

/// How far the person is.
#[derive(Debug)]
pub enum DeviceProgress {
    /// Not there yet: wait for [`DeviceSignIn::interval`], which may have grown.
    Pending,
    SignedIn(Box<PersonTokens>),
}

/// What a person's sign-in gives.
#[derive(Debug)]
pub struct PersonTokens {
    /// For the next runs, in the form that [`Person`](super::auth::SignedInPerson) takes. `None` when the scope `offline_access` was not asked for or the app gives none.
    pub refresh_token: Option<SecretString>,
    pub scopes: Vec<String>,
}

#[derive(Deserialize)]
struct DeviceResponse {
    device_code: SecretString,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

/// Asks the org for a code. `offline_access` is added to the scopes, for a refresh token.
///
/// # Errors
/// What refuses a sign-in ([`OktaError::SignIn`]): an unknown client id, an app without this grant, a scope it has not.
pub async fn begin(
    base: BaseUrl,
    client_id: &str,
    scopes: &[String],
    dpop: DpopUse,
    settings: ClientSettings,
) -> Result<DeviceSignIn, OktaError> {
    let http = http_client(&base, &settings)?;
    let mut asked = scopes.to_vec();
    if !asked.iter().any(|scope| scope == "offline_access") {
        asked.push("offline_access".to_owned());
    }
    let form = [("client_id", client_id.into()), ("scope", asked.join(" ").into())];
    let way = OrgRoute::of(&base, &settings);
    let endpoint = endpoint(&http, &base, &way, &settings);
    let posting = || {
        let (form, proof) = (form.to_vec(), None);
        Ok(TokenPosting { form, proof })
    };
    let answer = endpoint.post(&base.target(AUTHORIZE, &[])?, posting).await?;
    let body = token_endpoint::judge(AUTHORIZE, &base, &answer, &asked)?;
    let wire: DeviceResponse = serde_json::from_value(body).map_err(|_| OktaError::NotOkta {
        sent: RequestReach::No,
        status: answer.status,
        host: base.host().to_owned(),
        content_type: None,
    })?;
    let proof = match dpop {
        DpopUse::Always => Some(ProofKey::generate()?),
        DpopUse::WhenAsked => None,
    };
    Ok(DeviceSignIn {
        http,
        way,
        settings,
        client_id: client_id.to_owned(),
        code: wire.device_code,
        proof,
        user_code: wire.user_code,
        verification_uri: wire.verification_uri,
        verification_uri_complete: wire.verification_uri_complete,
        expires_in: Duration::from_secs(wire.expires_in).min(LONGEST_LIFE),
        interval: interval(wire.interval),
        base,
    })
}

impl DeviceSignIn {
    /// Asks once whether the person has agreed. Call it after [`interval`](Self::interval), again and again.
    ///
    /// # Errors
    /// `access_denied`: the person refused. `expired_token`: too late. Others as for any sign-in.
    pub async fn poll(&mut self) -> Result<DeviceProgress, OktaError> {
        let form = || {
            Ok(vec![
                ("grant_type", GRANT.into()),
                ("client_id", self.client_id.as_str().into()),
                ("device_code", self.code.clone()),
            ])
        };
        let endpoint = endpoint(&self.http, &self.base, &self.way, &self.settings);
        match endpoint.token(&[], form, &mut self.proof).await {
            Ok(granted) => Ok(DeviceProgress::SignedIn(Box::new(PersonTokens {
                refresh_token: to_keep(&granted, self.proof.as_ref()),
                scopes: granted.scopes,
            }))),
            Err(OktaError::SignIn(refusal)) if refusal.is("authorization_pending") => Ok(DeviceProgress::Pending),
            Err(OktaError::SignIn(refusal)) if refusal.is("slow_down") => {
                self.interval = (self.interval + STEP).min(LONGEST_INTERVAL);
                Ok(DeviceProgress::Pending)
            }
            // The person is at it meanwhile (RFC 8628, section 3.5).
            Err(failure) if failure.is_passing() => {
                self.interval = (self.interval + STEP).min(LONGEST_INTERVAL);
                Ok(DeviceProgress::Pending)
            }
            Err(failure) => Err(failure),
        }
    }
}

impl fmt::Debug for DeviceSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("client_id", &self.client_id)
            .field("user_code", &self.user_code)
            .field("verification_uri", &self.verification_uri)
            .finish_non_exhaustive()
    }
}

/// How long to wait between two questions. Zero would be a loop.
fn interval(seconds: Option<u64>) -> Duration {
    let told = seconds.map_or(STEP, Duration::from_secs);
    told.clamp(Duration::from_secs(1), LONGEST_INTERVAL)
}

fn endpoint<'a>(
    http: &'a reqwest::Client,
    base: &'a BaseUrl,
    way: &'a OrgRoute,
    settings: &ClientSettings,
) -> TokenEndpoint<'a> {
    TokenEndpoint { http, base, way, max_attempts: settings.max_attempts, observer: &SilentObserver }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_interval_of_a_server_is_a_loop_or_a_wait_without_end() {
        for (told, seconds) in [(None, 5), (Some(0), 1), (Some(7), 7), (Some(u64::MAX), 60)] {
            assert_eq!(interval(told), Duration::from_secs(seconds), "{told:?}");
        }
    }
}
