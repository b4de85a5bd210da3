//! Distinguished names: read as RFC 4514 writes them, compared as directories compare them.

mod parse;
mod write;

use std::hash::{Hash, Hasher};

use unicode_normalization::UnicodeNormalization as _;

/// A distinguished name, the entry's own part first: `CN=Jo Doe,OU=Users,DC=corp,DC=example`.
///
/// Equal names may be written differently: letter case, spaces around separators, runs of spaces, escapes, the order
/// within `CN=a+SN=b`, and whether an accent stands in one character with its letter do not count. (Assumed: every attribute compares without case, as those that occur in Active
/// Directory's names do.)
#[derive(Clone, Debug)]
pub struct Dn {
    rdns: Vec<Rdn>,
}

/// One part of a name, such as `OU=Users`; mostly one attribute, rarely several joined by `+`.
#[derive(Clone, Debug)]
pub struct Rdn {
    attributes: Vec<RdnAttribute>,
    /// What it compares by.
    key: Vec<(String, Vec<u8>)>,
}

#[derive(Clone, Debug)]
struct RdnAttribute {
    name: String,
    value: RdnValue,
}

#[derive(Clone, Debug)]
enum RdnValue {
    Text(String),
    /// A BER value that is no text, written `#04…`.
    Ber(Vec<u8>),
}

/// What is wrong with a name, and at which character (the first is 1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no distinguished name: {reason} at character {at}")]
pub struct DnError {
    pub text: String,
    pub reason: String,
    pub at: usize,
}

/// The name of the entry above; `None` at the top.
pub fn parent(dn: &str) -> Result<Option<String>, DnError> {
    Ok(Dn::parse(dn)?.parent().map(|parent| parent.to_string()))
}

/// Whether the entry is below the base, at any depth. The base itself is not under itself.
pub fn is_under(dn: &str, base: &str) -> Result<bool, DnError> {
    Ok(Dn::parse(dn)?.is_under(&Dn::parse(base)?))
}

impl Dn {
    /// Reads a name. The empty text is the root.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        parse::dn(text)
    }

    /// The name of the entry above; `None` for the root and for what stands right below it.
    pub fn parent(&self) -> Option<Self> {
        match self.rdns.as_slice() {
            [] | [_] => None,
            [_, above @ ..] => Some(Self { rdns: above.to_vec() }),
        }
    }

    /// Whether this entry is below the base, at any depth. The base itself is not under itself; all but the root is
    /// under the root.
    pub fn is_under(&self, base: &Self) -> bool {
        self.rdns.len() > base.rdns.len() && self.rdns.ends_with(&base.rdns)
    }

    /// The entry's own part, such as `CN=Jo Doe`; `None` for the root.
    pub fn rdn(&self) -> Option<&Rdn> {
        self.rdns.first()
    }

    /// The value of the entry's own part, such as `Jo Doe`: the first, if it has several. `None` when it is no text.
    pub fn rdn_value(&self) -> Option<&str> {
        self.rdn().and_then(Rdn::value)
    }

    /// The name that the entry has when it is moved below another parent.
    #[must_use]
    pub fn moved_to(&self, parent: &Self) -> Self {
        Self { rdns: self.rdns.iter().take(1).chain(&parent.rdns).cloned().collect() }
    }

    /// Whether it is the root, the name without parts.
    pub fn is_root(&self) -> bool {
        self.rdns.is_empty()
    }
}

impl Rdn {
    fn new(attributes: Vec<RdnAttribute>) -> Self {
        let mut key: Vec<_> = attributes.iter().map(RdnAttribute::key).collect();
        key.sort_unstable();
        Self { attributes, key }
    }

    /// The name of its first attribute as written, such as `CN`.
    pub fn name(&self) -> &str {
        self.attributes.first().map_or("", |attribute| &attribute.name)
    }

    /// The value of its first attribute, if it is text.
    pub fn value(&self) -> Option<&str> {
        match &self.attributes.first()?.value {
            RdnValue::Text(text) => Some(text),
            RdnValue::Ber(_) => None,
        }
    }
}

impl RdnAttribute {
    fn key(&self) -> (String, Vec<u8>) {
        let value = match &self.value {
            RdnValue::Text(text) => collapse(text).into_bytes(),
            // No text begins with this byte, so that the two kinds never meet.
            RdnValue::Ber(bytes) => [&[0xFF], bytes.as_slice()].concat(),
        };
        (short_name(&self.name), value)
    }
}

fn collapse(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed.to_lowercase().split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// An attribute's names are the same attribute: the long ones and the numbers of RFC 4514 section 3 (from RFC 4519).
fn short_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let short = match lower.strip_prefix("oid.").unwrap_or(&lower) {
        "commonname" | "2.5.4.3" => "cn",
        "localityname" | "2.5.4.7" => "l",
        "stateorprovincename" | "2.5.4.8" => "st",
        "organizationname" | "2.5.4.10" => "o",
        "organizationalunitname" | "2.5.4.11" => "ou",
        "countryname" | "2.5.4.6" => "c",
        "streetaddress" | "2.5.4.9" => "street",
        "domaincomponent" | "0.9.2342.19200300.100.1.25" => "dc",
        "userid" | "0.9.2342.19200300.100.1.1" => "uid",
        other => other,
    };
    short.to_owned()
}

impl std::str::FromStr for Dn {
    type Err = DnError;

    fn from_str(text: &str) -> Result<Self, DnError> {
        Self::parse(text)
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.rdns == other.rdns
    }
}

impl Eq for Dn {}

impl Hash for Dn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rdns.hash(state);
    }
}

impl PartialEq for Rdn {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Rdn {}

impl Hash for Rdn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap_or_else(|wrong| panic!("{wrong}"))
    }

    #[test]
    fn writes_one_form() {
        for (text, written) in [
            ("", ""),
            ("CN=Jo Doe,OU=Users,DC=corp,DC=example", "CN=Jo Doe,OU=Users,DC=corp,DC=example"),
            (" CN = Jo Doe , OU= Users ", "CN=Jo Doe,OU=Users"),
            (r"CN=Doe\, Jo,DC=x", r"CN=Doe\, Jo,DC=x"),
            (r"CN=Doe\2C Jo,DC=x", r"CN=Doe\, Jo,DC=x"),
            (r"CN=\ a\ ,DC=x", r"CN=\ a\ ,DC=x"),
            (r"CN=\20,DC=x", r"CN=\ ,DC=x"),
            (r"CN=a\ \ ,DC=x", r"CN=a \ ,DC=x"),
            (r"CN=\#1,DC=x", r"CN=\#1,DC=x"),
            (r"CN=a#1,DC=x", r"CN=a#1,DC=x"),
            (r"CN=a=b,DC=x", r"CN=a=b,DC=x"),
            (r#"CN=\"q\"\+\;\<\>\\,DC=x"#, r#"CN=\"q\"\+\;\<\>\\,DC=x"#),
            (r"CN=Lu\C4\8Di\C4\87", "CN=Lučić"),
            (r"CN=a\0ADEL:b,DC=x", r"CN=a\0ADEL:b,DC=x"),
            ("CN=a+SN=b,DC=x", "CN=a+SN=b,DC=x"),
            ("1.3.6.1=#04024869,DC=x", "1.3.6.1=Hi,DC=x"),
            ("CN=#0C0148", "CN=H"),
            ("1.3.6.1=#0203010203", "1.3.6.1=#0203010203"),
            ("CN=,DC=x", "CN=,DC=x"),
        ] {
            let read = dn(text);
            assert_eq!(read.to_string(), written, "{text}");
            assert_eq!(dn(written), read, "{written}");
        }
    }

    #[test]
    fn compares_as_a_directory_does() {
        for (one, other) in [
            ("CN=Jo Doe,DC=x", "cn=JO  doe , dc=X"),
            (r"CN=Doe\, Jo", r"CN=Doe\2c jo"),
            ("CN=a+SN=b", "sn=B + cn=A"),
            ("2.5.4.3=a", "commonName=A"),
            ("OID.2.5.4.3=a", "CN=a"),
            ("CN=\u{c4}", "cn=\u{e4}"),
            (r"CN=\ a", "CN=a"),
        ] {
            assert_eq!(dn(one), dn(other));
            assert_eq!(HashSet::from([dn(one), dn(other)]).len(), 1);
        }
        for (one, other) in [
            ("CN=a,DC=x", "CN=a"),
            ("CN=a", "OU=a"),
            ("CN=a b", "CN=ab"),
            ("CN=a,DC=x", "DC=x,CN=a"),
            ("CN=a+SN=b", "CN=a,SN=b"),
        ] {
            assert_ne!(dn(one), dn(other));
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, at, reason) in [
            ("Users", 6, "`=` is missing"),
            ("OU=a,Users,DC=x", 11, "`=` is missing"),
            ("=a", 1, "attribute's name is missing"),
            ("OU=a,", 6, "attribute's name is missing"),
            ("OU=a,,DC=x", 6, "attribute's name is missing"),
            ("O U=a", 3, "`U` cannot stand"),
            ("1a=b", 2, "`a` cannot stand"),
            ("OU=a;DC=x", 5, "`;` must be escaped"),
            (r#"OU="a""#, 4, "`\"` must be escaped"),
            (r"OU=a\", 5, "a `\\` ends the name"),
            (r"OU=a\4", 5, "`\\4` is no escape"),
            (r"OU=a\q", 5, "`\\q` is no escape"),
            (r"OU=\C4,DC=x", 4, "no UTF-8"),
            ("OU=#0", 4, "hexadecimal"),
            ("OU=#zz", 4, "hexadecimal"),
        ] {
            let wrong = Dn::parse(text).expect_err(text);
            assert!(wrong.reason.contains(reason) && wrong.at == at, "{text}: {wrong}");
        }
    }

    #[test]
    fn knows_above_and_below() {
        let user = dn("CN=Jo,OU=User-Contractor,DC=corp,DC=example");
        let unit = dn("ou=user-contractor,dc=corp,dc=example");
        assert_eq!(user.parent(), Some(unit.clone()));
        assert!(user.is_under(&unit) && user.is_under(&dn("DC=example")) && user.is_under(&dn("")));
        assert!(!unit.is_under(&unit) && !unit.is_under(&user));
        assert!(!dn("CN=Jo,OU=Not User-Contractor,DC=corp,DC=example").is_under(&unit));
        assert_eq!((user.rdn_value(), user.rdn().map(Rdn::name)), (Some("Jo"), Some("CN")));
        assert_eq!(user.moved_to(&dn("OU=Users,DC=corp")).to_string(), "CN=Jo,OU=Users,DC=corp");
        assert_eq!((dn("DC=x").parent(), dn("").parent()), (None, None));
        assert_eq!(parent(r"CN=Doe\, Jo,OU=a,DC=x"), Ok(Some("OU=a,DC=x".to_owned())));
        assert_eq!(is_under("CN=a,OU=b,DC=c", "dc=C"), Ok(true));
        assert!(is_under("CN=a", "b").is_err());
    }
}
