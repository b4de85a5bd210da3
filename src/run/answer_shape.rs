//! Whether an answer of success is what its call is answered with, by the table of operations and by what the call itself says.
//!
//! A gateway may answer with its own page, another call's answer, or an error under a status of success. Nothing of that may be taken
//! for the thing that was asked for.

use serde_json::Value;

use super::call::{ApiCall, CallAction};
use super::operation_semantics::{self, NaturalKey, PreRead};
use crate::okta::operations::ResultKind;
use crate::okta::{self, ApiResponse};

/// The answer, or what is wrong with it. `host` is whom the message names.
pub(super) fn check_answer(
    call: &ApiCall,
    host: &str,
    mut response: ApiResponse,
) -> Result<ApiResponse, okta::OktaError> {
    let wrong = |expected: &'static str, found: String| okta::OktaError::WrongBody {
        status: response.status,
        host: host.to_owned(),
        expected,
        found,
    };
    if let Some(code) = response.body["errorCode"].as_str() {
        return Err(wrong("an answer", format!("the error {code}")));
    }
    let CallAction::Operation(operation) = call.action else {
        return Ok(response);
    };
    let is_empty_list =
        operation.result == ResultKind::Array && response.status == 204 && operation.status.contains(&204);
    if is_empty_list && response.body.is_null() {
        response.body = Value::Array(Vec::new());
    }
    if let Some(expected) = missing(operation.result, &response.body) {
        return Err(wrong(expected, kind_of(&response.body).to_owned()));
    }
    if lacks_its_name(call, &response.body) {
        return Err(wrong("what was created", "an object without the name by which it is known".to_owned()));
    }
    if is_of_another(call, &response.body) {
        return Err(wrong("what the call named", "something of another name or id".to_owned()));
    }
    Ok(response)
}

/// What should be there instead of `body`, if anything. Where nothing is due, more is no harm.
fn missing(kind: ResultKind, body: &Value) -> Option<&'static str> {
    let (fits, expected) = match kind {
        ResultKind::Array => (body.is_array(), "a list"),
        ResultKind::Object => (body.is_object(), "an object"),
        ResultKind::ObjectOrNothing => (body.is_object() || body.is_null(), "an object or an empty body"),
        ResultKind::Any => (body.is_object() || body.is_array(), "an object or a list"),
        ResultKind::Nothing => (true, "an empty body"),
    };
    (!fits).then_some(expected)
}

fn kind_of(body: &Value) -> &'static str {
    match body {
        Value::Null => "an empty body",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whether a create that is known by a natural key is answered with something that has neither an id nor what it was created by.
fn lacks_its_name(call: &ApiCall, answer: &Value) -> bool {
    let PreRead::Natural(key) = operation_semantics::look(call) else {
        return false;
    };
    let is_there = |value: Option<&Value>| value.is_some_and(Value::is_string);
    answer.is_object() && !is_there(answer.get("id")) && !is_there(natural_name(key, answer))
}

/// What a thing, or the body that is to create it, is known by.
fn natural_name(key: NaturalKey, thing: &Value) -> Option<&Value> {
    match key {
        NaturalKey::GroupName => thing.pointer("/profile/name"),
        NaturalKey::Login => thing.pointer("/profile/login"),
        NaturalKey::AppUser => thing.get("id"),
        NaturalKey::Listed(_, field) => thing.get(field),
    }
}

/// Whether a write is answered with another thing than it named: a create by its natural key, an update by the id in its path.
fn is_of_another(call: &ApiCall, answer: &Value) -> bool {
    let body = call.body.as_ref().unwrap_or(&Value::Null);
    let key = match operation_semantics::look(call) {
        PreRead::Natural(key) => key,
        PreRead::Partial(_) => return has_another_id(call, answer),
        _ => return false,
    };
    let name = |thing| natural_name(key, thing).and_then(Value::as_str);
    match (name(body), name(answer)) {
        (Some(wanted), Some(found)) => !wanted.eq_ignore_ascii_case(found),
        _ => false,
    }
}

/// A user may be named by login, and some things by a name: only two ids are compared.
fn has_another_id(call: &ApiCall, answer: &Value) -> bool {
    match (call.arguments.last(), answer["id"].as_str()) {
        (Some(named), Some(found)) if call.path.ends_with(named.as_str()) => {
            is_id(named) && is_id(found) && named != found
        }
        _ => false,
    }
}

/// Okta's ids are of 20 letters and digits, the first of them `0`.
fn is_id(text: &str) -> bool {
    text.len() == 20 && text.starts_with('0') && text.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge_answer(call: &ApiCall, status: u16, body: Value) -> Result<Value, String> {
        let response = ApiResponse { status, body, request_id: None, next: None, rate: None, date: None };
        check_answer(call, "acme.okta.com", response).map(|response| response.body).map_err(|error| error.to_string())
    }

    fn call(name: &str, arguments: &[&str], body: Value) -> ApiCall {
        ApiCall::operation("okta", name, arguments).expect(name).body(Some(body).filter(|body| !body.is_null()))
    }

    #[test]
    fn a_list_is_never_made_of_something_else() {
        let list = call("list_groups", &[], Value::Null);
        assert_eq!(judge_answer(&list, 200, json!([])), Ok(json!([])));
        for wrong in [json!({}), json!(null), json!("x"), json!({"errorCode": "E1"})] {
            let error = judge_answer(&list, 200, wrong.clone()).expect_err("no list");
            assert!(error.contains("answered 200 with"), "{wrong}: {error}");
        }
        assert!(judge_answer(&list, 204, json!(null)).is_err());
        // The table says that this one may have no body.
        let keys = call("list_active_identity_provider_signing_key", &["i"], Value::Null);
        assert_eq!(judge_answer(&keys, 204, json!(null)), Ok(json!([])));
    }

    #[test]
    fn an_object_is_due_where_the_table_says_so() {
        let user = call("get_user", &["u"], Value::Null);
        for wrong in [json!(null), json!([]), json!("x"), json!(1)] {
            assert!(judge_answer(&user, 200, wrong.clone()).is_err(), "{wrong}");
        }
        let role = call("assign_role_to_group", &["g"], json!({"type": "USER_ADMIN"}));
        assert!(judge_answer(&role, 201, json!(null)).is_ok());
        assert!(judge_answer(&role, 200, json!([])).is_err());
        let member = call("assign_user_to_group", &["g", "u"], Value::Null);
        assert!(judge_answer(&member, 204, json!(null)).is_ok());
        assert!(judge_answer(&member, 200, json!({"errorCode": "E0000006"})).is_err());
    }

    #[test]
    fn the_answer_of_another_write_is_not_taken() {
        let group = call("add_group", &[], json!({"profile": {"name": "a"}}));
        assert!(judge_answer(&group, 200, json!({"id": "1", "profile": {"name": "A"}})).is_ok());
        assert!(judge_answer(&group, 200, json!({"id": "1", "profile": {"name": "b"}})).is_err());
        let (app, jo, kim) = ("0oa1gjh63g214q0Hq0g4", "00u1gjh63g214q0Hq0g4", "00u9gjh63g214q0Hq0g4");
        let update = call("update_application_user", &[app, jo], json!({"scope": "GROUP"}));
        assert!(judge_answer(&update, 200, json!({"id": jo})).is_ok());
        assert!(judge_answer(&update, 200, json!({"id": kim})).is_err());
        let by_login = call("update_user", &["jo@corp.example"], json!({"profile": {}}));
        assert!(judge_answer(&by_login, 200, json!({"id": kim})).is_ok());
        let assign = call("assign_user_to_application", &[app], json!({"id": jo}));
        assert!(judge_answer(&assign, 200, json!({"id": kim})).is_err());
    }
}
