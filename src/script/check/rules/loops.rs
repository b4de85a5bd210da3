//! `for x in list { x.field = … }` changes a copy.

use super::Subject;
use crate::script::check::facts::{Bound, Role, Use};
use crate::script::check::finding::Finding;

pub(super) fn check(subject: &Subject, findings: &mut Vec<Finding>) {
    for walked in &subject.facts.loops {
        let uses: Vec<&Use> = subject.facts.uses.iter().filter(|used| used.binding == Bound::To(walked.item)).collect();
        let kept = |used: &&Use| used.role == Role::Whole;
        let changes = |used: &&&Use| used.role == Role::Changed && used.field.is_some();
        if uses.iter().copied().any(|used| kept(&used)) {
            continue;
        }
        for change in uses.iter().filter(changes) {
            let read = uses.iter().any(|used| used.role == Role::Part && field(used) == field(change));
            if !read {
                findings.push(only_a_copy(subject, change));
            }
        }
    }
}

fn field<'a>(used: &'a Use) -> Option<&'a str> {
    used.field.as_ref().map(|(name, _)| name.as_str())
}

fn only_a_copy(subject: &Subject, change: &Use) -> Finding {
    let name = &change.name;
    let wrong = subject.wrong(format!("`{name}` is a copy of the item: the list stays as it is"), change.at).help(
        format!("make a new list: list.map(|{name}| {{ {name}.{} = …; {name} }})", field(change).unwrap_or("field")),
    );
    Finding::warning("copy", wrong)
}
