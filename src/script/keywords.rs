//! Words that rhai keeps for its future and that Okta's JSON uses as names.

use rhai::{Engine, Token};

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
