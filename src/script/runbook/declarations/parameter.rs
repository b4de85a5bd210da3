//! One entry of `const PARAMS`.

use serde_json::Value;

use super::HeaderFinding;
use super::parameter_type::{DeclaredColumn, DeclaredParameter, ParameterType, has_value, kind_words};
use crate::script::nearest::{nearest, or_list};
use crate::script::runbook::literal::{HeaderLiteral, LiteralEntry, LiteralForm};
use crate::script::value::ROW_FIELD;

const TYPES: [&str; 11] =
    ["string", "integer", "boolean", "list", "users", "rows", "choice", "dn", "secret", "path", "file"];
const FIELDS: [&str; 9] = ["type", "help", "default", "example", "choices", "required", "column", "columns", "unique"];
const COLUMN_FIELDS: [&str; 6] = ["type", "help", "default", "choices", "required", "column"];

/// The columns that lists of users are read from, unless the runbook names others: Okta's own name, and those of exports.
const USER_HEADINGS: [&str; 3] = ["login", "userName", "UserPrincipalName"];

/// The declaration in `entry`; `None` when it is too wrong to check anything against.
pub(super) fn read(entry: &LiteralEntry, findings: &mut Vec<HeaderFinding>) -> Option<DeclaredParameter> {
    let LiteralForm::Map(entries) = &entry.value.form else {
        let message = format!("the parameter `{}` must be declared by a map", entry.key);
        let help = format!("write {}: #{{ type: \"string\", help: \"…\" }}", entry.key);
        findings.push(HeaderFinding::new(message, entry.value.at).help(help));
        return None;
    };
    let mut fields = ParameterFields { what: "parameter", known: &FIELDS, name: &entry.key, entries, findings };
    fields.refuse_unknown();
    let kind = fields.kind(entry);
    let help = fields.text("help").unwrap_or_default();
    let required = fields.boolean("required");
    let headings = fields.texts("column");
    let columns = fields.columns();
    let unique = fields.texts("unique").unwrap_or_default();
    let kind = kind?;
    let default = fields.value("default", &kind, &columns);
    let example = fields.value("example", &kind, &columns);
    fields.refuse_contradictions(&kind);
    fields.refuse_wrong_rows(entry, &kind, &columns, &unique);
    let of_users = || (kind == ParameterType::Users).then(|| USER_HEADINGS.map(str::to_owned).to_vec());
    Some(DeclaredParameter {
        name: entry.key.clone(),
        required: required.unwrap_or(true) && default.is_none(),
        headings: headings.or_else(of_users).unwrap_or_default(),
        kind,
        help,
        default,
        example,
        columns,
        unique,
    })
}

/// The column in `entry`; `None` when it is too wrong to check anything against.
fn read_column(entry: &LiteralEntry, findings: &mut Vec<HeaderFinding>) -> Option<DeclaredColumn> {
    let LiteralForm::Map(entries) = &entry.value.form else {
        let message = format!("the column `{}` must be declared by a map", entry.key);
        let help = format!("write {}: #{{ help: \"…\" }}", entry.key);
        findings.push(HeaderFinding::new(message, entry.value.at).help(help));
        return None;
    };
    if entry.key == ROW_FIELD {
        let message = format!("a column cannot be called `{ROW_FIELD}`: that is where the row is from");
        findings.push(HeaderFinding::new(message, entry.at));
    }
    let mut fields = ParameterFields { what: "column", known: &COLUMN_FIELDS, name: &entry.key, entries, findings };
    fields.refuse_unknown();
    let kind = match fields.get("type") {
        None if fields.get("choices").is_none() => Some(ParameterType::String),
        _ => fields.kind(entry),
    };
    let help = fields.text("help").unwrap_or_default();
    let required = fields.boolean("required");
    let headings = fields.texts("column");
    let kind = kind?;
    if !kind.may_be_column() {
        let message = format!("a column cannot be of type \"{kind}\"");
        let help = "write one of \"string\", \"integer\", \"boolean\", \"choice\", \"dn\"";
        fields.findings.push(HeaderFinding::new(message, entry.value.at).help(help));
    }
    let default = fields.value("default", &kind, &[]);
    Some(DeclaredColumn {
        name: entry.key.clone(),
        required: required.unwrap_or(true) && default.is_none(),
        headings: headings.unwrap_or_else(|| vec![entry.key.clone()]),
        kind,
        help,
        default,
    })
}

struct ParameterFields<'a> {
    /// `parameter` or `column`.
    what: &'static str,
    known: &'static [&'static str],
    name: &'a str,
    entries: &'a [LiteralEntry],
    findings: &'a mut Vec<HeaderFinding>,
}

impl<'a> ParameterFields<'a> {
    fn get(&self, field: &str) -> Option<&'a LiteralEntry> {
        self.entries.iter().find(|entry| entry.key == field)
    }

    fn refuse_unknown(&mut self) {
        for entry in self.entries.iter().filter(|entry| !self.known.contains(&entry.key.as_str())) {
            let finding = HeaderFinding::new(format!("a {} has no `{}`", self.what, entry.key), entry.at);
            let help = match nearest(&entry.key, self.known.iter().copied()).as_slice() {
                [] => format!("it has {}", or_list(self.known).replace(" or ", " and ")),
                names => format!("did you mean {}?", or_list(names)),
            };
            self.findings.push(finding.help(help));
        }
    }

    fn text(&mut self, field: &str) -> Option<String> {
        let literal = &self.get(field)?.value;
        if literal.as_str().is_none() {
            self.wrong(field, "a string", literal);
        }
        literal.as_str().map(str::to_owned)
    }

    /// One text, or a list of them.
    fn texts(&mut self, field: &str) -> Option<Vec<String>> {
        let literal = &self.get(field)?.value;
        let texts = match &literal.form {
            LiteralForm::List(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => literal.as_str().map(|text| vec![text.to_owned()]),
        };
        if texts.is_none() {
            self.wrong(field, "a string, or a list of strings", literal);
        }
        texts
    }

    fn columns(&mut self) -> Vec<DeclaredColumn> {
        let Some(entry) = self.get("columns") else {
            return Vec::new();
        };
        let LiteralForm::Map(entries) = &entry.value.form else {
            self.wrong("columns", "a map of columns", &entry.value);
            return Vec::new();
        };
        entries.iter().filter_map(|entry| read_column(entry, self.findings)).collect()
    }

    fn boolean(&mut self, field: &str) -> Option<bool> {
        let literal = &self.get(field)?.value;
        if literal.as_bool().is_none() {
            self.wrong(field, "true or false", literal);
        }
        literal.as_bool()
    }

    fn wrong(&mut self, field: &str, wanted: &str, literal: &HeaderLiteral) {
        let message = format!("`{field}` of the {} `{}` must be {wanted}", self.what, self.name);
        self.findings.push(HeaderFinding::new(message, literal.at));
    }

    fn kind(&mut self, parameter: &LiteralEntry) -> Option<ParameterType> {
        let choices = self.choices();
        let Some(entry) = self.get("type") else {
            if choices.is_none() {
                let message = format!("the {} `{}` has no type", self.what, self.name);
                let finding = HeaderFinding::new(message, parameter.at).help(format!("write type: {}", quoted_types()));
                self.findings.push(finding);
            }
            return choices.map(ParameterType::Choice);
        };
        let kind = match entry.value.as_str() {
            Some("choice" | "string") if choices.is_some() => return choices.map(ParameterType::Choice),
            Some("choice") => {
                self.wrong("choices", "a list of strings", &entry.value);
                return None;
            }
            Some("string") => ParameterType::String,
            Some("integer") => ParameterType::Integer,
            Some("boolean") => ParameterType::Boolean,
            Some("list") => ParameterType::List,
            Some("users") => ParameterType::Users,
            Some("rows") => ParameterType::Rows,
            Some("file") => ParameterType::File,
            Some("dn") => ParameterType::Dn,
            Some("secret") => ParameterType::Secret,
            Some("path") => ParameterType::Path,
            other => {
                self.unknown_type(other, entry);
                return None;
            }
        };
        if choices.is_some() {
            self.wrong("type", "\"choice\" when it has choices", &entry.value);
        }
        Some(kind)
    }

    fn unknown_type(&mut self, given: Option<&str>, entry: &LiteralEntry) {
        let finding = match given {
            Some(given) => HeaderFinding::new(format!("there is no type \"{given}\""), entry.value.at),
            None => HeaderFinding::new(
                format!("the type of the {} `{}` must be a string", self.what, self.name),
                entry.value.at,
            ),
        };
        self.findings.push(finding.help(format!("write one of {}", quoted_types())));
    }

    fn choices(&mut self) -> Option<Vec<String>> {
        let literal = &self.get("choices")?.value;
        let choices = match &literal.form {
            LiteralForm::List(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        match choices {
            Some(choices) if !Vec::<String>::is_empty(&choices) => Some(choices),
            _ => {
                self.wrong("choices", "a list of strings", literal);
                // Nothing else about its type is worth a second finding.
                Some(Vec::new())
            }
        }
    }

    fn value(&mut self, field: &str, kind: &ParameterType, columns: &[DeclaredColumn]) -> Option<Value> {
        let literal = &self.get(field)?.value;
        let value = literal.json();
        if *kind == ParameterType::Rows {
            return self.rows(field, literal, columns);
        }
        if has_value(kind, &value) {
            return Some(value);
        }
        self.wrong(field, kind_words(kind), literal);
        None
    }

    /// Rows that stand in a header: maps with values of the columns' types.
    fn rows(&mut self, field: &str, literal: &HeaderLiteral, columns: &[DeclaredColumn]) -> Option<Value> {
        let LiteralForm::List(rows) = &literal.form else {
            self.wrong(field, "a list of maps", literal);
            return None;
        };
        let mut wrong = Vec::new();
        for row in rows {
            let LiteralForm::Map(entries) = &row.form else {
                wrong.push(HeaderFinding::new(format!("a row of `{}` must be a map", self.name), row.at));
                continue;
            };
            for entry in entries {
                match columns.iter().find(|column| column.name == entry.key) {
                    None => {
                        let words = format!("`{}` has no column `{}`", self.name, entry.key);
                        wrong.push(HeaderFinding::new(words, entry.at));
                    }
                    Some(column) if !has_value(&column.kind, &entry.value.json()) => {
                        let words = format!("the column `{}` must be {}", entry.key, kind_words(&column.kind));
                        wrong.push(HeaderFinding::new(words, entry.value.at));
                    }
                    Some(_) => {}
                }
            }
            let is_missing =
                |column: &&DeclaredColumn| column.required && !entries.iter().any(|it| it.key == column.name);
            for column in columns.iter().filter(is_missing) {
                wrong.push(HeaderFinding::new(format!("a row of `{}` has no `{}`", self.name, column.name), row.at));
            }
        }
        let is_right = wrong.is_empty();
        self.findings.extend(wrong);
        is_right.then(|| literal.json())
    }

    /// What rows and columns say of each other.
    fn refuse_wrong_rows(
        &mut self,
        parameter: &LiteralEntry,
        kind: &ParameterType,
        columns: &[DeclaredColumn],
        unique: &[String],
    ) {
        let has_columns = self.get("columns");
        match (has_columns, *kind == ParameterType::Rows) {
            (None, true) => self.findings.push(
                HeaderFinding::new(format!("the rows `{}` have no columns", self.name), parameter.at)
                    .help("write columns: #{ login: #{ help: \"…\" } }"),
            ),
            (Some(entry), false) => {
                let words = format!("`{}` is of type {kind}: only rows have columns", self.name);
                self.findings.push(HeaderFinding::new(words, entry.at));
            }
            _ => {}
        }
        for name in unique.iter().filter(|name| !columns.iter().any(|column| column.name == **name)) {
            let at = self.get("unique").map_or(parameter.at, |entry| entry.value.at);
            self.findings.push(HeaderFinding::new(format!("`{}` has no column `{name}`", self.name), at));
        }
    }

    fn refuse_contradictions(&mut self, kind: &ParameterType) {
        if *kind == ParameterType::Secret
            && let Some(entry) = self.get("default")
        {
            let finding = HeaderFinding::new(format!("the secret `{}` may not have a default", self.name), entry.at);
            self.findings.push(
                finding.help("a secret in a runbook is no secret; an `example` for the simulator may stand here"),
            );
        }
        if !matches!(kind, ParameterType::List | ParameterType::Users)
            && let Some(entry) = self.get("column")
        {
            self.findings
                .push(HeaderFinding::new(format!("`{}` is no list: only a list has a column", self.name), entry.at));
        }
    }
}

fn quoted_types() -> String {
    TYPES.map(|name| format!("\"{name}\"")).join(", ")
}
