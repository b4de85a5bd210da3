//! Everyday verbs on lists: joined, sorted, grouped, without doubles, as sets. They take lists of the language, of the API, and batches.

use std::any::TypeId;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use rhai::{Array, Dynamic, Engine, FnPtr, ImmutableString, Map, NativeCallContext};

use super::batch::items_of;
use super::bounded_natives::bytes_within;
use super::call_site::{CallSite, RaisedError};
use super::flow::show_value;
use crate::script::error::kind_of;
use crate::script::time_value::{ScriptDuration, ScriptTime};
use crate::script::value::to_json;

pub(super) fn register(engine: &mut Engine) {
    let (any, function) = (TypeId::of::<Dynamic>(), TypeId::of::<FnPtr>());
    let text = TypeId::of::<ImmutableString>();
    engine
        .register_raw_fn("join", [any, text], |context, given| join_list(&context, given))
        .register_raw_fn("flatten", [any], |context, given| flatten_list(&context, given))
        .register_raw_fn("chunks", [any, TypeId::of::<i64>()], |context, given| chunks_of(&context, given))
        .register_raw_fn("union", [any, any], |context, given| {
            let others = list_at(&context, given, 1)?;
            let items = list_at(&context, given, 0)?;
            distinct(&context, items.into_iter().chain(others).collect(), None)
        })
        .register_raw_fn("intersect", [any, any], |context, given| select(&context, given, true))
        .register_raw_fn("without", [any, any], |context, given| select(&context, given, false))
        .register_raw_fn("group_by", [any, function], |context, given| group_by(&context, given))
        .register_raw_fn("index_by", [any, function], |context, given| index_by(&context, given));
    for count in 1..=2 {
        let types = [any, function][..count].to_vec();
        engine
            .register_raw_fn("unique", types.clone(), |context, given| {
                let items = list_at(&context, given, 0)?;
                distinct(&context, items, function_at(given, 1).as_ref())
            })
            .register_raw_fn("sum", types.clone(), |context, given| sum_of(&context, given))
            .register_raw_fn(if count == 1 { "sorted" } else { "sorted_by" }, types, |context, given| {
                sort_items(&context, given)
            });
    }
}

fn list_at(context: &NativeCallContext, given: &[&mut Dynamic], at: usize) -> RaisedError<Array> {
    let value = &given[at];
    items_of(value).unwrap_or_else(|| {
        let found = kind_of(value.type_name());
        let words = format!("{} works on lists, not on {found}", context.fn_name());
        Err(CallSite::of(context).usage(words))
    })
}

fn function_at(given: &[&mut Dynamic], at: usize) -> Option<FnPtr> {
    given.get(at)?.flatten_clone().try_cast()
}

fn key_of(context: &NativeCallContext, function: Option<&FnPtr>, item: &Dynamic) -> RaisedError<Dynamic> {
    match function {
        Some(function) => function.call_within_context(context, (item.clone(),)),
        None => Ok(item.clone()),
    }
}

/// A value as a text that equal values have, and no others.
fn identity(context: &NativeCallContext, value: &Dynamic) -> RaisedError<String> {
    let json =
        to_json(value).map_err(|unfit| CallSite::of(context).usage(format!("{}: {unfit}", context.fn_name())))?;
    Ok(json.to_string())
}

fn join_list(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<String> {
    let separator = show_value(&given[1].flatten_clone());
    let mut text = String::new();
    for (index, item) in list_at(context, given, 0)?.iter().enumerate() {
        if index > 0 {
            text.push_str(&separator);
        }
        text.push_str(&show_value(item));
        bytes_within(context, text.len())?;
    }
    Ok(text)
}

fn flatten_list(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<Array> {
    let mut flat = Array::new();
    for item in list_at(context, given, 0)? {
        match items_of(&item) {
            Some(items) => flat.extend(items?),
            None => flat.push(item),
        }
    }
    Ok(flat)
}

fn chunks_of(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<Array> {
    let size = given[1].as_int().ok().and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let size = size.ok_or_else(|| CallSite::of(context).usage("chunks: the size is a whole number, 1 or more"))?;
    let items = list_at(context, given, 0)?;
    Ok(items.chunks(size).map(|chunk| chunk.to_vec().into()).collect())
}

fn distinct(context: &NativeCallContext, items: Array, function: Option<&FnPtr>) -> RaisedError<Array> {
    let mut known = HashSet::new();
    let mut kept = Array::new();
    for item in items {
        if known.insert(identity(context, &key_of(context, function, &item)?)?) {
            kept.push(item);
        }
    }
    Ok(kept)
}

/// The items that are in another list, or those that are not.
fn select(context: &NativeCallContext, given: &[&mut Dynamic], wanted: bool) -> RaisedError<Array> {
    let others = list_at(context, given, 1)?;
    let others: HashSet<String> = others.iter().map(|item| identity(context, item)).collect::<RaisedError<_>>()?;
    let mut kept = Array::new();
    for item in list_at(context, given, 0)? {
        if others.contains(&identity(context, &item)?) == wanted {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn group_by(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<Map> {
    let function = function_at(given, 1);
    let mut groups = Map::new();
    for item in list_at(context, given, 0)? {
        let key = show_value(&key_of(context, function.as_ref(), &item)?);
        let group = groups.entry(key.as_str().into()).or_insert_with(|| Array::new().into());
        if let Some(mut group) = group.write_lock::<Array>() {
            group.push(item);
        }
    }
    Ok(groups)
}

fn index_by(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<Map> {
    let function = function_at(given, 1);
    let mut index = Map::new();
    for item in list_at(context, given, 0)? {
        let key = show_value(&key_of(context, function.as_ref(), &item)?);
        if index.insert(key.as_str().into(), item).is_some() {
            let words = format!("index_by: two items have the key \"{key}\"; group_by keeps both");
            return Err(CallSite::of(context).usage(words));
        }
    }
    Ok(index)
}

fn sum_of(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<Dynamic> {
    let function = function_at(given, 1);
    let (mut whole, mut parts, mut is_whole) = (0_i64, 0.0_f64, true);
    for item in list_at(context, given, 0)? {
        let number = key_of(context, function.as_ref(), &item)?;
        match (number.as_int(), number.as_float()) {
            (Ok(number), _) => {
                let added = whole.checked_add(number);
                whole = added.ok_or_else(|| CallSite::of(context).usage("sum: the sum is too large"))?;
            }
            (_, Ok(number)) => {
                is_whole = false;
                parts += number;
            }
            (Err(found), _) => {
                let words = format!("sum: an item is {}, not a number", kind_of(found));
                return Err(CallSite::of(context).usage(words));
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a sum with fractions is a float, as the language has it")]
    Ok(if is_whole { whole.into() } else { (whole as f64 + parts).into() })
}

/// What items are sorted by: all of them by one kind, so that the order is the same whichever two are compared first.
enum SortKeys {
    Flags(Vec<bool>),
    /// Numbers of which some have fractions.
    Floats(Vec<f64>),
    Wholes(Vec<i64>),
    Texts(Vec<ImmutableString>),
    Times(Vec<ScriptTime>),
    Durations(Vec<ScriptDuration>),
}

impl SortKeys {
    fn of(context: &NativeCallContext, keys: &[Dynamic]) -> RaisedError<Self> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beside a number with a fraction, as the language compares them"
        )]
        let float = |key: &Dynamic| key.as_float().or_else(|_| key.as_int().map(|whole| whole as f64)).ok();
        let texts = keys.iter().map(|key| key.as_immutable_string_ref().ok().map(|text| text.clone())).collect();
        let wholes = || keys.iter().map(|key| key.as_int().ok()).collect::<Option<_>>().map(Self::Wholes);
        let floats = || keys.iter().map(float).collect::<Option<_>>().map(Self::Floats);
        let flags = || keys.iter().map(|key| key.as_bool().ok()).collect::<Option<_>>().map(Self::Flags);
        let times = || keys.iter().map(|key| key.clone().try_cast()).collect::<Option<_>>().map(Self::Times);
        let durations = || keys.iter().map(|key| key.clone().try_cast()).collect::<Option<_>>().map(Self::Durations);
        let known = Option::map(texts, Self::Texts).or_else(wholes).or_else(floats).or_else(flags);
        let known = known.or_else(times).or_else(durations);
        known.ok_or_else(|| {
            let name = context.fn_name();
            let kinds: BTreeSet<String> = keys.iter().map(|key| kind_of(key.type_name())).collect();
            let kinds = kinds.into_iter().collect::<Vec<_>>().join(" and ");
            let words = format!(
                "{name}: items are sorted by texts, by numbers, by times, or by true and false, not by {kinds}"
            );
            CallSite::of(context).usage(words)
        })
    }

    fn compare(&self, left: usize, right: usize) -> Ordering {
        match self {
            Self::Flags(keys) => keys[left].cmp(&keys[right]),
            Self::Floats(keys) => keys[left].total_cmp(&keys[right]),
            Self::Wholes(keys) => keys[left].cmp(&keys[right]),
            Self::Texts(keys) => keys[left].cmp(&keys[right]),
            Self::Times(keys) => keys[left].cmp(&keys[right]),
            Self::Durations(keys) => keys[left].cmp(&keys[right]),
        }
    }
}

/// A sorted copy; items of one key stay in their order, those whose key is `()` come last.
fn sort_items(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<Array> {
    let function = function_at(given, 1);
    let (mut items, mut keys, mut last) = (Array::new(), Vec::new(), Array::new());
    for item in list_at(context, given, 0)? {
        let key = key_of(context, function.as_ref(), &item)?.flatten();
        if key.is_unit() {
            last.push(item);
        } else {
            items.push(item);
            keys.push(key);
        }
    }
    let keys = SortKeys::of(context, &keys)?;
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|left, right| keys.compare(*left, *right));
    let sorted = order.into_iter().map(|index| std::mem::take(&mut items[index]));
    Ok(sorted.chain(last).collect())
}
