//! What people write who come from another language, and what it is called here.

use rhai::{LexError, ParseErrorType};

use super::location::ScriptLocation;

/// Names of JavaScript, Python and PowerShell, with what to write instead.
const NAMES: &[(&str, &str)] = &[
    ("undefined", "the absent value is written ()"),
    ("None", "the absent value is written ()"),
    ("True", "write true"),
    ("False", "write false"),
    ("console", "note(words) tells something; table(columns, rows) shows a table"),
    ("JSON", "parse_json(text) reads JSON; value.to_json() writes it"),
    ("Date", "now() is the time, time(text) reads one"),
    ("Math", "numbers have methods of their own: x.abs(), x.floor(), min(a, b), max(a, b)"),
    ("Object", "maps have methods of their own: map.keys(), map.values()"),
    ("print", "note(words) tells something"),
    ("println", "note(words) tells something"),
    ("echo", "note(words) tells something"),
    ("forEach", "write for item in list { … }, or each(list, |item| …) for bulk work"),
    ("foreach", "write for item in list { … }, or each(list, |item| …) for bulk work"),
    ("includes", "write list.contains(item), or item in list"),
    ("indexOf", "write list.index_of(item)"),
    ("startsWith", "write text.starts_with(other)"),
    ("endsWith", "write text.ends_with(other)"),
    ("toLowerCase", "write text.to_lower()"),
    ("toUpperCase", "write text.to_upper()"),
    ("lower", "write text.to_lower()"),
    ("upper", "write text.to_upper()"),
    ("strip", "write text.trimmed()"),
    ("append", "write list.push(item)"),
    ("concat", "write list + other"),
    ("slice", "write list.extract(start, count), or text.sub_string(start, count)"),
    ("substring", "write text.sub_string(start, count)"),
    ("replaceAll", "write text.replaced(from, to)"),
    ("toString", "write value.to_string(), or put it into a text in back-ticks: `${value}`"),
    ("parseInt", "write parse_int(text)"),
    ("parseFloat", "write parse_float(text)"),
    ("every", "write list.all(|item| …)"),
    ("length", "write value.len()"),
    ("size", "write value.len()"),
    ("entries", "write for key in map.keys() { … }, with map[key]"),
    ("items", "write for key in map.keys() { … }, with map[key]"),
];

/// What a name of another language is called here.
pub(super) fn name_help(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|(foreign, _)| *foreign == name).map(|(_, help)| *help)
}

/// What a form of another language is written like here.
pub(super) fn syntax_help(error: &ParseErrorType, location: Option<&ScriptLocation>) -> Option<&'static str> {
    let (text, span) = location.and_then(|location| location.excerpt.as_ref())?;
    let (before, after) = (text.get(..span.start)?, text.get(span.start..)?);
    let line = after.lines().next().unwrap_or_default();
    let begins_line = before.rsplit('\n').next().unwrap_or_default().trim().is_empty();
    match error {
        ParseErrorType::BadInput(LexError::MalformedChar(_)) => {
            Some("a text stands in double quotes: \"text\"; single quotes hold one character")
        }
        ParseErrorType::MissingToken(token, _) if token == ";" && line.starts_with(':') => {
            Some("a map begins with #{: #{ name: \"Staff\" }")
        }
        ParseErrorType::MissingToken(token, _) if token == ";" && begins_line => {
            Some("the statement before it ends with `;`")
        }
        ParseErrorType::VariableUndefined(name) if opens_map(before, line, name) => {
            Some("a map begins with #{: #{ name: \"Staff\" }")
        }
        ParseErrorType::VariableUndefined(name) if line.strip_prefix(name.as_str()).is_some_and(is_arrow) => {
            Some("a function is written |a, b| a + b")
        }
        _ if is_arrow(line) || closes_arrow(line) => Some("a function is written |a, b| a + b"),
        ParseErrorType::VariableExpected if before.trim_end().ends_with('(') || line.starts_with('(') => {
            Some("a loop is written for item in list { … }, or for number in 0..3 { … }")
        }
        ParseErrorType::MissingToken(..) if ["and ", "or ", "not "].iter().any(|word| line.starts_with(word)) => {
            Some("conditions are joined by && and ||, and denied by !")
        }
        _ if line.starts_with('#') && begins_line => Some("a comment begins with //"),
        _ if line.starts_with('$') => Some("names have no `$`: let user = …;"),
        _ => None,
    }
}

/// `{ name: …`
fn opens_map(before: &str, line: &str, name: &str) -> bool {
    let rest = line.strip_prefix(name).map(str::trim_start);
    before.trim_end().ends_with('{') && rest.is_some_and(|rest| rest.starts_with(':'))
}

fn is_arrow(line: &str) -> bool {
    line.trim_start().starts_with("=>")
}

/// The parameters of an arrow function, from its first comma or its closing bracket on.
fn closes_arrow(line: &str) -> bool {
    let parameter = |one: char| one == '_' || one == ',' || one.is_whitespace() || one.is_alphanumeric();
    let Some((parameters, rest)) = line.split_once(')') else {
        return false;
    };
    parameters.chars().all(parameter) && is_arrow(rest)
}
