//! The secrets that one run knows, by their values: they are replaced wherever they stand, whatever the field is called.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use memchr::memmem::Finder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::redact::{REDACTED, redact};
use crate::okta;

/// Learned secrets are whole words; so short ones, and such as a language has, may be words that mean something else.
const LEAST_LEARNED: usize = 8;

/// All but the unreserved characters (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Knows the secrets of a run.
#[derive(Default)]
pub(super) struct SecretRedactor {
    /// Those it was given: parameters, passwords of directories.
    given: Vec<SecretString>,
    /// Those that its clients sign with, which change while it goes on.
    clients: RwLock<Vec<Arc<okta::OktaClient>>>,
    /// Those that orgs answered with and a script took.
    learned: RwLock<HashSet<Box<str>>>,
}

impl SecretRedactor {
    pub(super) fn new(mut secrets: Vec<SecretString>) -> Self {
        // So short a text would be found everywhere.
        secrets.retain(|secret| secret.expose_secret().len() > 3);
        let written: Vec<SecretString> =
            secrets.iter().flat_map(|secret| [escape_secret(secret), encode_secret(secret)]).flatten().collect();
        secrets.extend(written);
        // One that another one begins with would leave the rest of that.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self { given: secrets, ..Self::default() }
    }

    /// Keeps out what a client signs with, now and later.
    pub(super) fn know_client(&self, client: &Arc<okta::OktaClient>) {
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.push(Arc::clone(client));
    }

    /// Keeps out a secret that an org answered with.
    pub(super) fn learn(&self, secret: &str) {
        let is_telling = secret.len() >= LEAST_LEARNED && !is_like_a_word(secret);
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        if is_telling && !learned.contains(secret) {
            learned.insert(secret.into());
        }
    }

    /// Keeps out a text of which it is known that it is a secret, be it a word.
    pub(super) fn hold(&self, secret: &str) {
        if secret.len() >= LEAST_LEARNED {
            let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
            learned.insert(secret.into());
        }
    }

    pub(super) fn redact(&self, value: &Value) -> Value {
        self.replaced(redact(value))
    }

    /// The same, whatever the fields are called: the run's own secrets alone are taken out.
    pub(super) fn replaced(&self, mut value: Value) -> Value {
        self.known(|known| known.replace(&mut value));
        value
    }

    /// The text without the run's own secrets.
    pub(super) fn concealed(&self, text: &str) -> String {
        self.known(|known| known.concealed(text)).unwrap_or_else(|| text.to_owned())
    }

    /// What is known at this moment: an access token may have been added since the last.
    fn known<T>(&self, work: impl FnOnce(&KnownSecrets<'_>) -> T) -> T {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        let held: Vec<SecretString> = clients.iter().flat_map(|client| client.secrets()).collect();
        let secrets = self.given.iter().chain(&held).map(SecretString::expose_secret);
        work(&KnownSecrets {
            searched: secrets.map(|secret| (secret, Finder::new(secret))).collect(),
            learned: &self.learned.read().unwrap_or_else(PoisonError::into_inner),
        })
    }
}

/// Whether a text may be a word of a language: no digit, and no capital after a small letter. A temporary password of eight characters
/// drawn by chance is that hardly ever, and lacks a digit often.
fn is_like_a_word(text: &str) -> bool {
    let mut after_small = false;
    !text.chars().any(|c| {
        let is_odd = c.is_ascii_digit() || (after_small && c.is_uppercase());
        after_small = c.is_lowercase();
        is_odd
    })
}

/// The secrets that are looked for in one value.
struct KnownSecrets<'a> {
    /// Each with what finds it: to search for a long text is prepared once for all texts of the value.
    searched: Vec<(&'a str, Finder<'a>)>,
    learned: &'a HashSet<Box<str>>,
}

impl KnownSecrets<'_> {
    fn replace(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(concealed) = self.concealed(text) {
                    *text = concealed;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.replace(field)),
            _ => {}
        }
    }

    /// `None` where it holds none.
    fn concealed(&self, text: &str) -> Option<String> {
        let mut concealed: Option<String> = None;
        for (secret, finder) in &self.searched {
            let now = concealed.as_deref().unwrap_or(text);
            if finder.find(now.as_bytes()).is_some() {
                concealed = Some(now.replace(secret, REDACTED));
            }
        }
        self.without_learned(concealed.as_deref().unwrap_or(text)).or(concealed)
    }

    /// There may be as many as an org's answers have: each word is looked up, instead of each secret being searched for.
    fn without_learned(&self, text: &str) -> Option<String> {
        if self.learned.is_empty() || text.len() < LEAST_LEARNED {
            return None;
        }
        if self.learned.contains(text) {
            return Some(REDACTED.to_owned());
        }
        let mut found: Vec<&str> = words(text).filter(|word| self.learned.contains(*word)).collect();
        found.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let mut concealed: Option<String> = None;
        for word in found {
            let now = concealed.as_deref().unwrap_or(text);
            concealed = Some(now.replace(word, REDACTED));
        }
        concealed
    }
}

/// Words as tokens and as addresses have them, also in JSON and at the end of a sentence.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| c.is_whitespace() || "\"'`()[]{}<>,;=\\".contains(c);
    let addresses = text.split(is_end);
    let tokens = text.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
    addresses.flat_map(|word| [word, word.trim_end_matches(['.', ':', '!', '?'])]).chain(tokens)
}

impl fmt::Debug for SecretRedactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(redacted)")
    }
}

/// The secret as it stands in JSON that is itself a text, where that differs.
fn escape_secret(secret: &SecretString) -> Option<SecretString> {
    let text = Value::from(secret.expose_secret()).to_string();
    let inner = text.trim_matches('"');
    (inner != secret.expose_secret()).then(|| inner.into())
}

/// The secret as it stands in an address or a form, where that differs.
fn encode_secret(secret: &SecretString) -> Option<SecretString> {
    let encoded = utf8_percent_encode(secret.expose_secret(), ENCODED).to_string();
    (encoded != secret.expose_secret()).then(|| encoded.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_org_answered_with_is_replaced_as_a_word() {
        let redactor = SecretRedactor::new(vec!["given".into()]);
        for secret in ["aB3-x9_Q", "https://acme/welcome/aB3", "short1", "Springfield", "HrxKgbqZ"] {
            redactor.learn(secret);
        }
        for (text, expected) in [
            ("aB3-x9_Q", "(redacted)"),
            ("token: aB3-x9_Q.", "token: (redacted)."),
            ("{\"t\":\"aB3-x9_Q\"}", "{\"t\":\"(redacted)\"}"),
            ("it is HrxKgbqZ.", "it is (redacted)."),
            ("go to https://acme/welcome/aB3!", "go to (redacted)!"),
            ("a given word", "a (redacted) word"),
        ] {
            assert_eq!(redactor.concealed(text), expected, "{text}");
        }
        for text in ["short1", "Springfield", "aB3-x9_Qx"] {
            assert_eq!(redactor.concealed(text), text, "{text}");
        }
        assert_eq!(redactor.replaced(json!(["aB3-x9_Q", 1])), json!(["(redacted)", 1]));
    }

    #[test]
    fn a_secret_is_replaced_as_json_and_addresses_spell_it() {
        let redactor = SecretRedactor::new(vec!["pä\"s s/1".into()]);
        for text in ["it is pä\"s s/1", "{\"p\":\"pä\\\"s s/1\"}", "?p=p%C3%A4%22s%20s%2F1&x"] {
            let concealed = redactor.concealed(text);
            assert!(
                concealed.contains("(redacted)") && !concealed.contains("s/1") && !concealed.contains("2F1"),
                "{concealed}"
            );
        }
    }
}
