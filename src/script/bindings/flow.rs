//! Verbs that tell: `step`, `check`, `note`, `table`, `remark`, `notify`, and `confirm`, which asks.

use rhai::{Array, Dynamic, Engine, NativeCallContext};

use super::call_site::{CallSite, RaisedError};
use crate::run::event::EventKind;
use crate::run::plural::count_noun;
use crate::script::call_context::CallContext;
use crate::script::error::kind_of;
use crate::script::error_value::ErrorValue;
use crate::script::value::to_json;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("step", |context: NativeCallContext, title: &str| {
            with_scene(&context, |scene| scene.host.run.step(&scene.lane, title))
        })
        .register_fn("note", |context: NativeCallContext, words: Dynamic| {
            let words = show_value(&words);
            emit(&context, EventKind::Note { words })
        })
        .register_fn("notify", |context: NativeCallContext, words: Dynamic| {
            let words = show_value(&words);
            emit(&context, EventKind::Notice { words })
        })
        .register_fn("remark", |context: NativeCallContext, words: &str| {
            let scene = CallSite::of(&context).scene()?;
            scene.host.run.remark(words);
            Ok::<_, Box<rhai::EvalAltResult>>(())
        })
        .register_fn("confirm", |context: NativeCallContext, words: &str| {
            with_scene(&context, |scene| {
                // Nobody is asked while something is unmet.
                scene.host.run.settle_expectations(&scene.lane)?;
                scene.host.run.confirm(&scene.lane, words)
            })
        })
        .register_fn("check", |context: NativeCallContext, fact: Dynamic, words: &str| {
            check(&context, &fact, words, &Dynamic::UNIT, None)
        })
        .register_fn("check", |context: NativeCallContext, fact: Dynamic, words: &str, help: Dynamic| {
            check(&context, &fact, words, &help, None)
        })
        .register_fn("check", |context: NativeCallContext, fact: Dynamic, words: &str, help: Dynamic, failure: &str| {
            check(&context, &fact, words, &help, Some(failure))
        })
        .register_fn("counted", |number: i64, noun: &str| count_noun(u64::try_from(number).unwrap_or_default(), noun))
        .register_fn("check_all", check_all)
        .register_fn("table", |context: NativeCallContext, rows: Array| {
            let columns = columns_of(&CallSite::of(&context), "table", &rows)?;
            table(&context, columns, &rows)
        })
        .register_fn("table", |context: NativeCallContext, columns: Array, rows: Array| {
            let columns = columns.iter().map(show_value).collect();
            table(&context, columns, &rows)
        });
}

fn with_scene(
    context: &NativeCallContext,
    act: impl FnOnce(&CallContext) -> Result<(), crate::run::CallError>,
) -> RaisedError<()> {
    let place = CallSite::of(context);
    let scene = place.scene()?;
    act(&scene).map_err(|error| place.error(&scene, error))
}

pub(super) fn emit(context: &NativeCallContext, kind: EventKind) -> RaisedError<()> {
    with_scene(context, |scene| scene.host.run.emit(&scene.lane, kind))
}

fn check(
    context: &NativeCallContext,
    fact: &Dynamic,
    words: &str,
    help: &Dynamic,
    failure: Option<&str>,
) -> RaisedError<()> {
    let place = CallSite::of(context);
    let passed = fact.as_bool().map_err(|found| {
        place.usage(format!("check: the fact \"{words}\" must be true or false, not {}", kind_of(found)))
    })?;
    let words = outcome_words(passed, words, failure);
    emit(context, EventKind::Check { passed, words: words.clone(), items: Vec::new() })?;
    if passed {
        return Ok(());
    }
    let error = ErrorValue::new("check", format!("check failed: {words}"));
    Err(place.raise(error.help(help_lines(help))))
}

/// What a person reads of a check. A fact that does not hold must not read as if it did: its failure is told in the failure's own words, or
/// in the fact's behind "not so".
fn outcome_words(passed: bool, words: &str, failure: Option<&str>) -> String {
    match failure {
        _ if passed => words.to_owned(),
        Some(failure) => failure.to_owned(),
        None => format!("not so: {words}"),
    }
}

/// Tells every fact, then stops with all that do not hold: bad input is told at once, not one problem a run.
fn check_all(context: NativeCallContext, facts: Array) -> RaisedError<()> {
    let place = CallSite::of(&context);
    let mut problems = Vec::new();
    let mut help = Vec::new();
    for fact in &facts {
        let (passed, words, advice) = fact_of(&place, fact)?;
        let told = words.clone();
        emit(&context, EventKind::Check { passed, words, items: Vec::new() })?;
        if !passed {
            problems.push(told);
            help.extend(advice.into_iter().filter(|line| !help.contains(line)).collect::<Vec<_>>());
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    let message = match problems.as_slice() {
        [only] => format!("check failed: {only}"),
        all => format!("{} checks failed:\n- {}", all.len(), all.join("\n- ")),
    };
    Err(place.raise(ErrorValue::new("check", message).help(help)))
}

/// `[fact, words]`, `[fact, words, help]` or `[fact, words, help, failure]`: whether it holds, the words of that, and the help.
fn fact_of(place: &CallSite, fact: &Dynamic) -> RaisedError<(bool, String, Vec<String>)> {
    let wrong = || {
        place.usage(
            "check_all: a fact is [true or false, words], and may have help and the words of its failure after them",
        )
    };
    let parts = fact.as_array_ref().map_err(|_| wrong())?;
    let (passed, words, more) = match parts.as_slice() {
        [passed, words, more @ ..] if more.len() <= 2 => (passed, show_value(words), more),
        _ => return Err(wrong()),
    };
    let passed = passed.as_bool().map_err(|_| wrong())?;
    let failure = match more.get(1) {
        None => None,
        Some(failure) if failure.is_unit() => None,
        Some(failure) => Some(show_value(failure)),
    };
    Ok((passed, outcome_words(passed, &words, failure.as_deref()), more.first().map(help_lines).unwrap_or_default()))
}

pub(super) fn help_lines(help: &Dynamic) -> Vec<String> {
    match help.as_array_ref() {
        Ok(lines) => lines.iter().map(show_value).collect(),
        Err(_) if help.is_unit() => Vec::new(),
        Err(_) => vec![show_value(help)],
    }
}

fn table(context: &NativeCallContext, columns: Vec<String>, rows: &Array) -> RaisedError<()> {
    let place = CallSite::of(context);
    let rows = rows.iter().map(|row| row_cells(&place, "table", &columns, row, |cell| Ok(show_value(cell))));
    let rows = rows.collect::<RaisedError<Vec<_>>>()?;
    emit(context, EventKind::Table { columns, rows })
}

/// The keys of the first row: a map has them in order of the alphabet.
pub(super) fn columns_of(place: &CallSite, verb: &str, rows: &Array) -> RaisedError<Vec<String>> {
    let Some(first) = rows.first() else {
        return Ok(Vec::new());
    };
    let map = first.as_map_ref().map_err(|_| {
        place.usage(format!("{verb}: rows are maps, or give the columns before them, such as [\"login\"]"))
    })?;
    Ok(map.keys().map(ToString::to_string).collect())
}

/// What `cell` makes of the fields of a row that is a map, or of its cells.
pub(super) fn row_cells<T>(
    place: &CallSite,
    verb: &str,
    columns: &[String],
    row: &Dynamic,
    cell: impl Fn(&Dynamic) -> RaisedError<T>,
) -> RaisedError<Vec<T>> {
    if let Ok(map) = row.as_map_ref() {
        return columns.iter().map(|column| cell(map.get(column.as_str()).unwrap_or(&Dynamic::UNIT))).collect();
    }
    match row.as_array_ref() {
        Ok(cells) if cells.len() == columns.len() => cells.iter().map(cell).collect(),
        Ok(cells) => {
            Err(place.usage(format!("{verb}: a row has {} cells and there are {} columns", cells.len(), columns.len())))
        }
        Err(_) => Err(place.usage(format!("{verb}: a row is a map or a list of cells"))),
    }
}

/// A value as a person reads it: text as it is, nothing for (), JSON for the rest.
pub(super) fn show_value(value: &Dynamic) -> String {
    if let Ok(text) = value.as_immutable_string_ref() {
        return text.to_string();
    }
    if value.is_unit() {
        return String::new();
    }
    match to_json(value) {
        // Of a time or a distinguished name.
        Ok(serde_json::Value::String(text)) => text,
        Ok(json) => json.to_string(),
        Err(_) => value.to_string(),
    }
}
