//! What an operation or a verb is, in words: the one rendering that `operations`, `:help`, definitions and editors show.

use serde_json::{Value, json};

use crate::okta::ApiOperation;
use crate::run;
use crate::script::bindings::{AbsentAnswer, OperationFunction, ScriptVerb, example_of};

/// What an operation does, one thing a line.
pub fn words_of(operation: &'static ApiOperation) -> Vec<String> {
    let kind = if operation.is_write() { "writes" } else { "reads" };
    let mut words = vec![format!(
        "{} {} ({kind}; Okta's {}, section {})",
        operation.method, operation.path, operation.operation_id, operation.tag
    )];
    if !operation.scopes.is_empty() {
        words.push(format!("Scopes: {}", operation.scopes.join(" ")));
    }
    words.extend(operation.own_options().iter().map(|name| own_option(name)));
    if operation.is_write() {
        words.push(format!("Undone: {}", run::undo_words(operation)));
    }
    words
}

/// What an option says that is not sent.
fn own_option(name: &str) -> String {
    let words = match name {
        "allow_without_group" => {
            "true takes users out although it is the last group by which an app provisions them, which is refused otherwise"
        }
        _ => "id of a group: the user is taken out only while they are in it and an app provisions by it",
    };
    format!("{name}: {words}")
}

/// What a function of an org does, one thing a line.
pub fn words_of_function(function: &OperationFunction) -> Vec<String> {
    let absent = "() where the org answers that there is none (404)".to_owned();
    let finds = (function.absent == AbsentAnswer::Unit).then_some(absent);
    words_of(function.operation).into_iter().chain(finds).collect()
}

/// A function of an org as text: how it is called, and below what it does.
pub fn text_of_function(function: &OperationFunction) -> String {
    entry(&function.signature("okta"), &words_of_function(function))
}

/// An operation as text: how it is called, and below what it does.
pub fn text_of(operation: &'static ApiOperation) -> String {
    entry(&operation.signature("okta"), &words_of(operation))
}

/// A verb as text; `where_known` says where it can be called, when that is not everywhere.
pub fn text_of_verb(verb: &ScriptVerb, where_known: &str) -> String {
    let example = example_of(verb).map(|(script, value)| format!("{script}  // {value}"));
    let words: Vec<String> = std::iter::once(format!("{where_known}{}", verb.help)).chain(example).collect();
    entry(verb.signature, &words)
}

fn entry(signature: &str, words: &[String]) -> String {
    let lines: Vec<String> = words.iter().map(|line| format!("\n    {line}")).collect();
    format!("{signature}{}", lines.concat())
}

/// The same as JSON.
pub fn json_of(operation: &'static ApiOperation) -> Value {
    json!({
        "name": operation.name,
        "method": operation.method.as_str(),
        "path": operation.path,
        "signature": operation.signature("okta"),
        "scopes": operation.scopes,
        "write": operation.is_write(),
        "undone": operation.is_write().then(|| run::undo_words(operation)),
        "tag": operation.tag,
        "operation_id": operation.operation_id,
    })
}
