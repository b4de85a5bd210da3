//! Functions of the language whose result may be far larger than what they are given, each with a bound.
//!
//! A native function runs to its end before anything looks at the memory or for Ctrl-C: `a.pad(2000000000, 1)` would end the process. What
//! only copies its arguments needs no bound: the memory is looked at before the next step. rhai's own limits are not used, since with any
//! of them it walks over all of a list after each change of it (see `memory`).

use std::any::TypeId;
use std::fmt::Write as _;

use rhai::{Array, Blob, Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};

use super::call_site::{CallSite, RaisedError};
use crate::run;
use crate::script::call_context::CallContext;
use crate::script::value::to_json;
use crate::script::value_size::{self, TooMuch};

/// The most bytes of a text or a blob that one function makes.
const MOST_BYTES: usize = 64 << 20;
/// The most items of a list that one function makes.
const MOST_ITEMS: usize = 1_000_000;
/// The most bytes of JSON that are parsed: as values of a script they take some twenty times as much.
const MOST_JSON: usize = 16 << 20;

pub(super) fn register(engine: &mut Engine) {
    register_padding(engine);
    register_replacing(engine);
    register_splitting(engine);
    register_texts(engine);
}

/// Refuses a result of more than `most` of something.
fn check_count(context: &NativeCallContext, count: usize, most: usize, what: &str) -> RaisedError<()> {
    if count <= most {
        return Ok(());
    }
    let name = context.fn_name();
    Err(CallSite::of(context)
        .usage(format!("{name}: this would make more than {most} {what}, the most that one call may make")))
}

pub(super) fn bytes_within(context: &NativeCallContext, count: usize) -> RaisedError<()> {
    check_count(context, count, MOST_BYTES, "bytes")
}

pub(super) fn items_within(context: &NativeCallContext, count: usize) -> RaisedError<()> {
    check_count(context, count, MOST_ITEMS, "items")
}

/// A length that a script gives; below 0 is 0.
fn length(given: i64) -> usize {
    usize::try_from(given).unwrap_or(0)
}

fn register_padding(engine: &mut Engine) {
    engine
        .register_fn("pad", pad_list)
        .register_fn("pad", pad_blob)
        .register_fn("pad", |context: NativeCallContext, text: &mut ImmutableString, to: i64, with: char| {
            pad_text(&context, text, to, with.encode_utf8(&mut [0; 4]))
        })
        .register_fn("pad", |context: NativeCallContext, text: &mut ImmutableString, to: i64, with: &str| {
            pad_text(&context, text, to, with)
        })
        .register_fn("blob", |context: NativeCallContext, size: i64| blob(&context, size, 0))
        .register_fn("blob", |context: NativeCallContext, size: i64, with: i64| blob(&context, size, with))
        .register_fn("to_array", to_array);
}

fn pad_list(context: NativeCallContext, list: &mut Array, to: i64, with: Dynamic) -> RaisedError<()> {
    pad(list, to, with, |to, missing, with| {
        items_within(&context, to)?;
        let size = value_size::size_of_value(with, MOST_BYTES);
        let size = size.map_err(|much| too_much(&context, much))?;
        bytes_within(&context, size.saturating_mul(missing))
    })
}

fn pad_blob(context: NativeCallContext, bytes: &mut Blob, to: i64, with: i64) -> RaisedError<()> {
    pad(bytes, to, low_byte(with), |to, _, _| bytes_within(&context, to))
}

/// Until there are so many; `check` is given that number, how many are missing, and with what.
fn pad<T: Clone>(
    items: &mut Vec<T>,
    to: i64,
    with: T,
    check: impl FnOnce(usize, usize, &T) -> RaisedError<()>,
) -> RaisedError<()> {
    let to = length(to);
    if to > items.len() {
        check(to, to - items.len(), &with)?;
        items.resize(to, with);
    }
    Ok(())
}

fn blob(context: &NativeCallContext, size: i64, with: i64) -> RaisedError<Blob> {
    let size = length(size);
    bytes_within(context, size)?;
    Ok(vec![low_byte(with); size])
}

fn to_array(context: NativeCallContext, bytes: &mut Blob) -> RaisedError<Array> {
    items_within(&context, bytes.len())?;
    let items = bytes.iter().map(|byte| i64::from(*byte).into());
    Ok(items.collect())
}

/// As rhai takes a number for a byte.
fn low_byte(number: i64) -> u8 {
    number.to_le_bytes()[0]
}

/// Until the text has at least so many characters, and no more: what pads is cut off.
fn pad_text(context: &NativeCallContext, text: &mut ImmutableString, to: i64, with: &str) -> RaisedError<()> {
    let (to, have) = (length(to), text.chars().count());
    if to <= have || with.is_empty() {
        return Ok(());
    }
    let longest = with.chars().map(char::len_utf8).max().unwrap_or(1);
    let missing = to - have;
    bytes_within(context, text.len().saturating_add(missing.saturating_mul(longest)))?;
    text.make_mut().extend(with.chars().cycle().take(missing));
    Ok(())
}

/// `trim` and `replace` change the text itself and return it: `let new = old.replace("a", "b")` is what a newcomer writes. `trimmed` and
/// `replaced` return a copy.
fn register_replacing(engine: &mut Engine) {
    let (text, letter) = (TypeId::of::<ImmutableString>(), TypeId::of::<char>());
    engine.register_fn("trimmed", |text: &str| text.trim().to_owned());
    engine.register_raw_fn("trim", [text], |_, given| {
        let trimmed = text_at(given, 0).trim().into();
        Ok(change_text(given, trimmed))
    });
    engine.register_fn("replaced", |context: NativeCallContext, text: &str, from: &str, to: &str| {
        replace_in(&context, text, from, to)
    });
    for types in [[text, text, text], [text, text, letter], [text, letter, text], [text, letter, letter]] {
        engine.register_raw_fn("replace", types, |context, given| {
            let replaced = replace_in(&context, &text_at(given, 0), &text_at(given, 1), &text_at(given, 2))?.into();
            Ok(change_text(given, replaced))
        });
    }
}

/// A text, or a character as one.
fn text_at(given: &[&mut Dynamic], at: usize) -> ImmutableString {
    let text = given[at].as_immutable_string_ref().map(|text| text.clone());
    text.unwrap_or_else(|_| given[at].as_char().map(|letter| letter.to_string().into()).unwrap_or_default())
}

/// Puts a text in the place of the first argument, unless that is a constant.
fn change_text(given: &mut [&mut Dynamic], new: ImmutableString) -> ImmutableString {
    if !given[0].is_read_only()
        && let Some(mut text) = given[0].write_lock::<ImmutableString>()
    {
        *text = new.clone();
    }
    new
}

fn replace_in(context: &NativeCallContext, text: &str, from: &str, to: &str) -> RaisedError<String> {
    if to.len() > from.len() {
        let grows = text.matches(from).count().saturating_mul(to.len() - from.len());
        bytes_within(context, text.len().saturating_add(grows))?;
    }
    Ok(text.replace(from, to))
}

fn register_splitting(engine: &mut Engine) {
    engine
        .register_fn("to_chars", to_chars)
        .register_fn("split", |context: NativeCallContext, text: &mut ImmutableString| {
            parts(&context, text, text.split_whitespace())
        })
        .register_fn("split", |context: NativeCallContext, text: &mut ImmutableString, at: &str| {
            parts(&context, text, text.split(at))
        })
        .register_fn("split", |context: NativeCallContext, text: &mut ImmutableString, at: char| {
            parts(&context, text, text.split(at))
        })
        .register_fn("split", |context: NativeCallContext, text: &mut ImmutableString, at: &str, most: i64| {
            parts(&context, text, text.splitn(segments(most), at))
        })
        .register_fn("split", |context: NativeCallContext, text: &mut ImmutableString, at: char, most: i64| {
            parts(&context, text, text.splitn(segments(most), at))
        })
        .register_fn("split_rev", |context: NativeCallContext, text: &mut ImmutableString, at: &str| {
            parts(&context, text, text.rsplit(at))
        })
        .register_fn("split_rev", |context: NativeCallContext, text: &mut ImmutableString, at: char| {
            parts(&context, text, text.rsplit(at))
        })
        .register_fn("split_rev", |context: NativeCallContext, text: &mut ImmutableString, at: &str, most: i64| {
            parts(&context, text, text.rsplitn(segments(most), at))
        })
        .register_fn("split_rev", |context: NativeCallContext, text: &mut ImmutableString, at: char, most: i64| {
            parts(&context, text, text.rsplitn(segments(most), at))
        });
}

fn to_chars(context: NativeCallContext, text: &str) -> RaisedError<Array> {
    items_within(&context, text.chars().count())?;
    Ok(text.chars().map(Dynamic::from).collect())
}

/// As rhai takes it: one part at least.
fn segments(most: i64) -> usize {
    length(most).max(1)
}

/// The parts of a text; the empty text is one, however it is split.
fn parts<'a>(context: &NativeCallContext, text: &str, parts: impl Iterator<Item = &'a str>) -> RaisedError<Array> {
    if text.is_empty() {
        return Ok(vec![Dynamic::from(String::new())]);
    }
    let mut list = Array::new();
    for part in parts {
        items_within(context, list.len() + 1)?;
        list.push(part.into());
    }
    Ok(list)
}

fn register_texts(engine: &mut Engine) {
    for name in ["to_string", "to_debug", "print", "debug"] {
        engine
            .register_fn(name, |context: NativeCallContext, list: &mut Array| {
                let mut text = String::new();
                let shown = show_list(&context, &mut text, list, 0);
                bounded_text(&context, shown, text)
            })
            .register_fn(name, |context: NativeCallContext, map: &mut Map| {
                let mut text = String::new();
                let shown = show_map(&context, &mut text, map, 0);
                bounded_text(&context, shown, text)
            });
    }
    engine.register_fn("to_json", map_json).register_fn("to_json", value_json).register_fn("parse_json", parse_json);
}

/// The text, or the end of the run: where this fails, the language shows the value by itself, within no bound.
fn bounded_text(context: &NativeCallContext, shown: Result<(), TooMuch>, text: String) -> RaisedError<ImmutableString> {
    match (shown, CallContext::current()) {
        (Ok(()), _) => Ok(text.into()),
        (Err(much), None) => Err(too_much(context, much)),
        (Err(much), Some(scene)) => {
            let words = format!("{}: {much}", context.fn_name());
            scene.host.stop(run::CallError::Usage(words));
            Ok(ImmutableString::new())
        }
    }
}

fn show_list(context: &NativeCallContext, text: &mut String, list: &Array, depth: usize) -> Result<(), TooMuch> {
    text.push('[');
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        show(context, text, item, depth)?;
    }
    text.push(']');
    Ok(())
}

fn show_map(context: &NativeCallContext, text: &mut String, map: &Map, depth: usize) -> Result<(), TooMuch> {
    text.push_str("#{");
    for (index, (key, value)) in map.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        let _ = write!(text, "{comma}{key:?}: ");
        show(context, text, value, depth)?;
    }
    text.push('}');
    Ok(())
}

/// What a list or map holds, as the language shows it.
fn show(context: &NativeCallContext, text: &mut String, value: &Dynamic, depth: usize) -> Result<(), TooMuch> {
    if depth >= value_size::MOST_DEPTH {
        return Err(TooMuch::Depth);
    }
    if let Ok(list) = value.as_array_ref() {
        return show_list(context, text, &list, depth + 1);
    }
    if let Ok(map) = value.as_map_ref() {
        return show_map(context, text, &map, depth + 1);
    }
    let left = MOST_BYTES.saturating_sub(text.len());
    value_size::size_of_value(value, left).map_err(|_| TooMuch::Bytes(MOST_BYTES))?;
    let mut own = value.flatten_clone();
    let shown = context.call_native_fn_raw("to_debug", true, &mut [&mut own]);
    match shown.map(Dynamic::into_immutable_string) {
        Ok(Ok(shown)) => text.push_str(&shown),
        _ => text.push_str(value.type_name()),
    }
    Ok(())
}

/// A map has a function of its own in the language, which would be found first.
fn map_json(context: NativeCallContext, map: &mut Map) -> RaisedError<String> {
    value_json(context, Dynamic::from(map.clone()))
}

/// Secrets are not in it: a text goes anywhere.
fn value_json(context: NativeCallContext, value: Dynamic) -> RaisedError<String> {
    let value = value.flatten();
    value_size::size_of_value(&value, MOST_BYTES).map_err(|much| too_much(&context, much))?;
    let json = to_json(&value).map_err(|unfit| CallSite::of(&context).usage(format!("to_json: {unfit}")))?;
    Ok(json.to_string())
}

fn parse_json(context: NativeCallContext, json: &str) -> RaisedError<Dynamic> {
    check_count(&context, json.len(), MOST_JSON, "bytes of JSON")?;
    serde_json::from_str(json).map_err(|error| error.to_string().into())
}

fn too_much(context: &NativeCallContext, much: TooMuch) -> Box<EvalAltResult> {
    CallSite::of(context).usage(format!("{}: {much}", context.fn_name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Engine {
        crate::script::engine::engine()
    }

    #[test]
    fn what_the_language_makes_of_little_is_as_it_was() {
        let (bounded, plain) = (engine(), Engine::new());
        for script in [
            r#"let a = [1]; a.pad(3, "x"); a.pad(2, 7); a.pad(-1, 7); a"#,
            "let b = blob(3, 258); b.pad(5, 7); b.pad(1, 7); b",
            "blob(4)",
            "blob(3, 7).to_array()",
            r#"let s = "aé"; s.pad(5, 'ü'); s.pad(3, '-'); s"#,
            r#"let s = "a"; s.pad(6, "xyé"); s.pad(-5, "q"); s"#,
            r#"let s = "banana"; s.replace("an", "AN!"); s"#,
            r#"let s = "banana"; s.replace("a", ""); s"#,
            r#"let s = "banana"; s.replace('a', "oo"); s.replace("oo", 'u'); s.replace('u', 'ö'); s"#,
            r#"let s = "  a é "; s.trim(); s"#,
            r#""aé".to_chars()"#,
            r#"" a  b ".split()"#,
            r#""a,b,,c".split(",")"#,
            r#""a,b,,c".split(',')"#,
            r#""a,b,,c".split(",", 2)"#,
            r#""a,b,,c".split(',', 0)"#,
            r#""".split(",")"#,
            r#""".split("")"#,
            r#""".split("", 3)"#,
            r#""ab".split("")"#,
            r#""ab".split(1)"#,
            r#""a,b,c".split_rev(",")"#,
            r#""a,b,c".split_rev(',')"#,
            r#""a,b,c".split_rev(",", 2)"#,
            r#""a,b,c".split_rev(',', -3)"#,
            r#"[1, "a\"b", 'c', (), 1.5, [true], #{ a: [], "b c": #{} }].to_string()"#,
            r#"#{ a: 1, b: [2, "x"] }.to_string()"#,
            r#"`${[1, "x", #{ a: () }]}`"#,
            r#""a" + [1, [2]]"#,
            r#"[1] + "a""#,
            r#"to_debug(["x"])"#,
            r#"#{ a: 1, b: [(), "x\n"], c: 1.0 }.to_json()"#,
            r#"parse_json("{\"a\": [1, null]}")"#,
            "[|x| x, 0..3, blob(2)].to_string()",
        ] {
            let told = |engine: &Engine| {
                let value = engine.eval::<Dynamic>(script);
                value.map(|value| format!("{value:?}"))
            };
            let plain = told(&plain).expect(script);
            assert_eq!(told(&bounded).expect(script), plain, "{script}");
        }
    }

    #[test]
    fn a_text_is_changed_in_its_place_and_returned_and_a_constant_only_returned() {
        for (script, expected) in [
            (r#"const X = " a "; X.trim() + "|" + X"#, "a| a "),
            (r#"const X = "ab"; X.replace("b", "c") + X"#, "acab"),
            (r#"let x = " a "; x.trim() + "|" + x"#, "a|a"),
            (r#"let row = #{ login: " a " }; row.login.trim() + "|" + row.login"#, "a|a"),
            (r#"" a ".trim() + [" b "][0].trim()"#, "ab"),
            (r#"let x = " a "; let f = || x.trim(); f.call() + "|" + x"#, "a|a"),
            (r#"let x = " a "; x.trimmed() + "|" + x"#, "a| a "),
        ] {
            let text = engine().eval::<String>(script);
            assert_eq!(text.unwrap_or_else(|error| panic!("{script}: {error}")), expected, "{script}");
        }
    }

    #[test]
    fn no_single_call_makes_more_than_its_bound() {
        let begin = r#"let a = [1]; let s = "xy"; let b = blob(1); let big = "x"; for i in 0..24 { big += big; } let many = []; for i in 0..9 { many.push(big); }"#;
        for call in [
            "a.pad(2000000000, 1)",
            "a.pad(9223372036854775807, 1)",
            "a.pad(900000, a + a + a + a + a + a + a + a + a + a + a)",
            "a.pad(2000, [big])",
            "blob(8000000000)",
            "blob(9223372036854775807, 1)",
            "b.pad(8000000000, 1)",
            r#"s.pad(8000000000, "y")"#,
            "s.pad(8000000000, 'y')",
            r#"s.pad(9223372036854775807, "é")"#,
            r#"big.replace("x", "yyyyyyyyyy")"#,
            r#"big.replace("", "yyyyyyyyyy")"#,
            "big.replace('x', \"yyyyyyyyyy\")",
            "big.replace(\"x\", '\u{10FFFF}'); big.replace('\u{10FFFF}', \"yyyyyyyyyy\")",
            r#"big.split("")"#,
            r#"big.split("", 2000000)"#,
            r#"big.split_rev("x")"#,
            r#"big.replaced("x", "yyyyyyyyyy")"#,
            r#"big.find_all(".")"#,
            "many.join(big)",
            "big.split('x')",
            "big.to_chars()",
            "many.to_string()",
            "many.to_debug()",
            "#{ a: many }.to_json()",
            "#{ a: many }.to_string()",
            "parse_json(`[${big}]`)",
        ] {
            let script = format!("{begin} {call};");
            let refused = engine().run(&script).expect_err(call).to_string();
            assert!(refused.contains("the most that one call may make"), "{call}: {refused}");
        }
    }
}
