//! JSON Patch (RFC 6902), as far as Okta takes it: `add`, `replace`, `remove` and `test` of a member.

use serde_json::Value;

use super::http::ApiRefusal;

/// Applies the operations in order; the first that cannot be applied refuses the whole.
pub(super) fn apply(target: &mut Value, patch: Option<&Value>) -> Result<(), ApiRefusal> {
    let operations = patch.and_then(Value::as_array).ok_or_else(ApiRefusal::malformed)?;
    for operation in operations {
        apply_one(target, operation)?;
    }
    Ok(())
}

fn apply_one(target: &mut Value, operation: &Value) -> Result<(), ApiRefusal> {
    let text = |name: &str| operation[name].as_str().ok_or_else(ApiRefusal::malformed);
    let (op, path) = (text("op")?, text("path")?);
    let (parent, name) = path.rsplit_once('/').ok_or_else(|| no_path(path))?;
    let name = name.replace("~1", "/").replace("~0", "~");
    let object = target.pointer_mut(parent).and_then(Value::as_object_mut).ok_or_else(|| no_path(path))?;
    let value = operation.get("value").cloned();
    match (op, value) {
        ("add", Some(value)) => object.insert(name, value),
        ("replace", Some(value)) if object.contains_key(&name) || parent == "/profile" => object.insert(name, value),
        ("remove", _) if object.contains_key(&name) => object.shift_remove(&name),
        ("test", Some(value)) if object.get(&name) == Some(&value) => None,
        ("add" | "replace" | "remove" | "test", _) => return Err(no_path(path)),
        _ => return Err(ApiRefusal::malformed()),
    };
    Ok(())
}

fn no_path(path: &str) -> ApiRefusal {
    ApiRefusal::validation("patch", &[&format!("path: {path} cannot be changed so")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_added_replaced_tested_and_removed() {
        for (patch, expected) in [
            (json!([{"op": "replace", "path": "/profile/a", "value": 2}]), Some(json!({"a": 2}))),
            (json!([{"op": "add", "path": "/profile/x~1y", "value": 3}]), Some(json!({"a": 1, "x/y": 3}))),
            (json!([{"op": "remove", "path": "/profile/a"}]), Some(json!({}))),
            (json!([{"op": "remove", "path": "/profile/b"}]), None),
            (json!([{"op": "test", "path": "/profile/a", "value": 9}]), None),
            (json!([{"op": "move", "path": "/profile/a", "from": "/profile/b"}]), None),
            (json!({"op": "remove", "path": "/profile/a"}), None),
        ] {
            let mut value = json!({"profile": {"a": 1}});
            let outcome = apply(&mut value, Some(&patch)).map(|()| value["profile"].clone());
            assert_eq!(outcome.ok(), expected, "{patch}");
        }
    }
}
