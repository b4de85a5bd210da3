//! Words of the language: what begins something, what it brings along, and what rhai keeps for its future though Okta's JSON uses it.

use rhai::{Engine, Token};

/// Words of the language that begin something.
pub const KEYWORDS: &[&str] = &[
    "let", "const", "fn", "if", "else", "for", "in", "while", "loop", "switch", "try", "catch", "throw", "return",
    "import", "true", "false",
];

/// Methods of lists that rhai brings along.
pub const LIST_METHODS: &[&str] = &[
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
    "remove",
    "to_string",
    "type_of",
];

/// Methods of maps that rhai brings along.
pub const MAP_METHODS: &[&str] =
    &["keys", "values", "contains", "get", "remove", "len", "is_empty", "to_json", "to_string", "type_of"];

/// Methods of strings that rhai brings along.
pub const TEXT_METHODS: &[&str] = &[
    "contains",
    "index_of",
    "to_upper",
    "to_lower",
    "trim",
    "split",
    "replace",
    "starts_with",
    "ends_with",
    "sub_string",
    "len",
    "is_empty",
    "to_string",
    "type_of",
];

/// None of them begins a statement in a language an author may come from, so that freeing them hides no mistake.
const FREED: [&str; 7] = ["default", "module", "package", "protected", "public", "shared", "static"];

/// Lets scripts of `engine` write `m.default` and `#{ default: 1 }`. Every engine that compiles runbooks needs this.
#[expect(deprecated, reason = "rhai marks hooks into its parser so because they may change between versions")]
pub fn free_keywords(engine: &mut Engine) {
    engine.on_parse_token(|token, _, _| free_token(token));
}

/// What a token is when its word is freed.
pub(super) fn free_token(token: Token) -> Token {
    match token {
        Token::Reserved(word) if FREED.contains(&word.as_str()) => Token::Identifier(word),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::any::TypeId;
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_method_is_one_of_its_type() {
        let engine = crate::script::engine::engine();
        let rows = engine.collect_fn_metadata(
            None,
            |function| {
                let receiver = function.metadata.param_types.first().copied();
                receiver.map(|receiver| (function.metadata.name.to_string(), receiver))
            },
            true,
        );
        let known: BTreeSet<(String, TypeId)> = rows.into_iter().collect();
        let anything = TypeId::of::<rhai::Dynamic>();
        for (methods, kind) in [
            (LIST_METHODS, TypeId::of::<rhai::Array>()),
            (MAP_METHODS, TypeId::of::<rhai::Map>()),
            (TEXT_METHODS, TypeId::of::<rhai::ImmutableString>()),
        ] {
            for method in methods.iter().filter(|method| **method != "type_of") {
                let has = |kind| known.contains(&((*method).to_owned(), kind));
                assert!(has(kind) || has(anything), "{method}");
            }
        }
    }

    #[test]
    fn freed_words_are_names_like_any_other() {
        let mut engine = Engine::new();
        free_keywords(&mut engine);
        for word in FREED {
            let script = format!("let m = #{{ {word}: 1 }}; m.{word} += 1; let {word} = m?.{word}; {word}");
            assert_eq!(engine.eval::<i64>(&script).expect("it runs"), 2, "{word}");
        }
    }
}
