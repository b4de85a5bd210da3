//! Everyday verbs on texts and numbers: copies that are changed, regular expressions, numbers as a person writes them.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext};

use super::bounded_natives::items_within;
use super::call_site::{CallSite, RaisedError};

/// The most bytes that a compiled regular expression may take.
const MOST_REGEX: usize = 1 << 20;

/// The most digits behind the point.
const MOST_DIGITS: i64 = 15;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("matches", |context: NativeCallContext, text: &str, pattern: &str| {
            Ok::<_, Box<rhai::EvalAltResult>>(regex_of(&context, pattern)?.is_match(text))
        })
        .register_fn("capture", capture)
        .register_fn("find_all", find_all)
        .register_fn("format_number", |number: i64| with_thousands(&number.to_string()))
        .register_fn("format_number", |context: NativeCallContext, number: i64, digits: i64| {
            #[expect(clippy::cast_precision_loss, reason = "it is shown with fractions")]
            format_decimals(&context, number as f64, digits)
        })
        .register_fn("format_number", |context: NativeCallContext, number: f64, digits: i64| {
            format_decimals(&context, number, digits)
        });
}

/// A regular expression. A script asks with few of them, and for many texts: they are kept by the thread.
fn regex_of(context: &NativeCallContext, pattern: &str) -> RaisedError<Regex> {
    thread_local! {
        static KNOWN: RefCell<HashMap<String, Regex>> = RefCell::default();
    }
    const MOST_KNOWN: usize = 64;
    if let Some(known) = KNOWN.with_borrow(|known| known.get(pattern).cloned()) {
        return Ok(known);
    }
    let regex = RegexBuilder::new(pattern).size_limit(MOST_REGEX).build().map_err(|error| {
        CallSite::of(context).usage(format!("{}: `{pattern}` is no regular expression: {error}", context.fn_name()))
    })?;
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(pattern.to_owned(), regex.clone());
    });
    Ok(regex)
}

/// All parts of the text that match.
fn find_all(context: NativeCallContext, text: &str, pattern: &str) -> RaisedError<Array> {
    let mut found = Array::new();
    for part in regex_of(&context, pattern)?.find_iter(text) {
        items_within(&context, found.len() + 1)?;
        found.push(part.as_str().to_owned().into());
    }
    Ok(found)
}

/// The groups of the first match: by name where they have names, in a list otherwise; `()` when nothing matches.
fn capture(context: NativeCallContext, text: &str, pattern: &str) -> RaisedError<Dynamic> {
    let regex = regex_of(&context, pattern)?;
    let Some(found) = regex.captures(text) else {
        return Ok(Dynamic::UNIT);
    };
    let value = |group: Option<regex::Match<'_>>| group.map_or(Dynamic::UNIT, |group| group.as_str().to_owned().into());
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    if names.is_empty() {
        let groups: Array = found.iter().skip(1).map(value).collect();
        return Ok(groups.into());
    }
    let by_name = names.into_iter().map(|name| (name.into(), value(found.name(name))));
    Ok(by_name.collect::<Map>().into())
}

fn format_decimals(context: &NativeCallContext, number: f64, digits: i64) -> RaisedError<ImmutableString> {
    let places = usize::try_from(digits.min(MOST_DIGITS)).ok().filter(|_| digits <= MOST_DIGITS);
    let places = places.ok_or_else(|| {
        CallSite::of(context).usage(format!("format_number: digits are a whole number from 0 to {MOST_DIGITS}"))
    })?;
    Ok(with_thousands(&format!("{number:.places$}")).into())
}

/// A number with a comma between thousands.
fn with_thousands(number: &str) -> String {
    let (whole, rest) =
        number.split_once('.').map_or((number, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.chars().all(|c| c.is_ascii_digit()) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}{rest}")
}
