//! Rows that are given for a parameter, from a file or on the command line, each with what is wrong with it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use super::hidden::trim_hidden;
use super::problem::ParameterProblem;
use super::table;
use super::text_encoding::{self, DecodedFile};
use crate::script::runbook::{DeclaredParameter, ParameterType, RunbookHeader};

/// What is done about rows of files that are wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvalidRows {
    /// All of them are told, and nothing is done.
    #[default]
    Refuse,
    /// They are left out, and told by themselves.
    LeaveOut,
}

/// A wrong row of a file that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRow {
    /// Such as `users.csv:3`.
    pub origin: String,
    /// The fields as the file has them, each by its heading.
    pub fields: Vec<(String, String)>,
    /// What is wrong, a sentence each.
    pub reasons: Vec<String>,
}

/// A row before it is checked.
pub(super) struct GivenRow {
    /// `users.csv:3`; nothing for what stands on the command line.
    pub(super) origin: String,
    /// The fields that the parameter reads, in the order of its columns; none where the row does not have them.
    pub(super) values: Vec<Option<Value>>,
    /// The row as it stands in its file.
    pub(super) source: Option<SourceRow>,
    pub(super) wrong: Vec<ParameterProblem>,
}

/// A row as it stands in a file.
pub(super) struct SourceRow {
    pub(super) headings: Arc<[String]>,
    pub(super) fields: Vec<String>,
}

impl GivenRow {
    pub(super) fn new(origin: impl Into<String>, values: Vec<Option<Value>>) -> Self {
        Self { origin: origin.into(), values, source: None, wrong: Vec::new() }
    }

    fn rejected(self) -> RejectedRow {
        let fields = self.source.map(|row| row.headings.iter().cloned().zip(row.fields).collect());
        RejectedRow {
            origin: self.origin,
            fields: fields.unwrap_or_default(),
            reasons: self.wrong.into_iter().map(|problem| problem.message).collect(),
        }
    }
}

/// The rows of a parameter, with what is wrong beside them.
#[derive(Default)]
pub(super) struct GivenRows {
    pub(super) rows: Vec<GivenRow>,
    pub(super) problems: Vec<ParameterProblem>,
    pub(super) remarks: Vec<String>,
}

/// Rows that are right, and those that were left out.
pub(super) struct SettledRows {
    pub(super) right: Vec<GivenRow>,
    pub(super) rejected: Vec<RejectedRow>,
    pub(super) remarks: Vec<String>,
}

/// What a file is read for.
pub(super) struct FileReading<'a> {
    pub(super) runbook: &'a RunbookHeader,
    pub(super) parameter: &'a DeclaredParameter,
    pub(super) file: &'a str,
}

/// How a file's name says that it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileForm {
    Table,
    Json,
    Lines,
}

impl FileForm {
    pub(super) fn of(file: &str) -> Self {
        let ending = Path::new(file).extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("csv" | "tsv") => Self::Table,
            Some("json") => Self::Json,
            _ => Self::Lines,
        }
    }
}

impl GivenRows {
    /// Reads a file, whatever it is encoded as.
    pub(super) fn read_file(&mut self, reading: &FileReading<'_>, form: FileForm) {
        let before = (self.rows.len(), self.problems.len());
        if let Err(problems) = self.try_file(reading, form) {
            self.problems.extend(problems);
        }
        if before == (self.rows.len(), self.problems.len()) {
            let words = format!("{} holds no items for `{}`", reading.file, reading.parameter.name);
            self.problems.push(ParameterProblem::new(words));
        }
    }

    fn try_file(&mut self, reading: &FileReading<'_>, form: FileForm) -> Result<(), Vec<ParameterProblem>> {
        let file = reading.file;
        let bytes = fs::read(file).map_err(|error| {
            let problem = ParameterProblem::new(format!("`{}`: cannot read {file}: {error}", reading.parameter.name));
            match reading.parameter.kind {
                ParameterType::Rows => problem,
                _ => problem.help("an item that begins with @ is written @@"),
            }
        })?;
        let DecodedFile { text, remark } = text_encoding::decode(file, &bytes)?;
        self.remarks.extend(remark);
        match form {
            FileForm::Table => table::read(reading, &text, self),
            FileForm::Json => Ok(self.read_json(reading, file, &text)?),
            FileForm::Lines => {
                self.read_lines(file, &text);
                Ok(())
            }
        }
    }

    /// One item a line; blank lines and `#` comments are passed over.
    fn read_lines(&mut self, file: &str, text: &[u8]) {
        let headings: Arc<[String]> = Arc::new(["item".to_owned()]);
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let origin = format!("{file}:{}", index + 1);
            let read = std::str::from_utf8(line).map(trim_hidden);
            if read.is_ok_and(|line| line.is_empty() || line.starts_with('#')) {
                continue;
            }
            let fields = vec![read.map_or_else(|_| String::from_utf8_lossy(line).into_owned(), str::to_owned)];
            let mut row = GivenRow::new(origin, vec![read.ok().map(Value::from)]);
            row.source = Some(SourceRow { headings: Arc::clone(&headings), fields });
            if read.is_err() {
                row.wrong.push(not_utf8(&row.origin));
            }
            self.rows.push(row);
        }
    }

    /// A JSON array: of objects, read by their fields as a table by its columns, or of the items themselves. `place` is where it is from.
    pub(super) fn read_json(
        &mut self,
        reading: &FileReading<'_>,
        place: &str,
        text: &[u8],
    ) -> Result<(), ParameterProblem> {
        let parsed: Value = serde_json::from_slice(text).map_err(|error| {
            // Without the text itself, in which a secret may stand.
            let at = format!("line {}, column {}", error.line(), error.column());
            ParameterProblem::new(format!("{place} is no JSON: {at}"))
        })?;
        let Value::Array(items) = parsed else {
            return Err(ParameterProblem::new(format!("{place} is no JSON array")));
        };
        let wanted = reading.parameter.wanted_columns();
        let mut unread = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let origin = if place == reading.file { format!("{place}:{}", index + 1) } else { String::new() };
            let Value::Object(fields) = item else {
                let is_item = wanted.len() == 1 && !item.is_null() && !item.is_array();
                let mut row = GivenRow::new(origin, vec![is_item.then_some(item)]);
                if !is_item {
                    let words = format!("{}: this is no object with fields", row_words(&row.origin, place, index));
                    row.wrong.push(ParameterProblem::new(words));
                }
                self.rows.push(row);
                continue;
            };
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            let places = wanted.iter().map(|column| table::find_heading(&names, column.headings));
            let places: Vec<Option<usize>> = places.map(|found| found.ok().flatten()).collect();
            for (at, name) in names.iter().enumerate() {
                if !places.contains(&Some(at)) && !unread.contains(&(*name).to_owned()) {
                    unread.push((*name).to_owned());
                }
            }
            let value_at = |at: &Option<usize>| fields.values().nth((*at)?).filter(|value| !value.is_null()).cloned();
            let mut row = GivenRow::new(origin, places.iter().map(value_at).collect());
            row.source = Some(SourceRow {
                headings: fields.keys().cloned().collect(),
                fields: fields
                    .values()
                    .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                    .collect(),
            });
            self.rows.push(row);
        }
        self.remarks.extend(table::unread_columns(reading, &unread)?);
        Ok(())
    }

    /// Marks rows that have the same in all columns at `places` as an earlier one. Okta compares names without regard to case, and a key that
    /// occurs twice is usually a mistake of copying.
    pub(super) fn refuse_duplicates(&mut self, name: &str, places: &[usize]) {
        let mut first: HashMap<Vec<String>, String> = HashMap::new();
        for row in self.rows.iter_mut().filter(|row| row.wrong.is_empty()) {
            let fields = places.iter().map(|at| row.values.get(*at)?.as_ref());
            let Some(fields) = fields.collect::<Option<Vec<_>>>() else { continue };
            let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let key = fields.iter().map(|value| plain(value).nfc().collect::<String>().to_lowercase()).collect();
            let shown: Vec<String> = fields.iter().map(|value| format!("\"{}\"", plain(value))).collect();
            let place = |origin: &str| if origin.is_empty() { format!("`{name}`") } else { origin.to_owned() };
            if let Some(earlier) = first.get(&key) {
                let words =
                    format!("{}: {} was given already at {}", place(&row.origin), shown.join(", "), place(earlier));
                row.wrong.push(ParameterProblem::new(words));
            } else {
                first.insert(key, row.origin.clone());
            }
        }
    }

    /// Parts what is right from what is wrong. What is wrong beside rows, or with no row of a file, is never left out.
    pub(super) fn settle(mut self, invalid: InvalidRows) -> Result<SettledRows, Vec<ParameterProblem>> {
        let may_go = |row: &GivenRow| invalid == InvalidRows::LeaveOut && !row.origin.is_empty();
        let stops = self.rows.iter().any(|row| !row.wrong.is_empty() && !may_go(row));
        let has_right = self.rows.is_empty() || self.rows.iter().any(|row| row.wrong.is_empty());
        if stops || !has_right || !self.problems.is_empty() {
            self.problems.extend(self.rows.into_iter().flat_map(|row| row.wrong));
            return Err(self.problems);
        }
        let (right, wrong): (Vec<_>, Vec<_>) = self.rows.into_iter().partition(|row| row.wrong.is_empty());
        let rejected = wrong.into_iter().map(GivenRow::rejected).collect();
        Ok(SettledRows { right, rejected, remarks: self.remarks })
    }
}

/// What the outcome says of the rows of each file that were left out.
pub(super) fn left_out_words(rejected: &[RejectedRow]) -> Vec<String> {
    let file_of =
        |row: &RejectedRow| row.origin.rsplit_once(':').map_or(row.origin.as_str(), |(file, _)| file).to_owned();
    let mut told = HashSet::new();
    let files = rejected.iter().map(file_of).filter(|file| told.insert(file.clone()));
    files
        .map(|file| match rejected.iter().filter(|row| file_of(row) == file).count() {
            1 => format!("1 row of {file} is wrong and was left out"),
            count => format!("{count} rows of {file} are wrong and were left out"),
        })
        .collect()
}

fn row_words(origin: &str, place: &str, index: usize) -> String {
    if origin.is_empty() { format!("{place}: row {}", index + 1) } else { origin.to_owned() }
}

pub(super) fn not_utf8(origin: &str) -> ParameterProblem {
    ParameterProblem::new(format!("{origin} is not UTF-8 text"))
        .help("save the file as UTF-8; Excel calls it \"CSV UTF-8\"")
}
