//! Values of a list: separated by commas, given more than once, or read from a file.

use serde_json::Value;

use super::given_rows::{FileForm, FileReading, GivenRow, GivenRows, InvalidRows, SettledRows};
use super::hidden::{self, trim_hidden};
use super::problem::ParameterProblem;
use crate::script::runbook::{DeclaredParameter, RunbookHeader};

/// Reads every text given for `parameter`. `@file` is a file; `@@x` is the item `@x`.
pub(super) fn read(
    runbook: &RunbookHeader,
    parameter: &DeclaredParameter,
    texts: &[&str],
    invalid: InvalidRows,
) -> Result<SettledRows, Vec<ParameterProblem>> {
    let mut given = GivenRows::default();
    for text in texts {
        match text.strip_prefix('@') {
            Some(file) if !file.starts_with('@') => {
                given.read_file(&FileReading { runbook, parameter, file }, FileForm::of(file));
            }
            Some(literal) => inline(parameter, literal, &mut given),
            None => inline(parameter, text, &mut given),
        }
    }
    for row in given.rows.iter_mut().filter(|row| row.wrong.is_empty()) {
        for value in row.values.iter_mut().flatten().filter(|value| !value.is_string()) {
            *value = Value::String(value.to_string());
        }
        let wrong = item_of(row).and_then(|item| refuse_item(parameter, &row.origin, item));
        row.wrong.extend(wrong);
    }
    if !parameter.headings.is_empty() {
        given.refuse_duplicates(&parameter.name, &[0]);
    }
    if given.rows.is_empty() && given.problems.is_empty() && parameter.required {
        given.problems.push(ParameterProblem::new(format!("`{}` has no items", parameter.name)));
    }
    given.settle(invalid)
}

/// The item that a row is.
fn item_of(row: &GivenRow) -> Option<&str> {
    row.values.first()?.as_ref()?.as_str()
}

/// What nobody can see in an item, and what are several.
fn refuse_item(parameter: &DeclaredParameter, origin: &str, item: &str) -> Option<ParameterProblem> {
    let place = if origin.is_empty() { format!("`{}`", parameter.name) } else { origin.to_owned() };
    let parts: Vec<&str> = item.split([';', '\t']).collect();
    if parts.len() > 1 && parts.iter().all(|part| part.contains('@')) {
        let problem = ParameterProblem::new(format!("{place}: \"{item}\" is several items"));
        return Some(problem.help("separate items by commas, or give a file with one item a line"));
    }
    hidden::refuse_in_name(&place, item)
}

fn inline(parameter: &DeclaredParameter, text: &str, given: &mut GivenRows) {
    if text.is_empty() {
        return;
    }
    for value in split(text) {
        if value.is_empty() {
            given.problems.push(
                ParameterProblem::new(format!("`{}` has an empty item in \"{text}\"", parameter.name))
                    .help("items are separated by one comma; a comma inside of an item is written \\,"),
            );
        } else {
            given.rows.push(GivenRow::new("", vec![Some(value.into())]));
        }
    }
}

/// Splits at commas; `\,` is a comma. Any other backslash stands for itself, as in `CORP\jo`.
fn split(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = c == '\\' && chars.next_if_eq(&',').is_some();
        match (items.last_mut(), c) {
            (_, ',') => items.push(String::new()),
            (Some(item), _) if escaped => item.push(','),
            (Some(item), c) => item.push(c),
            (None, _) => {}
        }
    }
    items.iter().map(|item| trim_hidden(item).to_owned()).collect()
}
