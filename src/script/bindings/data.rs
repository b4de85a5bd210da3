//! Data: distinguished names, the org's time; and refusals of what a script may not have.

use rhai::{Engine, Module, NativeCallContext};
use serde_json::json;

use super::call_site::{CallSite, RaisedError};
use super::directory::name;
use crate::script::call_context::CallContext;

/// What to write instead of `sleep` and `timestamp`.
pub(in crate::script) const NO_CLOCK: &str = "use wait_until(#{ timeout: 60, every: 5 }, || …) and now()";

pub(super) fn register(engine: &mut Engine) {
    engine.register_static_module("dn", distinguished_names().into());
    engine.register_fn("now", |context: NativeCallContext| now(&context, 0));
    engine.register_fn("now", |context: NativeCallContext, seconds: i64| now(&context, seconds));
    engine.register_fn("started", |context: NativeCallContext| run_started(&context));
    engine.register_fn("quoted", |text: &str| serde_json::Value::from(text).to_string());
    engine
        .register_fn("age", |context: NativeCallContext, time: &str| {
            let time = time.parse().map_err(|_| {
                CallSite::of(&context).usage(format!("age: `{time}` is no time such as 2026-01-02T03:04:05.000Z"))
            })?;
            age(&context, time)
        })
        .register_fn("age", |context: NativeCallContext, milliseconds: i64| {
            let time = jiff::Timestamp::from_millisecond(milliseconds).map_err(|_| {
                CallSite::of(&context).usage(format!("age: {milliseconds} is no time in milliseconds since 1970"))
            })?;
            age(&context, time)
        });
    for verb in ["sleep", "timestamp"] {
        engine.register_fn(verb, move |context: NativeCallContext| no_clock(&context, verb));
    }
    engine
        .register_fn("sleep", |context: NativeCallContext, _seconds: i64| no_clock(&context, "sleep"))
        .register_fn("sleep", |context: NativeCallContext, _seconds: f64| no_clock(&context, "sleep"));
}

/// A run that is taken up again must come to the same calls: time and waits go through verbs that are recorded.
fn no_clock(context: &NativeCallContext, verb: &str) -> RaisedError<()> {
    Err(CallSite::of(context).usage(format!("`{verb}` is not for runbooks; {NO_CLOCK}")))
}

/// UTC as Okta writes it, such as `2026-01-02T03:04:05.000Z`, so many seconds from now: for `since` and `until` of the System Log.
fn now(context: &NativeCallContext, seconds: i64) -> RaisedError<String> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    let then = time(&place, &scene)?.checked_add(jiff::SignedDuration::from_secs(seconds));
    let then = then.map_err(|error| place.usage(format!("now: {error}")))?;
    Ok(as_okta(then))
}

/// When the run began, by the orgs' clock: that is known to a second only, so that what was asked with it before is asked with the same.
fn run_started(context: &NativeCallContext) -> RaisedError<String> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    learn_time(&place, &scene)?;
    let run = &scene.host.run;
    let started = run.lasting_value(&scene.lane, &json!("started"), || run.started().as_millisecond().into());
    let started = started.map_err(|error| place.error(&scene, error))?;
    let started = jiff::Timestamp::from_millisecond(started.as_i64().unwrap_or_default());
    started.map(as_okta).map_err(|error| place.usage(error.to_string()))
}

/// No answer may have told the org's time yet.
fn learn_time(place: &CallSite, scene: &CallContext) -> RaisedError<()> {
    let learned = scene.wait_for(scene.host.run.learn_time(&scene.lane));
    learned.map_err(|error| place.error(scene, error))
}

fn as_okta(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Seconds since `time`; below 0 when it is to come.
fn age(context: &NativeCallContext, time: jiff::Timestamp) -> RaisedError<i64> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    Ok(self::time(&place, &scene)?.duration_since(time).as_secs())
}

/// The same when the run is taken up again.
fn time(place: &CallSite, scene: &CallContext) -> RaisedError<jiff::Timestamp> {
    let run = &scene.host.run;
    learn_time(place, scene)?;
    let now = run.value(&scene.lane, &json!("now"), || run.now().as_millisecond().into());
    let now = now.map_err(|error| place.error(scene, error))?;
    let milliseconds = now.as_i64().unwrap_or_default();
    jiff::Timestamp::from_millisecond(milliseconds).map_err(|error| place.usage(error.to_string()))
}

fn distinguished_names() -> Module {
    let mut module = Module::new();
    module.set_native_fn("parent", |context: NativeCallContext, dn: &str| {
        let parent = name(&context, dn)?.parent();
        Ok(parent.map(|parent| parent.to_string()).unwrap_or_default())
    });
    module.set_native_fn("is_under", |context: NativeCallContext, dn: &str, base: &str| {
        Ok(name(&context, dn)?.is_under(&name(&context, base)?))
    });
    module.set_native_fn("same", |context: NativeCallContext, left: &str, right: &str| {
        Ok(name(&context, left)? == name(&context, right)?)
    });
    module.set_native_fn("rdn", |context: NativeCallContext, dn: &str| {
        Ok(name(&context, dn)?.rdn_value().unwrap_or_default().to_owned())
    });
    module.set_native_fn("moved", |context: NativeCallContext, dn: &str, parent: &str| {
        Ok(name(&context, dn)?.moved_to(&name(&context, parent)?).to_string())
    });
    module
}
