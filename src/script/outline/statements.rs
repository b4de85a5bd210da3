//! The statements of a text, told by its brackets: it need not parse.

use std::ops::Range;

use super::tokens::{OutlineToken, tokens};

/// The statements at the top of a text, by its brackets alone. What cannot be inside of an open bracket shows that it was not closed: a
/// `;` between parentheses, a function inside of a block.
pub(in crate::script) fn statements(text: &str) -> Vec<Range<usize>> {
    let tokens = tokens(text);
    let mut reading = StatementReading::default();
    for (index, token) in tokens.iter().enumerate() {
        let word = token.text(text);
        let ends = match word {
            ";" => true,
            "}" => begins_anew(text, tokens.get(index + 1)),
            _ => false,
        };
        reading.read(token, word);
        if ends && reading.open.is_empty() {
            reading.end(token.at.end);
        }
    }
    if let Some(last) = tokens.last() {
        reading.end(last.at.end);
    }
    reading.found
}

#[derive(Default)]
struct StatementReading<'a> {
    found: Vec<Range<usize>>,
    /// Where the statement began that is read.
    start: Option<usize>,
    open: Vec<&'a str>,
}

impl<'a> StatementReading<'a> {
    fn read(&mut self, token: &OutlineToken, word: &'a str) {
        if word == "fn" && !self.open.is_empty() {
            self.open.clear();
            self.end(token.at.start);
        }
        self.start.get_or_insert(token.at.start);
        let is_round = |open: &mut &str| *open != "{";
        match word {
            "(" | "[" | "{" => self.open.push(word),
            ")" | "]" => drop(self.open.pop_if(is_round)),
            ";" | "}" => while self.open.pop_if(is_round).is_some() {},
            _ => {}
        }
        if word == "}" {
            self.open.pop();
        }
    }

    fn end(&mut self, at: usize) {
        if let Some(start) = self.start.take() {
            self.found.push(start..at);
        }
    }
}

/// Whether what follows a block is another statement.
fn begins_anew(text: &str, next: Option<&OutlineToken>) -> bool {
    next.is_none_or(|next| {
        let word = next.text(text);
        word == "}"
            || word.starts_with(|c: char| c == '_' || c.is_alphabetic())
                && !matches!(word, "else" | "catch" | "while" | "until")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart_by_brackets() {
        let parts = |text: &'static str| -> Vec<&str> { statements(text).into_iter().map(|it| &text[it]).collect() };
        assert_eq!(
            parts("let a = #{ x: 1 }; if a { b; } else { c } fn f() { 1 } a.b(|x| { x; })"),
            ["let a = #{ x: 1 };", "if a { b; } else { c }", "fn f() { 1 }", "a.b(|x| { x; })"]
        );
        assert_eq!(
            parts("let a = f(1; let b = 2; if b { c; fn g() { 1 } d;"),
            ["let a = f(1;", "let b = 2;", "if b { c; ", "fn g() { 1 }", "d;"]
        );
    }
}
