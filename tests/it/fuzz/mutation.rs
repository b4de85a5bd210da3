//! Texts and bytes as no person writes them.

/// What parsers stumble over.
const ODD: &[&str] = &[
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "\u{9b}",
    "\u{1b}[2J",
    "é",
    "𝒳",
    "\r",
    "\r\n",
    "\n\n",
    "\t",
    "\\",
    "\"",
    "'",
    "`",
    "${",
    "}",
    "{{",
    "]]",
    "((((((((",
    "[[[[[[[[",
    "#{#{#{#{",
    "/*",
    "*/",
    "//",
    "--",
    "...",
    "..",
    ".",
    "%00",
    "%",
    "@",
    ",,",
    ";;",
    "=",
    "==",
    "&a",
    "*a",
    "<<",
    "|",
    "- ",
    "null",
    "true",
    "NaN",
    "-0",
    "1e999",
    "9223372036854775808",
    "18446744073709551615",
    "-1",
    "0.1e-400",
    "1979-05-27T07:32:60Z",
    "env:HOME",
    "file:/",
    "import \"x\" as y;",
    "fn f() { f() }",
    "loop {}",
    "let x = || x;",
    "() => ()",
    "switch 1 { _ => 2 }",
    "const ORGS = 1;",
    "eval(\"1\")",
    "__proto__",
    "\u{d7ff}",
    "👩‍👩‍👧",
    "ß",
    "İ",
];

/// Chance; the same seed brings the same.
pub(super) struct Mutation {
    pub(super) random: fastrand::Rng,
}

impl Mutation {
    pub(super) fn new(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { random }
    }

    pub(super) fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.random.usize(..of.len())]
    }

    /// One of the texts after a few changes.
    pub(super) fn text(&mut self, of: &[&str]) -> String {
        let mut text = self.one_of(of).to_owned();
        for _ in 0..self.random.usize(1..=6) {
            let other = self.one_of(of);
            self.change(&mut text, other);
        }
        text
    }

    fn change(&mut self, text: &mut String, other: &str) {
        let at = self.place(text);
        match self.random.u8(..8) {
            0 => text.truncate(at),
            1 => text.replace_range(self.range(text), ""),
            2 => {
                let again = text[self.range(text)].to_owned();
                text.insert_str(at, &again);
            }
            3 => {
                let part = other[self.range(other)].to_owned();
                text.insert_str(at, &part);
            }
            4 => {
                let deep = self.one_of(&["(", "[", "{", "#{", "-", "!", "a.", "f(", "<", "- "]);
                text.insert_str(at, &deep.repeat(self.random.usize(1..2000)));
            }
            5 => text.replace_range(self.range(text), self.odd()),
            6 => {
                let range = self.range(text);
                let turned: String = text[range.clone()].chars().rev().collect();
                text.replace_range(range, &turned);
            }
            _ => text.insert_str(at, self.odd()),
        }
    }

    fn odd(&mut self) -> &'static str {
        ODD[self.random.usize(..ODD.len())]
    }

    /// Between two characters.
    fn place(&mut self, text: &str) -> usize {
        let mut at = self.random.usize(..=text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Mostly short.
    fn range(&mut self, text: &str) -> std::ops::Range<usize> {
        let begin = self.place(text);
        let longest = [1, 8, 80, text.len()][self.random.usize(..4)];
        let mut end = (begin + self.random.usize(..=longest)).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        begin..end
    }

    /// Bytes with a few of them changed, taken out or brought in.
    pub(super) fn bytes(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.random.usize(1..=4) {
            if bytes.is_empty() {
                return;
            }
            let at = self.random.usize(..bytes.len());
            match self.random.u8(..5) {
                0 => bytes[at] = self.random.u8(..),
                1 => bytes[at] ^= 1 << self.random.u8(..8),
                2 => drop(bytes.drain(at..(at + self.random.usize(..8)).min(bytes.len()))),
                3 => bytes.insert(at, self.random.u8(..)),
                _ => bytes.truncate(at),
            }
        }
    }
}
