//! Items of a list from a column of a CSV file (RFC 4180), wrong rows told by their line.

use csv::{ByteRecord, ReaderBuilder};

use super::Problem;
use super::list::{Item, not_utf8};
use crate::script::nearest::{nearest, or_list};
use crate::script::runbook::Parameter;

/// Reads the parameter's column of `text`, whose byte-order mark is gone. Lines count from 1, the header's included.
pub(super) fn read(
    parameter: &Parameter,
    file: &str,
    text: &[u8],
    items: &mut Vec<Item>,
    problems: &mut Vec<Problem>,
) {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let mut records = reader
        .byte_records()
        .map(|record| record.map_err(|error| Problem::new(format!("{file}: {error}"))));
    let header = match records.next() {
        None => return problems.push(Problem::new(format!("{file} is empty"))),
        Some(Err(problem)) => return problems.push(problem),
        Some(Ok(header)) => header,
    };
    let column = match column(parameter, file, &header) {
        Ok(column) => column,
        Err(problem) => return problems.push(problem),
    };
    let mut lines = Lines {
        text,
        byte: 0,
        line: 1,
    };
    for record in records {
        let item = record.and_then(|record| {
            let line = lines.of(&record);
            item(&format!("{file}:{line}"), &header, column, &record)
        });
        match item {
            Ok(item) => items.push(item),
            Err(problem) => problems.push(problem),
        }
    }
}

/// The index of the declared column. Without a declared one, the only column of the file.
fn column(parameter: &Parameter, file: &str, header: &ByteRecord) -> Result<usize, Problem> {
    let names: Vec<&str> = header
        .iter()
        .map(|field| std::str::from_utf8(field).map(str::trim))
        .collect::<Result<_, _>>()
        .map_err(|_| not_utf8(&format!("{file}:1")))?;
    let Some(wanted) = &parameter.column else {
        return match names.len() {
            1 => Ok(0),
            _ => Err(Problem::new(format!(
                "`{}` declares no column, and {file} has {}",
                parameter.name,
                names.len()
            ))
            .help("give a file with one column")),
        };
    };
    names
        .iter()
        .position(|name| name.to_lowercase() == wanted.to_lowercase())
        .ok_or_else(|| no_column(file, wanted, &names))
}

fn no_column(file: &str, wanted: &str, names: &[&str]) -> Problem {
    if let [single] = names
        && let Some(separator) = single.chars().find(|c| matches!(c, ';' | '\t'))
    {
        let separator = if separator == '\t' { "tabs" } else { "`;`" };
        return Problem::new(format!("{file} seems to be separated by {separator}"))
            .help("save it with commas between the fields");
    }
    let present = names.join(", ");
    let problem = Problem::new(format!(
        "{file} has no column `{wanted}`; its first line has: {present}"
    ));
    match nearest(wanted, names.iter().copied()).as_slice() {
        [] => problem.help(format!(
            "name the column `{wanted}` in the file's first line"
        )),
        near => problem.help(format!("is {} meant? name it `{wanted}`", or_list(near))),
    }
}

/// Counts lines of the file. The csv crate's own count is behind after CRLF and blank lines, which it passes over with the next row.
struct Lines<'a> {
    text: &'a [u8],
    byte: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line on which `record` begins. Records must come in their order.
    fn of(&mut self, record: &ByteRecord) -> usize {
        let start = record
            .position()
            .map(csv::Position::byte)
            .and_then(|byte| usize::try_from(byte).ok());
        let start = start.unwrap_or(self.byte).min(self.text.len());
        let blank = self.text[start..]
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let passed = &self.text[self.byte..(start + blank).max(self.byte)];
        self.line += passed
            .iter()
            .fold(0, |count, byte| count + usize::from(*byte == b'\n'));
        self.byte += passed.len();
        self.line
    }
}

fn item(
    origin: &str,
    header: &ByteRecord,
    column: usize,
    record: &ByteRecord,
) -> Result<Item, Problem> {
    if record
        .iter()
        .any(|field| std::str::from_utf8(field).is_err())
    {
        return Err(not_utf8(origin));
    }
    if record.len() != header.len() {
        let message = format!(
            "{origin}: the first line has {} fields, this row {}",
            header.len(),
            record.len()
        );
        return Err(
            Problem::new(message).help("a field with a comma in it is written in double quotes")
        );
    }
    let name = String::from_utf8_lossy(&header[column]);
    let value = String::from_utf8_lossy(&record[column]).trim().to_owned();
    if value.is_empty() {
        return Err(Problem::new(format!(
            "{origin}: `{}` is empty",
            name.trim()
        )));
    }
    if value.contains('\n') {
        return Err(Problem::new(format!(
            "{origin}: `{}` goes over several lines",
            name.trim()
        ))
        .help("a double quote on this row may not be closed"));
    }
    Ok(Item {
        value,
        origin: origin.to_owned(),
    })
}
