//! `params`: what is declared against what is used.

use std::any::TypeId;

use rhai::{Expr, ImmutableString, Position};
use serde_json::Value;

use super::subject::RuleSubject;
use crate::script::check::facts::{BindingKind, BoundValue, UseRole, VariableUse};
use crate::script::check::finding::CheckFinding;
use crate::script::check::natives::NativeFunctions;
use crate::script::error::ScriptDiagnostic;
use crate::script::nearest::{nearest, or_list};
use crate::script::runbook::{DeclaredParameter, ParameterType, RunbookHeader};
use crate::script::secret::SecretValue;

pub(super) fn check(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    let Some(runbook) = &subject.program.runbook else {
        return;
    };
    for used in subject.facts.uses.iter().filter(|used| is_params(subject, used, BindingKind::Given)) {
        if let Some((name, at)) = &used.field
            && runbook.parameter(name).is_none()
            && !subject.program.has_parameter(name)
            && !is_there_anyway(name)
        {
            findings.push(CheckFinding::error("params", undeclared_finding(subject, runbook, name, *at)));
        }
        let wrong = method(subject, runbook, used);
        findings.extend(wrong.map(|wrong| CheckFinding::error("params", wrong)));
    }
    for call in subject.facts.calls.iter().filter(|call| call.is_operator()) {
        let compares = matches!(call.to.name.as_str(), "==" | "!=" | "<" | "<=" | ">" | ">=");
        if let (true, [left, right]) = (compares, call.to.args.as_slice()) {
            let wrong = check_comparison(subject, runbook, left, right)
                .or_else(|| check_comparison(subject, runbook, right, left));
            findings.extend(wrong.map(|wrong| CheckFinding::error("params", wrong)));
        }
    }
    for walked in &subject.facts.loops {
        if let Some(parameter) = parameter_of(runbook, walked.over)
            && matches!(parameter.kind, ParameterType::Integer | ParameterType::Boolean)
        {
            let wrong = subject.wrong(
                format!("`params.{}` is of type {}, not a list", parameter.name, parameter.kind),
                walked.over.start_position(),
            );
            findings.push(CheckFinding::error("params", wrong));
        }
    }
}

pub(super) fn warn(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    // A module is handed the parameters of whoever imports it.
    let is_runbook = subject.is_entry() && !subject.program.is_module();
    let (Some(runbook), true) = (&subject.program.runbook, is_runbook) else {
        return;
    };
    let passed: Vec<&VariableUse> = subject.facts.uses.iter().filter(|used| used.name == "params").collect();
    for used in passed.iter().filter(|used| is_params(subject, used, BindingKind::Parameter)) {
        if let Some((name, at)) = &used.field
            && runbook.parameter(name).is_none()
        {
            findings.push(CheckFinding::warning("params", undeclared_finding(subject, runbook, name, *at)));
        }
    }
    if passed.iter().any(|used| used.role == UseRole::Whole && !goes_to_params(subject, used)) {
        return; // whoever gets all of them may use any
    }
    // Those of included runbooks are theirs.
    for parameter in runbook.parameters.iter().filter(|parameter| runbook.declares(&parameter.name)) {
        let used = passed.iter().any(|used| used.field.as_ref().is_some_and(|(name, _)| *name == parameter.name));
        if !used {
            let wrong = subject
                .wrong(
                    format!("the parameter `{}` is never used", parameter.name),
                    declared_at(subject, &parameter.name),
                )
                .help("use it, or take it out of PARAMS");
            findings.push(CheckFinding::warning("params", wrong));
        }
    }
}

fn is_params(subject: &RuleSubject, used: &VariableUse, kind: BindingKind) -> bool {
    let BoundValue::To(binding) = used.binding else {
        return false;
    };
    used.name == "params" && subject.facts.bindings[binding].kind == kind
}

/// Handed to a function of this script that calls it `params` too: its uses are seen there.
fn goes_to_params(subject: &RuleSubject, used: &VariableUse) -> bool {
    subject.facts.calls.iter().any(|call| {
        let position =
            call.to.args.iter().position(|argument| matches!(argument, Expr::Variable(_, _, at) if *at == used.at));
        position.is_some_and(|position| {
            let function = subject.script.function(&call.to.name, call.to.args.len());
            !call.to.is_qualified() && function.is_some_and(|function| function.parameters[position] == "params")
        })
    })
}

/// What `params` has besides the declared ones: what every map has, and `origins`, where the items of lists were read.
fn is_there_anyway(name: &str) -> bool {
    matches!(name, "len" | "is_empty" | "origins" | "left_out")
}

fn undeclared_finding(subject: &RuleSubject, runbook: &RunbookHeader, name: &str, at: Position) -> ScriptDiagnostic {
    let wrong = subject.wrong(format!("there is no parameter `{name}`"), at);
    let known = runbook.parameters.iter().map(|parameter| parameter.name.as_str());
    let wrong = match nearest(name, known).as_slice() {
        [] => wrong,
        names => wrong.help(format!("did you mean {}?", or_list(names))),
    };
    wrong.help(format!("or declare it in PARAMS: {name}: #{{ type: \"string\", help: \"…\" }}"))
}

/// A comparison that can never hold.
fn check_comparison(
    subject: &RuleSubject,
    runbook: &RunbookHeader,
    left: &Expr,
    right: &Expr,
) -> Option<ScriptDiagnostic> {
    let parameter = parameter_of(runbook, left)?;
    let literal = match right {
        Expr::StringConstant(text, _) => Value::from(text.as_str()),
        Expr::IntegerConstant(number, _) => Value::from(*number),
        Expr::FloatConstant(number, _) => Value::from(**number),
        Expr::BoolConstant(truth, _) => Value::from(*truth),
        Expr::Array(..) => Value::Array(Vec::new()),
        Expr::Map(..) => Value::Object(serde_json::Map::new()),
        _ => return None,
    };
    let (words, help) = impossible(parameter, &literal)?;
    let wrong = subject.wrong(words, right.start_position());
    Some(help.into_iter().fold(wrong, ScriptDiagnostic::help))
}

/// Why a parameter never has that value, and what to do; `None` when it may.
pub(super) fn impossible(parameter: &DeclaredParameter, literal: &Value) -> Option<(String, Option<String>)> {
    let name = &parameter.name;
    let fits = match &parameter.kind {
        ParameterType::Choice(choices) if literal.is_string() => {
            let known = choices.iter().any(|choice| literal == choice.as_str());
            let help = format!("it has \"{}\"", choices.join("\", \""));
            let words = format!("{literal} is no choice of `{name}`");
            return (!known).then_some((words, Some(help)));
        }
        ParameterType::Integer => literal.is_number(),
        ParameterType::Boolean => literal.is_boolean(),
        ParameterType::List | ParameterType::Users | ParameterType::Rows => literal.is_array(),
        _ => literal.is_string(),
    };
    let kind = &parameter.kind;
    let shown = match literal {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
        other => other.to_string(),
    };
    let words = format!("`params.{name}` is of type {kind}: it never equals {shown}");
    (!fits).then_some((words, None))
}

/// A method that values of the parameter's type do not have.
fn method(subject: &RuleSubject, runbook: &RunbookHeader, used: &VariableUse) -> Option<ScriptDiagnostic> {
    let (field, _) = used.field.as_ref()?;
    let (call, at) = used.method?;
    let parameter = runbook.parameter(field)?;
    let (name, arguments) = (call.name.as_str(), call.args.len());
    let receiver = match parameter.kind {
        ParameterType::Integer => TypeId::of::<rhai::INT>(),
        ParameterType::Boolean => TypeId::of::<bool>(),
        ParameterType::List | ParameterType::Users | ParameterType::Rows => TypeId::of::<rhai::Array>(),
        ParameterType::Secret => TypeId::of::<SecretValue>(),
        _ => TypeId::of::<ImmutableString>(),
    };
    let natives = subject.natives;
    let is_own = subject.script.named(name).next().is_some();
    if is_own || NativeFunctions::is_built_in(name) || subject.callable_fields.contains(name) {
        return None;
    }
    // What no type has is told as an unknown function.
    let is_known = natives.counts("", name)?.contains(&(arguments + 1));
    (is_known && !natives.takes(name, arguments, receiver))
        .then(|| subject.wrong(format!("`params.{field}` is of type {}, which has no `{name}`", parameter.kind), at))
}

/// The parameter that `params.name` is.
fn parameter_of<'a>(runbook: &'a RunbookHeader, expression: &Expr) -> Option<&'a DeclaredParameter> {
    match expression {
        Expr::Dot(parts, ..) => match (&parts.lhs, &parts.rhs) {
            (Expr::Variable(variable, ..), Expr::Property(property, _)) if variable.1 == "params" => {
                runbook.parameter(&property.2)
            }
            _ => None,
        },
        Expr::Index(parts, ..) => match (&parts.lhs, &parts.rhs) {
            (Expr::Variable(variable, ..), Expr::StringConstant(name, _)) if variable.1 == "params" => {
                runbook.parameter(name)
            }
            _ => None,
        },
        _ => None,
    }
}

fn declared_at(subject: &RuleSubject, name: &str) -> Position {
    let maps = subject.script.statements.iter().filter_map(|statement| match statement {
        rhai::Stmt::Var(variable, ..) if variable.0.name == "PARAMS" => match &variable.1 {
            Expr::Map(map, _) => Some(&map.0),
            _ => None,
        },
        _ => None,
    });
    maps.flatten().find(|(key, _)| key.name == name).map_or(Position::NONE, |(key, _)| key.pos)
}
