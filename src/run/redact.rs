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
        let escaped: Vec<SecretString> = secrets.iter().filter_map(escaped).collect();
        secrets.extend(escaped);
        // One that another one begins with would leave the rest of that.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        Self { secrets }
    }

    pub(super) fn redact(&self, value: &Value) -> Value {
        self.replaced(redact(value))
    }

    /// The same, whatever the fields are called: the run's own secrets alone are taken out.
    pub(super) fn replaced(&self, mut value: Value) -> Value {
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

/// The secret as it stands in JSON that is itself a text, where that differs.
fn escaped(secret: &SecretString) -> Option<SecretString> {
    let text = Value::from(secret.expose_secret()).to_string();
    let inner = text.trim_matches('"');
    (inner != secret.expose_secret()).then(|| inner.into())
}

/// A script's text without the strings that stand in a line after the name of a secret field: authors should not write secrets, and do.
pub fn redact_script(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let lower = line.to_lowercase();
        let secret = SECRET_FIELDS
            .iter()
            .filter(|name| name.len() > 2)
            .filter_map(|name| after_field(&lower, name))
            .min();
        // Lower case may differ in length for letters that no field has: the line is then left out as a whole.
        match secret {
            Some(_) if lower.len() != line.len() => format!("{REDACTED}\n"),
            Some(from) => [&line[..from], &without_strings(&line[from..])].concat(),
            None => line.to_owned(),
        }
    });
    lines.collect()
}

/// Whether nothing was taken out of a script's text.
pub fn is_whole(text: &str) -> bool {
    !text.contains(REDACTED)
}

/// Where a field's value begins: after `name:`, `"name":` or `.name =`.
fn after_field(line: &str, name: &str) -> Option<usize> {
    let at = line.find(name)?;
    let rest = &line[at + name.len()..];
    let sign = rest.find(|c: char| !(c.is_whitespace() || c == '"'))?;
    let begins = rest[sign..].starts_with([':', '=']);
    begins.then_some(at + name.len() + sign + 1)
}

fn without_strings(text: &str) -> String {
    let mut parts = text.split('"');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        kept.push('"');
        kept.push_str(if index % 2 == 0 { REDACTED } else { part });
    }
    kept
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

/// Whether something was left out of a redacted value.
pub(super) fn lacks_something(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(REDACTED),
        Value::Array(items) => items.iter().any(lacks_something),
        Value::Object(fields) => fields.values().any(lacks_something),
        _ => false,
    }
}

/// A redacted value without the fields of which something was left out.
pub(super) fn readable(value: &Value) -> Value {
    let Value::Object(fields) = value else {
        return value.clone();
    };
    let whole = fields
        .iter()
        .filter(|(_, value)| value.is_object() || !lacks_something(value));
    Value::Object(
        whole
            .map(|(name, value)| (name.clone(), readable(value)))
            .collect(),
    )
}

fn field(name: &str, value: &Value) -> Value {
    let secret = SECRET_FIELDS.contains(&name.to_lowercase().as_str());
    let empty = value.is_null()
        || value.is_boolean()
        || value.as_object().is_some_and(serde_json::Map::is_empty);
    if secret && !empty && !is_switch(value) {
        Value::String(REDACTED.to_owned())
    } else {
        redact(value)
    }
}

/// A capability of provisioning that is called `password` and says how passwords are pushed, not one.
fn is_switch(value: &Value) -> bool {
    let says_how = |name: &String| matches!(name.as_str(), "status" | "seed" | "change");
    value
        .as_object()
        .is_some_and(|fields| fields.keys().all(says_how))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strings_after_a_secret_field_are_left_out_of_a_script() {
        let script = "let a = \"kept\";\nu.credentials = #{ password: #{ value: \"x\" }, y: \"z\" };\nm[\"apiKey\"] = 1; // answer\n";
        assert_eq!(
            redact_script(script),
            "let a = \"kept\";\nu.credentials = #{ password: #{ value: \"(redacted)\" }, y: \"(redacted)\" };\nm[\"apiKey\"] = 1; // answer\n"
        );
    }

    #[test]
    fn secrets_are_replaced_at_any_depth_and_nothing_else_is() {
        let body = json!({"profile": {"login": "a@b.c", "securityAnswer": "blue"}, "credentials": {"password": {"value": "x"}, "recovery_question": {"question": "q", "answer": "z"}}, "list": [{"token": "00t"}]});
        let seen = redact(&body);
        assert_eq!(
            seen,
            json!({"profile": {"login": "a@b.c", "securityAnswer": REDACTED}, "credentials": {"password": REDACTED, "recovery_question": {"question": "q", "answer": REDACTED}}, "list": [{"token": REDACTED}]})
        );
        assert!(lacks_something(&seen));
        assert_eq!(
            readable(&seen),
            json!({"profile": {"login": "a@b.c"}, "credentials": {"recovery_question": {"question": "q"}}})
        );
        assert_eq!(
            redact(&json!({"password": {}, "token": null})),
            json!({"password": {}, "token": null})
        );
        let switch = json!({"password": {"status": "ENABLED", "seed": "RANDOM"}});
        assert_eq!(redact(&switch), switch);
    }
}
