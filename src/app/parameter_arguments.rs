//! `--param` and `--params`: what the command line gives for a runbook's parameters.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::CommandError;
use crate::private_files;
use crate::script::RunbookHeader;
use crate::script::parameters::{InvalidRows, RejectedRow};
use crate::script::runbook::ParameterType;

/// Parameters of a runbook, one by one or from a file.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ParameterArguments {
    /// A parameter; lists are comma-separated, repeated, or `@file`.
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// A TOML or JSON file of parameters; a `--param` overrides its entry. `show RUNBOOK --params` prints one to begin with.
    #[arg(long = "params", value_name = "FILE")]
    pub(crate) parameter_file: Option<PathBuf>,
    /// The heading under which a file has a column: of a list (`users=E-Mail`), or of rows (`changes.login=E-Mail`).
    #[arg(long = "column", value_name = "NAME=HEADING")]
    columns: Vec<String>,
    /// Leave out rows of files that are wrong, instead of refusing all.
    #[arg(long)]
    skip_invalid: bool,
    /// Write the rows that are left out to this CSV file, with a column `reason`.
    #[arg(long, value_name = "FILE", requires = "skip_invalid")]
    rejects: Option<PathBuf>,
}

impl ParameterArguments {
    /// Those of a command that takes no file.
    pub(crate) fn each(parameters: &[String]) -> Self {
        Self { parameters: parameters.to_vec(), ..Self::default() }
    }

    /// What is done about wrong rows of files.
    pub(crate) fn invalid_rows(&self) -> InvalidRows {
        if self.skip_invalid { InvalidRows::LeaveOut } else { InvalidRows::Refuse }
    }

    /// Has the columns of a runbook's parameters read under the headings that are named.
    ///
    /// # Errors
    /// What names no column; all of it at once.
    pub(crate) fn name_columns(&self, runbook: &mut RunbookHeader) -> Result<(), CommandError> {
        let wrong: Vec<String> = self.columns.iter().filter_map(|text| name_column(runbook, text).err()).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let help = "write --column PARAMETER=HEADING for a list, and --column PARAMETER.COLUMN=HEADING for rows";
        Err(CommandError::usage(wrong.join("\n")).help(help))
    }

    /// Writes the rows that were left out to the file that is named for them.
    ///
    /// # Errors
    /// When it is there already, or cannot be written.
    pub(crate) fn write_rejects(&self, rejected: &[RejectedRow]) -> Result<(), CommandError> {
        match &self.rejects {
            Some(file) if !rejected.is_empty() => write_rejected(file, rejected),
            _ => Ok(()),
        }
    }

    /// All of it as `NAME=VALUE`, for a runbook: what of its parameters names a file is named as seen from the file of parameters.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something that no parameter can be; all of it is told at once.
    pub(crate) fn assignments(&self, runbook: &RunbookHeader) -> Result<Vec<String>, CommandError> {
        let Some(file) = &self.parameter_file else {
            return Ok(self.parameters.clone());
        };
        let given: Vec<&str> =
            self.parameters.iter().filter_map(|text| text.split('=').next()).map(str::trim).collect();
        let folder = file.parent().unwrap_or(Path::new(""));
        let (mut all, mut wrong) = (Vec::new(), Vec::new());
        for (name, value) in entries(file)? {
            if given.contains(&name.as_str()) {
                continue;
            }
            let kind = runbook.parameter(&name).map(|parameter| &parameter.kind);
            match texts(&value, kind, folder) {
                Some(texts) => all.extend(texts.into_iter().map(|text| format!("{name}={text}"))),
                None => wrong.push(format!("{}: `{name}` is {}", file.display(), kind_of(&value))),
            }
        }
        if !wrong.is_empty() {
            let help = "a parameter is a text, a number, true or false, or a list of texts";
            return Err(CommandError::usage(wrong.join("\n")).help(help));
        }
        all.extend(self.parameters.iter().cloned());
        Ok(all)
    }
}

fn name_column(runbook: &mut RunbookHeader, text: &str) -> Result<(), String> {
    let (place, heading) = text.split_once('=').ok_or_else(|| format!("`{text}` names no column"))?;
    let (name, column) = place.split_once('.').map_or((place, None), |(name, column)| (name, Some(column)));
    let parameter = runbook.parameters.iter_mut().find(|parameter| parameter.name == name);
    let parameter = parameter.ok_or_else(|| format!("{} has no parameter `{name}`", runbook.name))?;
    let headings = match (column, &parameter.kind) {
        (None, ParameterType::List | ParameterType::Users) => Some(&mut parameter.headings),
        (Some(column), ParameterType::Rows) => {
            parameter.columns.iter_mut().find(|it| it.name == column).map(|column| &mut column.headings)
        }
        _ => None,
    };
    let headings = headings.ok_or_else(|| format!("`{place}` is no column that is read from a file"))?;
    *headings = vec![heading.trim().to_owned()];
    Ok(())
}

/// The rows under the headings of their files, with the reason behind them.
fn write_rejected(file: &Path, rejected: &[RejectedRow]) -> Result<(), CommandError> {
    let mut headings: Vec<&str> = Vec::new();
    for (heading, _) in rejected.iter().flat_map(|row| &row.fields) {
        if !headings.contains(&heading.as_str()) {
            headings.push(heading);
        }
    }
    let mut table = csv::Writer::from_writer(Vec::new());
    let cannot = |error: String| CommandError::usage(format!("cannot write {}: {error}", file.display()));
    let first = headings.iter().copied().chain(["reason"]);
    table.write_record(first).map_err(|error| cannot(error.to_string()))?;
    for row in rejected {
        let field = |heading: &&str| row.fields.iter().find(|(name, _)| name == heading).map_or("", |(_, text)| text);
        let reasons = row.reasons.join("; ");
        let fields = headings.iter().map(field).chain([reasons.as_str()]);
        table.write_record(fields).map_err(|error| cannot(error.to_string()))?;
    }
    let bytes = table.into_inner().map_err(|error| cannot(error.to_string()))?;
    let mut made = private_files::create_new(file).map_err(|error| cannot(error.to_string()))?;
    made.write_all(&bytes).map_err(|error| cannot(error.to_string()))
}

fn entries(file: &Path) -> Result<Map<String, Value>, CommandError> {
    let cannot = |reason: String| CommandError::usage(format!("cannot read {}: {reason}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| cannot(error.to_string()))?;
    let text = text.trim_start_matches('\u{feff}');
    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        return serde_json::from_str(text).map_err(|error| cannot(error.to_string()));
    }
    // Without the line itself, in which a secret may stand.
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        cannot(format!("line {line}: {}", error.message()))
    })
}

/// The texts that `--param` would be given; `None` for what no parameter can be.
fn texts(value: &Value, kind: Option<&ParameterType>, folder: &Path) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![from_folder(text, kind, folder)]),
        Value::Number(_) | Value::Bool(_) => Some(vec![value.to_string()]),
        Value::Array(items) if items.is_empty() => Some(vec![String::new()]),
        Value::Array(_) if kind == Some(&ParameterType::Rows) => Some(vec![value.to_string()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(listed_item)).collect(),
        Value::Null | Value::Object(_) => None,
    }
}

/// An item as it stands in a list on the command line.
fn listed_item(item: &str) -> String {
    let text = item.replace(',', "\\,");
    if text.starts_with('@') { format!("@{text}") } else { text }
}

/// A file is named as seen from the file that names it.
fn from_folder(text: &str, kind: Option<&ParameterType>, folder: &Path) -> String {
    let mark = match kind {
        Some(ParameterType::List | ParameterType::Users | ParameterType::Rows) => "@",
        Some(ParameterType::Secret) => "file:",
        Some(ParameterType::File) => return folder.join(text.trim_start_matches('@')).display().to_string(),
        _ => return text.to_owned(),
    };
    match text.strip_prefix(mark) {
        Some(path) if !path.starts_with('@') => format!("{mark}{}", folder.join(path).display()),
        _ => text.to_owned(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "a list of something else than texts",
        Value::Object(_) => "a table",
        _ => "nothing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{RunbookShelf, ScriptSource};

    const HEADER: &str = "const PARAMS = #{ users: #{ type: \"list\" }, groups: #{ type: \"list\" }, token: #{ type: \"secret\" }, note: #{ type: \"string\" } };";

    fn read(name: &str, text: &str, parameters: &[&str]) -> Result<Vec<String>, String> {
        let source = ScriptSource::new("x", RunbookShelf::Path, "x.rhai", HEADER);
        let runbook = RunbookHeader::parse(&source).expect("a header");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(name);
        fs::write(&file, text).expect("a file");
        let parameters = parameters.iter().map(|&text| text.to_owned()).collect();
        let shown = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
        let read = ParameterArguments { parameters, parameter_file: Some(file), ..ParameterArguments::default() }
            .assignments(&runbook);
        read.map(|all| all.into_iter().map(shown).collect()).map_err(|error| shown(error.message))
    }

    #[test]
    fn a_file_gives_what_the_command_line_would() {
        let toml = "users = [\"a@x\", \"b,c@x\", \"@all\"]\ngroups = \"@groups.csv\"\ntoken = \"file:secret.txt\"\nnote = \"@here or file:there\"\nou = \"OU=A,DC=x\"\nlimit = 3\nquiet = true\nnone = []\n";
        let expected = [
            "users=a@x",
            "users=b\\,c@x",
            "users=@@all",
            "groups=@groups.csv",
            "token=file:secret.txt",
            "note=@here or file:there",
            "ou=OU=A,DC=x",
            "limit=3",
            "quiet=true",
            "none=",
        ];
        let mut read_back = read("p.toml", toml, &[]).expect("parameters");
        let mut sorted = expected.map(str::to_owned).to_vec();
        read_back.sort();
        sorted.sort();
        assert_eq!(read_back, sorted);
        assert_eq!(
            read("p.json", "{\"limit\": 3, \"ou\": \"x\"}", &["ou=y"]).expect("parameters"),
            ["limit=3", "ou=y"]
        );
    }

    #[test]
    fn what_no_parameter_can_be_is_told_at_once() {
        let wrong = read("p.toml", "a = [1]\n[b]\nc = 1\n", &[]).expect_err("wrong");
        assert_eq!(wrong, "p.toml: `a` is a list of something else than texts\np.toml: `b` is a table");
        let wrong = read("p.toml", "a = 1\nb = 00sEcret\n", &[]).expect_err("wrong");
        assert!(wrong.starts_with("cannot read p.toml: line 2: ") && !wrong.contains("sEcret"), "{wrong}");
        assert!(read("p.json", "[]", &[]).expect_err("wrong").starts_with("cannot read p.json: "));
    }
}
