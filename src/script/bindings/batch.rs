//! `batch`: items that go through several bulk steps. Who fails one drops out of those that follow; what was done for them stays.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext};

use super::bulk::{BulkPolicy, keys, thrown_value, work_on};
use super::call_site::{CallSite, RaisedError};
use super::expectations::ExpectationSubject;
use super::flow::{help_lines, show_value};
use super::item_label::entry_of;
use super::list::ScriptList;
use super::options::{VerbOptions, seconds_of};
use super::wait_until::{WaitPatience, look_until};
use crate::run::ItemStart;
use crate::run::event::EventKind;
use crate::run::plural::count_noun;
use crate::script::call_context::CallContext;
use crate::script::error_value::ErrorValue;

/// Items, and what became of those that failed. Clones are the same batch.
#[derive(Clone)]
pub(in crate::script) struct ItemBatch(Arc<Mutex<BatchItems>>);

#[derive(Default)]
struct BatchItems {
    /// Those that failed nothing so far, with their keys.
    done: Vec<(String, Dynamic)>,
    /// Rows `#{ key, item, message }`, in the order in which they failed.
    failed: Array,
}

/// How long a batch waits where the script does not say: reads of memberships may lag so long behind writes.
const PATIENCE: f64 = 120.0;
/// Seconds between two looks at most.
const BETWEEN_LOOKS: f64 = 2.0;

pub(super) fn register(engine: &mut Engine) {
    let (batch, any, function) = (TypeId::of::<ItemBatch>(), TypeId::of::<Dynamic>(), TypeId::of::<FnPtr>());
    let map = TypeId::of::<Map>();
    engine
        .register_type_with_name::<ItemBatch>("Batch")
        .register_raw_fn("batch", [any], |context, given| begin(&context, given))
        .register_raw_fn("batch", [any, any], |context, given| begin(&context, given))
        .register_iterator::<ItemBatch>()
        .register_get("done", |batch: &mut ItemBatch| batch.survivors())
        .register_get("failed", |batch: &mut ItemBatch| batch.items().failed.clone())
        .register_fn("len", |batch: &mut ItemBatch| i64::try_from(batch.items().done.len()).unwrap_or(i64::MAX))
        .register_get("len", |batch: &mut ItemBatch| i64::try_from(batch.items().done.len()).unwrap_or(i64::MAX))
        .register_fn("is_empty", |batch: &mut ItemBatch| batch.items().done.is_empty())
        .register_raw_fn("each", [batch, function], |context, given| each(&context, given))
        .register_raw_fn("each", [batch, map, function], |context, given| each(&context, given))
        .register_raw_fn("wait", [batch, any, function], |context, given| wait(&context, given))
        .register_raw_fn("wait", [batch, any, any, function], |context, given| wait(&context, given))
        .register_raw_fn("wait", [batch, any, function, function], |context, given| wait(&context, given))
        .register_raw_fn("wait", [batch, any, any, function, function], |context, given| wait(&context, given));
    for count in 3..=6 {
        let types = [batch, function].into_iter().chain(std::iter::repeat_n(any, count - 2)).collect::<Vec<_>>();
        engine.register_raw_fn("check", types, |context, given| check(&context, given));
    }
}

impl ItemBatch {
    fn of(given: &Dynamic) -> Self {
        given.read_lock::<Self>().map_or_else(|| Self(Arc::default()), |batch| batch.clone())
    }

    /// A poisoned lock means that a verb panicked: what is kept is whole items all the same.
    fn items(&self) -> MutexGuard<'_, BatchItems> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The items that failed nothing so far.
    pub(super) fn survivors(&self) -> Array {
        self.items().done.iter().map(|(_, item)| item.clone()).collect()
    }

    fn len(&self) -> u64 {
        self.items().done.len() as u64
    }

    fn keyed(&self) -> Vec<(String, Dynamic)> {
        self.items().done.clone()
    }
}

impl IntoIterator for ItemBatch {
    type Item = Dynamic;
    type IntoIter = std::vec::IntoIter<Dynamic>;

    fn into_iter(self) -> Self::IntoIter {
        self.survivors().into_iter()
    }
}

/// The items of an array, of a list of the API, or of a batch.
pub(super) fn items_of(given: &Dynamic) -> Option<RaisedError<Array>> {
    if let Some(list) = given.read_lock::<ScriptList>() {
        return Some(list.clone().into_iter().collect());
    }
    if let Some(batch) = given.read_lock::<ItemBatch>() {
        return Some(Ok(batch.survivors()));
    }
    given.as_array_ref().ok().map(|list| Ok(list.clone()))
}

/// `batch(list, key?)`
fn begin(context: &NativeCallContext, given: &[&mut Dynamic]) -> RaisedError<Dynamic> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let items = items_of(given[0]).ok_or_else(|| place.usage("batch: the first argument is a list"))??;
    let key = given.get(1).map(|key| key.flatten_clone());
    let keys = keys(context, &place, &items, key.as_ref())?;
    scene.host.run.know_items(&scene.lane, &keys);
    let done = keys.into_iter().zip(items).collect();
    Ok(Dynamic::from(ItemBatch(Arc::new(Mutex::new(BatchItems { done, failed: Array::new() })))))
}

/// `batch.each(options?, |item| …)`: rows of those for whom it succeeded.
fn each(context: &NativeCallContext, given: &mut [&mut Dynamic]) -> RaisedError<Array> {
    let place = CallSite::of(context);
    let batch = ItemBatch::of(given[0]);
    let (options, act) = match given {
        [_, options, act] => (options.flatten_clone().try_cast::<Map>().unwrap_or_default(), act.flatten_clone()),
        [_, act] => (Map::new(), act.flatten_clone()),
        _ => (Map::new(), Dynamic::UNIT),
    };
    let act = act.try_cast::<FnPtr>().ok_or_else(|| place.usage("batch.each: the last argument is a function"))?;
    let mut options = VerbOptions::new("batch.each", &place, options);
    let policy = BulkPolicy::taken_from(&mut options, &place)?;
    options.end()?;
    let (keys, items): (Vec<String>, Array) = batch.keyed().into_iter().unzip();
    let rows = work_on(context, (items, keys), policy, act, true)?;
    let (done, failed) = rows.into_iter().partition::<Array, _>(|row| field(row, "ok").as_bool().unwrap_or_default());
    let mut kept = batch.items();
    kept.done = done.iter().map(|row| (show_value(&field(row, "key")), field(row, "item"))).collect();
    kept.failed.extend(failed);
    Ok(done)
}

fn field(row: &Dynamic, name: &str) -> Dynamic {
    row.as_map_ref().ok().and_then(|row| row.get(name).cloned()).unwrap_or_default()
}

/// An item that drops out, and why.
struct DroppedItem {
    key: String,
    item: Dynamic,
    message: String,
    help: Vec<String>,
}

/// What was found for an item that is waited for.
enum ItemProgress {
    Arrived,
    /// It will not come: the reason, and what to do.
    Failed(String, Vec<String>),
    /// Not yet; what to do where it does not come.
    Waiting(Vec<String>),
}

impl ItemProgress {
    /// Nothing, `false` and what is empty are not yet; a map says more by `done`, `failed` and `help`; anything else has arrived.
    fn of(found: Option<&Dynamic>) -> Self {
        let Some(found) = found else {
            return Self::Waiting(Vec::new());
        };
        if let Ok(map) = found.as_map_ref() {
            let help = map.get("help").map(help_lines).unwrap_or_default();
            return match (map.get("failed"), map.get("done")) {
                (Some(reason), _) if !reason.is_unit() => Self::Failed(show_value(reason), help),
                (_, Some(done)) if done.as_bool() == Ok(true) => Self::Arrived,
                (None, None) if !map.is_empty() => Self::Arrived,
                _ => Self::Waiting(help),
            };
        }
        let is_empty = found.as_array_ref().is_ok_and(|list| list.is_empty());
        if found.is_unit() || found.as_bool() == Ok(false) || is_empty {
            Self::Waiting(Vec::new())
        } else {
            Self::Arrived
        }
    }
}

/// `batch.wait(timeout?, what, |left| found, |item| help)`: looks until each item is there, or is known not to come. `found` is a map by
/// key or id; the last function is asked what to do about an item that does not come in time.
fn wait(context: &NativeCallContext, given: &mut [&mut Dynamic]) -> RaisedError<()> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let batch = ItemBatch::of(given[0]);
    let functions: Vec<FnPtr> = given.iter().filter_map(|given| given.flatten_clone().try_cast::<FnPtr>()).collect();
    let [look, helper @ ..] = functions.as_slice() else {
        return Err(place.usage("batch.wait: a function such as |left| … comes last"));
    };
    let values = &given[1..given.len() - functions.len()];
    let (time, what) = match values {
        [what] => (None, what),
        [time, what] => (Some(time), what),
        _ => return Err(place.usage("batch.wait: the time, what is waited for, and a function")),
    };
    let what = what.flatten_clone().into_immutable_string();
    let what = what.map_err(|_| place.usage("batch.wait: what is waited for is a text such as \"to be moved\""))?;
    let timeout = match time {
        Some(time) => time_of(&place, time)?,
        None => Duration::from_secs_f64(PATIENCE),
    };
    let mut waiting: Vec<_> = batch.keyed().into_iter().map(|(key, item)| (key, item, Vec::new())).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let mut dropped = Vec::new();
    let mut look_again = || -> RaisedError<Option<()>> {
        let left: Array = waiting.iter().map(|(_, item, _)| item.clone()).collect();
        let found: Dynamic = look.call_within_context(context, (left,))?;
        let found = found.as_map_ref().map_err(|_| {
            place.usage("batch.wait: the function gives a map by key or id, such as okta.app_users(app, left)")
        })?;
        for (key, item, _) in std::mem::take(&mut waiting) {
            match ItemProgress::of(entry_of(&found, &key, &item)) {
                ItemProgress::Arrived => {}
                ItemProgress::Waiting(help) => waiting.push((key, item, help)),
                ItemProgress::Failed(reason, help) => {
                    let label = ExpectationSubject::of(&scene, &item).label;
                    dropped.push(DroppedItem { message: format!("{label} failed {what}: {reason}"), key, item, help });
                }
            }
        }
        Ok(waiting.is_empty().then_some(()))
    };
    let reason = format!("{} {what}", count_noun(batch.len(), "item"));
    let patience = WaitPatience::of(timeout, Duration::from_secs_f64(BETWEEN_LOOKS));
    look_until(&place, patience, &reason, &mut look_again)?;
    for (key, item, mut help) in waiting {
        if let Some(helper) = helper.first() {
            help = help_lines(&helper.call_within_context(context, (item.clone(),))?);
        }
        let label = ExpectationSubject::of(&scene, &item).label;
        let message = format!("waited {} s in vain for {label} {what}", timeout.as_secs_f64());
        dropped.push(DroppedItem { key, item, message, help });
    }
    drop_out(&place, &scene, &batch, dropped)
}

/// `batch.check(|item, now| fact, words, found?, help?, failure?)`: who does not pass drops out.
fn check(context: &NativeCallContext, given: &mut [&mut Dynamic]) -> RaisedError<()> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let batch = ItemBatch::of(given[0]);
    let test = given[1].flatten_clone().try_cast::<FnPtr>();
    let test =
        test.ok_or_else(|| place.usage("batch.check: the first argument is a function such as |item, now| …"))?;
    let words = given[2].flatten_clone().into_immutable_string();
    let words =
        words.map_err(|_| place.usage("batch.check: the words after the function are a text such as \"is active\""))?;
    let found = match given.get(3) {
        None => None,
        Some(found) if found.is_unit() => None,
        Some(_) => Some(std::mem::take(given[3]).flatten().try_cast::<Map>().ok_or_else(|| {
            place.usage("batch.check: what is there now is a map by key or id, such as okta.app_users(app, items)")
        })?),
    };
    let help = given.get(4).map(|help| help_lines(help)).unwrap_or_default();
    let failure = given.get(5).filter(|words| !words.is_unit()).map(|words| show_value(words));
    let (mut passed, mut dropped) = (Vec::new(), Vec::new());
    for (key, item) in batch.keyed() {
        let subject = ExpectationSubject::of(&scene, &item);
        let now = found.as_ref().map(|found| entry_of(found, &key, &item).cloned().unwrap_or_default());
        let (holds, why) = match holds_for(context, &place, &test, &item, now) {
            Ok(holds) => (holds, String::new()),
            Err(error) if scene.host.is_stopped() || !error.is_catchable() => return Err(error),
            Err(error) => (false, format!(" ({})", shown_error(&error))),
        };
        if holds {
            passed.push(subject.label);
        } else {
            let message = format!("check failed: {}{why}", subject.failure(&words, failure.clone()));
            dropped.push(DroppedItem { key, item, message, help: help.clone() });
        }
    }
    if !passed.is_empty() {
        let told = EventKind::Check { passed: true, words: words.to_string(), items: passed };
        scene.host.run.emit(&scene.lane, told).map_err(|error| place.error(&scene, error))?;
    }
    drop_out(&place, &scene, &batch, dropped)
}

fn holds_for(
    context: &NativeCallContext,
    place: &CallSite,
    test: &FnPtr,
    item: &Dynamic,
    now: Option<Dynamic>,
) -> RaisedError<bool> {
    let holds: Dynamic = match now {
        Some(now) => test.call_within_context(context, (item.clone(), now))?,
        None => test.call_within_context(context, (item.clone(),))?,
    };
    holds.as_bool().map_err(|_| place.usage("batch.check: the function gives true or false"))
}

/// The message of an error that the test of an item ended with.
fn shown_error(error: &EvalAltResult) -> String {
    let thrown = thrown_value(error);
    let message = thrown.as_map_ref().ok().and_then(|map| map.get("message").map(show_value));
    message.unwrap_or_else(|| show_value(&thrown))
}

/// Ends the lanes of items with why they drop out, so that the run's outcome has them.
fn drop_out(place: &CallSite, scene: &CallContext, batch: &ItemBatch, dropped: Vec<DroppedItem>) -> RaisedError<()> {
    if dropped.is_empty() {
        return Ok(());
    }
    let run = &scene.host.run;
    let raise = |error| place.error(scene, error);
    let keys: Vec<String> = dropped.iter().map(|item| item.key.clone()).collect();
    let number = run.bulk(&scene.lane, &keys).map_err(raise)?;
    for item in &dropped {
        let lines = std::iter::once(item.message.clone()).chain(item.help.iter().map(|help| format!("help: {help}")));
        let message = lines.collect::<Vec<_>>().join("\n");
        match run.begin_item(&scene.lane, number, &item.key).map_err(raise)? {
            ItemStart::Lane { lane, failed_before } => {
                run.item_ended(&lane, Err(message)).map_err(raise)?;
                if !failed_before {
                    run.ended_otherwise(&scene.lane);
                }
            }
            ItemStart::Done(_) | ItemStart::TakingBack { .. } => run.ended_otherwise(&scene.lane),
        }
    }
    run.bulk_over(&scene.lane);
    let mut kept = batch.items();
    let gone: HashSet<String> = keys.into_iter().collect();
    kept.done.retain(|(key, _)| !gone.contains(key));
    kept.failed.extend(dropped.into_iter().map(DroppedItem::into_row));
    Ok(())
}

impl DroppedItem {
    fn into_row(self) -> Dynamic {
        let error = ErrorValue::new("check", &self.message).help(self.help);
        let row = [
            ("key", self.key.into()),
            ("item", self.item),
            ("ok", false.into()),
            ("message", self.message.into()),
            ("error", error.into()),
        ];
        row.into_iter().map(|(name, value)| (name.into(), value)).collect::<Map>().into()
    }
}

/// Seconds, as a number.
fn time_of(place: &CallSite, given: &Dynamic) -> RaisedError<Duration> {
    let seconds = seconds_of(given).map(Duration::from_secs_f64);
    seconds.map_err(|_| place.usage("batch.wait: the time comes first, in seconds, such as 120"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_says_whether_it_is_waited_for_longer() {
        for (found, expected) in [
            ("()", "waiting"),
            ("false", "waiting"),
            ("[]", "waiting"),
            ("#{}", "waiting"),
            ("#{ done: false, help: \"look\" }", "waiting: look"),
            ("#{ failed: () }", "waiting"),
            ("#{ failed: \"no right\", help: [\"a\", \"b\"] }", "failed: no right a b"),
            ("true", "arrived"),
            ("[1]", "arrived"),
            ("\"x\"", "arrived"),
            ("#{ done: true }", "arrived"),
            ("#{ id: 1 }", "arrived"),
        ] {
            let value: Dynamic = Engine::new().eval(found).expect(found);
            let told = match ItemProgress::of(Some(&value)) {
                ItemProgress::Arrived => "arrived".to_owned(),
                ItemProgress::Failed(reason, help) => format!("failed: {reason} {}", help.join(" ")),
                ItemProgress::Waiting(help) if help.is_empty() => "waiting".to_owned(),
                ItemProgress::Waiting(help) => format!("waiting: {}", help.join(" ")),
            };
            assert_eq!(told, expected, "{found}");
        }
        assert!(matches!(ItemProgress::of(None), ItemProgress::Waiting(_)));
    }
}
