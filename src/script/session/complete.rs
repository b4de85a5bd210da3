//! Whether an entry ends where its text ends.

use rhai::{Engine, ParseErrorType};

use crate::script::engine::header_engine;

/// Tells whether a text waits for more.
pub struct EntryCompleteness {
    engine: Engine,
}

impl Default for EntryCompleteness {
    fn default() -> Self {
        Self { engine: header_engine() }
    }
}

impl EntryCompleteness {
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

/// Whether a string between back-ticks, a raw string, a block comment, or a line that ends in `\` within quotes is open: the parser
/// reports these as bad input, which no more lines could mend.
fn is_open(text: &str) -> bool {
    let mut scan = EntryScan { places: vec![ScanPlace::Code(0)] };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match scan.places.last() {
            Some(ScanPlace::BackTick) => scan.between_back_ticks(rest, c),
            Some(ScanPlace::Quoted(quote)) if rest == "\\" && *quote == '"' => return true,
            Some(ScanPlace::Quoted(quote)) => scan.quoted(rest, c, *quote),
            Some(ScanPlace::Raw(marks)) => scan.raw(rest, c, *marks),
            Some(ScanPlace::Comment(depth)) => scan.comment(rest, c, *depth),
            Some(ScanPlace::Code(braces)) => scan.code(rest, c, *braces),
            None => return false,
        };
        rest = &rest[taken..];
    }
    let open = |place: &ScanPlace| !matches!(place, ScanPlace::Code(_) | ScanPlace::Quoted(_));
    scan.places.iter().any(open)
}

/// Where a scan of the text is, outermost first.
struct EntryScan {
    places: Vec<ScanPlace>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ScanPlace {
    /// Code, with so many open braces of its own.
    Code(usize),
    /// Between back-ticks; code inside of `${…}` is one deeper.
    BackTick,
    Quoted(char),
    /// A raw string with so many `#`.
    Raw(usize),
    /// A block comment of that depth.
    Comment(usize),
}

/// Each answers how many bytes it has taken.
impl EntryScan {
    fn code(&mut self, rest: &str, c: char, braces: usize) -> usize {
        match c {
            '`' => self.places.push(ScanPlace::BackTick),
            '"' | '\'' => self.places.push(ScanPlace::Quoted(c)),
            '/' if rest.starts_with("//") => return rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => {
                self.places.push(ScanPlace::Comment(1));
                return 2;
            }
            '#' => return self.marks(rest),
            '{' => self.replace(ScanPlace::Code(braces + 1)),
            '}' if braces > 0 => self.replace(ScanPlace::Code(braces - 1)),
            '}' if self.places.len() > 1 => drop(self.places.pop()),
            _ => {}
        }
        c.len_utf8()
    }

    /// A raw string begins with `#"`, or with more marks.
    fn marks(&mut self, rest: &str) -> usize {
        let marks = rest.len() - rest.trim_start_matches('#').len();
        if !rest[marks..].starts_with('"') {
            return marks;
        }
        self.places.push(ScanPlace::Raw(marks));
        marks + 1
    }

    fn between_back_ticks(&mut self, rest: &str, c: char) -> usize {
        if rest.starts_with("${") {
            self.places.push(ScanPlace::Code(0));
            return 2;
        }
        if rest.starts_with("``") {
            return 2;
        }
        if c == '`' {
            self.places.pop();
        }
        c.len_utf8()
    }

    fn quoted(&mut self, rest: &str, c: char, quote: char) -> usize {
        if c == '\\' {
            return 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        }
        if c == quote || c == '\n' {
            self.places.pop();
        }
        c.len_utf8()
    }

    fn raw(&mut self, rest: &str, c: char, marks: usize) -> usize {
        let end = format!("\"{}", "#".repeat(marks));
        if rest.starts_with(&end) {
            self.places.pop();
            return end.len();
        }
        c.len_utf8()
    }

    fn comment(&mut self, rest: &str, c: char, depth: usize) -> usize {
        if rest.starts_with("/*") {
            self.replace(ScanPlace::Comment(depth + 1));
            return 2;
        }
        if !rest.starts_with("*/") {
            return c.len_utf8();
        }
        if depth > 1 {
            self.replace(ScanPlace::Comment(depth - 1));
        } else {
            self.places.pop();
        }
        2
    }

    fn replace(&mut self, place: ScanPlace) {
        if let Some(last) = self.places.last_mut() {
            *last = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_more_is_told_from_what_is_wrong() {
        let completeness = EntryCompleteness::default();
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
