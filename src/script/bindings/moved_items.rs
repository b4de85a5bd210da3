//! `moved`: items before and after, for the report.

use std::any::TypeId;

use rhai::{Dynamic, Engine, ImmutableString, NativeCallContext};

use super::batch::items_of;
use super::call_site::{CallSite, RaisedError};
use super::flow::{emit, show_value};
use super::item_label::{LABELS, entry_of, item_label};
use crate::run::event::{EventKind, MovedItem};

pub(super) fn register(engine: &mut Engine) {
    let any = TypeId::of::<Dynamic>();
    for count in 2..=3 {
        engine.register_raw_fn("moved", vec![any; count], |context, given| tell_moved(&context, given));
    }
}

/// `moved(before, after, columns?)`: items as they were, and a map of what they are now, by key or id.
fn tell_moved(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<()> {
    let place = CallSite::of(context);
    let before = items_of(given[0]).ok_or_else(|| place.usage("moved: the first argument is a list of maps"))??;
    let after = given[1].flatten_clone();
    let after = after.as_map_ref().map_err(|_| place.usage("moved: what is there now is a map by key or id"))?;
    let columns = match given.get(2) {
        Some(columns) => columns.flatten_clone().into_typed_array::<ImmutableString>(),
        None => Ok(before.first().map(told_fields).unwrap_or_default()),
    };
    let columns = columns.map_err(|_| place.usage("moved: the columns are a list of fields, such as [\"scope\"]"))?;
    let cells = |item: Option<&Dynamic>| {
        let map = item.and_then(|item| item.as_map_ref().ok());
        let cell = |column: &ImmutableString| map.as_ref()?.get(column.as_str()).map(show_cell);
        columns.iter().map(|column| cell(column).unwrap_or_default()).collect::<Vec<_>>()
    };
    let row = |item: &Dynamic| {
        let label = item_label(item);
        let now = entry_of(&after, &label, item);
        MovedItem { before: cells(Some(item)), after: cells(now), item: label }
    };
    let rows = before.iter().map(row).collect();
    emit(context, EventKind::Moved { columns: columns.iter().map(ToString::to_string).collect(), rows })
}

/// Fields of an item that say something of it, those left out that say which it is.
fn told_fields(item: &Dynamic) -> Vec<ImmutableString> {
    let Ok(map) = item.as_map_ref() else {
        return Vec::new();
    };
    let told = map.iter().filter(|(name, value)| *name != "id" && !LABELS.contains(&name.as_str()) && !value.is_map());
    told.map(|(name, _)| name.as_str().into()).collect()
}

/// A list as its items with commas.
fn show_cell(value: &Dynamic) -> String {
    match value.as_array_ref() {
        Ok(list) => list.iter().map(show_value).collect::<Vec<_>>().join(", "),
        Err(_) => show_value(value),
    }
}
