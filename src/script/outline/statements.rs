//! The statements of a text, told by its brackets: it need not parse.

use std::ops::Range;

use super::tokens::{Token, tokens};

/// The statements at the top of a text, by its brackets alone. What cannot be inside of an open bracket shows that it was not closed: a
/// `;` between parentheses, a function inside of a block.
pub(in crate::script) fn statements(text: &str) -> Vec<Range<usize>> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut start = None;
    for (index, token) in tokens.iter().enumerate() {
        let word = token.text(text);
        if word == "fn" && !open.is_empty() {
            let before = start.take().unwrap_or(token.at.start);
            found.push(before..token.at.start);
            open.clear();
        }
        let begun = *start.get_or_insert(token.at.start);
        match word {
            "(" | "[" | "{" => open.push(word),
            ")" | "]" => drop(open.pop_if(|it| *it != "{")),
            "}" | ";" => {
                while open.pop_if(|it| *it != "{").is_some() {}
                if word == "}" {
                    open.pop();
                }
            }
            _ => {}
        }
        let ends = match word {
            ";" => true,
            "}" => begins_anew(text, tokens.get(index + 1)),
            _ => false,
        };
        if ends && open.is_empty() {
            found.push(begun..token.at.end);
            start = None;
        }
    }
    if let (Some(start), Some(last)) = (start, tokens.last()) {
        found.push(start..last.at.end);
    }
    found
}

/// Whether what follows a block is another statement.
fn begins_anew(text: &str, next: Option<&Token>) -> bool {
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
        let parts = |text: &'static str| -> Vec<&str> {
            statements(text).into_iter().map(|it| &text[it]).collect()
        };
        assert_eq!(
            parts("let a = #{ x: 1 }; if a { b; } else { c } fn f() { 1 } a.b(|x| { x; })"),
            [
                "let a = #{ x: 1 };",
                "if a { b; } else { c }",
                "fn f() { 1 }",
                "a.b(|x| { x; })"
            ]
        );
        assert_eq!(
            parts("let a = f(1; let b = 2; if b { c; fn g() { 1 } d;"),
            [
                "let a = f(1;",
                "let b = 2;",
                "if b { c; ",
                "fn g() { 1 }",
                "d;"
            ]
        );
    }
}
