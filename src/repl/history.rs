//! Which entries may be remembered across sessions.

use crate::script::confidential;

/// Words beside which a secret may stand.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passcode",
    "secret",
    "token",
    "credential",
    "privatekey",
    "private_key",
    "passphrase",
    "apikey",
    "api_key",
    "authorization",
    "answer",
    "ssws",
    "bearer",
];

/// Whether an entry is left out of the history: it begins with a space, has a word beside which a secret may stand, or something that
/// looks like one. Rather an entry too many than a secret on disk.
pub(super) fn is_left_out(entry: &str) -> bool {
    let lower = entry.to_lowercase();
    entry.starts_with(' ') || SECRET_WORDS.iter().any(|word| lower.contains(word)) || confidential::is_in(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_secret_is_left_out() {
        assert!(is_left_out("okta.create_user(#{ credentials: #{ password: #{ value: \"x\" } } })"));
        let token = format!("let k = \"00{}\"", "a1".repeat(20));
        for entry in [
            " okta.list_users()",
            "\"SSWS 00abc\"",
            "let pw = \"x1\"",
            "let passwd = f()",
            "let k = \"eyJhbGciOi.eyJzdWIi.c2ln\"",
            token.as_str(),
        ] {
            assert!(is_left_out(entry), "{entry}");
        }
        for entry in ["okta.list_users()", "okta.get_user(\"00u1abcd\")", "let upward = 1"] {
            assert!(!is_left_out(entry), "{entry}");
        }
    }
}
