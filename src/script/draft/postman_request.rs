//! Parts of a request as Postman writes it.

use serde_json::Value;

/// The address of a request without its org, by parts.
pub(super) struct RequestAddress {
    pub(super) segments: Vec<String>,
    pub(super) query: Vec<(String, String)>,
}

/// The address of a request, whose first part, the org, is the profile's.
pub(super) fn address_of(url: &Value) -> RequestAddress {
    let raw = url.as_str().or_else(|| url["raw"].as_str()).unwrap_or_default();
    let behind = match raw.strip_prefix("{{") {
        Some(rest) => rest.split_once("}}").map_or("", |(_, behind)| behind),
        None => raw.split_once("://").map_or(raw, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..])),
    };
    let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
    let filled = |segment: &str| {
        let Some(name) = segment.strip_prefix(':') else {
            return segment.to_owned();
        };
        let variables = url["variable"].as_array().into_iter().flatten();
        let given =
            variables.filter(|variable| variable["key"] == name).find_map(|variable| variable["value"].as_str());
        given.filter(|value| !value.is_empty()).map_or_else(|| format!("{{{{{name}}}}}"), str::to_owned)
    };
    let segments = path.split('/').filter(|segment| !segment.is_empty()).map(filled).collect();
    let listed = url["query"].as_array().map(|query| {
        let enabled = query.iter().filter(|entry| entry["disabled"] != true);
        let entry = |entry: &Value| Some((entry["key"].as_str()?.to_owned(), entry["value"].as_str()?.to_owned()));
        enabled.filter_map(entry).collect()
    });
    let plain = || {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    RequestAddress { segments, query: listed.unwrap_or_else(plain) }
}

/// All texts of a body.
pub(super) fn texts_in(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts_in).collect(),
        Value::Object(fields) => fields.values().flat_map(texts_in).collect(),
        _ => Vec::new(),
    }
}
