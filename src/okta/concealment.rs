//! Takes secrets out of an answer, in whatever part of it they are repeated.

use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::response::RawResponse;

/// What stands where a secret was.
pub const CONCEALED: &str = "(redacted)";

/// Takes what was sent with a sign-in out of the answer that refuses it.
pub(super) fn conceal_sent(answer: &mut RawResponse, sent: &[SecretString]) {
    let concealed = |text: &str| without_secrets(text, sent);
    conceal_body(&mut answer.bytes, &concealed);
    conceal_headers(&mut answer.headers, &concealed);
}

fn without_secrets(text: &str, secrets: &[SecretString]) -> Option<String> {
    let mut concealed: Option<String> = None;
    for secret in secrets.iter().map(ExposeSecret::expose_secret) {
        let now = concealed.as_deref().unwrap_or(text);
        if now.contains(secret) {
            concealed = Some(now.replace(secret, CONCEALED));
        }
    }
    concealed
}

type ConcealSecrets<'a> = &'a dyn Fn(&str) -> Option<String>;

/// JSON may write any character as an escape: then its texts are looked at as they are read.
fn conceal_body(bytes: &mut Vec<u8>, concealed: ConcealSecrets<'_>) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(found) = concealed(&text) {
        *bytes = found.into_bytes();
        return;
    }
    if !text.contains("\\u") {
        return;
    }
    if let Ok(mut value) = serde_json::from_slice::<Value>(bytes)
        && conceal_value(&mut value, concealed)
    {
        *bytes = value.to_string().into_bytes();
    }
}

fn conceal_value(value: &mut Value, concealed: ConcealSecrets<'_>) -> bool {
    match value {
        Value::String(text) => match concealed(text) {
            Some(found) => {
                *text = found;
                true
            }
            None => false,
        },
        Value::Array(items) => items.iter_mut().fold(false, |found, item| conceal_value(item, concealed) | found),
        Value::Object(fields) => {
            fields.values_mut().fold(false, |found, field| conceal_value(field, concealed) | found)
        }
        _ => false,
    }
}

fn conceal_headers(headers: &mut HeaderMap, concealed: ConcealSecrets<'_>) {
    for value in headers.values_mut() {
        let found = value.to_str().ok().and_then(concealed);
        if let Some(found) = found.and_then(|text| HeaderValue::from_str(&text).ok()) {
            *value = found;
        }
    }
}
