//! Colours of an entry, and the bracket that goes with the one at the cursor.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::script::bindings::{VERBS, operation_of};
use crate::script::cursor_context::{is_name, partner};

const KEYWORDS: &[&str] = &[
    "let", "const", "fn", "if", "else", "for", "in", "while", "loop", "do", "until", "switch", "try", "catch", "throw",
    "return", "import", "as", "break", "continue", "private", "export", "this", "true", "false",
];

const KEYWORD: Style = AnsiColor::Magenta.on_default();
const TEXT: Style = AnsiColor::Green.on_default();
const NUMBER: Style = AnsiColor::Cyan.on_default();
const COMMENT: Style = Style::new().dimmed();
const CALL: Style = AnsiColor::Blue.on_default();
const PARTNER: Style = Style::new().bold().underline();

/// `text` in colours; `cursor` is a byte of it.
pub(super) fn colour_text(text: &str, cursor: usize) -> String {
    let at = bracket_at(text, cursor);
    let pair = at.and_then(|at| partner(text, at)).map(|to| (at.unwrap_or(to), to));
    let mut out = String::with_capacity(text.len() * 2);
    let mut index = 0;
    while index < text.len() {
        let (length, style) = token(&text[index..]);
        let style = match pair {
            Some((from, to)) if index == from || index == to => Some(PARTNER),
            _ => style,
        };
        let part = &text[index..index + length];
        // Writing to a String cannot fail.
        let _ = match style {
            Some(style) => write!(out, "{style}{part}{style:#}"),
            None => write!(out, "{part}"),
        };
        index += length;
    }
    out
}

/// The bracket at the cursor, else the one before it.
fn bracket_at(text: &str, cursor: usize) -> Option<usize> {
    let is_bracket = |at: usize| text.as_bytes().get(at).is_some_and(|byte| b"()[]{}".contains(byte));
    if is_bracket(cursor) {
        return Some(cursor);
    }
    cursor.checked_sub(1).filter(|at| is_bracket(*at))
}

/// Length and style of the token that begins `text`.
fn token(text: &str) -> (usize, Option<Style>) {
    let Some(first) = text.chars().next() else {
        return (0, None);
    };
    if text.starts_with("//") {
        return (text.find('\n').unwrap_or(text.len()), Some(COMMENT));
    }
    if matches!(first, '"' | '`') {
        return (quoted_length(text, first), Some(TEXT));
    }
    if is_name(first) {
        let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
        return (end, style_of(&text[..end], text[end..].starts_with('(')));
    }
    (first.len_utf8(), None)
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

fn style_of(name: &str, is_called: bool) -> Option<Style> {
    if KEYWORDS.contains(&name) {
        return Some(KEYWORD);
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(NUMBER);
    }
    let known = is_called && (VERBS.iter().any(|verb| verb.name == name) || operation_of(name).is_some());
    known.then_some(CALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_no_letter() {
        for text in ["let a = okta.list_groups(#{ q: \"x\" }); // é", "`a ${b}`", "\"open", "f(é)", ""] {
            let coloured = colour_text(text, text.len());
            assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), text);
        }
        assert!(colour_text("let", 0).starts_with('\u{1b}'));
    }
}
