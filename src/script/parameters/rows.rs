//! Values of a parameter of rows: a table with typed columns, from a file or as JSON.

use serde_json::{Map, Value};

use super::given_rows::{FileForm, FileReading, GivenRow, GivenRows, InvalidRows, SettledRows};
use super::hidden;
use super::problem::ParameterProblem;
use super::{ParameterSources, typed_value};
use crate::script::runbook::{DeclaredColumn, DeclaredParameter, RunbookHeader};
use crate::script::value::ROW_FIELD;

/// Reads every text given for `parameter`: `@file` is a CSV or JSON file, anything else a JSON array of objects.
pub(super) fn read(
    runbook: &RunbookHeader,
    parameter: &DeclaredParameter,
    texts: &[&str],
    invalid: InvalidRows,
    outside: &ParameterSources<'_>,
) -> Result<SettledRows, Vec<ParameterProblem>> {
    let mut given = GivenRows::default();
    for text in texts.iter().filter(|text| !text.is_empty()) {
        if let Some(file) = text.strip_prefix('@') {
            let form = if FileForm::of(file) == FileForm::Json { FileForm::Json } else { FileForm::Table };
            given.read_file(&FileReading { runbook, parameter, file }, form);
        } else {
            let place = format!("`{}`", parameter.name);
            let read = given.read_json(&FileReading { runbook, parameter, file: "" }, &place, text.as_bytes());
            let help = format!("give it as --param {}=@FILE, a CSV or JSON file", parameter.name);
            given.problems.extend(read.err().map(|problem| problem.help(help)));
        }
    }
    for (index, row) in given.rows.iter_mut().enumerate() {
        check_row(parameter, row, index, outside);
    }
    let places = parameter.unique.iter().filter_map(|name| parameter.columns.iter().position(|it| it.name == *name));
    let places: Vec<usize> = places.collect();
    if !places.is_empty() {
        given.refuse_duplicates(&parameter.name, &places);
    }
    if given.rows.is_empty() && given.problems.is_empty() && parameter.required {
        given.problems.push(ParameterProblem::new(format!("`{}` has no rows", parameter.name)));
    }
    given.settle(invalid)
}

/// Makes the fields of a row what their columns say, and marks what cannot be.
fn check_row(parameter: &DeclaredParameter, row: &mut GivenRow, index: usize, outside: &ParameterSources<'_>) {
    if !row.wrong.is_empty() {
        return;
    }
    let place = match row.origin.as_str() {
        "" => format!("`{}` row {}", parameter.name, index + 1),
        origin => origin.to_owned(),
    };
    for (column, value) in parameter.columns.iter().zip(&mut row.values) {
        let field = format!("{place}: `{}`", column.name);
        match checked_field(parameter, column, &field, value.take(), outside) {
            Ok(checked) => *value = Some(checked),
            Err(problem) => row.wrong.push(problem),
        }
    }
}

fn checked_field(
    parameter: &DeclaredParameter,
    column: &DeclaredColumn,
    place: &str,
    value: Option<Value>,
    outside: &ParameterSources<'_>,
) -> Result<Value, ParameterProblem> {
    let text = match value {
        None if column.required => return Err(ParameterProblem::new(format!("{place} is empty"))),
        None => return Ok(column.default.clone().unwrap_or(Value::Null)),
        Some(Value::String(text)) => text,
        // A JSON file has numbers and truths as such; of a text they are a form.
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        Some(_) => return Err(ParameterProblem::new(format!("{place} is a list or an object, not one value"))),
    };
    if let Some(problem) =
        parameter.unique.contains(&column.name).then(|| hidden::refuse_in_name(place, &text)).flatten()
    {
        return Err(problem);
    }
    typed_value(place, &column.kind, &text, outside)
}

/// The rows as the script has them: a map each, by the columns' names, with the row of the file that it is from.
pub(super) fn as_values(parameter: &DeclaredParameter, rows: &[GivenRow]) -> Value {
    let value = |row: &GivenRow| {
        let fields = parameter.columns.iter().zip(&row.values);
        let mut map: Map<String, Value> =
            fields.map(|(column, value)| (column.name.clone(), value.clone().unwrap_or(Value::Null))).collect();
        if !row.origin.is_empty() {
            map.insert(ROW_FIELD.to_owned(), row.origin.clone().into());
        }
        Value::Object(map)
    };
    rows.iter().map(value).collect()
}

/// The rows of a default or an example: what a column may leave out is there as nothing.
pub(super) fn as_declared(parameter: &DeclaredParameter, rows: &Value) -> Value {
    let whole = |row: &Value| {
        let field = |column: &DeclaredColumn| {
            let value = row.get(&column.name).filter(|value| !value.is_null()).cloned();
            (column.name.clone(), value.or_else(|| column.default.clone()).unwrap_or(Value::Null))
        };
        Value::Object(parameter.columns.iter().map(field).collect())
    };
    rows.as_array().into_iter().flatten().map(whole).collect()
}
