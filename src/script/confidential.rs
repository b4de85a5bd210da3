//! Literals of a text that may be secrets: by their shape, or by the name beside which they stand.

use std::ops::Range;

use crate::script::outline::{OutlineToken, TokenKind, tokens};

/// A string of a text that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretLiteral {
    /// Bytes, quotes included.
    pub at: Range<usize>,
    /// The name beside which it stands, else what it looks like.
    pub name: String,
}

/// Parts of names whose values are secrets, in lower case and without `_`.
const SECRET_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passcode",
    "passphrase",
    "secret",
    "token",
    "answer",
    "privatekey",
    "apikey",
    "authorization",
    "ssws",
    "bearer",
];
/// Whole words of names that are too short to be looked for within others.
const SECRET_WORDS: &[&str] = &["pw", "pwd", "pass"];

/// Okta's API tokens: `00` and forty characters.
const TOKEN_LENGTH: usize = 42;

/// The strings in `text` that may be secrets, in its order.
pub fn literals(text: &str) -> Vec<SecretLiteral> {
    let tokens = tokens(text);
    let mut reading = LiteralReading { text, around: Vec::new(), named: None, found: Vec::new() };
    for index in 0..tokens.len() {
        reading.read(&tokens[index..]);
    }
    reading.found
}

struct LiteralReading<'a> {
    text: &'a str,
    /// Of each open bracket: the secret's name that it stands beside.
    around: Vec<Option<String>>,
    /// The secret's name that the next value stands beside.
    named: Option<String>,
    found: Vec<SecretLiteral>,
}

impl LiteralReading<'_> {
    fn read(&mut self, tokens: &[OutlineToken]) {
        let Some(token) = tokens.first() else {
            return;
        };
        let word = token.text(self.text);
        match (token.kind, word) {
            (TokenKind::Text, _) => self.string(tokens, word),
            (TokenKind::Name, _) if begins_value(self.text, tokens) => self.named = secret_name(word),
            (_, "{" | "[" | "(") => {
                let beside = self.beside();
                self.around.push(beside);
                self.named = None;
            }
            (_, "}" | "]" | ")") => {
                self.around.pop();
                self.named = None;
            }
            (_, "," | ";") => self.named = None,
            _ => {}
        }
    }

    /// A key of a map, or a value.
    fn string(&mut self, tokens: &[OutlineToken], word: &str) {
        if is_word(self.text, tokens, 1, ":") {
            self.named = secret_name(word.trim_matches('"'));
            return;
        }
        let name = secret_shape(word).map(str::to_owned).or_else(|| self.beside());
        if let Some(name) = name.filter(|_| word.len() > 2) {
            let at = tokens[0].at.clone();
            self.found.push(SecretLiteral { at, name });
        }
    }

    fn beside(&self) -> Option<String> {
        let around = || self.around.last().cloned().flatten();
        self.named.clone().or_else(around)
    }
}

/// Whether anything in `text` looks like a secret, or stands beside a name of one.
pub fn is_in(text: &str) -> bool {
    !literals(text).is_empty() || secret_shape(text).is_some()
}

/// `name:`, `name =` or `name(`.
fn begins_value(text: &str, tokens: &[OutlineToken]) -> bool {
    let is = |index, word| is_word(text, tokens, index, word);
    is(1, ":") && !is(2, ":") || is(1, "(") || is(1, "=") && !is(2, "=") && !is(2, ">")
}

fn is_word(text: &str, tokens: &[OutlineToken], index: usize, word: &str) -> bool {
    tokens.get(index).is_some_and(|token| token.is(text, word))
}

/// The name as a variable would be called, when its value is a secret.
fn secret_name(name: &str) -> Option<String> {
    let words = snake(name);
    (is_secret_name(name) && rhai::is_valid_identifier(&words)).then_some(words)
}

/// Whether what is called so is a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect();
    SECRET_PARTS.iter().any(|part| plain.contains(part))
        || snake(name).split(['_', '-']).any(|word| SECRET_WORDS.contains(&word))
}

fn snake(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() && !words.ends_with('_') {
            words.push('_');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// What a text is or holds that has the shape of a secret: an API token, a JSON web token, a key.
pub(super) fn secret_shape(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN") && text.contains("KEY") {
        return Some("private_key");
    }
    let mut words = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .filter(|word| !word.is_empty());
    words.find_map(|word| {
        let is_token = word.len() == TOKEN_LENGTH && word.starts_with("00") && !word.contains('.');
        let is_jwt = word.starts_with("eyJ") && word.matches('.').count() >= 2;
        (is_token || is_jwt).then_some("token")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_literals(text: &str) -> Vec<(&str, String)> {
        literals(text).into_iter().map(|it| (&text[it.at], it.name)).collect()
    }

    #[test]
    fn secrets_are_seen_by_their_names_and_by_their_shape() {
        let token = format!("00{}", "aB3-_".repeat(8));
        for (text, literal, name) in [
            ("#{ credentials: #{ password: #{ value: \"x1\" } } }", "\"x1\"", "password"),
            ("let pw = \"x1\";", "\"x1\"", "pw"),
            ("m.clientSecret = \"x1\"", "\"x1\"", "client_secret"),
            ("#{ \"api_key\": \"x1\", url: \"u\" }", "\"x1\"", "api_key"),
            ("verify(token: 1, passcode(\"x1\"))", "\"x1\"", "passcode"),
            (&format!("f(\"{token}\")"), &format!("\"{token}\""), "token"),
            (&format!("\"SSWS {token}\""), &format!("\"SSWS {token}\""), "token"),
            ("let k = \"eyJhbGciOi.eyJzdWIi.c2ln\"", "\"eyJhbGciOi.eyJzdWIi.c2ln\"", "token"),
            ("let k = `-----BEGIN PRIVATE KEY-----\nMIIE`", "`-----BEGIN PRIVATE KEY-----\nMIIE`", "private_key"),
        ] {
            assert_eq!(find_literals(text), [(literal, name.to_owned())], "{text}");
        }
    }

    #[test]
    fn other_strings_are_none() {
        for text in [
            "okta.list_users(#{ search: \"profile.login eq \\\"a\\\"\" })",
            "okta.get_user(\"00u1abcd\")",
            "if token == \"x\" { note(\"y\") }",
            "each(keys, #{ key: \"login\" }, upward); upward(\"x\")",
            "#{ password: #{} , name: \"x\" }",
        ] {
            assert_eq!(find_literals(text), [], "{text}");
        }
    }
}
