//! `each`: bulk work, every item in a lane of its own.

use std::any::TypeId;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext};
use serde_json::{Value, json};

use super::call_site::{CallSite, RaisedError};
use super::capture_copy::{LaneClosure, unshare};
use super::flow::show_value;
use super::list::ScriptList;
use super::options::VerbOptions;
use crate::run::ItemStart;
use crate::run::lane::RunLane;
use crate::run::undo::NotUndone;
use crate::script::call_context::CallContext;
use crate::script::error::ScriptDiagnostic;
use crate::script::error_value::ErrorValue;
use crate::script::value::{from_answer, from_json, to_json};

/// Registered as raw functions, which get the list itself: it may be long, and a copy is made anyway.
pub(super) fn register(engine: &mut Engine) {
    let (any, map, function) = (TypeId::of::<Dynamic>(), TypeId::of::<Map>(), TypeId::of::<FnPtr>());
    engine
        .register_raw_fn("each", [any, function], |context, args| {
            let act = std::mem::take(args[1]).cast::<FnPtr>();
            each(&context, args[0], Map::new(), act)
        })
        .register_raw_fn("each", [any, map, function], |context, args| {
            let options = std::mem::take(args[1]).cast::<Map>();
            let act = std::mem::take(args[2]).cast::<FnPtr>();
            each(&context, args[0], options, act)
        });
}

/// Items worked on at the same time when the script does not say.
const CONCURRENCY: usize = 8;
/// Stack of a lane's thread in bytes: 64 nested calls of a debug build need about 6 MB.
const STACK: usize = 16 << 20;

/// What a failed item means for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnFailure {
    Continue,
    Stop,
    /// What its lane wrote is taken back at once.
    Undo,
}

/// Rows `#{ key, item, ok, value, error, message }` in the order of the items. Items that were not begun have no row.
fn each(context: &NativeCallContext, items: &Dynamic, options: Map, act: FnPtr) -> RaisedError<Array> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let mut options = VerbOptions::new("each", &place, options);
    let key = options.take("key");
    let policy = BulkPolicy::taken_from(&mut options, &place)?;
    options.end()?;
    let items = all(&place, items)?;
    let keys = keys(context, &place, &items, key.as_ref())?;
    let taken = !scene.host.is_untaken(context);
    work_on(context, (items, keys), policy, act, taken)
}

/// How a bulk step goes about its items.
#[derive(Clone, Copy, Debug)]
pub(super) struct BulkPolicy {
    concurrency: usize,
    on_failure: OnFailure,
    /// More failures than this stop the rest.
    limit: Option<usize>,
}

impl BulkPolicy {
    /// What the options `concurrency`, `max_failures` and `on_failure` say.
    pub(super) fn taken_from(options: &mut VerbOptions, place: &CallSite) -> RaisedError<Self> {
        let concurrency = options.count("concurrency", 1)?.unwrap_or(CONCURRENCY);
        let most_failures = options.count("max_failures", 0)?;
        let on_failure = match options.text("on_failure")?.as_deref() {
            None | Some("continue") => OnFailure::Continue,
            Some("stop") => OnFailure::Stop,
            Some("undo") => OnFailure::Undo,
            Some(other) => {
                let words = format!("`on_failure` of each is \"continue\", \"stop\" or \"undo\", not \"{other}\"");
                return Err(place.usage(words));
            }
        };
        let limit = if on_failure == OnFailure::Stop { Some(0) } else { most_failures };
        Ok(Self { concurrency, on_failure, limit })
    }
}

/// Works on items with their keys, each in a lane of its own. Where nobody takes the rows there are none.
pub(super) fn work_on(
    context: &NativeCallContext,
    (items, keys): (Array, Vec<String>),
    policy: BulkPolicy,
    act: FnPtr,
    taken: bool,
) -> RaisedError<Array> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let number = scene.host.run.bulk(&scene.lane, &keys);
    let number = number.map_err(|error| place.error(&scene, error))?;
    let bulk = BulkLanes {
        context,
        taken,
        number,
        on_failure: policy.on_failure,
        scene,
        place,
        act,
        items,
        keys,
        limit: policy.limit,
        next: AtomicUsize::new(0),
        failures: AtomicUsize::new(0),
        ended: AtomicBool::new(false),
        rows: Mutex::default(),
        broken: Mutex::default(),
    };
    bulk.work(policy.concurrency);
    bulk.scene.host.run.bulk_over(&bulk.scene.lane);
    bulk.result()
}

fn all(place: &CallSite, items: &Dynamic) -> RaisedError<Array> {
    if let Some(list) = items.read_lock::<ScriptList>() {
        return list.clone().into_iter().collect();
    }
    items.as_array_ref().map(|items| items.clone()).map_err(|_| place.usage("each: the first argument is a list"))
}

/// Keys name the lanes in the journal: two items of the same key could not be told apart.
pub(super) fn keys(
    context: &NativeCallContext,
    place: &CallSite,
    items: &Array,
    given: Option<&Dynamic>,
) -> RaisedError<Vec<String>> {
    let mut keys = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        keys.push(key_of(context, place, item, given)?.unwrap_or_else(|| index.to_string()));
    }
    let mut known = HashSet::with_capacity(keys.len());
    match keys.iter().find(|key| !known.insert(key.as_str())) {
        Some(twice) => {
            Err(place
                .usage(format!("each: two items have the key \"{twice}\"; give another with #{{ key: |item| … }}")))
        }
        None => Ok(keys),
    }
}

fn key_of(
    context: &NativeCallContext,
    place: &CallSite,
    item: &Dynamic,
    given: Option<&Dynamic>,
) -> RaisedError<Option<String>> {
    if let Some(function) = given.and_then(Dynamic::read_lock::<FnPtr>) {
        let key: Dynamic = function.call_within_context(context, (item.clone(),))?;
        return Ok(Some(show_value(&key)));
    }
    if let Some(name) = given {
        let name = name
            .as_immutable_string_ref()
            .map_err(|_| place.usage("each: `key` is the name of a field or a function"))?;
        let field = item.as_map_ref().ok().and_then(|map| map.get(name.as_str()).map(show_value));
        return field.map(Some).ok_or_else(|| place.usage(format!("each: an item has no field `{}`", name.as_str())));
    }
    if item.is_string() || item.is_int() {
        return Ok(Some(show_value(item)));
    }
    let map = item.as_map_ref().ok();
    let named = ["key", "login", "id", "name"].iter().find_map(|name| map.as_ref()?.get(*name).map(show_value));
    Ok(named)
}

struct BulkLanes<'a, 'c> {
    context: &'a NativeCallContext<'c>,
    /// Whether somebody takes the rows.
    taken: bool,
    /// Number of this bulk step within its lane.
    number: u64,
    on_failure: OnFailure,
    scene: CallContext,
    place: CallSite,
    act: FnPtr,
    items: Array,
    keys: Vec<String>,
    /// More failures than this stop the rest.
    limit: Option<usize>,
    next: AtomicUsize,
    failures: AtomicUsize,
    ended: AtomicBool,
    /// Rows by the index of the item, still without it and its key.
    rows: Mutex<Vec<(usize, Map)>>,
    /// What no script may catch, or what left the loop (`exit`).
    broken: Mutex<Option<Box<EvalAltResult>>>,
}

impl BulkLanes<'_, '_> {
    fn work(&self, concurrency: usize) {
        let threads = concurrency.min(self.items.len());
        if threads <= 1 {
            return self.run_lanes();
        }
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let spawned = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || self.run_lanes());
                if let Err(error) = spawned {
                    self.break_off(self.place.usage(format!("each: no thread for a lane: {error}")));
                }
            }
        });
    }

    /// Takes items until there are none.
    fn run_lanes(&self) {
        let act = LaneClosure::of(&self.act, |name| self.scene.host.is_quiet(name));
        while !self.ended.load(Ordering::Acquire) && !self.scene.host.is_stopped() {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.items.len() {
                return;
            }
            self.run_lane(index, &act);
        }
    }

    fn run_lane(&self, index: usize, act: &LaneClosure) {
        let run = &self.scene.host.run;
        match run.begin_item(&self.scene.lane, self.number, &self.keys[index]) {
            Ok(ItemStart::Done(value)) => match from_answer(&value, &|_| {}) {
                Ok(value) => self.keep(index, true, [("value", value)]),
                Err(unfit) => self.break_off(self.place.usage(unfit.to_string())),
            },
            Ok(ItemStart::Lane { lane, failed_before }) => self.execute(index, act, &lane, failed_before),
            Ok(ItemStart::TakingBack { lane, failure }) => {
                self.take_back(index, &lane, LaneFailure::of_json(&failure));
            }
            Err(error) => self.break_off(self.place.error(&self.scene, error)),
        }
    }

    fn execute(&self, index: usize, act: &LaneClosure, lane: &Arc<RunLane>, failed_before: bool) {
        let scene = CallContext { host: Arc::clone(&self.scene.host), lane: Arc::clone(lane) };
        let item = unshare(&self.items[index]);
        let act = act.for_a_lane();
        let result = catch_unwind(AssertUnwindSafe(|| {
            scene.run_within(|| act.call_within_context::<Dynamic>(self.context, (item,)))
        }));
        let result = result.unwrap_or_else(|_| Err("a verb failed unexpectedly; please report this".into()));
        if failed_before == result.is_ok() {
            self.scene.host.run.ended_otherwise(&self.scene.lane);
        }
        match result {
            Ok(value) => self.succeeded(index, lane, value),
            Err(error) if self.scene.host.is_stopped() || !error.is_catchable() => {
                self.break_off(error);
            }
            Err(error) => self.failed(index, lane, &error),
        }
    }

    fn succeeded(&self, index: usize, lane: &RunLane, value: Dynamic) {
        self.tell_end(lane, Ok(to_json(&value).ok()));
        self.keep(index, true, [("value", value.flatten())]);
    }

    fn failed(&self, index: usize, lane: &RunLane, error: &EvalAltResult) {
        let host = &self.scene.host;
        let diagnostic = ScriptDiagnostic::of_evaluation(error, &host.entry, &host.sources, &host.names);
        let failure = LaneFailure { message: failure_text(&diagnostic), error: thrown_value(error) };
        if self.on_failure == OnFailure::Undo {
            self.take_back(index, lane, failure);
        } else {
            self.end_failed(index, lane, failure);
        }
    }

    /// Takes back what a failed lane wrote, and says what came of it.
    fn take_back(&self, index: usize, lane: &RunLane, mut failure: LaneFailure) {
        let kept = failure.to_json();
        let undo = self.scene.host.run.undo_lane(lane, &kept);
        match self.scene.wait_for(undo) {
            Ok(left) => {
                failure.message.push_str(&came_of(&left));
                self.end_failed(index, lane, failure);
            }
            Err(error) => self.break_off(self.place.error(&self.scene, error)),
        }
    }

    fn end_failed(&self, index: usize, lane: &RunLane, failure: LaneFailure) {
        self.tell_end(lane, Err(failure.message.clone()));
        self.keep(index, false, [("error", failure.error), ("message", failure.message.into())]);
        let failures = self.failures.fetch_add(1, Ordering::AcqRel) + 1;
        if self.limit.is_some_and(|limit| failures > limit) {
            self.ended.store(true, Ordering::Release);
        }
    }

    fn tell_end(&self, lane: &RunLane, result: Result<Option<serde_json::Value>, String>) {
        if let Err(error) = self.scene.host.run.item_ended(lane, result) {
            self.break_off(self.place.error(&self.scene, error));
        }
    }

    fn keep<const N: usize>(&self, index: usize, ok: bool, rest: [(&str, Dynamic); N]) {
        let mut row = Map::new();
        if self.taken {
            row.insert("ok".into(), ok.into());
            row.extend(rest.map(|(name, value)| (name.into(), value)));
        }
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.push((index, row));
    }

    fn break_off(&self, error: Box<EvalAltResult>) {
        self.ended.store(true, Ordering::Release);
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.get_or_insert(error);
    }

    fn result(self) -> RaisedError<Array> {
        if let Some(error) = self.broken.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let mut rows = self.rows.into_inner().unwrap_or_else(PoisonError::into_inner);
        rows.sort_by_key(|(index, _)| *index);
        let failures = self.failures.into_inner();
        if self.limit.is_some_and(|limit| failures > limit) {
            let left = self.items.len() - rows.len();
            let error = ErrorValue::new("each", format!("stopped after {failures} failed, {left} not begun"))
                .help(["mend what the failures name, then run again: what is done stays as it is".to_owned()]);
            return Err(self.place.raise(error));
        }
        if !self.taken {
            return Ok(Array::new());
        }
        Ok(name_rows(rows, self.keys, self.items))
    }
}

/// Gives the rows their items, which are not copied, and keys.
fn name_rows(rows: Vec<(usize, Map)>, keys: Vec<String>, items: Array) -> Array {
    let mut all = keys.into_iter().zip(items).enumerate();
    let named = |(index, mut row): (usize, Map)| {
        let (_, (key, item)) = all.find(|(at, _)| *at == index)?;
        row.insert("key".into(), key.into());
        row.insert("item".into(), item);
        Some(Dynamic::from_map(row))
    };
    rows.into_iter().filter_map(named).collect()
}

/// Why a lane failed.
struct LaneFailure {
    message: String,
    /// What `catch` would have been given.
    error: Dynamic,
}

impl LaneFailure {
    fn to_json(&self) -> Value {
        let error = to_json(&self.error).unwrap_or_default();
        json!({ "message": self.message, "error": error })
    }

    fn of_json(kept: &Value) -> Self {
        Self {
            message: kept["message"].as_str().unwrap_or_default().to_owned(),
            error: from_json(&kept["error"]).unwrap_or_default(),
        }
    }
}

fn came_of(left: &[NotUndone]) -> String {
    if left.is_empty() {
        return "\nwhat was written for it is taken back".to_owned();
    }
    let line = |left: &NotUndone| format!("\nnot taken back: {} {}: {}", left.operation, left.path, left.why);
    left.iter().map(line).collect()
}

/// Message, facts, remedy and place of a failure, as one text.
fn failure_text(diagnostic: &ScriptDiagnostic) -> String {
    let mut lines = vec![diagnostic.message.clone()];
    lines.extend(diagnostic.notes.iter().cloned());
    lines.extend(diagnostic.help.iter().map(|help| format!("help: {help}")));
    if let Some(place) = &diagnostic.location {
        lines.push(format!("at {}:{}:{}", place.file, place.line, place.column));
    }
    lines.join("\n")
}

/// What `catch` would have been given.
pub(super) fn thrown_value(error: &EvalAltResult) -> Dynamic {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            thrown_value(inner)
        }
        EvalAltResult::ErrorRuntime(value, _) => value.clone(),
        other => ErrorValue::new("script", other.to_string()).into(),
    }
}
