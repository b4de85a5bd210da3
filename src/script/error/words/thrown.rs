//! Values that a script or a verb threw.

use rhai::{Dynamic, Map};

use super::super::names::KnownNames;
use super::{DiagnosticWords, unknown_function, unknown_variable};
use crate::script::value::to_json;

pub(super) fn words(value: &Dynamic, source: &str, names: &KnownNames) -> DiagnosticWords {
    if let Ok(map) = value.as_map_ref() {
        return of_builtin(&map, source, names).unwrap_or_else(|| of_map(&map));
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return match text.as_str() {
            "" => DiagnosticWords::new("the script stopped with an error that says nothing"),
            text => DiagnosticWords::new(text),
        };
    }
    if value.is_unit() {
        return DiagnosticWords::new("the script stopped with an error that says nothing")
            .help("throw a message: throw \"…\";");
    }
    DiagnosticWords::new(format!("the script threw {}", show_value(value)))
}

/// rhai's own error, caught as a map and thrown again.
fn of_builtin(map: &Map, source: &str, names: &KnownNames) -> Option<DiagnosticWords> {
    let name = |key: &str| map.get(key).map(text);
    match text(map.get("error")?).as_str() {
        "ErrorFunctionNotFound" => name("function").map(|signature| unknown_function(&signature, source, names)),
        "ErrorVariableNotFound" => name("variable").map(|name| unknown_variable(&name, source, names)),
        _ => None,
    }
}

fn of_map(map: &Map) -> DiagnosticWords {
    let Some(message) = map.get("message") else {
        return DiagnosticWords::new(format!("the script threw {}", show_value(&map.clone().into())));
    };
    let mut words = DiagnosticWords::new(text(message));
    words.notes = answer(map).into_iter().chain(texts(map.get("causes"))).collect();
    words.help = texts(map.get("help"));
    words
}

/// What identifies a failed call to Okta's support: status, error code, request id.
fn answer(map: &Map) -> Option<String> {
    let known = [("status", "status"), ("code", "code"), ("request_id", "request")];
    let facts: Vec<String> = known
        .iter()
        .filter_map(|(key, word)| {
            map.get(*key).filter(|value| !value.is_unit()).map(|value| format!("{word} {}", text(value)))
        })
        .collect();
    (!facts.is_empty()).then(|| facts.join(", "))
}

fn texts(value: Option<&Dynamic>) -> Vec<String> {
    match value {
        None => Vec::new(),
        Some(value) if value.is_unit() => Vec::new(),
        Some(value) => match value.as_array_ref() {
            Ok(items) => items.iter().map(text).collect(),
            Err(_) => vec![text(value)],
        },
    }
}

fn text(value: &Dynamic) -> String {
    value.as_immutable_string_ref().map_or_else(|_| show_value(value), |text| text.to_string())
}

/// JSON where there is one, else rhai's own way to show it.
fn show_value(value: &Dynamic) -> String {
    to_json(value).map_or_else(|_| value.to_string(), |json| json.to_string())
}
