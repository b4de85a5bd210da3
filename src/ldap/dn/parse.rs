//! Reads the text form of names, RFC 4514 section 3, with spaces around separators as people write them.

use super::{Dn, DnError, Rdn, RdnAttribute, RdnValue};

pub(super) fn dn(text: &str) -> Result<Dn, DnError> {
    let mut reader = DnReader { text, chars: text.chars().collect(), at: 0 };
    reader.skip_spaces();
    if reader.peek().is_none() {
        return Ok(Dn { rdns: Vec::new() });
    }
    let mut rdns = vec![reader.rdn()?];
    while reader.take(',') {
        rdns.push(reader.rdn()?);
    }
    match reader.peek() {
        None => Ok(Dn { rdns }),
        Some(odd) => Err(reader.wrong(reader.at, format!("`{odd}` must be escaped by `\\`"))),
    }
}

struct DnReader<'a> {
    text: &'a str,
    chars: Vec<char>,
    at: usize,
}

impl DnReader<'_> {
    fn rdn(&mut self) -> Result<Rdn, DnError> {
        let mut attributes = vec![self.attribute()?];
        while self.take('+') {
            attributes.push(self.attribute()?);
        }
        Ok(Rdn::new(attributes))
    }

    fn attribute(&mut self) -> Result<RdnAttribute, DnError> {
        let name = self.name()?;
        self.skip_spaces();
        let value = if self.peek() == Some('#') { self.ber()? } else { RdnValue::Text(self.value()?) };
        Ok(RdnAttribute { name, value })
    }

    /// A keyword (`CN`) or a number (`2.5.4.3`), and its `=`.
    fn name(&mut self) -> Result<String, DnError> {
        self.skip_spaces();
        let start = self.at;
        while self.peek().is_some_and(|c| !matches!(c, '=' | ',' | '+' | ' ')) {
            self.at += 1;
        }
        let name: String = self.chars[start..self.at].iter().collect();
        self.check_name(&name, start)?;
        self.skip_spaces();
        match self.peek() {
            Some('=') => self.at += 1,
            None | Some(',' | '+') => {
                return Err(self.wrong(self.at, format!("`=` is missing after `{name}`")));
            }
            Some(odd) => {
                return Err(self.wrong(self.at, format!("`{odd}` cannot stand in an attribute's name")));
            }
        }
        Ok(name)
    }

    fn check_name(&self, name: &str, start: usize) -> Result<(), DnError> {
        if name.is_empty() {
            return Err(self.wrong(start, "an attribute's name is missing".to_owned()));
        }
        let number = name.starts_with(|c: char| c.is_ascii_digit());
        let fits = |c: char| {
            if number { c.is_ascii_digit() || c == '.' } else { c.is_ascii_alphanumeric() || matches!(c, '-' | '.') }
        };
        match name.chars().enumerate().find(|(at, c)| !fits(*c) || *at == 0 && !c.is_ascii_alphanumeric()) {
            Some((at, odd)) => Err(self.wrong(start + at, format!("`{odd}` cannot stand in an attribute's name"))),
            None => Ok(()),
        }
    }

    /// Text up to the next separator. Spaces at its ends do not belong to it, unless escaped.
    fn value(&mut self) -> Result<String, DnError> {
        let start = self.at;
        let mut bytes = Vec::new();
        let mut kept = 0;
        while let Some(c) = self.peek() {
            match c {
                ',' | '+' => break,
                '\\' => {
                    bytes.extend(self.escape()?);
                    kept = bytes.len();
                }
                '"' | ';' | '<' | '>' | '\0' => {
                    return Err(self.wrong(
                        self.at,
                        format!("`{}` must be escaped by `\\`", c.escape_debug().to_string().replace("\\\"", "\"")),
                    ));
                }
                _ => {
                    bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
                    kept = if c == ' ' { kept } else { bytes.len() };
                    self.at += 1;
                }
            }
        }
        bytes.truncate(kept);
        String::from_utf8(bytes).map_err(|_| self.wrong(start, "the escapes are no UTF-8 text".to_owned()))
    }

    /// `\,` is the character itself, `\2C` a byte.
    fn escape(&mut self) -> Result<Vec<u8>, DnError> {
        let start = self.at;
        let next = self.chars.get(start + 1).copied();
        if let Some(c @ (' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\')) = next {
            self.at += 2;
            return Ok(c.to_string().into_bytes());
        }
        let digits: String = self.chars[start + 1..].iter().take(2).collect();
        match hex(&digits).filter(|_| digits.len() == 2) {
            Some(byte) => {
                self.at += 3;
                Ok(byte)
            }
            None if next.is_none() => Err(self.wrong(start, "a `\\` ends the name".to_owned())),
            None => {
                Err(self
                    .wrong(start, format!("`\\{digits}` is no escape (a special character or two hexadecimal digits)")))
            }
        }
    }

    /// `#` and the hexadecimal digits of a BER value.
    fn ber(&mut self) -> Result<RdnValue, DnError> {
        let start = self.at;
        self.at += 1;
        while self.peek().is_some_and(|c| !matches!(c, ',' | '+' | ' ')) {
            self.at += 1;
        }
        let digits: String = self.chars[start + 1..self.at].iter().collect();
        self.skip_spaces();
        match hex(&digits).filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => Ok(text_of(&bytes).map_or(RdnValue::Ber(bytes), RdnValue::Text)),
            None => Err(self.wrong(start, "`#` must be followed by pairs of hexadecimal digits".to_owned())),
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip_spaces(&mut self) {
        while self.take(' ') {}
    }

    fn wrong(&self, at: usize, reason: String) -> DnError {
        DnError { text: self.text.to_owned(), reason, at: at + 1 }
    }
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

/// The text of a BER string (octet, UTF-8, printable, IA5) of a short length; other values stay bytes.
fn text_of(ber: &[u8]) -> Option<String> {
    match ber {
        [0x04 | 0x0C | 0x13 | 0x16, length @ 0..=0x7F, text @ ..] if text.len() == usize::from(*length) => {
            String::from_utf8(text.to_vec()).ok()
        }
        _ => None,
    }
}
