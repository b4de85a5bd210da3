//! What a write changed, field by field, from the images before and after.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::evidence::{WriteEvidence, WriteState};
use crate::run::status_after;

/// A field with what it was and what it became, as text; nothing where there was none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Path of the field, such as `profile.name`; `there` for a thing that is or is not.
    pub field: String,
    pub before: String,
    pub after: String,
}

/// Fields that say nothing of what was asked for: links, and times that follow from the write itself.
const SILENT: [&str; 3] = ["_links", "_embedded", "lastUpdated"];

/// What the write changed; of a write that was not answered with success, what it meant to.
pub(super) fn changes(write: &WriteEvidence) -> Vec<FieldChange> {
    let body = write.request.get("body").unwrap_or(&Value::Null);
    let done = matches!(write.state, WriteState::Done | WriteState::Undone);
    let after = if done { &write.after } else { &Value::Null };
    let call = (write.call.operation.as_str(), write.call.method.as_str());
    changes_between(call, &write.before, body, after)
}

/// What a call (operation and method) changes: from the images of before and after, or from what it asks for where there is none of
/// after. A lifecycle call changes a status.
pub(super) fn changes_between(
    (operation, method): (&str, &str),
    before: &Value,
    body: &Value,
    after: &Value,
) -> Vec<FieldChange> {
    if let Value::Bool(was) = *before {
        // An image of whether something is there, such as a membership: the write turns it round.
        return vec![presence_change(was, !was)];
    }
    if method == "DELETE" {
        return match before {
            Value::Null => Vec::new(),
            _ => vec![presence_change(true, false)],
        };
    }
    if is_image(before, after) {
        return compare_images(before, after, MissingField::IsGone);
    }
    match status_after(operation, before) {
        Some(status) => {
            vec![FieldChange { field: "status".to_owned(), before: text(&before["status"]), after: status }]
        }
        None => compare_images(before, body, MissingField::Stays),
    }
}

/// Whether an answer shows the thing of which `before` is the former image. An empty answer shows nothing, and that of a lifecycle call
/// may be something else, such as a link to activate the user.
fn is_image(before: &Value, after: &Value) -> bool {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return false;
    };
    !after.is_empty() && before.get("id") == after.get("id")
}

fn presence_change(before: bool, after: bool) -> FieldChange {
    let words = |is: bool| if is { "yes" } else { "no" }.to_owned();
    FieldChange { field: "there".to_owned(), before: words(before), after: words(after) }
}

/// What it means that a field of the former image is not in the latter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MissingField {
    IsGone,
    Stays,
}

fn compare_images(before: &Value, after: &Value, missing: MissingField) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    walk("", before, after, missing, &mut changes);
    changes
}

fn walk(path: &str, before: &Value, after: &Value, missing: MissingField, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    let empty = Map::new();
    match (before, after) {
        (Value::Object(_), Value::Object(_) | Value::Null) | (Value::Null, Value::Object(_)) => {
            let (old, new) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
            for (name, value) in new.iter().filter(|(name, _)| !is_silent(name)) {
                let was = old.get(name).unwrap_or(&Value::Null);
                walk(&join_path(path, name), was, value, missing, changes);
            }
            let gone = |(name, _): &(&String, &Value)| !new.contains_key(*name) && !is_silent(name);
            for (name, value) in old.iter().filter(gone).filter(|_| missing == MissingField::IsGone) {
                walk(&join_path(path, name), value, &Value::Null, missing, changes);
            }
        }
        _ => changes.push(FieldChange {
            field: if path.is_empty() { "value" } else { path }.to_owned(),
            before: text(before),
            after: text(after),
        }),
    }
}

fn is_silent(name: &str) -> bool {
    SILENT.contains(&name)
}

fn join_path(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::run::event::CallLine;

    fn changed_fields(method: &str, before: Value, body: &Value, after: Value) -> Vec<String> {
        changed_by(("x", method), before, body, after)
    }

    fn changed_by((operation, method): (&str, &str), before: Value, body: &Value, after: Value) -> Vec<String> {
        let write = WriteEvidence {
            time: jiff::Timestamp::UNIX_EPOCH,
            item: None,
            step: None,
            call: CallLine {
                org: "okta".into(),
                operation: operation.into(),
                method: method.into(),
                path: "/x".into(),
                status: None,
                request_id: None,
            },
            state: WriteState::Done,
            message: None,
            before,
            request: json!({ "body": body }),
            after,
            log_event_ids: Vec::new(),
        };
        let line = |change: &FieldChange| format!("{}: {} -> {}", change.field, change.before, change.after);
        changes(&write).iter().map(line).collect()
    }

    #[test]
    fn an_update_shows_the_fields_that_differ() {
        let before =
            json!({"scope": "USER", "profile": {"dn": "a", "cn": "b"}, "gone": 1, "_links": 1, "lastUpdated": 1});
        let after = json!({"scope": "GROUP", "profile": {"dn": "a", "cn": "c"}, "_links": 2, "lastUpdated": 2});
        assert_eq!(
            changed_fields("POST", before, &json!({"scope": "GROUP"}), after),
            ["scope: USER -> GROUP", "profile.cn: b -> c", "gone: 1 -> "]
        );
    }

    #[test]
    fn a_lifecycle_call_changes_the_status_alone() {
        let before = json!({"id": "00u1", "status": "ACTIVE", "profile": {"login": "a"}});
        let rows = [
            ("suspend_user", json!({}), "status: ACTIVE -> SUSPENDED"),
            ("deactivate_user", Value::Null, "status: ACTIVE -> DEPROVISIONED"),
            ("activate_user", json!({"activationToken": "t"}), "status: ACTIVE -> ACTIVE or PROVISIONED"),
        ];
        for (operation, answer, expected) in rows {
            let shown = changed_by((operation, "POST"), before.clone(), &Value::Null, answer);
            assert_eq!(shown, [expected], "{operation}");
        }
    }

    #[test]
    fn an_empty_answer_deletes_nothing() {
        let before = json!({"id": "00u1", "profile": {"login": "a"}});
        let row = |after| changed_fields("POST", before.clone(), &json!({}), after);
        assert!(row(json!({})).is_empty());
        assert!(row(json!({"resetPasswordUrl": "x"})).is_empty());
    }

    #[test]
    fn a_create_shows_what_was_asked_for_and_not_what_the_org_added() {
        let body = json!({"profile": {"name": "AD Users"}});
        let after = json!({"id": "00g1", "profile": {"name": "AD Users"}});
        assert_eq!(changed_fields("POST", Value::Null, &body, after), ["profile.name:  -> AD Users"]);
    }

    #[test]
    fn memberships_and_deletions_are_there_or_not() {
        let row = |method, before| changed_fields(method, before, &Value::Null, Value::Null);
        assert_eq!(row("PUT", json!(false)), ["there: no -> yes"]);
        assert_eq!(row("DELETE", json!(true)), ["there: yes -> no"]);
        assert_eq!(row("DELETE", json!({"id": 1})), ["there: yes -> no"]);
    }

    #[test]
    fn an_answer_without_a_body_is_compared_by_what_was_asked_for() {
        assert_eq!(changed_fields("PUT", json!({"a": 1, "b": 2}), &json!({"a": 3}), Value::Null), ["a: 1 -> 3"]);
    }
}
