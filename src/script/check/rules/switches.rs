//! Cases of a `switch` over a parameter that can never be.
//!
//! rhai keeps of a case no more than a hash, so cases are read from the words of the text.

use serde_json::Value;

use super::params::impossible;
use super::subject::RuleSubject;
use crate::script::check::finding::CheckFinding;
use crate::script::outline::{OutlineToken, TokenKind, tokens};

pub(super) fn check(subject: &RuleSubject, findings: &mut Vec<CheckFinding>) {
    let Some(runbook) = &subject.program.runbook else {
        return;
    };
    let text = subject.text();
    let tokens = tokens(text);
    for (index, window) in tokens.windows(5).enumerate() {
        let is_switch = ["switch", "params", "."].iter().zip(window).all(|(word, token)| token.is(text, word));
        let parameter = runbook.parameter(window[3].text(text));
        let (true, Some(parameter)) = (is_switch && window[4].is(text, "{"), parameter) else {
            continue;
        };
        for (case, literal) in cases(text, &tokens[index + 5..]) {
            if let Some((words, help)) = impossible(parameter, &literal) {
                let wrong = subject.wrong(words, subject.position(case.at.start));
                let wrong = help.into_iter().fold(wrong, crate::script::ScriptDiagnostic::help);
                findings.push(CheckFinding::error("params", wrong));
            }
        }
    }
}

/// The literals before each `=>`, from behind the `{` on.
fn cases<'a>(text: &str, tokens: &'a [OutlineToken]) -> Vec<(&'a OutlineToken, Value)> {
    let mut found = Vec::new();
    let mut waiting: Vec<(&OutlineToken, Value)> = Vec::new();
    let mut depth = 0_usize;
    let mut guarded = false;
    for (index, token) in tokens.iter().enumerate() {
        match token.text(text) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 0 => break,
            ")" | "]" | "}" => depth -= 1,
            "," if depth == 0 => waiting.clear(),
            "if" if depth == 0 => guarded = true,
            "=" if depth == 0 && tokens.get(index + 1).is_some_and(|next| next.is(text, ">")) => {
                found.append(&mut waiting);
                guarded = false;
            }
            word if depth == 0 && !guarded => {
                waiting.extend(literal(token, word).map(|it| (token, it)));
            }
            _ => {}
        }
    }
    found
}

/// A text without escapes, or a whole number.
fn literal(token: &OutlineToken, word: &str) -> Option<Value> {
    match token.kind {
        TokenKind::Text if word.starts_with('"') && !word.contains('\\') => Some(word.trim_matches('"').into()),
        TokenKind::Name => word.parse::<i64>().ok().map(Value::from),
        _ => None,
    }
}
