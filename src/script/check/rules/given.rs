//! Org handles and `params` are constants: nothing in them can be changed.

use super::subject::RuleSubject;
use crate::script::check::facts::{BindingKind, BoundValue, UseRole, VariableUse};
use crate::script::check::finding::CheckFinding;

pub(super) fn check(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    let changed = subject.facts.uses.iter().filter(|used| {
        let given = |id: usize| subject.facts.bindings[id].kind == BindingKind::Given;
        used.role == UseRole::Changed && matches!(used.binding, BoundValue::To(id) if given(id))
    });
    findings.extend(changed.map(|used| constant(subject, used)));
}

fn constant(subject: &RuleSubject, used: &VariableUse) -> CheckFinding {
    let name = &used.name;
    let wrong = match &used.method {
        Some((method, at)) => {
            subject.wrong(format!("`{}` would change what is in `{name}`, a constant", method.name), *at)
        }
        None => subject.wrong(format!("`{name}` is a constant and cannot be changed"), used.at),
    };
    let help = match &used.field {
        Some((field, _)) if name == "params" => {
            format!("copy it into a variable first: let {field} = {name}.{field};")
        }
        _ => "take another name for what changes".to_owned(),
    };
    CheckFinding::error("constant", wrong.help(help))
}
