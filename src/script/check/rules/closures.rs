//! How many values the functions take that verbs call.

use std::ops::RangeInclusive;

use rhai::Expr;

use super::subject::RuleSubject;
use crate::script::bindings::VERBS;
use crate::script::check::facts::{BoundValue, CallFact, CallStyle, UseRole};
use crate::script::check::finding::CheckFinding;
use crate::script::check::walk::closure_of;
use crate::script::testing::words::TEST_VERBS;

pub(super) fn check(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    for call in &subject.facts.calls {
        let name = call.to.name.as_str();
        let own = subject.script.function(name, call.to.args.len()).is_some();
        if own || call.to.is_qualified() || call.is_operator() {
            continue;
        }
        for (function, given) in called_functions(call) {
            let taken = value_counts(subject, function);
            if !taken.is_empty() && !taken.iter().any(|count| given.contains(count)) {
                let wrong = subject.wrong(
                    format!("`{name}` calls this with {}, and it takes {}", values(*given.end()), taken[0]),
                    place(function),
                );
                let signature = VERBS.iter().chain(TEST_VERBS).find(|verb| verb.name == name);
                let wrong = match signature {
                    Some(verb) => wrong.help(format!("it is {}", verb.signature)),
                    None => wrong,
                };
                findings.push(CheckFinding::error("closure", wrong));
            }
        }
    }
}

/// The functions among the arguments, each with the numbers of values that it is called with.
fn called_functions<'a>(call: &'a CallFact) -> Vec<(&'a Expr, RangeInclusive<usize>)> {
    let arguments = &call.to.args;
    let option = |name: &str| {
        let maps = arguments.iter().filter_map(|argument| match argument {
            Expr::Map(map, _) => Some(&map.0),
            _ => None,
        });
        let mut entries = maps.flatten();
        entries.find(|(key, _)| key.name == name).map(|(_, value)| value)
    };
    let last = arguments.last();
    let found = match (call.to.name.as_str(), call.style) {
        ("each", CallStyle::Function) => [(last, 1..=1), (option("key"), 1..=1)],
        ("each" | "wait", CallStyle::Method) => [(last, 1..=1), (None, 0..=0)],
        ("check", CallStyle::Method) => [(arguments.first(), 1..=2), (None, 0..=0)],
        ("wait_until" | "test", CallStyle::Function) => [(last, 0..=0), (None, 0..=0)],
        ("manual", CallStyle::Function) => [(option("verify"), 0..=0), (None, 0..=0)],
        // The language's own lists also tell the place of the item, or give the item as `this`.
        ("find" | "some" | "filter" | "map", CallStyle::Method) => [(last, 0..=2), (None, 0..=0)],
        _ => return Vec::new(),
    };
    let found = found.into_iter();
    found.filter_map(|(function, given)| Some((function?, given))).collect()
}

/// How many values a function can take; nothing when that is not told by the text.
fn value_counts(subject: &RuleSubject, function: &Expr) -> Vec<usize> {
    if let Some((name, captured, _)) = closure_of(function) {
        let closures = subject.script.named(&name);
        return closures.map(|closure| closure.parameters.len().saturating_sub(captured.len())).collect();
    }
    let Expr::Variable(_, _, at) = function else {
        return Vec::new();
    };
    let used = subject.facts.uses.iter().find(|used| used.at == *at);
    match used.map(|used| (used.binding, &used.name)) {
        Some((BoundValue::Function, name)) => {
            subject.script.named(name).map(|function| function.parameters.len()).collect()
        }
        Some((BoundValue::To(id), _)) => held_variables(subject, id),
        _ => Vec::new(),
    }
}

/// What the closure takes that a variable holds, and holds for good.
fn held_variables(subject: &RuleSubject, variable: usize) -> Vec<usize> {
    let mut uses = subject.facts.uses.iter();
    let is_changed = uses.any(|used| used.binding == BoundValue::To(variable) && used.role == UseRole::Changed);
    let closures = subject.facts.closures.iter();
    closures.filter(|closure| !is_changed && closure.held_by == Some(variable)).map(|closure| closure.takes).collect()
}

fn place(function: &Expr) -> rhai::Position {
    closure_of(function).map_or_else(|| function.start_position(), |(.., at)| at)
}

fn values(count: usize) -> String {
    match count {
        0 => "no value".to_owned(),
        1 => "1 value".to_owned(),
        count => format!("{count} values"),
    }
}
