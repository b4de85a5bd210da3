//! A call in the words of a question: which things it touches by name, and what it sets.

use serde_json::Value;

use super::call::{ApiCall, CallAction};
use super::execution::Run;
use super::lane::RunLane;

/// Fields of a body that are told.
const MOST_FIELDS: usize = 6;
/// Characters of a value.
const LONGEST_VALUE: usize = 60;

/// Fields that identify a thing, the most telling first.
const NAMES: &[&str] = &["/profile/login", "/profile/name", "/label", "/name", "/profile/email", "/id"];

impl Run {
    /// Method, path, operation; the item it is for; names of the things in its path, as far as the run has read them; what it sets,
    /// without secrets.
    pub(super) fn worded(&self, lane: &RunLane, call: &ApiCall) -> String {
        let item = lane.item().map(|item| format!(" for {item}"));
        let body = call.body.as_ref().map(|body| self.redact(body));
        let fields = body.as_ref().map(fields).unwrap_or_default();
        let told: Vec<String> = self.names(call).into_iter().chain(fields).collect();
        let told = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
        format!("{} {} ({}){}{told}", call.method(), call.path, call.name(), item.unwrap_or_default())
    }

    /// Names of what the path's arguments stand for.
    fn names(&self, call: &ApiCall) -> Vec<String> {
        let CallAction::Operation(operation) = call.action else {
            return Vec::new();
        };
        let segments: Vec<&str> = call.path.split('/').collect();
        let arguments = operation.path.split('/').enumerate();
        let ends = arguments.filter(|(_, part)| part.starts_with('{'));
        ends.filter_map(|(end, _)| {
            let whole = segments.get(..=end)?.join("/");
            // A thing below another one is read by a path of its own, such as the user of a group.
            let own = format!("/api/v1/{}", segments.get(end - 1..=end)?.join("/"));
            let thing = self.read_cache().thing(&call.org, &own);
            name(&thing.or_else(|| self.read_cache().thing(&call.org, &whole))?)
        })
        .collect()
    }
}

fn name(thing: &Value) -> Option<String> {
    let mut names = NAMES.iter().filter(|name| **name != "/id");
    let found = names.find_map(|name| thing.pointer(name)?.as_str());
    found.map(str::to_owned)
}

/// What a body sets, what identifies the thing first.
fn fields(body: &Value) -> Vec<String> {
    let mut leaves = Vec::new();
    leaves_of("", body, &mut leaves);
    leaves.sort_by_key(|(path, _)| NAMES.iter().position(|name| name == path).unwrap_or(NAMES.len()));
    let more = leaves.len().saturating_sub(MOST_FIELDS);
    leaves.truncate(MOST_FIELDS);
    let mut told: Vec<String> = leaves
        .into_iter()
        .map(|(path, value)| format!("{} = {}", path.trim_start_matches('/').replace('/', "."), short_text(value)))
        .collect();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told
}

fn leaves_of<'a>(path: &str, value: &'a Value, leaves: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                leaves_of(&format!("{path}/{name}"), value, leaves);
            }
        }
        other => leaves.push((path.to_owned(), other)),
    }
}

fn short_text(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_identifies_a_thing_is_told_first_and_long_values_are_cut() {
        let body = json!({"type": "x", "profile": {"description": "d".repeat(80), "name": "Staff"}, "a": 1, "b": 2, "c": [1], "d": {}, "e": null});
        let told = fields(&body);
        assert_eq!(told[0], "profile.name = \"Staff\"");
        assert!(told[2].ends_with("d…"), "{told:?}");
        assert_eq!(told.last().map(String::as_str), Some("and 2 more"));
    }
}
