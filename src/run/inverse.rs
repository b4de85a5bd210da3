//! How each write is taken back: from its request, what was there before, and its answer.

use serde_json::{Map, Value, json};

use super::call::{ApiCall, CallAction};
use super::operation_semantics::{self, PreRead};
use crate::okta::operations;
use crate::okta::{ApiOperation, HttpMethod};

/// What takes a write back.
#[derive(Clone, Debug)]
pub enum WriteInverse {
    /// These calls, in order.
    Calls(Vec<ApiCall>),
    /// The deletion of what the run made before, and this was done to.
    Deletion,
    /// Nothing does, and why.
    None(&'static str),
}

const LOST: &str = "what was deleted cannot be brought back";
const SENT: &str = "what was sent, or told by mail, cannot be taken back";
const SECRET: &str = "the secret that was there before is not known";
const UNKNOWN: &str = "it is not known what takes this operation back";

/// How operations of one name pair off with those of another that take the same path arguments.
const PAIRS: &[(&str, &str)] = &[
    ("assign_user_to_group", "unassign_user_from_group"),
    ("suspend_user", "unsuspend_user"),
    ("activate_application", "deactivate_application"),
    ("activate_group_rule", "deactivate_group_rule"),
    (
        "activate_default_provisioning_connection_for_application",
        "deactivate_default_provisioning_connection_for_application",
    ),
];

/// Operations that nothing takes back, and why.
const NONE: &[(&str, &str)] = &[
    ("deactivate_user", "deactivating removed the user's app assignments and their data"),
    ("activate_user", SENT),
    ("reactivate_user", SENT),
    ("reset_password", SENT),
    ("expire_password", "the user's password is expired"),
];

/// What undoing a write does, in words, as far as the operation alone tells: the calls that take it back, by whether something was there
/// before, or why nothing does.
pub fn undo_words(operation: &'static ApiOperation) -> String {
    let arguments: Vec<&str> = operation.path_parameters().iter().map(|_| "x").collect();
    let Ok(call) = ApiCall::operation("", operation.name, &arguments) else {
        return UNKNOWN.to_owned();
    };
    let call = call.body(Some(json!({})));
    let thing = json!({ "id": "x", "status": "ACTIVE", "profile": {} });
    let mut words: Vec<String> = Vec::new();
    for before in [&Value::Null, &thing] {
        let said = match inverse(&call, before, &thing) {
            WriteInverse::Calls(calls) if calls.is_empty() => continue,
            WriteInverse::Calls(calls) => calls.iter().map(ApiCall::name).collect::<Vec<_>>().join(", then "),
            WriteInverse::Deletion => continue,
            WriteInverse::None(why) => why.to_owned(),
        };
        if !words.contains(&said) {
            words.push(said);
        }
    }
    if words.len() > 1 {
        words.retain(|said| said != UNKNOWN);
    }
    words.join("; or ")
}

/// What takes back `call`, before which `before` was there and which was answered with `answer`.
pub(super) fn inverse(call: &ApiCall, before: &Value, answer: &Value) -> WriteInverse {
    let CallAction::Operation(operation) = call.action else {
        return WriteInverse::None(UNKNOWN);
    };
    if let Some((_, why)) = NONE.iter().find(|(name, _)| *name == operation.name) {
        return WriteInverse::None(why);
    }
    if let Some(other) = paired_operation(operation.name) {
        return same_path(call, other, None);
    }
    match operation.name {
        "assign_group_to_application" if !before.is_null() => {
            same_path(call, operation.name, Some(pick_fields(before, &["priority", "profile"])))
        }
        "assign_group_to_application" => same_path(call, "unassign_application_from_group", None),
        "unassign_application_from_group" => {
            same_path(call, "assign_group_to_application", Some(pick_fields(before, &["priority", "profile"])))
        }
        "assign_user_to_application" if !before.is_null() => WriteInverse::None(UNKNOWN),
        "assign_user_to_application" => {
            let user = answer["id"].as_str().unwrap_or_default();
            inverse_call(call, "unassign_user_from_application", &[&call.arguments[0], user], None)
        }
        "update_default_provisioning_connection_for_application" => disconnect_again(call, before),
        "update_feature_for_application" if before.is_object() => {
            same_path(call, operation.name, Some(before["capabilities"].clone()))
        }
        "create_group_push_mapping" => push_again(call, before, answer),
        "create_user" => user_again(call, answer),
        "create_application" => app_again(call, answer),
        "update_group_assignment_to_application" => patched_back(call, before),
        _ => by_shape(call, operation, before, answer),
    }
}

fn paired_operation(name: &str) -> Option<&'static str> {
    PAIRS.iter().find_map(|(one, other)| match name {
        _ if name == *one => Some(*other),
        _ if name == *other => Some(*one),
        _ => None,
    })
}

/// REST's own meaning, where the table of looks says what there was to see.
fn by_shape(call: &ApiCall, operation: &'static ApiOperation, before: &Value, answer: &Value) -> WriteInverse {
    match (operation.method, operation_semantics::look(call)) {
        (HttpMethod::Post, PreRead::Natural(_) | PreRead::Never) => delete_created(call, operation, answer),
        (HttpMethod::Delete, _) => WriteInverse::None(LOST),
        (_, PreRead::Partial(_)) if before.is_object() => restore_update(call, before),
        (HttpMethod::Put, PreRead::Whole(_)) if before.is_object() => {
            same_path(call, operation.name, Some(operation_semantics::without_kept(before)))
        }
        (HttpMethod::Put, PreRead::Present(_) | PreRead::Whole(_)) if before.is_null() => taken_away(call, operation),
        _ => WriteInverse::None(UNKNOWN),
    }
}

fn inverse_call(call: &ApiCall, name: &str, arguments: &[&str], body: Option<Value>) -> WriteInverse {
    match ApiCall::operation(&call.org, name, arguments) {
        Ok(inverse) => WriteInverse::Calls(vec![inverse.body(body)]),
        Err(_) => WriteInverse::None(UNKNOWN),
    }
}

fn same_path(call: &ApiCall, name: &str, body: Option<Value>) -> WriteInverse {
    let arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
    inverse_call(call, name, &arguments, body)
}

fn pick_fields(before: &Value, fields: &[&str]) -> Value {
    let found = fields.iter().map(|name| ((*name).to_owned(), before[*name].clone()));
    found.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
}

/// What a partial update set, as it was before; what was not there becomes null.
fn restore_update(call: &ApiCall, before: &Value) -> WriteInverse {
    let body = call.body.clone().unwrap_or_default();
    let back = as_before(&body, before);
    if super::redact::lacks_something(&back) {
        return WriteInverse::None(SECRET);
    }
    let CallAction::Operation(operation) = call.action else {
        return WriteInverse::None(UNKNOWN);
    };
    same_path(call, operation.name, Some(back))
}

fn as_before(set: &Value, before: &Value) -> Value {
    match (set, before) {
        (Value::Object(set), Value::Object(before)) => {
            let back = set.iter().map(|(name, value)| {
                let was = before.get(name).unwrap_or(&Value::Null);
                (name.clone(), as_before(value, was))
            });
            Value::Object(back.collect())
        }
        (_, before) => before.clone(),
    }
}

/// What a create made is deleted by the id of its answer.
fn delete_created(call: &ApiCall, operation: &ApiOperation, answer: &Value) -> WriteInverse {
    let (Some(delete), Some(id)) = (deleter_below(operation.path), answer["id"].as_str()) else {
        return WriteInverse::None(UNKNOWN);
    };
    let mut arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
    arguments.push(id);
    inverse_call(call, delete, &arguments, None)
}

/// What a PUT put where nothing was.
fn taken_away(call: &ApiCall, operation: &ApiOperation) -> WriteInverse {
    let delete = operations::all().iter().find(|o| o.method == HttpMethod::Delete && o.path == operation.path);
    delete.map_or(WriteInverse::None(UNKNOWN), |delete| same_path(call, delete.name, None))
}

fn deleter_below(path: &str) -> Option<&'static str> {
    let below = |of: &str| of.strip_prefix(path).is_some_and(|rest| rest.starts_with("/{") && !rest[1..].contains('/'));
    operations::all().iter().find(|o| o.method == HttpMethod::Delete && below(o.path)).map(|o| o.name)
}

/// A user is deactivated by the first DELETE and deleted by the second (Okta's API description).
fn user_again(call: &ApiCall, answer: &Value) -> WriteInverse {
    let id = answer["id"].as_str().unwrap_or_default();
    in_order(call, &[("deactivate_user", id), ("delete_user", id)])
}

/// An active app cannot be deleted.
fn app_again(call: &ApiCall, answer: &Value) -> WriteInverse {
    let id = answer["id"].as_str().unwrap_or_default();
    in_order(call, &[("deactivate_application", id), ("delete_application", id)])
}

/// A connection that was off is switched off again: whatever credentials it had had no effect. Another token than the present one is not
/// known, while a service app is named openly.
fn disconnect_again(call: &ApiCall, before: &Value) -> WriteInverse {
    if before["status"] != "ENABLED" {
        let off = "deactivate_default_provisioning_connection_for_application";
        return same_path(call, off, None);
    }
    if before["authScheme"] == "OAUTH2" {
        let body = pick_fields(before, &["baseUrl", "profile"]);
        let WriteInverse::Calls(calls) = same_path(call, call.name().as_str(), Some(body)) else {
            return WriteInverse::None(UNKNOWN);
        };
        return WriteInverse::Calls(calls.into_iter().map(|it| it.query("activate", "true")).collect());
    }
    WriteInverse::None(SECRET)
}

/// A push is deactivated before it is deleted. A target that was named, not chosen among those that exist, was made for the push, and goes
/// with it.
fn push_again(call: &ApiCall, before: &Value, answer: &Value) -> WriteInverse {
    let (Some(app), Some(id), true) = (call.arguments.first(), answer["id"].as_str(), before.is_null()) else {
        return WriteInverse::None(UNKNOWN);
    };
    let body = call.body.as_ref().unwrap_or(&Value::Null);
    let with_target = !body["targetGroupName"].is_null();
    let off = ApiCall::operation(&call.org, "update_group_push_mapping", &[app, id]);
    let delete = ApiCall::operation(&call.org, "delete_group_push_mapping", &[app, id]);
    match (off, delete) {
        (Ok(off), Ok(delete)) => WriteInverse::Calls(vec![
            off.body(Some(json!({"status": "INACTIVE"}))),
            delete.query("deleteTargetGroup", with_target.to_string()),
        ]),
        _ => WriteInverse::None(UNKNOWN),
    }
}

fn in_order(call: &ApiCall, steps: &[(&str, &str)]) -> WriteInverse {
    let calls = steps.iter().map(|(name, id)| ApiCall::operation(&call.org, name, &[id]));
    calls.collect::<Result<_, _>>().map_or(WriteInverse::None(UNKNOWN), WriteInverse::Calls)
}

fn patched_back(call: &ApiCall, before: &Value) -> WriteInverse {
    let steps = call.body.as_ref().and_then(Value::as_array);
    let back = steps.into_iter().flatten().rev().map(|step| {
        let path = step["path"].as_str()?;
        Some(match before.pointer(path) {
            Some(value) => json!({ "op": "replace", "path": path, "value": value }),
            None => json!({ "op": "remove", "path": path }),
        })
    });
    match back.collect::<Option<Vec<_>>>() {
        Some(back) => same_path(call, "update_group_assignment_to_application", Some(back.into())),
        None => WriteInverse::None(UNKNOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, arguments: &[&str], body: Value) -> ApiCall {
        ApiCall::operation("okta", name, arguments).expect(name).body(Some(body).filter(|body| !body.is_null()))
    }

    fn show_inverse(inverse: &WriteInverse) -> Vec<String> {
        match inverse {
            WriteInverse::Calls(calls) => calls
                .iter()
                .map(|call| {
                    format!("{} {} {}", call.name(), call.arguments.join(" "), call.body.clone().unwrap_or_default())
                })
                .collect(),
            WriteInverse::Deletion => Vec::new(),
            WriteInverse::None(why) => vec![(*why).to_owned()],
        }
    }

    #[test]
    fn every_operation_named_here_is_in_the_table_of_operations() {
        let pairs = PAIRS.iter().flat_map(|(one, other)| [*one, *other]);
        for name in pairs.chain(NONE.iter().map(|(name, _)| *name)) {
            assert!(operations::find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn writes_are_taken_back_to_what_was_before() {
        let rows = [
            (
                call("assign_user_to_group", &["g", "u"], Value::Null),
                json!(false),
                Value::Null,
                "unassign_user_from_group g u null",
            ),
            (
                call("add_group", &[], json!({"profile": {"name": "x"}})),
                Value::Null,
                json!({"id": "00g1"}),
                "delete_group 00g1 null",
            ),
            (
                call("update_application_user", &["a", "u"], json!({"scope": "GROUP"})),
                json!({"id": "u", "scope": "USER", "profile": {"dn": "x"}}),
                json!({"scope": "GROUP"}),
                r#"update_application_user a u {"scope":"USER"}"#,
            ),
            (
                call("assign_group_to_application", &["a", "g"], json!({"priority": 1})),
                Value::Null,
                json!({"priority": 1}),
                "unassign_application_from_group a g null",
            ),
            (
                call("update_user", &["u"], json!({"profile": {"title": "b", "nickName": "c"}})),
                json!({"profile": {"title": "a", "login": "l"}}),
                Value::Null,
                r#"update_user u {"profile":{"title":"a","nickName":null}}"#,
            ),
            (
                call("replace_group", &["g"], json!({"profile": {"name": "b"}})),
                json!({"id": "g", "type": "OKTA_GROUP", "profile": {"name": "a", "description": "d"}}),
                Value::Null,
                r#"replace_group g {"profile":{"name":"a","description":"d"}}"#,
            ),
            (call("delete_group", &["g"], Value::Null), json!({"id": "g"}), Value::Null, LOST),
            (
                call(
                    "update_group_assignment_to_application",
                    &["a", "g"],
                    json!([{"op": "replace", "path": "/profile/x", "value": 2}]),
                ),
                json!({"profile": {"x": 1}}),
                Value::Null,
                r#"update_group_assignment_to_application a g [{"op":"replace","path":"/profile/x","value":1}]"#,
            ),
        ];
        for (call, before, answer, expected) in rows {
            assert_eq!(show_inverse(&inverse(&call, &before, &answer)), [expected], "{}", call.name());
        }
    }

    #[test]
    fn a_secret_is_not_written_back() {
        let call = call("update_user", &["u"], json!({"credentials": {"password": {"value": "x"}}}));
        let before = json!({"credentials": {"password": {"value": super::super::redact::REDACTED}}});
        assert_eq!(show_inverse(&inverse(&call, &before, &Value::Null)), [SECRET]);
    }
}
