//! Keeps secrets out of what is written down.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What stands where a secret was.
pub(crate) const REDACTED: &str = "(redacted)";

/// Fields that hold a secret wherever they occur in a request or an answer, in lower case. From Okta's API description: credentials,
/// recovery answers, one-time links and tokens, keys. `token` covers a provisioning connection's API token.
const SECRET_FIELDS: &[&str] = &[
    "password",
    "answer",
    "securityanswer",
    "token",
    "accesstoken",
    "access_token",
    "refreshtoken",
    "refresh_token",
    "id_token",
    "idtoken",
    "client_secret",
    "clientsecret",
    "client_assertion",
    "sharedsecret",
    "secret",
    "privatekey",
    "temppassword",
    "activationtoken",
    "activationurl",
    "resetpasswordurl",
    "resetpasswordtoken",
    "recoverytoken",
    "passcode",
    "statetoken",
    "sessiontoken",
    "apikey",
    "authorization",
    "d",
    "dp",
    "dq",
    "qi",
];

/// Knows the secrets of a run: they are replaced wherever they stand, whatever the field is called.
#[derive(Debug)]
pub(super) struct Redactor {
    secrets: Vec<SecretString>,
}

impl Redactor {
    pub(super) fn new(mut secrets: Vec<SecretString>) -> Self {
        // So short a text would be found everywhere.
        secrets.retain(|secret| secret.expose_secret().len() > 3);
        Self { secrets }
    }

    pub(super) fn redact(&self, value: &Value) -> Value {
        let mut value = redact(value);
        if !self.secrets.is_empty() {
            self.replace(&mut value);
        }
        value
    }

    fn replace(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for secret in self.secrets.iter().map(ExposeSecret::expose_secret) {
                    if text.contains(secret) {
                        *text = text.replace(secret, REDACTED);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.replace(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.replace(field)),
            _ => {}
        }
    }
}

/// A copy of `value` with every secret field's content replaced. An empty object (Okta's "there is a password") stays.
pub(crate) fn redact(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), field(name, value)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(redact).collect()),
        other => other.clone(),
    }
}

fn field(name: &str, value: &Value) -> Value {
    let secret = SECRET_FIELDS.contains(&name.to_lowercase().as_str());
    let empty = value.is_null()
        || value.is_boolean()
        || value.as_object().is_some_and(serde_json::Map::is_empty);
    if secret && !empty {
        Value::String(REDACTED.to_owned())
    } else {
        redact(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_replaced_at_any_depth_and_nothing_else_is() {
        let body = json!({"profile": {"login": "a@b.c", "securityAnswer": "blue"}, "credentials": {"password": {"value": "x"}, "recovery_question": {"question": "q", "answer": "z"}}, "list": [{"token": "00t"}]});
        let seen = redact(&body);
        assert_eq!(
            seen,
            json!({"profile": {"login": "a@b.c", "securityAnswer": REDACTED}, "credentials": {"password": REDACTED, "recovery_question": {"question": "q", "answer": REDACTED}}, "list": [{"token": REDACTED}]})
        );
        assert_eq!(
            redact(&json!({"password": {}, "token": null})),
            json!({"password": {}, "token": null})
        );
    }
}
