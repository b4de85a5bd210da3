//! What a parameter is: its type, and its columns where it is a table.

use std::fmt;

use serde_json::Value;

/// A declared parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredParameter {
    pub name: String,
    pub kind: ParameterType,
    /// What it is, in the runbook's words; may be empty.
    pub help: String,
    /// The value when none is given.
    pub default: Option<Value>,
    /// The value with the simulator when none is given.
    pub example: Option<Value>,
    /// Must be given when there is no default. An optional one that is absent is `()`, a list `[]`.
    pub required: bool,
    /// Of a list: the columns of a CSV file its items are read from, the first that is there. Such items are keys: one that occurs twice is a
    /// mistake.
    pub headings: Vec<String>,
    /// Of rows: their columns.
    pub columns: Vec<DeclaredColumn>,
    /// Of rows: the columns by which no two rows may be the same.
    pub unique: Vec<String>,
}

/// A column of a parameter of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredColumn {
    /// The field of each row in the script.
    pub name: String,
    pub kind: ParameterType,
    /// What it is, in the runbook's words; may be empty.
    pub help: String,
    /// The headings it may have in a file, the first that is there.
    pub headings: Vec<String>,
    /// Must have a value in each row. One that may be left out is `()` there, or its default.
    pub required: bool,
    pub default: Option<Value>,
}

/// What a parameter reads of a file.
pub struct WantedColumn<'a> {
    pub headings: &'a [String],
    pub required: bool,
}

impl DeclaredParameter {
    /// What is read of a file's columns, in the order of a row's values.
    pub fn wanted_columns(&self) -> Vec<WantedColumn<'_>> {
        if self.kind == ParameterType::Rows {
            let columns = self.columns.iter();
            columns.map(|column| WantedColumn { headings: &column.headings, required: column.required }).collect()
        } else {
            vec![WantedColumn { headings: &self.headings, required: true }]
        }
    }
}

/// The type of a parameter's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterType {
    String,
    Integer,
    Boolean,
    /// Strings.
    List,
    /// Logins or ids of users.
    Users,
    /// Maps with the same typed fields.
    Rows,
    /// The text of a file.
    File,
    /// One of these strings.
    Choice(Vec<String>),
    /// A distinguished name.
    Dn,
    /// A string that is told nowhere.
    Secret,
    /// The path of a file or folder.
    Path,
}

impl ParameterType {
    /// Whether a column of rows may be of it: what one field of a table can hold.
    pub(super) fn may_be_column(&self) -> bool {
        matches!(self, Self::String | Self::Integer | Self::Boolean | Self::Choice(_) | Self::Dn)
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Users => "users",
            Self::Rows => "rows",
            Self::File => "file",
            Self::Choice(_) => "choice",
            Self::Dn => "dn",
            Self::Secret => "secret",
            Self::Path => "path",
        })
    }
}

/// Whether a literal is a value of the type.
pub(super) fn has_value(kind: &ParameterType, value: &Value) -> bool {
    match kind {
        ParameterType::Choice(choices) => {
            choices.is_empty() || value.as_str().is_some_and(|text| choices.iter().any(|choice| choice == text))
        }
        ParameterType::Integer => value.is_i64(),
        ParameterType::Boolean => value.is_boolean(),
        ParameterType::List | ParameterType::Users => {
            value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
        }
        ParameterType::Rows => value.is_array(),
        _ => value.is_string(),
    }
}

/// What a value of the type must be.
pub(super) fn kind_words(kind: &ParameterType) -> &'static str {
    match kind {
        ParameterType::Choice(_) => "one of its choices",
        ParameterType::Integer => "an integer",
        ParameterType::Boolean => "true or false",
        ParameterType::List | ParameterType::Users => "a list of strings",
        ParameterType::Rows => "a list of maps",
        _ => "a string",
    }
}
