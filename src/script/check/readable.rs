//! What of a text can be read although something in it cannot.
//!
//! rhai's parser stops at the first mistake. The statement around it is blanked, places and all, and the rest is read: so an author is
//! told what else there is to mend. Only the first mistake of syntax is told, since those behind it may come from it alone.

use std::ops::Range;

use rhai::{AST, Engine, ParseError, Position};

use crate::script::error::byte_at;
use crate::script::outline::{ScriptOutline, statements};

/// Statements that are left out before the rest is given up: each costs a parse.
const MOST_LEFT_OUT: usize = 20;

/// A text and what of it was read.
pub(in crate::script) struct ReadableText {
    /// Of all statements that can be read.
    pub(in crate::script) ast: AST,
    /// The first mistake of syntax.
    pub(in crate::script) error: Option<ParseError>,
    /// Whether more than one statement was left out.
    pub(in crate::script) is_torn: bool,
    /// Names that the statements left out seem to declare.
    pub(in crate::script) left_out: Vec<String>,
}

impl ReadableText {
    pub(in crate::script) fn of(engine: &Engine, text: &str) -> Self {
        let mut rest = text.to_owned();
        let mut readable = Self { ast: AST::empty(), error: None, is_torn: false, left_out: Vec::new() };
        for _ in 0..MOST_LEFT_OUT {
            match engine.compile(&rest) {
                Ok(ast) => {
                    readable.ast = ast;
                    return readable;
                }
                Err(error) => readable.leave_out(&mut rest, error),
            }
        }
        readable.left_out.extend(declared_names(text));
        readable
    }

    /// Blanks the statement in which the parser stopped.
    fn leave_out(&mut self, rest: &mut String, error: ParseError) {
        let at = byte_of(rest, error.1);
        let range = statement_around(rest, at);
        self.left_out.extend(declared_names(&rest[range.clone()]));
        let blank: String = rest[range.clone()].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        rest.replace_range(range, &blank);
        self.is_torn = self.error.is_some();
        self.error.get_or_insert(error);
    }
}

fn byte_of(text: &str, at: Position) -> usize {
    let place = at.line().zip(at.position());
    place.and_then(|(line, column)| byte_at(text, line, column)).unwrap_or(text.len())
}

/// The statement at `at`; what stands between two of them, such as a comment, when it is there; else the nearest before.
fn statement_around(text: &str, at: usize) -> Range<usize> {
    let mut before = 0..0;
    for statement in statements(text) {
        if at < statement.start {
            let between = before.end..statement.start;
            return if text[between.clone()].trim().is_empty() { before } else { between };
        }
        if at < statement.end {
            return statement;
        }
        before = statement;
    }
    if before.is_empty() || !text[before.end..].trim().is_empty() {
        return before.end..text.len();
    }
    before
}

fn declared_names(text: &str) -> impl Iterator<Item = String> {
    let outline = ScriptOutline::of(text);
    let names = outline.functions.into_iter().chain(outline.variables);
    let aliases = outline.imports.into_iter().map(|import| import.alias);
    names.map(|declared| declared.name).chain(aliases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::engine::header_engine;

    #[test]
    fn the_statement_around_a_mistake_is_left_out() {
        let text = "//! Doc.\nlet a = 1;\nlet b = 2 +;\nfn f(x) { if x { 1 } else { 2 } }\n/// odd\nlet c = ) 3;\nlet d = \"ü\nlet e = 4;";
        let readable = ReadableText::of(&header_engine(), text);
        let kept: Vec<usize> =
            readable.ast.statements().iter().filter_map(|statement| statement.position().line()).collect();
        assert_eq!(kept, [2]);
        assert_eq!(readable.ast.iter_functions().count(), 1);
        assert_eq!(readable.error.and_then(|error| error.1.line()), Some(3), "the first is told");
        assert!(readable.is_torn);
        for name in ["b", "c", "d"] {
            assert!(readable.left_out.iter().any(|left| left == name), "{name}");
        }
        assert!(!readable.left_out.iter().any(|left| left == "a"));
    }

    #[test]
    fn a_text_that_is_whole_is_read_whole() {
        let readable = ReadableText::of(&header_engine(), "let a = 1; fn f() { 2 }");
        assert!(readable.error.is_none() && readable.left_out.is_empty());
    }
}
