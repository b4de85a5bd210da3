//! Whether an entry ends where its text ends.

use rhai::{Engine, ParseErrorType};

use crate::script::engine::header_engine;

/// Tells whether a text waits for more.
pub struct Completeness {
    engine: Engine,
}

impl Default for Completeness {
    fn default() -> Self {
        Self {
            engine: header_engine(),
        }
    }
}

impl Completeness {
    /// Whether more lines can make `text` whole: an open bracket, string or comment, or an expression that is not finished.
    pub fn waits(&self, text: &str) -> bool {
        if is_open(text) {
            return true;
        }
        let Err(error) = self.engine.compile(text) else {
            return false;
        };
        match &*error.0 {
            ParseErrorType::UnexpectedEOF => true,
            ParseErrorType::BadInput(_) => false,
            ParseErrorType::WrongDocComment => {
                let last = text.trim_end().lines().last().unwrap_or_default();
                last.trim_start().starts_with("///")
            }
            _ => is_behind(text, error.1),
        }
    }
}

/// Whether the parser stopped behind the last of the text.
fn is_behind(text: &str, at: rhai::Position) -> bool {
    let Some(line) = at.line() else {
        return true; // rhai has no place behind the last line
    };
    let end = text.trim_end();
    let lines = end.matches('\n').count() + 1;
    let column = end.rsplit('\n').next().unwrap_or(end).chars().count();
    line > lines || (line == lines && at.position().unwrap_or(0) > column)
}

/// Where a scan of the text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Code,
    /// Between back-ticks; code inside of `${…}` is one deeper.
    BackTick,
    Quoted(char),
    Raw(usize),
    Comment(usize),
}

/// Whether a string between back-ticks, a raw string, a block comment, or a line that ends in `\` within quotes is open: the parser
/// reports these as bad input, which no more lines could mend.
fn is_open(text: &str) -> bool {
    let mut stack = vec![(Place::Code, 0_usize)];
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (place, braces) = *stack.last().unwrap_or(&(Place::Code, 0));
        let mut taken = c.len_utf8();
        match place {
            Place::Code => match c {
                '`' => stack.push((Place::BackTick, 0)),
                '"' | '\'' => stack.push((Place::Quoted(c), 0)),
                '/' if rest.starts_with("//") => taken = rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => {
                    stack.push((Place::Comment(1), 0));
                    taken = 2;
                }
                '#' => {
                    let marks = rest.len() - rest.trim_start_matches('#').len();
                    if rest[marks..].starts_with('"') {
                        stack.push((Place::Raw(marks), 0));
                        taken = marks + 1;
                    } else {
                        taken = marks;
                    }
                }
                '{' => set_braces(&mut stack, braces + 1),
                '}' if braces > 0 => set_braces(&mut stack, braces - 1),
                '}' if stack.len() > 1 => {
                    stack.pop();
                }
                _ => {}
            },
            Place::BackTick if rest.starts_with("${") => {
                stack.push((Place::Code, 0));
                taken = 2;
            }
            Place::BackTick if rest.starts_with("``") => taken = 2,
            Place::BackTick if c == '`' => drop(stack.pop()),
            Place::BackTick => {}
            Place::Quoted(_) if c == '\\' => {
                taken += rest[taken..].chars().next().map_or(0, char::len_utf8);
                if rest[taken..].is_empty() && rest.ends_with('\\') {
                    return true;
                }
            }
            Place::Quoted(quote) if c == quote || c == '\n' => drop(stack.pop()),
            Place::Quoted(_) => {}
            Place::Raw(marks) => {
                let end = format!("\"{}", "#".repeat(marks));
                if rest.starts_with(&end) {
                    stack.pop();
                    taken = end.len();
                }
            }
            Place::Comment(depth) => {
                if rest.starts_with("*/") {
                    stack.pop();
                    if depth > 1 {
                        stack.push((Place::Comment(depth - 1), 0));
                    }
                    taken = 2;
                } else if rest.starts_with("/*") {
                    stack.pop();
                    stack.push((Place::Comment(depth + 1), 0));
                    taken = 2;
                }
            }
        }
        rest = &rest[taken..];
    }
    let open = |(place, _): &(Place, usize)| {
        matches!(place, Place::BackTick | Place::Raw(_) | Place::Comment(_))
    };
    stack.iter().any(open)
}

fn set_braces(stack: &mut [(Place, usize)], count: usize) {
    if let Some(last) = stack.last_mut() {
        last.1 = count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_more_is_told_from_what_is_wrong() {
        let completeness = Completeness::default();
        for text in [
            "fn f(a) {",
            "let a = [1,",
            "let m = #{ a: 1,",
            "if x {\n  1",
            "f(",
            "let a =",
            "1 +",
            "okta.",
            "`a",
            "`a ${b",
            "`a ${b} c",
            "#\"raw",
            "/* a",
            "let s = \"a\\",
            "/// doc",
            "okta\n  .list_groups(",
            "switch x {",
            "|x|",
            "x ||",
        ] {
            assert!(completeness.waits(text), "{text}");
        }
        for text in [
            "1",
            "let a = 1;",
            "let a = 1",
            "fn f(a) { a }",
            "let = 3",
            "let s = \"open;",
            "1 2",
            ")",
            "`a ${b} c`",
            "// a",
            "",
            "  ",
            "let a = `x`;",
            "m.default",
            "\"it's\"",
            "'c'",
            "#{ a: \"}\" }",
            "/* a */ 1",
            "#\"raw\"#",
            "foo(1))",
        ] {
            assert!(!completeness.waits(text), "{text}");
        }
    }
}
