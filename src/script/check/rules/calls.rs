//! Calls of functions that are not there, or with another number of arguments.

use rhai::{FnAccess, Position};

use super::subject::RuleSubject;
use crate::script::bindings::{NO_CLOCK, operation_of};
use crate::script::check::facts::{CallFact, CallStyle};
use crate::script::check::finding::CheckFinding;
use crate::script::check::natives::{NativeFunctions, free_verb};
use crate::script::check::script::ParsedScript;
use crate::script::error::ScriptDiagnostic;
use crate::script::nearest::{nearest, or_list};

pub(super) fn check(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    for call in &subject.facts.calls {
        if call.is_operator() {
            continue;
        }
        if let Some(wrong) = switched_off(subject, call) {
            findings.push(wrong);
            continue;
        }
        if NativeFunctions::is_built_in(&call.to.name) || subject.script.may_have(&call.to.name) {
            continue;
        }
        let wrong = match (call.to.is_qualified(), call.style) {
            (true, _) => check_qualified(subject, call),
            (false, CallStyle::Function) => function(subject, call),
            (false, CallStyle::Method) => method(subject, call),
        };
        findings.extend(wrong.map(|wrong| CheckFinding::error("call", wrong)));
    }
}

/// What the language has and a runbook may not have.
fn switched_off(subject: &RuleSubject, call: &CallFact) -> Option<CheckFinding> {
    let name = call.to.name.as_str();
    if subject.script.named(name).next().is_some() || call.to.is_qualified() {
        return None;
    }
    let words = |words: &str| subject.wrong(format!("`{name}` {words}"), call.at);
    match name {
        // In the words of the parser, which tells the first of them.
        "eval" => Some(CheckFinding::error(
            "syntax",
            words("is switched off").help("a runbook says what it does in its own text"),
        )),
        "sleep" | "timestamp" => {
            let wrong = words("is not for runbooks").help(NO_CLOCK);
            Some(CheckFinding::error("call", wrong))
        }
        _ => None,
    }
}

/// A function of the script hides one of the language that takes as many arguments.
pub(super) fn warn(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    for function in &subject.script.functions {
        let count = function.parameters.len();
        let hides = free_verb(&function.name).is_some()
            && subject.natives.counts("", &function.name).is_some_and(|counts| counts.contains(&count));
        if hides {
            let wrong = subject
                .wrong(format!("the function `{}` hides the verb of that name", function.name), function.at)
                .help("give it another name, or the verb cannot be called in this script");
            findings.push(CheckFinding::warning("hides", wrong));
        }
    }
}

fn check_qualified(subject: &RuleSubject, call: &CallFact) -> Option<ScriptDiagnostic> {
    let name = call.to.name.as_str();
    let count = call.to.args.len();
    let module = call.to.namespace.root();
    if module == "global" {
        return of_script(subject, subject.script, call, "the script");
    }
    if let Some(counts) = subject.natives.has_module(module).then(|| subject.natives.counts(module, name)) {
        return match counts {
            Some(counts) if counts.contains(&count) => None,
            Some(counts) => Some(count_finding(subject, call, &format!("{module}::{name}"), counts, Vec::new())),
            None => Some(unknown(subject, call, &format!("{module}::{name}"), subject.natives.names(module).collect())),
        };
    }
    if !subject.script.has_module(module) {
        return Some(
            subject
                .wrong(format!("there is no module `{module}`"), call.to.namespace.position())
                .help(format!("import it first: import \"lib/{module}\" as {module};")),
        );
    }
    // An import that could not be read has been told of.
    let script = subject.program.aliased(&subject.script.source.path, module)?;
    of_script(subject, script, call, module)
}

/// A function that a script gives to others.
fn of_script(subject: &RuleSubject, script: &ParsedScript, call: &CallFact, module: &str) -> Option<ScriptDiagnostic> {
    let name = call.to.name.as_str();
    if script.may_have(name) {
        return None;
    }
    let mut own = script.named(name).filter(|function| function.access == FnAccess::Public).peekable();
    if own.peek().is_none() {
        let known = script.functions.iter().filter(|function| !function.is_closure());
        return Some(unknown(
            subject,
            call,
            &format!("{module}::{name}"),
            known.map(|function| function.name.as_str()).collect(),
        ));
    }
    let known: Vec<_> = own.collect();
    let counts: Vec<usize> = known.iter().map(|function| function.parameters.len()).collect();
    if counts.contains(&call.to.args.len()) {
        return None;
    }
    let signatures = known.iter().map(|function| format!("{module}::{}", function.signature())).collect();
    Some(count_finding(subject, call, &format!("{module}::{name}"), &counts, signatures))
}

fn function(subject: &RuleSubject, call: &CallFact) -> Option<ScriptDiagnostic> {
    let name = call.to.name.as_str();
    let count = call.to.args.len();
    let mut counts: Vec<usize> = subject.natives.counts("", name).unwrap_or_default().to_vec();
    counts.extend(subject.script.named(name).map(|function| function.parameters.len()));
    if counts.contains(&count) {
        return None;
    }
    if let Some(variable) = check_variable_call(subject, call) {
        return Some(variable);
    }
    if counts.is_empty() {
        return Some(not_there(subject, call));
    }
    Some(count_finding(subject, call, name, &counts, subject.program.names.signatures_of(name, subject.text())))
}

/// A variable cannot be called by its name.
fn check_variable_call(subject: &RuleSubject, call: &CallFact) -> Option<ScriptDiagnostic> {
    let name = call.to.name.as_str();
    subject.facts.bindings.iter().any(|binding| binding.name == name).then(|| {
        subject
            .wrong(format!("`{name}` is a variable, not a function"), call.at)
            .help(format!("when it holds a function, write {name}.call(…)"))
    })
}

fn method(subject: &RuleSubject, call: &CallFact) -> Option<ScriptDiagnostic> {
    let name = call.to.name.as_str();
    let given = call.to.args.len();
    if subject.callable_fields.contains(name) {
        return None;
    }
    let natives = subject.natives.counts("", name).unwrap_or_default();
    let mut counts: Vec<usize> = natives.iter().filter_map(|count| count.checked_sub(1)).collect();
    counts.extend(subject.script.named(name).map(|function| function.parameters.len()));
    if counts.contains(&given) {
        return None;
    }
    if natives.is_empty() && counts.is_empty() {
        return Some(not_there(subject, call));
    }
    if operation_of(name).is_some() {
        return None; // told with its arguments
    }
    Some(count_finding(subject, call, name, &counts, subject.program.names.signatures_of(name, subject.text())))
}

fn not_there(subject: &RuleSubject, call: &CallFact) -> ScriptDiagnostic {
    let name = call.to.name.as_str();
    let wrong = subject.wrong(format!("there is no function `{name}`"), call.at);
    let mut helps = subject.program.names.function_help(name, subject.text());
    if helps.is_empty() {
        let known = subject.natives.all_names();
        helps.extend(did_you_mean(name, known));
    }
    helps.into_iter().fold(wrong, ScriptDiagnostic::help)
}

fn unknown(subject: &RuleSubject, call: &CallFact, shown: &str, known: Vec<&str>) -> ScriptDiagnostic {
    let wrong = subject.wrong(format!("there is no function `{shown}`"), place(call));
    let near = did_you_mean(&call.to.name, known);
    near.into_iter().fold(wrong, ScriptDiagnostic::help)
}

fn did_you_mean(name: &str, known: Vec<&str>) -> Option<String> {
    match nearest(name, known).as_slice() {
        [] => None,
        names => Some(format!("did you mean {}?", or_list(names))),
    }
}

fn count_finding(
    subject: &RuleSubject,
    call: &CallFact,
    shown: &str,
    counts: &[usize],
    signatures: Vec<String>,
) -> ScriptDiagnostic {
    let mut counts = counts.to_vec();
    counts.sort_unstable();
    counts.dedup();
    let given = call.to.args.len();
    let wrong = subject.wrong(format!("`{shown}` takes {}, not {given}", arguments(&counts)), place(call));
    signatures.into_iter().take(3).map(|signature| format!("it is {signature}")).fold(wrong, ScriptDiagnostic::help)
}

fn arguments(counts: &[usize]) -> String {
    match counts {
        [0] => "no arguments".to_owned(),
        [1] => "1 argument".to_owned(),
        counts => {
            let words: Vec<String> = counts.iter().map(ToString::to_string).collect();
            format!("{} arguments", words.join(" or "))
        }
    }
}

fn place(call: &CallFact) -> Position {
    if call.to.is_qualified() { call.to.namespace.position() } else { call.at }
}
