//! The engine: Rhai with what runbooks may use, and limits that end a runaway.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rhai::packages::{Package, StandardPackage};
use rhai::{Dynamic, Engine, OptimizationLevel, Position};

use crate::run::event::EventKind;
use crate::script::bindings;
use crate::script::call_context::{CallContext, RunContext};
use crate::script::error_value::ErrorValue;
use crate::script::keywords::free_keywords;
use crate::script::memory::{self, MemoryGuard};
use crate::script::secret;
use crate::script::value_size::{TooMuch, is_looked_at, is_too_deep};

/// How deeply expressions may nest, in the main text and in functions. rhai's own limits differ between debug and release builds.
pub(super) const EXPRESSION_DEPTH: usize = 64;
/// How deeply calls may nest.
const CALL_DEPTH: usize = 64;
/// Steps of evaluation in a whole run, all lanes together: minutes of pure computing. rhai's own count restarts with every closure.
const MOST_OPERATIONS: u64 = 300_000_000;

/// So many operations go between two looks for Ctrl-C: some microseconds.
const GLANCE: u64 = 64;

/// An engine that knows all verbs and runs nothing yet: enough to compile and to check.
pub fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    StandardPackage::new().register_into_engine(&mut engine);
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_strict_variables(true);
    engine.set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH);
    engine.set_max_call_levels(CALL_DEPTH);
    // rhai's interner is one lock for all threads.
    engine.set_max_strings_interned(0);
    engine.disable_symbol("eval");
    free_keywords(&mut engine);
    secret::register(&mut engine);
    bindings::register(&mut engine);
    refuse_deep_values(&mut engine);
    engine.on_print(tell_note);
    engine.on_debug(|text, _, _| tell_note(text));
    engine
}

/// Knows no function and folds no constants: the tree is the text.
pub(super) fn header_engine() -> Engine {
    let mut engine = Engine::new_raw();
    engine.set_optimization_level(OptimizationLevel::None);
    free_keywords(&mut engine);
    engine.set_max_expr_depths(EXPRESSION_DEPTH, EXPRESSION_DEPTH);
    engine
}

/// The same as [`engine`], with the run's Ctrl-C and limits of operations and memory.
pub(super) fn engine_of(host: &Arc<RunContext>) -> Engine {
    let mut engine = engine();
    watch(&mut engine, host);
    engine
}

/// Has Ctrl-C and the limits of this run end what the engine evaluates, instead of those of another.
pub(super) fn watch(engine: &mut Engine, host: &Arc<RunContext>) {
    let host = Arc::clone(host);
    let operations = AtomicU64::new(0);
    let memory = MemoryGuard::watch(&host.runtime, memory::MOST);
    engine.on_progress(move |_| {
        let done = operations.fetch_add(1, Ordering::Relaxed);
        if done.is_multiple_of(GLANCE) && host.run.cancelled().is_cancelled() {
            host.stop(crate::run::CallError::Interrupted);
        }
        if done > MOST_OPERATIONS {
            return Some("the script did too many operations: it seems to run without end".into());
        }
        if memory.is_full() {
            return Some("the script takes too much memory: something in it seems to grow without end".into());
        }
        host.is_stopped().then_some(Dynamic::UNIT)
    });
}

/// Ends what builds a value of too many levels: each level more is built of the one before, so that it is seen when that is used.
#[expect(deprecated, reason = "rhai marks the hook into its variables so because it may change between versions")]
fn refuse_deep_values(engine: &mut Engine) {
    engine.on_var(|name, index, context| {
        if !is_looked_at() {
            return Ok(None);
        }
        let scope = context.scope();
        // The parser tells how many variables back it is; the newest comes first.
        let value = match index.checked_sub(1) {
            Some(back) => scope.iter_raw().nth(back).map(|(_, _, value)| value),
            None => scope.get(name),
        };
        if value.is_some_and(is_too_deep) {
            let refused = ErrorValue::new("usage", format!("{name}: {}", TooMuch::Depth));
            return Err(refused.raise(context.source(), Position::NONE));
        }
        Ok(None)
    });
}

/// `print` and `debug` of a script are notes. A journal that cannot take a note stops the next write, which is soon enough.
fn tell_note(text: &str) {
    if let Some(scene) = CallContext::current() {
        let words = text.to_owned();
        let _ = scene.host.run.emit(&scene.lane, EventKind::Note { words });
    }
}
