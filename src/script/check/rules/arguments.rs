//! What operations and verbs are given, where it stands in the text.

use rhai::{Expr, Position};

use super::subject::RuleSubject;
use crate::okta::ApiOperation;
use crate::script::bindings::{OPTIONS, OperationFunction, OptionType, operation_function};
use crate::script::check::facts::{CallFact, CallStyle};
use crate::script::check::finding::CheckFinding;
use crate::script::check::natives::free_verb;
use crate::script::check::walk::closure_of;
use crate::script::error::ScriptDiagnostic;
use crate::script::nearest::{nearest, or_list};

pub(super) fn check(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    for call in subject.facts.calls.iter().filter(|call| !call.to.is_qualified()) {
        let name = call.to.name.as_str();
        let own = subject.script.function(name, call.to.args.len()).is_some();
        let wrong = match (operation_function(name), call.style) {
            _ if own => continue,
            (Some(function), CallStyle::Method) => of_operation(subject, call, function),
            _ => of_verb(subject, call),
        };
        findings.extend(wrong.into_iter().map(|wrong| CheckFinding::error("argument", wrong)));
    }
}

fn of_operation(subject: &RuleSubject, call: &CallFact, function: &OperationFunction) -> Vec<ScriptDiagnostic> {
    let operation = function.operation;
    let paths = operation.path_parameters();
    let takes_map = operation.takes_options();
    let given = call.to.args.len();
    let signature = format!("it is {}", function.signature("okta"));
    if given < paths.len() || given > paths.len() + usize::from(takes_map) {
        let wanted =
            if paths.len() == 1 { "1 path argument".to_owned() } else { format!("{} path arguments", paths.len()) };
        let rest = if takes_map { " and a map" } else { "" };
        let words = format!("`{}` takes {wanted}{rest}, not {given}", function.name);
        return vec![subject.wrong(words, call.at).help(signature)];
    }
    let mut wrong: Vec<ScriptDiagnostic> = call.to.args[..paths.len()]
        .iter()
        .zip(&paths)
        .filter_map(|(argument, parameter)| of_path(subject, argument, parameter))
        .collect();
    let entries: Vec<(&str, Position, &Expr)> = match call.to.args.get(paths.len()) {
        Some(Expr::Map(map, _)) => {
            let entries = map.0.iter();
            entries.map(|(key, value)| (key.name.as_str(), key.pos, value)).collect()
        }
        Some(last) => {
            let takes_list = operation.body.is_some() && matches!(last, Expr::Array(..));
            if (is_literal(last) && !takes_list) || closure_of(last).is_some() {
                let words = format!("the last argument of `{}` is a map such as #{{ limit: 20 }}", function.name);
                wrong.push(subject.wrong(words, last.start_position()));
            }
            return add_help(wrong, &signature);
        }
        None => Vec::new(),
    };
    wrong.extend(of_map(subject, call, operation, &entries));
    add_help(wrong, &signature)
}

fn add_help(wrong: Vec<ScriptDiagnostic>, help: &str) -> Vec<ScriptDiagnostic> {
    wrong.into_iter().map(|wrong| wrong.help(help)).collect()
}

fn of_path(subject: &RuleSubject, argument: &Expr, parameter: &str) -> Option<ScriptDiagnostic> {
    let words = match argument {
        Expr::Unit(_) => format!("`{parameter}` is (): what was looked for is not there"),
        Expr::StringConstant(text, _) if text.is_empty() => format!("`{parameter}` is empty"),
        Expr::Map(map, _) if !map.0.iter().any(|(key, _)| matches!(key.name.as_str(), "id" | "name")) => {
            format!("the object given for `{parameter}` has no `id`")
        }
        Expr::Array(..) | Expr::BoolConstant(..) => {
            format!("`{parameter}` is an id or an object with an `id`")
        }
        _ => return None,
    };
    Some(subject.wrong(words, argument.start_position()))
}

/// The entries of the last map: query parameters, and fields of the body when there is one.
fn of_map(
    subject: &RuleSubject,
    call: &CallFact,
    operation: &ApiOperation,
    entries: &[(&str, Position, &Expr)],
) -> Vec<ScriptDiagnostic> {
    let is_query = |name: &str| operation.option_names().any(|known| known == name);
    let mut wrong = Vec::new();
    for (name, _, value) in entries.iter().filter(|(name, ..)| is_query(name)) {
        if matches!(value, Expr::Map(..)) {
            let words = format!("`{name}` is a query parameter, not a map");
            wrong.push(subject.wrong(words, value.start_position()));
        }
    }
    if operation.body.is_none() {
        for (name, at, _) in entries.iter().filter(|(name, ..)| !is_query(name)) {
            let unknown = subject.wrong(format!("{}: `{name}` is no parameter of it", operation.name), *at);
            let near = nearest(name, operation.option_names());
            wrong.push(match near.as_slice() {
                [] => unknown,
                names => unknown.help(format!("did you mean {}?", or_list(names))),
            });
        }
    }
    let missing: Vec<&str> = operation
        .query
        .iter()
        .filter(|known| known.required && !entries.iter().any(|(name, ..)| *name == known.name))
        .map(|known| known.name)
        .collect();
    if !missing.is_empty() {
        wrong.push(subject.wrong(format!("`{}` needs `{}`", operation.name, missing.join("`, `")), call.at));
    }
    let needs_body = operation.body.as_ref().is_some_and(|body| body.required);
    if needs_body && entries.iter().all(|(name, ..)| is_query(name)) {
        wrong.push(subject.wrong(format!("`{}` needs a body: what shall be set", operation.name), call.at));
    }
    wrong
}

/// The options of a verb are named in its signature.
fn of_verb(subject: &RuleSubject, call: &CallFact) -> Vec<ScriptDiagnostic> {
    let Some(signature) = free_verb(&call.to.name) else {
        return Vec::new();
    };
    let Some(options) = options_of(signature) else {
        return Vec::new();
    };
    let (before, _) = signature.split_once("#{").unwrap_or((signature, ""));
    let Some(Expr::Map(map, _)) = call.to.args.get(before.matches(',').count()) else {
        return Vec::new();
    };
    if subject.natives.counts("", &call.to.name).is_none() {
        return Vec::new(); // a verb of tests in what is none
    }
    let mut wrong = Vec::new();
    for (key, value) in &map.0 {
        if let Some(wanted) = expected_type(&call.to.name, &key.name, value) {
            let words = format!("`{}` of {} is {wanted}", key.name, call.to.name);
            wrong.push(subject.wrong(words, value.start_position()));
        }
        if !options.contains(&key.name.as_str()) {
            let unknown = subject.wrong(format!("`{}` has no option `{}`", call.to.name, key.name), key.pos);
            let near = nearest(&key.name, options.iter().copied());
            let unknown = match near.as_slice() {
                [] => unknown,
                names => unknown.help(format!("did you mean {}?", or_list(names))),
            };
            wrong.push(unknown.help(format!("it is {signature}")));
        }
    }
    wrong
}

/// What the option of a verb is, when a literal is given for it that is something else.
fn expected_type(verb: &str, option: &str, value: &Expr) -> Option<OptionType> {
    let (.., wanted) = OPTIONS.iter().find(|(of, name, _)| (*of, *name) == (verb, option))?;
    let is_function = closure_of(value).is_some();
    let fits = match (wanted, value) {
        (OptionType::Text | OptionType::TextOrFunction, Expr::StringConstant(..) | Expr::InterpolatedString(..))
        | (OptionType::Flag, Expr::BoolConstant(..))
        | (_, Expr::Unit(_)) => true,
        (OptionType::Function | OptionType::TextOrFunction, _) if is_function => true,
        (OptionType::Seconds, Expr::IntegerConstant(seconds, _)) => *seconds >= 0,
        (OptionType::Seconds, Expr::FloatConstant(seconds, _)) => **seconds >= 0.0,
        (OptionType::Count(least), Expr::IntegerConstant(count, _)) => count >= least,
        (OptionType::OneOf(words), Expr::StringConstant(word, _)) => words.contains(&word.as_str()),
        (OptionType::Texts, Expr::Array(items, _)) => !items.iter().any(is_other_than_text),
        (_, literal) => !is_literal(literal) && !is_function,
    };
    (!fits).then_some(*wanted)
}

fn is_other_than_text(literal: &Expr) -> bool {
    is_literal(literal) && !matches!(literal, Expr::StringConstant(..) | Expr::InterpolatedString(..))
}

/// Whether what it is stands in the text.
fn is_literal(value: &Expr) -> bool {
    matches!(
        value,
        Expr::StringConstant(..)
            | Expr::InterpolatedString(..)
            | Expr::CharConstant(..)
            | Expr::IntegerConstant(..)
            | Expr::FloatConstant(..)
            | Expr::BoolConstant(..)
            | Expr::Array(..)
            | Expr::Map(..)
    )
}

fn options_of(signature: &str) -> Option<Vec<&str>> {
    let (_, rest) = signature.split_once("#{")?;
    let (options, _) = rest.split_once('}')?;
    Some(options.split(',').map(|option| option.trim().trim_end_matches('?')).collect())
}
