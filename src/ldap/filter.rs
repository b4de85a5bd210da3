//! Search filters with values from outside.

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
    format!(
        "(&(objectCategory=person)(objectClass=user)(sAMAccountName={}))",
        escape(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_end_a_filter() {
        assert_eq!(escape("jo*)(cn=\\\0"), r"jo\2a\29\28cn=\5c\00");
        assert_eq!(escape("jo.doe@corp.example"), "jo.doe@corp.example");
        for name in ["x)(cn=*", "*", "\\"] {
            for filter in [person(name), account(name)] {
                assert!(ldap3::parse_filter(&filter).is_ok(), "{filter}");
                assert!(
                    !filter.contains("=*)") && !filter.contains("(cn="),
                    "{filter}"
                );
            }
        }
    }
}
