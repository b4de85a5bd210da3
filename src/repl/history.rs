//! Which entries may be remembered across sessions.

/// Words beside which a secret may stand.
const SECRET_WORDS: &[&str] = &[
    "password",
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
];

/// Whether an entry is left out of the history: it begins with a space, or may hold a secret.
pub(super) fn is_left_out(entry: &str) -> bool {
    entry.starts_with(' ') || may_hold_a_secret(entry)
}

/// Whether an entry has a word beside which a secret may stand.
pub(super) fn may_hold_a_secret(entry: &str) -> bool {
    let lower = entry.to_lowercase();
    SECRET_WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_secret_is_left_out() {
        assert!(is_left_out(
            "okta.create_user(#{ credentials: #{ password: #{ value: \"x\" } } })"
        ));
        assert!(is_left_out(" okta.list_users()"));
        assert!(!is_left_out("okta.list_users()"));
    }
}
