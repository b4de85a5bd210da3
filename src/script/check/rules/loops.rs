//! `for x in list { x.field = … }` changes a copy.

use super::subject::RuleSubject;
use crate::script::check::facts::{BoundValue, UseRole, VariableUse};
use crate::script::check::finding::CheckFinding;

pub(super) fn check(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    for walked in &subject.facts.loops {
        let uses: Vec<&VariableUse> =
            subject.facts.uses.iter().filter(|used| used.binding == BoundValue::To(walked.item)).collect();
        let kept = |used: &&VariableUse| used.role == UseRole::Whole;
        let changes = |used: &&&VariableUse| used.role == UseRole::Changed && used.field.is_some();
        if uses.iter().copied().any(|used| kept(&used)) {
            continue;
        }
        for change in uses.iter().filter(changes) {
            let read = uses.iter().any(|used| used.role == UseRole::Part && field(used) == field(change));
            if !read {
                findings.push(only_a_copy(subject, change));
            }
        }
    }
}

fn field<'a>(used: &'a VariableUse) -> Option<&'a str> {
    used.field.as_ref().map(|(name, _)| name.as_str())
}

fn only_a_copy(subject: &RuleSubject, change: &VariableUse) -> CheckFinding {
    let name = &change.name;
    let wrong = subject.wrong(format!("`{name}` is a copy of the item: the list stays as it is"), change.at).help(
        format!("make a new list: list.map(|{name}| {{ {name}.{} = …; {name} }})", field(change).unwrap_or("field")),
    );
    CheckFinding::warning("copy", wrong)
}
