//! Verbs that tell: `step`, `check`, `note`, `table`, `remark`, and `confirm`, which asks.

use rhai::{Array, Dynamic, Engine, NativeCallContext};

use super::raise::{Place, Raised};
use crate::run::event::Kind;
use crate::script::error_value::ErrorValue;
use crate::script::scene::Scene;
use crate::script::value::to_json;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("step", |context: NativeCallContext, title: &str| {
            with_scene(&context, |scene| scene.host.run.step(&scene.lane, title))
        })
        .register_fn("note", |context: NativeCallContext, words: Dynamic| {
            let words = shown(&words);
            tell(&context, Kind::Note { words })
        })
        .register_fn("remark", |context: NativeCallContext, words: &str| {
            let scene = Place::of(&context).scene()?;
            scene.host.run.remark(words);
            Ok::<_, Box<rhai::EvalAltResult>>(())
        })
        .register_fn("confirm", |context: NativeCallContext, words: &str| {
            with_scene(&context, |scene| scene.host.run.confirm(&scene.lane, words))
        })
        .register_fn(
            "check",
            |context: NativeCallContext, fact: Dynamic, words: &str| {
                check(&context, &fact, words, Vec::new())
            },
        )
        .register_fn(
            "check",
            |context: NativeCallContext, fact: Dynamic, words: &str, help: Dynamic| {
                check(&context, &fact, words, help_lines(&help))
            },
        )
        .register_fn("table", |context: NativeCallContext, rows: Array| {
            let columns = columns_of(&Place::of(&context), &rows)?;
            table(&context, columns, &rows)
        })
        .register_fn(
            "table",
            |context: NativeCallContext, columns: Array, rows: Array| {
                let columns = columns.iter().map(shown).collect();
                table(&context, columns, &rows)
            },
        );
}

fn with_scene(
    context: &NativeCallContext,
    act: impl FnOnce(&Scene) -> Result<(), crate::run::Error>,
) -> Raised<()> {
    let place = Place::of(context);
    let scene = place.scene()?;
    act(&scene).map_err(|error| place.error(&scene, error))
}

pub(super) fn tell(context: &NativeCallContext, kind: Kind) -> Raised<()> {
    with_scene(context, |scene| scene.host.run.tell(&scene.lane, kind))
}

fn check(
    context: &NativeCallContext,
    fact: &Dynamic,
    words: &str,
    help: Vec<String>,
) -> Raised<()> {
    let place = Place::of(context);
    let passed = fact.as_bool().map_err(|found| {
        place.usage(format!(
            "check: the fact \"{words}\" must be true or false, not {found}"
        ))
    })?;
    tell(
        context,
        Kind::Check {
            passed,
            words: words.to_owned(),
        },
    )?;
    if passed {
        return Ok(());
    }
    Err(place.raise(ErrorValue::new("check", format!("it is not so: {words}")).help(help)))
}

fn help_lines(help: &Dynamic) -> Vec<String> {
    match help.as_array_ref() {
        Ok(lines) => lines.iter().map(shown).collect(),
        Err(_) if help.is_unit() => Vec::new(),
        Err(_) => vec![shown(help)],
    }
}

fn table(context: &NativeCallContext, columns: Vec<String>, rows: &Array) -> Raised<()> {
    let place = Place::of(context);
    let rows = rows
        .iter()
        .map(|row| cells(&place, &columns, row))
        .collect::<Raised<Vec<_>>>()?;
    tell(context, Kind::Table { columns, rows })
}

/// The keys of the first row: a map has them in order of the alphabet.
fn columns_of(place: &Place, rows: &Array) -> Raised<Vec<String>> {
    let Some(first) = rows.first() else {
        return Ok(Vec::new());
    };
    let map = first.as_map_ref().map_err(|_| {
        place.usage("table: rows are maps, or give the columns first: table([\"login\"], rows)")
    })?;
    Ok(map.keys().map(ToString::to_string).collect())
}

fn cells(place: &Place, columns: &[String], row: &Dynamic) -> Raised<Vec<String>> {
    if let Ok(map) = row.as_map_ref() {
        let cell = |column: &String| map.get(column.as_str()).map_or_else(String::new, shown);
        return Ok(columns.iter().map(cell).collect());
    }
    match row.as_array_ref() {
        Ok(cells) if cells.len() == columns.len() => Ok(cells.iter().map(shown).collect()),
        Ok(cells) => Err(place.usage(format!(
            "table: a row has {} cells and there are {} columns",
            cells.len(),
            columns.len()
        ))),
        Err(_) => Err(place.usage("table: a row is a map or a list of cells")),
    }
}

/// A value as a person reads it: text as it is, nothing for (), JSON for the rest.
pub(super) fn shown(value: &Dynamic) -> String {
    if let Ok(text) = value.as_immutable_string_ref() {
        return text.to_string();
    }
    if value.is_unit() {
        return String::new();
    }
    to_json(value).map_or_else(|_| value.to_string(), |json| json.to_string())
}
