//! Verbs that wait: `wait_until` for a fact, `manual` for a person.

use std::time::{Duration, Instant};

use rhai::{Dynamic, Engine, FnPtr, Map, NativeCallContext};
use serde_json::json;

use super::call_site::{CallSite, RaisedError};
use super::options::VerbOptions;
use crate::run::RunTarget;
use crate::run::event::EventKind;
use crate::script::call_context::CallContext;
use crate::script::error_value::ErrorValue;

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("wait_until", wait_until).register_fn("manual", manual);
}

const TIMEOUT: f64 = 300.0;
pub(super) const EVERY: f64 = 5.0;

/// The first pause between two looks; each is twice the one before, up to `every`. What comes at once is seen at once.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Returns what the fact returned when it held. Time-out is an error of kind `timeout`.
fn wait_until(context: NativeCallContext, options: Map, fact: FnPtr) -> RaisedError<Dynamic> {
    let place = CallSite::of(&context);
    let mut options = VerbOptions::new("wait_until", &place, options);
    let timeout = Duration::from_secs_f64(options.seconds("timeout")?.unwrap_or(TIMEOUT));
    let every = Duration::from_secs_f64(options.seconds("every")?.unwrap_or(EVERY));
    let what = options.text("what")?.unwrap_or_else(|| "a condition".to_owned());
    options.end()?;
    let mut fact = || -> RaisedError<Option<Dynamic>> {
        let value: Dynamic = fact.call_within_context(&context, ())?;
        Ok(is_truthy(&value).then_some(value))
    };
    let found = look_until(&place, WaitPatience::of(timeout, every), &what, &mut fact)?;
    found.ok_or_else(|| place.raise(too_late(&what, timeout)))
}

/// Looks until there is something, or the time is over: then none.
pub(super) fn look_until<T>(
    place: &CallSite,
    mut patience: WaitPatience,
    what: &str,
    look: &mut dyn FnMut() -> RaisedError<Option<T>>,
) -> RaisedError<Option<T>> {
    let scene = place.scene()?;
    let timeout = patience.timeout;
    if scene.host.run.target() == RunTarget::Shadows {
        patience = patience.on_shadows();
    }
    if let Some(most) = scene.host.longest_pause {
        patience.every = patience.every.min(most);
    }
    let begun = Instant::now();
    let mut told = false;
    loop {
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        let left = patience.timeout.saturating_sub(begun.elapsed());
        // Whether it was too late is kept: the next execution is faster.
        let late = json!({ "late": what });
        let is_late = scene.host.run.value(&scene.lane, &late, || left.is_zero().into());
        if is_late.map_err(|error| place.error(&scene, error))? == true {
            return Ok(None);
        }
        if !told {
            told = true;
            let kind = EventKind::Wait { reason: what.to_owned(), seconds: timeout.as_secs_f64() };
            let run = &scene.host.run;
            run.emit(&scene.lane, kind).map_err(|error| place.error(&scene, error))?;
        }
        if !scene.lane.is_replaying() {
            pause(place, &scene, patience.next().min(left))?;
        }
    }
}

/// How long and how often it is looked.
pub(super) struct WaitPatience {
    timeout: Duration,
    next: Duration,
    /// The longest pause.
    every: Duration,
}

impl WaitPatience {
    pub(super) fn of(timeout: Duration, every: Duration) -> Self {
        Self { timeout, next: FIRST_PAUSE, every }
    }

    /// What comes on a shadow comes at once; the rest never does.
    fn on_shadows(self) -> Self {
        Self {
            timeout: self.timeout.min(Duration::from_secs(5)),
            next: Duration::from_millis(20),
            every: self.every.min(Duration::from_secs(1)),
        }
    }

    /// The time to the next look.
    fn next(&mut self) -> Duration {
        let now = self.next.min(self.every);
        self.next = now * 2;
        now
    }
}

/// Neither `false` nor `()`.
pub(super) fn is_truthy(value: &Dynamic) -> bool {
    !value.is_unit() && value.as_bool().unwrap_or(true)
}

fn too_late(what: &str, timeout: Duration) -> ErrorValue {
    ErrorValue::new("timeout", format!("waited {} s in vain for {what}", timeout.as_secs_f64()))
        .help(["see what holds it up, then run again: what is done stays as it is".to_owned()])
}

fn pause(place: &CallSite, scene: &CallContext, time: Duration) -> RaisedError<()> {
    scene.wait_for(scene.host.run.pause(time)).map_err(|error| place.error(scene, error))
}

/// A step that no API does. When `verify` holds already nobody is asked; what is attested must then hold.
fn manual(context: NativeCallContext, title: &str, options: Map) -> RaisedError<()> {
    let place = CallSite::of(&context);
    let mut options = VerbOptions::new("manual", &place, options);
    let how = options.text("how")?.unwrap_or_default();
    let name = options.text("name")?.unwrap_or_else(|| manual_slug(title));
    let verify = options.function("verify")?;
    let failure = options.text("failure")?;
    options.end()?;
    let scene = place.scene()?;
    let verified = |verify: &FnPtr| -> RaisedError<bool> { Ok(is_truthy(&verify.call_within_context(&context, ())?)) };
    if let Some(verify) = &verify
        && verified(verify)?
    {
        return told_done(&place, &scene, title);
    }
    let run = &scene.host.run;
    // Nobody is asked while something is unmet.
    run.settle_expectations(&scene.lane).map_err(|error| place.error(&scene, error))?;
    run.attest(&scene.lane, &name, title, &how).map_err(|error| place.error(&scene, error))?;
    // What a person is to do shows on no shadow: it is taken as done.
    match &verify {
        Some(verify) if run.target() == RunTarget::Orgs && !verified(verify)? => Err(place.raise(
            ErrorValue::new(
                "manual",
                match failure {
                    Some(failure) => format!("it was attested, yet {failure}"),
                    None => format!("it was attested, yet it is not so: {title}"),
                },
            )
            .help([how]),
        )),
        _ => Ok(()),
    }
}

fn told_done(place: &CallSite, scene: &CallContext, title: &str) -> RaisedError<()> {
    let kind = EventKind::Check { passed: true, words: format!("done already: {title}"), items: Vec::new() };
    let run = &scene.host.run;
    run.emit(&scene.lane, kind).map_err(|error| place.error(scene, error))
}

/// The name under which a step without one is attested: its title in lower case with dashes.
pub(in crate::script) fn manual_slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase);
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_gives_a_name_to_type() {
        assert_eq!(manual_slug("Enable \"Update OU\" (To App)"), "enable-update-ou-to-app");
    }

    #[test]
    fn only_false_and_nothing_do_not_hold() {
        assert!(is_truthy(&1.into()) && is_truthy(&true.into()) && is_truthy(&"".into()));
        assert!(!is_truthy(&false.into()) && !is_truthy(&Dynamic::UNIT));
    }
}
