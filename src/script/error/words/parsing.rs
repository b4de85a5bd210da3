//! Errors of syntax.

use rhai::{LexError, ParseErrorType};

use super::super::names::KnownNames;
use super::{DiagnosticWords, lower_first, text_of, unknown_variable};
use crate::script::error::foreign_words::syntax_help;
use crate::script::error::location::ScriptLocation;

pub(in crate::script::error) fn of_parsing(
    error: &ParseErrorType,
    location: Option<&ScriptLocation>,
    names: &KnownNames,
) -> DiagnosticWords {
    let words = plain_words(error, location, names);
    match syntax_help(error, location) {
        Some(help) if words.help.is_empty() => words.help(help),
        _ => words,
    }
}

fn plain_words(error: &ParseErrorType, location: Option<&ScriptLocation>, names: &KnownNames) -> DiagnosticWords {
    use ParseErrorType as P;
    match error {
        P::VariableUndefined(name) => unknown_variable(name, text_of(location), names),
        P::ModuleUndefined(name) => DiagnosticWords::new(format!("there is no module `{name}`"))
            .help(format!("import it first: import \"lib/{name}\" as {name};")),
        P::UnexpectedEOF => {
            DiagnosticWords::new("the script ends too early").help("a bracket, a string or a comment may be open above")
        }
        P::Reserved(word) | P::UnknownOperator(word) => reserved_words(word),
        P::PropertyExpected => property_expected(location),
        P::MissingToken(token, purpose) => DiagnosticWords::new(format!("`{token}` is missing {purpose}")),
        P::BadInput(lexical) => lexical_words(lexical),
        P::WrongFnDefinition => {
            DiagnosticWords::new("functions are defined at the top of a file, not inside of a block")
        }
        P::WrongDocComment => {
            DiagnosticWords::new("a /// comment stands before a function").help("write // for any other comment")
        }
        P::FnDuplicatedDefinition(name, count) => {
            DiagnosticWords::new(format!("there are two functions `{name}` with {count} parameters"))
        }
        P::AssignmentToConstant(name) if name.is_empty() => DiagnosticWords::new("only a variable can be assigned to"),
        P::AssignmentToConstant(name) => DiagnosticWords::new(format!("`{name}` is a constant and cannot be changed"))
            .help("declare it with `let`, or copy it into a variable first"),
        P::LoopBreak => DiagnosticWords::new("`break` and `continue` belong in a loop"),
        P::ExprTooDeep => {
            DiagnosticWords::new("this expression is nested too deeply").help("put its parts into variables")
        }
        P::DuplicatedProperty(name) => DiagnosticWords::new(format!("the map has two entries `{name}`")),
        P::VariableExpected => DiagnosticWords::new("the name of a variable is missing"),
        other => DiagnosticWords::new(lower_first(&other.to_string())),
    }
}

fn lexical_words(error: &LexError) -> DiagnosticWords {
    match error {
        LexError::UnterminatedString => DiagnosticWords::new("a string is not closed")
            .help("close it with \", or write it in back-ticks when it spans lines"),
        LexError::ImproperSymbol(symbol, _) if symbol == "===" || symbol == "!==" => {
            DiagnosticWords::new(format!("there is no `{symbol}`")).help(format!("write `{}`", &symbol[..2]))
        }
        LexError::ImproperSymbol(symbol, _) if symbol == "eval" => reserved_words(symbol),
        other => DiagnosticWords::new(lower_first(&other.to_string())),
    }
}

fn reserved_words(word: &str) -> DiagnosticWords {
    match word {
        "eval" => DiagnosticWords::new("`eval` is switched off").help("a runbook says what it does in its own text"),
        "===" | "!==" => DiagnosticWords::new(format!("there is no `{word}`")).help(format!("write `{}`", &word[..2])),
        "++" | "--" => DiagnosticWords::new(format!("there is no `{word}`")).help(format!("write `{}= 1`", &word[..1])),
        "?" | ":" => DiagnosticWords::new(format!("`{word}` has no meaning here")).help("write if x { a } else { b }"),
        "null" | "nil" | "void" | "undefined" => {
            DiagnosticWords::new(format!("there is no `{word}`")).help("the absent value is written ()")
        }
        _ if rhai::is_valid_identifier(word) => DiagnosticWords::new(format!("`{word}` is a reserved word"))
            .help(format!("as a key, write m[\"{word}\"] and #{{\"{word}\": …}}; else choose another name")),
        _ => DiagnosticWords::new(format!("`{word}` has no meaning here")),
    }
}

/// `m.default`: rhai says only that a name is missing.
fn property_expected(location: Option<&ScriptLocation>) -> DiagnosticWords {
    let word = location.and_then(|location| location.excerpt.as_ref()).map_or("", |(text, span)| &text[span.clone()]);
    if rhai::is_valid_identifier(word) {
        return reserved_words(word);
    }
    DiagnosticWords::new("the name of a property is missing")
}
