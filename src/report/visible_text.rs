//! Texts from elsewhere, such as names in an org, made safe to show: what would command a terminal or mislead a reader is written out.
//!
//! A control character can move the cursor, clear the screen or rename the window. A direction mark shows a name in another order than it
//! has. A character without width makes two different names look the same. U+FFFD stands where a text could not be decoded.

/// The text with every such character as the escape that JSON has for it (`\u001b`), so that the result is still JSON where the text was.
/// Line ends and tabs stay; a line end of Windows becomes one.
pub fn visible_text(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return text.to_owned();
    }
    let mut visible = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => visible.push(c),
            '\r' if rest.peek() == Some(&'\n') => {}
            c if is_misleading(c) => push_escape(c, &mut visible),
            c => visible.push(c),
        }
    }
    visible
}

fn push_escape(c: char, visible: &mut String) {
    use std::fmt::Write as _;
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string does not fail.
        let _ = write!(visible, "\\u{unit:04x}");
    }
}

/// Whether a reader does not see the character, or sees the rest of the line otherwise because of it.
fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Soft hyphen, grapheme joiner, Arabic letter mark, Hangul and Khmer fillers, Mongolian separators.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            // No width, and the marks, embeddings and overrides of direction; separators of lines and paragraphs.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators, isolates.
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            // Annotations, and the stand-in for what could not be decoded.
            | '\u{fff0}'..='\u{ffff}'
            // Invisible marks of music, tags.
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_would_not_see_is_written_out() {
        for (text, shown) in [
            ("a\u{1b}[2Jb\u{7}", "a\\u001b[2Jb\\u0007"),
            ("\u{9b}31m\u{90}x\u{9c}\u{7f}", "\\u009b31m\\u0090x\\u009c\\u007f"),
            ("eu\u{202e}nimda\u{2066}x\u{2069}", "eu\\u202enimda\\u2066x\\u2069"),
            ("ad\u{200b}min\u{200d}\u{feff}", "ad\\u200bmin\\u200d\\ufeff"),
            ("jo\u{fffd}", "jo\\ufffd"),
            ("\u{e0041}", "\\udb40\\udc41"),
            ("a\r\nb\rc\td\n", "a\nb\\u000dc\td\n"),
            ("Žofia Ößler 李 👍🏽", "Žofia Ößler 李 👍🏽"),
        ] {
            assert_eq!(visible_text(text), shown, "{text:?}");
        }
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({ "na\u{9b}me": "a\u{202e}\u{e0041}\"\\\u{1b}" });
        let shown = visible_text(&value.to_string());
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).ok(), Some(value));
    }
}
