//! Distinguished names as Active Directory reads and writes them (RFC 4514).
//!
//! Two names are the same object when their keys are equal: case, escapes and insignificant spaces do not count.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A parsed distinguished name; the empty one is the root of the tree (the root DSE).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DirectoryName {
    /// From the leaf to the root.
    rdns: Vec<RelativeName>,
}

/// A relative name: usually one pair; several are joined by `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RelativeName {
    pairs: Vec<AttributePair>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct AttributePair {
    /// Attribute type as written, such as `CN`.
    kind: String,
    /// Value without escapes.
    value: String,
}

/// A text that is no distinguished name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a distinguished name at {at:?}: {why}")]
pub(super) struct MalformedName {
    pub(super) why: &'static str,
    /// What was left to read.
    pub(super) at: String,
}

impl DirectoryName {
    pub(super) fn parse(text: &str) -> Result<Self, MalformedName> {
        let mut reader = NameReader { rest: text };
        let mut rdns = Vec::new();
        if text.trim().is_empty() {
            return Ok(Self { rdns });
        }
        loop {
            rdns.push(reader.rdn()?);
            if !reader.takes(',') {
                return Ok(Self { rdns });
            }
        }
    }

    /// `corp.example` as `DC=corp,DC=example`.
    pub(super) fn of_domain(domain: &str) -> Self {
        let labels = domain.split('.').filter(|label| !label.is_empty());
        Self { rdns: labels.map(|label| RelativeName::single("DC", label)).collect() }
    }

    /// The form to compare and to sort by: root first, each relative name closed by NUL, so that the key of an ancestor is a prefix
    /// of the keys of everything below it.
    pub(super) fn key(&self) -> String {
        let mut key = String::new();
        for rdn in self.rdns.iter().rev() {
            key.push_str(&rdn.key());
            key.push('\0');
        }
        key
    }

    /// The name of the object above; `None` for the root.
    pub(super) fn parent(&self) -> Option<Self> {
        let (_, above) = self.rdns.split_first()?;
        Some(Self { rdns: above.to_vec() })
    }

    /// Whether this object is below `base`: at any depth, and not `base` itself.
    pub(super) fn is_under(&self, base: &Self) -> bool {
        self.rdns.len() > base.rdns.len() && self.key().starts_with(&base.key())
    }

    /// The name of an object directly below, such as `OU=Users` below `DC=corp,DC=example`.
    pub(super) fn child(&self, kind: &str, value: &str) -> Self {
        let mut rdns = vec![RelativeName::single(kind, value)];
        rdns.extend_from_slice(&self.rdns);
        Self { rdns }
    }

    /// Type of the leaf in upper case, such as `OU`; `None` for the root and for a leaf of several pairs.
    pub(super) fn leaf_kind(&self) -> Option<String> {
        self.leaf().map(|pair| canonical(&pair.kind))
    }

    /// Value of the leaf without escapes; `None` for the root and for a leaf of several pairs.
    pub(super) fn leaf_value(&self) -> Option<&str> {
        self.leaf().map(|pair| pair.value.as_str())
    }

    /// Types in upper case, from the leaf to the root; of a relative name of several pairs that of the first.
    pub(super) fn kinds(&self) -> Vec<String> {
        let first = |rdn: &RelativeName| rdn.pairs.first().map(|pair| canonical(&pair.kind));
        self.rdns.iter().map(|rdn| first(rdn).unwrap_or_default()).collect()
    }

    /// The name with other values: each is given by its place from the leaf and what it is without escapes.
    pub(super) fn with_values(&self, value: &mut dyn FnMut(usize, &str) -> String) -> Self {
        let mut made = self.clone();
        for (index, rdn) in made.rdns.iter_mut().enumerate() {
            for pair in &mut rdn.pairs {
                pair.value = value(index, &pair.value);
            }
        }
        made
    }

    pub(super) fn is_root(&self) -> bool {
        self.rdns.is_empty()
    }

    fn leaf(&self) -> Option<&AttributePair> {
        match self.rdns.first()?.pairs.as_slice() {
            [pair] => Some(pair),
            _ => None,
        }
    }
}

impl fmt::Display for DirectoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{rdn}")?;
        }
        Ok(())
    }
}

impl RelativeName {
    fn single(kind: &str, value: &str) -> Self {
        Self { pairs: vec![AttributePair { kind: kind.to_owned(), value: value.to_owned() }] }
    }

    fn key(&self) -> String {
        let mut pairs: Vec<String> = self.pairs.iter().map(AttributePair::key).collect();
        pairs.sort();
        pairs.join("+")
    }
}

impl fmt::Display for RelativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pair) in self.pairs.iter().enumerate() {
            let plus = if index == 0 { "" } else { "+" };
            let kind = canonical(&pair.kind);
            write!(f, "{plus}{kind}={}", escape(&pair.value))?;
        }
        Ok(())
    }
}

impl AttributePair {
    fn key(&self) -> String {
        let kind = canonical(&self.kind).to_lowercase();
        format!("{kind}={}", escape(&fold(&self.value)))
    }
}

/// A value as it stands in a name. Microsoft's page "Distinguished Names" lists `=` among what AD escapes; RFC 4514 leaves it free.
pub(super) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (index, character) in value.chars().enumerate() {
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => escaped.push('\\'),
            ' ' if index == 0 || index == last => escaped.push('\\'),
            '#' if index == 0 => escaped.push('\\'),
            '\0' | '\n' | '\r' => {
                escaped.push_str(control_escape(character));
                continue;
            }
            _ => {}
        }
        escaped.push(character);
    }
    escaped
}

fn control_escape(character: char) -> &'static str {
    match character {
        '\n' => "\\0A",
        '\r' => "\\0D",
        _ => "\\00",
    }
}

/// A text as AD's case-ignoring strings compare: lower case, without accents, `ß` as `ss`, outer spaces gone, inner runs of spaces as one.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        let plain = word.nfkd().flat_map(char::to_lowercase).nfd();
        for letter in plain.filter(|letter| !is_combining_mark(*letter)) {
            match letter {
                'ß' => folded.push_str("ss"),
                letter => folded.push(letter),
            }
        }
    }
    folded
}

/// The type in upper case, object identifiers and long names by their short name (RFC 4514, section 3).
fn canonical(kind: &str) -> String {
    let kind = kind.to_uppercase();
    match kind.as_str() {
        "2.5.4.3" | "COMMONNAME" => "CN",
        "2.5.4.11" | "ORGANIZATIONALUNITNAME" => "OU",
        "0.9.2342.19200300.100.1.25" | "DOMAINCOMPONENT" => "DC",
        _ => return kind,
    }
    .to_owned()
}

struct NameReader<'a> {
    rest: &'a str,
}

impl NameReader<'_> {
    fn rdn(&mut self) -> Result<RelativeName, MalformedName> {
        let mut pairs = vec![self.pair()?];
        while self.takes('+') {
            pairs.push(self.pair()?);
        }
        Ok(RelativeName { pairs })
    }

    fn pair(&mut self) -> Result<AttributePair, MalformedName> {
        let kind = self.kind()?;
        self.rest = self.rest.trim_start_matches(' ');
        let value = if self.takes('#') { self.encoded_value()? } else { self.value()? };
        if value.is_empty() {
            return Err(self.malformed("a value is empty"));
        }
        Ok(AttributePair { kind, value })
    }

    fn kind(&mut self) -> Result<String, MalformedName> {
        let Some((kind, rest)) = self.rest.split_once('=') else {
            return Err(self.malformed("`type=value` expected"));
        };
        let kind = kind.trim_matches(' ');
        if !is_kind(kind) {
            return Err(self.malformed("an attribute type is letters, digits and hyphens, or an object identifier"));
        }
        self.rest = rest;
        Ok(kind.to_owned())
    }

    fn value(&mut self) -> Result<String, MalformedName> {
        let mut bytes = Vec::new();
        // Length up to the last byte that is not an unescaped space.
        let mut significant = 0;
        while let Some(character) = self.peek() {
            match character {
                ',' | '+' => break,
                '"' | ';' | '<' | '>' | '\0' => {
                    return Err(self.malformed("this character must be escaped"));
                }
                '\\' => bytes.push(self.escaped()?),
                _ => self.copy(character, &mut bytes),
            }
            if character != ' ' {
                significant = bytes.len();
            }
        }
        bytes.truncate(significant);
        String::from_utf8(bytes).map_err(|_| self.malformed("a value is not UTF-8"))
    }

    /// The byte after a backslash: a special character, or two hexadecimal digits.
    fn escaped(&mut self) -> Result<u8, MalformedName> {
        let bytes = self.rest.as_bytes();
        if let Some(byte) = bytes.get(1..3).and_then(hexadecimal) {
            self.rest = &self.rest[3..];
            return Ok(byte);
        }
        match bytes.get(1) {
            Some(&byte) if b" \"#+,;<=>\\/".contains(&byte) => {
                self.rest = &self.rest[2..];
                Ok(byte)
            }
            _ => Err(self.malformed("a backslash stands before a special character or two hexadecimal digits")),
        }
    }

    /// A value after `#`: the BER form of a string in hexadecimal.
    fn encoded_value(&mut self) -> Result<String, MalformedName> {
        let end = self.rest.find([',', '+']).unwrap_or(self.rest.len());
        let digits = self.rest[..end].trim_end_matches(' ').as_bytes();
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(hexadecimal).collect();
        let text = bytes.as_deref().and_then(string_of_ber);
        let Some(text) = text else {
            return Err(self.malformed("`#` stands before a BER string in hexadecimal"));
        };
        self.rest = &self.rest[end..];
        Ok(text)
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn copy(&mut self, character: char, bytes: &mut Vec<u8>) {
        let (head, rest) = self.rest.split_at(character.len_utf8());
        bytes.extend_from_slice(head.as_bytes());
        self.rest = rest;
    }

    fn takes(&mut self, character: char) -> bool {
        let rest = self.rest.strip_prefix(character);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn malformed(&self, why: &'static str) -> MalformedName {
        MalformedName { why, at: self.rest.to_owned() }
    }
}

fn is_kind(kind: &str) -> bool {
    let name = kind.starts_with(|first: char| first.is_ascii_alphabetic())
        && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    name || kind.split('.').all(number)
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// A short octet, UTF-8, printable or IA5 string.
fn string_of_ber(bytes: &[u8]) -> Option<String> {
    let [0x04 | 0x0c | 0x13 | 0x16, length @ 0..128, content @ ..] = bytes else {
        return None;
    };
    let whole = content.len() == usize::from(*length);
    whole.then(|| String::from_utf8(content.to_vec()).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dn(text: &str) -> DirectoryName {
        DirectoryName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn names_of_one_object_have_one_key() {
        let same = [
            ("CN=Jo,DC=corp,DC=example", "cn=jo,dc=CORP,dc=Example"),
            ("CN=Jo,DC=corp", " CN = Jo ,  DC = corp "),
            (r"CN=Doe\, Jo,DC=corp", r"cn=doe\2C jo,dc=corp"),
            (r"CN=Jo  van  Dam,DC=corp", "CN=jo van dam,DC=corp"),
            (r"CN=Ren\C3\A9e,DC=corp", "CN=RENÉE,DC=corp"),
            ("CN=José Strauß,DC=corp", "CN=JOSE STRAUSS,DC=corp"),
            ("CN=Zoe\u{308},DC=corp", "CN=Zoë,DC=corp"),
            (r"CN=a\=b,DC=corp", "CN=a=b,DC=corp"),
            ("CN=a+UID=b,DC=corp", "uid=b+cn=a,DC=corp"),
            ("2.5.4.3=Jo,DC=corp", "CN=Jo,DC=corp"),
            ("CN=#04024869,DC=corp", "CN=Hi,DC=corp"),
            (r"CN=\#1,DC=corp", r"CN=\231,DC=corp"),
        ];
        for (left, right) in same {
            assert_eq!(dn(left).key(), dn(right).key(), "{left} and {right}");
        }
    }

    #[test]
    fn names_of_two_objects_have_two_keys() {
        let different = [
            ("CN=Jo,DC=corp", "OU=Jo,DC=corp"),
            ("CN=Jo,DC=corp", "CN=Jo,OU=a,DC=corp"),
            (r"CN=a\,OU=b,DC=corp", "CN=a,OU=b,DC=corp"),
            (r"CN=a\+CN=b,DC=corp", "CN=a+CN=b,DC=corp"),
            ("CN=Jo Dam,DC=corp", "CN=JoDam,DC=corp"),
        ];
        for (left, right) in different {
            assert_ne!(dn(left).key(), dn(right).key(), "{left} and {right}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let wrong = [
            "Jo",
            "CN=",
            "CN=a,",
            ",CN=a",
            "CN=a,,DC=b",
            "=a",
            "C N=a",
            r"CN=a\",
            r"CN=a\x",
            "CN=a;DC=b",
            "CN=\"a\"",
            r"CN=\C3",
            "CN=#0",
            "CN=#0402",
            "1..2=a",
        ];
        for text in wrong {
            assert!(DirectoryName::parse(text).is_err(), "{text} was read");
        }
    }

    #[test]
    fn a_name_is_written_with_the_escapes_it_needs() {
        let base = DirectoryName::of_domain("corp.example");
        assert_eq!(base.to_string(), "DC=corp,DC=example");
        let values = ["Doe, Jo", " a ", "#1", r"a\b", "a\nb", "é", "a+b=c", " "];
        for value in values {
            let child = base.child("CN", value);
            let read = dn(&child.to_string());
            assert_eq!(read.leaf_value(), Some(value), "{child}");
        }
    }

    #[test]
    fn below_is_by_whole_names() {
        let base = dn("OU=Users,DC=corp,DC=example");
        assert!(dn("cn=Jo,ou=users,dc=corp,dc=example").is_under(&base));
        assert!(dn("cn=Jo,ou=a,ou=users,dc=corp,dc=example").is_under(&base));
        assert!(!base.is_under(&base));
        assert!(!dn("CN=Jo,OU=Users2,DC=corp,DC=example").is_under(&base));
        assert!(!dn("CN=Jo,DC=corp,DC=example").is_under(&base));
        assert!(base.is_under(&DirectoryName::default()));
        assert_eq!(base.parent(), Some(DirectoryName::of_domain("corp.example")));
        assert_eq!(DirectoryName::default().parent(), None);
    }
}
