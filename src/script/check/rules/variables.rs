//! Names that mean no variable, or another thing than they seem to.

use rhai::Stmt;

use super::subject::RuleSubject;
use crate::script::check::facts::{BoundValue, VariableUse};
use crate::script::check::finding::CheckFinding;

pub(super) fn check(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    for used in &subject.facts.uses {
        match used.binding {
            BoundValue::Unknown if subject.script.may_have(&used.name) => {}
            BoundValue::Unknown => findings.push(unknown(subject, used)),
            BoundValue::HiddenByFunction => findings.push(hidden_finding(subject, used)),
            BoundValue::To(_) | BoundValue::Function => {}
        }
    }
    for (module, name, at) in &subject.facts.qualified {
        if module == "global" {
            if declared_constant(subject, name).is_none() && !subject.script.may_have(name) {
                let wrong = subject.wrong(format!("the script has no constant `{name}`"), *at);
                findings.push(CheckFinding::error("variable", wrong));
            }
        } else if !subject.script.has_module(module) && !subject.natives.has_module(module) {
            let wrong = subject
                .wrong(format!("there is no module `{module}`"), *at)
                .help(format!("import it first: import \"lib/{module}\" as {module};"));
            findings.push(CheckFinding::error("module", wrong));
        }
    }
}

fn unknown(subject: &RuleSubject, used: &VariableUse) -> CheckFinding {
    let name = &used.name;
    let wrong = subject.wrong(format!("there is no variable `{name}`"), used.at);
    let helps = match declared_constant(subject, name) {
        Some(true) => {
            vec![format!("a function does not see the variables of the script; of this constant write global::{name}")]
        }
        Some(false) => vec![format!("a function does not see the variables of the script: pass `{name}` to it")],
        None if name == "params" || subject.program.names.variables.iter().any(|given| given == name) => {
            vec![format!("a function does not see the variables of the script: pass `{name}` to it")]
        }
        None => subject.program.names.variable_help(name, subject.text()),
    };
    let wrong = helps.into_iter().fold(wrong, crate::script::ScriptDiagnostic::help);
    CheckFinding::error("variable", wrong)
}

/// Whether the script declares the name at its top, and as a constant.
fn declared_constant(subject: &RuleSubject, name: &str) -> Option<bool> {
    subject.script.statements.iter().find_map(|statement| match statement {
        Stmt::Var(variable, flags, _) if variable.0.name == name => Some(flags.contains(rhai::ASTFlags::CONSTANT)),
        _ => None,
    })
}

/// rhai's parser captures no variable that has the name of a function of the script.
fn hidden_finding(subject: &RuleSubject, used: &VariableUse) -> CheckFinding {
    let name = &used.name;
    let wrong = subject
        .wrong(format!("`{name}` in this closure is the function `{name}`, not the variable"), used.at)
        .help("give the variable or the function another name");
    CheckFinding::error("hidden", wrong)
}
