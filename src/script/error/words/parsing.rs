//! Errors of syntax.

use rhai::{LexError, ParseErrorType};

use super::{Words, lower_first, text_of, unknown_variable};
use crate::script::error::{Location, Names};

pub(in crate::script::error) fn of_parsing(
    error: &ParseErrorType,
    location: Option<&Location>,
    names: &Names,
) -> Words {
    use ParseErrorType as P;
    match error {
        P::VariableUndefined(name) => unknown_variable(name, text_of(location), names),
        P::ModuleUndefined(name) => Words::new(format!("there is no module `{name}`"))
            .help(format!("import it first: import \"lib/{name}\" as {name};")),
        P::UnexpectedEOF => {
            Words::new("the script ends too early").help("a bracket, a string or a comment may be open above")
        }
        P::Reserved(word) | P::UnknownOperator(word) => reserved(word),
        P::PropertyExpected => property_expected(location),
        P::MissingToken(token, purpose) => Words::new(format!("`{token}` is missing {purpose}")),
        P::BadInput(lexical) => lexical_words(lexical),
        P::WrongFnDefinition => Words::new("functions are defined at the top of a file, not inside of a block"),
        P::WrongDocComment => {
            Words::new("a /// comment stands before a function").help("write // for any other comment")
        }
        P::FnDuplicatedDefinition(name, count) => {
            Words::new(format!("there are two functions `{name}` with {count} parameters"))
        }
        P::AssignmentToConstant(name) if name.is_empty() => Words::new("only a variable can be assigned to"),
        P::AssignmentToConstant(name) => Words::new(format!("`{name}` is a constant and cannot be changed"))
            .help("declare it with `let`, or copy it into a variable first"),
        P::LoopBreak => Words::new("`break` and `continue` belong in a loop"),
        P::ExprTooDeep => Words::new("this expression is nested too deeply").help("put its parts into variables"),
        P::DuplicatedProperty(name) => Words::new(format!("the map has two entries `{name}`")),
        P::VariableExpected => Words::new("the name of a variable is missing"),
        other => Words::new(lower_first(&other.to_string())),
    }
}

fn lexical_words(error: &LexError) -> Words {
    match error {
        LexError::UnterminatedString => {
            Words::new("a string is not closed").help("close it with \", or write it in back-ticks when it spans lines")
        }
        LexError::ImproperSymbol(symbol, _) if symbol == "===" || symbol == "!==" => {
            Words::new(format!("there is no `{symbol}`")).help(format!("write `{}`", &symbol[..2]))
        }
        LexError::ImproperSymbol(symbol, _) if symbol == "eval" => reserved(symbol),
        other => Words::new(lower_first(&other.to_string())),
    }
}

fn reserved(word: &str) -> Words {
    match word {
        "eval" => Words::new("`eval` is switched off").help("a runbook says what it does in its own text"),
        "===" | "!==" => Words::new(format!("there is no `{word}`")).help(format!("write `{}`", &word[..2])),
        "++" | "--" => Words::new(format!("there is no `{word}`")).help(format!("write `{}= 1`", &word[..1])),
        "?" | ":" => Words::new(format!("`{word}` has no meaning here")).help("write if x { a } else { b }"),
        "null" | "nil" | "void" | "undefined" => {
            Words::new(format!("there is no `{word}`")).help("the absent value is written ()")
        }
        _ if rhai::is_valid_identifier(word) => Words::new(format!("`{word}` is a reserved word"))
            .help(format!("as a key, write m[\"{word}\"] and #{{\"{word}\": …}}; else choose another name")),
        _ => Words::new(format!("`{word}` has no meaning here")),
    }
}

/// `m.default`: rhai says only that a name is missing.
fn property_expected(location: Option<&Location>) -> Words {
    let word = location.and_then(|location| location.excerpt.as_ref()).map_or("", |(text, span)| &text[span.clone()]);
    if rhai::is_valid_identifier(word) {
        return reserved(word);
    }
    Words::new("the name of a property is missing")
}
