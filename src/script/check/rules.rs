//! The rules, one file a subject. Each reads facts and adds findings.

mod arguments;
mod calls;
mod closures;
mod each;
mod given;
mod loops;
mod order;
mod params;
mod subject;
mod switches;
mod texts;
mod variables;

use super::finding::CheckFinding;
use super::reach::ScriptReach;
pub(super) use subject::RuleSubject;

/// What is wrong for certain.
pub(super) fn errors(subject: &RuleSubject) -> Vec<CheckFinding> {
    let mut findings = Vec::new();
    variables::check(subject, &mut findings);
    each::check(subject, &mut findings);
    calls::check(subject, &mut findings);
    arguments::check(subject, &mut findings);
    closures::check(subject, &mut findings);
    if subject.is_entry() {
        given::check(subject, &mut findings);
        params::check(subject, &mut findings);
        switches::check(subject, &mut findings);
    }
    findings
}

/// What may be meant.
pub(super) fn warnings(subject: &RuleSubject, reach: &ScriptReach) -> Vec<CheckFinding> {
    let mut findings = Vec::new();
    loops::check(subject, &mut findings);
    calls::warn(subject, &mut findings);
    texts::warn(subject, &mut findings);
    params::warn(subject, &mut findings);
    order::warn(subject, reach, &mut findings);
    findings
}
