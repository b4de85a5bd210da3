//! Items of a list from a column of a CSV file (RFC 4180), wrong rows told by their line.

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::hidden::trim_hidden;
use super::list::{ListItem, not_utf8};
use super::problem::ParameterProblem;
use crate::script::nearest::{nearest, or_list};
use crate::script::runbook::{DeclaredParameter, RunbookHeader};

/// The column of a file that a parameter of a runbook reads.
pub(super) struct WantedColumn<'a> {
    pub(super) runbook: &'a RunbookHeader,
    pub(super) parameter: &'a DeclaredParameter,
    pub(super) file: &'a str,
}

/// Reads the parameter's column of `text`, whose byte-order mark is gone. Lines count from 1, the header's included. Gives what to tell of
/// columns that nothing reads.
pub(super) fn read(
    wanted: &WantedColumn<'_>,
    text: &[u8],
    items: &mut Vec<ListItem>,
    problems: &mut Vec<ParameterProblem>,
) -> Result<Option<String>, ParameterProblem> {
    let file = wanted.file;
    let (text, line, said) = without_preamble(text);
    let separator = said.or_else(|| separator_of(wanted, text)).unwrap_or(b',');
    let mut reader = reader_of(text, separator);
    let mut records =
        reader.byte_records().map(|record| record.map_err(|error| ParameterProblem::new(format!("{file}: {error}"))));
    let header = records.next().ok_or_else(|| ParameterProblem::new(format!("{file} is empty")))??;
    let column = column(wanted, &header)?;
    let mut lines = LineCounter { text, byte: 0, line };
    for record in records {
        let item = record.and_then(|record| {
            let line = lines.of(&record);
            item(&format!("{file}:{line}"), &header, column, &record)
        });
        match item {
            Ok(item) => items.extend(item),
            Err(problem) => problems.push(problem),
        }
    }
    unread_column(wanted, &header, column)
}

/// Characters that separate fields, the usual one first.
const SEPARATORS: &[u8] = b",;\t|";

fn reader_of(text: &[u8], separator: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text)
}

/// The separator by which the first line has the declared column; none where no separator gives it.
fn separator_of(wanted: &WantedColumn<'_>, text: &[u8]) -> Option<u8> {
    let declared = wanted.parameter.column.as_ref()?.to_lowercase();
    let has_column = |separator: &u8| {
        let header = reader_of(text, *separator).byte_records().next();
        let fields = header.and_then(Result::ok).unwrap_or_default();
        fields.iter().any(|field| trim_hidden(&String::from_utf8_lossy(field)).to_lowercase() == declared)
    };
    SEPARATORS.iter().copied().find(has_column)
}

/// The text after a line that PowerShell's `Export-Csv` or Excel writes first, the number of its first line, and the separator that Excel
/// says.
fn without_preamble(text: &[u8]) -> (&[u8], usize, Option<u8>) {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first_line = String::from_utf8_lossy(first);
    let line = first_line.trim().trim_matches('"').to_lowercase();
    let said = first_line.trim_matches(['"', '\r']).to_lowercase();
    let said =
        said.strip_prefix("sep=").and_then(|said| SEPARATORS.iter().copied().find(|it| said.as_bytes() == [*it]));
    if line.starts_with("#type ") || line == "#type" || line.starts_with("sep=") {
        let rest = text.get(first.len() + 1..).unwrap_or_default();
        return (rest, 2, said);
    }
    (text, 1, None)
}

/// A column that is named like a parameter is taken for that parameter's value of each row, which it is not.
fn unread_column(
    wanted: &WantedColumn<'_>,
    header: &ByteRecord,
    column: usize,
) -> Result<Option<String>, ParameterProblem> {
    let file = wanted.file;
    let names = header.iter().enumerate().filter(|(index, _)| *index != column);
    let names: Vec<String> = names
        .map(|(_, name)| trim_hidden(&String::from_utf8_lossy(name)).to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let as_parameter = |name: &str| name.to_lowercase().replace([' ', '-'], "_");
    if let Some(name) = names.iter().find(|name| wanted.runbook.parameter(&as_parameter(name)).is_some()) {
        let parameter = as_parameter(name);
        return Err(ParameterProblem::new(format!(
            "{file} has a column `{name}`, and the parameter `{parameter}` is not read from a file's rows"
        ))
        .help(format!(
            "give `{parameter}` for all rows by --param {parameter}=…, and remove the column or name it otherwise"
        )));
    }
    let listed = names.iter().map(|name| format!("`{name}`"));
    let listed = listed.collect::<Vec<_>>().join(", ");
    Ok((!names.is_empty()).then(|| format!("{file}: nothing reads the columns {listed}")))
}

/// The index of the declared column. Without a declared one, the only column of the file.
fn column(wanted: &WantedColumn<'_>, header: &ByteRecord) -> Result<usize, ParameterProblem> {
    let (parameter, file) = (wanted.parameter, wanted.file);
    let names: Vec<&str> = header
        .iter()
        .map(|field| std::str::from_utf8(field).map(trim_hidden))
        .collect::<Result<_, _>>()
        .map_err(|_| not_utf8(&format!("{file}:1")))?;
    let Some(declared) = &parameter.column else {
        return match names.len() {
            1 => Ok(0),
            _ => Err(ParameterProblem::new(format!(
                "`{}` declares no column, and {file} has {}",
                parameter.name,
                names.len()
            ))
            .help("give a file with one column")),
        };
    };
    let is_declared = |name: &str| name.to_lowercase() == declared.to_lowercase();
    let mut found = (0..names.len()).filter(|index| is_declared(names[*index]));
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(index),
        (Some(_), Some(_)) => Err(ParameterProblem::new(format!("{file} has the column `{declared}` twice"))
            .help("remove one of them, or name it otherwise")),
        (None, _) => Err(no_column(file, declared, &names)),
    }
}

fn separator_problem(file: &str, separator: &str) -> ParameterProblem {
    ParameterProblem::new(format!("{file} seems to be separated by {separator}"))
        .help("save it with commas between the fields")
}

fn no_column(file: &str, wanted: &str, names: &[&str]) -> ParameterProblem {
    let is_wanted = |part: &str| part.trim().trim_matches('"').eq_ignore_ascii_case(wanted);
    for (separator, words) in [(';', "`;`"), ('\t', "tabs"), ('|', "`|`")] {
        let mut parts = names.iter().map(|name| name.split(separator).collect::<Vec<_>>());
        if parts.any(|parts| parts.len() > 1 && (names.len() == 1 || parts.into_iter().any(is_wanted))) {
            return separator_problem(file, words);
        }
    }
    let present = names.join(", ");
    let problem = ParameterProblem::new(format!("{file} has no column `{wanted}`; its first line has: {present}"));
    match nearest(wanted, names.iter().copied()).as_slice() {
        [] => problem.help(format!("name the column `{wanted}` in the file's first line")),
        near => problem.help(format!("is {} meant? name it `{wanted}`", or_list(near))),
    }
}

/// Counts lines of the file. The csv crate's own count is behind after CRLF and blank lines, which it passes over with the next row.
struct LineCounter<'a> {
    text: &'a [u8],
    byte: usize,
    line: usize,
}

impl LineCounter<'_> {
    /// The line on which `record` begins. Records must come in their order.
    fn of(&mut self, record: &ByteRecord) -> usize {
        let start = record.position().map(csv::Position::byte).and_then(|byte| usize::try_from(byte).ok());
        let start = start.unwrap_or(self.byte).min(self.text.len());
        let blank = self.text[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = &self.text[self.byte..(start + blank).max(self.byte)];
        self.line += passed.iter().fold(0, |count, byte| count + usize::from(*byte == b'\n'));
        self.byte += passed.len();
        self.line
    }
}

/// The item of a row; none where the row has no content, as a spreadsheet leaves rows that were emptied.
fn item(
    origin: &str,
    header: &ByteRecord,
    column: usize,
    record: &ByteRecord,
) -> Result<Option<ListItem>, ParameterProblem> {
    let fields: Vec<&str> = record
        .iter()
        .map(|field| std::str::from_utf8(field).map(trim_hidden))
        .collect::<Result<_, _>>()
        .map_err(|_| not_utf8(origin))?;
    if fields.iter().all(|field| field.is_empty()) {
        return Ok(None);
    }
    if record.len() != header.len() {
        let message = format!("{origin}: the first line has {} fields, this row {}", header.len(), record.len());
        return Err(ParameterProblem::new(message).help("a field that holds the separator is written in double quotes"));
    }
    let name = String::from_utf8_lossy(&header[column]);
    let value = fields[column].to_owned();
    if value.is_empty() {
        return Err(ParameterProblem::new(format!("{origin}: `{}` is empty", trim_hidden(&name))));
    }
    if value.contains('\n') {
        return Err(ParameterProblem::new(format!("{origin}: `{}` goes over several lines", trim_hidden(&name)))
            .help("a double quote on this row may not be closed"));
    }
    Ok(Some(ListItem { value, origin: origin.to_owned() }))
}
