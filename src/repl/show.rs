//! Results as text: lists of objects as tables, one object as a tree.

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use super::line_wrap::{FittedTable, wrap_text};
use super::objects::{cell, table};
use crate::report::table::text_table;
use crate::report::visible_text;

/// `value` for a person. `width` is the terminal's, in columns.
pub fn as_text(value: &Value, width: Option<u16>) -> String {
    match value {
        Value::Array(items) => items_as_text(items, width),
        Value::Object(_) => {
            let mut lines = Vec::new();
            tree(value, 0, &mut lines);
            let width = width.map_or(usize::MAX, usize::from);
            let lines = lines.iter().flat_map(|line| line.wrapped(width));
            lines.collect::<Vec<_>>().join("\n")
        }
        other => visible_text(&cell(other)),
    }
}

pub(super) fn items_as_text(items: &[Value], width: Option<u16>) -> String {
    if items.is_empty() {
        return "(an empty list)".to_owned();
    }
    if items.iter().all(Value::is_object) {
        let (columns, rows) = table(items);
        return fitting(columns, rows, width);
    }
    items.iter().map(cell).collect::<Vec<_>>().join("\n")
}

/// What finds no place is named below the table.
fn fitting(columns: Vec<String>, rows: Vec<Vec<String>>, width: Option<u16>) -> String {
    let Some(width) = width else {
        return text_table(&columns, &rows, None).trim_end().to_owned();
    };
    let fitted = FittedTable::new(columns, rows, width.into());
    let table = text_table(&fitted.columns, &fitted.rows, None);
    if fitted.left_out.is_empty() {
        return table.trim_end().to_owned();
    }
    let left_out = fitted.left_out.join(", ");
    format!("{}\n(no place for {left_out}: `:json`)", table.trim_end())
}

/// A line of a tree: what comes before the value, and the value.
struct TreeLine {
    before: String,
    value: String,
}

impl TreeLine {
    fn new(before: &str, value: &str) -> Self {
        Self { before: visible_text(before), value: visible_text(value) }
    }

    /// A long value goes on below its beginning.
    fn wrapped(&self, width: usize) -> Vec<String> {
        let indent = self.before.width();
        let left = width.saturating_sub(indent).max(LEAST_VALUE);
        let lines = wrap_text(&self.value, left).into_iter().enumerate();
        let line = |(index, line): (usize, String)| {
            let before = if index == 0 { self.before.clone() } else { " ".repeat(indent) };
            format!("{before}{line}").trim_end().to_owned()
        };
        lines.map(line).collect()
    }
}

/// Columns that a value of a tree has in any case.
const LEAST_VALUE: usize = 20;

/// Names and values, two columns deeper for each level. Links are left out: `:json` shows them.
fn tree(value: &Value, depth: usize, lines: &mut Vec<TreeLine>) {
    let Value::Object(fields) = value else {
        return;
    };
    let shown = || fields.iter().filter(|(name, _)| *name != "_links");
    let widest = shown().map(|(name, _)| name.width()).max().unwrap_or(0);
    let indent = "  ".repeat(depth);
    for (name, value) in shown() {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                lines.push(TreeLine::new(&format!("{indent}{name}"), ""));
                tree(value, depth + 1, lines);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                let count = format!("({})", items.len());
                lines.push(TreeLine::new(&format!("{indent}{name}  "), &count));
                for item in items {
                    branch(item, depth + 1, lines);
                }
            }
            other => lines.push(TreeLine::new(&format!("{indent}{name:widest$}  "), &cell(other))),
        }
    }
}

/// An item of a list in a tree: its first line begins with a dash.
fn branch(item: &Value, depth: usize, lines: &mut Vec<TreeLine>) {
    let first = lines.len();
    match item {
        Value::Object(_) => tree(item, depth + 1, lines),
        other => lines.push(TreeLine::new(&"  ".repeat(depth + 1), &cell(other))),
    }
    if let Some(line) = lines.get_mut(first) {
        line.before.replace_range(depth * 2..=depth * 2, "-");
    }
}

/// Rows of all leaves, with a header: each object flattened, columns in the order in which they first occur.
pub(super) fn as_csv(value: &Value) -> Result<Vec<u8>, csv::Error> {
    let single = [value.clone()];
    let items = value.as_array().map_or(single.as_slice(), Vec::as_slice);
    let flat: Vec<Vec<(String, String)>> = items.iter().map(flatten_fields).collect();
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
        let value = |column: &&String| row.iter().find(|(name, _)| name == *column).map_or("", |(_, text)| text);
        writer.write_record(columns.iter().map(value))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn flatten_fields(item: &Value) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    flatten("", item, &mut leaves);
    leaves
}

fn flatten(path: &str, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "_links") {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
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
    fn a_long_value_goes_on_below_its_beginning() {
        let rule = json!({"name": "A rule", "expression": "user.department eq one and user.title eq two"});
        let tree = as_text(&rule, Some(40));
        assert_eq!(tree, "name        A rule\nexpression  user.department eq one and\n            user.title eq two");
    }

    #[test]
    fn what_finds_no_place_is_named() {
        let group = json!({"id": "00gExeM0MLQBa390R1d7", "type": "OKTA_GROUP", "objectClass": [], "profile": {"name": "A", "description": "long enough to be left out"}});
        let text = as_text(&json!([group]), Some(40));
        assert!(text.ends_with("(no place for type, description: `:json`)"), "{text}");
        assert!(text.contains("00gExeM0MLQBa390R1d7"), "{text}");
    }

    #[test]
    fn csv_has_all_leaves() {
        let rows = json!([{"id": 1, "profile": {"a": "x,y"}}, {"id": 2, "other": true}]);
        let text = String::from_utf8(as_csv(&rows).expect("csv")).expect("text");
        assert_eq!(text, "id,profile.a,other\n1,\"x,y\",\n2,,true\n");
    }
}
