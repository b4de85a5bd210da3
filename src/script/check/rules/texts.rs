//! Texts in double quotes that seem to be meant as texts in back-ticks.

use super::subject::RuleSubject;
use crate::script::check::finding::CheckFinding;
use crate::script::outline::{TokenKind, tokens};

/// What Okta's own expressions begin with, in the templates of user names.
const OKTA_SOURCE: &str = "source";

/// `"${user}"` where `user` is a variable: only in back-ticks is its value put in. What names none is Okta's own expression, such as
/// `"${source.login}"`.
pub(super) fn warn(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    let text = subject.text();
    let is_variable = |name: &str| subject.facts.bindings.iter().any(|binding| binding.name == name);
    let is_known = |name: &str| !name.is_empty() && name != OKTA_SOURCE && is_variable(name);
    for token in tokens(text) {
        let word = token.text(text);
        if token.kind != TokenKind::Text || !word.starts_with('"') {
            continue;
        }
        let names =
            word.split("${").skip(1).map(|rest| rest.split(|one: char| one != '_' && !one.is_alphanumeric()).next());
        if let Some(name) = names.flatten().find(|name| is_known(name)) {
            let wrong = subject
                .wrong(
                    format!("`${{{name}}}` stands as it is in a text in double quotes"),
                    subject.position(token.at.start),
                )
                .help("write the text in back-ticks to have the value put in: `…`");
            findings.push(CheckFinding::warning("texts", wrong));
        }
    }
}
