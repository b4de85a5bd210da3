//! Writes before anything was checked, or outside of any step.

use super::Subject;
use crate::script::check::finding::Finding;
use crate::script::check::reach::{Act, Reach};

pub(super) fn warn(subject: &Subject, reach: &Reach, findings: &mut Vec<Finding>) {
    if !subject.is_entry() || subject.program.is_module() {
        return;
    }
    let mut checked = false;
    let mut in_step = false;
    let (mut told_check, mut told_step) = (false, false);
    for (act, at) in &reach.acts {
        match act {
            Act::Check => checked = true,
            Act::Step => in_step = true,
            Act::Write(operation) => {
                if !checked && !std::mem::replace(&mut told_check, true) {
                    let wrong = subject
                        .wrong(format!("{operation} writes before anything was checked"), *at)
                        .help("look first: check(fact, words) stops the run while nothing is changed");
                    findings.push(Finding::warning("order", wrong));
                }
                if !in_step && !std::mem::replace(&mut told_step, true) {
                    let wrong = subject
                        .wrong(format!("{operation} writes outside of any step"), *at)
                        .help("begin a step before it, so that the run tells what it is doing: step(\"…\");");
                    findings.push(Finding::warning("order", wrong));
                }
            }
        }
    }
}
