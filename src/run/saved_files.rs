//! Files that a script saves: tables of a run's own results, beside its journal, told with their digests.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};

use super::error::CallError;
use super::event::{EventKind, RunEvent};
use super::execution::Run;
use super::lane::RunLane;
use crate::private_files;

/// A table to be saved.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedTable {
    /// Of the file; its ending says what is written: `.csv` or `.json`.
    pub name: String,
    pub columns: Vec<String>,
    /// A value for each column.
    pub rows: Vec<Vec<Value>>,
}

/// A file that a run told to have saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SavedFile {
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub digest: String,
}

impl SavedFile {
    /// Those that `events` tell of, in their order. A run that is taken up again may tell one again.
    pub fn of_events<'a>(events: impl IntoIterator<Item = &'a RunEvent>) -> Vec<Self> {
        let saved = |event: &'a RunEvent| match &event.kind {
            EventKind::Saved { name, rows, bytes, digest, .. } => {
                Some(Self { name: name.clone(), rows: *rows, bytes: *bytes, digest: digest.clone() })
            }
            _ => None,
        };
        let mut files: Vec<Self> = Vec::new();
        for file in events.into_iter().filter_map(saved) {
            match files.iter_mut().find(|known| known.name == file.name) {
                Some(known) => *known = file,
                None => files.push(file),
            }
        }
        files
    }
}

/// The folder of a run's files, below that of the journal.
pub fn saved_folder(journal: &Path, run: &str) -> PathBuf {
    journal.join("files").join(run)
}

/// SHA-256 of bytes, in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Names of the files that this execution saved.
#[derive(Debug, Default)]
pub(super) struct SavedNames(Mutex<BTreeSet<String>>);

impl SavedNames {
    /// Whether the name, in whatever case, is new.
    fn is_new(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_lowercase())
    }
}

impl Run {
    /// Writes a table into the folder of this run, without secrets, and tells it. A run that is taken up again writes it again: its folder may
    /// be on another machine.
    ///
    /// # Errors
    /// The name is none of a file, or was saved already; the file or the journal cannot be written.
    pub fn save_table(&self, lane: &RunLane, table: SavedTable) -> Result<(), CallError> {
        if let Some(why) = refuse_name(&table.name) {
            return Err(CallError::Usage(format!("save: \"{}\" {why}", table.name)));
        }
        if !self.saved_names().is_new(&table.name) {
            return Err(CallError::Usage(format!("save: {} was saved already in this run", table.name)));
        }
        let SavedTable { name, columns, rows } = table;
        let count = rows.len() as u64;
        if let Some(twice) =
            columns.iter().enumerate().find_map(|(at, name)| columns[..at].iter().find(|it| *it == name))
        {
            return Err(CallError::Usage(format!("save: two columns are called `{twice}`")));
        }
        // As maps: the names of fields say what is a secret.
        let row = |cells: Vec<Value>| Value::Object(columns.iter().cloned().zip(cells).collect::<Map<_, _>>());
        let rows = self.without_secrets(self.redact(&rows.into_iter().map(row).collect()));
        let text = if is_json(&name) { json_text(&rows) } else { csv_text(&columns, &rows) };
        let text = text.map_err(|why| CallError::Usage(format!("save: {name}: {why}")))?;
        let folder = saved_folder(self.journal().folder(), self.id());
        let path = folder.join(&name);
        write_whole(&folder, &path, text.as_bytes())
            .map_err(|error| CallError::Usage(format!("save: cannot write {}: {error}", path.display())))?;
        let saved = EventKind::Saved {
            name,
            rows: count,
            bytes: text.len() as u64,
            digest: sha256_hex(text.as_bytes()),
            path: path.display().to_string(),
        };
        self.emit(lane, saved)
    }
}

/// The whole file or none: a run that is killed leaves no half of one under its name.
fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    private_files::create_folder(folder)?;
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let mut file = private_files::options().create(true).truncate(true).open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)
}

fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// Why a text is no name of a file here: on every system the same.
fn refuse_name(name: &str) -> Option<&'static str> {
    let path = Path::new(name);
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let stem = name.split('.').next().unwrap_or_default().to_uppercase();
    let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
    let is_plain = |one: char| one.is_alphanumeric() || " ._-".contains(one);
    if !matches!(ending.as_deref(), Some("csv" | "json")) {
        Some("ends neither with .csv nor with .json")
    } else if !name.chars().all(is_plain) || name.starts_with(['.', ' ']) || is_device || name.len() > 100 {
        Some("is no name of a file: letters, digits, `.`, `_`, `-` and blanks, at most 100, and no folder")
    } else {
        None
    }
}

fn json_text(rows: &Value) -> Result<String, String> {
    serde_json::to_string_pretty(rows).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// With a mark of UTF-8 where it matters: Excel and Windows PowerShell take a file without one for an old code page.
fn csv_text(columns: &[String], rows: &Value) -> Result<String, String> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let plain = |error: csv::Error| error.to_string();
    table.write_record(columns.iter().map(|name| without_formula(name.clone()))).map_err(plain)?;
    for row in rows.as_array().into_iter().flatten() {
        let cells = columns.iter().map(|column| without_formula(cell_text(&row[column.as_str()])));
        table.write_record(cells).map_err(plain)?;
    }
    let bytes = table.into_inner().map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    Ok(if text.is_ascii() { text } else { format!("\u{feff}{text}") })
}

fn cell_text(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A text that a spreadsheet would run as a formula stands behind an apostrophe: people choose their names themselves. Numbers and telephone
/// numbers are none.
fn without_formula(text: String) -> String {
    let begins = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_number = text.chars().skip(1).all(|one| one.is_ascii_digit() || " .,()/-".contains(one)) && text.len() > 1;
    let is_signed = text.starts_with(['+', '-']) && is_number;
    if begins && !is_signed { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_one_of_a_file_on_every_system() {
        for name in ["unused.csv", "Zoë 2026-12-01.json", "a.b.CSV"] {
            assert_eq!(refuse_name(name), None, "{name}");
        }
        for name in
            ["x", "x.txt", "../x.csv", "a/x.csv", "a\\x.csv", ".csv", "C:x.csv", "nul.csv", "COM1.csv", " x.csv"]
        {
            assert!(refuse_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_table_is_written_as_csv_or_json() {
        let columns = ["login", "n"].map(str::to_owned);
        let row = |login: &str, n: Value| json!({"login": login, "n": n});
        let rows = json!([
            row("a@x", json!(1)),
            row("b, \"c\"", Value::Null),
            row("=HYPERLINK(\"x\")", json!(-2)),
            row("+41 79 1", json!(true))
        ]);
        assert_eq!(
            csv_text(&columns, &rows).expect("CSV"),
            "login,n\na@x,1\n\"b, \"\"c\"\"\",\n\"'=HYPERLINK(\"\"x\"\")\",-2\n+41 79 1,true\n"
        );
        assert!(
            csv_text(&columns, &json!([row("zo\u{eb}", json!(1))]))
                .expect("CSV")
                .starts_with("\u{feff}login,n\nzo\u{eb},1")
        );
        let read: Value = serde_json::from_str(&json_text(&rows).expect("JSON")).expect("JSON");
        assert_eq!(read[0], json!({"login": "a@x", "n": 1}));
        assert_eq!(read[2], json!({"login": "=HYPERLINK(\"x\")", "n": -2}));
    }
}
