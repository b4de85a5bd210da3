//! Org handles and `params` are constants: nothing in them can be changed.

use super::Subject;
use crate::script::check::facts::{Bound, Kind, Role, Use};
use crate::script::check::finding::Finding;

pub(super) fn check(subject: &Subject, findings: &mut Vec<Finding>) {
    let changed = subject.facts.uses.iter().filter(|used| {
        let given = |id: usize| subject.facts.bindings[id].kind == Kind::Given;
        used.role == Role::Changed && matches!(used.binding, Bound::To(id) if given(id))
    });
    findings.extend(changed.map(|used| constant(subject, used)));
}

fn constant(subject: &Subject, used: &Use) -> Finding {
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
    Finding::error("constant", wrong.help(help))
}
