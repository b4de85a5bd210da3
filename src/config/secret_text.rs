//! Finds what could be a secret in a text: in a file that is not valid TOML, so that it can be shown with the error, and
//! where a name or a path was wanted.

use std::ops::Range;

/// Keys whose values are shown; the value of any other key, known or misspelt, may be a secret.
const SHOWN: &[&str] =
    &["url", "production", "client_id", "key_id", "algorithm", "scopes", "dpop", "bind_dn", "base", "ca", "security"];

/// The parts to hide: all that follows `=` on a line, unless the key is one of the harmless; and every line that is
/// neither a heading, nor a comment, nor a pair, since it may be the rest of a string.
pub(super) fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut ranges = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(from) = hidden_from(line) {
            ranges.push(start + from..start + line.len());
        }
        start += line.len();
    }
    ranges
}

fn hidden_from(line: &str) -> Option<usize> {
    let trimmed = line.trim();
    match line.split_once('=') {
        _ if trimmed.is_empty() || trimmed.starts_with(['#', '[']) => None,
        Some((key, _)) if SHOWN.contains(&key.trim()) => None,
        Some((key, _)) => Some(key.len() + 1),
        None => Some(0),
    }
}

/// Whether a text is a key or a token rather than the name of a place. Names and paths are short, or have a dot or a space.
pub(super) fn is_likely_secret(text: &str) -> bool {
    let text = text.trim();
    let of = |more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    let is_token = text.starts_with("00") && text.len() >= 40 && of("-_");
    let is_encoded = text.len() >= 64 && of("+/=-_\r\n");
    let is_jwt = text.starts_with("eyJ") && text.len() >= 64;
    text.contains("-----BEGIN") || text.starts_with('{') || is_token || is_encoded || is_jwt
}

/// Whether a text can name a variable of the environment, as shells take it.
pub(super) fn is_variable_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_are_told_from_names_and_paths() {
        let token = format!("00{}", "aB3-_x".repeat(7));
        let encoded = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC+/=\n".repeat(3);
        for secret in [token.as_str(), &encoded, "-----BEGIN EC PRIVATE KEY-----", "{\"kty\":\"EC\"}"] {
            assert!(is_likely_secret(secret), "{secret}");
        }
        for place in [
            "acme.pem",
            "~/.config/okta/keys/of-the-service-app-for-runbooks/in-production/acme.pem",
            "op read op://vault/okta/credential-of-the-service-app-for-runbooks",
            "acme",
        ] {
            assert!(!is_likely_secret(place), "{place}");
        }
        assert!(is_variable_name("_ACME_TOKEN2"));
        for wrong in ["", "2A", "00abc", "A-B", "A B", "ä"] {
            assert!(!is_variable_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn values_of_other_keys_and_loose_lines_are_hidden() {
        let text = "# note\n[orgs.a]\nurl = \"https://a\ntoken = \"00abc\n00def\n";
        let hidden: Vec<_> = ranges(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(hidden, [" \"00abc\n", "00def\n"]);
    }
}
