//! What may go wrong while an access token is fetched, as facts and with what to do.

use super::signing_algorithm::SigningAlgorithm;

/// Why a private key cannot be used. No variant holds a part of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("the private key is neither PEM (-----BEGIN PRIVATE KEY-----) nor a JWK ({{\"kty\": …}})")]
    Unknown,
    #[error("the private key's PEM is damaged")]
    Pem,
    #[error("the private key's JWK lacks a part, or a part does not fit")]
    Jwk,
    #[error("the private key is encrypted")]
    Encrypted,
    #[error("this is a public key or a certificate, not the private key")]
    Public,
    #[error("the private key is neither RSA (2048 bits or more) nor on the curve P-256, P-384 or P-521")]
    Kind,
    #[error("a key for {key} cannot sign by {asked}")]
    Algorithm { key: SigningAlgorithm, asked: SigningAlgorithm },
    #[error("the private key did not sign")]
    Signature,
}

impl KeyError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Encrypted => {
                "Okta's SDKs take no encrypted key either; decrypt it (openssl pkey -in KEY), and keep it where only you can read it"
            }
            Self::Public => "the app holds the public key; configure the private key that belongs to it",
            Self::Algorithm { .. } => {
                "RSA keys sign by RS256, RS384 or RS512; P-256 by ES256, P-384 by ES384, P-521 by ES512"
            }
            _ => {
                "configure the key that the Admin Console gave when it was made (PEM or JWK), whole, with its line breaks"
            }
        }
    }
}

/// A refusal by the token endpoint or the device endpoint: OAuth's error object, not Okta's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{endpoint} refused the sign-in: {status} {error}{}", .description.as_deref().map(|text| format!(": {text}")).unwrap_or_default())]
pub struct SignInError {
    /// Path of the endpoint, such as `/oauth2/v1/token`.
    pub endpoint: &'static str,
    pub status: u16,
    /// Such as `invalid_client`.
    pub error: String,
    /// Okta's own words.
    pub description: Option<String>,
    /// Header `X-Okta-Request-Id`.
    pub request_id: Option<String>,
    /// Seconds by which this machine's clock is ahead of the org's; known where the answer told its time.
    pub clock_ahead: Option<i64>,
    /// Scopes that were asked for.
    pub scopes: Vec<String>,
}

/// From this difference on, a clock may be what is wrong, in seconds.
const CLOCK_TOLERANCE: i64 = 60;

/// What `invalid_client` stands for, by words of its description in lower case; the first that fits.
const CLIENT_HELP: &[(&[&str], &str)] = &[
    (
        &["audience", "'aud'"],
        "the org's URL must be the one its tokens are issued at: configure the org's own address, not another of its domains",
    ),
    (
        &["already been used"],
        "each request must carry a new assertion; something between here and the org repeats requests",
    ),
    (
        &["kid", "jwk"],
        "the app has no active public key of that id: compare `key_id` (or the JWK's `kid`) with Applications > the app > Public Keys; \
         an app with several keys needs it",
    ),
    (
        &["signature"],
        "the private key does not belong to a public key of the app: compare the key id under Applications > the app > Public Keys, and \
         the client id",
    ),
    (&["not active", "inactive", "deactivated"], "the app is inactive: activate it, Applications > the app > Activate"),
    (&["expir", "'exp'", "'iat'", "future"], "the assertion's time was refused: set this machine's clock right (NTP)"),
];

impl SignInError {
    /// Whether the error has this name.
    pub fn is(&self, error: &str) -> bool {
        self.error == error
    }

    /// Whether nothing was refused: the org is in trouble, or its limit is reached.
    pub fn is_passing(&self) -> bool {
        self.status >= 500 || self.status == 429
    }

    /// What to do about it: by the name of the error, and by words of the description only where that name stands for
    /// several causes (Okta's list of OAuth errors).
    pub fn help(&self) -> String {
        if let Some(ahead) = self.wrong_clock() {
            let side = if ahead > 0 { "ahead of" } else { "behind" };
            return format!(
                "this machine's clock is {} s {side} the org's; set it right (NTP), then try again",
                ahead.abs()
            );
        }
        match (self.status, self.error.as_str()) {
            (429, _) => "the limit of sign-ins is shared by everything that signs in to this org; look at Reports > Rate Limits, and try \
                         again in a minute"
                .to_owned(),
            (500.., _) => {
                "the org or a gateway before it is in trouble; see https://status.okta.com, and try again".to_owned()
            }
            (_, "invalid_client") => self.client_help().to_owned(),
            (_, "invalid_scope") => self.scope_help(),
            (_, "access_denied") => {
                "a policy of the org or the person refused; look at the System Log of the org".to_owned()
            }
            (_, "invalid_dpop_proof" | "use_dpop_nonce") => {
                "the org did not take the proof of possession (DPoP): look at this machine's clock, and whether something between here \
                 and the org changes the URL or repeats requests"
                    .to_owned()
            }
            (_, "unsupported_grant_type" | "unauthorized_client" | "invalid_request") => {
                "the app must be an API Services app whose client authentication is a public key (private_key_jwt), \
                 or for a person a Native app with the grant types Device Authorization and Refresh Token"
                    .to_owned()
            }
            (_, "invalid_grant") => "the sign-in has ended or was revoked; sign in again".to_owned(),
            (_, "expired_token") => "the code expired before it was entered; begin again".to_owned(),
            _ => "look at the System Log of the org, by the request id".to_owned(),
        }
    }

    fn wrong_clock(&self) -> Option<i64> {
        let about_time = matches!(self.error.as_str(), "invalid_client" | "invalid_dpop_proof");
        self.clock_ahead.filter(|ahead| about_time && ahead.abs() > CLOCK_TOLERANCE)
    }

    fn client_help(&self) -> &'static str {
        let words = self.description.as_deref().unwrap_or_default().to_lowercase();
        let advice = CLIENT_HELP.iter().find(|(parts, _)| parts.iter().any(|part| words.contains(part)));
        advice.map_or(
            "check the client id, that the app is active and an API Services app, and that its public key belongs to the private key",
            |(_, advice)| advice,
        )
    }

    fn scope_help(&self) -> String {
        let scopes = match self.scopes.join(", ") {
            none if none.is_empty() => "the scopes".to_owned(),
            scopes => format!("at least one of {scopes}"),
        };
        format!(
            "grant {scopes} to the app (Applications > the app > Okta API Scopes); a scope that Okta does not know is refused too"
        )
    }
}
