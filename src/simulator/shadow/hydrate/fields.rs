//! Parts of the API's JSON, as the store wants them.

use serde_json::{Map, Value};

use super::super::super::store::EpochMillis;
use super::super::super::wire::parse_date;

pub(super) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

pub(super) fn time(value: &Value, name: &str) -> Option<EpochMillis> {
    value[name].as_str().and_then(parse_date)
}

pub(super) fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

pub(super) fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// The last part of a link, which is an id.
pub(super) fn linked_id(value: &Value, name: &str) -> Option<String> {
    let href = value["_links"][name]["href"].as_str()?;
    href.rsplit('/').next().map(str::to_owned)
}

pub(super) fn first(parameters: &[String]) -> &str {
    parameters.first().map_or("", String::as_str)
}
