//! From the API's JSON into the store. What was taken in already stays as it is: it may have been changed here.

mod apps;
mod org2org;
mod people;
mod schemas;

pub(super) use apps::{app, app_group, app_user};
pub(super) use org2org::{connection, feature, grant, mapping, push};
pub(super) use people::{group, group_of_user, member, role, rule, user};
pub(super) use schemas::{app_schema, user_schema};

use serde_json::{Map, Value};

use super::super::store::EpochMillis;
use super::super::wire::parse_date;

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn time(value: &Value, name: &str) -> Option<EpochMillis> {
    value[name].as_str().and_then(parse_date)
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// The last part of a link, which is an id.
fn linked_id(value: &Value, name: &str) -> Option<String> {
    let href = value["_links"][name]["href"].as_str()?;
    href.rsplit('/').next().map(str::to_owned)
}

fn first(parameters: &[String]) -> &str {
    parameters.first().map_or("", String::as_str)
}
