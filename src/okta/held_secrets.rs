//! The secrets that a client signs with, kept out of all that an org answers.
//!
//! An org or a gateway may repeat what it was sent, in an error or in a body. What is taken out here, before anybody reads the answer, is in
//! no journal, event, error or report. An access token is added when it is fetched, and stays: an answer may still repeat the former one.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};

use super::auth::OrgCredentials;
use super::concealment::conceal_sent;
use super::proof::ProofKey;
use super::refresh_token::RefreshToken;
use super::response::RawResponse;

/// So short a text would be found everywhere.
const SHORTEST: usize = 4;

/// The secrets that one sign-in has used so far.
#[derive(Default)]
pub(super) struct HeldSecrets(RwLock<Vec<SecretString>>);

impl HeldSecrets {
    pub(super) fn of(credentials: &OrgCredentials) -> Self {
        let held = Self::default();
        match credentials {
            OrgCredentials::Ssws(token) => held.keep(token),
            OrgCredentials::PrivateKeyJwt(app) => held.keep_all(app.key.parts()),
            OrgCredentials::Refresh(person) => {
                held.keep(&person.refresh_token);
                // What cannot be read is refused at the sign-in.
                if let Ok(kept) = RefreshToken::parse(&person.refresh_token) {
                    held.keep(&kept.token);
                    held.keep_all(kept.proof.iter().flat_map(ProofKey::parts));
                }
            }
        }
        held
    }

    pub(super) fn keep_all<'a>(&self, secrets: impl IntoIterator<Item = &'a SecretString>) {
        for secret in secrets {
            self.keep(secret);
        }
    }

    pub(super) fn keep(&self, secret: &SecretString) {
        let text = secret.expose_secret();
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if text.len() >= SHORTEST && all.iter().all(|known| known.expose_secret() != text) {
            all.push(secret.clone());
        }
    }

    pub(super) fn all(&self) -> Vec<SecretString> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the secrets out of body and headers.
    pub(super) fn conceal(&self, answer: &mut RawResponse) {
        conceal_sent(answer, &self.all());
    }
}

impl fmt::Debug for HeldSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldSecrets(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::super::auth::{DpopUse, SignedInPerson};
    use super::super::concealment::CONCEALED;
    use super::*;

    fn answer(body: &str) -> RawResponse {
        let mut headers = HeaderMap::new();
        headers.insert("www-authenticate", HeaderValue::from_static("Bearer error_description=\"bad 00abcSECRET\""));
        RawResponse { status: 400, headers, bytes: body.as_bytes().to_vec() }
    }

    #[test]
    fn what_an_answer_repeats_is_taken_out_of_it() {
        let held = HeldSecrets::of(&OrgCredentials::Ssws("00abcSECRET".into()));
        held.keep(&"eyJaccess".into());
        for body in [
            "<p>Authorization: SSWS 00abcSECRET</p>",
            "{\"errorSummary\": \"bad header SSWS 00abcSECRET, eyJaccess\"}",
            "{\"a\": [{\"b\": \"00abc\\u0053ECRET\"}], \"c\": \"\\u0065yJaccess\"}",
        ] {
            let mut answer = answer(body);
            held.conceal(&mut answer);
            let text = String::from_utf8(answer.bytes).expect("text");
            assert!(text.contains(CONCEALED) && !text.contains("SECRET") && !text.contains("eyJ"), "{text}");
            assert!(!text.contains("\\u00"), "{text}");
            assert!(!format!("{:?}{held:?}", answer.headers).contains("SECRET"));
        }
    }

    #[test]
    fn a_bound_sign_in_is_kept_out_by_its_token_and_by_its_key() {
        let key = ProofKey::generate().expect("a key");
        let kept = format!("{{\"refresh_token\":\"refreshSECRET\",\"proof_key\":\"{}\"}}", key.text().expose_secret());
        let held = HeldSecrets::of(&OrgCredentials::Refresh(Box::new(SignedInPerson {
            client_id: "0oa1".to_owned(),
            refresh_token: kept.into(),
            scopes: Vec::new(),
            dpop: DpopUse::WhenAsked,
            keep: None,
        })));
        let mut texts = vec!["refreshSECRET"];
        texts.extend(key.parts().iter().map(ExposeSecret::expose_secret));
        assert_eq!(texts.len(), 3);
        for text in texts {
            let mut answer = answer(&format!("<p>{text}</p>"));
            held.conceal(&mut answer);
            let body = String::from_utf8(answer.bytes).expect("text");
            assert_eq!(body, "<p>(redacted)</p>");
        }
    }

    #[test]
    fn an_answer_without_secrets_stays_byte_by_byte() {
        let held = HeldSecrets::of(&OrgCredentials::Ssws("00abcSECRET".into()));
        for body in [&b"{\"a\": 1.10, \"b\": \"\\u00e9\"}"[..], b"\xff\xfe"] {
            let mut answer = RawResponse { status: 200, headers: HeaderMap::new(), bytes: body.to_vec() };
            held.conceal(&mut answer);
            assert_eq!(answer.bytes, body);
        }
    }
}
