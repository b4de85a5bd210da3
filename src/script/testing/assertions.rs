//! Comparing, and telling the difference.

use diffy::{DiffOptions, Hunk, Line};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};
use serde_json::Value;

use crate::script::error_value::ErrorValue;
use crate::script::value::to_json;

type AssertionResult = Result<(), Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("assert", |context: NativeCallContext, fact: Dynamic| assert_fact(&context, &fact, "it is not so"))
        .register_fn("assert", |context: NativeCallContext, fact: Dynamic, words: ImmutableString| {
            assert_fact(&context, &fact, &words)
        })
        .register_fn("assert_eq", |context: NativeCallContext, actual: Dynamic, expected: Dynamic| {
            assert_same(&context, &actual, &expected)
        })
        .register_fn("assert_contains", |context: NativeCallContext, whole: Dynamic, part: Dynamic| {
            contains(&context, &whole, &part)
        });
}

/// An error raised by a verb of tests.
#[expect(clippy::unnecessary_box_returns, reason = "rhai's results hold boxed errors")]
pub(super) fn raise_failure(context: &NativeCallContext, kind: &str, message: impl AsRef<str>) -> Box<EvalAltResult> {
    ErrorValue::new(kind, message).raise(context.call_source(), context.call_position())
}

fn assert_fact(context: &NativeCallContext, fact: &Dynamic, words: &str) -> AssertionResult {
    match fact.as_bool() {
        Ok(true) => Ok(()),
        Ok(false) => Err(raise_failure(context, "assert", words)),
        Err(found) => {
            Err(raise_failure(context, "usage", format!("assert: the fact must be true or false, not {found}")))
        }
    }
}

fn assert_same(context: &NativeCallContext, actual: &Dynamic, expected: &Dynamic) -> AssertionResult {
    let (actual, expected) = (json(context, actual)?, json(context, expected)?);
    if actual == expected {
        return Ok(());
    }
    let difference = difference(&pretty(&expected), &pretty(&actual));
    Err(raise_failure(context, "assert", format!("the two differ (- expected, + actual):\n{difference}")))
}

fn contains(context: &NativeCallContext, whole: &Dynamic, part: &Dynamic) -> AssertionResult {
    let (whole, part) = (json(context, whole)?, json(context, part)?);
    let found = match (&whole, &part) {
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        (Value::Array(items), part) => items.contains(part),
        _ => {
            return Err(raise_failure(
                context,
                "usage",
                "assert_contains takes a text and a part of it, or a list and an item",
            ));
        }
    };
    if found {
        return Ok(());
    }
    Err(raise_failure(context, "assert", format!("{} is not in\n{}", pretty(&part), pretty(&whole))))
}

fn json(context: &NativeCallContext, value: &Dynamic) -> Result<Value, Box<EvalAltResult>> {
    to_json(value).map_err(|unfit| raise_failure(context, "usage", format!("cannot compare: {unfit}")))
}

/// Text as it is, the rest as JSON over several lines.
fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => format!("{other:#}"),
    }
}

fn difference(expected: &str, actual: &str) -> String {
    let all = expected.lines().count() + actual.lines().count();
    let patch = DiffOptions::new().set_context_len(all).create_patch(expected, actual);
    let lines = patch.hunks().iter().flat_map(Hunk::lines).map(|line| {
        let (mark, text) = match line {
            Line::Delete(text) => ('-', text),
            Line::Insert(text) => ('+', text),
            Line::Context(text) => (' ', text),
        };
        format!("{mark} {}", text.trim_end_matches('\n'))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_shows_what_is_missing_and_what_is_there() {
        assert_eq!(difference("a\nb", "a\nc"), "  a\n- b\n+ c");
    }
}
