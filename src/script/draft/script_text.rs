//! Parts of a script's text.

use std::fmt::Write as _;

use serde_json::Value;

use crate::okta::operations::snake_case;
use crate::script::keywords::KEYWORDS;

/// A text as a literal.
pub(super) fn quoted_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for one in text.chars() {
        match one {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Writing to a String cannot fail.
            one if one.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(one))),
            one => quoted.push(one),
        }
    }
    quoted.push('"');
    quoted
}

/// The key of a map, in quotes where it is no name.
pub(super) fn map_key(key: &str) -> String {
    // Words that the language keeps for its future are names to look at, and none to write.
    let is_plain = rhai::is_valid_identifier(key)
        && rhai::Engine::new_raw().compile_expression(format!("#{{ {key}: 1 }}")).is_ok();
    if is_plain { key.to_owned() } else { quoted_text(key) }
}

/// JSON as a literal; `text_of` says how a text in it is written.
pub(super) fn literal(value: &Value, text_of: &dyn Fn(&str) -> String) -> String {
    match value {
        Value::Null => "()".to_owned(),
        Value::String(text) => text_of(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| literal(item, text_of)).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) if fields.is_empty() => "#{}".to_owned(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| format!("{}: {}", map_key(key), literal(value, text_of)));
            format!("#{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A name that a script can have, of words in any form: `userId`, `User ID`, `2nd`.
pub(super) fn script_name(words: &str) -> String {
    let plain: String = words.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect();
    let snake = snake_case(&plain).to_lowercase();
    let name = snake.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    let begins_well = name.starts_with(|one: char| one.is_ascii_alphabetic());
    match name.as_str() {
        "" => "value".to_owned(),
        name if !begins_well || KEYWORDS.contains(&name) || name == "params" => format!("the_{name}"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let value = json!({"a b": ["x\"y\\", null, 1.5, true], "let": {}, "plain": "z\u{1}\n"});
        let text = literal(&value, &quoted_text);
        let read = rhai::Engine::new().eval_expression::<rhai::Dynamic>(&text).expect("a literal");
        assert_eq!(crate::script::value::to_json(&read).expect("JSON"), value, "{text}");
    }

    #[test]
    fn any_words_make_a_name() {
        for (words, name) in [
            ("userId", "user_id"),
            ("User ID", "user_id"),
            ("2nd", "the_2nd"),
            ("let", "the_let"),
            ("---", "value"),
            ("app-Label", "app_label"),
        ] {
            assert_eq!(script_name(words), name);
            assert!(rhai::is_valid_identifier(&script_name(words)));
        }
    }
}
