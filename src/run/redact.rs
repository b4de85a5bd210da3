//! Keeps secrets out of what is written down.

use serde_json::Value;

use super::secret_fields::{FieldPlace, has_secret_shape};
use crate::okta;

/// What stands where a secret was.
pub(crate) const REDACTED: &str = okta::CONCEALED;

/// What a script shows in the place of a secret that it holds.
pub(crate) const HIDDEN: &str = "•••";

/// Whether a text holds what only stands in the place of a secret.
pub(crate) fn holds_mark(text: &str) -> bool {
    text.contains(REDACTED) || text.contains(HIDDEN)
}

/// A copy of `value` with every secret's content replaced. An empty object (Okta's "there is a password") stays.
pub(crate) fn redact(value: &Value) -> Value {
    redact_within("", value)
}

/// `within` is the name of the field that holds the value, or the list that the value is in.
fn redact_within(within: &str, value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(name, value)| {
                    let place = FieldPlace { within, object, name };
                    let value = if place.is_secret(value) { mask_value(value) } else { redact_within(name, value) };
                    (name.clone(), value)
                })
                .collect(),
        ),
        Value::Array(items) => items.iter().map(|item| redact_within(within, item)).collect(),
        Value::String(text) if has_secret_shape(text) => REDACTED.into(),
        other => other.clone(),
    }
}

/// A list keeps its length, so that its items can be told apart.
fn mask_value(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(mask_value).collect(),
        Value::Null => Value::Null,
        _ => REDACTED.into(),
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
    let whole = fields.iter().filter(|(_, value)| value.is_object() || !lacks_something(value));
    Value::Object(whole.map(|(name, value)| (name.clone(), readable(value))).collect())
}

/// A recorded value with what it lacks taken from the same thing as it was read again: only where all that is recorded beside the secret
/// is still so. `seen` is what is read now, `written` the same as it would be recorded.
pub(super) fn restore_secrets(recorded: &Value, seen: &Value, written: &Value) -> Value {
    if recorded == written {
        return seen.clone();
    }
    match (recorded, seen, written) {
        // Another thing's secret is not this one's.
        (Value::Object(fields), Value::Object(_), Value::Object(written))
            if fields.get("id").is_some_and(|id| written.get("id") != Some(id)) =>
        {
            recorded.clone()
        }
        (Value::Object(fields), Value::Object(seen), Value::Object(written)) => fields
            .iter()
            .map(|(name, field)| {
                let now = seen.get(name).zip(written.get(name));
                let field = now.map_or_else(|| field.clone(), |(seen, written)| restore_secrets(field, seen, written));
                (name.clone(), field)
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        (Value::Array(items), Value::Array(seen), Value::Array(written)) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let at = same_item(item, index, written);
                let now = at.and_then(|at| seen.get(at).zip(written.get(at)));
                now.map_or_else(|| item.clone(), |(seen, written)| restore_secrets(item, seen, written))
            })
            .collect(),
        _ => recorded.clone(),
    }
}

/// Place of the item that is the same thing: by its id, else by its place where nothing has one.
fn same_item(item: &Value, index: usize, written: &[Value]) -> Option<usize> {
    let id = &item["id"];
    if id.is_null() {
        return Some(index);
    }
    written.iter().position(|other| other["id"] == *id)
}

/// Whether a recorded question is the one that is asked: a secret that was left out of the record may be any.
pub(super) fn is_same_question(recorded: &Value, asked: &Value) -> bool {
    match (recorded, asked) {
        (Value::String(recorded), Value::String(asked)) => fits(recorded, asked),
        (Value::String(recorded), _) => recorded == REDACTED && !asked.is_null(),
        (Value::Object(recorded), Value::Object(asked)) => {
            let same =
                |(name, value): (&String, &Value)| asked.get(name).is_some_and(|asked| is_same_question(value, asked));
            recorded.len() == asked.len() && recorded.iter().all(same)
        }
        (Value::Array(recorded), Value::Array(asked)) => {
            let mut pairs = recorded.iter().zip(asked);
            recorded.len() == asked.len() && pairs.all(|(one, other)| is_same_question(one, other))
        }
        _ => recorded == asked,
    }
}

/// Whether a text is what a recorded one was before parts of it were left out.
fn fits(recorded: &str, text: &str) -> bool {
    let mut parts = recorded.split(REDACTED);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
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
        assert!(lacks_something(&seen));
        assert_eq!(
            readable(&seen),
            json!({"profile": {"login": "a@b.c"}, "credentials": {"recovery_question": {"question": "q"}}})
        );
        assert_eq!(redact(&json!({"password": {}, "token": null})), json!({"password": {}, "token": null}));
        let switch = json!({"password": {"status": "ENABLED", "seed": "RANDOM"}});
        assert_eq!(redact(&switch), switch);
    }

    #[test]
    fn what_is_missing_is_taken_from_what_is_read_again() {
        let was = json!({"id": "0oa1", "label": "A", "credentials": {"oauthClient": {"client_secret": REDACTED}}, "keys": [{"id": "k2", "secret": REDACTED}, {"id": "k1", "secret": REDACTED}]});
        let now = json!({"id": "0oa1", "label": "B", "credentials": {"oauthClient": {"client_secret": "s1"}}, "keys": [{"id": "k1", "secret": "s2"}]});
        assert_eq!(
            restore_secrets(&was, &now, &redact(&now)),
            json!({"id": "0oa1", "label": "A", "credentials": {"oauthClient": {"client_secret": "s1"}}, "keys": [{"id": "k2", "secret": REDACTED}, {"id": "k1", "secret": "s2"}]})
        );
        let other = json!({"description": "a (redacted) b"});
        let changed = json!({"description": "nothing"});
        assert_eq!(restore_secrets(&other, &changed, &changed), other);
    }

    #[test]
    fn a_question_is_the_same_whatever_secret_it_had() {
        let recorded = json!({"path": "/a", "body": {"token": REDACTED, "note": "x (redacted) y", "n": [1]}});
        let with = |token: Value, note: &str| json!({"path": "/a", "body": {"token": token, "note": note, "n": [1]}});
        for same in [with("t".into(), "x 00 y"), with(REDACTED.into(), "x (redacted) y"), with(json!({"a": 1}), "x  y")]
        {
            assert!(is_same_question(&recorded, &same), "{same}");
        }
        for other in
            [with(Value::Null, "x 00 y"), with("t".into(), "x 00 z"), with("t".into(), "z 00 y"), json!({"path": "/a"})]
        {
            assert!(!is_same_question(&recorded, &other), "{other}");
        }
        assert!(!is_same_question(&json!("x"), &json!("xy")));
    }
}
