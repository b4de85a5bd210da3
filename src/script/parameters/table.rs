//! Rows of a CSV file (RFC 4180), wrong ones told by their line.

use std::fs;
use std::sync::Arc;

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::Value;

use super::given_rows::{FileReading, GivenRow, GivenRows, SourceRow, not_utf8};
use super::hidden::trim_hidden;
use super::problem::ParameterProblem;
use super::text_encoding::{self, DecodedFile};
use crate::script::nearest::{nearest, or_list};
use crate::script::runbook::WantedColumn;

/// Reads the parameter's columns of `text`, whose byte-order mark is gone. Lines count from 1, the header's included.
///
/// # Errors
/// When the file as a whole cannot be read. What is wrong with a row stands with the row.
pub(super) fn read(reading: &FileReading<'_>, text: &[u8], given: &mut GivenRows) -> Result<(), Vec<ParameterProblem>> {
    let file = reading.file;
    let (text, line, said) = without_preamble(text);
    let separator = said.or_else(|| separator_of(reading, text)).unwrap_or(b',');
    let mut reader = reader_of(text, separator);
    let mut records =
        reader.byte_records().map(|record| record.map_err(|error| ParameterProblem::new(format!("{file}: {error}"))));
    let Some(header) = records.next() else {
        return Err(vec![ParameterProblem::new(format!("{file} is empty"))]);
    };
    let header = header?;
    let table = FileTable::of(reading, &header)?;
    let mut lines = LineCounter { text, byte: 0, line };
    for record in records {
        match record {
            Ok(record) => {
                let line = lines.of(&record);
                given.rows.extend(table.row(format!("{file}:{line}"), &record));
            }
            Err(problem) => given.problems.push(problem),
        }
    }
    let unread = table.headings.iter().enumerate().filter(|(at, _)| !table.places.contains(&Some(*at)));
    let unread: Vec<String> = unread.map(|(_, name)| name.clone()).collect();
    given.remarks.extend(unread_columns(reading, &unread)?);
    Ok(())
}

/// The headings of a CSV file, whatever it is encoded as and separated by.
///
/// # Errors
/// The file cannot be read, or is empty.
pub fn headings_of(file: &str) -> Result<Vec<String>, ParameterProblem> {
    let bytes = fs::read(file).map_err(|error| ParameterProblem::new(format!("cannot read {file}: {error}")))?;
    let DecodedFile { text, .. } = text_encoding::decode(file, &bytes)?;
    let (text, _, said) = without_preamble(&text);
    let header = |separator: u8| {
        let header = reader_of(text, separator).byte_records().next().and_then(Result::ok).unwrap_or_default();
        header.iter().map(|field| trim_hidden(&String::from_utf8_lossy(field)).to_owned()).collect::<Vec<_>>()
    };
    let separators = said.map_or_else(|| SEPARATORS.to_vec(), |said| vec![said]);
    // The first of those that part it the most.
    let most = separators.into_iter().rev().map(header).max_by_key(Vec::len).unwrap_or_default();
    if most.is_empty() { Err(ParameterProblem::new(format!("{file} is empty"))) } else { Ok(most) }
}

/// Characters that separate fields, the usual one first.
const SEPARATORS: &[u8] = b",;\t|";

fn reader_of(text: &[u8], separator: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text)
}

/// The separator by which the first line has a declared column; none where no separator gives it.
fn separator_of(reading: &FileReading<'_>, text: &[u8]) -> Option<u8> {
    let wanted = reading.parameter.wanted_columns();
    let has_column = |separator: &u8| {
        let header = reader_of(text, *separator).byte_records().next();
        let fields = header.and_then(Result::ok).unwrap_or_default();
        let fields: Vec<String> = fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        let names: Vec<&str> = fields.iter().map(|field| trim_hidden(field)).collect();
        wanted.iter().any(|column| !matches!(find_heading(&names, column.headings), Ok(None)))
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

/// What to tell of columns that nothing reads. One that is named like a parameter is taken for that parameter's value of each row, which it
/// is not.
pub(super) fn unread_columns(reading: &FileReading<'_>, unread: &[String]) -> Result<Option<String>, ParameterProblem> {
    let file = reading.file;
    let names: Vec<&str> = unread.iter().map(|name| trim_hidden(name)).filter(|name| !name.is_empty()).collect();
    let as_parameter = |name: &str| name.to_lowercase().replace([' ', '-'], "_");
    if let Some(name) = names.iter().find(|name| reading.runbook.parameter(&as_parameter(name)).is_some()) {
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

/// The place of the first of `headings` that `names` has; the heading, where `names` has it twice.
pub(super) fn find_heading<'a>(names: &[&str], headings: &'a [String]) -> Result<Option<usize>, &'a str> {
    for heading in headings {
        let is_heading = |name: &str| name.to_lowercase() == heading.to_lowercase();
        let mut found = (0..names.len()).filter(|at| is_heading(names[*at]));
        match (found.next(), found.next()) {
            (Some(at), None) => return Ok(Some(at)),
            (Some(_), Some(_)) => return Err(heading),
            (None, _) => {}
        }
    }
    Ok(None)
}

/// The first line of a file, and where in its rows the columns of a parameter stand.
struct FileTable<'a> {
    headings: Arc<[String]>,
    columns: Vec<WantedColumn<'a>>,
    places: Vec<Option<usize>>,
}

impl<'a> FileTable<'a> {
    fn of(reading: &FileReading<'a>, header: &ByteRecord) -> Result<Self, Vec<ParameterProblem>> {
        let (parameter, file) = (reading.parameter, reading.file);
        let names: Vec<&str> = header
            .iter()
            .map(|field| std::str::from_utf8(field).map(trim_hidden))
            .collect::<Result<_, _>>()
            .map_err(|_| not_utf8(&format!("{file}:1")))?;
        let columns = parameter.wanted_columns();
        let headings = names.iter().map(|&name| name.to_owned()).collect();
        if columns.iter().all(|column| column.headings.is_empty()) {
            return match names.len() {
                1 => Ok(Self { headings, columns, places: vec![Some(0)] }),
                count => {
                    let words = format!("`{}` declares no column, and {file} has {count}", parameter.name);
                    Err(vec![ParameterProblem::new(words).help("give a file with one column")])
                }
            };
        }
        let place = |column: &WantedColumn<'_>| match find_heading(&names, column.headings) {
            Ok(None) if column.required => Err(no_column(file, column.headings, &names)),
            Ok(place) => Ok(place),
            Err(heading) => Err(ParameterProblem::new(format!("{file} has the column `{heading}` twice"))
                .help("remove one of them, or name it otherwise")),
        };
        let (places, wrong): (Vec<_>, Vec<_>) = columns.iter().map(place).partition(Result::is_ok);
        if !wrong.is_empty() {
            return Err(wrong.into_iter().filter_map(Result::err).collect());
        }
        let places = places.into_iter().flatten().collect();
        Ok(Self { headings, columns, places })
    }

    /// A row; none where it has no content, as a spreadsheet leaves rows that were emptied.
    fn row(&self, origin: String, record: &ByteRecord) -> Option<GivenRow> {
        let fields: Vec<String> =
            record.iter().map(|field| trim_hidden(&String::from_utf8_lossy(field)).to_owned()).collect();
        if fields.iter().all(String::is_empty) {
            return None;
        }
        let value = |at: &Option<usize>| fields.get((*at)?).filter(|field| !field.is_empty()).cloned().map(Value::from);
        let mut row = GivenRow::new(origin, self.places.iter().map(value).collect());
        row.wrong.extend(self.refuse(&row, record));
        row.source = Some(SourceRow { headings: Arc::clone(&self.headings), fields });
        Some(row)
    }

    fn refuse(&self, row: &GivenRow, record: &ByteRecord) -> Option<ParameterProblem> {
        let origin = &row.origin;
        if record.iter().any(|field| std::str::from_utf8(field).is_err()) {
            return Some(not_utf8(origin));
        }
        if record.len() != self.headings.len() {
            let words =
                format!("{origin}: the first line has {} fields, this row {}", self.headings.len(), record.len());
            let help = "a field that holds the separator is written in double quotes";
            return Some(ParameterProblem::new(words).help(help));
        }
        let heading = |at: usize| self.headings.get(at).map_or("", String::as_str);
        for ((column, place), value) in self.columns.iter().zip(&self.places).zip(&row.values) {
            let Some(at) = *place else { continue };
            match value.as_ref().and_then(Value::as_str) {
                None if column.required => {
                    return Some(ParameterProblem::new(format!("{origin}: `{}` is empty", heading(at))));
                }
                Some(text) if text.contains('\n') => {
                    let words = format!("{origin}: `{}` goes over several lines", heading(at));
                    return Some(ParameterProblem::new(words).help("a double quote on this row may not be closed"));
                }
                _ => {}
            }
        }
        None
    }
}

fn separator_problem(file: &str, separator: &str) -> ParameterProblem {
    ParameterProblem::new(format!("{file} seems to be separated by {separator}"))
        .help("save it with commas between the fields")
}

fn no_column(file: &str, headings: &[String], names: &[&str]) -> ParameterProblem {
    let wanted = headings.first().map_or("", String::as_str);
    let is_wanted = |part: &str| part.trim().trim_matches('"').eq_ignore_ascii_case(wanted);
    for (separator, words) in [(';', "`;`"), ('\t', "tabs"), ('|', "`|`")] {
        let mut parts = names.iter().map(|name| name.split(separator).collect::<Vec<_>>());
        if parts.any(|parts| parts.len() > 1 && (names.len() == 1 || parts.into_iter().any(is_wanted))) {
            return separator_problem(file, words);
        }
    }
    let present = names.join(", ");
    let all: Vec<&str> = headings.iter().map(String::as_str).collect();
    let problem =
        ParameterProblem::new(format!("{file} has no column {}; its first line has: {present}", or_list(&all)));
    match nearest(wanted, names.iter().copied()).as_slice() {
        [] => problem
            .help(format!("name the column `{wanted}` in the file's first line, or say which one it is: --column")),
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
