//! An entry of a directory.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::dn::Dn;

/// An entry: its name, and its attributes by their names as returned. Values are bytes; most are UTF-8 text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    pub dn: Dn,
    pub attributes: BTreeMap<String, Vec<Vec<u8>>>,
}

/// `ACCOUNTDISABLE` in `userAccountControl` (Active Directory's schema).
const ACCOUNT_DISABLED: u32 = 0x2;

impl DirectoryEntry {
    /// The values of an attribute, by its name in any case; none when it is absent.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, values)| values.as_slice()).unwrap_or_default()
    }

    /// The first value, if it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.values(name).first()?).ok()
    }

    /// All values that are text.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        self.values(name).iter().filter_map(|value| std::str::from_utf8(value).ok()).collect()
    }

    /// `objectGUID` as Microsoft's tools write it: `6b29fc40-ca47-1067-b31d-00dd010662da`. It never changes, moves
    /// included.
    pub fn object_guid(&self) -> Option<String> {
        self.guid_bytes().map(guid_text)
    }

    /// `objectGUID` in base64, the form of `externalId` in Okta's app users.
    pub fn object_guid_base64(&self) -> Option<String> {
        self.guid_bytes().map(|bytes| STANDARD.encode(bytes))
    }

    /// `objectGUID` as the hexadecimal digits of its bytes in their order.
    pub fn object_guid_hex(&self) -> Option<String> {
        let bytes = self.guid_bytes()?;
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xF)]);
        Some(digits.collect())
    }

    /// Whether the account may sign in, by `userAccountControl`; `None` when that is absent or no number.
    pub fn is_enabled(&self) -> Option<bool> {
        // Signed in the schema; its bits are what counts.
        let control: i32 = self.text("userAccountControl")?.parse().ok()?;
        Some(control.cast_unsigned() & ACCOUNT_DISABLED == 0)
    }

    fn guid_bytes(&self) -> Option<[u8; 16]> {
        self.values("objectGUID").first()?.as_slice().try_into().ok()
    }
}

/// The first three fields are stored low byte first.
fn guid_text(bytes: [u8; 16]) -> String {
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let mut text = String::new();
    for (at, from) in ORDER.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for nibble in [bytes[from] >> 4, bytes[from] & 0xF] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or_default());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, value: &[u8]) -> DirectoryEntry {
        let dn = Dn::parse("CN=Jo,DC=x").expect("a name");
        DirectoryEntry { dn, attributes: BTreeMap::from([(name.to_owned(), vec![value.to_vec()])]) }
    }

    #[test]
    fn a_guid_has_its_usual_text() {
        let bytes = [0x40, 0xfc, 0x29, 0x6b, 0x47, 0xca, 0x67, 0x10, 0xb3, 0x1d, 0x00, 0xdd, 0x01, 0x06, 0x62, 0xda];
        let entry = entry("objectGUID", &bytes);
        assert_eq!(entry.object_guid().as_deref(), Some("6b29fc40-ca47-1067-b31d-00dd010662da"));
        assert_eq!(entry.object_guid_base64().as_deref(), Some("QPwpa0fKZxCzHQDdAQZi2g=="));
        assert_eq!(entry.object_guid_hex().as_deref(), Some("40fc296b47ca6710b31d00dd010662da"));
        assert_eq!(super::tests::entry("objectGUID", &bytes[1..]).object_guid(), None);
    }

    #[test]
    fn enabled_is_a_bit() {
        for (control, enabled) in [
            ("512", Some(true)),
            ("514", Some(false)),
            ("66048", Some(true)),
            ("-2147483646", Some(false)),
            ("x", None),
        ] {
            assert_eq!(entry("useraccountcontrol", control.as_bytes()).is_enabled(), enabled, "{control}");
        }
        assert_eq!(entry("cn", b"Jo").is_enabled(), None);
    }

    #[test]
    fn names_have_no_case() {
        let entry = entry("sAMAccountName", b"jo");
        assert_eq!((entry.text("SAMACCOUNTNAME"), entry.text("mail")), (Some("jo"), None));
        assert_eq!(entry.texts("samaccountname"), ["jo"]);
    }
}
