//! One entry of `const PARAMS`.

use std::fmt;

use serde_json::Value;

use super::HeaderFinding;
use crate::script::nearest::{nearest, or_list};
use crate::script::runbook::literal::{HeaderLiteral, LiteralEntry, LiteralForm};

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
    /// Of a list: the column of a CSV file its items are read from. Such items are keys: one that occurs twice is a mistake.
    pub column: Option<String>,
}

/// The type of a parameter's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterType {
    String,
    Integer,
    Boolean,
    /// Strings.
    List,
    /// One of these strings.
    Choice(Vec<String>),
    /// A distinguished name.
    Dn,
    /// A string that is told nowhere.
    Secret,
    /// The path of a file or folder.
    Path,
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Choice(_) => "choice",
            Self::Dn => "dn",
            Self::Secret => "secret",
            Self::Path => "path",
        })
    }
}

const TYPES: [&str; 8] = ["string", "integer", "boolean", "list", "choice", "dn", "secret", "path"];
const FIELDS: [&str; 7] = ["type", "help", "default", "example", "choices", "required", "column"];

/// The declaration in `entry`; `None` when it is too wrong to check anything against.
pub(super) fn read(entry: &LiteralEntry, findings: &mut Vec<HeaderFinding>) -> Option<DeclaredParameter> {
    let LiteralForm::Map(entries) = &entry.value.form else {
        let message = format!("the parameter `{}` must be declared by a map", entry.key);
        let help = format!("write {}: #{{ type: \"string\", help: \"…\" }}", entry.key);
        findings.push(HeaderFinding::new(message, entry.value.at).help(help));
        return None;
    };
    let mut fields = ParameterFields { name: &entry.key, entries, findings };
    fields.refuse_unknown();
    let kind = fields.kind(entry);
    let help = fields.text("help").unwrap_or_default();
    let required = fields.boolean("required");
    let column = fields.text("column");
    let kind = kind?;
    let default = fields.value("default", &kind);
    let example = fields.value("example", &kind);
    fields.refuse_contradictions(&kind);
    Some(DeclaredParameter {
        name: entry.key.clone(),
        required: required.unwrap_or(true) && default.is_none(),
        kind,
        help,
        default,
        example,
        column,
    })
}

struct ParameterFields<'a> {
    name: &'a str,
    entries: &'a [LiteralEntry],
    findings: &'a mut Vec<HeaderFinding>,
}

impl<'a> ParameterFields<'a> {
    fn get(&self, field: &str) -> Option<&'a LiteralEntry> {
        self.entries.iter().find(|entry| entry.key == field)
    }

    fn refuse_unknown(&mut self) {
        for entry in self.entries.iter().filter(|entry| !FIELDS.contains(&entry.key.as_str())) {
            let finding = HeaderFinding::new(format!("a parameter has no `{}`", entry.key), entry.at);
            let help = match nearest(&entry.key, FIELDS).as_slice() {
                [] => format!("it has {}", or_list(&FIELDS).replace(" or ", " and ")),
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

    fn boolean(&mut self, field: &str) -> Option<bool> {
        let literal = &self.get(field)?.value;
        if literal.as_bool().is_none() {
            self.wrong(field, "true or false", literal);
        }
        literal.as_bool()
    }

    fn wrong(&mut self, field: &str, wanted: &str, literal: &HeaderLiteral) {
        let message = format!("`{field}` of the parameter `{}` must be {wanted}", self.name);
        self.findings.push(HeaderFinding::new(message, literal.at));
    }

    fn kind(&mut self, parameter: &LiteralEntry) -> Option<ParameterType> {
        let choices = self.choices();
        let Some(entry) = self.get("type") else {
            if choices.is_none() {
                let message = format!("the parameter `{}` has no type", self.name);
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
                format!("the type of the parameter `{}` must be a string", self.name),
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

    fn value(&mut self, field: &str, kind: &ParameterType) -> Option<Value> {
        let literal = &self.get(field)?.value;
        let value = literal.json();
        let wanted = match kind {
            ParameterType::Choice(choices) if choices.is_empty() => return Some(value),
            ParameterType::Choice(choices)
                if value.as_str().is_some_and(|text| choices.iter().any(|choice| choice == text)) =>
            {
                return Some(value);
            }
            ParameterType::Choice(_) => "one of its choices",
            ParameterType::Integer if value.is_i64() => return Some(value),
            ParameterType::Integer => "an integer",
            ParameterType::Boolean if value.is_boolean() => return Some(value),
            ParameterType::Boolean => "true or false",
            ParameterType::List if value.as_array().is_some_and(|items| items.iter().all(Value::is_string)) => {
                return Some(value);
            }
            ParameterType::List => "a list of strings",
            ParameterType::String | ParameterType::Dn | ParameterType::Secret | ParameterType::Path
                if value.is_string() =>
            {
                return Some(value);
            }
            ParameterType::String | ParameterType::Dn | ParameterType::Secret | ParameterType::Path => "a string",
        };
        self.wrong(field, wanted, literal);
        None
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
        if *kind != ParameterType::List
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
