//! Results as text: lists of objects as tables, one object as a tree.

use serde_json::Value;

use super::objects::{cell, table};
use crate::report::table::text_table;

/// `value` for a person. `width` is the terminal's, in columns.
pub fn as_text(value: &Value, width: Option<u16>) -> String {
    match value {
        Value::Array(items) => items_as_text(items, width),
        Value::Object(_) => {
            let mut lines = Vec::new();
            tree(value, 0, &mut lines);
            lines.join("\n")
        }
        other => cell(other),
    }
}

pub(super) fn items_as_text(items: &[Value], width: Option<u16>) -> String {
    if items.is_empty() {
        return "(an empty list)".to_owned();
    }
    if items.iter().all(Value::is_object) {
        let (columns, rows) = table(items);
        return text_table(&columns, &rows, width).trim_end().to_owned();
    }
    items.iter().map(cell).collect::<Vec<_>>().join("\n")
}

/// Names and values, two columns deeper for each level. Links are left out: `:json` shows them.
fn tree(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let Value::Object(fields) = value else {
        return;
    };
    let shown = || fields.iter().filter(|(name, _)| *name != "_links");
    let widest = shown()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let indent = "  ".repeat(depth);
    for (name, value) in shown() {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                lines.push(format!("{indent}{name}"));
                tree(value, depth + 1, lines);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                lines.push(format!("{indent}{name}  ({})", items.len()));
                for item in items {
                    branch(item, depth + 1, lines);
                }
            }
            other => {
                let line = format!("{indent}{name:widest$}  {}", cell(other));
                lines.push(line.trim_end().to_owned());
            }
        }
    }
}

/// An item of a list in a tree: its first line begins with a dash.
fn branch(item: &Value, depth: usize, lines: &mut Vec<String>) {
    let first = lines.len();
    match item {
        Value::Object(_) => tree(item, depth + 1, lines),
        other => lines.push(format!("{}{}", "  ".repeat(depth + 1), cell(other))),
    }
    if let Some(line) = lines.get_mut(first) {
        line.replace_range(depth * 2..=depth * 2, "-");
    }
}

/// Rows of all leaves, with a header: each object flattened, columns in the order in which they first occur.
pub(super) fn as_csv(value: &Value) -> Result<Vec<u8>, csv::Error> {
    let single = [value.clone()];
    let items = value.as_array().map_or(single.as_slice(), Vec::as_slice);
    let flat: Vec<Vec<(String, String)>> = items.iter().map(flattened).collect();
    let mut columns: Vec<&String> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (name, _) in flat.iter().flatten() {
        if seen.insert(name) {
            columns.push(name);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&columns)?;
    for row in &flat {
        let value = |column: &&String| {
            row.iter()
                .find(|(name, _)| name == *column)
                .map_or("", |(_, text)| text)
        };
        writer.write_record(columns.iter().map(value))?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

fn flattened(item: &Value) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    flatten("", item, &mut leaves);
    leaves
}

fn flatten(path: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "_links") {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(&path, value, leaves);
            }
        }
        other => {
            let path = if path.is_empty() { "value" } else { path };
            leaves.push((path.to_owned(), cell(other)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_object_is_a_tree() {
        let user = json!({"id": "00u1", "profile": {"login": "jo", "nick": null}, "tags": ["a", "b"], "factors": [{"type": "sms"}], "_links": {"self": 1}});
        assert_eq!(
            as_text(&user, None),
            "id       00u1\nprofile\n  login  jo\n  nick\ntags     a, b\nfactors  (1)\n  - type  sms"
        );
    }

    #[test]
    fn csv_has_all_leaves() {
        let rows = json!([{"id": 1, "profile": {"a": "x,y"}}, {"id": 2, "other": true}]);
        let text = String::from_utf8(as_csv(&rows).expect("csv")).expect("text");
        assert_eq!(text, "id,profile.a,other\n1,\"x,y\",\n2,,true\n");
    }
}
