//! Items of `each` run in lanes of their own, on copies: what a closure writes to a captured variable is lost.

use super::subject::RuleSubject;
use crate::script::check::facts::{BoundValue, ScriptFacts, UseRole, VariableUse};
use crate::script::check::finding::CheckFinding;

pub(super) fn check(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    let lanes = lanes(subject.facts);
    for used in &subject.facts.uses {
        if used.role == UseRole::Changed && is_lost(subject.facts, &lanes, used) {
            let wrong = subject
                .wrong(
                    format!("`{}` is changed in a closure of `each`, where it is a copy: the change would be lost", used.name),
                    used.at,
                )
                .help("return the value from the closure: each gives rows #{ key, item, ok, value, … } to work on afterwards");
            findings.push(CheckFinding::error("captured", wrong));
        }
    }
}

/// Whether the variable was declared outside of a lane around its use.
fn is_lost(facts: &ScriptFacts, lanes: &[usize], used: &VariableUse) -> bool {
    let BoundValue::To(binding) = used.binding else {
        return false;
    };
    let declared_in = &facts.bindings[binding].closures;
    used.closures.iter().any(|closure| lanes.contains(closure) && !declared_in.contains(closure))
}

/// The closures that `each` gets, directly or by a variable.
fn lanes(facts: &ScriptFacts) -> Vec<usize> {
    let handed: Vec<usize> = facts
        .calls
        .iter()
        .filter(|call| call.to.name == "each")
        .filter_map(|call| call.to.args.last())
        .filter_map(|argument| match argument {
            rhai::Expr::Variable(_, _, at) => facts.uses.iter().find(|used| used.at == *at),
            _ => None,
        })
        .filter_map(|used| match used.binding {
            BoundValue::To(binding) => Some(binding),
            _ => None,
        })
        .collect();
    let is_lane = |closure: &super::super::facts::ClosureFact| {
        closure.taken_by.as_deref() == Some("each") || closure.held_by.is_some_and(|binding| handed.contains(&binding))
    };
    let closures = facts.closures.iter().enumerate();
    closures.filter(|(_, closure)| is_lane(closure)).map(|(index, _)| index).collect()
}
