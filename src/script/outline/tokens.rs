//! The words of a text, comments left out.

use std::ops::Range;

use crate::script::cursor_context::is_name;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::script) struct OutlineToken {
    pub(in crate::script) kind: TokenKind,
    pub(in crate::script) at: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::script) enum TokenKind {
    Name,
    /// A string, its quotes included; what is computed in it is not looked at.
    Text,
    Mark,
}

impl OutlineToken {
    pub(in crate::script) fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.at.clone()]
    }

    /// Whether it is this name or mark.
    pub(in crate::script) fn is(&self, text: &str, word: &str) -> bool {
        self.kind != TokenKind::Text && self.text(text) == word
    }
}

pub(in crate::script) fn tokens(text: &str) -> Vec<OutlineToken> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length) = match c {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '/' if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (None, rest.find("*/").map_or(rest.len(), |end| end + 2)),
            '"' | '`' | '\'' => (Some(TokenKind::Text), quoted_length(rest, c)),
            c if is_name(c) => {
                let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                (Some(TokenKind::Name), end)
            }
            c => (Some(TokenKind::Mark), c.len_utf8()),
        };
        if let Some(kind) = kind {
            let at = at..at + length;
            found.push(OutlineToken { kind, at });
        }
        at += length;
    }
    found
}

/// Length of the string that `text` begins with. One in double quotes that is still typed ends with its line.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if quote != '`' => return index,
            c if c == quote => return index + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}
