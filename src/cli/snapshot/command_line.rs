//! The command that rehearses a procedure against its snapshot.

use std::path::Path;

use serde_json::Value;

use crate::app::preparation::PreparedRunbook;
use crate::script::runbook::{DeclaredParameter, ParameterType};
use crate::script::value::ROW_FIELD;
use crate::simulator::{PseudonymTable, StandIn};

/// What stands for a secret that was given.
pub(super) struct GivenSecret {
    pub(super) stand_in: StandIn,
    /// The runbook's own example, which is taken where none is given.
    pub(super) is_example: bool,
    /// Variable that gives it otherwise.
    pub(super) variable: String,
    parameter: String,
}

/// Texts for the secrets of a procedure: where one is a token, the text is good in the snapshot instead of it.
pub(super) fn stand_ins(prepared: &PreparedRunbook) -> Vec<GivenSecret> {
    let secrets = prepared.parameters.secrets.iter();
    let told = secrets.map(|(name, secret)| {
        let parameter = prepared.runbook.parameter(name);
        let example = parameter.and_then(|parameter| parameter.example.as_ref()?.as_str());
        let made_up = || format!("00rehearsal-{name}");
        GivenSecret {
            stand_in: StandIn { token: secret.clone(), text: example.map_or_else(made_up, str::to_owned) },
            is_example: example.is_some(),
            variable: name.to_uppercase(),
            parameter: name.clone(),
        }
    });
    told.collect()
}

/// `okta-runbook plan NAME --simulator=FILE -p …` with the parameters as the file has them.
pub(super) fn rehearsal_of(
    prepared: &PreparedRunbook,
    file: &Path,
    mut pseudonyms: Option<&mut PseudonymTable>,
) -> String {
    let mut words = vec![
        "okta-runbook plan".to_owned(),
        quote_word(&prepared.runbook.name),
        quote_word(&format!("--simulator={}", file.display())),
    ];
    for parameter in &prepared.runbook.parameters {
        let Some(value) = prepared.parameters.values.get(&parameter.name) else {
            continue;
        };
        let mut value = value.clone();
        // Where a row is from is nothing that it is given.
        for row in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            row.remove(ROW_FIELD);
        }
        if let Some(pseudonyms) = pseudonyms.as_deref_mut() {
            replace(parameter, &mut value, pseudonyms);
        }
        // What is left out has its default, or with the simulator its example.
        let otherwise = parameter.default.as_ref().or(parameter.example.as_ref());
        let said = match otherwise {
            Some(otherwise) => *otherwise != value,
            None => !is_nothing(&value),
        };
        words.extend(said.then(|| assignment(&parameter.name, &value)));
    }
    for told in stand_ins(prepared).iter().filter(|told| !told.is_example) {
        words.push(format!("-p {}=env:{}", told.parameter, told.variable));
    }
    words.join(" ")
}

fn replace(parameter: &DeclaredParameter, value: &mut Value, pseudonyms: &mut PseudonymTable) {
    use ParameterType::{Dn, List, Rows, String, Users};
    if matches!(parameter.kind, String | List | Users | Rows | Dn) {
        replace_texts(value, pseudonyms);
    }
}

fn replace_texts(value: &mut Value, pseudonyms: &mut PseudonymTable) {
    match value {
        Value::String(text) => *text = pseudonyms.parameter(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace_texts(item, pseudonyms)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace_texts(field, pseudonyms)),
        _ => {}
    }
}

/// What an optional parameter is that was not given.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// As the command line takes it: commas inside of items are escaped, and a first `@` is doubled.
fn assignment(name: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items = items.iter().filter_map(Value::as_str);
            let items: Vec<String> = items.map(|item| item.replace(',', "\\,")).collect();
            let text = items.join(",");
            if text.starts_with('@') { format!("@{text}") } else { text }
        }
        Value::Null => String::new(),
        other => other.to_string(),
    };
    format!("-p {}", quote_word(&format!("{name}={text}")))
}

/// As a shell reads it.
fn quote_word(word: &str) -> String {
    let plain = |one: char| one.is_ascii_alphanumeric() || "-_./=:@,+%".contains(one);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
