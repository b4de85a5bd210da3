//! Search filters with values from outside.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A value as it may stand in a filter, RFC 4515: `*`, `(`, `)`, `\` and NUL escaped.
pub fn escape(value: &str) -> String {
    ldap3::ldap_escape(value).into_owned()
}

/// A person's account by any of the names that it is known by in Active Directory.
pub(super) fn person(name: &str) -> String {
    let name = escape(name);
    format!(
        "(&(objectCategory=person)(objectClass=user)(|(userPrincipalName={name})(sAMAccountName={name})(mail={name})))"
    )
}

/// A person's account by its short name alone.
pub(super) fn account(name: &str) -> String {
    format!("(&(objectCategory=person)(objectClass=user)(sAMAccountName={}))", escape(name))
}

/// The entry of an `objectGUID`, given in hex or in base64; `None` when the text is neither.
pub(super) fn object_guid(text: &str) -> Option<String> {
    let bytes = from_hex(text).or_else(|| STANDARD.decode(text).ok()?.try_into().ok())?;
    let mut filter = String::from("(objectGUID=");
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(filter, "\\{byte:02x}");
    }
    filter.push(')');
    Some(filter)
}

fn from_hex(text: &str) -> Option<[u8; 16]> {
    let number = (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok())?;
    number.map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_looked_for_by_its_bytes() {
        let expected = r"(objectGUID=\40\fc\29\6b\47\ca\67\10\b3\1d\00\dd\01\06\62\da)";
        for text in ["40fc296b47ca6710b31d00dd010662da", "40FC296B47CA6710B31D00DD010662DA", "QPwpa0fKZxCzHQDdAQZi2g=="]
        {
            assert_eq!(object_guid(text).as_deref(), Some(expected), "{text}");
        }
        assert!(ldap3::parse_filter(expected).is_ok());
        for text in ["", "no guid", "QPwpa0fK", "40fc296b47ca6710b31d00dd010662d*"] {
            assert_eq!(object_guid(text), None, "{text}");
        }
    }

    #[test]
    fn values_cannot_end_a_filter() {
        assert_eq!(escape("jo*)(cn=\\\0"), r"jo\2a\29\28cn=\5c\00");
        assert_eq!(escape("jo.doe@corp.example"), "jo.doe@corp.example");
        for name in ["x)(cn=*", "*", "\\"] {
            for filter in [person(name), account(name)] {
                assert!(ldap3::parse_filter(&filter).is_ok(), "{filter}");
                assert!(!filter.contains("=*)") && !filter.contains("(cn="), "{filter}");
            }
        }
    }
}
