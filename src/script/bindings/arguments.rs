//! The arguments of an operation, from script values to a call: path arguments by position, then one map whose entries are query
//! parameters and fields of the body, told apart by the table of operations.

use rhai::{Dynamic, Map};
use serde_json::{Map as Fields, Value};

use crate::okta::{ApiOperation, ContentType};
use crate::run::call::{ApiCall, CallAction};
use crate::script::nearest::{nearest, or_list};
use crate::script::value::to_request;

/// The entry that stands for the whole body where fields of the body and query parameters could be mistaken for each other.
const WHOLE_BODY: &str = "body";

/// The call that `arguments` mean; why they mean none otherwise.
pub(super) fn call(org: &str, operation: &'static ApiOperation, arguments: &[Dynamic]) -> Result<ApiCall, String> {
    let parameters = operation.path_parameters();
    let (path, rest) = arguments.split_at(parameters.len().min(arguments.len()));
    let values = path
        .iter()
        .zip(&parameters)
        .map(|(value, parameter)| path_argument(parameter, value))
        .collect::<Result<Vec<String>, _>>()?;
    let texts: Vec<&str> = values.iter().map(String::as_str).collect();
    let encoded = operation.path(&texts).map_err(|error| error.to_string())?;
    let given = match rest.first() {
        Some(options) => read_given(operation, options)?,
        None => GivenArguments::default(),
    };
    given.is_complete(operation)?;
    Ok(ApiCall {
        org: org.to_owned(),
        action: CallAction::Operation(operation),
        arguments: values,
        path: encoded,
        query: given.query,
        body: given.body,
    })
}

/// An id, or the object that a read returned: its `id`, or its `name` where a name is what identifies it.
fn path_argument(parameter: &str, value: &Dynamic) -> Result<String, String> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(text.to_string());
    }
    if let Ok(number) = value.as_int() {
        return Ok(number.to_string());
    }
    if let Ok(object) = value.as_map_ref() {
        let named = parameter.ends_with("Name").then(|| object.get("name")).flatten();
        let id = named.or_else(|| object.get("id"));
        return id
            .and_then(|id| id.as_immutable_string_ref().ok().map(|id| id.to_string()))
            .ok_or_else(|| format!("the object given for `{parameter}` has no `id`"));
    }
    if value.is_unit() {
        return Err(format!("`{parameter}` is (): what was looked for is not there"));
    }
    Err(format!("`{parameter}` is an id or an object with an `id`"))
}

#[derive(Default)]
struct GivenArguments {
    query: Vec<(String, String)>,
    body: Option<Value>,
}

impl GivenArguments {
    fn is_complete(&self, operation: &ApiOperation) -> Result<(), String> {
        let missing: Vec<&str> = operation
            .query
            .iter()
            .filter(|parameter| parameter.required)
            .map(|parameter| parameter.name)
            .filter(|name| !self.query.iter().any(|(given, _)| given == name))
            .collect();
        if !missing.is_empty() {
            return Err(format!("`{}` is missing", missing.join("`, `")));
        }
        match &operation.body {
            Some(body) if body.required && self.body.is_none() => Err("the body is missing".to_owned()),
            _ => Ok(()),
        }
    }
}

fn read_given(operation: &ApiOperation, options: &Dynamic) -> Result<GivenArguments, String> {
    if let Ok(map) = options.as_map_ref() {
        return entries(operation, &map);
    }
    if options.is_array() && operation.body.is_some() {
        let body = Some(to_request(options).map_err(|unfit| unfit.to_string())?);
        let query = Vec::new();
        return Ok(GivenArguments { query, body });
    }
    Err("the last argument is a map such as #{ limit: 20 }".to_owned())
}

fn entries(operation: &ApiOperation, map: &Map) -> Result<GivenArguments, String> {
    let mut given = GivenArguments::default();
    let mut fields = Fields::new();
    let mut unknown = Vec::new();
    let whole = map.get(WHOLE_BODY).filter(|value| is_whole(operation, value));
    for (name, value) in map {
        let is_query = operation.option_names().any(|known| known == name.as_str());
        if is_query {
            given.query.extend(query_value(name, value)?);
        } else if whole.is_some() && name == WHOLE_BODY {
            given.body = Some(to_request(value).map_err(|unfit| unfit.to_string())?);
        } else if whole.is_none() && operation.body.is_some() {
            let value = to_request(value).map_err(|unfit| format!("`{name}`: {unfit}"))?;
            fields.insert(name.to_string(), value);
        } else {
            unknown.push(name.as_str());
        }
    }
    if !unknown.is_empty() {
        return Err(unknown_entries(operation, &unknown));
    }
    if !fields.is_empty() {
        given.body = Some(Value::Object(fields));
    }
    Ok(given)
}

/// A field that is itself named `body` (an e-mail's text) is a string; the whole body of a JSON operation is not.
fn is_whole(operation: &ApiOperation, value: &Dynamic) -> bool {
    let Some(body) = &operation.body else {
        return false;
    };
    let json = matches!(body.content_types.first(), None | Some(ContentType::Json | ContentType::MergePatch));
    !json || value.is_map() || value.is_array()
}

/// An absent value asks for nothing; a list is one value with commas, as Okta's `fields` and `expand` take it.
pub(super) fn query_value(name: &str, value: &Dynamic) -> Result<Option<(String, String)>, String> {
    let text = match to_request(value).map_err(|unfit| format!("`{name}`: {unfit}"))? {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        Value::Array(items) => join_items(name, &items)?,
        Value::Object(_) => return Err(format!("`{name}` is a query parameter, not a map")),
        other => other.to_string(),
    };
    Ok(Some((name.to_owned(), text)))
}

fn join_items(name: &str, items: &[Value]) -> Result<String, String> {
    let texts = items.iter().map(|item| match item {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(format!("`{name}` is a list of strings")),
    });
    Ok(texts.collect::<Result<Vec<_>, _>>()?.join(","))
}

fn unknown_entries(operation: &ApiOperation, unknown: &[&str]) -> String {
    let known = || operation.option_names();
    let hints: Vec<String> = unknown
        .iter()
        .map(|name| match nearest(name, known()).as_slice() {
            [] => format!("`{name}` is no parameter of it"),
            names => format!("`{name}` is no parameter of it, did you mean {}?", or_list(names)),
        })
        .collect();
    hints.join("; ")
}

#[cfg(test)]
mod tests {
    use rhai::Engine;

    use super::*;
    use crate::okta::operations;

    type MadeRequest = (String, Vec<(String, String)>, Option<Value>);

    fn make_request(operation: &str, arguments: &str) -> Result<MadeRequest, String> {
        let arguments: rhai::Array = Engine::new().eval(arguments).expect("arguments");
        let operation = operations::find(operation).expect("an operation");
        call("okta", operation, &arguments).map(|call| (call.path, call.query, call.body))
    }

    #[test]
    fn entries_are_told_apart_by_the_table() {
        let (path, query, body) =
            make_request("update_user", r#"["jo", #{strict: true, profile: #{title: ()}}]"#).expect("a call");
        assert_eq!(path, "/api/v1/users/jo");
        assert_eq!(query, [("strict".to_owned(), "true".to_owned())]);
        assert_eq!(body, Some(serde_json::json!({"profile": {"title": null}})));
    }

    #[test]
    fn an_object_stands_for_its_id_and_a_list_for_the_whole_body() {
        let (path, _, body) = make_request(
            "update_group_assignment_to_application",
            r#"[#{id: "0oa1"}, #{id: "00g1"}, [#{op: "replace"}]]"#,
        )
        .expect("a call");
        assert_eq!(path, "/api/v1/apps/0oa1/groups/00g1");
        assert_eq!(body, Some(serde_json::json!([{"op": "replace"}])));
    }

    #[test]
    fn a_field_named_body_is_no_whole_body() {
        let (_, _, body) = make_request("create_email_customization", r#"["b", "t", #{body: "Hello", subject: "s"}]"#)
            .expect("a call");
        assert_eq!(body, Some(serde_json::json!({"body": "Hello", "subject": "s"})));
        let (_, query, body) =
            make_request("create_user", "[#{activate: false, body: #{profile: #{}}}]").expect("a call");
        assert_eq!(query, [("activate".to_owned(), "false".to_owned())]);
        assert_eq!(body, Some(serde_json::json!({"profile": {}})));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (operation, arguments, expected) in [
            ("get_user", "[()]", "`id` is (): what was looked for is not there"),
            ("get_user", "[#{login: \"x\"}]", "the object given for `id` has no `id`"),
            ("list_groups", "[#{serch: \"x\"}]", "`serch` is no parameter of it, did you mean `search`?"),
            ("update_application_user", "[\"a\", \"u\"]", "the body is missing"),
            ("get_user", "[\"..\"]", "the path argument `id` must not be `..`"),
            ("get_user", "[\"x\", 1]", "the last argument is a map such as #{ limit: 20 }"),
        ] {
            assert_eq!(make_request(operation, arguments), Err(expected.to_owned()), "{operation} {arguments}");
        }
    }
}
