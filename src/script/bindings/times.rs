//! Times and durations: `now() - 90.days`, compared with what Okta and a directory write.

use std::cmp::Ordering;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, fmt::strtime};
use rhai::{Engine, ImmutableString, NativeCallContext};
use serde_json::json;

use super::call_site::{CallSite, RaisedError};
use crate::script::call_context::CallContext;
use crate::script::time_value::{ScriptDuration, ScriptTime, TIME_UNITS};

/// What to write instead of `sleep` and `timestamp`.
pub(in crate::script) const NO_CLOCK: &str = "use wait_until(#{ timeout: 60, every: 5 }, || …) and now()";

pub(super) fn register(engine: &mut Engine) {
    register_clock(engine);
    register_units(engine);
    register_texts(engine);
    register_arithmetic(engine);
    register_comparisons(engine);
}

fn register_clock(engine: &mut Engine) {
    engine
        .register_fn("now", |context: NativeCallContext| now(&context, SignedDuration::ZERO))
        .register_fn("now", |context: NativeCallContext, seconds: i64| {
            now(&context, SignedDuration::from_secs(seconds))
        })
        .register_fn("started", |context: NativeCallContext| run_started(&context))
        .register_fn("age", |context: NativeCallContext, time: &str| age(&context, parse_time(&context, time)?))
        .register_fn("age", |context: NativeCallContext, time: ScriptTime| age(&context, time))
        .register_fn("age", |context: NativeCallContext, milliseconds: i64| {
            age(&context, at_milliseconds(&context, milliseconds)?)
        });
    for verb in ["sleep", "timestamp"] {
        engine.register_fn(verb, move |context: NativeCallContext| no_clock(&context, verb));
    }
    engine
        .register_fn("sleep", |context: NativeCallContext, _seconds: i64| no_clock(&context, "sleep"))
        .register_fn("sleep", |context: NativeCallContext, _seconds: f64| no_clock(&context, "sleep"));
}

/// `90.days` of a number, and back.
fn register_units(engine: &mut Engine) {
    for (one, many, seconds) in TIME_UNITS {
        for name in [one, many] {
            engine.register_get(*name, move |context: NativeCallContext, number: &mut i64| {
                let whole = number.checked_mul(*seconds).map(SignedDuration::from_secs).map(ScriptDuration);
                whole.ok_or_else(|| CallSite::of(&context).usage(format!("{number} {many} are too long")))
            });
        }
        engine.register_get(*many, move |duration: &mut ScriptDuration| duration.0.as_secs() / seconds);
    }
}

fn register_texts(engine: &mut Engine) {
    engine
        .register_type_with_name::<ScriptTime>("Time")
        .register_type_with_name::<ScriptDuration>("Duration")
        .register_fn("time", |context: NativeCallContext, text: &str| parse_time(&context, text))
        .register_fn("time", |time: ScriptTime| time)
        .register_fn("time", |context: NativeCallContext, milliseconds: i64| at_milliseconds(&context, milliseconds))
        .register_get("date", |time: &mut ScriptTime| time.0.strftime("%Y-%m-%d").to_string())
        .register_fn("format", |context: NativeCallContext, time: ScriptTime, pattern: &str| {
            format_time(&context, time, pattern, "UTC")
        })
        .register_fn("format", |context: NativeCallContext, time: ScriptTime, pattern: &str, zone: &str| {
            format_time(&context, time, pattern, zone)
        });
    for name in ["to_string", "print", "to_debug", "debug"] {
        engine.register_fn(name, |time: &mut ScriptTime| time.to_string());
        engine.register_fn(name, |duration: &mut ScriptDuration| duration.to_string());
    }
    engine
        .register_fn("+", |text: &str, time: ScriptTime| format!("{text}{time}"))
        .register_fn("+", |time: ScriptTime, text: &str| format!("{time}{text}"))
        .register_fn("+", |text: &str, duration: ScriptDuration| format!("{text}{duration}"))
        .register_fn("+", |duration: ScriptDuration, text: &str| format!("{duration}{text}"));
}

fn register_arithmetic(engine: &mut Engine) {
    engine
        .register_fn("+", |context: NativeCallContext, time: ScriptTime, duration: ScriptDuration| {
            moved_by(&context, time, Some(duration.0))
        })
        .register_fn("-", |context: NativeCallContext, time: ScriptTime, duration: ScriptDuration| {
            moved_by(&context, time, duration.0.checked_neg())
        })
        .register_fn("-", |later: ScriptTime, earlier: ScriptTime| later.since(earlier))
        .register_fn("-", |context: NativeCallContext, later: ScriptTime, earlier: &str| {
            Ok::<_, Box<rhai::EvalAltResult>>(later.since(parse_time(&context, earlier)?))
        })
        .register_fn("+", |context: NativeCallContext, left: ScriptDuration, right: ScriptDuration| {
            length(&context, left.0.checked_add(right.0))
        })
        .register_fn("-", |context: NativeCallContext, left: ScriptDuration, right: ScriptDuration| {
            length(&context, left.0.checked_sub(right.0))
        })
        .register_fn("*", |context: NativeCallContext, duration: ScriptDuration, times: i64| {
            let times = i32::try_from(times).ok();
            length(&context, times.and_then(|times| duration.0.checked_mul(times)))
        });
}

fn register_comparisons(engine: &mut Engine) {
    type Holds = fn(Ordering) -> bool;
    let comparisons: [(&str, Holds); 6] = [
        ("==", Ordering::is_eq),
        ("!=", Ordering::is_ne),
        ("<", Ordering::is_lt),
        ("<=", Ordering::is_le),
        (">", Ordering::is_gt),
        (">=", Ordering::is_ge),
    ];
    for (name, holds) in comparisons {
        engine
            .register_fn(name, move |left: ScriptTime, right: ScriptTime| holds(left.cmp(&right)))
            .register_fn(name, move |left: ScriptDuration, right: ScriptDuration| holds(left.cmp(&right)));
        let is_equality = matches!(name, "==" | "!=");
        let compare = move |context: &NativeCallContext, text: &str, compared: &dyn Fn(ScriptTime) -> Ordering| {
            match ScriptTime::parse(text) {
                Some(time) => Ok(holds(compared(time))),
                None if is_equality => Ok(holds(Ordering::Less)),
                None => Err(no_time(context, text)),
            }
        };
        engine
            .register_fn(name, move |context: NativeCallContext, left: ScriptTime, right: &str| {
                compare(&context, right, &|right| left.cmp(&right))
            })
            .register_fn(name, move |context: NativeCallContext, left: &str, right: ScriptTime| {
                compare(&context, left, &|left| left.cmp(&right))
            });
        if !is_equality {
            engine
                .register_fn(name, |context: NativeCallContext, (): (), _: ScriptTime| absent(&context))
                .register_fn(name, |context: NativeCallContext, _: ScriptTime, (): ()| absent(&context));
        }
    }
}

/// A run that is taken up again must come to the same calls: time and waits go through verbs that are recorded.
fn no_clock(context: &NativeCallContext, verb: &str) -> RaisedError<()> {
    Err(CallSite::of(context).usage(format!("`{verb}` is not for runbooks; {NO_CLOCK}")))
}

/// Earlier or later than anything? Who never signed in has no time: the script must say what that means.
fn absent(context: &NativeCallContext) -> RaisedError<bool> {
    let words = "there is no time on one side, but (): ask first whether it is there, such as user.lastLogin != ()";
    Err(CallSite::of(context).usage(words))
}

fn no_time(context: &NativeCallContext, text: &str) -> Box<rhai::EvalAltResult> {
    CallSite::of(context).usage(format!("`{text}` is no time such as 2026-01-02T03:04:05.000Z or 2026-01-02"))
}

fn parse_time(context: &NativeCallContext, text: &str) -> RaisedError<ScriptTime> {
    ScriptTime::parse(text).ok_or_else(|| no_time(context, text))
}

fn at_milliseconds(context: &NativeCallContext, milliseconds: i64) -> RaisedError<ScriptTime> {
    ScriptTime::of_milliseconds(milliseconds)
        .ok_or_else(|| CallSite::of(context).usage(format!("{milliseconds} is no time in milliseconds since 1970")))
}

fn moved_by(
    context: &NativeCallContext,
    time: ScriptTime,
    duration: Option<SignedDuration>,
) -> RaisedError<ScriptTime> {
    let moved = duration.and_then(|duration| time.plus(ScriptDuration(duration)));
    moved.ok_or_else(|| CallSite::of(context).usage("the time is before the year -9999 or after the year 9999"))
}

fn length(context: &NativeCallContext, length: Option<SignedDuration>) -> RaisedError<ScriptDuration> {
    length.map(ScriptDuration).ok_or_else(|| CallSite::of(context).usage("the duration is too long"))
}

/// A time in a zone such as `Europe/Zurich`, by a pattern such as `%d.%m.%Y %H:%M`.
fn format_time(
    context: &NativeCallContext,
    time: ScriptTime,
    pattern: &str,
    zone: &str,
) -> RaisedError<ImmutableString> {
    let place = CallSite::of(context);
    let known = if zone == "UTC" { Ok(TimeZone::UTC) } else { TimeZone::get(zone) };
    let known = known.map_err(|_| place.usage(format!("format: there is no time zone `{zone}`")))?;
    let text = strtime::format(pattern, &time.0.to_zoned(known));
    text.map(Into::into).map_err(|error| place.usage(format!("format: `{pattern}`: {error}")))
}

/// UTC by the org's clock, so far from now: for `since` and `until` of the System Log.
fn now(context: &NativeCallContext, later: SignedDuration) -> RaisedError<ScriptTime> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    moved_by(context, recorded_time(&place, &scene)?, Some(later))
}

/// When the run began, by the orgs' clock: that is known to a second only, so that what was asked with it before is asked with the same.
fn run_started(context: &NativeCallContext) -> RaisedError<ScriptTime> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    learn_time(&place, &scene)?;
    let run = &scene.host.run;
    let started = run.lasting_value(&scene.lane, &json!("started"), || run.started().as_millisecond().into());
    let started = started.map_err(|error| place.error(&scene, error))?;
    at_milliseconds(context, started.as_i64().unwrap_or_default())
}

/// No answer may have told the org's time yet.
fn learn_time(place: &CallSite, scene: &CallContext) -> RaisedError<()> {
    let learned = scene.wait_for(scene.host.run.learn_time(&scene.lane));
    learned.map_err(|error| place.error(scene, error))
}

/// Seconds since `time`; below 0 when it is to come.
fn age(context: &NativeCallContext, time: ScriptTime) -> RaisedError<i64> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    Ok(recorded_time(&place, &scene)?.since(time).0.as_secs())
}

/// The same when the run is taken up again.
fn recorded_time(place: &CallSite, scene: &CallContext) -> RaisedError<ScriptTime> {
    let run = &scene.host.run;
    learn_time(place, scene)?;
    let now = run.value(&scene.lane, &json!("now"), || run.now().as_millisecond().into());
    let now = now.map_err(|error| place.error(scene, error))?;
    ScriptTime::of_milliseconds(now.as_i64().unwrap_or_default())
        .ok_or_else(|| place.usage("the org's clock tells no time"))
}
