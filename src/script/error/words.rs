//! What rhai's errors mean, in words for the author of a runbook.

mod parsing;
mod thrown;

pub(super) use parsing::of_parsing;

use rhai::EvalAltResult;

use super::location::ScriptLocation;
use super::names::KnownNames;

/// Message, notes and help of a diagnostic.
#[derive(Default)]
pub(super) struct DiagnosticWords {
    pub(super) message: String,
    pub(super) notes: Vec<String>,
    pub(super) help: Vec<String>,
}

impl DiagnosticWords {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    fn helps(mut self, helps: Vec<String>) -> Self {
        self.help.extend(helps);
        self
    }
}

pub(super) fn of_evaluation(
    error: &EvalAltResult,
    location: Option<&ScriptLocation>,
    names: &KnownNames,
) -> DiagnosticWords {
    use EvalAltResult as E;
    let text = text_of(location);
    match error {
        E::ErrorParsing(kind, _) => of_parsing(kind, location, names),
        E::ErrorRuntime(value, _) => thrown::words(value, text, names),
        E::ErrorVariableNotFound(name, _) => unknown_variable(name, text, names),
        E::ErrorFunctionNotFound(signature, _) => unknown_function(signature, text, names),
        E::ErrorPropertyNotFound(name, _) => DiagnosticWords::new(format!("the map has no entry `{name}`"))
            .help(format!("write m?.{name} ?? other where the entry may be absent")),
        E::ErrorDotExpr(text, _) => property(text, names),
        E::ErrorIndexingType(types, _) => {
            DiagnosticWords::new(format!("there is no index into {}", kinds(types).join(" by ")))
        }
        E::ErrorIndexNotFound(index, _) => DiagnosticWords::new(format!("there is no entry {index}")),
        E::ErrorMismatchDataType(wanted, found, _) | E::ErrorMismatchOutputType(wanted, found, _) => {
            mismatch(wanted, found)
        }
        E::ErrorModuleNotFound(name, _) => DiagnosticWords::new(format!("there is no module `{name}`"))
            .help(format!("import it first: import \"lib/{name}\" as {name};")),
        _ => of_limits(error),
    }
}

fn of_limits(error: &EvalAltResult) -> DiagnosticWords {
    use EvalAltResult as E;
    match error {
        E::ErrorTerminated(token, _) if token.is_string() => DiagnosticWords::new(token.to_string()),
        E::ErrorTerminated(..) => DiagnosticWords::new("the run was interrupted"),
        E::ErrorTooManyOperations(_) => DiagnosticWords::new("the script did too many operations: it seems to run without end")
            .help("see that every `loop` and `while` ends, and work on less at a time"),
        E::ErrorStackOverflow(_) => DiagnosticWords::new("calls are nested too deeply")
            .help("see that a function does not call itself without end"),
        E::ErrorDataTooLarge(what, _) => too_large(what),
        E::ErrorTooManyVariables(_) => DiagnosticWords::new("the script has too many variables"),
        E::ErrorTooManyModules(_) => DiagnosticWords::new("the script imports too many modules")
            .help("import at the top of the file, not in a loop"),
        E::ErrorDataRace(name, _) => {
            DiagnosticWords::new(format!("{} is in use by the call around it", quote_name(name)))
                .help("a closure may not use what the call around it is working on: copy it, or put that into a variable first, as in \
                     `let groups = okta.list_groups(); groups.map(|group| okta.get_group(group.id))`")
        }
        _ => of_values(error),
    }
}

fn of_values(error: &EvalAltResult) -> DiagnosticWords {
    use EvalAltResult as E;
    match error {
        E::ErrorAssignmentToConstant(name, _) => {
            DiagnosticWords::new(format!("`{name}` is a constant and cannot be changed"))
                .help("declare it with `let`, or copy it into a variable first")
        }
        E::ErrorNonPureMethodCallOnConstant(name, _) => {
            let name = name.split('$').next_back().unwrap_or(name);
            DiagnosticWords::new(format!("`{name}` would change a constant"))
                .help("copy it into a variable first: let copy = …;")
        }
        E::ErrorVariableExists(name, _) => DiagnosticWords::new(format!("`{name}` is declared already")),
        E::ErrorForbiddenVariable(name, _) => DiagnosticWords::new(format!("`{name}` may not be used as a variable")),
        E::ErrorUnboundThis(_) => {
            DiagnosticWords::new("`this` has no value here").help("`this` exists in a method call: value.function()")
        }
        E::ErrorFor(_) => {
            DiagnosticWords::new("`for` needs a list, a map's keys or a range").help("for item in [1, 2, 3] { … }")
        }
        E::ErrorArrayBounds(0, index, _) => {
            DiagnosticWords::new(format!("there is no item {index}: the list is empty"))
        }
        E::ErrorArrayBounds(length, index, _) => {
            DiagnosticWords::new(format!("there is no item {index}: the list has {length}")).help("items count from 0")
        }
        E::ErrorStringBounds(length, index, _) => {
            DiagnosticWords::new(format!("there is no character {index}: the string has {length}"))
                .help("characters count from 0")
        }
        E::ErrorBitFieldBounds(bits, index, _) => {
            DiagnosticWords::new(format!("there is no bit {index}: there are {bits}"))
        }
        E::ErrorArithmetic(text, _) => DiagnosticWords::new(lower_first(text)),
        E::ErrorSystem(text, inner) if text.is_empty() => DiagnosticWords::new(inner.to_string()),
        E::ErrorSystem(text, inner) => DiagnosticWords::new(format!("{text}: {inner}")),
        E::LoopBreak(..) => DiagnosticWords::new("`break` and `continue` belong in a loop"),
        // What is left cannot end a script: pseudo errors, custom syntax (there is none), and wrappers that the trace took off.
        other => DiagnosticWords::new(lower_first(&other.to_string())),
    }
}

fn too_large(what: &str) -> DiagnosticWords {
    let what = match what {
        "Length of string" => "a string",
        "Size of array" | "Size of array/BLOB" => "a list",
        "Size of object map" => "a map",
        other => other,
    };
    DiagnosticWords::new(format!("{what} grew too large")).help("work on less at a time")
}

fn unknown_variable(name: &str, text: &str, names: &KnownNames) -> DiagnosticWords {
    DiagnosticWords::new(format!("there is no variable `{name}`")).helps(names.variable_help(name, text))
}

fn unknown_function(signature: &str, text: &str, names: &KnownNames) -> DiagnosticWords {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let types = kinds(types.strip_suffix(')').unwrap_or(types));
    if !name.contains(|c: char| c == '_' || c.is_alphanumeric()) {
        return operator(name, &types);
    }
    if name.starts_with("anon$") {
        return closure();
    }
    let bare = name.rsplit("::").next().unwrap_or(name);
    let signatures = names.signatures_of(bare, text);
    if signatures.is_empty() {
        return DiagnosticWords::new(format!("there is no function `{name}`")).helps(names.function_help(bare, text));
    }
    let given = if types.is_empty() { "nothing".to_owned() } else { types.join(", ") };
    let help = signatures.into_iter().map(|signature| format!("it is {signature}")).collect();
    DiagnosticWords::new(format!("`{name}` cannot be called with ({given})")).helps(help)
}

/// A closure has a name of rhai's own making, and rhai may have tried several numbers of values.
fn closure() -> DiagnosticWords {
    DiagnosticWords::new("a closure takes another number of values than it is called with")
        .help("see how the verb calls it: `okta-runbook definitions` and :help have its signature")
}

fn operator(name: &str, types: &[String]) -> DiagnosticWords {
    let words = DiagnosticWords::new(format!("`{name}` does not work on {}", types.join(" and ")));
    if types.iter().any(|kind| kind == "()") {
        return words.help("() is an absent value: see whether it is there first, or give another with `??`");
    }
    words
}

fn property(text: &str, names: &KnownNames) -> DiagnosticWords {
    // rhai says: Unknown property 'x' - a getter is not registered for type 'T'
    let mut quoted = text.split('\'').skip(1).step_by(2);
    let (Some(name), Some(kind)) = (quoted.next(), quoted.next()) else {
        return DiagnosticWords::new(lower_first(text));
    };
    let words = DiagnosticWords::new(format!("{} has no property `{name}`", with_article(kind)));
    match names.signatures_of(name, "").first() {
        Some(signature) => words.help(format!("`{name}` is a function: call it as {signature}")),
        None => words.helps(names.function_help(name, "")),
    }
}

fn mismatch(wanted: &str, found: &str) -> DiagnosticWords {
    let message = match (wanted, found) {
        ("", found) => format!("{} is of no use here", with_article(found)),
        (wanted, "") => format!("{} is expected here", with_article(wanted)),
        (wanted, found) => format!("{} is expected here, not {}", with_article(wanted), with_article(found)),
    };
    DiagnosticWords::new(message)
}

/// rhai's list of types, in words: `i64, &str | ImmutableString | String`.
fn kinds(types: &str) -> Vec<String> {
    types.split(", ").filter(|kind| !kind.is_empty()).map(kind_of).collect()
}

fn with_article(kind: &str) -> String {
    match kind_of(kind).as_str() {
        "()" => "the absent value ()".to_owned(),
        "anything" => "anything".to_owned(),
        kind if kind.starts_with(['a', 'e', 'i', 'o', 'O']) => format!("an {kind}"),
        kind => format!("a {kind}"),
    }
}

pub(in crate::script) fn kind_of(kind: &str) -> String {
    match kind.trim() {
        "i64" => "integer",
        "f64" => "float",
        "bool" => "boolean",
        "char" => "character",
        "array" | "Array" => "list",
        "map" | "Map" => "map",
        "Fn" | "FnPtr" => "function",
        "?" => "anything",
        strings if strings.contains("String") || strings == "&str" => "string",
        other => other.rsplit("::").next().unwrap_or(other),
    }
    .to_owned()
}

fn text_of(location: Option<&ScriptLocation>) -> &str {
    location.and_then(|location| location.excerpt.as_ref()).map_or("", |(text, _)| text)
}

fn quote_name(name: &str) -> String {
    if name.is_empty() { "a captured variable".to_owned() } else { format!("`{name}`") }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
