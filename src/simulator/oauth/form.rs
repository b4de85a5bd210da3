//! What is asked of a posted form, and OAuth's error object.

use serde_json::json;

use super::super::http::{ApiAnswer, ApiReply, PostedForm};

/// Why no token is given: OAuth's error object, which is not Okta's.
#[derive(Clone, Debug)]
pub(super) struct TokenDenial {
    status: u16,
    error: &'static str,
    description: String,
    nonce: Option<String>,
}

impl PostedForm {
    /// A field that is there and not empty, or `invalid_request`.
    pub(super) fn required(&self, name: &str) -> Result<&str, TokenDenial> {
        let missing = || TokenDenial::new("invalid_request", format!("The '{name}' parameter is missing."));
        self.field(name).ok_or_else(missing)
    }
}

impl TokenDenial {
    /// 401 for `invalid_client`, 400 for all others (Okta's list of OAuth errors).
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status: if error == "invalid_client" { 401 } else { 400 },
            error,
            description: description.into(),
            nonce: None,
        }
    }

    /// Hands out a nonce with the refusal.
    pub(super) fn with_nonce(mut self, nonce: String) -> Self {
        self.nonce = Some(nonce);
        self
    }

    pub(super) fn reply(self) -> ApiReply {
        let body = json!({"error": self.error, "error_description": self.description});
        let mut answer = ApiAnswer::with_status(self.status, body)?;
        answer.headers.extend(self.nonce.map(|nonce| ("dpop-nonce", nonce)));
        Ok(answer)
    }
}
