//! Texts that look alike, though they are not the same characters.

use rhai::Engine;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("composed", |text: &str| text.nfc().collect::<String>())
        .register_fn("decomposed", |text: &str| text.nfd().collect::<String>())
        .register_fn("folded", fold_name);
}

/// Active Directory compares names without regard to case and accents, and takes a ligature for its letters.
fn fold_name(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
        match letter {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            letter => plain.push(letter),
        }
    }
    // The lower case of a letter may have a mark that the letter had not, as that of the Turkish capital I.
    plain.nfd().filter(|letter| !is_combining_mark(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_directory_takes_for_the_same_are_folded_to_one() {
        for (left, right) in [
            ("José García", "JOSE GARCIA"),
            ("Strauß", "Strauss"),
            ("STRAUẞ", "strauss"),
            ("Zoe\u{308}", "Zoë"),
            ("İnci", "inci"),
            ("Æsa", "aesa"),
        ] {
            assert_eq!(fold_name(left), fold_name(right), "{left} {right}");
        }
        assert_ne!(fold_name("Jo Doe"), fold_name("Joe Doe"));
    }
}
