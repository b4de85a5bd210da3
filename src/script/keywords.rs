//! Words of the language: what begins something, what it brings along, and what rhai keeps for its future though Okta's JSON uses it.

use rhai::{Engine, Token};

/// Words of the language that begin something.
pub const KEYWORDS: &[&str] = &[
    "let", "const", "fn", "if", "else", "for", "in", "while", "loop", "switch", "try", "catch",
    "throw", "return", "import", "true", "false",
];

/// Methods of lists, maps and strings that rhai brings along.
pub const METHODS: &[&str] = &[
    "push",
    "pop",
    "contains",
    "index_of",
    "sort",
    "reverse",
    "dedup",
    "reduce",
    "all",
    "zip",
    "extract",
    "keys",
    "values",
    "get",
    "remove",
    "to_upper",
    "to_lower",
    "trim",
    "split",
    "replace",
    "starts_with",
    "ends_with",
    "sub_string",
    "to_string",
    "to_json",
    "type_of",
];
/// None of them begins a statement in a language an author may come from, so that freeing them hides no mistake.
const FREED: [&str; 7] = [
    "default",
    "module",
    "package",
    "protected",
    "public",
    "shared",
    "static",
];

/// Lets scripts of `engine` write `m.default` and `#{ default: 1 }`. Every engine that compiles runbooks needs this.
#[expect(
    deprecated,
    reason = "rhai marks hooks into its parser so because they may change between versions"
)]
pub fn free_keywords(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| freed(token));
}

/// What a token is when its word is freed.
pub(super) fn freed(token: Token) -> Token {
    match token {
        Token::Reserved(word) if FREED.contains(&word.as_str()) => Token::Identifier(word),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_words_are_names_like_any_other() {
        let mut engine = Engine::new();
        free_keywords(&mut engine);
        for word in FREED {
            let script =
                format!("let m = #{{ {word}: 1 }}; m.{word} += 1; let {word} = m?.{word}; {word}");
            assert_eq!(engine.eval::<i64>(&script).expect("it runs"), 2, "{word}");
        }
    }
}
