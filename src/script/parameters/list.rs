//! Values of a list: separated by commas, given more than once, or read from a file.

use std::collections::HashMap;
use std::fs;

use unicode_normalization::UnicodeNormalization as _;

use super::hidden::{self, trim_hidden};
use super::problem::ParameterProblem;
use super::table;
use super::text_encoding::{self, DecodedFile};
use crate::script::runbook::{DeclaredParameter, RunbookHeader};

/// The items of a list and where each is from.
#[derive(Default)]
pub(super) struct ListItems {
    pub(super) values: Vec<String>,
    pub(super) origins: Vec<String>,
    pub(super) remarks: Vec<String>,
}

/// An item before it is checked. A problem with it is told by its place.
pub(super) struct ListItem {
    pub(super) value: String,
    pub(super) origin: String,
}

/// Reads every text given for `parameter`. `@file` is a file; `@@x` is the item `@x`.
pub(super) fn read(
    runbook: &RunbookHeader,
    parameter: &DeclaredParameter,
    texts: &[&str],
) -> Result<ListItems, Vec<ParameterProblem>> {
    let mut items = Vec::new();
    let mut problems = Vec::new();
    let mut remarks = Vec::new();
    for text in texts {
        match text.strip_prefix('@') {
            Some(file) if !file.starts_with('@') => {
                let table = table::WantedColumn { runbook, parameter, file };
                match from_file(&table, &mut items, &mut problems) {
                    Ok(unread) => remarks.extend(unread),
                    Err(problem) => problems.push(problem),
                }
            }
            Some(literal) => inline(parameter, literal, &mut items, &mut problems),
            None => inline(parameter, text, &mut items, &mut problems),
        }
    }
    let wrong = items.iter().filter_map(|item| refuse_item(parameter, item));
    problems.extend(wrong);
    if parameter.column.is_some() {
        refuse_duplicates(parameter, &items, &mut problems);
    }
    if items.is_empty() && problems.is_empty() && parameter.required {
        problems.push(ParameterProblem::new(format!("`{}` has no items", parameter.name)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (values, origins) = items.into_iter().map(|item| (item.value, item.origin)).unzip();
    Ok(ListItems { values, origins, remarks })
}

/// What nobody can see in an item, and what are several.
fn refuse_item(parameter: &DeclaredParameter, item: &ListItem) -> Option<ParameterProblem> {
    let place = place(parameter, item);
    let parts: Vec<&str> = item.value.split([';', '\t']).collect();
    if parts.len() > 1 && parts.iter().all(|part| part.contains('@')) {
        let problem = ParameterProblem::new(format!("{place}: \"{}\" is several items", item.value));
        return Some(problem.help("separate items by commas, or give a file with one item a line"));
    }
    hidden::refuse_in_name(&place, &item.value)
}

/// Where an item is from, in words.
fn place(parameter: &DeclaredParameter, item: &ListItem) -> String {
    match item.origin.as_str() {
        "--param" => format!("`{}`", parameter.name),
        origin => origin.to_owned(),
    }
}

fn inline(parameter: &DeclaredParameter, text: &str, items: &mut Vec<ListItem>, problems: &mut Vec<ParameterProblem>) {
    if text.is_empty() {
        return;
    }
    for value in split(text) {
        if value.is_empty() {
            problems.push(
                ParameterProblem::new(format!("`{}` has an empty item in \"{text}\"", parameter.name))
                    .help("items are separated by one comma; a comma inside of an item is written \\,"),
            );
        } else {
            items.push(ListItem { value, origin: "--param".to_owned() });
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

/// Reads a file, and gives what a person should know of it.
fn from_file(
    wanted: &table::WantedColumn<'_>,
    items: &mut Vec<ListItem>,
    problems: &mut Vec<ParameterProblem>,
) -> Result<Vec<String>, ParameterProblem> {
    let (parameter, file) = (wanted.parameter, wanted.file);
    let bytes = fs::read(file).map_err(|error| {
        ParameterProblem::new(format!("`{}`: cannot read {file}: {error}", parameter.name))
            .help("an item that begins with @ is written @@")
    })?;
    let DecodedFile { text, remark } = text_encoding::decode(file, &bytes)?;
    let text = text.as_ref();
    let before = (items.len(), problems.len());
    let mut remarks: Vec<String> = remark.into_iter().collect();
    if file.to_ascii_lowercase().ends_with(".csv") {
        remarks.extend(table::read(wanted, text, items, problems)?);
    } else {
        lines(file, text, items, problems);
    }
    if before == (items.len(), problems.len()) {
        return Err(ParameterProblem::new(format!("{file} holds no items for `{}`", parameter.name)));
    }
    Ok(remarks)
}

/// One item a line; blank lines and `#` comments are passed over.
fn lines(file: &str, text: &[u8], items: &mut Vec<ListItem>, problems: &mut Vec<ParameterProblem>) {
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let origin = format!("{file}:{}", index + 1);
        match std::str::from_utf8(line).map(trim_hidden) {
            Err(_) => problems.push(not_utf8(&origin)),
            Ok(line) if line.is_empty() || line.starts_with('#') => {}
            Ok(line) => items.push(ListItem { value: line.to_owned(), origin }),
        }
    }
}

pub(super) fn not_utf8(origin: &str) -> ParameterProblem {
    ParameterProblem::new(format!("{origin} is not UTF-8 text"))
        .help("save the file as UTF-8; Excel calls it \"CSV UTF-8\"")
}

/// Okta compares logins without regard to case, and a key that occurs twice is usually a mistake of copying.
fn refuse_duplicates(parameter: &DeclaredParameter, items: &[ListItem], problems: &mut Vec<ParameterProblem>) {
    let mut first: HashMap<String, &ListItem> = HashMap::new();
    for item in items {
        let key = item.value.nfc().collect::<String>().to_lowercase();
        if let Some(earlier) = first.get(&key) {
            let message = format!(
                "{}: \"{}\" was given already at {}",
                place(parameter, item),
                item.value,
                place(parameter, earlier)
            );
            problems.push(ParameterProblem::new(message));
        } else {
            first.insert(key, item);
        }
    }
}
