//! Writes before anything was checked, or outside of any step.

use super::subject::RuleSubject;
use crate::script::check::finding::CheckFinding;
use crate::script::check::reach::{ReachAct, ScriptReach};

pub(super) fn warn(subject: &RuleSubject, reach: &ScriptReach, findings: &mut Vec<CheckFinding>) {
    if !subject.is_entry() || subject.program.is_module() {
        return;
    }
    let mut checked = false;
    let mut in_step = false;
    let (mut told_check, mut told_step) = (false, false);
    for (act, at) in &reach.acts {
        match act {
            ReachAct::Check => checked = true,
            ReachAct::Step => in_step = true,
            ReachAct::Write(operation) => {
                if !checked && !std::mem::replace(&mut told_check, true) {
                    let wrong = subject
                        .wrong(format!("{operation} writes before anything was checked"), *at)
                        .help("look first: check(fact, words) stops the run while nothing is changed");
                    findings.push(CheckFinding::warning("order", wrong));
                }
                if !in_step && !std::mem::replace(&mut told_step, true) {
                    let wrong = subject
                        .wrong(format!("{operation} writes outside of any step"), *at)
                        .help("begin a step before it, so that the run tells what it is doing: step(\"…\");");
                    findings.push(CheckFinding::warning("order", wrong));
                }
            }
        }
    }
}
