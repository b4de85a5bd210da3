//! Characters that nobody sees: they come along when a value is pasted from a mail, a chat or a spreadsheet, and make it another value.

use super::problem::ParameterProblem;

/// A text without blanks and invisible characters around it.
pub(super) fn trim_hidden(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// A text without invisible characters around it. Blanks stay: in a text they may be meant.
pub(super) fn without_marks(text: &str) -> &str {
    text.trim_matches(|c: char| is_invisible(c) && !c.is_control())
}

/// Refuses a name in which an invisible character, or a blank that is no space, stands. `place` is where it is from.
pub(super) fn refuse_in_name(place: &str, name: &str) -> Option<ParameterProblem> {
    let hides = |c: char| is_invisible(c) || (c.is_whitespace() && c != ' ');
    refuse(place, name, hides)
}

/// Refuses a text in which an invisible character stands; lines and tabs may be meant.
pub(super) fn refuse_in_text(place: &str, text: &str) -> Option<ParameterProblem> {
    refuse(place, text, |c| is_invisible(c) && !c.is_control())
}

fn refuse(place: &str, text: &str, hides: impl Fn(char) -> bool) -> Option<ParameterProblem> {
    let letters: Vec<char> = text.chars().collect();
    let is_plain = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_none_or(char::is_ascii);
    // Scripts that need joiners and marks of direction have them between letters of their own.
    let stands_wrong = |at: usize| is_plain(at.checked_sub(1)) || is_plain(at.checked_add(1));
    let (_, found) =
        letters.iter().enumerate().find(|(at, c)| hides(**c) && (!is_invisible(**c) || stands_wrong(*at)))?;
    let code = format!("U+{:04X}", u32::from(*found));
    let shown = text.replace(*found, &format!("<{code}>"));
    let problem = format!("{place}: \"{shown}\" has a hidden character, {code}{}", name_character(*found));
    Some(ParameterProblem::new(problem).help("delete the character, or type the value instead of pasting it"))
}

/// Controls, what Unicode calls format characters as far as they are without a shape, and what looks like nothing or like a blank: fillers,
/// joiners, the empty Braille cell.
fn is_invisible(c: char) -> bool {
    let is_format = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    let is_empty = matches!(
        c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
    );
    is_format || is_empty || c.is_control()
}

fn name_character(c: char) -> &'static str {
    match c {
        '\t' => " (tab)",
        '\u{a0}' | '\u{202f}' => " (no-break space)",
        '\u{ad}' => " (soft hyphen)",
        '\u{200b}' => " (zero width space)",
        '\u{200c}' | '\u{200d}' => " (zero width joiner)",
        '\u{200e}' => " (left-to-right mark)",
        '\u{200f}' => " (right-to-left mark)",
        '\u{feff}' => " (byte-order mark)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_value_is_taken_off() {
        for given in ["\u{a0}jo@x\u{a0}", "\u{200b}jo@x", "jo@x\u{200e}", "\u{feff} jo@x \u{2069}", "jo@x\u{ad}"] {
            assert_eq!(trim_hidden(given), "jo@x", "{given:?}");
        }
        assert_eq!(without_marks("\u{200b} a \u{200b}"), " a ");
    }

    #[test]
    fn what_stands_in_a_name_is_named() {
        for (given, words) in [
            ("jo\u{200b}@x", "users.csv:2: \"jo<U+200B>@x\" has a hidden character, U+200B (zero width space)"),
            ("AD\u{a0}Users", "users.csv:2: \"AD<U+00A0>Users\" has a hidden character, U+00A0 (no-break space)"),
            ("jo\tdoe", "users.csv:2: \"jo<U+0009>doe\" has a hidden character, U+0009 (tab)"),
            ("jo\u{202e}", "users.csv:2: \"jo<U+202E>\" has a hidden character, U+202E"),
        ] {
            let told = refuse_in_name("users.csv:2", given).expect(words);
            assert_eq!(told.message, words);
        }
    }

    #[test]
    fn what_a_script_needs_may_stand_in_it() {
        for name in [
            "jo doe",
            "\u{646}\u{645}\u{6cc}\u{200c}\u{62f}\u{627}\u{646}\u{645}",
            "\u{1f469}\u{200d}\u{1f4bb} Devs",
            "Zoe\u{308}",
        ] {
            assert_eq!(refuse_in_name("x", name), None, "{name}");
        }
        assert_eq!(refuse_in_text("x", "two\nlines\tand a tab"), None);
        assert!(refuse_in_text("x", "AD\u{200b}Users").is_some());
        assert!(refuse_in_name("x", "jo\u{3164}doe").is_some());
        assert_eq!(refuse_in_name("x", "\u{2764}\u{fe0f} Devs"), None);
    }
}
