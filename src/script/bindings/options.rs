//! The map of options that verbs take last: `#{ timeout: 60, every: 5 }`.

use std::fmt;

use rhai::{Dynamic, FnPtr, Map};

use super::call_site::{CallSite, RaisedError};
use crate::script::nearest::{nearest, or_list};
use crate::script::time_value::ScriptDuration;

/// What an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::script) enum OptionType {
    Text,
    Seconds,
    /// A whole number, this or more.
    Count(i64),
    Function,
    TextOrFunction,
    OneOf(&'static [&'static str]),
    Flag,
    Texts,
}

/// What options of verbs are, for who looks at a call before it is made.
pub(in crate::script) const OPTIONS: &[(&str, &str, OptionType)] = &[
    ("wait_until", "timeout", OptionType::Seconds),
    ("wait_until", "every", OptionType::Seconds),
    ("wait_until", "what", OptionType::Text),
    ("manual", "how", OptionType::Text),
    ("manual", "name", OptionType::Text),
    ("manual", "verify", OptionType::Function),
    ("each", "key", OptionType::TextOrFunction),
    ("each", "concurrency", OptionType::Count(1)),
    ("each", "max_failures", OptionType::Count(0)),
    ("each", "on_failure", OptionType::OneOf(ON_FAILURE)),
    ("run_runbook", "agree", OptionType::Flag),
    ("run_runbook", "attest", OptionType::Texts),
    ("run_runbook", "directories", OptionType::Flag),
    ("resume_run", "agree", OptionType::Flag),
    ("resume_run", "attest", OptionType::Texts),
    ("resume_run", "directories", OptionType::Flag),
];

/// Seconds of a leap year: no wait of a run is longer.
const LONGEST: f64 = 31_622_400.0;

/// What `each` can do when an item fails.
const ON_FAILURE: &[&str] = &["continue", "stop", "undo"];

impl fmt::Display for OptionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("a string"),
            Self::Seconds => f.write_str("a number of seconds, 0 or more"),
            Self::Count(least) => write!(f, "a whole number, {least} or more"),
            Self::Function => f.write_str("a function such as || …"),
            Self::TextOrFunction => f.write_str("the name of a field or a function"),
            Self::OneOf(words) => write!(f, "one of \"{}\"", words.join("\", \"")),
            Self::Flag => f.write_str("true or false"),
            Self::Texts => f.write_str("a list of strings"),
        }
    }
}

/// Options of a verb, taken one by one; what is left over at the end is unknown.
pub(super) struct VerbOptions<'a> {
    verb: &'static str,
    place: &'a CallSite,
    left: Map,
    known: Vec<&'static str>,
}

impl<'a> VerbOptions<'a> {
    pub(super) fn new(verb: &'static str, place: &'a CallSite, given: Map) -> Self {
        Self { verb, place, left: given, known: Vec::new() }
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<Dynamic> {
        self.known.push(name);
        self.left.remove(name).filter(|value| !value.is_unit())
    }

    pub(super) fn text(&mut self, name: &'static str) -> RaisedError<Option<String>> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        match value.into_immutable_string() {
            Ok(text) => Ok(Some(text.to_string())),
            Err(found) => Err(self.wrong(name, "a string", found)),
        }
    }

    /// A number of seconds.
    pub(super) fn seconds(&mut self, name: &'static str) -> RaisedError<Option<f64>> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        match seconds_of(&value) {
            Ok(seconds) => Ok(Some(seconds)),
            Err(None) => {
                let expected = "a number of seconds, 0 or more and a year at most";
                Err(self.wrong(name, expected, "another number"))
            }
            Err(Some(found)) => Err(self.wrong(name, "a number of seconds", found)),
        }
    }

    /// A whole number of at least `least`.
    pub(super) fn count(&mut self, name: &'static str, least: usize) -> RaisedError<Option<usize>> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        match value.as_int().map(usize::try_from) {
            Ok(Ok(count)) if count >= least => Ok(Some(count)),
            Ok(_) => Err(self.wrong(name, &format!("a whole number, {least} or more"), "another")),
            Err(found) => Err(self.wrong(name, "a whole number", found)),
        }
    }

    pub(super) fn function(&mut self, name: &'static str) -> RaisedError<Option<FnPtr>> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let found = value.type_name();
        match value.try_cast::<FnPtr>() {
            Some(function) => Ok(Some(function)),
            None => Err(self.wrong(name, "a function such as || …", found)),
        }
    }

    /// Whether all that was given was known.
    pub(super) fn end(self) -> RaisedError<()> {
        let Some((unknown, _)) = self.left.iter().next() else {
            return Ok(());
        };
        let near = nearest(unknown, self.known.iter().copied());
        let hint = match near.as_slice() {
            [] => format!("it has: {}", self.known.join(", ")),
            names => format!("did you mean {}?", or_list(names)),
        };
        Err(self.place.usage(format!("{} has no option `{unknown}`: {hint}", self.verb)))
    }

    fn wrong(&self, name: &str, wanted: &str, found: &str) -> Box<rhai::EvalAltResult> {
        let found = found.rsplit("::").next().unwrap_or(found);
        self.place.usage(format!("`{name}` of {} is {wanted}, not {found}", self.verb))
    }
}

/// A number of seconds or a duration, 0 or more and a year at most; the error is the type of what is no number.
pub(super) fn seconds_of(value: &Dynamic) -> Result<f64, Option<&'static str>> {
    #[expect(clippy::cast_precision_loss, reason = "seconds, not ids")]
    let seconds = match value.read_lock::<ScriptDuration>() {
        Some(duration) => duration.0.as_secs_f64(),
        None => value.as_int().map(|whole| whole as f64).or_else(|_| value.as_float()).map_err(Some)?,
    };
    if (0.0..=LONGEST).contains(&seconds) { Ok(seconds) } else { Err(None) }
}
