//! Nothing leaves that only stands in the place of a secret: a value that the journal does not hold, or that a text was made from.

use serde_json::Value;

use super::call::ApiCall;
use super::error::CallError;
use super::redact::{REDACTED, holds_mark};

/// Refuses a call whose path, query or body holds such a mark, however it came there: nothing is sent, and the field is named.
pub(super) fn check(call: &ApiCall) -> Result<(), CallError> {
    match marked_place(call) {
        Some(field) => Err(CallError::Usage(format!(
            "{}: `{field}` holds the mark that stands in the place of a secret ({REDACTED} or •••), and was not sent\n\
             A secret cannot be put into a text, and one that an org answered with is not kept in the journal: give it as a value of its \
             own, as a parameter of type \"secret\", or have the org make it again. Write a text that really says this in other words.",
            call.name()
        ))),
        None => Ok(()),
    }
}

/// Where the mark stands.
fn marked_place(call: &ApiCall) -> Option<String> {
    let argument = call.arguments.iter().find(|text| holds_mark(text));
    let query = call.query.iter().find(|(name, text)| holds_mark(name) || holds_mark(text));
    let path = percent_encoding::percent_decode_str(&call.path).decode_utf8_lossy();
    argument
        .map(|_| "the path".to_owned())
        .or_else(|| holds_mark(&path).then(|| "the path".to_owned()))
        .or_else(|| query.map(|(name, _)| name.clone()))
        .or_else(|| call.body.as_ref().and_then(|body| in_body("", body)))
}

fn in_body(at: &str, value: &Value) -> Option<String> {
    let whole = || {
        if at.is_empty() { "the body".to_owned() } else { at.to_owned() }
    };
    match value {
        Value::String(text) => holds_mark(text).then(whole),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| in_body(&format!("{at}[{index}]"), item))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            if holds_mark(name) {
                return Some(whole());
            }
            let dot = if at.is_empty() { "" } else { "." };
            in_body(&format!("{at}{dot}{name}"), field)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal_words(call: &ApiCall) -> Option<String> {
        check(call).err().map(|error| error.to_string())
    }

    #[test]
    fn the_mark_is_found_wherever_it_stands_and_named() {
        let call = || ApiCall::operation("okta", "update_user", &["00u1"]).expect("a call");
        for (call, field) in [
            (call().body(Some(json!({"profile": {"nick": ["a", "x (redacted) y"]}}))), "`profile.nick[1]`"),
            (call().body(Some(json!({"profile": {"•••": 1}}))), "`profile`"),
            (call().body(Some(json!("•••"))), "`the body`"),
            (call().query("strict", "(redacted)"), "`strict`"),
            (ApiCall::operation("okta", "get_user", &["•••"]).expect("a call"), "`the path`"),
        ] {
            let message = refusal_words(&call).expect("a refusal");
            assert!(message.starts_with("update_user: ") || message.starts_with("get_user: "), "{message}");
            assert!(message.contains(field), "{message}");
        }
        assert_eq!(refusal_words(&call().body(Some(json!({"profile": {"nick": "redacted"}})))), None);
    }
}
